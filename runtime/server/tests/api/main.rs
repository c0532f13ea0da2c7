//! The API over real HTTP: one file for each group of routes.

mod support;

mod access;
mod admin;
mod approvals;
mod attacks;
mod audit;
mod batch_retention;
mod batches;
mod books;
mod boundaries;
mod campaigns;
mod clock;
mod codes;
mod description;
mod errors;
mod health;
mod idempotency;
mod limits;
mod lists;
mod numbers;
mod orders;
mod persons;
mod policy;
mod privacy;
mod providers;
mod quotes;
mod slow;
mod subscribers;
mod table;
mod tills;
mod tls;

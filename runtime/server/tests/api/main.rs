//! The API over real HTTP: one file for each group of routes.

mod support;

mod access;
mod admin;
mod alarms;
mod approvals;
mod attacks;
mod audit;
mod batches;
mod books;
mod campaigns;
mod clock;
mod codes;
mod description;
mod errors;
mod health;
mod idempotency;
mod injections;
mod limits;
mod lists;
mod numbers;
mod orders;
mod others;
mod persons;
mod policy;
mod privacy;
mod providers;
mod quotes;
mod slow;
mod smuggling;
mod subscribers;
mod table;
mod tills;
mod uploads;
mod usage;
mod web;

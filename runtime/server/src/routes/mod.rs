//! The routes, one file for each group.

pub mod approvals;
pub mod batches;
pub mod calendar;
pub mod callbacks;
pub mod campaigns;
pub mod cancel;
pub mod clients;
pub mod clock;
pub mod declined;
pub mod health;
pub mod holdings;
pub mod ledger;
pub mod limits;
pub mod metrics;
pub mod numbers;
pub mod order_list;
pub mod orders;
pub mod partners;
pub mod policies;
pub mod prices;
pub mod quotes;
pub mod recharges;
pub mod sessions;
pub mod staff;
pub mod subscribers;
pub mod timeline;
mod timeline_words;

//! What a partner's contract declares, asked of every partner profile through the sandbox's real servers.

mod callbacks;
mod messages;
mod payments;
mod points;
mod portability;
mod promises;
mod secrets;
mod stage;
mod statement;
mod telco;
mod texting;
mod vouchers;

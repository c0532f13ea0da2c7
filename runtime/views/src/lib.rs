//! SQL read models: floor 5. Derived from the journal alone; deleted and rebuilt at will.
//!
//! One row an order with the sequences of its records, one an act of a member of staff, one a movement of a
//! subscriber's value, totals per account and day, and the position up to which records were applied. Steps, postings and timelines are decoded from the journal when asked for.
//! Beside them is the file of what subscribers are still to be told, which is not rebuilt.

mod acts;
mod connection;
mod decode;
mod error;
mod fold;
mod movement;
mod notices;
mod reader;
mod row;
mod sql;
mod views;

pub use acts::{ActFilter, ActRow, act_of};
pub use error::ViewError;
pub use fold::Folded;
pub use movement::{MovementKind, MovementRow, Movements};
pub use notices::{
    About, Event, NOTICES, Notice, NoticeCounts, NoticeFile, NoticeKind, Occasion, Outcome, Stand, Then, Waiting,
    notices_of,
};
pub use reader::ViewReader;
pub use row::{OrderFilter, OrderRow, StateCount, Total};
pub use views::{Indexes, Projected, Views};

//! Order files: rows made into the commands that any order is, and their answers.
//!
//! [`Rows`], [`Register`] and [`Tally`] are for whoever answers an order file: `tongbao batch run` in a world of its
//! own, and this node for a file that was sent to it. What follows is for the latter: the file is taken in whole
//! ([`spool`]), kept sealed in the node's directory ([`shelf`]), and answered row by row ([`runner`]). The journal
//! is the truth about every row; what lies in the directory is the input and what was said about it.

mod answer;
pub(crate) mod course;
pub(crate) mod form;
pub(crate) mod live;
mod rows;
pub(crate) mod runner;
pub(crate) mod shelf;
pub(crate) mod sniff;
pub(crate) mod spool;
pub(crate) mod spreadsheet;
mod tally;

pub use answer::{Decided, Entered, answer_shown};
pub use rows::{Account, Register, Rows, row_of};
pub use tally::Tally;

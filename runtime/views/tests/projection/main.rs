//! The views are a fold of the records, however they arrive.

mod acts;
mod fences;
mod folds;
mod history;
mod movements;
mod paging;

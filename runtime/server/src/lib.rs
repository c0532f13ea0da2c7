//! (crate head)

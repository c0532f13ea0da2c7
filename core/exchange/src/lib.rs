//! What the exchange decides: floor 3.

pub mod rules;

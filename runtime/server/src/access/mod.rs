//! Who calls, and what they may do: proved before a handler is reached, and asked of the policies of `access/`.

mod enter;
mod may;
mod permit;
mod whence;

pub use enter::{Actions, denied, enter, wall_now};
pub use may::{AccessRulesError, May};
pub use permit::{Owner, Permit};
pub use whence::Whence;

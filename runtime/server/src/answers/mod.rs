//! The shapes of answers. Amounts are whole fen; moments are RFC 3339 in China's zone.

mod approval;
mod batch;
mod complaint;
mod kept;
mod masked;
mod order;
mod person;
mod reward;
mod subscriber;

pub use approval::ApprovalAnswer;
pub use batch::{BatchAnswer, ReceivedAnswer};
pub use complaint::ComplaintAnswer;
pub use kept::{Kept, POSITION};
pub use masked::Masked;
pub use order::{FeeLineAnswer, LearnedPriceAnswer, OrderAnswer, PlacedAnswer};
pub use person::PersonAnswer;
pub use reward::{QuotedRewardAnswer, WordsAnswer};
pub use subscriber::{SubscriberAnswer, reveal};

//! The shapes of answers. Amounts are whole fen; moments are RFC 3339 in China's zone.

mod approval;
mod batch;
mod kept;
mod order;
mod reward;
mod subscriber;

pub use approval::ApprovalAnswer;
pub use batch::{BatchAnswer, ReceivedAnswer};
pub use kept::{Kept, POSITION};
pub use order::{FeeLineAnswer, LearnedPriceAnswer, OrderAnswer, PlacedAnswer};
pub use reward::{QuotedRewardAnswer, WordsAnswer};
pub use subscriber::{SubscriberAnswer, reveal};

//! The node: floor 6. The runtime around the pure core, without HTTP, so that a simulator can run it.
//!
//! [`Core`] decides, applies and seals. [`Desk`] is the sequencer without threads: lanes in, records and
//! effects out; effects leave only when their record is durable. [`Node`] puts threads around the desk:
//! a sequencer, a journal writer, a projector, and tasks that talk to partners. Everything can be killed at
//! any moment and goes on from the journal.

mod breaker;
#[cfg(feature = "bugs")]
pub mod bugs;
mod clock;
mod core;
pub mod custody;
mod desk;
mod directory;
mod outbox;
pub mod policies;
mod projector;
mod recovery;
mod runtime;
mod sealer;
mod snapshot;
mod sweep;

pub use breaker::{Breaker, BreakerMove};
pub use clock::{Clock, NodeClock};
pub use core::{Ask, AskKind, Core, Handled, Stopped, Written, posted};
pub use desk::{Answerer, Desk, Idle, Job, Lane, Timers, Told, Turn, heard};
pub use directory::{Directory, NotKnown};
pub use outbox::{Effect, Outbox};
pub use projector::Pace;
pub use recovery::{Recovered, RecoveryError, recover};
pub use runtime::{Gateways, Node, NodeConfig, NodeError, Pending, StartError, VIEWS};
pub use sealer::Sealer;
pub use snapshot::{SnapshotError, read_latest, write_snapshot};
pub use sweep::news;

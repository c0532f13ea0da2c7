//! An order file that was sent, and what became of it: the note that stays when its rows are gone. It names nobody.

use super::form::Form;
use super::tally::Tally;
use facts::{BatchId, Key16, Millis};
use serde::{Deserialize, Serialize};

/// A file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// How it is written.
    pub form: Form,
    /// Digest of client, form and content: whose keys' scope it is.
    pub file: [u8; 16],
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How long it is.
    pub bytes: u64,
    /// When it was here, whole.
    pub received_at: u64,
    /// Digests of the keys it was sent with.
    pub keys: Vec<[u8; 16]>,
}

/// What became of a file so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// When its first row was looked at.
    pub started_at: Option<u64>,
    /// When its last row was answered.
    pub ended_at: Option<u64>,
    /// The policy in force when it began.
    pub policy: String,
    /// Rows read.
    pub read: u64,
    /// What they came to.
    pub tally: Tally,
    /// When its rows and their results were removed, because their term had run out.
    #[serde(default)]
    pub removed_at: Option<u64>,
    /// The node could not go on with it, and tries again when it is started.
    #[serde(skip)]
    pub stopped: bool,
}

/// A file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its identity.
    pub id: BatchId,
    /// As it was sent.
    pub sent: Sent,
    /// What became of it.
    pub course: Course,
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Its turn has not come.
    Received,
    /// Its rows are being answered.
    Running,
    /// Every row has its answer.
    Done,
    /// The node could not go on with it; it does when it is started again.
    Stopped,
}

impl BatchState {
    /// Every state.
    pub const ALL: [BatchState; 4] = [BatchState::Received, BatchState::Running, BatchState::Done, BatchState::Stopped];

    /// The public word.
    pub const fn code(self) -> &'static str {
        match self {
            BatchState::Received => "received",
            BatchState::Running => "running",
            BatchState::Done => "done",
            BatchState::Stopped => "stopped",
        }
    }
}

impl Batch {
    /// Where it stands.
    pub const fn state(&self) -> BatchState {
        match (self.course.started_at, self.course.ended_at) {
            (_, Some(_)) => BatchState::Done,
            // Without its rows there is nothing to go on with.
            _ if self.course.stopped || self.course.removed_at.is_some() => BatchState::Stopped,
            (Some(_), None) => BatchState::Running,
            (None, None) => BatchState::Received,
        }
    }

    /// When its term began: it runs from the last answer, of a file that halted from when it was received. None while
    /// rows are to be answered.
    const fn ended(&self) -> Option<Millis> {
        match self.state() {
            BatchState::Received | BatchState::Running => None,
            BatchState::Done | BatchState::Stopped => Some(Millis(match self.course.ended_at {
                Some(at) => at,
                None => self.sent.received_at,
            })),
        }
    }

    /// Until when its rows and results are kept; none while rows are to be answered.
    pub fn kept_until(&self, kept_ms: u64) -> Option<Millis> {
        self.ended().map(|ended| ended.plus(kept_ms))
    }

    /// Digest of client, form and content.
    pub const fn file(&self) -> Key16 {
        Key16(self.sent.file)
    }
}

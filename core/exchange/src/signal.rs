//! What partners say, through whichever door: a reply, an inquiry, a callback or a statement.

use facts::{CallRef, Cause};

/// A partner's word about one request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done {
        /// Minor units truly done.
        amount: u64,
        /// The partner's own name of it.
        external: String,
    },
    /// It was not done and will not be.
    Refused {
        /// The partner's code.
        code: String,
    },
    /// It was accepted; the result follows.
    Pending,
    /// Nothing was said, or nothing that means anything.
    Silence,
    /// The partner knows nothing of it.
    NotFound,
    /// The opposite was done: taken, where it was to be given back.
    Opposite {
        /// Minor units taken.
        amount: u64,
        /// The partner's own name of it.
        external: String,
    },
}

/// The door through which a word came. A refusal in a reply may be contradicted by the partner's own
/// record; what a record says counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The answer to the request itself.
    Reply,
    /// The answer to our inquiry by our reference.
    Inquiry,
    /// A callback.
    Callback,
    /// The partner's statement.
    Statement,
    /// The node's own: the request was under way when the node stopped.
    Recovery,
}

impl Via {
    /// Whether the word comes out of the partner's record.
    pub const fn is_record(self) -> bool {
        matches!(self, Via::Inquiry | Via::Callback | Via::Statement)
    }

    pub(crate) const fn silence(self) -> Cause {
        match self {
            Via::Recovery => Cause::Restart,
            Via::Reply | Via::Inquiry | Via::Callback | Via::Statement => Cause::Silence,
        }
    }
}

/// A word about one of our requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which request.
    pub call: CallRef,
    /// What was said.
    pub answer: Answer,
    /// How it came.
    pub via: Via,
}

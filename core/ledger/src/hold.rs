//! Holds: value set aside, with exactly one end.

use crate::transfer::{Entry, TransferId};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};

/// How many ended holds are remembered, so that a late repeat is told how the hold ended.
/// An older one is answered `hold_not_open`. The bound keeps memory from growing with history.
const ENDED_REMEMBERED: usize = 4_096;

/// The life of a hold: pending, then one of three ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HoldState {
    /// The value is set aside.
    #[n(0)]
    Pending,
    /// This much was moved and the rest given back.
    #[n(1)]
    Posted(#[n(0)] u64),
    /// All of it was given back on request.
    #[n(2)]
    Voided,
    /// All of it was given back because time was over.
    #[n(3)]
    Expired,
}

/// A hold and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hold {
    /// What was set aside.
    #[n(0)]
    pub entry: Entry,
    /// Milliseconds since 1970 from which it may expire; 0 is never.
    #[n(1)]
    pub expires_at: u64,
    /// Where it stands.
    #[n(2)]
    pub state: HoldState,
}

/// All open holds and the last few ended ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Holds {
    #[n(0)]
    known: BTreeMap<TransferId, Hold>,
    #[n(1)]
    ended: VecDeque<TransferId>,
}

impl Holds {
    pub(crate) fn get(&self, id: TransferId) -> Option<&Hold> {
        self.known.get(&id)
    }

    pub(crate) fn put(&mut self, id: TransferId, hold: Hold) {
        self.known.insert(id, hold);
        if hold.state == HoldState::Pending {
            return;
        }
        self.ended.push_back(id);
        if self.ended.len() > ENDED_REMEMBERED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

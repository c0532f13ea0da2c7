//! What waits for its record to be durable. Nothing leaves before it is.

use crate::core::Ask;
use exchange::Signal;
use facts::{OpenRecord, PersonId};
use ledger::Entry as Posting;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that leaves the node.
pub enum Effect {
    /// An answer to whoever asked. Dropped unanswered when the node stops: the outcome is then unknown.
    Answer(Box<dyn FnOnce() + Send>),
    /// A request to a partner.
    Ask(Box<Ask>),
    /// A partner's word about an order that is not in memory: it may have left.
    Late(Box<Signal>),
    /// A person whom the vault is to erase.
    Erase(PersonId),
    /// A record for the views.
    Project(Arc<OpenRecord>, Vec<Posting>),
}

/// Effects in the order of their records.
#[derive(Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    effects: VecDeque<(u64, Effect)>,
    durable: u64,
    closed: bool,
}

impl Outbox {
    /// An outbox of a journal that is durable up to `sequence`.
    pub fn new(sequence: u64) -> Outbox {
        Outbox { waiting: Mutex::new(Waiting { durable: sequence, ..Waiting::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes effects that leave once `sequence` is durable; hands back those that may leave now.
    #[must_use]
    pub fn put(&self, effects: impl IntoIterator<Item = (u64, Effect)>) -> Vec<Effect> {
        let mut waiting = self.lock();
        if !waiting.closed {
            waiting.effects.extend(effects);
        }
        waiting.take_durable()
    }

    /// Notes that `sequence` is durable and hands back what may leave.
    #[must_use]
    pub fn release(&self, sequence: u64) -> Vec<Effect> {
        let mut waiting = self.lock();
        waiting.durable = waiting.durable.max(sequence);
        waiting.take_durable()
    }

    /// Drops everything that waits, and whatever comes: nobody is told anything any more.
    pub fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.effects.clear();
    }

    /// The last durable sequence.
    pub fn durable(&self) -> u64 {
        self.lock().durable
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().effects.is_empty()
    }
}

impl Waiting {
    fn take_durable(&mut self) -> Vec<Effect> {
        let due = self.effects.partition_point(|(sequence, _)| *sequence <= self.durable);
        self.effects.drain(..due).map(|(_, effect)| effect).collect()
    }
}

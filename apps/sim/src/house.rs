//! The node under test, without threads: the desk and the outbox it has in production, and the disk beside it.

use crate::disk::SimDisk;
use exchange::{Command, Envelope, Rules};
use facts::{Meta, Millis, Partner, SaltKey};
use journal::{Engine, Entry, Seal};
use node::bugs::Bug;
use node::{Core, Desk, Effect, Job, Lane, Outbox, Sealer, Timers, recover};
use std::sync::Arc;

/// What a node is started with, every time.
pub(crate) struct Setup {
    pub(crate) rules: Arc<Rules>,
    pub(crate) salts: SaltKey,
    pub(crate) funding: u64,
    /// How long ended orders stay in memory; none for ever.
    pub(crate) ended_stay_ms: Option<u64>,
    pub(crate) bug: Option<Bug>,
}

/// A node that runs. When it dies, it is dropped with all that was not durable.
pub(crate) struct House {
    pub(crate) desk: Desk,
    sealer: Sealer,
    outbox: Outbox,
    filling: Vec<Entry>,
    committing: Vec<Entry>,
    hasty: bool,
}

impl House {
    /// Recovers from the disk and begins.
    ///
    /// Errors: the journal does not read back, in words.
    pub(crate) fn start(setup: &Setup, disk: &mut SimDisk) -> Result<House, String> {
        let recovered = recover(None, disk, &setup.salts, |_, _| {}).map_err(|error| error.to_string())?;
        let last = recovered.state.sequence();
        let sealer = Sealer::new(recovered.last_hash, setup.salts.clone());
        let core = Core::new(recovered.state, Arc::clone(&setup.rules), recovered.epoch + 1);
        let mut desk = Desk::new(core);
        if let Some(bug) = setup.bug {
            desk.core_mut().plant(bug);
        }
        let mut house = House {
            desk,
            sealer,
            outbox: Outbox::new(last),
            filling: Vec::new(),
            committing: Vec::new(),
            hasty: setup.bug == Some(Bug::AcknowledgeBeforeSync),
        };
        house.tell(Command::OpenBooks { funding: setup.funding });
        for partner in Partner::ALL {
            house.tell(Command::GrantCredits { partner, window: setup.rules.contracts.of(partner).window });
        }
        if let Some(stay_ms) = setup.ended_stay_ms {
            house.tell(Command::LetEndedLeave { stay_ms });
        }
        Ok(house)
    }

    /// Gives the node a command of its own.
    pub(crate) fn tell(&mut self, command: Command) {
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        self.desk.push(Lane::Operators, Job { envelope: Some(Envelope { meta, key: None, command }), answer: None });
    }

    /// Lets the sequencer do a turn; its records wait for the disk.
    ///
    /// Errors: the writer stopped, in words.
    pub(crate) fn turn(&mut self, now: Millis, timers: Timers) -> Result<Waiting, String> {
        let turn = self.desk.turn(now, timers).map_err(|stopped| stopped.to_string())?;
        let entries = turn.records.into_iter().map(|record| self.sealer.seal(record)).collect();
        Ok(Waiting { entries, effects: turn.effects })
    }

    /// Submits what a turn brought; gives what may leave at once.
    pub(crate) fn submit(&mut self, waiting: Waiting) -> Vec<Effect> {
        self.filling.extend(waiting.entries);
        if !self.hasty {
            return self.outbox.put(waiting.effects);
        }
        // The planted bug: answers do not wait for the disk.
        let is_answer = |(_, effect): &(u64, Effect)| matches!(effect, Effect::Answer(_));
        let (hasty, patient): (Vec<_>, Vec<_>) = waiting.effects.into_iter().partition(is_answer);
        let mut leaving: Vec<Effect> = hasty.into_iter().map(|(_, effect)| effect).collect();
        leaving.extend(self.outbox.put(patient));
        leaving
    }

    /// Begins to commit the group that filled meanwhile; false when one is under way or there is none.
    pub(crate) fn begin_commit(&mut self) -> bool {
        if !self.committing.is_empty() || self.filling.is_empty() {
            return false;
        }
        self.committing = std::mem::take(&mut self.filling);
        true
    }

    /// The group under way.
    pub(crate) fn under_way(&self) -> Option<&[Entry]> {
        (!self.committing.is_empty()).then_some(self.committing.as_slice())
    }

    /// The disk answers: the group is durable.
    ///
    /// Errors: it is not, and the node must stop.
    pub(crate) fn commit(&mut self, disk: &mut SimDisk) -> Result<u64, String> {
        let group = std::mem::take(&mut self.committing);
        disk.append(&group).map_err(|error| error.to_string())?;
        Ok(group.last().map_or(0, |entry| entry.sequence))
    }

    /// What may leave now that `sequence` is durable.
    pub(crate) fn release(&self, sequence: u64) -> Vec<Effect> {
        self.outbox.release(sequence)
    }

    /// Whether nothing waits for the disk.
    pub(crate) fn is_flushed(&self) -> bool {
        self.filling.is_empty() && self.committing.is_empty() && self.outbox.is_empty()
    }
}

/// What a turn brought, not submitted yet.
pub(crate) struct Waiting {
    entries: Vec<Entry>,
    effects: Vec<(u64, Effect)>,
}

impl Waiting {
    /// Whether it brought no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

//! The life cycle of a step: one match over its state, which attempt a word is about, and the word.
//!
//! This is the only place that says what a partner's word means. A snapshot test prints every cell.

use facts::{Cause, SignalKind, StepState};

/// Which attempt a word is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The last one made.
    Current,
    /// One before it, which had been taken for finally failed.
    Older,
}

/// A partner's word, reduced to what the life cycle distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Done, for the amount asked.
    Done,
    /// Done, for another amount.
    DoneOther,
    /// Refused in a reply, where the partner's record has to confirm it.
    RefusedUnconfirmed,
    /// Refused, and its record says so.
    Refused,
    /// Accepted, result to follow.
    Pending,
    /// Silence.
    Silence,
    /// Unknown to the partner, which may still come to know it.
    NotFoundYet,
    /// Unknown to the partner after its finality deadline.
    NotFoundFinal,
    /// The opposite was done.
    Opposite,
}

impl Word {
    /// Every word, for the printed matrix.
    pub const ALL: [Word; 9] = [
        Word::Done,
        Word::DoneOther,
        Word::RefusedUnconfirmed,
        Word::Refused,
        Word::Pending,
        Word::Silence,
        Word::NotFoundYet,
        Word::NotFoundFinal,
        Word::Opposite,
    ];
}

/// What a word comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The step is done as asked.
    Done,
    /// The step is done, for another amount.
    DoneOther,
    /// Nobody knows; ask later.
    Doubt(Cause),
    /// Nobody knows; ask at once, since a record exists.
    Confirm,
    /// Still unknown; ask again later.
    Defer(Cause),
    /// Finally not done.
    Fail(Cause),
    /// Done although we had taken it for failed, or undone: book it and undo it.
    Stray,
    /// The opposite was done, and this step has nothing left to do: book it, undo it, end the step.
    OppositeEnds,
    /// The opposite was done beside a step that has ended or goes on: book it and undo it.
    OppositeBeside,
    /// Nothing changes.
    Absorb(SignalKind),
    /// The partner's record takes back what it had said: a person must look.
    Contradict,
}

/// Says what a word means for a step.
pub const fn react(state: StepState, which: Which, word: Word) -> Reaction {
    match (which, state, word) {
        // An earlier attempt had finally failed. If it was done after all, value moved twice or for nothing.
        (Which::Older, _, Word::Done | Word::DoneOther) => Reaction::Stray,
        (Which::Older, _, Word::Opposite) => Reaction::OppositeBeside,
        (Which::Older, _, _) => Reaction::Absorb(SignalKind::Stale),

        // The first answer to what was asked.
        (Which::Current, StepState::Sent, Word::Done) => Reaction::Done,
        (Which::Current, StepState::Sent, Word::DoneOther) => Reaction::DoneOther,
        (Which::Current, StepState::Sent, Word::RefusedUnconfirmed) => Reaction::Confirm,
        (Which::Current, StepState::Sent, Word::Refused) => Reaction::Fail(Cause::Refused),
        (Which::Current, StepState::Sent, Word::Pending) => Reaction::Doubt(Cause::Pending),
        (Which::Current, StepState::Sent, Word::Silence) => Reaction::Doubt(Cause::Silence),
        // A record that does not know it yet, while the reply is still awaited, says nothing.
        (Which::Current, StepState::Sent, Word::NotFoundYet | Word::NotFoundFinal) => Reaction::Doubt(Cause::NotFound),
        (Which::Current, StepState::Sent | StepState::Unknown, Word::Opposite) => Reaction::OppositeEnds,

        // Being asked about.
        (Which::Current, StepState::Unknown, Word::Done) => Reaction::Done,
        (Which::Current, StepState::Unknown, Word::DoneOther) => Reaction::DoneOther,
        (Which::Current, StepState::Unknown, Word::Refused) => Reaction::Fail(Cause::Refused),
        // A late reply that refuses: the inquiry that is under way confirms it or not.
        (Which::Current, StepState::Unknown, Word::RefusedUnconfirmed) => Reaction::Defer(Cause::Refused),
        (Which::Current, StepState::Unknown, Word::Pending) => Reaction::Defer(Cause::Pending),
        (Which::Current, StepState::Unknown, Word::Silence) => Reaction::Defer(Cause::Silence),
        (Which::Current, StepState::Unknown, Word::NotFoundYet) => Reaction::Defer(Cause::NotFound),
        (Which::Current, StepState::Unknown, Word::NotFoundFinal) => Reaction::Fail(Cause::NotFound),

        // The last attempt had failed and the next is not sent yet: it was done after all, so there is no next.
        (Which::Current, StepState::Planned, Word::Done) => Reaction::Done,
        (Which::Current, StepState::Planned, Word::DoneOther) => Reaction::DoneOther,
        (Which::Current, StepState::Planned, Word::Opposite) => Reaction::OppositeEnds,

        // It had failed for good and the order went another way.
        (Which::Current, StepState::Failed, Word::Done | Word::DoneOther) => Reaction::Stray,
        (Which::Current, StepState::Failed | StepState::Done | StepState::Compensated, Word::Opposite) => {
            Reaction::OppositeBeside
        }

        // Told twice.
        (Which::Current, StepState::Done | StepState::Compensated, Word::Done) => {
            Reaction::Absorb(SignalKind::Duplicate)
        }
        (Which::Current, StepState::Done | StepState::Compensated, Word::DoneOther) => Reaction::Contradict,
        // A reply that refuses what the record says was done: the record counts.
        (Which::Current, StepState::Done | StepState::Compensated, Word::RefusedUnconfirmed) => {
            Reaction::Absorb(SignalKind::Contradiction)
        }
        (Which::Current, StepState::Done, Word::Refused) => Reaction::Contradict,
        (Which::Current, StepState::Compensated, Word::Refused) => Reaction::Absorb(SignalKind::Contradiction),

        (
            Which::Current,
            StepState::Done | StepState::Compensated,
            Word::Pending | Word::Silence | Word::NotFoundYet | Word::NotFoundFinal,
        )
        | (
            Which::Current,
            StepState::Planned | StepState::Failed,
            Word::RefusedUnconfirmed
            | Word::Refused
            | Word::Pending
            | Word::Silence
            | Word::NotFoundYet
            | Word::NotFoundFinal,
        ) => Reaction::Absorb(SignalKind::Stale),
    }
}

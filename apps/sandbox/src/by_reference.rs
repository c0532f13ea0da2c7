//! Counterparties that do a thing once by the caller's reference, and how the fault plan strikes them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;

use crate::answer::Answer;
use crate::connection::Cut;
use crate::counterparty::{Counterparty, FloorOf, no_answer};
use crate::faults::{Action, Call, FaultKind, Strike};
use crate::magic::{Magic, Spell};
use crate::refused::Refused;
use crate::request::Caller;

/// How a thing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As asked.
    Rightly,
    /// One unit less.
    Shortly,
    /// Taken and never delivered.
    Never,
    /// Taken and delivered twice.
    Twice,
}

impl Manner {
    /// The manner that a fault forces.
    fn of(kind: FaultKind) -> Self {
        match kind {
            FaultKind::AmountMismatch => Manner::Shortly,
            FaultKind::Lost => Manner::Never,
            FaultKind::Twice => Manner::Twice,
            _ => Manner::Rightly,
        }
    }

    /// What is done when `units` are asked for.
    pub fn units(self, units: i64) -> i64 {
        if self == Manner::Shortly { units - 1 } else { units }
    }
}

/// What is owed for later about a reference.
#[derive(Debug)]
pub(crate) enum Later {
    /// What is pending is done, if the books still allow it.
    Settle(Arc<str>),
    /// What is pending is refused for this reason.
    Refuse(Arc<str>, &'static str),
    /// What was done is undone by the counterparty itself.
    Undo(Arc<str>),
}

/// A call that asks for a thing.
struct Asking<'a, T> {
    asked: &'a T,
    /// Whether it was asked for before.
    is_known: bool,
    at_ms: i64,
}

/// A counterparty that does what it is asked once, however often it is asked.
pub(crate) trait ByReference: Counterparty<Due = Later> {
    /// What is asked; two are the same when they are equal.
    type Asked;

    /// What the fault plan calls it.
    fn action(asked: &Self::Asked) -> Action;
    /// The caller's reference.
    fn reference(asked: &Self::Asked) -> &Arc<str>;
    /// Whether the same was asked before.
    ///
    /// Errors: 409 when something else was, under this reference.
    fn is_known(books: &Self::Books, asked: &Self::Asked) -> Result<bool, Refused>;
    /// What magic forces, if anything.
    fn spell(magic: &mut Magic, books: &Self::Books, asked: &Self::Asked) -> Option<Spell>;
    /// Whether a fault that needs a success finds one.
    fn can_strike(books: &Self::Books, asked: &Self::Asked, kind: FaultKind, at_ms: i64) -> bool;
    /// Takes down something new as pending.
    fn accept(books: &mut Self::Books, asked: &Self::Asked, manner: Manner);
    /// Does what is pending, or refuses it when the books say no.
    fn settle(books: &mut Self::Books, reference: &Arc<str>, at_ms: i64);
    /// Refuses what is pending for good.
    fn refuse(books: &mut Self::Books, reference: &Arc<str>, reason: &'static str);
    /// Undoes what was done; false when it stays.
    fn undo(_books: &mut Self::Books, _reference: &Arc<str>, _at_ms: i64) -> bool {
        false
    }
    /// What is said about what there is; `fresh` is the status of a success.
    fn answer(&self, books: &Self::Books, asked: &Self::Asked, fresh: StatusCode) -> Answer;
    /// A refusal of what was done.
    fn contradiction(&self, books: &Self::Books, asked: &Self::Asked) -> Answer;
    /// Calls back about a reference.
    fn tell(&self, _floor: &FloorOf<Self>, _reference: &str) {}

    /// Does what was left for later, and tells of it.
    fn run_later(&self, floor: &mut FloorOf<Self>, due: Later) {
        let at_ms = floor.desk.own_stamp();
        let (reference, is_news) = match due {
            Later::Settle(reference) => {
                Self::settle(&mut floor.books, &reference, at_ms);
                (reference, true)
            }
            Later::Refuse(reference, reason) => {
                Self::refuse(&mut floor.books, &reference, reason);
                (reference, true)
            }
            Later::Undo(reference) => {
                let undone = Self::undo(&mut floor.books, &reference, at_ms);
                (reference, undone)
            }
        };
        if is_news {
            self.tell(floor, &reference);
        }
    }

    /// Takes something new down as magic says; returns what is then owed, if anything.
    fn enchant(books: &mut Self::Books, asked: &Self::Asked, spell: Spell, at_ms: i64) -> Option<Later> {
        let reference = Self::reference(asked);
        Self::accept(books, asked, Manner::Rightly);
        match spell {
            Spell::Refuse(reason) => {
                Self::refuse(books, reference, reason);
                None
            }
            Spell::PendingThenDone => Some(Later::Settle(reference.clone())),
            Spell::PendingThenRefused(reason) => Some(Later::Refuse(reference.clone(), reason)),
            Spell::DoneThenUndone | Spell::Fault(_) => {
                Self::settle(books, reference, at_ms);
                Some(Later::Undo(reference.clone()))
            }
        }
    }

    /// Handles the call.
    ///
    /// Errors: 409 when the reference was used for something else.
    fn perform(&self, floor: &mut FloorOf<Self>, asked: Self::Asked, at_ms: i64) -> Result<Answer, Refused> {
        let call = Call { action: Self::action(&asked), reference: Self::reference(&asked) };
        let is_known = Self::is_known(&floor.books, &asked)?;
        let planned = floor.desk.mischief.judge(call);
        let spell = if is_known { None } else { Self::spell(&mut floor.desk.magic, &floor.books, &asked) };
        let strike = match spell {
            Some(Spell::Fault(kind)) => Some(floor.desk.mischief.forced(kind, call)),
            Some(spell) => {
                let strike = floor.desk.mischief.forced(FaultKind::LateSuccess, call);
                if let Some(due) = Self::enchant(&mut floor.books, &asked, spell, at_ms) {
                    let delay = strike.late_delay(floor.desk.mischief.config());
                    self.later(floor, delay, due);
                }
                return Ok(self.answer(&floor.books, &asked, StatusCode::CREATED));
            }
            None => planned,
        };
        let asking = Asking { asked: &asked, is_known, at_ms };
        let can_strike = |kind: FaultKind| {
            kind.is_of_the_line() || (!is_known && Self::can_strike(&floor.books, &asked, kind, at_ms))
        };
        match strike.filter(|strike| can_strike(strike.kind)) {
            None => Ok(done(self, floor, &asking, Manner::Rightly)),
            Some(strike) => {
                floor.desk.mischief.count(strike, Self::action(&asked));
                Ok(struck(self, floor, &asking, strike))
            }
        }
    }
}

/// Handles a call that came over the wire.
///
/// Errors: 409 when the reference was used for something else.
pub(crate) async fn handle<C: ByReference>(
    partner: &C,
    asked: C::Asked,
    caller: Caller,
    cut: &Cut,
) -> Result<Response, Refused> {
    // The lock must be gone before anything waits.
    let answer = {
        let mut floor = partner.floor();
        let at_ms = floor.desk.stamp(caller.business_ms);
        partner.perform(&mut floor, asked, at_ms)?
    };
    Ok(answer.deliver(cut).await)
}

/// Does it, or finds what was done before.
fn done<C: ByReference + ?Sized>(
    partner: &C,
    floor: &mut FloorOf<C>,
    asking: &Asking<'_, C::Asked>,
    manner: Manner,
) -> Answer {
    if !asking.is_known {
        C::accept(&mut floor.books, asking.asked, manner);
        C::settle(&mut floor.books, C::reference(asking.asked), asking.at_ms);
    }
    let fresh = if asking.is_known { StatusCode::OK } else { StatusCode::CREATED };
    partner.answer(&floor.books, asking.asked, fresh)
}

fn struck<C: ByReference + ?Sized>(
    partner: &C,
    floor: &mut FloorOf<C>,
    asking: &Asking<'_, C::Asked>,
    strike: Strike,
) -> Answer {
    let reference = C::reference(asking.asked);
    match strike.kind {
        FaultKind::Latency => {
            let delay = strike.latency(floor.desk.mischief.config());
            match done(partner, floor, asking, Manner::Rightly) {
                Answer::Now(response) => Answer::After(delay, response),
                other => other,
            }
        }
        FaultKind::AppliedTimeout | FaultKind::ServerErrorApplied => {
            done(partner, floor, asking, Manner::Rightly);
            no_answer(&floor.desk.mischief, strike)
        }
        FaultKind::DuplicateCallback => {
            let answer = done(partner, floor, asking, Manner::Rightly);
            partner.tell(floor, reference);
            partner.tell(floor, reference);
            answer
        }
        FaultKind::AmountMismatch | FaultKind::Lost | FaultKind::Twice => {
            done(partner, floor, asking, Manner::of(strike.kind))
        }
        FaultKind::LateSuccess => queue(partner, floor, asking, strike),
        FaultKind::Contradictory => {
            done(partner, floor, asking, Manner::Rightly);
            partner.tell(floor, reference);
            partner.contradiction(&floor.books, asking.asked)
        }
        FaultKind::NotFoundThenFound => {
            let grace = Duration::from_millis(floor.desk.mischief.config().not_found_grace_ms);
            floor.desk.hide(reference, grace);
            done(partner, floor, asking, Manner::Rightly);
            no_answer(&floor.desk.mischief, strike)
        }
        // Nothing of this kind has a billing run: that is never drawn.
        FaultKind::NotAppliedTimeout | FaultKind::ServerErrorNotApplied | FaultKind::OwnSchedule => {
            no_answer(&floor.desk.mischief, strike)
        }
    }
}

fn queue<C: ByReference + ?Sized>(
    partner: &C,
    floor: &mut FloorOf<C>,
    asking: &Asking<'_, C::Asked>,
    strike: Strike,
) -> Answer {
    C::accept(&mut floor.books, asking.asked, Manner::Rightly);
    let delay = strike.late_delay(floor.desk.mischief.config());
    partner.later(floor, delay, Later::Settle(C::reference(asking.asked).clone()));
    if strike.is_silent() {
        return Answer::refusal(Refused::server_error());
    }
    partner.answer(&floor.books, asking.asked, StatusCode::CREATED)
}

//! A payout meets the books and the fault plan: what is done, and what is said about it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::CLOSED_ACCOUNT;
use super::payout::{Asked, Payout, Status, view};
use super::{Bank, Due, Floor};
use crate::answer::Answer;
use crate::counterparty::no_answer;
use crate::faults::{Action, Call, FaultKind, Strike};
use crate::magic::Spell;
use crate::refused::Refused;

impl Bank {
    /// Handles `POST /payouts`.
    ///
    /// Errors: 409 when the id was used for another payment.
    pub(super) fn perform(&self, floor: &mut Floor, asked: Asked, at_ms: i64) -> Result<Answer, Refused> {
        let call = Call { action: Action::Payout, reference: &asked.id };
        let known = floor.books.payout(&asked.id);
        if known.is_some_and(|payout| payout.asked != asked) {
            let reason = format!("another payment has this `EndToEndId`: {}", asked.id);
            return Err(Refused::conflict("endToEndIdReused", reason));
        }
        let repeated = known.is_some();
        let planned = floor.desk.mischief.judge(call);
        let spell = if repeated { None } else { floor.desk.magic.bank(&asked.account) };
        let strike = match spell {
            Some(Spell::Fault(kind)) => Some(floor.desk.mischief.forced(kind, call)),
            Some(spell) => return Ok(self.enchanted(floor, &asked, spell, at_ms)),
            None => planned,
        };
        match strike
            .filter(|strike| strike.kind.is_of_the_line() || (!repeated && can_strike(floor, &asked, strike.kind)))
        {
            None => Ok(self.straight(floor, &asked, at_ms)),
            Some(strike) => {
                floor.desk.mischief.count(strike, Action::Payout);
                Ok(self.struck(floor, &asked, strike, at_ms))
            }
        }
    }

    /// Pays, or finds the payment that was made before.
    fn straight(&self, floor: &mut Floor, asked: &Asked, at_ms: i64) -> Answer {
        let status = self.pay(floor, asked, asked.fen, at_ms);
        self.answer(floor, asked, status)
    }

    fn pay(&self, floor: &mut Floor, asked: &Asked, fen: i64, at_ms: i64) -> StatusCode {
        if floor.books.payout(&asked.id).is_some() {
            return StatusCode::OK;
        }
        floor.books.accept(asked.clone());
        floor.books.settle(&asked.id, fen, at_ms);
        StatusCode::CREATED
    }

    fn answer(&self, floor: &Floor, asked: &Asked, status: StatusCode) -> Answer {
        match floor.books.payout(&asked.id) {
            Some(payout) => self.say(status, payout),
            None => Answer::refusal(Refused::server_error()),
        }
    }

    fn say(&self, status: StatusCode, payout: &Payout) -> Answer {
        Answer::Now((status, Json(view(payout, &self.name))).into_response())
    }

    fn struck(&self, floor: &mut Floor, asked: &Asked, strike: Strike, at_ms: i64) -> Answer {
        match strike.kind {
            FaultKind::Latency => {
                let delay = strike.latency(floor.desk.mischief.config());
                match self.straight(floor, asked, at_ms) {
                    Answer::Now(response) => Answer::After(delay, response),
                    other => other,
                }
            }
            FaultKind::AppliedTimeout | FaultKind::ServerErrorApplied => {
                self.pay(floor, asked, asked.fen, at_ms);
                no_answer(&floor.desk.mischief, strike)
            }
            FaultKind::DuplicateCallback => {
                let answer = self.straight(floor, asked, at_ms);
                self.tell(floor, &asked.id);
                self.tell(floor, &asked.id);
                answer
            }
            FaultKind::LateSuccess => self.queue(floor, asked, strike),
            FaultKind::Contradictory => self.contradict(floor, asked, at_ms),
            FaultKind::AmountMismatch => {
                let status = self.pay(floor, asked, asked.fen - 1, at_ms);
                self.answer(floor, asked, status)
            }
            FaultKind::NotFoundThenFound => {
                let grace = Duration::from_millis(floor.desk.mischief.config().not_found_grace_ms);
                floor.desk.hide(&asked.id, grace);
                self.pay(floor, asked, asked.fen, at_ms);
                no_answer(&floor.desk.mischief, strike)
            }
            // A bank has no billing run and no messages; these kinds do not suit a payout and are never drawn.
            FaultKind::NotAppliedTimeout
            | FaultKind::ServerErrorNotApplied
            | FaultKind::OwnSchedule
            | FaultKind::Lost
            | FaultKind::Twice => no_answer(&floor.desk.mischief, strike),
        }
    }

    fn queue(&self, floor: &mut Floor, asked: &Asked, strike: Strike) -> Answer {
        floor.books.accept(asked.clone());
        let delay = strike.late_delay(floor.desk.mischief.config());
        self.later(floor, delay, Due::Settle(asked.id.clone()));
        if strike.is_silent() {
            return Answer::refusal(Refused::server_error());
        }
        self.answer(floor, asked, StatusCode::CREATED)
    }

    fn contradict(&self, floor: &mut Floor, asked: &Asked, at_ms: i64) -> Answer {
        let status = self.pay(floor, asked, asked.fen, at_ms);
        self.tell(floor, &asked.id);
        match floor.books.payout(&asked.id) {
            Some(payout) => self.say(status, &payout.told_as(Status::Refused(CLOSED_ACCOUNT))),
            None => Answer::refusal(Refused::server_error()),
        }
    }

    fn enchanted(&self, floor: &mut Floor, asked: &Asked, spell: Spell, at_ms: i64) -> Answer {
        let call = Call { action: Action::Payout, reference: &asked.id };
        let delay = floor.desk.mischief.forced(FaultKind::LateSuccess, call).late_delay(floor.desk.mischief.config());
        floor.books.accept(asked.clone());
        match spell {
            Spell::Refuse(reason) => floor.books.refuse(&asked.id, reason),
            Spell::PendingThenPaid => self.later(floor, delay, Due::Settle(asked.id.clone())),
            Spell::PendingThenRefused(reason) => self.later(floor, delay, Due::Refuse(asked.id.clone(), reason)),
            Spell::PaidThenReturned | Spell::Fault(_) => {
                floor.books.settle(&asked.id, asked.fen, at_ms);
                self.later(floor, delay, Due::Return(asked.id.clone()));
            }
        }
        self.answer(floor, asked, StatusCode::CREATED)
    }

    fn later(&self, floor: &mut Floor, delay: Duration, due: Due) {
        floor.desk.agenda.put(delay, due);
        self.scheduled.notify_one();
    }

    /// Does something that was scheduled for later, and tells the caller.
    pub(super) fn run(&self, floor: &mut Floor, due: Due) {
        let at_ms = floor.desk.own_stamp();
        let id = match due {
            Due::Settle(id) => {
                let fen = floor.books.payout(&id).map_or(0, |payout| payout.fen);
                floor.books.settle(&id, fen, at_ms);
                id
            }
            Due::Refuse(id, reason) => {
                floor.books.refuse(&id, reason);
                id
            }
            Due::Return(id) => {
                floor.books.send_back(&id, CLOSED_ACCOUNT, at_ms);
                id
            }
        };
        self.tell(floor, &id);
    }

    fn tell(&self, floor: &mut Floor, id: &Arc<str>) {
        let (Some(url), Some(payout)) = (&self.callback_url, floor.books.payout(id)) else {
            return;
        };
        let Ok(mut body) = serde_json::to_value(view(payout, &self.name)) else {
            return;
        };
        // The same news has the same id, so that a receiver can tell a duplicate from a change.
        let stage = body["TxSts"].as_str().unwrap_or_default().to_owned();
        let returned = if payout.returned.is_some() { "-RTND" } else { "" };
        body["eventId"] = format!("{}-{stage}{returned}", payout.servicer_reference(&self.name)).into();
        self.outbox.post(std::slice::from_ref(url), body);
    }
}

/// Whether a fault that needs a success finds one.
fn can_strike(floor: &Floor, asked: &Asked, kind: FaultKind) -> bool {
    let long_enough = kind != FaultKind::AmountMismatch || asked.fen > 1;
    long_enough && floor.books.check(asked).is_ok()
}

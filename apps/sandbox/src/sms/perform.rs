//! A message meets the books and the fault plan: what is done, and what is said about it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::{Asked, Message, Reach, Status};
use super::routes::view;
use super::{Floor, Sms};
use crate::answer::Answer;
use crate::counterparty::no_answer;
use crate::faults::{Action, Call, FaultKind, Strike};
use crate::magic::Spell;
use crate::refused::Refused;

/// Why nothing is delivered to a number.
const BLOCKED: &str = "blocked";

impl Sms {
    /// Handles `POST /messages`.
    ///
    /// Errors: 409 when the reference was used for another message.
    pub(super) fn perform(&self, floor: &mut Floor, asked: Asked, at_ms: i64) -> Result<Answer, Refused> {
        let call = Call { action: Action::Send, reference: &asked.reference };
        let known = floor.books.message(&asked.reference);
        if known.is_some_and(|message| message.asked != asked) {
            let reason = format!("another message has this `reference`: {}", asked.reference);
            return Err(Refused::conflict("referenceReused", reason));
        }
        let repeated = known.is_some();
        let planned = floor.desk.mischief.judge(call);
        let spell = if repeated { None } else { floor.desk.magic.sms(&asked.to) };
        let strike = match spell {
            Some(Spell::Fault(kind)) => Some(floor.desk.mischief.forced(kind, call)),
            Some(Spell::Refuse(code)) => {
                floor.books.put(asked.clone(), Status::Refused(code));
                return Ok(self.answer(floor, &asked, StatusCode::CREATED));
            }
            Some(_) | None => planned,
        };
        let fresh = !repeated && !floor.books.is_blocked(&asked.to);
        match strike.filter(|strike| strike.kind.is_of_the_line() || fresh) {
            None => {
                let status = take(floor, &asked, Reach::Once, at_ms);
                Ok(self.answer(floor, &asked, status))
            }
            Some(strike) => {
                floor.desk.mischief.count(strike, Action::Send);
                Ok(self.struck(floor, &asked, strike, at_ms))
            }
        }
    }

    fn answer(&self, floor: &Floor, asked: &Asked, status: StatusCode) -> Answer {
        match floor.books.message(&asked.reference) {
            Some(message) => self.say(status, message),
            None => Answer::refusal(Refused::server_error()),
        }
    }

    fn say(&self, status: StatusCode, message: &Message) -> Answer {
        Answer::Now((status, Json(view(message, message.status, &self.name))).into_response())
    }

    fn struck(&self, floor: &mut Floor, asked: &Asked, strike: Strike, at_ms: i64) -> Answer {
        match strike.kind {
            FaultKind::Latency => {
                let delay = strike.latency(floor.desk.mischief.config());
                let status = take(floor, asked, Reach::Once, at_ms);
                match self.answer(floor, asked, status) {
                    Answer::Now(response) => Answer::After(delay, response),
                    other => other,
                }
            }
            FaultKind::AppliedTimeout | FaultKind::ServerErrorApplied => {
                take(floor, asked, Reach::Once, at_ms);
                no_answer(&floor.desk.mischief, strike)
            }
            FaultKind::Lost | FaultKind::Twice => {
                let reach = if strike.kind == FaultKind::Lost { Reach::Never } else { Reach::Twice };
                let status = take(floor, asked, reach, at_ms);
                self.answer(floor, asked, status)
            }
            FaultKind::LateSuccess => self.queue(floor, asked, strike),
            FaultKind::Contradictory => {
                let status = take(floor, asked, Reach::Once, at_ms);
                match floor.books.message(&asked.reference) {
                    Some(message) => {
                        let told = view(message, Status::Refused(BLOCKED), &self.name);
                        Answer::Now((status, Json(told)).into_response())
                    }
                    None => Answer::refusal(Refused::server_error()),
                }
            }
            FaultKind::NotFoundThenFound => {
                let grace = Duration::from_millis(floor.desk.mischief.config().not_found_grace_ms);
                floor.desk.hide(&asked.reference, grace);
                take(floor, asked, Reach::Once, at_ms);
                no_answer(&floor.desk.mischief, strike)
            }
            // The last three do not suit a message and are never drawn.
            FaultKind::NotAppliedTimeout
            | FaultKind::ServerErrorNotApplied
            | FaultKind::DuplicateCallback
            | FaultKind::AmountMismatch
            | FaultKind::OwnSchedule => no_answer(&floor.desk.mischief, strike),
        }
    }

    fn queue(&self, floor: &mut Floor, asked: &Asked, strike: Strike) -> Answer {
        floor.books.put(asked.clone(), Status::Queued);
        let delay = strike.late_delay(floor.desk.mischief.config());
        floor.desk.agenda.put(delay, asked.reference.clone());
        self.scheduled.notify_one();
        if strike.is_silent() {
            return Answer::refusal(Refused::server_error());
        }
        self.answer(floor, asked, StatusCode::CREATED)
    }
}

/// Takes a message, or finds the one that was taken before.
fn take(floor: &mut Floor, asked: &Asked, reach: Reach, at_ms: i64) -> StatusCode {
    if floor.books.message(&asked.reference).is_some() {
        return StatusCode::OK;
    }
    if floor.books.is_blocked(&asked.to) {
        floor.books.put(asked.clone(), Status::Refused(BLOCKED));
    } else {
        floor.books.put(asked.clone(), Status::Queued);
        floor.books.accept(&asked.reference, reach, at_ms);
    }
    StatusCode::CREATED
}

/// Delivers what was queued.
pub(super) fn deliver(floor: &mut Floor, reference: &Arc<str>) {
    let at_ms = floor.desk.own_stamp();
    floor.books.accept(reference, Reach::Once, at_ms);
}

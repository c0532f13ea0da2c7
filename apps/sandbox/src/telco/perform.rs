//! An order meets the books and the fault plan: what is done, and what is said about it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::books::{BUCKET_CLOSED, Done, INSUFFICIENT_BALANCE, RESERVATION_NOT_HELD, Refusal};
use super::records::{Kind, Order, RowId};
use super::{Due, Floor, Telco, views};
use crate::answer::Answer;
use crate::counterparty::{Counterparty, no_answer};
use crate::faults::{Call, FaultKind, Strike};
use crate::magic::{self, Spell};
use crate::refused::Refused;

impl Telco {
    /// Carries an order out as the fault plan wants it, and decides the answer.
    pub(super) fn perform(&self, floor: &mut Floor, order: Order) -> Answer {
        match verdict(floor, &order) {
            Verdict::Straight => self.straight(floor, &order),
            Verdict::Refuse(refusal) => {
                floor.books.refuse(&order, refusal);
                Answer::refusal(refused(refusal))
            }
            Verdict::Struck(strike) => {
                floor.desk.mischief.count(strike, order.action());
                self.struck(floor, order, strike)
            }
        }
    }

    fn straight(&self, floor: &mut Floor, order: &Order) -> Answer {
        Answer::Now(self.apply(floor, order).map_or_else(|no| no.into_response(), |(_, response)| response))
    }

    /// Applies the order and builds its honest answer.
    fn apply(&self, floor: &mut Floor, order: &Order) -> Result<(Done, Response), Refused> {
        let done = floor.books.apply(order).map_err(refused)?;
        self.limit_validity(floor, order.kind, done.row);
        Ok((done, self.success(floor, order.kind, done.row)))
    }

    /// Schedules the end of a new reservation, where reservations end.
    pub(super) fn limit_validity(&self, floor: &mut Floor, kind: Kind, row: RowId) {
        if let (Kind::Reserve, Some(validity)) = (kind, self.reserve_validity) {
            self.later(floor, validity, Due::Expiry(row.position));
        }
    }

    fn success(&self, floor: &Floor, kind: Kind, row: RowId) -> Response {
        match kind {
            Kind::Release => StatusCode::NO_CONTENT.into_response(),
            Kind::Capture => self.row_response(floor, StatusCode::OK, row),
            Kind::Reserve | Kind::Adjust | Kind::Topup | Kind::Transfer => {
                self.row_response(floor, StatusCode::CREATED, row)
            }
        }
    }

    fn row_response(&self, floor: &Floor, status: StatusCode, row: RowId) -> Response {
        (status, Json(views::row(&floor.books, &self.house.name, row))).into_response()
    }

    fn struck(&self, floor: &mut Floor, order: Order, strike: Strike) -> Answer {
        match strike.kind {
            FaultKind::Latency => {
                let delay = strike.latency(floor.desk.mischief.config());
                match self.straight(floor, &order) {
                    Answer::Now(response) => Answer::After(delay, response),
                    other => other,
                }
            }
            FaultKind::AppliedTimeout | FaultKind::ServerErrorApplied => {
                drop(self.apply(floor, &order));
                no_answer(&floor.desk.mischief, strike)
            }
            // The last two are of messages and are never drawn.
            FaultKind::NotAppliedTimeout | FaultKind::ServerErrorNotApplied | FaultKind::Lost | FaultKind::Twice => {
                no_answer(&floor.desk.mischief, strike)
            }
            FaultKind::DuplicateCallback => self.tell_twice(floor, &order),
            FaultKind::LateSuccess => self.queue(floor, order, strike),
            FaultKind::Contradictory => self.contradict(floor, &order),
            FaultKind::AmountMismatch => self.straight(floor, &order.shortened().unwrap_or(order)),
            FaultKind::NotFoundThenFound => {
                let grace = Duration::from_millis(floor.desk.mischief.config().not_found_grace_ms);
                floor.desk.hide(&order.reference, grace);
                drop(self.apply(floor, &order));
                no_answer(&floor.desk.mischief, strike)
            }
            FaultKind::OwnSchedule => {
                let delay = strike.own_schedule_delay(floor.desk.mischief.config());
                self.later(floor, delay, Due::Bill(order));
                no_answer(&floor.desk.mischief, strike)
            }
        }
    }

    fn tell_twice(&self, floor: &mut Floor, order: &Order) -> Answer {
        match self.apply(floor, order) {
            Ok((done, response)) => {
                self.tell(floor, done.item);
                self.tell(floor, done.item);
                Answer::Now(response)
            }
            Err(no) => Answer::refusal(no),
        }
    }

    fn queue(&self, floor: &mut Floor, order: Order, strike: Strike) -> Answer {
        let row = floor.books.queue(&order).row;
        let delay = strike.late_delay(floor.desk.mischief.config());
        self.later(floor, delay, Due::Queued(order, row));
        if strike.is_silent() {
            return Answer::refusal(Refused::server_error());
        }
        Answer::Now(self.row_response(floor, StatusCode::ACCEPTED, row))
    }

    fn contradict(&self, floor: &mut Floor, order: &Order) -> Answer {
        if let Ok((done, _)) = self.apply(floor, order) {
            self.tell(floor, done.item);
        }
        Answer::refusal(refused(plausible_refusal(order)))
    }

    /// Posts the notification about a history item to everybody who listens.
    pub(super) fn tell(&self, floor: &Floor, item: u32) {
        let urls: Vec<Arc<str>> = self.house.callback_url.iter().chain(floor.books.hubs.values()).cloned().collect();
        if urls.is_empty() {
            return;
        }
        if let Some(event) = views::event(&floor.books, &self.house.name, item) {
            self.house.outbox.post(&urls, event);
        }
    }
}

enum Verdict {
    Straight,
    Refuse(Refusal),
    Struck(Strike),
}

/// Decides how an order is treated. A fault that needs a success strikes only what would succeed.
fn verdict(floor: &mut Floor, order: &Order) -> Verdict {
    let call = Call { action: order.action(), reference: &order.reference };
    let planned = floor.desk.mischief.judge(call);
    let msisdn = floor.books.buckets.get(order.bucket).map(|bucket| bucket.msisdn.clone()).unwrap_or_default();
    let strike = match floor.desk.magic.of(&magic::TELCO, &msisdn, call.action) {
        Some(Spell::Refuse(code)) => return Verdict::Refuse(Refusal(code)),
        Some(Spell::Fault(kind)) => Some(floor.desk.mischief.forced(kind, call)),
        _ => planned,
    };
    match strike {
        Some(strike) if strike.kind.is_of_the_line() || can_strike(floor, order, strike.kind) => {
            Verdict::Struck(strike)
        }
        _ => Verdict::Straight,
    }
}

fn can_strike(floor: &Floor, order: &Order, kind: FaultKind) -> bool {
    let long_enough = kind != FaultKind::AmountMismatch || order.shortened().is_some();
    long_enough && floor.books.check(order).is_ok()
}

/// The refusal a contradicting telco gives for what it has done.
fn plausible_refusal(order: &Order) -> Refusal {
    match order.kind {
        Kind::Reserve | Kind::Transfer => INSUFFICIENT_BALANCE,
        Kind::Adjust if order.fen < 0 => INSUFFICIENT_BALANCE,
        Kind::Adjust | Kind::Topup => BUCKET_CLOSED,
        Kind::Capture | Kind::Release => RESERVATION_NOT_HELD,
    }
}

fn refused(refusal: Refusal) -> Refused {
    let reason = match refusal {
        INSUFFICIENT_BALANCE => "the bucket does not hold that much",
        RESERVATION_NOT_HELD => "the reservation does not hold that value now",
        BUCKET_CLOSED => "the bucket is closed",
        _ => "the bucket cannot hold that much",
    };
    Refused::conflict(refusal.0, reason)
}

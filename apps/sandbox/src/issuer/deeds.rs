//! What is done to a voucher that there is: cancelling it, and handing out its code.

use axum::Json;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::voucher::view;
use super::{Floor, Issuer};
use crate::answer::Answer;
use crate::clock::rfc3339;
use crate::counterparty::no_answer;
use crate::faults::{Action, Call, FaultKind};
use crate::magic::{self, Spell};
use crate::refused::Refused;

/// What is done to a voucher.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Cancel,
    Collect,
}

impl Deed {
    fn action(self) -> Action {
        match self {
            Deed::Cancel => Action::Cancel,
            Deed::Collect => Action::Collect,
        }
    }
}

impl Issuer {
    /// Does it, or suffers from the line: nothing else strikes these.
    pub(super) fn deed(&self, floor: &mut Floor, deed: Deed, reference: &str, at_ms: i64) -> Answer {
        let call = Call { action: deed.action(), reference };
        let planned = floor.desk.mischief.judge(call);
        let Floor { books, desk } = floor;
        let spell = books
            .voucher(reference)
            .and_then(|voucher| desk.magic.of(&magic::ISSUER, &voucher.asked.holder, call.action));
        let strike = match spell {
            Some(Spell::Fault(kind)) => Some(floor.desk.mischief.forced(kind, call)),
            Some(_) | None => planned,
        };
        let Some(strike) = strike else {
            return self.carried_out(floor, deed, reference, at_ms);
        };
        floor.desk.mischief.count(strike, call.action);
        match strike.kind {
            FaultKind::Latency => match self.carried_out(floor, deed, reference, at_ms) {
                Answer::Now(response) => Answer::After(strike.latency(floor.desk.mischief.config()), response),
                other => other,
            },
            FaultKind::AppliedTimeout | FaultKind::ServerErrorApplied => {
                self.carried_out(floor, deed, reference, at_ms);
                no_answer(&floor.desk.mischief, strike)
            }
            _ => no_answer(&floor.desk.mischief, strike),
        }
    }

    fn carried_out(&self, floor: &mut Floor, deed: Deed, reference: &str, at_ms: i64) -> Answer {
        let done = match deed {
            _ if floor.desk.is_hidden(reference) => Err(Refused::not_found("voucher", reference)),
            Deed::Cancel => cancel(floor, reference, at_ms),
            Deed::Collect => self.collect(floor, reference, at_ms),
        };
        done.map_or_else(Answer::refusal, |told| Answer::Now(Json(told).into_response()))
    }

    fn collect(&self, floor: &mut Floor, reference: &str, at_ms: i64) -> Result<Value, Refused> {
        let (voucher, first_ms) = floor.books.collect(reference, at_ms)?;
        Ok(json!({"code": self.codes.of(voucher.number), "collected_at": rfc3339(first_ms)}))
    }
}

fn cancel(floor: &mut Floor, reference: &str, at_ms: i64) -> Result<Value, Refused> {
    floor.books.cancel(reference, at_ms)?;
    let voucher = floor.books.voucher(reference).ok_or_else(|| Refused::not_found("voucher", reference))?;
    Ok(serde_json::to_value(view(voucher)).unwrap_or_default())
}

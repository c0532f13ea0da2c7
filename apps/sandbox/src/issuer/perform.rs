//! A voucher meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::{Books, HOLDER_BLOCKED, is_offered};
use super::voucher::{Asked, Status, view};
use super::{Floor, Issuer};
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::magic::{self, Magic, Spell};
use crate::refused::Refused;

impl ByReference for Issuer {
    type Asked = Asked;

    fn action(_asked: &Asked) -> Action {
        Action::Issue
    }

    fn reference(asked: &Asked) -> &Arc<str> {
        &asked.reference
    }

    fn is_known(books: &Books, asked: &Asked) -> Result<bool, Refused> {
        let known = books.voucher(&asked.reference);
        if known.is_some_and(|voucher| voucher.asked != *asked) {
            let reason = format!("another voucher has this `reference`: {}", asked.reference);
            return Err(Refused::conflict("referenceInUse", reason));
        }
        Ok(known.is_some())
    }

    fn spell(magic: &mut Magic, _books: &Books, asked: &Asked) -> Option<Spell> {
        magic.of(&magic::ISSUER, &asked.holder, Action::Issue)
    }

    fn can_strike(books: &Books, asked: &Asked, kind: FaultKind, _at_ms: i64) -> bool {
        let long_enough = kind != FaultKind::AmountMismatch || is_offered(asked.fen - 1);
        long_enough && books.check(asked).is_ok()
    }

    fn accept(books: &mut Books, asked: &Asked, manner: Manner) {
        books.accept(asked.clone(), manner.units(asked.fen));
    }

    fn settle(books: &mut Books, reference: &Arc<str>, at_ms: i64) {
        books.settle(reference, at_ms);
    }

    fn refuse(books: &mut Books, reference: &Arc<str>, reason: &'static str) {
        books.refuse(reference, reason);
    }

    /// A voucher whose code was collected meanwhile stays.
    fn undo(books: &mut Books, reference: &Arc<str>, at_ms: i64) -> bool {
        books.cancel(reference, at_ms).is_ok()
    }

    /// A repeat is answered as the first call was, so the status of a success is the same for both.
    fn answer(&self, books: &Books, asked: &Asked, _fresh: StatusCode) -> Answer {
        let Some(voucher) = books.voucher(&asked.reference) else {
            return Answer::refusal(Refused::server_error());
        };
        let status = match voucher.status {
            Status::Refused(code) => return Answer::refusal(no(code, asked)),
            Status::Pending => StatusCode::ACCEPTED,
            Status::Issued | Status::Cancelled => StatusCode::CREATED,
        };
        Answer::Now((status, Json(view(voucher))).into_response())
    }

    fn contradiction(&self, _books: &Books, asked: &Asked) -> Answer {
        Answer::refusal(no(HOLDER_BLOCKED, asked))
    }

    fn tell(&self, floor: &Floor, reference: &str) {
        let Some(voucher) = floor.books.voucher(reference) else {
            return;
        };
        let Ok(mut body) = serde_json::to_value(view(voucher)) else {
            return;
        };
        // The same news has the same id, so that a receiver can tell a duplicate from a change.
        body["eventId"] = format!("{}-{}", voucher.name(), voucher.status.name()).into();
        self.house.call_back(body);
    }
}

fn no(code: &'static str, asked: &Asked) -> Refused {
    Refused::conflict(code, format!("no voucher is issued under this reference: {}", asked.reference))
}

//! A transaction meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::{Books, MEMBER_CLOSED};
use super::transaction::{Asked, Kind, Status, view};
use super::{Floor, Programme};
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::magic::{self, Magic, Spell};
use crate::refused::Refused;

impl ByReference for Programme {
    type Asked = Asked;

    fn action(asked: &Asked) -> Action {
        match asked.kind {
            Kind::Redemption { .. } => Action::Redeem,
            Kind::Accrual { .. } => Action::Accrue,
            Kind::Reversal { .. } => Action::Reverse,
        }
    }

    fn reference(asked: &Asked) -> &Arc<str> {
        &asked.reference
    }

    fn is_known(books: &Books, asked: &Asked) -> Result<bool, Refused> {
        let known = books.transaction(&asked.reference);
        if known.is_some_and(|transaction| transaction.asked != *asked) {
            let reason = format!("another transaction has this `reference`: {}", asked.reference);
            return Err(Refused::conflict("referenceInUse", reason));
        }
        Ok(known.is_some())
    }

    fn spell(magic: &mut Magic, books: &Books, asked: &Asked) -> Option<Spell> {
        magic.of(&magic::PROGRAMME, books.member_of(asked)?, Self::action(asked))
    }

    fn can_strike(books: &Books, asked: &Asked, kind: FaultKind, at_ms: i64) -> bool {
        let many_enough = kind != FaultKind::AmountMismatch || books.points_asked(asked) > 1;
        many_enough && books.would_do(asked, at_ms)
    }

    fn accept(books: &mut Books, asked: &Asked, manner: Manner) {
        let points = manner.units(books.points_asked(asked));
        books.accept(asked.clone(), points);
    }

    fn settle(books: &mut Books, reference: &Arc<str>, at_ms: i64) {
        books.settle(reference, at_ms);
    }

    fn refuse(books: &mut Books, reference: &Arc<str>, reason: &'static str) {
        books.refuse(reference, reason);
    }

    fn undo(books: &mut Books, reference: &Arc<str>, at_ms: i64) -> bool {
        books.take_back(reference, at_ms)
    }

    /// A repeat is answered as the first call was, so the status of a success is the same for both.
    fn answer(&self, books: &Books, asked: &Asked, _fresh: StatusCode) -> Answer {
        let Some(transaction) = books.transaction(&asked.reference) else {
            return Answer::refusal(Refused::server_error());
        };
        let status = match transaction.status {
            Status::Refused(code) => return Answer::refusal(no(code, asked)),
            Status::Pending => StatusCode::ACCEPTED,
            Status::Done => StatusCode::CREATED,
        };
        Answer::Now((status, Json(view(transaction, &self.house.name))).into_response())
    }

    fn contradiction(&self, _books: &Books, asked: &Asked) -> Answer {
        Answer::refusal(no(MEMBER_CLOSED, asked))
    }

    fn tell(&self, floor: &Floor, reference: &str) {
        let Some(transaction) = floor.books.transaction(reference) else {
            return;
        };
        let Ok(mut body) = serde_json::to_value(view(transaction, &self.house.name)) else {
            return;
        };
        // The same news has the same id, so that a receiver can tell a duplicate from a change.
        body["eventId"] = format!("{}-{}", transaction.name(&self.house.name), transaction.status_name()).into();
        self.house.call_back(body);
    }
}

fn no(code: &'static str, asked: &Asked) -> Refused {
    Refused::conflict(code, format!("no points are moved under this reference: {}", asked.reference))
}

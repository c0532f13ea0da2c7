//! A payment or a refund meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::Books;
use super::transaction::{Asked, Kind, Transaction, view};
use super::{Acquirer, Floor};
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::iso20022::{CLOSED_ACCOUNT, Status};
use crate::magic::{self, Magic, Spell};
use crate::refused::Refused;

impl ByReference for Acquirer {
    type Asked = Asked;

    fn action(asked: &Asked) -> Action {
        match asked.kind {
            Kind::Payment { .. } => Action::Pay,
            Kind::Refund { .. } => Action::Refund,
        }
    }

    fn reference(asked: &Asked) -> &Arc<str> {
        &asked.id
    }

    fn is_known(books: &Books, asked: &Asked) -> Result<bool, Refused> {
        let known = books.transaction(&asked.id);
        if known.is_some_and(|transaction| transaction.asked != *asked) {
            let reason = format!("another payment or refund has this `EndToEndId`: {}", asked.id);
            return Err(Refused::conflict("endToEndIdReused", reason));
        }
        Ok(known.is_some())
    }

    fn spell(magic: &mut Magic, books: &Books, asked: &Asked) -> Option<Spell> {
        magic.of(&magic::ACQUIRER, books.payer_of(asked)?, Self::action(asked))
    }

    fn can_strike(books: &Books, asked: &Asked, kind: FaultKind, _at_ms: i64) -> bool {
        let long_enough = kind != FaultKind::AmountMismatch || asked.fen > 1;
        long_enough && books.check(asked).is_ok()
    }

    fn accept(books: &mut Books, asked: &Asked, manner: Manner) {
        books.accept(asked.clone(), manner.units(asked.fen));
    }

    fn settle(books: &mut Books, id: &Arc<str>, at_ms: i64) {
        books.settle(id, at_ms);
    }

    fn refuse(books: &mut Books, id: &Arc<str>, reason: &'static str) {
        books.refuse(id, reason);
    }

    fn undo(books: &mut Books, id: &Arc<str>, at_ms: i64) -> bool {
        books.take_back(id, at_ms)
    }

    /// A repeat is answered as the first call was, so the status of a success is the same for both.
    fn answer(&self, books: &Books, asked: &Asked, _fresh: StatusCode) -> Answer {
        self.say(books.transaction(&asked.id))
    }

    fn contradiction(&self, books: &Books, asked: &Asked) -> Answer {
        let told = books.transaction(&asked.id).map(|found| found.told_as(Status::Refused(CLOSED_ACCOUNT)));
        self.say(told.as_ref())
    }

    fn tell(&self, floor: &Floor, id: &str) {
        let Some(transaction) = floor.books.transaction(id) else {
            return;
        };
        let Ok(mut body) = serde_json::to_value(view(transaction, &self.house.name)) else {
            return;
        };
        // The same news has the same id, so that a receiver can tell a duplicate from a change.
        let stage = body["TxSts"].as_str().unwrap_or_default().to_owned();
        let returned = if transaction.taken_back_fen > 0 { "-RTND" } else { "" };
        body["eventId"] = format!("{}-{stage}{returned}", transaction.servicer_reference(&self.house.name)).into();
        self.house.call_back(body);
    }
}

impl Acquirer {
    fn say(&self, transaction: Option<&Transaction>) -> Answer {
        match transaction {
            Some(told) => Answer::Now((StatusCode::CREATED, Json(view(told, &self.house.name))).into_response()),
            None => Answer::refusal(Refused::server_error()),
        }
    }
}

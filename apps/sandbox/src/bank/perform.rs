//! A payout meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::Books;
use super::payout::{Asked, Payout, view};
use super::{Bank, Floor};
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::iso20022::{CLOSED_ACCOUNT, Status};
use crate::magic::{self, Magic, Spell};
use crate::refused::Refused;

impl ByReference for Bank {
    type Asked = Asked;

    fn action(_asked: &Asked) -> Action {
        Action::Payout
    }

    fn reference(asked: &Asked) -> &Arc<str> {
        &asked.id
    }

    fn is_known(books: &Books, asked: &Asked) -> Result<bool, Refused> {
        let known = books.payout(&asked.id);
        if known.is_some_and(|payout| payout.asked != *asked) {
            let reason = format!("another payment has this `EndToEndId`: {}", asked.id);
            return Err(Refused::conflict("endToEndIdReused", reason));
        }
        Ok(known.is_some())
    }

    fn spell(magic: &mut Magic, _books: &Books, asked: &Asked) -> Option<Spell> {
        magic.of(&magic::BANK, &asked.account, Action::Payout)
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
        books.send_back(id, CLOSED_ACCOUNT, at_ms)
    }

    fn answer(&self, books: &Books, asked: &Asked, fresh: StatusCode) -> Answer {
        self.say(fresh, books.payout(&asked.id))
    }

    fn contradiction(&self, books: &Books, asked: &Asked) -> Answer {
        let payout = books.payout(&asked.id).map(|payout| payout.told_as(Status::Refused(CLOSED_ACCOUNT)));
        self.say(StatusCode::CREATED, payout.as_ref())
    }

    fn tell(&self, floor: &Floor, id: &str) {
        let Some(payout) = floor.books.payout(id) else {
            return;
        };
        let Ok(mut body) = serde_json::to_value(view(payout, &self.house.name)) else {
            return;
        };
        // The same news has the same id, so that a receiver can tell a duplicate from a change.
        let stage = body["TxSts"].as_str().unwrap_or_default().to_owned();
        let returned = if payout.returned.is_some() { "-RTND" } else { "" };
        body["eventId"] = format!("{}-{stage}{returned}", payout.servicer_reference(&self.house.name)).into();
        self.house.call_back(body);
    }
}

impl Bank {
    fn say(&self, status: StatusCode, payout: Option<&Payout>) -> Answer {
        match payout {
            Some(payout) => Answer::Now((status, Json(view(payout, &self.house.name))).into_response()),
            None => Answer::refusal(Refused::server_error()),
        }
    }
}

//! A payout meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::books::{Books, CLOSED_ACCOUNT};
use super::payout::{Asked, Payout, Status, view};
use super::{Bank, Due, Floor};
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::magic::{Magic, Spell};
use crate::refused::Refused;

impl ByReference for Bank {
    type Asked = Asked;
    const ACTION: Action = Action::Payout;

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

    fn spell(magic: &mut Magic, asked: &Asked) -> Option<Spell> {
        magic.bank(&asked.account)
    }

    fn can_strike(books: &Books, asked: &Asked, kind: FaultKind) -> bool {
        let long_enough = kind != FaultKind::AmountMismatch || asked.fen > 1;
        long_enough && books.check(asked).is_ok()
    }

    fn accept(books: &mut Books, asked: &Asked) -> Due {
        books.accept(asked.clone());
        Due::Settle(asked.id.clone())
    }

    fn act(books: &mut Books, asked: &Asked, manner: Manner, at_ms: i64) {
        let fen = if manner == Manner::Shortly { asked.fen - 1 } else { asked.fen };
        books.accept(asked.clone());
        books.settle(&asked.id, fen, at_ms);
    }

    fn enchant(books: &mut Books, asked: &Asked, spell: Spell, at_ms: i64) -> Option<Due> {
        books.accept(asked.clone());
        match spell {
            Spell::Refuse(reason) => {
                books.refuse(&asked.id, reason);
                None
            }
            Spell::PendingThenDone => Some(Due::Settle(asked.id.clone())),
            Spell::PendingThenRefused(reason) => Some(Due::Refuse(asked.id.clone(), reason)),
            Spell::DoneThenUndone | Spell::Fault(_) => {
                books.settle(&asked.id, asked.fen, at_ms);
                Some(Due::Return(asked.id.clone()))
            }
        }
    }

    fn answer(&self, books: &Books, asked: &Asked, fresh: StatusCode) -> Answer {
        self.say(fresh, books.payout(&asked.id))
    }

    fn contradiction(&self, books: &Books, asked: &Asked) -> Answer {
        let payout = books.payout(&asked.id).map(|payout| payout.told_as(Status::Refused(CLOSED_ACCOUNT)));
        self.say(StatusCode::CREATED, payout.as_ref())
    }

    fn tell(&self, floor: &Floor, id: &str) {
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

impl Bank {
    fn say(&self, status: StatusCode, payout: Option<&Payout>) -> Answer {
        match payout {
            Some(payout) => Answer::Now((status, Json(view(payout, &self.name))).into_response()),
            None => Answer::refusal(Refused::server_error()),
        }
    }
}

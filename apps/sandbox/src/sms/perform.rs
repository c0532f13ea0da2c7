//! A message meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::Sms;
use super::books::{Asked, Books, Status};
use super::routes::view;
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::magic::{Magic, Spell};
use crate::refused::Refused;

/// Why nothing is delivered to a number.
const BLOCKED: &str = "blocked";

impl ByReference for Sms {
    type Asked = Asked;
    const ACTION: Action = Action::Send;

    fn reference(asked: &Asked) -> &Arc<str> {
        &asked.reference
    }

    fn is_known(books: &Books, asked: &Asked) -> Result<bool, Refused> {
        let known = books.message(&asked.reference);
        if known.is_some_and(|message| message.asked != *asked) {
            let reason = format!("another message has this `reference`: {}", asked.reference);
            return Err(Refused::conflict("referenceReused", reason));
        }
        Ok(known.is_some())
    }

    fn spell(magic: &mut Magic, asked: &Asked) -> Option<Spell> {
        magic.sms(&asked.to)
    }

    fn can_strike(books: &Books, asked: &Asked, _: FaultKind) -> bool {
        !books.is_blocked(&asked.to)
    }

    fn accept(books: &mut Books, asked: &Asked) -> Arc<str> {
        books.put(asked.clone(), Status::Queued);
        asked.reference.clone()
    }

    fn act(books: &mut Books, asked: &Asked, manner: Manner, at_ms: i64) {
        if books.is_blocked(&asked.to) {
            books.put(asked.clone(), Status::Refused(BLOCKED));
        } else {
            books.put(asked.clone(), Status::Queued);
            books.accept(&asked.reference, manner, at_ms);
        }
    }

    fn enchant(books: &mut Books, asked: &Asked, spell: Spell, _: i64) -> Option<Arc<str>> {
        // A message knows no other magic than faults, which are not cast here.
        let code = if let Spell::Refuse(code) = spell { code } else { BLOCKED };
        books.put(asked.clone(), Status::Refused(code));
        None
    }

    fn answer(&self, books: &Books, asked: &Asked, fresh: StatusCode) -> Answer {
        let status = books.message(&asked.reference).map(|message| message.status);
        self.say(books, asked, fresh, status)
    }

    fn contradiction(&self, books: &Books, asked: &Asked) -> Answer {
        self.say(books, asked, StatusCode::CREATED, Some(Status::Refused(BLOCKED)))
    }
}

impl Sms {
    /// Tells a message in a state that need not be its own.
    fn say(&self, books: &Books, asked: &Asked, code: StatusCode, status: Option<Status>) -> Answer {
        match books.message(&asked.reference).zip(status) {
            Some((message, status)) => Answer::Now((code, Json(view(message, status, &self.name))).into_response()),
            None => Answer::refusal(Refused::server_error()),
        }
    }
}

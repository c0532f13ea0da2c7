//! A message meets the books: what is done, and what is said about it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::Sms;
use super::books::{Asked, BLOCKED, Books, Status};
use super::routes::view;
use crate::answer::Answer;
use crate::by_reference::{ByReference, Manner};
use crate::faults::{Action, FaultKind};
use crate::magic::{self, Magic, Spell};
use crate::refused::Refused;

impl ByReference for Sms {
    type Asked = Asked;

    fn action(_asked: &Asked) -> Action {
        Action::Send
    }

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

    fn spell(magic: &mut Magic, _books: &Books, asked: &Asked) -> Option<Spell> {
        magic.of(&magic::SMS, &asked.to, Action::Send)
    }

    fn can_strike(books: &Books, asked: &Asked, _: FaultKind, _at_ms: i64) -> bool {
        !books.is_blocked(&asked.to)
    }

    fn accept(books: &mut Books, asked: &Asked, manner: Manner) {
        books.queue(asked.clone(), manner);
    }

    fn settle(books: &mut Books, reference: &Arc<str>, at_ms: i64) {
        books.accept(reference, at_ms);
    }

    fn refuse(books: &mut Books, reference: &Arc<str>, code: &'static str) {
        books.refuse(reference, code);
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
            Some((message, status)) => {
                Answer::Now((code, Json(view(message, status, &self.house.name))).into_response())
            }
            None => Answer::refusal(Refused::server_error()),
        }
    }
}

//! A messaging partner's books: the messages it took, by our reference, and what reached whose phone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::by_reference::Manner;

/// Why nothing is delivered to a number.
pub(super) const BLOCKED: &str = "blocked";

/// A checked message; two are the same when they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub reference: Arc<str>,
    pub to: Arc<str>,
    pub text: Arc<str>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Queued,
    Accepted,
    Refused(&'static str),
}

/// A message that was taken or refused.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub asked: Asked,
    pub status: Status,
    /// How it is delivered once it is accepted.
    manner: Manner,
    pub number: usize,
}

/// The books of one messaging partner.
#[derive(Debug, Default)]
pub(super) struct Books {
    messages: HashMap<Arc<str>, Message>,
    blocked: HashSet<Arc<str>>,
    /// References of accepted messages, in order: the statement.
    accepted: Vec<(Arc<str>, i64)>,
    /// References of messages as phones got them.
    inbox: Vec<Arc<str>>,
    pub lost: usize,
    pub doubled: usize,
}

impl Books {
    /// Refuses whatever is sent to a number; false when that was so before.
    pub fn block(&mut self, number: Arc<str>) -> bool {
        self.blocked.insert(number)
    }

    /// Whether nothing is delivered to a number.
    pub fn is_blocked(&self, number: &str) -> bool {
        self.blocked.contains(number)
    }

    pub fn message(&self, reference: &str) -> Option<&Message> {
        self.messages.get(reference)
    }

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    /// The statement: accepted messages and when.
    pub fn accepted(&self) -> &[(Arc<str>, i64)] {
        &self.accepted
    }

    /// What phones got, in order.
    pub fn inbox(&self) -> impl Iterator<Item = &Asked> {
        self.inbox.iter().filter_map(|reference| self.message(reference)).map(|message| &message.asked)
    }

    /// Puts a message in the queue. The reference must be new.
    pub fn queue(&mut self, asked: Asked, manner: Manner) {
        let number = self.messages.len() + 1;
        self.messages.insert(asked.reference.clone(), Message { asked, status: Status::Queued, manner, number });
    }

    /// Refuses a message that waits.
    pub fn refuse(&mut self, reference: &str, code: &'static str) {
        if let Some(message) = self.messages.get_mut(reference).filter(|message| message.status == Status::Queued) {
            message.status = Status::Refused(code);
        }
    }

    /// Accepts a message that waits, and delivers it, unless its number is blocked.
    pub fn accept(&mut self, reference: &Arc<str>, at_ms: i64) {
        let Some(message) = self.messages.get_mut(reference).filter(|message| message.status == Status::Queued) else {
            return;
        };
        if self.blocked.contains(&message.asked.to) {
            return self.refuse(reference, BLOCKED);
        }
        message.status = Status::Accepted;
        self.accepted.push((reference.clone(), at_ms));
        let copies = match message.manner {
            Manner::Never => {
                self.lost += 1;
                0
            }
            Manner::Rightly | Manner::Shortly => 1,
            Manner::Twice => {
                self.doubled += 1;
                2
            }
        };
        self.inbox.extend(std::iter::repeat_n(reference.clone(), copies));
    }
}

//! Whoever sends short messages: JSON over HTTP, by our reference.
//!
//! A reference is kept for ever: the same message under it is taken once, so that a repeat is safe; another one is
//! refused with a conflict that says nothing about the first, and is read as silence. Taken is not delivered: nobody
//! can promise that, and whoever waits for a message asks for another.

mod deliver;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::json;

use crate::line::{ANSWER_BYTES_MAX, CORRELATION, Line, PAGE_BYTES_MAX};
use crate::{ConfigFault, Unreadable};

pub use deliver::{Delivered, deliver};
pub use words::{SentItem, SentPage};

/// A message to be sent, with the number it goes to: never logged, never stored.
#[derive(Clone)]
pub struct Message {
    /// Our reference: by it the partner is asked before anything is repeated.
    pub reference: String,
    /// The mobile number.
    pub to: Arc<str>,
    /// What it says.
    pub text: Arc<str>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}", self.reference)
    }
}

/// What a messaging partner says about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmsAnswer {
    /// It took it, under this name of its own.
    Taken {
        /// Its name of the message.
        external: String,
    },
    /// It will take it.
    Pending,
    /// It does not.
    Refused {
        /// Why, in its own word.
        code: String,
    },
    /// Its record has no such reference.
    NotFound,
    /// No answer, or one that means nothing.
    Silence,
}

/// Whoever sends messages, real or simulated.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Hands a message over, once.
    async fn send(&self, message: &Message) -> SmsAnswer;

    /// Asks what became of a message, by our reference.
    async fn inquire(&self, message: &Message) -> SmsAnswer;

    /// Reads the list of messages that were taken, after a cursor.
    ///
    /// Errors: it could not be read now.
    async fn statement(&self, after: u64) -> Result<SentPage, Unreadable>;
}

/// How a messaging partner is reached.
#[derive(Clone, Debug)]
pub struct SmsConfig {
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to a messaging partner.
pub struct SmsGateway {
    line: Line,
}

impl SmsGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: SmsConfig) -> Result<SmsGateway, ConfigFault> {
        Ok(SmsGateway { line: Line::new(&config.base_url, config.reply_timeout)? })
    }
}

#[async_trait]
impl Messenger for SmsGateway {
    async fn send(&self, message: &Message) -> SmsAnswer {
        let body = json!({ "reference": message.reference, "to": &*message.to, "text": &*message.text });
        let call = self.line.request(Method::POST, "/messages").json(&body).header(CORRELATION, &message.reference);
        match self.line.ask(call, ANSWER_BYTES_MAX).await {
            Some(reply) => words::sent(message, &reply),
            None => SmsAnswer::Silence,
        }
    }

    async fn inquire(&self, message: &Message) -> SmsAnswer {
        if !words::fits_a_path(&message.reference) {
            return SmsAnswer::Silence;
        }
        let asked = self.line.request(Method::GET, &format!("/messages/{}", message.reference));
        match self.line.ask(asked, ANSWER_BYTES_MAX).await {
            Some(reply) => words::inquired(message, &reply),
            None => SmsAnswer::Silence,
        }
    }

    async fn statement(&self, after: u64) -> Result<SentPage, Unreadable> {
        let path = format!("/statement?after={after}&limit={}", words::PAGE_ITEMS);
        let reply = self.line.ask(self.line.request(Method::GET, &path), PAGE_BYTES_MAX).await;
        words::page(after, &reply.ok_or_else(|| Unreadable("no answer".to_owned()))?)
    }
}

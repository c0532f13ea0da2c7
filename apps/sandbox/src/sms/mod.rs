//! A messaging partner: takes short messages by the caller's reference and delivers them to an inbox.

mod books;
mod perform;
mod routes;

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::{Books, Status};
use crate::by_reference::{ByReference, Later};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::lists;
use crate::refused::Refused;
use crate::request::check_number;

/// How a messaging partner is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsConfig {
    /// Name; also the prefix of its references and part of the fault plan's key.
    pub name: String,
    /// Whether magic numbers are obeyed.
    pub magic: bool,
    /// How calls go wrong.
    pub faults: FaultsConfig,
}

impl Default for SmsConfig {
    fn default() -> Self {
        SmsConfig { name: "SMS".to_owned(), magic: false, faults: FaultsConfig::default() }
    }
}

/// Serves a messaging partner until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the configuration is out of range; otherwise what the listener says.
pub async fn serve_sms(config: SmsConfig, listener: TcpListener) -> io::Result<()> {
    let SmsConfig { name, magic, faults } = config;
    // It calls nobody back: whoever wants to know asks.
    let start = Start { name, callback_url: None, callback_authorization: None, magic, faults };
    let (house, callbacks) = House::open(start, Books::default())?;
    host(Arc::new(Sms { house }), routes::router(), callbacks, listener).await
}

/// One messaging partner.
struct Sms {
    house: House<Books, Later>,
}

type Floor = counterparty::Floor<Books, Later>;

/// The body of a seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsSeed {
    /// Numbers to which nothing is delivered.
    #[serde(default)]
    blocked: Vec<String>,
}

impl Counterparty for Sms {
    type Seed = SmsSeed;
    type Books = Books;
    type Due = Later;

    fn house(&self) -> &House<Books, Later> {
        &self.house
    }

    fn seed(&self, seed: SmsSeed) -> Result<usize, Refused> {
        let mut floor = self.floor();
        for number in &seed.blocked {
            check_number(number)?;
        }
        Ok(seed.blocked.iter().filter(|number| floor.books.block(number.as_str().into())).count())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let books = &floor.books;
        let count = |wanted: fn(Status) -> bool| books.messages().filter(|message| wanted(message.status)).count();
        let (accepted, delivered) = (books.accepted().len(), books.inbox().count());
        json!({
            "sms": self.house.name,
            "messages": count(|_| true),
            "accepted": accepted,
            "queued": count(|status| status == Status::Queued),
            "refused": count(|status| matches!(status, Status::Refused(_))),
            "delivered": delivered,
            "lost": books.lost,
            "doubled": books.doubled,
            "scheduled": floor.desk.agenda.len(),
            "imbalance": (accepted + books.doubled).abs_diff(delivered + books.lost),
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        lists::table(["reference", "to", "at_ms"], floor.books.accepted(), |(reference, at_ms)| {
            let message = floor.books.message(reference);
            let to = message.map(|message| message.asked.to.to_string()).unwrap_or_default();
            [reference.to_string(), to, at_ms.to_string()]
        })
    }

    fn run(&self, floor: &mut Floor, due: Later) {
        self.run_later(floor, due);
    }
}

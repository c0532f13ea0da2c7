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
use crate::by_reference::Manner;
use crate::counterparty::{self, Counterparty, Grounds, host};
use crate::desk::Desk;
use crate::faults::FaultsConfig;
use crate::outbox::Outbox;
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
    config.faults.check().map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
    // It calls nobody back: whoever wants to know asks.
    let (_, callbacks) = Outbox::new();
    host(Arc::new(Sms::new(config)), routes::router(), (callbacks, None), listener).await
}

/// One messaging partner.
struct Sms {
    name: String,
    grounds: Grounds<Books, Arc<str>>,
}

type Floor = counterparty::Floor<Books, Arc<str>>;

/// The body of a seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsSeed {
    /// Numbers to which nothing is delivered.
    #[serde(default)]
    blocked: Vec<String>,
}

impl Sms {
    fn new(config: SmsConfig) -> Self {
        let desk = Desk::new(&config.name, config.faults, false, config.magic);
        Sms { name: config.name, grounds: Grounds::new(Books::default(), desk) }
    }
}

impl Counterparty for Sms {
    type Seed = SmsSeed;
    type Books = Books;
    /// The reference of a queued message.
    type Due = Arc<str>;

    fn grounds(&self) -> &Grounds<Books, Arc<str>> {
        &self.grounds
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
            "sms": self.name,
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
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["sequence", "reference", "to", "at_ms"])?;
        for (position, (reference, at_ms)) in floor.books.accepted().iter().enumerate() {
            let to = floor.books.message(reference).map_or("", |message| &message.asked.to);
            table.write_record([(position + 1).to_string().as_str(), reference, to, &at_ms.to_string()])?;
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    /// Delivers what was queued.
    fn run(&self, floor: &mut Floor, reference: Arc<str>) {
        let at_ms = floor.desk.own_stamp();
        floor.books.accept(&reference, Manner::Rightly, at_ms);
    }
}

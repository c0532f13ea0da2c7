//! A bank: payouts from a prefunded settlement account, with ISO 20022 names.

mod books;
mod payout;
mod perform;
mod routes;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::{Books, CLOSED_ACCOUNT};
use self::payout::{Status, check_card};
use crate::by_reference::ByReference;
use crate::counterparty::{self, Counterparty, Grounds, host};
use crate::desk::Desk;
use crate::faults::FaultsConfig;
use crate::outbox::Outbox;
use crate::refused::Refused;

/// How a bank is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankConfig {
    /// Name; also the prefix of its references and part of the fault plan's key.
    pub bank: String,
    /// Prefunding of the settlement account, fen.
    pub settlement_fen: i64,
    /// Where results of pending and late payouts are posted; an `http://` address.
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`; a secret, and so no part of the configuration's text.
    #[serde(skip)]
    pub callback_authorization: Option<String>,
    /// Whether magic cards are obeyed.
    pub magic: bool,
    /// How calls go wrong.
    pub faults: FaultsConfig,
}

impl Default for BankConfig {
    fn default() -> Self {
        BankConfig {
            bank: "BANK".to_owned(),
            settlement_fen: 100_000_000,
            callback_url: None,
            callback_authorization: None,
            magic: false,
            faults: FaultsConfig::default(),
        }
    }
}

/// Serves a bank until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the configuration is out of range; otherwise what the listener says.
pub async fn serve_bank(config: BankConfig, listener: TcpListener) -> io::Result<()> {
    config.faults.check().map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
    check_funds(config.settlement_fen).map_err(|no| io::Error::new(io::ErrorKind::InvalidInput, no.reason))?;
    let (outbox, callbacks) = Outbox::new();
    let callbacks = (callbacks, config.callback_authorization.clone());
    host(Arc::new(Bank::new(config, outbox)), routes::router(), callbacks, listener).await
}

/// One bank.
struct Bank {
    name: String,
    callback_url: Option<Arc<str>>,
    outbox: Outbox,
    grounds: Grounds<Books, Due>,
}

type Floor = counterparty::Floor<Books, Due>;

/// What a bank may owe for later.
#[derive(Debug)]
enum Due {
    /// A pending payout is paid, if the books still allow it.
    Settle(Arc<str>),
    /// A pending payout is refused for this reason.
    Refuse(Arc<str>, &'static str),
    /// A paid payout comes back.
    Return(Arc<str>),
}

/// The body of a bank's seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BankSeed {
    #[serde(default)]
    accounts: Vec<SeedAccount>,
    #[serde(default)]
    settlement_fen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedAccount {
    card: String,
    #[serde(default)]
    closed: bool,
}

impl Bank {
    fn new(config: BankConfig, outbox: Outbox) -> Self {
        let mut books = Books::default();
        books.fund(config.settlement_fen);
        let desk = Desk::new(&config.bank, config.faults, config.callback_url.is_some(), config.magic);
        Bank {
            name: config.bank,
            callback_url: config.callback_url.map(Arc::from),
            outbox,
            grounds: Grounds::new(books, desk),
        }
    }
}

fn check_funds(fen: i64) -> Result<(), Refused> {
    if fen < 0 {
        return Err(Refused::malformed("invalidAmount", format!("funds below zero: {fen} fen")));
    }
    Ok(())
}

impl Counterparty for Bank {
    type Seed = BankSeed;
    type Books = Books;
    type Due = Due;

    fn grounds(&self) -> &Grounds<Books, Due> {
        &self.grounds
    }

    fn seed(&self, seed: BankSeed) -> Result<usize, Refused> {
        check_funds(seed.settlement_fen)?;
        let mut floor = self.floor();
        let mut named = HashSet::new();
        for account in &seed.accounts {
            check_card(&account.card)?;
            if floor.books.account(&account.card).is_some() || !named.insert(&account.card) {
                return Err(Refused::conflict("alreadySeeded", format!("account known before: {}", account.card)));
            }
        }
        for account in &seed.accounts {
            floor.books.open(account.card.as_str().into(), account.closed);
        }
        floor.books.fund(seed.settlement_fen);
        Ok(seed.accounts.len())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let books = &floor.books;
        let count = |wanted: fn(Status) -> bool| books.payouts().filter(|payout| wanted(payout.status)).count();
        json!({
            "bank": self.name,
            "opening": books.opening_fen,
            "settlement": books.settlement_fen,
            "paid_total": books.paid_fen,
            "returned_total": books.returned_fen,
            "payouts": count(|_| true),
            "pending": count(|status| status == Status::Pending),
            "rejected": count(|status| matches!(status, Status::Refused(_))),
            "scheduled": floor.desk.agenda.len(),
            "entries": books.entries().len(),
            "imbalance": books.opening_fen + books.returned_fen - books.paid_fen - books.settlement_fen,
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["sequence", "end_to_end_id", "account", "amount_fen", "direction", "status", "at_ms"])?;
        for (position, entry) in floor.books.entries().iter().enumerate() {
            let account = floor.books.payout(&entry.payout).map_or("", |payout| &payout.asked.account);
            table.write_record([
                (position + 1).to_string().as_str(),
                &entry.payout,
                account,
                &entry.fen.to_string(),
                entry.direction.name(),
                "BOOK",
                &entry.at_ms.to_string(),
            ])?;
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    fn run(&self, floor: &mut Floor, due: Due) {
        let at_ms = floor.desk.own_stamp();
        let id = match due {
            Due::Settle(id) => {
                let fen = floor.books.payout(&id).map_or(0, |payout| payout.fen);
                floor.books.settle(&id, fen, at_ms);
                id
            }
            Due::Refuse(id, reason) => {
                floor.books.refuse(&id, reason);
                id
            }
            Due::Return(id) => {
                floor.books.send_back(&id, CLOSED_ACCOUNT, at_ms);
                id
            }
        };
        self.tell(floor, &id);
    }
}

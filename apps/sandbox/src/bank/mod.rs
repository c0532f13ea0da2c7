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

use self::books::Books;
use crate::by_reference::{ByReference, Later};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::iso20022::{Status, check_account};
use crate::lists;
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
    check_funds(config.settlement_fen).map_err(|no| io::Error::new(io::ErrorKind::InvalidInput, no.reason))?;
    let BankConfig { bank: name, settlement_fen, callback_url, callback_authorization, magic, faults } = config;
    let mut books = Books::default();
    books.fund(settlement_fen);
    let start = Start { name, callback_url, callback_authorization, magic, faults };
    let (house, callbacks) = House::open(start, books)?;
    host(Arc::new(Bank { house }), routes::router(), callbacks, listener).await
}

/// One bank.
struct Bank {
    house: House<Books, Later>,
}

type Floor = counterparty::Floor<Books, Later>;

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

fn check_funds(fen: i64) -> Result<(), Refused> {
    if fen < 0 {
        return Err(Refused::malformed("invalidAmount", format!("funds below zero: {fen} fen")));
    }
    Ok(())
}

impl Counterparty for Bank {
    type Seed = BankSeed;
    type Books = Books;
    type Due = Later;

    fn house(&self) -> &House<Books, Later> {
        &self.house
    }

    fn seed(&self, seed: BankSeed) -> Result<usize, Refused> {
        check_funds(seed.settlement_fen)?;
        let mut floor = self.floor();
        let mut named = HashSet::new();
        for account in &seed.accounts {
            check_account(&account.card)?;
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
            "bank": self.house.name,
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
        let columns = ["end_to_end_id", "account", "amount_fen", "direction", "status", "at_ms"];
        lists::table(columns, floor.books.entries(), |entry| {
            let payout = floor.books.payout(&entry.payout);
            [
                entry.payout.to_string(),
                payout.map(|payout| payout.asked.account.to_string()).unwrap_or_default(),
                entry.fen.to_string(),
                entry.direction.name().to_owned(),
                "BOOK".to_owned(),
                entry.at_ms.to_string(),
            ]
        })
    }

    fn run(&self, floor: &mut Floor, due: Later) {
        self.run_later(floor, due);
    }
}

//! An acquirer: collects from payers' instruments for a merchant, and gives back to the instrument that paid.

mod books;
mod perform;
mod routes;
mod transaction;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::{Books, Payer};
use self::transaction::Transaction;
use crate::by_reference::{ByReference, Later};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::iso20022::{Status, check_account};
use crate::lists;
use crate::refused::Refused;

/// How an acquirer is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcquirerConfig {
    /// Name; also the prefix of its references and part of the fault plan's key.
    pub acquirer: String,
    /// Where results of pending and late transactions are posted; an `http://` address.
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`; a secret, and so no part of the configuration's text.
    #[serde(skip)]
    pub callback_authorization: Option<String>,
    /// Whether magic instruments are obeyed.
    pub magic: bool,
    /// How calls go wrong.
    pub faults: FaultsConfig,
}

impl Default for AcquirerConfig {
    fn default() -> Self {
        AcquirerConfig {
            acquirer: "ACQUIRER".to_owned(),
            callback_url: None,
            callback_authorization: None,
            magic: false,
            faults: FaultsConfig::default(),
        }
    }
}

/// Serves an acquirer until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the configuration is out of range; otherwise what the listener says.
pub async fn serve_acquirer(config: AcquirerConfig, listener: TcpListener) -> io::Result<()> {
    let AcquirerConfig { acquirer: name, callback_url, callback_authorization, magic, faults } = config;
    let start = Start { name, callback_url, callback_authorization, magic, faults };
    let (house, callbacks) = House::open(start, Books::default())?;
    host(Arc::new(Acquirer { house }), routes::router(), callbacks, listener).await
}

/// One acquirer.
struct Acquirer {
    house: House<Books, Later>,
}

type Floor = counterparty::Floor<Books, Later>;

/// The body of an acquirer's seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcquirerSeed {
    #[serde(default)]
    payers: Vec<SeedPayer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedPayer {
    instrument: String,
    balance_fen: i64,
    #[serde(default)]
    closed: bool,
}

impl SeedPayer {
    fn check(&self) -> Result<(), Refused> {
        check_account(&self.instrument)?;
        // Ten trillion yuan, as much as an amount can say.
        if !(0..=1_000_000_000_000_000).contains(&self.balance_fen) {
            let reason = format!("a balance is 0 to 10^15 fen: {}", self.balance_fen);
            return Err(Refused::malformed("invalidAmount", reason));
        }
        Ok(())
    }
}

impl Counterparty for Acquirer {
    type Seed = AcquirerSeed;
    type Books = Books;
    type Due = Later;

    fn house(&self) -> &House<Books, Later> {
        &self.house
    }

    fn seed(&self, seed: AcquirerSeed) -> Result<usize, Refused> {
        let mut floor = self.floor();
        let mut named = HashSet::new();
        for payer in &seed.payers {
            payer.check()?;
            if floor.books.payer(&payer.instrument).is_some() || !named.insert(&payer.instrument) {
                let reason = format!("payer known before: {}", payer.instrument);
                return Err(Refused::conflict("alreadySeeded", reason));
            }
        }
        for SeedPayer { instrument, balance_fen, closed } in &seed.payers {
            floor.books.open(instrument.as_str().into(), Payer { closed: *closed, fen: *balance_fen });
        }
        Ok(seed.payers.len())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let books = &floor.books;
        let count = |wanted: fn(&Transaction) -> bool| books.transactions().filter(|found| wanted(found)).count();
        json!({
            "acquirer": self.house.name,
            "payers": books.payers().len(),
            "payments": count(|found| found.asked.original().is_none()),
            "refunds": count(|found| found.asked.original().is_some()),
            "pending": count(|found| found.status == Status::Pending),
            "rejected": count(|found| matches!(found.status, Status::Refused(_))),
            "opening": books.opening_fen,
            "collected_total": books.collected_fen,
            "refunded_total": books.refunded_fen,
            "returned_total": books.returned_fen,
            "merchant": books.merchant_fen,
            "scheduled": floor.desk.agenda.len(),
            "entries": books.entries().len(),
            "imbalance": books.imbalance(),
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        let columns =
            ["end_to_end_id", "orgnl_end_to_end_id", "instrument", "amount_fen", "kind", "debit", "credit", "at_ms"];
        lists::table(columns, floor.books.entries(), |entry| {
            let transaction = floor.books.transaction(&entry.id);
            let original = transaction.and_then(|transaction| transaction.asked.original());
            let (debit, credit) = entry.booked.accounts();
            [
                entry.id.to_string(),
                original.map(|original| original.to_string()).unwrap_or_default(),
                entry.payer.to_string(),
                entry.fen.to_string(),
                entry.booked.name().to_owned(),
                debit.to_owned(),
                credit.to_owned(),
                entry.at_ms.to_string(),
            ]
        })
    }

    fn run(&self, floor: &mut Floor, due: Later) {
        self.run_later(floor, due);
    }
}

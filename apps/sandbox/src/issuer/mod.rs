//! An e-commerce house: issues vouchers to holders of phone numbers and hands each one's code out once.

mod books;
mod code;
mod deeds;
mod perform;
mod routes;
mod voucher;

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::Books;
use self::code::Codes;
use self::voucher::Status;
use crate::by_reference::{ByReference, Later};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::lists;
use crate::refused::Refused;
use crate::request::check_number;

/// How an issuer is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerConfig {
    /// Name; also part of the fault plan's key.
    pub issuer: String,
    /// Where results of pending and late vouchers are posted; an `http://` address.
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`; a secret, and so no part of the configuration's text.
    #[serde(skip)]
    pub callback_authorization: Option<String>,
    /// Whether magic numbers are obeyed.
    pub magic: bool,
    /// How calls go wrong.
    pub faults: FaultsConfig,
}

impl Default for IssuerConfig {
    fn default() -> Self {
        IssuerConfig {
            issuer: "ISSUER".to_owned(),
            callback_url: None,
            callback_authorization: None,
            magic: false,
            faults: FaultsConfig::default(),
        }
    }
}

/// Serves an issuer until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the configuration is out of range; otherwise what the listener says.
pub async fn serve_issuer(config: IssuerConfig, listener: TcpListener) -> io::Result<()> {
    let IssuerConfig { issuer: name, callback_url, callback_authorization, magic, faults } = config;
    let start = Start { name, callback_url, callback_authorization, magic, faults };
    let (house, callbacks) = House::open(start, Books::default())?;
    host(Arc::new(Issuer { house, codes: Codes::default() }), routes::router(), callbacks, listener).await
}

/// One issuer.
struct Issuer {
    house: House<Books, Later>,
    codes: Codes,
}

type Floor = counterparty::Floor<Books, Later>;

/// The body of an issuer's seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerSeed {
    /// Numbers to whose holders nothing is issued.
    #[serde(default)]
    blocked: Vec<String>,
    /// Whether nothing at all is issued from now on; unchanged when absent.
    stopped: Option<bool>,
}

impl Counterparty for Issuer {
    type Seed = IssuerSeed;
    type Books = Books;
    type Due = Later;

    fn house(&self) -> &House<Books, Later> {
        &self.house
    }

    fn seed(&self, seed: IssuerSeed) -> Result<usize, Refused> {
        seed.blocked.iter().try_for_each(|number| check_number(number))?;
        let mut floor = self.floor();
        if let Some(stopped) = seed.stopped {
            floor.books.stopped = stopped;
        }
        Ok(seed.blocked.iter().filter(|number| floor.books.block(number.as_str().into())).count())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let books = &floor.books;
        let count = |wanted: fn(Status) -> bool| books.vouchers().filter(|voucher| wanted(voucher.status)).count();
        json!({
            "issuer": self.house.name,
            "vouchers": count(|_| true),
            "pending": count(|status| status == Status::Pending),
            "issued": count(|status| status == Status::Issued),
            "cancelled": count(|status| status == Status::Cancelled),
            "refused": count(|status| matches!(status, Status::Refused(_))),
            "collected": books.vouchers().filter(|voucher| voucher.collected_ms.is_some()).count(),
            "issued_total": books.issued_fen,
            "cancelled_total": books.cancelled_fen,
            "receivable": books.receivable_fen,
            "liability": books.liability_fen,
            "scheduled": floor.desk.agenda.len(),
            "entries": books.entries().len(),
            "imbalance": books.imbalance(),
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        let columns = ["reference", "voucher", "amount_fen", "kind", "debit", "credit", "at_ms"];
        lists::table(columns, floor.books.entries(), |entry| {
            let (debit, credit) = entry.kind.accounts();
            [
                entry.reference.to_string(),
                floor.books.voucher(&entry.reference).map(|voucher| voucher.name()).unwrap_or_default(),
                entry.fen.to_string(),
                entry.kind.name().to_owned(),
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

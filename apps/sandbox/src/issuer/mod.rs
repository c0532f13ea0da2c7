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
use crate::by_reference::ByReference;
use crate::counterparty::{self, Counterparty, Grounds, host};
use crate::desk::Desk;
use crate::faults::FaultsConfig;
use crate::outbox::Outbox;
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
    config.faults.check().map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
    let (outbox, callbacks) = Outbox::new();
    let callbacks = (callbacks, config.callback_authorization.clone());
    host(Arc::new(Issuer::new(config, outbox)), routes::router(), callbacks, listener).await
}

/// One issuer.
struct Issuer {
    name: String,
    callback_url: Option<Arc<str>>,
    outbox: Outbox,
    codes: Codes,
    grounds: Grounds<Books, Due>,
}

type Floor = counterparty::Floor<Books, Due>;

/// What an issuer may owe for later, by the caller's reference.
#[derive(Debug)]
enum Due {
    /// A pending voucher is issued, if the books still allow it.
    Settle(Arc<str>),
    /// A pending voucher is refused for this reason.
    Refuse(Arc<str>, &'static str),
    /// An issued voucher is cancelled by the issuer itself.
    Cancel(Arc<str>),
}

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

impl Issuer {
    fn new(config: IssuerConfig, outbox: Outbox) -> Self {
        let desk = Desk::new(&config.issuer, config.faults, config.callback_url.is_some(), config.magic);
        Issuer {
            name: config.issuer,
            callback_url: config.callback_url.map(Arc::from),
            outbox,
            codes: Codes::default(),
            grounds: Grounds::new(Books::default(), desk),
        }
    }
}

impl Counterparty for Issuer {
    type Seed = IssuerSeed;
    type Books = Books;
    type Due = Due;

    fn grounds(&self) -> &Grounds<Books, Due> {
        &self.grounds
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
            "issuer": self.name,
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
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["sequence", "reference", "voucher", "amount_fen", "kind", "debit", "credit", "at_ms"])?;
        for (position, entry) in floor.books.entries().iter().enumerate() {
            let voucher = floor.books.voucher(&entry.reference).map(|voucher| voucher.name()).unwrap_or_default();
            let (debit, credit) = entry.kind.accounts();
            table.write_record([
                (position + 1).to_string().as_str(),
                &entry.reference,
                &voucher,
                &entry.fen.to_string(),
                entry.kind.name(),
                debit,
                credit,
                &entry.at_ms.to_string(),
            ])?;
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    fn run(&self, floor: &mut Floor, due: Due) {
        let at_ms = floor.desk.own_stamp();
        let reference = match due {
            Due::Settle(reference) => {
                floor.books.settle(&reference, at_ms);
                reference
            }
            Due::Refuse(reference, reason) => {
                floor.books.refuse(&reference, reason);
                reference
            }
            Due::Cancel(reference) => {
                // A voucher whose code was collected meanwhile stays: then there is no news.
                if floor.books.cancel(&reference, at_ms).is_err() {
                    return;
                }
                reference
            }
        };
        self.tell(floor, &reference);
    }
}

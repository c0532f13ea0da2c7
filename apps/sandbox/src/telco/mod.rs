//! A telco: TMF654 v4 over books of its own.

mod books;
mod buckets;
mod drafts;
mod lists;
mod perform;
mod ports;
mod records;
mod register;
mod routes;
mod views;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::Books;
use self::buckets::Opening;
use self::records::{Order, RowId};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::refused::Refused;

/// What a telco can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Reserve, capture and release; also adjust and top up.
    #[default]
    Reserve,
    /// Adjust and top up only.
    DeductOnly,
}

/// How a telco is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelcoConfig {
    /// Name, such as `CTCC`; also part of the fault plan's key.
    pub telco: String,
    /// What it can do.
    #[serde(default)]
    pub profile: Profile,
    /// Where results of late actions are posted; an `http://` address.
    #[serde(default)]
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`; a secret, and so no part of the configuration's text.
    #[serde(skip)]
    pub callback_authorization: Option<String>,
    /// Whether magic numbers are obeyed.
    #[serde(default)]
    pub magic: bool,
    /// How long a reservation holds, real milliseconds; for ever when absent.
    #[serde(default)]
    pub reserve_validity_ms: Option<u64>,
    /// How calls go wrong.
    #[serde(default)]
    pub faults: FaultsConfig,
}

impl TelcoConfig {
    /// A telco that reserves and behaves.
    pub fn named(telco: impl Into<String>) -> Self {
        TelcoConfig {
            telco: telco.into(),
            profile: Profile::Reserve,
            callback_url: None,
            callback_authorization: None,
            magic: false,
            reserve_validity_ms: None,
            faults: FaultsConfig::default(),
        }
    }
}

/// Serves a telco until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the fault configuration is out of range; otherwise what the listener says.
pub async fn serve_telco(config: TelcoConfig, listener: TcpListener) -> io::Result<()> {
    let TelcoConfig { telco: name, profile, callback_url, callback_authorization, magic, reserve_validity_ms, faults } =
        config;
    let start = Start { name, callback_url, callback_authorization, magic, faults };
    let (house, callbacks) = House::open(start, Books::default())?;
    let telco = Telco { house, reserve_validity: reserve_validity_ms.map(Duration::from_millis) };
    host(Arc::new(telco), routes::router(profile).merge(ports::router()), callbacks, listener).await
}

/// One telco.
struct Telco {
    house: House<Books, Due>,
    reserve_validity: Option<Duration>,
}

type Floor = counterparty::Floor<Books, Due>;

/// What a telco may owe for later.
#[derive(Debug)]
enum Due {
    /// An order that was accepted for later.
    Queued(Order, RowId),
    /// An order that was not answered, and that the billing run takes.
    Bill(Order),
    /// The end of a reservation's validity.
    Expiry(u32),
}

/// The body of a telco's seed.
#[derive(Deserialize)]
struct TelcoSeed {
    #[serde(default)]
    buckets: Vec<SeedBucket>,
    #[serde(default)]
    ported: Vec<ports::Ported>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedBucket {
    msisdn: String,
    remaining_fen: i64,
    #[serde(default)]
    closed: bool,
}

/// Checks a number: 1 to 20 digits.
fn check_msisdn(msisdn: &str) -> Result<(), Refused> {
    if msisdn.is_empty() || msisdn.len() > 20 || !msisdn.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::malformed("invalidMsisdn", format!("a number is 1 to 20 digits: {msisdn}")));
    }
    Ok(())
}

/// Checks a first balance: not below zero nor above ten trillion yuan.
fn check_grant(granted_fen: i64) -> Result<(), Refused> {
    if !(0..=1_000_000_000_000_000).contains(&granted_fen) {
        return Err(Refused::malformed("invalidAmount", format!("a first balance is 0 to 10^15 fen: {granted_fen}")));
    }
    Ok(())
}

impl Counterparty for Telco {
    type Seed = TelcoSeed;
    type Books = Books;
    type Due = Due;

    fn house(&self) -> &House<Books, Due> {
        &self.house
    }

    fn seed(&self, seed: TelcoSeed) -> Result<usize, Refused> {
        let mut floor = self.floor();
        let mut named = HashSet::new();
        for bucket in &seed.buckets {
            check_msisdn(&bucket.msisdn)?;
            check_grant(bucket.remaining_fen)?;
            let known = !floor.books.buckets.with_msisdn(&bucket.msisdn).is_empty();
            if known || !named.insert(&bucket.msisdn) {
                return Err(Refused::conflict("alreadySeeded", format!("number seeded before: {}", bucket.msisdn)));
            }
        }
        seed.ported.iter().try_for_each(ports::Ported::check)?;
        floor.books.ported.extend(seed.ported.into_iter().map(|ported| (ported.msisdn, ported.to)));
        let at_ms = floor.desk.own_stamp();
        for SeedBucket { msisdn, remaining_fen, closed } in seed.buckets.iter() {
            let opening =
                Opening { msisdn: msisdn.as_str().into(), granted_fen: *remaining_fen, closed: *closed, at_ms };
            floor.books.buckets.open(opening);
        }
        Ok(seed.buckets.len())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let totals = floor.books.buckets.totals();
        let Books { taken_fen: taken, credited_fen: credited, transferred_fen: transferred, .. } = &floor.books;
        json!({
            "telco": self.house.name,
            "buckets": floor.books.buckets.len(),
            "granted": totals.granted,
            "remaining": totals.remaining,
            "reserved": totals.reserved,
            "taken_total": taken,
            "credited_total": credited,
            "transferred_total": transferred,
            "actions": floor.books.history.all().len(),
            "scheduled": floor.desk.agenda.len(),
            "overdrawn": totals.overdrawn,
            "imbalance": totals.granted - (totals.remaining + totals.reserved + taken - credited),
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        let columns = ["correlation_id", "kind", "msisdn", "amount_fen", "status", "at_ms"];
        crate::lists::table(columns, floor.books.history.all(), |item| {
            let bucket = floor.books.buckets.get(item.bucket);
            [
                item.reference.to_string(),
                item.kind.type_name().to_owned(),
                bucket.map(|bucket| bucket.msisdn.to_string()).unwrap_or_default(),
                item.fen.to_string(),
                item.status.name().to_owned(),
                item.at_ms.to_string(),
            ]
        })
    }

    fn run(&self, floor: &mut Floor, due: Due) {
        let at_ms = floor.desk.own_stamp();
        match due {
            Due::Queued(order, row) => {
                let item = floor.books.run_queued(&order, row, at_ms);
                self.tell(floor, item);
                self.limit_validity(floor, order.kind, row);
            }
            // A billing run tells nobody: only the history shows it.
            Due::Bill(order) => drop(floor.books.bill(&order, at_ms)),
            Due::Expiry(reservation) => {
                if let Some(item) = floor.books.expire(reservation, at_ms) {
                    self.tell(floor, item);
                }
            }
        }
    }

    fn keeps_its_time(due: &Due) -> bool {
        matches!(due, Due::Expiry(_))
    }
}

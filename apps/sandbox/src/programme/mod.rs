//! A points programme: takes points from members, gives them back, and gives new ones.
//!
//! Members and balances have the names of TMF658; what moves points has none there, and is the sandbox's own.

mod books;
mod lots;
mod perform;
mod routes;
mod transaction;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::books::{Books, Member};
use self::transaction::{Kind, Status, Transaction, check_day, check_points};
use crate::by_reference::{ByReference, Later};
use crate::counterparty::{self, Counterparty, House, Start, host};
use crate::faults::FaultsConfig;
use crate::iso20022::check_account;
use crate::lists;
use crate::refused::Refused;

/// How a programme is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeConfig {
    /// Name, such as `BANK_POINTS`; also the prefix of its references and part of the fault plan's key.
    pub programme: String,
    /// Where results of pending and late transactions are posted; an `http://` address.
    #[serde(default)]
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`; a secret, and so no part of the configuration's text.
    #[serde(skip)]
    pub callback_authorization: Option<String>,
    /// Whether magic members are obeyed.
    #[serde(default)]
    pub magic: bool,
    /// How calls go wrong.
    #[serde(default)]
    pub faults: FaultsConfig,
}

impl ProgrammeConfig {
    /// A programme that behaves.
    pub fn named(programme: impl Into<String>) -> Self {
        ProgrammeConfig {
            programme: programme.into(),
            callback_url: None,
            callback_authorization: None,
            magic: false,
            faults: FaultsConfig::default(),
        }
    }
}

/// Serves a programme until the listener fails; dropping the future stops it.
///
/// Errors: `InvalidInput` when the configuration is out of range; otherwise what the listener says.
pub async fn serve_programme(config: ProgrammeConfig, listener: TcpListener) -> io::Result<()> {
    let ProgrammeConfig { programme: name, callback_url, callback_authorization, magic, faults } = config;
    let start = Start { name, callback_url, callback_authorization, magic, faults };
    let (house, callbacks) = House::open(start, Books::default())?;
    host(Arc::new(Programme { house }), routes::router(), callbacks, listener).await
}

/// One programme.
struct Programme {
    house: House<Books, Later>,
}

type Floor = counterparty::Floor<Books, Later>;

/// The body of a programme's seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeSeed {
    #[serde(default)]
    members: Vec<SeedMember>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedMember {
    member: String,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    lots: Vec<SeedLot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedLot {
    lot: String,
    points: i64,
    expires_on: String,
}

impl SeedMember {
    /// The member. A lot named twice with one day is one lot.
    fn check(&self) -> Result<Member, Refused> {
        check_account(&self.member)?;
        let mut member = Member { closed: self.closed, ..Member::default() };
        for lot in &self.lots {
            check_account(&lot.lot)?;
            let key = (check_day(&lot.expires_on)?, lot.lot.as_str().into());
            member.lots.put((key, check_points(lot.points)?));
        }
        Ok(member)
    }
}

impl Counterparty for Programme {
    type Seed = ProgrammeSeed;
    type Books = Books;
    type Due = Later;

    fn house(&self) -> &House<Books, Later> {
        &self.house
    }

    fn seed(&self, seed: ProgrammeSeed) -> Result<usize, Refused> {
        let mut floor = self.floor();
        let mut named = HashSet::new();
        let mut admitted = Vec::new();
        for member in &seed.members {
            admitted.push((member.member.as_str().into(), member.check()?));
            if floor.books.member(&member.member).is_some() || !named.insert(&member.member) {
                return Err(Refused::conflict("alreadySeeded", format!("member known before: {}", member.member)));
            }
        }
        admitted.into_iter().for_each(|(member, lots)| floor.books.admit(member, lots));
        Ok(seed.members.len())
    }

    fn books(&self) -> Value {
        let floor = self.floor();
        let books = &floor.books;
        let count = |wanted: fn(&Transaction) -> bool| books.transactions().filter(|found| wanted(found)).count();
        json!({
            "programme": self.house.name,
            "members": books.members().len(),
            "redemptions": count(|found| matches!(found.asked.kind, Kind::Redemption { .. })),
            "reversals": count(|found| matches!(found.asked.kind, Kind::Reversal { .. })),
            "accruals": count(|found| matches!(found.asked.kind, Kind::Accrual { .. })),
            "pending": count(|found| found.status == Status::Pending),
            "refused": count(|found| matches!(found.status, Status::Refused(_))),
            "opening": books.opening,
            "redeemed_total": books.redeemed,
            "reversed_total": books.reversed,
            "accrued_total": books.accrued,
            "caller": books.caller,
            "scheduled": floor.desk.agenda.len(),
            "entries": books.entries().len(),
            "imbalance": books.imbalance(),
        })
    }

    fn books_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let floor = self.floor();
        let columns = ["reference", "redemption", "member", "points", "kind", "debit", "credit", "at_ms"];
        lists::table(columns, floor.books.entries(), |entry| {
            let asked = floor.books.transaction(&entry.reference).map(|transaction| &transaction.asked);
            let member = asked.and_then(|asked| floor.books.member_of(asked));
            let (debit, credit) = entry.booked.accounts();
            [
                entry.reference.to_string(),
                asked.and_then(|asked| asked.redemption()).map(|redemption| redemption.to_string()).unwrap_or_default(),
                member.map(|member| member.to_string()).unwrap_or_default(),
                entry.points.to_string(),
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

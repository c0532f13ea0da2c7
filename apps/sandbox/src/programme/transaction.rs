//! A redemption, an accrual, or the reversal of a redemption: what is asked, what became of it, and its JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lots::Portion;
use crate::clock::is_date;
use crate::iso20022::check_account;
use crate::refused::Refused;
use crate::request::reference;

/// The most points that one transaction moves.
const POINTS_MAX: i64 = 1_000_000_000_000;

/// The body of `POST /redemptions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedemptionBody {
    reference: String,
    member: String,
    points: i64,
}

/// The body of `POST /accruals`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccrualBody {
    reference: String,
    member: String,
    points: i64,
    expires_on: Option<String>,
}

/// The body of `POST /redemptions/{reference}/reversal`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReversalBody {
    reference: String,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes points from a member.
    Redemption { member: Arc<str>, points: i64 },
    /// Gives a member points, until a day: the programme's own term when none is asked for.
    Accrual { member: Arc<str>, points: i64, expires_on: Option<Arc<str>> },
    /// Gives back what this redemption took.
    Reversal { redemption: Arc<str> },
}

impl Kind {
    /// The name on the wire.
    fn name(&self) -> &'static str {
        match self {
            Kind::Redemption { .. } => "Redemption",
            Kind::Accrual { .. } => "Accrual",
            Kind::Reversal { .. } => "Reversal",
        }
    }
}

/// A checked transaction; two are the same when they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub reference: Arc<str>,
    pub kind: Kind,
}

impl RedemptionBody {
    /// Checks the body. Checks, in order: reference, member, points.
    pub fn check(self) -> Result<Asked, Refused> {
        let reference = named(&self.reference)?;
        check_account(&self.member)?;
        let kind = Kind::Redemption { member: self.member.into(), points: check_points(self.points)? };
        Ok(Asked { reference, kind })
    }
}

impl AccrualBody {
    /// Checks the body. Checks, in order: reference, member, points, day.
    pub fn check(self) -> Result<Asked, Refused> {
        let reference = named(&self.reference)?;
        check_account(&self.member)?;
        let points = check_points(self.points)?;
        let expires_on = self.expires_on.as_deref().map(check_day).transpose()?;
        Ok(Asked { reference, kind: Kind::Accrual { member: self.member.into(), points, expires_on } })
    }
}

impl ReversalBody {
    /// Checks the body, and the redemption that the path names.
    pub fn check(self, redemption: &str) -> Result<Asked, Refused> {
        let reference = named(&self.reference)?;
        Ok(Asked { reference, kind: Kind::Reversal { redemption: named(redemption)? } })
    }
}

fn named(text: &str) -> Result<Arc<str>, Refused> {
    reference(text).map_err(|_| Refused::malformed("invalidReference", "`reference` is 1 to 128 of `[A-Za-z0-9._:-]`"))
}

/// Checks points: 1 to 10^12.
pub(super) fn check_points(points: i64) -> Result<i64, Refused> {
    if (1..=POINTS_MAX).contains(&points) {
        return Ok(points);
    }
    Err(Refused::malformed("invalidAmount", format!("`points` is 1 to {POINTS_MAX}: {points}")))
}

/// Checks a day.
pub(super) fn check_day(day: &str) -> Result<Arc<str>, Refused> {
    if is_date(day) {
        return Ok(day.into());
    }
    Err(Refused::malformed("invalidDate", format!("`expires_on` is a day such as 2027-01-01: {day}")))
}

impl Asked {
    /// The redemption that it reverses.
    pub fn redemption(&self) -> Option<&Arc<str>> {
        if let Kind::Reversal { redemption } = &self.kind { Some(redemption) } else { None }
    }
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Done,
    /// With the programme's own code.
    Refused(&'static str),
}

/// A transaction that was taken down.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// As the caller sent it.
    pub asked: Asked,
    /// What is or will be moved.
    pub points: i64,
    pub status: Status,
    /// What was moved of which lot.
    pub portions: Vec<Portion>,
    /// The reversals of a redemption, whatever became of them.
    pub reversals: Vec<Arc<str>>,
    /// Whether the points of a redemption were given back.
    pub is_reversed: bool,
    number: usize,
}

impl Transaction {
    /// A transaction that is accepted and not yet decided.
    pub fn pending(asked: Asked, points: i64, number: usize) -> Self {
        Transaction {
            asked,
            points,
            status: Status::Pending,
            portions: Vec::new(),
            reversals: Vec::new(),
            is_reversed: false,
            number,
        }
    }

    /// The programme's own name of it.
    pub fn name(&self, programme: &str) -> String {
        format!("{programme}-{}", self.number)
    }

    /// The word for what became of it.
    pub fn status_name(&self) -> &'static str {
        match (self.status, &self.asked.kind) {
            (Status::Pending, _) => "pending",
            (Status::Refused(_), _) => "refused",
            (Status::Done, Kind::Redemption { .. }) if self.is_reversed => "reversed",
            (Status::Done, Kind::Redemption { .. }) => "redeemed",
            (Status::Done, Kind::Accrual { .. }) => "accrued",
            (Status::Done, Kind::Reversal { .. }) => "reversed",
        }
    }
}

#[derive(Serialize)]
struct View<'a> {
    reference: &'a str,
    #[serde(rename = "@type")]
    kind: &'static str,
    transaction: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    points: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redemption: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lots: Vec<Value>,
}

/// The JSON of a transaction: its member is not in it.
pub(super) fn view<'a>(transaction: &'a Transaction, programme: &str) -> impl Serialize + 'a {
    let reason = if let Status::Refused(reason) = transaction.status { Some(reason) } else { None };
    let lot =
        |((expires_on, lot), points): &Portion| json!({"lot": **lot, "points": points, "expires_on": **expires_on});
    View {
        reference: &transaction.asked.reference,
        kind: transaction.asked.kind.name(),
        transaction: transaction.name(programme),
        status: transaction.status_name(),
        reason,
        points: transaction.points,
        redemption: transaction.asked.redemption().map(|redemption| &**redemption),
        lots: transaction.portions.iter().map(lot).collect(),
    }
}

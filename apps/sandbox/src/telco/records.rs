//! What a telco writes down: buckets, resources, history items.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::register::Indexed;
use crate::faults::Action;

/// What an action does to a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reserve,
    Capture,
    Release,
    Adjust,
    Topup,
    Transfer,
}

impl Kind {
    /// The `@type` of the history.
    pub fn type_name(self) -> &'static str {
        match self {
            Kind::Reserve => "ReserveBalance",
            Kind::Capture => "CaptureBalance",
            Kind::Release => "ReleaseBalance",
            Kind::Adjust => "AdjustBalance",
            Kind::Topup => "TopupBalance",
            Kind::Transfer => "TransferBalance",
        }
    }

    /// The resource the action belongs to.
    pub fn resource(self) -> Resource {
        match self {
            Kind::Reserve | Kind::Capture | Kind::Release => Resource::Reserve,
            Kind::Adjust => Resource::Adjust,
            Kind::Topup => Resource::Topup,
            Kind::Transfer => Resource::Transfer,
        }
    }

    /// The step, as the fault plan names it; the amount tells a deduction from a credit.
    pub fn action(self, fen: i64) -> Action {
        match self {
            Kind::Reserve => Action::Reserve,
            Kind::Capture => Action::Capture,
            Kind::Release => Action::Release,
            Kind::Adjust if fen < 0 => Action::Deduct,
            Kind::Adjust | Kind::Topup => Action::Credit,
            Kind::Transfer => Action::Transfer,
        }
    }

    /// The amount as the history shows it: minus takes from the subscriber, plus gives.
    pub fn signed(self, fen: i64) -> i64 {
        match self {
            Kind::Reserve | Kind::Capture | Kind::Transfer => -fen,
            Kind::Release | Kind::Adjust | Kind::Topup => fen,
        }
    }
}

/// A TMF654 resource with ids of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Reserve,
    Adjust,
    Topup,
    Transfer,
}

impl Resource {
    /// The path segment, which is also the key inside an event.
    pub fn path(self) -> &'static str {
        match self {
            Resource::Reserve => "reserveBalance",
            Resource::Adjust => "adjustBalance",
            Resource::Topup => "topupBalance",
            Resource::Transfer => "transferBalance",
        }
    }

    /// The `@type` of the resource.
    pub fn type_name(self) -> &'static str {
        match self {
            Resource::Reserve => "ReserveBalance",
            Resource::Adjust => "AdjustBalance",
            Resource::Topup => "TopupBalance",
            Resource::Transfer => "TransferBalance",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Resource::Reserve => "rsv-",
            Resource::Adjust => "adj-",
            Resource::Topup => "top-",
            Resource::Transfer => "trf-",
        }
    }
}

/// A resource's id, such as `rsv-1`; positions count from zero, ids from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowId {
    pub resource: Resource,
    pub position: u32,
}

impl RowId {
    /// Reads an id of this resource.
    pub fn parse(resource: Resource, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(resource.prefix())?;
        let position = digits.parse::<u32>().ok()?.checked_sub(1)?;
        let id = RowId { resource, position };
        // `rsv-01` and `rsv-+1` name nothing.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.resource.prefix(), u64::from(self.position) + 1)
    }
}

/// TMF `ActionStatusType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Created,
    Failed,
    Cancelled,
    Completed,
}

impl Status {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Completed => "completed",
        }
    }
}

/// A subscriber's monetary balance.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub id: Arc<str>,
    /// Empty for a bucket without a number.
    pub msisdn: Arc<str>,
    pub closed: bool,
    /// Spendable, fen. Below zero only by a billing run.
    pub remaining_fen: i64,
    /// Held by reservations, fen.
    pub reserved_fen: i64,
    pub opened_ms: i64,
}

/// One thing a caller asks of the books.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub kind: Kind,
    pub bucket: u32,
    /// The reservation's position, for capture and release.
    pub reservation: Option<u32>,
    /// The bucket that a transfer brings its amount to.
    pub receiver: Option<u32>,
    /// Positive, except that an adjustment is signed.
    pub fen: i64,
    /// Empty when the caller gave none.
    pub reference: Arc<str>,
    pub at_ms: i64,
    pub party: Option<Arc<str>>,
    pub reason: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
}

impl Order {
    /// The step, as the fault plan names it.
    pub fn action(&self) -> Action {
        self.kind.action(self.fen)
    }

    /// The same order for one fen less, or `None` when nothing would be left.
    pub fn shortened(&self) -> Option<Order> {
        let fen = self.fen - self.fen.signum();
        (fen != 0).then(|| Order { fen, ..self.clone() })
    }
}

/// A reserve, adjust, topup or transfer resource; the only record that changes.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub bucket: u32,
    /// The bucket that a transfer brings its amount to.
    pub receiver: Option<u32>,
    /// As asked; of a reservation positive, and after a capture what was captured.
    pub fen: i64,
    pub status: Status,
    pub reference: Arc<str>,
    pub party: Option<Arc<str>>,
    pub reason: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub requested_ms: i64,
    /// `None` while queued.
    pub confirmed_ms: Option<i64>,
}

impl Row {
    /// Whether a reservation holds value now.
    pub fn is_held(&self) -> bool {
        self.status == Status::Created && self.confirmed_ms.is_some()
    }
}

impl Indexed for Row {
    fn reference(&self) -> &Arc<str> {
        &self.reference
    }

    fn bucket(&self) -> u32 {
        self.bucket
    }
}

/// A line of the history; never changes.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub kind: Kind,
    pub row: Option<RowId>,
    pub bucket: u32,
    /// The bucket that a transfer brings its amount to.
    pub receiver: Option<u32>,
    /// Signed as in [`Kind::signed`].
    pub fen: i64,
    pub status: Status,
    pub reference: Arc<str>,
    pub requested_ms: i64,
    pub at_ms: i64,
    /// The refusal's code, on a failed item.
    pub refusal: Option<&'static str>,
    /// Why it happened when nobody was calling.
    pub note: Option<&'static str>,
}

impl Indexed for Item {
    fn reference(&self) -> &Arc<str> {
        &self.reference
    }

    fn bucket(&self) -> u32 {
        self.bucket
    }
}

//! Bodies a telco accepts, checked into drafts that name buckets and reservations by id.

use std::sync::Arc;

use serde::Deserialize;

use super::books::Books;
use super::records::{Kind, Order, Resource, RowId};
use crate::fen::{Quantity, parse_yuan};
use crate::refused::Refused;
use crate::request::{Caller, reference};

/// TMF reference to another entity.
#[derive(Debug, Deserialize)]
pub(super) struct Ref {
    pub id: String,
}

/// `ReserveBalance_Create`, `AdjustBalance_Create` and `TopupBalance_Create`, as far as we read them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    amount: Quantity,
    usage_type: String,
    bucket: Ref,
    party_account: Option<Ref>,
    requestor: Option<Ref>,
    reason: Option<String>,
    description: Option<String>,
}

/// `TransferBalance_Create`, as far as we read it: what the schema makes mandatory must be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transfer {
    amount: Quantity,
    usage_type: String,
    bucket: Ref,
    receiver_bucket: Ref,
    receiver_bucket_usage_type: String,
    #[serde(rename = "logicalResource")]
    _logical_resource: Vec<Ref>,
    #[serde(rename = "receiverLogicalResource")]
    _receiver_logical_resource: Ref,
    #[serde(rename = "channel")]
    _channel: Ref,
    requestor: Option<Ref>,
    reason: String,
    description: Option<String>,
}

/// `ReserveBalance_Update`: a capture.
#[derive(Debug, Deserialize)]
pub(super) struct Update {
    status: String,
    reason: Option<String>,
    amount: Option<Quantity>,
    requestor: Option<Ref>,
}

/// An order whose bucket or reservation is still an id.
#[derive(Debug)]
pub(super) struct Draft {
    kind: Kind,
    target: Target,
    /// The bucket that a transfer brings its amount to.
    receiver: Option<String>,
    /// `None` means all that is held.
    fen: Option<i64>,
    reference: Option<Arc<str>>,
    party: Option<Arc<str>>,
    reason: Option<Arc<str>>,
    description: Option<Arc<str>>,
}

#[derive(Debug)]
enum Target {
    Bucket(String),
    Reservation(String),
}

impl Create {
    /// Checks the body against the schema's mandatory attributes and the kind's range of amounts.
    pub fn draft(self, kind: Kind, caller: &Caller) -> Result<Draft, Refused> {
        check_usage(&self.usage_type)?;
        if kind != Kind::Adjust && self.party_account.is_none() {
            return Err(Refused::malformed("invalidBody", "missing field `partyAccount`"));
        }
        let fen = fen_of(&self.amount)?;
        if fen == 0 || (fen < 0 && kind != Kind::Adjust) {
            let reason =
                format!("the amount must be {}", if kind == Kind::Adjust { "other than zero" } else { "positive" });
            return Err(Refused::malformed("invalidAmount", reason));
        }
        Ok(Draft {
            kind,
            target: Target::Bucket(self.bucket.id),
            receiver: None,
            fen: Some(fen),
            reference: reference_of(caller, self.requestor)?,
            party: self.party_account.map(|party| party.id.into()),
            reason: self.reason.map(Arc::from),
            description: self.description.map(Arc::from),
        })
    }
}

impl Transfer {
    /// Checks that money moves from one bucket to another.
    pub fn draft(self, caller: &Caller) -> Result<Draft, Refused> {
        check_usage(&self.usage_type)?;
        check_usage(&self.receiver_bucket_usage_type)?;
        let fen = fen_of(&self.amount)?;
        if fen <= 0 {
            return Err(Refused::malformed("invalidAmount", "the amount must be positive"));
        }
        if self.bucket.id == self.receiver_bucket.id {
            return Err(Refused::malformed("invalidBody", "a transfer is to another bucket"));
        }
        Ok(Draft {
            kind: Kind::Transfer,
            target: Target::Bucket(self.bucket.id),
            receiver: Some(self.receiver_bucket.id),
            fen: Some(fen),
            reference: reference_of(caller, self.requestor)?,
            party: None,
            reason: Some(self.reason.into()),
            description: self.description.map(Arc::from),
        })
    }
}

fn check_usage(usage_type: &str) -> Result<(), Refused> {
    if usage_type != "monetary" {
        let reason = format!("only `monetary` buckets are kept here, not `{usage_type}`");
        return Err(Refused::malformed("invalidUsageType", reason));
    }
    Ok(())
}

impl Update {
    /// Checks that this is a capture: the only update a reservation has.
    pub fn draft(self, id: String, caller: &Caller) -> Result<Draft, Refused> {
        if self.status != "completed" {
            let reason = format!("a reservation can be updated to `completed` only, not to `{}`", self.status);
            return Err(Refused::malformed("invalidStatus", reason));
        }
        if self.reason.is_none() {
            return Err(Refused::malformed("invalidBody", "missing field `reason`"));
        }
        let fen = self.amount.as_ref().map(fen_of).transpose()?;
        if fen.is_some_and(|fen| fen <= 0) {
            return Err(Refused::malformed("invalidAmount", "the amount must be positive"));
        }
        let reference = reference_of(caller, self.requestor)?;
        Ok(Draft { fen, reference, reason: self.reason.map(Arc::from), ..Draft::on_reservation(Kind::Capture, id) })
    }
}

impl Draft {
    /// A release of a reservation.
    pub fn release(id: String, caller: &Caller) -> Draft {
        Draft { reference: caller.reference.clone(), ..Draft::on_reservation(Kind::Release, id) }
    }

    fn on_reservation(kind: Kind, id: String) -> Draft {
        let target = Target::Reservation(id);
        Draft { kind, target, receiver: None, fen: None, reference: None, party: None, reason: None, description: None }
    }

    /// Finds what the draft names.
    ///
    /// Errors: 404 for an unknown bucket or reservation; 400 for a capture of more than was reserved.
    pub fn resolve(self, books: &Books, at_ms: i64) -> Result<Order, Refused> {
        let (bucket, reservation, fen) = match &self.target {
            Target::Bucket(id) => {
                let bucket = books.buckets.find(id).ok_or_else(|| Refused::not_found("bucket", id))?;
                (bucket, None, self.fen.unwrap_or(0))
            }
            Target::Reservation(id) => resolve_reservation(books, id, self.fen)?,
        };
        let find = |id: &String| books.buckets.find(id).ok_or_else(|| Refused::not_found("bucket", id));
        let receiver = self.receiver.as_ref().map(find).transpose()?;
        Ok(Order {
            kind: self.kind,
            bucket,
            reservation,
            receiver,
            fen,
            reference: self.reference.unwrap_or_default(),
            at_ms,
            party: self.party,
            reason: self.reason,
            description: self.description,
        })
    }
}

fn resolve_reservation(books: &Books, id: &str, fen: Option<i64>) -> Result<(u32, Option<u32>, i64), Refused> {
    let unknown = || Refused::not_found("reservation", id);
    let position = RowId::parse(Resource::Reserve, id).ok_or_else(unknown)?.position;
    let row = books.rows(Resource::Reserve).get(position).ok_or_else(unknown)?;
    if fen.is_some_and(|fen| fen > row.fen) {
        return Err(Refused::malformed("invalidAmount", "more than the reservation holds"));
    }
    Ok((row.bucket, Some(position), fen.unwrap_or(row.fen)))
}

fn reference_of(caller: &Caller, requestor: Option<Ref>) -> Result<Option<Arc<str>>, Refused> {
    match (&caller.reference, requestor) {
        (Some(header), _) => Ok(Some(header.clone())),
        (None, Some(requestor)) => reference(&requestor.id).map(Some),
        (None, None) => Ok(None),
    }
}

/// The amount of a quantity, fen.
pub(super) fn fen_of(quantity: &Quantity) -> Result<i64, Refused> {
    if quantity.units != "CNY" {
        return Err(Refused::malformed("invalidUnits", format!("only `CNY` is kept here, not `{}`", quantity.units)));
    }
    let text = quantity.amount.as_str();
    parse_yuan(text).map_err(|error| Refused::malformed("invalidAmount", format!("{error}: {text}")))
}

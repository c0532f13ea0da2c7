//! TMF654 shapes of our answers.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::books::Books;
use super::records::{Bucket, Item, Resource, Row, RowId, Status};
use crate::clock::rfc3339;
use crate::fen::Cny;

/// Where the interface is served.
pub(super) const BASE: &str = "/tmf-api/prepayBalanceManagement/v4";

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(rename = "@referredType", skip_serializing_if = "Option::is_none")]
    referred_type: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn plain(id: &'a str) -> Self {
        Reference { id, role: None, referred_type: None }
    }

    fn typed(id: &'a str, referred_type: &'a str) -> Self {
        Reference { id, role: None, referred_type: Some(referred_type) }
    }

    fn msisdn(bucket: &'a Bucket) -> Self {
        Reference::typed(&bucket.msisdn, "MSISDN")
    }

    fn requestor(reference: &'a str) -> Option<Self> {
        (!reference.is_empty()).then(|| Reference::typed(reference, "correlation"))
    }
}

fn numbers_of(bucket: &Bucket) -> Vec<Reference<'_>> {
    if bucket.msisdn.is_empty() { Vec::new() } else { vec![Reference::msisdn(bucket)] }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketView<'a> {
    id: &'a str,
    href: String,
    #[serde(rename = "@type")]
    type_name: &'static str,
    name: &'static str,
    status: &'static str,
    usage_type: &'static str,
    remaining_value: Cny,
    reserved_value: Cny,
    is_shared: bool,
    logical_resource: Vec<Reference<'a>>,
    confirmation_date: String,
}

/// A bucket as TMF `Bucket`; a closed one is `suspended`.
pub(super) fn bucket(bucket: &Bucket) -> impl Serialize + '_ {
    BucketView {
        id: &bucket.id,
        href: format!("{BASE}/bucket/{}", bucket.id),
        type_name: "Bucket",
        name: "main balance",
        status: if bucket.closed { "suspended" } else { "active" },
        usage_type: "monetary",
        remaining_value: Cny(bucket.remaining_fen),
        reserved_value: Cny(bucket.reserved_fen),
        is_shared: false,
        logical_resource: numbers_of(bucket),
        confirmation_date: rfc3339(bucket.opened_ms),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowView<'a> {
    id: String,
    href: String,
    #[serde(rename = "@type")]
    type_name: &'static str,
    status: Status,
    usage_type: &'static str,
    amount: Cny,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjust_type: Option<&'static str>,
    bucket: Reference<'a>,
    logical_resource: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_bucket: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_logical_resource: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    party_account: Option<Reference<'a>>,
    related_party: [Reference<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    requestor: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    requested_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_date: Option<String>,
}

/// A reserve, adjust or topup resource in its TMF shape; `None` when there is no such row.
pub(super) fn row<'a>(books: &'a Books, telco: &'a str, id: RowId) -> Option<impl Serialize + 'a> {
    let row: &Row = books.rows(id.resource).get(id.position)?;
    let bucket = books.buckets.get(row.bucket)?;
    let receiver = row.receiver.and_then(|receiver| books.buckets.get(receiver));
    Some(RowView {
        id: id.to_string(),
        href: format!("{BASE}/{}/{id}", id.resource.path()),
        type_name: id.resource.type_name(),
        status: row.status,
        usage_type: "monetary",
        amount: Cny(row.fen),
        adjust_type: (id.resource == Resource::Adjust).then_some("oneTime"),
        bucket: Reference::plain(&bucket.id),
        logical_resource: numbers_of(bucket),
        receiver_bucket: receiver.map(|receiver| Reference::plain(&receiver.id)),
        receiver_logical_resource: receiver.map(Reference::msisdn),
        party_account: row.party.as_deref().map(Reference::plain),
        related_party: [Reference { role: Some("provider"), ..Reference::typed(telco, "Organization") }],
        requestor: Reference::requestor(&row.reference),
        reason: row.reason.as_deref(),
        description: row.description.as_deref(),
        requested_date: rfc3339(row.requested_ms),
        confirmation_date: row.confirmed_ms.map(rfc3339),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemView<'a> {
    id: String,
    href: String,
    sequence: u64,
    #[serde(rename = "@type")]
    type_name: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_id: Option<String>,
    amount: Cny,
    usage_type: &'static str,
    bucket: Reference<'a>,
    logical_resource: Vec<Reference<'a>>,
    receiver_logical_resource: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requestor: Option<Reference<'a>>,
    requested_date: String,
    confirmation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
}

/// A history item; `None` when there is no such position.
pub(super) fn item(books: &Books, position: u32) -> Option<impl Serialize + '_> {
    let item: &Item = books.history.get(position)?;
    let bucket = books.buckets.get(item.bucket)?;
    let receiver = item.receiver.and_then(|receiver| books.buckets.get(receiver)).unwrap_or(bucket);
    let sequence = u64::from(position) + 1;
    Some(ItemView {
        id: sequence.to_string(),
        href: format!("{BASE}/balanceActionHistory/{sequence}"),
        sequence,
        type_name: item.kind.type_name(),
        status: item.status,
        action_id: item.row.map(|row| row.to_string()),
        amount: Cny(item.fen),
        usage_type: "monetary",
        bucket: Reference::plain(&bucket.id),
        logical_resource: numbers_of(bucket),
        receiver_logical_resource: Reference::msisdn(receiver),
        requestor: Reference::requestor(&item.reference),
        requested_date: rfc3339(item.requested_ms),
        confirmation_date: rfc3339(item.at_ms),
        reason: item.refusal,
        description: item.note,
    })
}

/// The notification about a history item; `None` when there is no such position.
pub(super) fn event(books: &Books, telco: &str, position: u32) -> Option<Value> {
    let item: &Item = books.history.get(position)?;
    let payload = serde_json::to_value(self::item(books, position)?).ok()?;
    let resource = item.kind.resource().path();
    Some(json!({
        "eventId": format!("{telco}-{}", u64::from(position) + 1),
        "eventType": format!("{resource}{}", event_suffix(item)),
        "eventTime": rfc3339(item.at_ms),
        "correlationId": Arc::clone(&item.reference).as_ref(),
        "event": { resource: payload },
    }))
}

fn event_suffix(item: &Item) -> &'static str {
    use super::records::Kind;
    match (item.status, item.kind) {
        (Status::Failed, _) => "FailureEvent",
        (_, Kind::Release) => "CancelEvent",
        // Published 4.0.0 has no event for a capture; this is the name its successor uses.
        (_, Kind::Capture) => "StatusChangeEvent",
        _ => "CreateEvent",
    }
}

//! The calls that only look.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;

use super::books::Books;
use super::records::{Resource, RowId};
use super::register::{Indexed, Register};
use super::{Floor, Telco, views};
use crate::counterparty::Counterparty;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::Id;

type Found = Result<Json<Value>, Refused>;
type Listed = Json<Vec<Value>>;

/// `GET bucket`.
pub(super) async fn buckets(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    let floor = telco.floor();
    let buckets = &floor.books.buckets;
    let positions = match (query.asked("id"), query.asked("logicalResource.id")) {
        (Some(id), _) => Positions::Some(buckets.find(id).into_iter().collect()),
        (None, Some(msisdn)) => Positions::Some(buckets.with_msisdn(msisdn).to_vec()),
        (None, None) => Positions::All(buckets.len()),
    };
    page(&query, positions, |position| {
        let bucket = buckets.get(position)?;
        Some((Some(bucket.opened_ms), value(views::bucket(bucket))))
    })
}

/// `GET bucket/{id}`.
pub(super) async fn bucket(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    let floor = telco.floor();
    let bucket = floor.books.buckets.find(&id).and_then(|position| floor.books.buckets.get(position));
    found(&query, bucket.map(views::bucket), "bucket", &id)
}

/// `GET reserveBalance`.
pub(super) async fn reserves(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    rows(&telco, Resource::Reserve, &query)
}

/// `GET adjustBalance`.
pub(super) async fn adjusts(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    rows(&telco, Resource::Adjust, &query)
}

/// `GET topupBalance`.
pub(super) async fn topups(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    rows(&telco, Resource::Topup, &query)
}

/// `GET transferBalance`.
pub(super) async fn transfers(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    rows(&telco, Resource::Transfer, &query)
}

/// `GET reserveBalance/{id}`.
pub(super) async fn reserve(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    row(&telco, Resource::Reserve, &id, &query)
}

/// `GET adjustBalance/{id}`.
pub(super) async fn adjust(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    row(&telco, Resource::Adjust, &id, &query)
}

/// `GET topupBalance/{id}`.
pub(super) async fn topup(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    row(&telco, Resource::Topup, &id, &query)
}

/// `GET transferBalance/{id}`.
pub(super) async fn transfer(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    row(&telco, Resource::Transfer, &id, &query)
}

/// `GET balanceActionHistory`: the inquiry by reference and the statement.
pub(super) async fn history(State(telco): State<Arc<Telco>>, query: ListQuery) -> Listed {
    let floor = telco.floor();
    let positions = match query.asked("id") {
        Some(id) => Positions::Some(sequence(id).into_iter().collect()),
        None => indexed(&floor, &floor.books.history, &query),
    };
    page(&query, positions, |position| {
        let item = floor.books.history.get(position)?;
        Some((Some(item.at_ms), value(views::item(&floor.books, position)?)))
    })
}

/// `GET balanceActionHistory/{id}`.
pub(super) async fn history_item(State(telco): State<Arc<Telco>>, Id(id): Id, query: ListQuery) -> Found {
    let floor = telco.floor();
    let item = sequence(&id).and_then(|position| views::item(&floor.books, position));
    found(&query, item, "history item", &id)
}

/// The position behind a sequence number, which counts from one.
fn sequence(id: &str) -> Option<u32> {
    id.parse::<u32>().ok()?.checked_sub(1)
}

fn rows(telco: &Telco, resource: Resource, query: &ListQuery) -> Listed {
    let floor = telco.floor();
    let register = floor.books.rows(resource);
    let positions = match query.asked("id") {
        Some(id) => Positions::Some(RowId::parse(resource, id).map(|id| id.position).into_iter().collect()),
        None => indexed(&floor, register, query),
    };
    page(query, positions, |position| {
        let row = register.get(position)?;
        let view = views::row(&floor.books, &telco.house.name, RowId { resource, position })?;
        Some((row.confirmed_ms, value(view)))
    })
}

fn row(telco: &Telco, resource: Resource, id: &str, query: &ListQuery) -> Found {
    let floor = telco.floor();
    let view = RowId::parse(resource, id).and_then(|row| views::row(&floor.books, &telco.house.name, row));
    found(query, view, resource.path(), id)
}

/// Positions to look at, in order.
enum Positions {
    All(usize),
    Some(Vec<u32>),
}

/// The narrowest index for a query; a reference under grace has no rows.
fn indexed<T: Indexed>(floor: &Floor, register: &Register<T>, query: &ListQuery) -> Positions {
    if let Some(reference) = query.asked("requestor.id") {
        let hidden = floor.desk.is_hidden(reference);
        return Positions::Some(if hidden { Vec::new() } else { register.with_reference(reference).to_vec() });
    }
    match bucket_asked(&floor.books, query) {
        Some(buckets) => Positions::Some(merged(register, &buckets)),
        None => Positions::All(register.all().len()),
    }
}

fn bucket_asked(books: &Books, query: &ListQuery) -> Option<Vec<u32>> {
    if let Some(id) = query.asked("bucket.id") {
        return Some(books.buckets.find(id).into_iter().collect());
    }
    query.asked("logicalResource.id").map(|msisdn| books.buckets.with_msisdn(msisdn).to_vec())
}

fn merged<T: Indexed>(register: &Register<T>, buckets: &[u32]) -> Vec<u32> {
    let mut positions: Vec<u32> = buckets.iter().flat_map(|bucket| register.with_bucket(*bucket)).copied().collect();
    positions.sort_unstable();
    positions
}

/// Rows after the cursor that match, from the offset, up to the limit. `view` gives a row's stamp and its JSON.
fn page(query: &ListQuery, positions: Positions, view: impl Fn(u32) -> Option<(Option<i64>, Value)>) -> Listed {
    let first = u32::try_from(query.after).unwrap_or(u32::MAX);
    let positions: Box<dyn Iterator<Item = u32>> = match positions {
        Positions::All(count) => Box::new(first..u32::try_from(count).unwrap_or(u32::MAX)),
        Positions::Some(list) => Box::new(list.into_iter().filter(move |position| *position >= first)),
    };
    let matching = positions.filter_map(view).filter(|(at_ms, row)| query.covers(*at_ms) && query.matches(row));
    Json(matching.skip(query.offset).take(query.limit).map(|(_, row)| query.project(row)).collect())
}

fn found(query: &ListQuery, view: Option<impl Serialize>, what: &str, id: &str) -> Found {
    let view = view.ok_or_else(|| Refused::not_found(what, id))?;
    Ok(Json(query.project(value(view))))
}

fn value(view: impl Serialize) -> Value {
    // Views hold strings and numbers under string keys, which always have a JSON form.
    serde_json::to_value(view).unwrap_or_default()
}

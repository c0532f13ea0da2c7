//! The timeline of an order: its records, decoded from the journal.

use super::orders::OrderPath;
use super::timeline_words::Teller;
use crate::caller::Caller;
use crate::context::Context;
use crate::language::Language;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use axum::http::HeaderMap;
use facts::{AccountName, Order, Partner, PersonId, Record};
use journal::{Reader, SqliteReader};
use ledger::AccountId;
use money::{Asset, Telco};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use utoipa::ToSchema;

/// The most records shown; an order that is asked about for months has more.
const RECORDS_MAX: usize = 2_000;

/// What happened to an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineAnswer {
    /// The order.
    order: String,
    /// Its records, oldest first.
    records: Vec<RecordAnswer>,
    /// Whether there are more records than are shown.
    more: bool,
}

/// A journal record, as far as it is about the order.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineRecord)]
pub struct RecordAnswer {
    /// Its place in the journal.
    sequence: u64,
    /// When it was written, in node time.
    time: String,
    /// How its command came in: `internal`, `http`, `file`, `partner` or `cli`.
    channel: &'static str,
    /// What happened.
    facts: Vec<FactAnswer>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineFact)]
pub struct FactAnswer {
    /// In words, in English or Chinese as asked by `Accept-Language`.
    pub text: String,
    /// The step it is about, from 0.
    pub step: Option<u8>,
    /// What was posted or held.
    pub postings: Vec<PostingAnswer>,
}

/// A movement between two accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = Posting)]
pub struct PostingAnswer {
    /// `post`, `hold`, `post_hold`, `void_hold` or `expire_hold`.
    pub kind: &'static str,
    /// The account that is debited.
    pub debit: String,
    /// The account that is credited.
    pub credit: String,
    /// What is moved.
    pub asset: String,
    /// Minor units.
    pub amount: u64,
}

/// The public code and the asset of accounts.
pub type Chart = BTreeMap<AccountId, (String, Asset)>;

/// Look at what happened to an order.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/timeline",
    tag = "orders",
    operation_id = "getTimeline",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The timeline", body = TimelineAnswer),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The timeline cannot be read now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
    headers: HeaderMap,
) -> Result<Positioned<TimelineAnswer>, Problem> {
    let (order, language) = (id.0, Language::of(&headers));
    let (found, _) = context.order(order).await?;
    context.check_order(&caller, &found).await?;
    let changed_in = found.changed_in;
    let (chart, _) = context.read(move |state| charted(state, &found)).await?;
    context.shown(changed_in).await?;
    let mut positions = context.in_views(move |views| views.positions_of(order)).await?;
    let more = positions.len() > RECORDS_MAX;
    positions.truncate(RECORDS_MAX);
    let last = positions.last().copied().unwrap_or_default();
    let dir = context.node.dir().join("journal");
    let reading = tokio::task::spawn_blocking(move || records(&dir, &positions, Teller::new(order, chart, language)));
    let records = reading.await.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| {
        tracing::error!(%order, error, "a timeline could not be read");
        Problem::new(Code::ViewsUnavailable)
    })?;
    Ok(Positioned { body: TimelineAnswer { order: order.to_string(), records, more }, position: last })
}

/// The accounts that the order may touch.
fn charted(state: &facts::State, order: &Order) -> Chart {
    let mut names = account_names(order.person);
    names.extend(order.terms.reward.iter().map(|reward| AccountName::Promotion(reward.campaign)));
    let assets: BTreeSet<Asset> = Partner::ALL.into_iter().map(Partner::asset).collect();
    let pairs = assets.into_iter().flat_map(|asset| names.iter().map(move |name| (*name, asset)));
    pairs.filter_map(|(name, asset)| Some((state.account(name, asset)?, (name.code(asset), asset)))).collect()
}

/// Their names: the chart has no way back from an account to its name.
fn account_names(person: PersonId) -> Vec<AccountName> {
    let mut names = vec![AccountName::Payable(person), AccountName::FeesConversion, AccountName::OperatorFloat];
    for telco in Telco::ALL {
        names.extend([
            AccountName::TelcoReserved(telco),
            AccountName::AirtimeHeld(telco),
            AccountName::Position(telco),
        ]);
    }
    for partner in Partner::ALL {
        names.extend([partner.mirror(), AccountName::InDoubt(partner), AccountName::Claim(partner)]);
    }
    names
}

fn records(dir: &Path, positions: &[u64], mut teller: Teller) -> Result<Vec<RecordAnswer>, String> {
    let mut reader = SqliteReader::open(dir).map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    for position in positions {
        let entry = reader.record(*position).map_err(|error| error.to_string())?;
        let entry = entry.ok_or_else(|| format!("the journal has no record {position}"))?;
        let record = Record::decode(&entry.bytes).map_err(|error| error.to_string())?;
        records.push(RecordAnswer {
            sequence: *position,
            time: moments::text(record.open.meta.now),
            channel: record.open.meta.channel.code(),
            facts: record.open.facts.iter().filter_map(|fact| teller.tell(fact)).collect(),
        });
    }
    Ok(records)
}

//! Metrics: what was counted about requests, and how the node stands at the moment of the scrape.

use super::partners::{Standing, standings};
use crate::batch::course::BatchState;
use crate::context::Context;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use views::StateCount;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ForPurpose {
    purpose: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPartner {
    partner: String,
}

/// Metrics in the OpenMetrics text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    operation_id = "getMetrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"))
)]
pub async fn get(State(context): State<Arc<Context>>) -> Response {
    // A node that stopped still tells what was counted.
    let standings = context.read(standings).await.map(|(standings, _)| standings).unwrap_or_default();
    let complaints = complaints(&context).await;
    let counts = context.in_views(views::ViewReader::counts).await.unwrap_or_default();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut registry = of_the_moment(&context, &standings, &counts);
    set(&mut registry, "complaints_open", "Complaints that wait for an answer", signed(complaints.0));
    set(&mut registry, "complaints_overdue", "Those whose last day for an answer is past", signed(complaints.1));
    let _ = encode(&mut text, &registry);
    let mut counted = String::new();
    let _ = encode(&mut counted, &context.meter.registry);
    // Each encoding ends with the mark of the end; only the last one stays.
    let text = text.trim_end_matches("# EOF\n").to_owned() + &counted;
    ([(CONTENT_TYPE, TEXT)], text).into_response()
}

/// How many complaints are open, and how many of those are overdue.
async fn complaints(context: &Context) -> (u64, u64) {
    let today = context.now().day();
    let counted = context.read(move |state| state.complaints().open_and_overdue(today)).await;
    counted.map(|(counts, _)| counts).unwrap_or_default()
}

fn of_the_moment(context: &Context, standings: &[Standing], counts: &[StateCount]) -> Registry {
    let mut registry = Registry::with_prefix("tongbao");
    set_orders(&mut registry, counts);
    set_partners(&mut registry, context, standings);
    set_batches(&mut registry, context);
    set_reveals(&mut registry, context);
    set_notices(&mut registry, context);
    let node = &context.node;
    let lag_ms = i64::try_from(context.lag.note(node).as_millis()).unwrap_or(i64::MAX);
    let behind = node.durable().saturating_sub(node.progress().position());
    set(&mut registry, "durable_sequence", "The last durable record", signed(node.durable()));
    set(&mut registry, "views_sequence", "The last record that the views show", signed(node.progress().position()));
    set(&mut registry, "views_lag_records", "Records that the views do not show yet", signed(behind));
    set(&mut registry, "views_lag_milliseconds", "How long the views have been behind at least", lag_ms);
    set(&mut registry, "node_running", "1 while the node runs", i64::from(node.stopped().is_none()));
    set(&mut registry, "clock_trusted", "1 while time is acted upon", i64::from(node.clock().is_trusted()));
    registry
}

fn set(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn set_orders(registry: &mut Registry, counts: &[StateCount]) {
    let orders = Family::<OfState, Gauge>::default();
    for state in facts::OrderState::ALL {
        let count = counts.iter().find(|count| count.state == *state).map_or(0, |count| count.orders);
        orders.get_or_create(&OfState { state: state.code() }).set(signed(count));
    }
    registry.register("orders", "Orders by state, as the views show them", orders);
}

fn set_batches(registry: &mut Registry, context: &Context) {
    let batches = Family::<OfState, Gauge>::default();
    for state in BatchState::ALL {
        let count = context.shelf.count(state) as u64;
        batches.get_or_create(&OfState { state: state.code() }).set(signed(count));
    }
    registry.register("batches", "Order files that were sent here, by state", batches);
}

fn set_reveals(registry: &mut Registry, context: &Context) {
    let reveals = Family::<ForPurpose, Gauge>::default();
    for (purpose, count) in context.vault.reveals() {
        reveals.get_or_create(&ForPurpose { purpose: purpose.code() }).set(signed(count));
    }
    registry.register("vault_reveals", "Personal values that were looked at since the start, by purpose", reveals);
}

fn set_notices(registry: &mut Registry, context: &Context) {
    let (told, notices) = (context.told.counts(), Family::<OfOutcome, Gauge>::default());
    for (outcome, count) in told.ended {
        notices.get_or_create(&OfOutcome { outcome: outcome.code() }).set(signed(count));
    }
    registry.register("notices", "Messages to subscribers about their orders, by what became of them", notices);
    set(registry, "notices_waiting", "Those that are not handed over yet", signed(told.waiting));
    set(registry, "notices_sequence", "The last record that was looked at for them", signed(told.position));
}

fn set_partners(registry: &mut Registry, context: &Context, standings: &[Standing]) {
    let now = context.now();
    let age = |standing: &Standing| standing.oldest_unknown.map_or(0, |sent_at| now.since(sent_at));
    type Read<'r> = &'r dyn Fn(&Standing) -> u64;
    let gauges: [(&str, &str, Read<'_>); 6] = [
        ("steps_unknown", "Steps whose outcome nobody knows", &|standing| standing.unknown),
        ("steps_unknown_oldest_milliseconds", "Node time since the oldest of them was sent", &age),
        ("in_doubt_fen", "Fen whose whereabouts a partner has not told", &|standing| standing.in_doubt_fen),
        ("partner_window", "Requests that may be under way; 0 while the breaker is open", &|standing| {
            u64::from(standing.load.window)
        }),
        ("partner_in_flight", "Requests under way", &|standing| u64::from(standing.load.in_flight)),
        ("partner_queued", "Steps that wait for a credit or for their time", &|standing| {
            u64::from(standing.load.queued)
        }),
    ];
    for (name, help, read) in gauges {
        let family = Family::<OfPartner, Gauge>::default();
        for standing in standings {
            let label = OfPartner { partner: standing.partner.to_string() };
            family.get_or_create(&label).set(signed(read(standing)));
        }
        registry.register(name, help, family);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

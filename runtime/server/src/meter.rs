//! What is counted about requests.

use axum::http::Method;
use facts::Attack;
use orderfile::{Answer, Told};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAttack {
    what: &'static str,
}

/// Counts requests, replays and times, and rows of order files.
pub struct Meter {
    pub registry: Registry,
    requests: Family<Answered, Counter>,
    replays: Family<Asked, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
    rows: Family<OfOutcome, Counter>,
    attacks: Family<OfAttack, Counter>,
}

impl Meter {
    pub fn new() -> Meter {
        let mut registry = Registry::with_prefix("tongbao");
        let requests = Family::default();
        registry.register("http_requests", "Requests by route and status", requests.clone());
        let replays = Family::default();
        registry.register("http_replays", "Answers that were given before", replays.clone());
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        registry.register("http_request_seconds", "Time from a request's head to its answer", seconds.clone());
        let rows = Family::default();
        registry.register("batch_rows", "Rows of order files by their outcome", rows.clone());
        let attacks = Family::default();
        registry.register(
            "attacks",
            "Attempts to come in as somebody else, or to do what one may not",
            attacks.clone(),
        );
        Meter { registry, requests, replays, seconds, rows, attacks }
    }

    /// Counts an answer.
    pub fn answered(&self, method: &Method, route: &str, status: u16, replayed: bool, took: Duration) {
        let method = name(method);
        let asked = Asked { method, route: route.to_owned() };
        if replayed {
            self.replays.get_or_create(&asked).inc();
        }
        self.seconds.get_or_create(&asked).observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { method, route: asked.route, status }).inc();
    }

    /// Counts an attempt.
    pub fn attacked(&self, what: Attack) {
        self.attacks.get_or_create(&OfAttack { what: what.code() }).inc();
    }

    /// Counts the answer to a row.
    pub fn row_answered(&self, told: Told) {
        let outcome = match told {
            Told::First(Answer::Accepted { .. }) => "accepted",
            Told::First(Answer::Refused(_)) => "refused",
            Told::Duplicate(_) => "duplicate",
        };
        self.rows.get_or_create(&OfOutcome { outcome }).inc();
    }
}

/// A method's name; a caller cannot make up new ones to fill the memory.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "other",
    }
}

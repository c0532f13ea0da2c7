//! What every route works with.

use crate::access::{Actions, May};
use crate::alarms::{Alarms, Whom};
use crate::batch::shelf::Shelf;
use crate::codes::{Courier, Messages};
use crate::custody::Registrations;
use crate::digest::DigestKey;
use crate::idempotency::UnderWay;
use crate::known::KnownSubscribers;
use crate::lag::Lag;
use crate::meter::Meter;
use crate::notices::ToldSoFar;
use crate::numbers::Numbers;
use crate::phrases::Code;
use crate::portability::Portability;
use crate::problem::Problem;
use crate::providers::Providers;
use crate::usage::Usage;
use access::Access;
use exchange::QuoteKey;
use exchange::rules::Policy;
use facts::{Attack, Millis, Order, OrderId};
use node::Node;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use vault::Vault;
use views::ViewReader;

/// What the API is made of.
pub struct Api {
    /// The running node; its policy is the API's.
    pub node: Node,
    /// Where personal data is.
    pub vault: Arc<Vault>,
    /// Who somebody is.
    pub access: Arc<Access>,
    /// Who may do what.
    pub may: May,
    /// Who sends messages; without it no codes are sent.
    pub messages: Option<Messages>,
    /// The identity providers of institutions.
    pub providers: Providers,
    /// The numbering plan.
    pub numbers: Numbers,
    /// Authenticates quotes; must stay the same while quotes are open.
    pub quote_key: QuoteKey,
    /// Digests clients' keys and bodies; must stay the same for ever, or a repeated request happens twice.
    pub digest_key: DigestKey,
    /// Whether callers may move the clock: for tests and demonstrations alone.
    pub test_clock: bool,
    /// How much and how long.
    pub bounds: Bounds,
}

/// How much a caller may send, and how long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest body.
    pub body_bytes: usize,
    /// How long a body may take to arrive; of an order file, as much as the longest other body.
    pub body_time: Duration,
    /// The longest order file.
    pub batch_bytes: u64,
    /// How many order files may be on their way here at once.
    pub batch_uploads: usize,
    /// How long a request's head may take to arrive, from its first byte on.
    pub head_time: Duration,
    /// How long a connection may rest between requests.
    pub rest_time: Duration,
    /// How many requests to `/v1` may be under way.
    pub requests: usize,
    /// How many connections may be open; more wait to be accepted.
    pub connections: usize,
    /// How many of one address may be open; one more is told so and closed.
    pub connections_per_address: usize,
    /// After how many requests a connection is closed, so that none stays for ever.
    pub requests_per_connection: u64,
    /// How long an answer may wait for the node before its outcome is called unknown.
    pub outcome_time: Duration,
    /// How long a list may wait for the views.
    pub views_time: Duration,
    /// How often vault and journal are compared.
    pub compare_every: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            body_bytes: 64 << 10,
            body_time: Duration::from_secs(10),
            batch_bytes: 1 << 30,
            batch_uploads: 4,
            head_time: Duration::from_secs(10),
            rest_time: Duration::from_secs(75),
            requests: 4_096,
            connections: 8_192,
            connections_per_address: 4_096,
            requests_per_connection: 100_000,
            outcome_time: Duration::from_secs(30),
            views_time: Duration::from_secs(2),
            compare_every: Duration::from_secs(60),
        }
    }
}

/// What every route works with.
pub struct Context {
    pub node: Node,
    pub vault: Arc<Vault>,
    pub access: Arc<Access>,
    pub may: May,
    pub actions: Actions,
    pub courier: Option<Arc<Courier>>,
    pub providers: Providers,
    pub numbers: Numbers,
    pub portability: Portability,
    pub quote_key: QuoteKey,
    pub digests: DigestKey,
    pub bounds: Bounds,
    pub views: ViewReader,
    pub known: KnownSubscribers,
    pub under_way: UnderWay,
    pub registrations: Registrations,
    pub places: Arc<Semaphore>,
    pub usage: Usage,
    pub alarms: Alarms,
    pub shelf: Shelf,
    pub uploads: Semaphore,
    pub lag: Lag,
    pub meter: Meter,
    pub told: ToldSoFar,
}

impl Context {
    pub fn new(api: Api, actions: Actions, alarms: Alarms, courier: Option<Courier>) -> Context {
        let views = api.node.views().reader();
        let usage = api.access.usage().clone();
        let shelf = Shelf::open(api.node.dir(), Arc::clone(&api.vault));
        Context {
            views,
            node: api.node,
            vault: api.vault,
            access: api.access,
            may: api.may,
            actions,
            courier: courier.map(Arc::new),
            providers: api.providers,
            numbers: api.numbers,
            portability: Portability::default(),
            quote_key: api.quote_key,
            digests: api.digest_key,
            bounds: api.bounds,
            known: KnownSubscribers::default(),
            under_way: UnderWay::default(),
            registrations: Registrations::default(),
            usage: Usage::new(usage),
            alarms,
            places: Arc::new(Semaphore::new(api.bounds.requests)),
            shelf,
            uploads: Semaphore::new(api.bounds.batch_uploads),
            lag: Lag::default(),
            meter: Meter::new(),
            told: ToldSoFar::default(),
        }
    }

    /// Counts an attempt and has it noted.
    pub fn alarm(&self, what: Attack, whom: Whom) {
        self.meter.attacked(what);
        self.alarms.tell(what, whom);
    }

    /// The policy that decides requests of now.
    pub fn policy(&self) -> Arc<Policy> {
        self.node.policy_at(self.now())
    }

    pub fn now(&self) -> Millis {
        self.node.clock().now()
    }

    /// Waits for what the node says about a command, at most so long: a caller is told that the outcome is
    /// unknown rather than kept for ever.
    pub async fn outcome<T>(
        &self,
        asked: impl Future<Output = Result<T, node::NodeError>> + Send,
    ) -> Result<T, Problem> {
        let outcome = tokio::time::timeout(self.bounds.outcome_time, asked).await;
        Ok(outcome.map_err(|_| Problem::new(Code::OutcomeUnknown))??)
    }

    /// An order as it stands, whether it is in memory or left; with the position of what was read.
    ///
    /// Errors: there is none, or it cannot be read now.
    pub async fn order(&self, id: OrderId) -> Result<(Order, u64), Problem> {
        let (order, position) = self.outcome(self.node.order(id)).await?;
        Ok((order.ok_or_else(|| Problem::new(Code::OrderUnknown))?, position))
    }

    /// Reads the state; with the position of what was read.
    pub async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&facts::State) -> R + Send + 'static,
    ) -> Result<(R, u64), Problem> {
        let outcome = tokio::time::timeout(self.bounds.outcome_time, self.node.read(read)).await;
        outcome.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Code::NodeStopped))
    }
}

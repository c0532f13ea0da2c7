//! What the node's tests share: the shipped rules, a subscriber, and partners in memory.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use async_trait::async_trait;
use exchange::rules::{Identity, Instrument, Policy, PolicyFiles};
use exchange::{
    Asker, ClientKey, Command, Contracts, Doors, Envelope, Funds, Opening, PlaceOrder, Recipient, Registration, Rules,
};
use facts::{
    InstrumentId, Key16, Meta, Millis, OrderId, Partner, PersonId, Product, Provenance, Province, SaltKey, SubscriberId,
};
use money::Telco;
use node::{Ask, Clock, Core, Directory, Gateways, Node, NodeClock, NodeConfig, NotKnown};
use partners::{Answer, Gateway, Request, StatementPage, Unreadable};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Monday 2 March 2026, 09:00 in Shanghai.
pub const START: Millis = Millis(1_772_413_200_000);
pub const SUBSCRIBER: SubscriberId = SubscriberId::from_bits(2);

pub fn rules() -> Rules {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = |name: &str| std::fs::read_to_string(root.join(name)).expect("a file of the repository");
    let texts = PolicyFiles::NAMES.map(|name| (name, text(&PolicyFiles::path(name)))).into();
    let policy = Policy::compile(&PolicyFiles::of(&texts)).expect("the shipped policy");
    Rules {
        policy: policy.into(),
        contracts: Contracts::parse(&text("policies/partners.toml")).expect("the shipped contracts"),
        doors: Doors::Served,
        proposed: BTreeMap::new(),
    }
}

pub fn salts() -> SaltKey {
    SaltKey::new([1; 32])
}

pub fn order(number: u128) -> OrderId {
    OrderId::from_bits(1_000 + number)
}

pub fn envelope(command: Command) -> Envelope {
    Envelope { meta: Meta::system(START), key: None, command }
}

pub fn register() -> Envelope {
    envelope(Command::Register(Registration {
        subscriber: SUBSCRIBER,
        person: PersonId::from_bits(1),
        telco: Telco::Ctcc,
        province: Province::new(44).expect("a province"),
        own_card: Some(InstrumentId::from_bits(3)),
        credit_card: None,
        lots: vec![Opening { provenance: Provenance::SelfPaid, amount: 1_000_000, at: Millis(1) }],
    }))
}

pub fn place(number: u8) -> Envelope {
    let key = ClientKey { key: Key16([number; 16]), body: Key16([7; 16]) };
    let place = PlaceOrder {
        order: order(u128::from(number)),
        asker: Asker::Holder(SUBSCRIBER),
        recipient: Recipient::Nobody,
        product: Product::Direct,
        amount: 10_000,
        identity: Identity::Valid,
        instrument: Instrument::Own,
        channel_province: Province::new(44).expect("a province"),
        funds: Funds::Own,
        quote: None,
    };
    Envelope { key: Some(key), ..envelope(Command::Place(Box::new(place))) }
}

/// Everything that opens the house and registers the subscriber.
pub fn opening(rules: &Rules) -> Vec<Envelope> {
    let mut commands = vec![envelope(Command::OpenBooks { funding: 100_000_000 })];
    for partner in Partner::ALL {
        let window = rules.contracts.of(partner).window;
        commands.push(envelope(Command::GrantCredits { partner, window }));
    }
    commands.push(register());
    commands
}

/// A core with an empty journal.
pub fn core() -> Core {
    Core::new(facts::State::default(), Arc::new(rules()), 1)
}

/// A partner that does what it is asked, at once.
pub struct Willing;

#[async_trait]
impl Gateway for Willing {
    async fn call(&self, request: &Request) -> Answer {
        Answer::Done { amount: request.amount, external: "x".to_owned() }
    }

    async fn inquire(&self, request: &Request) -> Answer {
        self.call(request).await
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        Ok(StatementPage { items: Vec::new(), next: after })
    }
}

/// A partner that never says anything.
pub struct Mute;

#[async_trait]
impl Gateway for Mute {
    async fn call(&self, _request: &Request) -> Answer {
        std::future::pending().await
    }

    async fn inquire(&self, _request: &Request) -> Answer {
        std::future::pending().await
    }

    async fn statement(&self, _after: u64) -> Result<StatementPage, Unreadable> {
        Err(Unreadable("mute".to_owned()))
    }
}

struct AnyAccount;

impl Directory for AnyAccount {
    fn account(&self, _ask: &Ask) -> Result<Arc<str>, NotKnown> {
        Ok(Arc::from("13300000001"))
    }
}

/// A node in `dir`, with every partner of one kind.
pub fn start(dir: &Path, clock: Arc<dyn Clock>, partner: Arc<dyn Gateway>) -> Node {
    Node::start(config(dir, clock, partner)).expect("a node that starts")
}

/// What such a node is started with.
pub fn config(dir: &Path, clock: Arc<dyn Clock>, partner: Arc<dyn Gateway>) -> NodeConfig {
    let gateways: Gateways = Partner::ALL.into_iter().map(|name| (name, Arc::clone(&partner))).collect();
    NodeConfig {
        dir: dir.to_owned(),
        rules: rules(),
        salts: salts(),
        funding: 100_000_000,
        clock,
        gateways,
        directory: Arc::new(AnyAccount),
        journal: journal::Options::default(),
        clock_ahead_most: Duration::MAX,
        views: node::Pace::PROMPT,
        ended_stay: Duration::from_secs(300),
        sweep_every: Duration::from_secs(3_600),
    }
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(NodeClock::accelerated(START, 1))
}

//! A world for the engine's tests: the core's state, a clock, and partners with books of their own.
//!
//! Every command goes through `decide` and `State::apply`, and every invariant is checked after it.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod check;
pub mod drive;
pub mod partner;
#[path = "../rules_shipped/mod.rs"]
pub mod shipped;

use exchange::rules::{Identity, Instrument};
use exchange::{
    Answer, Asker, ClientKey, Command, Contracts, Decision, Doors, Envelope, Funds, Opening, PlaceOrder, Recipient,
    Registration, Reply, Rules, Signal, Via, decide,
};
use facts::{
    AccountName, Action, CallRef, Day, InstrumentId, Key16, Meta, Millis, OpenRecord, Order, OrderId, OrderState,
    Partner, Payment, PersonId, Product, Provenance, Province, Refusal, State, Step, Subject, SubscriberId,
};
use ledger::Side;
use money::{Asset, Telco};
use partner::Partners;
use std::collections::BTreeMap;

/// 100.00 yuan: what every order converts unless the test says otherwise.
pub const AMOUNT: u64 = 10_000;
/// What a subscriber holds at first.
pub const HELD: u64 = 300_000;
/// Where subscribers are at home unless the test says otherwise.
pub const GUANGDONG: u8 = 44;
/// What the reserve holds at first.
pub const FUNDING: u64 = 100_000_000;

/// The shipped rules, with the partners' file changed by `edit`.
pub fn rules_with(edit: impl Fn(String) -> String) -> Rules {
    let contracts = edit(shipped::text("policies/partners.toml"));
    Rules {
        policy: shipped::policy().into(),
        contracts: Contracts::parse(&contracts).expect("a contracts file"),
        doors: Doors::Served,
        proposed: BTreeMap::new(),
    }
}

/// The shipped rules.
pub fn rules() -> Rules {
    rules_with(|text| text)
}

/// A working day, 10:00 in Shanghai.
pub fn morning() -> Millis {
    let day: Day = "2026-11-23".parse().expect("a date");
    day.start().plus(10 * 3_600_000)
}

#[derive(Clone)]
pub struct World {
    pub state: State,
    pub rules: Rules,
    pub now: Millis,
    pub log: Vec<OpenRecord>,
    pub partners: Partners,
    /// The window every partner granted, for the check that it is kept.
    pub window: u32,
}

impl World {
    /// Open books and partners that let `window` requests be under way.
    pub fn open(rules: Rules, window: u32) -> World {
        World::open_with(rules, window, FUNDING)
    }

    pub fn open_with(rules: Rules, window: u32, funding: u64) -> World {
        let (state, now, log) = (State::default(), morning(), Vec::new());
        let mut world = World { state, rules, now, log, partners: Partners::default(), window };
        world.give(Command::OpenBooks { funding });
        for partner in Partner::ALL {
            world.give(Command::GrantCredits { partner, window });
        }
        world
    }

    /// Fen used of the shipped limit of a person's day.
    pub fn day_used(&self, person: PersonId, day: Day) -> u64 {
        let limit = self.rules.policy.limits().giving(Refusal::DailyLimitExceeded).expect("shipped");
        self.state.counters().used(&limit.counter_of(Subject::Person(person), day.start()))
    }

    pub fn meta(&self) -> Meta {
        Meta::system(self.now)
    }

    /// Decides a command, applies its facts as the next record, and checks everything.
    pub fn give(&mut self, command: Command) -> Decision {
        self.give_with_key(None, command)
    }

    pub fn give_with_key(&mut self, key: Option<ClientKey>, command: Command) -> Decision {
        let decision = self.apply(key, &command);
        if let Command::Signal(signal) = &command {
            self.partners.heard(signal, &decision);
        }
        check::always(self, &command);
        decision
    }

    /// A command that may be a lie, so that nothing but the books is checked.
    pub fn give_unchecked(&mut self, command: Command) -> Decision {
        let decision = self.apply(None, &command);
        check::books(self, &command);
        decision
    }

    fn apply(&mut self, key: Option<ClientKey>, command: &Command) -> Decision {
        let envelope = Envelope { meta: self.meta(), key, command: command.clone() };
        let decision = decide(&self.state, &self.rules, &envelope);
        assert_eq!(decision, decide(&self.state, &self.rules, &envelope), "equal inputs give equal decisions");
        if !decision.facts.is_empty() {
            let (sequence, facts) = (self.state.sequence() + 1, decision.facts.clone());
            let record = OpenRecord { sequence, shard: 0, epoch: 1, meta: envelope.meta, facts };
            if let Err(broken) = self.state.apply(&record) {
                panic!("{broken}\nafter {command:?}\nfacts {:#?}", record.facts);
            }
            self.log.push(record);
        }
        decision
    }

    /// What a command would come to: it must apply to a copy of the state.
    pub fn look(&self, command: Command) -> Decision {
        let envelope = Envelope { meta: self.meta(), key: None, command };
        let decision = decide(&self.state, &self.rules, &envelope);
        let (sequence, facts) = (self.state.sequence() + 1, decision.facts.clone());
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta: envelope.meta, facts };
        let mut copy = self.state.clone();
        copy.apply(&record).expect("a decision applies");
        decision
    }

    /// A subscriber of a telco, held by a person, with one lot.
    pub fn register(&mut self, number: u128, person: u128, telco: Telco) -> SubscriberId {
        self.register_in(GUANGDONG, number, person, telco)
    }

    /// The same, at home in a province.
    pub fn register_in(&mut self, province: u8, number: u128, person: u128, telco: Telco) -> SubscriberId {
        let subscriber = SubscriberId::from_bits(number);
        let lot = Opening { provenance: Provenance::SelfPaid, amount: HELD, at: Millis(1) };
        let registration = Registration {
            subscriber,
            person: PersonId::from_bits(person),
            telco,
            province: Province::new(province).expect("a province"),
            own_card: None,
            credit_card: None,
            lots: vec![lot],
        };
        let decision = self.give(Command::Register(registration));
        assert_eq!(decision.reply, Reply::Made(facts::Made::Subscriber(subscriber)));
        subscriber
    }

    pub fn request(number: u128, subscriber: SubscriberId) -> PlaceOrder {
        PlaceOrder {
            order: OrderId::from_bits(number),
            asker: Asker::Holder(subscriber),
            recipient: Recipient::Nobody,
            product: Product::Direct,
            amount: AMOUNT,
            identity: Identity::Valid,
            instrument: Instrument::Own,
            channel_province: Province::new(GUANGDONG).expect("a province"),
            funds: Funds::Own,
            quote: None,
        }
    }

    pub fn place(&mut self, number: u128, subscriber: SubscriberId) -> OrderId {
        let request = World::request(number, subscriber);
        let id = request.order;
        self.give(Command::Place(Box::new(request)));
        id
    }

    pub fn tell(&mut self, call: CallRef, answer: Answer, via: Via) -> Decision {
        self.give(Command::Signal(Signal { call, answer, via }))
    }

    pub fn order(&self, id: OrderId) -> &Order {
        self.state.order(id).expect("placed")
    }

    pub fn stands(&self, id: OrderId) -> OrderState {
        self.order(id).state
    }

    /// The first step with this action.
    pub fn step(&self, id: OrderId, action: Action) -> Option<(u8, &Step)> {
        self.order(id).numbered_steps().find(|(_, step)| step.plan.action == action)
    }

    /// Posted debits less posted credits of an account.
    pub fn debit(&self, name: AccountName, asset: Asset) -> i128 {
        let account = self.state.account(name, asset).and_then(|id| self.state.ledger().account(id));
        account.map_or(0, |account| -account.credit_balance())
    }

    pub fn pending(&self, name: AccountName, asset: Asset) -> u64 {
        let account = self.state.account(name, asset).and_then(|id| self.state.ledger().account(id));
        account.map_or(0, |account| account.pending(Side::Debit) + account.pending(Side::Credit))
    }
}

/// Somebody's card that pays.
pub fn payer() -> Funds {
    let payment = Payment { instrument: InstrumentId::from_bits(77), payer: Key16([7; 16]) };
    Funds::PaidBy(payment, Provenance::ThirdParty)
}

pub fn key(key: u8, body: u8) -> ClientKey {
    ClientKey { key: Key16([key; 16]), body: Key16([body; 16]) }
}

/// A fact's kind, and where it leads: one word for the printed matrices.
pub fn kind(fact: &facts::Fact) -> String {
    use facts::Fact;
    match fact {
        Fact::OrderMoved { state, cause, .. } => format!("moved({state},{cause})"),
        Fact::OrderUnwound { cause, .. } => format!("unwound({cause})"),
        Fact::StepPlanned { plan, .. } => format!("planned({},{})", plan.action, plan.amount),
        Fact::StepQueued { step, .. } => format!("queued({step})"),
        Fact::StepSent { step, attempt, .. } => format!("sent({step},{attempt})"),
        Fact::StepUnknown { step, cause, .. } => format!("unknown({step},{cause})"),
        Fact::InquiryDeferred { step, cause, .. } => format!("deferred({step},{cause})"),
        Fact::StepDone { step, amount, .. } => format!("done({step},{amount})"),
        Fact::StepFailed { step, cause, .. } => format!("failed({step},{cause})"),
        Fact::StepCompensated { step, .. } => format!("compensated({step})"),
        Fact::StrayFound { step, attempt, cause, .. } => format!("stray({step},{attempt},{cause})"),
        Fact::SignalAbsorbed { kind, .. } => format!("absorbed({kind:?})"),
        Fact::ValueReturned { .. } => "value_returned".to_owned(),
        Fact::RewardWithdrawn { .. } => "reward_withdrawn".to_owned(),
        Fact::OrderReviewed { verdict, .. } => format!("reviewed({verdict})"),
        Fact::CodeHandedOut { step, .. } => format!("code_handed_out({step})"),
        Fact::OrderAdmitted(_) => "admitted".to_owned(),
        Fact::OrderDeclined { refusal, .. } => format!("declined({refusal})"),
        Fact::KeyTaken { .. } => "key_taken".to_owned(),
        Fact::AccountOpened { .. } => "account_opened".to_owned(),
        Fact::Posted { .. } => "posted".to_owned(),
        Fact::CreditsGranted { .. } => "credits_granted".to_owned(),
        Fact::SubscriberRegistered { .. } => "registered".to_owned(),
        Fact::LotOpened { .. } => "lot_opened".to_owned(),
        Fact::ApprovalProposed(_) => "approval_proposed".to_owned(),
        Fact::ApprovalActed { act, .. } => format!("approval_acted({act})"),
        Fact::EndedLeaveAfter { .. } => "ended_leave_after".to_owned(),
        Fact::OrderRecalled(_) => "recalled".to_owned(),
        Fact::NumberPorted { .. } => "ported".to_owned(),
        Fact::LegalHoldPlaced { number, .. } => format!("hold_placed({number})"),
        Fact::LegalHoldLifted { number, .. } => format!("hold_lifted({number})"),
        Fact::ErasureRequested { due_at, .. } => format!("erasure_requested({})", due_at.day()),
        Fact::PersonErased { .. } => "erased".to_owned(),
        Fact::Revealed { purpose, .. } => format!("revealed({purpose})"),
        Fact::StaffActed { act, on, .. } => format!("staff_acted({act}, {on})"),
        Fact::StaffActRefused { record, code } => format!("staff_act_refused({record}, {code})"),
        Fact::ComplaintFiled { about, .. } => format!("complaint_filed({about})"),
        Fact::ComplaintClosed { outcome, .. } => format!("complaint_closed({outcome})"),
        Fact::AttackNoted { what, count, .. } => format!("attack_noted({what}, {count})"),
    }
}

//! One fact of every kind with every field filled, and a record of them.

#![allow(dead_code, reason = "each test file uses its own part")]

use facts::{
    AccountName, Action, Actor, ActorKind, Admission, Approval, ApprovalAct, ApprovalId, ApprovalState,
    ApprovalSubject, Attack, Bucket, Cause, Channel, ComplaintAbout, ComplaintId, ComplaintOutcome, Count, Counter,
    Day, Due, Fact, FeeLine, FeeRule, InstrumentId, Key16, KeyUse, LearnedPrice, LimitHit, Lot, LotUse, Made, Measure,
    Meta, Meter, Millis, Necessity, OpenRecord, Order, OrderId, OrderState, Partner, PersonId, PersonalItem,
    PolicyVersion, Product, Provenance, Province, Purpose, QuoteId, Quoted, Refusal, ReviewVerdict, Reward, Shared,
    SignalKind, StaffAct, StepPlan, Subject, SubscriberId, Target, Terms, Verdict, Window,
};
use ledger::{AccountId, Action as Move, Bound, Entry, Transfer, TransferId};
use money::{Asset, Telco};

/// The golden file of a fact. A new kind does not compile until it is named here, and fails until it is sampled below.
pub fn file_name(fact: &Fact) -> &'static str {
    match fact {
        Fact::AccountOpened { .. } => "00_account_opened.hex",
        Fact::Posted { .. } => "01_posted.hex",
        Fact::CreditsGranted { .. } => "02_credits_granted.hex",
        Fact::SubscriberRegistered { .. } => "03_subscriber_registered.hex",
        Fact::LotOpened { .. } => "04_lot_opened.hex",
        Fact::KeyTaken { .. } => "05_key_taken.hex",
        Fact::OrderAdmitted(_) => "06_order_admitted.hex",
        Fact::OrderDeclined { .. } => "07_order_declined.hex",
        Fact::StepPlanned { .. } => "08_step_planned.hex",
        Fact::StepQueued { .. } => "09_step_queued.hex",
        Fact::StepSent { .. } => "10_step_sent.hex",
        Fact::StepUnknown { .. } => "11_step_unknown.hex",
        Fact::InquiryDeferred { .. } => "12_inquiry_deferred.hex",
        Fact::StepDone { .. } => "13_step_done.hex",
        Fact::StepFailed { .. } => "14_step_failed.hex",
        Fact::StepCompensated { .. } => "15_step_compensated.hex",
        Fact::StrayFound { .. } => "16_stray_found.hex",
        Fact::SignalAbsorbed { .. } => "17_signal_absorbed.hex",
        Fact::OrderMoved { .. } => "18_order_moved.hex",
        Fact::OrderUnwound { .. } => "19_order_unwound.hex",
        Fact::ValueReturned { .. } => "20_value_returned.hex",
        Fact::RewardWithdrawn { .. } => "21_reward_withdrawn.hex",
        Fact::CodeHandedOut { .. } => "22_code_handed_out.hex",
        Fact::OrderReviewed { .. } => "23_order_reviewed.hex",
        Fact::ApprovalProposed(_) => "30_approval_proposed.hex",
        Fact::ApprovalActed { .. } => "31_approval_acted.hex",
        Fact::EndedLeaveAfter { .. } => "40_ended_leave_after.hex",
        Fact::OrderRecalled(_) => "41_order_recalled.hex",
        Fact::NumberPorted { .. } => "42_number_ported.hex",
        Fact::LegalHoldPlaced { .. } => "50_legal_hold_placed.hex",
        Fact::LegalHoldLifted { .. } => "51_legal_hold_lifted.hex",
        Fact::ErasureRequested { .. } => "52_erasure_requested.hex",
        Fact::PersonErased { .. } => "53_person_erased.hex",
        Fact::Revealed { .. } => "54_revealed.hex",
        Fact::StaffActed { .. } => "60_staff_acted.hex",
        Fact::StaffActRefused { .. } => "61_staff_act_refused.hex",
        Fact::AttackNoted { .. } => "70_attack_noted.hex",
        Fact::ComplaintFiled { .. } => "80_complaint_filed.hex",
        Fact::ComplaintClosed { .. } => "81_complaint_closed.hex",
    }
}

pub fn order() -> OrderId {
    OrderId::new(1_790_000_000_000, Bucket::of_hash(77), 0x1234_5678)
}

fn person() -> PersonId {
    PersonId::new(1_780_000_000_000, Bucket::of_hash(77), 1)
}

fn subscriber() -> SubscriberId {
    SubscriberId::new(1_780_000_000_001, Bucket::of_hash(77), 2)
}

const fn entry(amount: u64) -> Entry {
    Entry { debit: AccountId::new(3), credit: AccountId::new(4), amount }
}

/// Every way a posting can be.
pub fn transfers() -> Vec<Transfer> {
    let hold = TransferId::new(1_025);
    let actions = [
        Move::Post(entry(9_600)),
        Move::Hold { entry: entry(400), expires_at: 0 },
        Move::PostHold { hold, amount: 399 },
        Move::VoidHold { hold },
        Move::ExpireHold { hold, now: 5 },
    ];
    (1_026u64..).zip(actions).map(|(id, action)| Transfer { id: TransferId::new(id), action }).collect()
}

pub fn terms() -> Terms {
    Terms {
        product: Product::Direct,
        amount: 10_000,
        fee: 410,
        fee_lines: vec![
            FeeLine { rule: FeeRule::TelcoRate, ppm: 40_000, fen: 0 },
            FeeLine { rule: FeeRule::Product, ppm: -10_000, fen: 0 },
            FeeLine { rule: FeeRule::Minimum, ppm: 0, fen: 10 },
            FeeLine { rule: FeeRule::Tier, ppm: -1_000, fen: 0 },
            FeeLine { rule: FeeRule::Learned, ppm: 250, fen: 0 },
        ],
        payout: 9_590,
        arrives_on: Day::from_count(20_781),
        policy: PolicyVersion([0xA1; 16]),
        drawn: 10_000,
        reward: Some(Box::new(reward())),
        learned: Some(Box::new(learned())),
    }
}

fn reward() -> Reward {
    Reward { campaign: 3, name: "spring".to_owned(), amount: 500, usable_from: Day::from_count(20_788) }
}

fn learned() -> LearnedPrice {
    LearnedPrice { source: "elasticity".to_owned(), version: "2026-11".to_owned(), ppm: -500 }
}

pub fn plan() -> StepPlan {
    StepPlan {
        partner: Partner::Telco(Telco::Ctcc),
        action: Action::ReleaseAirtime,
        party: 1,
        amount: 10_000,
        due: Due::At(Millis(1_790_000_123_456)),
        necessity: Necessity::Optional,
        target: Some(Target { step: 2, attempt: 3 }),
        acts_on: "rsv-1".to_owned(),
        clear: Some(entry(10_000)),
        doubt: Some(entry(10_000)),
        always: vec![entry(1)],
        exact: vec![entry(2), entry(3)],
        brings: None,
        gate: None,
        refers: None,
    }
}

fn admission() -> Admission {
    let bare = StepPlan { due: Due::AtOnce, target: None, clear: None, doubt: None, ..plan() };
    let waits = StepPlan { partner: Partner::Bank, due: Due::OnReview, ..plan() };
    let lot =
        Lot { number: 4, provenance: Provenance::ThirdParty, remaining: 500, opened_at: Millis(12), payment: None };
    Admission {
        order: order(),
        person: person(),
        parties: vec![subscriber(), SubscriberId::from_bits(9)],
        terms: terms(),
        requested_at: Millis(1_789_999_999_000),
        steps: vec![plan(), bare, waits],
        lots: vec![LotUse { taken: lot }],
        quote: Quoted { id: QuoteId::from_bits(u128::MAX), expires_at: Millis(1_790_000_300_000) },
        seen_convertible: 300_000,
        counts: counts(),
        payment: None,
    }
}

/// A counter of every kind of subject and of window.
fn counts() -> Vec<Count> {
    let day = Window::Day(Day::from_count(20_780));
    let subjects = [
        (Subject::Person(person()), day),
        (Subject::Number(subscriber()), Window::Month(2026, 11)),
        (Subject::Product(Product::Refund), Window::Year(2026)),
        (Subject::Region(Province::new(33).expect("a province")), Window::Moment(Millis(1_789_999_999_000))),
        (Subject::Agent(Key16([3; 16])), day),
        (Subject::Device(Key16([2; 16])), day),
    ];
    let counter = |(number, (subject, window))| Counter { meter: Meter::Limit(number), subject, window };
    let limits = (1..).zip(subjects).map(counter);
    limits.chain(campaign_counters()).map(|counter| Count { counter, amount: 10_000 }).collect()
}

/// A counter of a campaign of every kind of subject.
fn campaign_counters() -> impl Iterator<Item = Counter> {
    let shared = [Shared::Device, Shared::Agent, Shared::Card, Shared::Block].map(|kind| kind(Key16([4; 16])));
    let sharers = shared.map(|shared| Subject::Sharer(shared, person()));
    let subjects = [Subject::Everybody].into_iter().chain(sharers);
    let meters = [Meter::Campaign(3, Measure::Fen), Meter::Campaign(3, Measure::Orders)].into_iter().cycle();
    meters.zip(subjects).map(|(meter, subject)| Counter { meter, subject, window: Window::Always })
}

fn limit_hit() -> LimitHit {
    LimitHit { number: 1, name: "day".to_owned(), measure: Measure::Orders, frees_at: Millis(1_790_006_400_000) }
}

/// One fact of every kind, in the order of their numbers.
pub fn facts_of_every_kind() -> Vec<Fact> {
    let (order, step, at) = (order(), 2, Millis(1_790_000_001_000));
    let used = KeyUse { body: Key16([6; 16]), made: Made::Order(order) };
    vec![
        Fact::AccountOpened {
            account: AccountId::new(30),
            name: AccountName::InDoubt(Partner::Telco(Telco::Cbn)),
            asset: Asset::Airtime(Telco::Cbn),
            bound: Bound::DebitsWithinCredits,
        },
        Fact::Posted { transfers: transfers() },
        Fact::CreditsGranted { partner: Partner::Bank, window: 128 },
        Fact::SubscriberRegistered {
            subscriber: subscriber(),
            person: person(),
            telco: Telco::Cucc,
            province: Province::new(44).expect("a province"),
            own_card: Some(InstrumentId::from_bits(11)),
            credit_card: None,
        },
        Fact::LotOpened {
            subscriber: subscriber(),
            number: 3,
            provenance: Provenance::Points,
            amount: 70_000,
            at,
            payment: None,
        },
        Fact::KeyTaken { key: Key16([5; 16]), used },
        Fact::OrderAdmitted(Box::new(admission())),
        Fact::OrderDeclined {
            order,
            person: person(),
            subscriber: Some(subscriber()),
            product: Product::Gift,
            amount: 5,
            refusal: Refusal::DailyLimitExceeded,
            found: 48_000,
            allowed: 50_000,
            policy: PolicyVersion([0xA2; 16]),
            requested_at: at,
            limit: Some(Box::new(limit_hit())),
        },
        Fact::StepPlanned { order, plan: Box::new(plan()) },
        Fact::StepQueued { order, step, due_at: at },
        Fact::StepSent { order, step, attempt: 2, transfers: transfers() },
        Fact::StepUnknown { order, step, cause: Cause::Restart, inquire_at: at, transfers: transfers() },
        Fact::InquiryDeferred { order, step, cause: Cause::Pending, inquire_at: at },
        Fact::StepDone { order, step, amount: 9_999, external: "adj-1".to_owned(), transfers: transfers() },
        Fact::StepFailed { order, step, cause: Cause::NotFound, transfers: transfers() },
        Fact::StepCompensated { order, step },
        Fact::StrayFound { order, step, attempt: 1, cause: Cause::LateSuccess, amount: 10_000, transfers: transfers() },
        Fact::SignalAbsorbed { order, step, attempt: 1, kind: SignalKind::Stale },
        Fact::OrderMoved { order, state: OrderState::Suspended, cause: Cause::Contradiction },
        Fact::OrderUnwound { order, cause: Cause::OtherAmount },
        Fact::ValueReturned { order, released: counts() },
        Fact::RewardWithdrawn { order, released: counts() },
        Fact::CodeHandedOut { order, step },
        Fact::OrderReviewed { order, verdict: ReviewVerdict::Approved, why: "证件已核对".to_owned() },
        Fact::ApprovalProposed(Box::new(approval())),
        Fact::ApprovalActed {
            approval: approval().id,
            act: ApprovalAct::Approve,
            by: staff(2),
            why: "同意".to_owned(),
            effective_at: Millis(1_790_100_000_000),
        },
        Fact::EndedLeaveAfter { stay_ms: 300_000 },
        Fact::OrderRecalled(Box::new(Order::admitted(&admission(), 7, at))),
        Fact::NumberPorted { subscriber: subscriber(), telco: Telco::Cmcc },
        Fact::LegalHoldPlaced {
            person: person(),
            number: 2,
            authority: "某市公安局".to_owned(),
            document: Key16([8; 16]),
            why: "协助调查".to_owned(),
        },
        Fact::LegalHoldLifted { person: person(), number: 2, why: "结案".to_owned() },
        Fact::ErasureRequested { person: person(), due_at: Millis(2_110_000_000_000) },
        Fact::PersonErased { person: person() },
        Fact::Revealed {
            subject: person(),
            what: vec![PersonalItem::Name, PersonalItem::Card],
            purpose: Purpose::StaffEnquiry,
            why: "客户投诉".to_owned(),
        },
        Fact::StaffActed {
            act: StaffAct::RevokeKey, on: "0123456789abcdef".to_owned(), why: "密钥泄露".to_owned()
        },
        Fact::StaffActRefused { record: 7, code: "principal_unknown".to_owned() },
        Fact::AttackNoted {
            who: Actor { kind: ActorKind::Partner, id: Key16([9; 16]), role: 0 },
            what: Attack::Replay,
            count: 3,
            since: Millis(1_790_000_000_000),
        },
        Fact::ComplaintFiled {
            complaint: complaint(),
            subscriber: subscriber(),
            order: Some(order),
            about: ComplaintAbout::NotArrived,
            due_on: Day::from_count(20_780),
        },
        Fact::ComplaintClosed {
            complaint: complaint(),
            order: Some(order),
            outcome: ComplaintOutcome::PartlyUpheld,
            why: "迟到两天".to_owned(),
        },
    ]
}

fn complaint() -> ComplaintId {
    ComplaintId::new(1_790_000_000_000, Bucket::of_hash(77), 6)
}

pub fn meta() -> Meta {
    Meta {
        actor: Actor { kind: ActorKind::Subscriber, id: Key16([1; 16]), role: 3 },
        channel: Channel::Http,
        province: Province::new(33),
        device: Key16([2; 16]),
        agent: Key16([3; 16]),
        client_key: Key16([4; 16]),
        trace: Key16([5; 16]),
        now: Millis(1_790_000_000_000),
        requested_at: Millis(1_789_999_999_000),
        verdict: Verdict { version: PolicyVersion([7; 16]), outcome: 2, score_ppm: 990_000 },
        whence: Some(Key16([9; 16])),
    }
}

pub fn record(sequence: u64, facts: Vec<Fact>) -> OpenRecord {
    OpenRecord { sequence, shard: 5, epoch: 8, meta: meta(), facts }
}

fn staff(number: u8) -> Actor {
    Actor { kind: ActorKind::Staff, id: Key16([number; 16]), role: 0 }
}

fn approval() -> Approval {
    let version = PolicyVersion([0xa3; 16]);
    Approval {
        id: ApprovalId::new(1_790_000_000_000, Bucket::of_hash(77), 5),
        subject: ApprovalSubject::Policy { version, instead_of: PolicyVersion([0xa1; 16]) },
        maker: staff(1),
        why: "2027 holidays".to_owned(),
        changes: "fees.toml: telco_ppm.CBN: 20000 -> 25000".to_owned(),
        proposed_at: Millis(1_790_000_000_000),
        effective_at: Millis(1_790_100_000_000),
        expires_at: Millis(1_790_600_000_000),
        state: ApprovalState::Proposed,
        acts: Vec::new(),
    }
}

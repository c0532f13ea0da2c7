//! Changes that two people make: who may do what when, and from when on a policy decides.

#![allow(clippy::disallowed_methods, reason = "a test reads the shipped files")]

mod engine;

use engine::shipped::Texts;
use engine::{World, rules};
use exchange::rules::Policy;
use exchange::{Command, Denied, Envelope, Proposal, Reply, Rules, decide};
use facts::{
    Actor, ActorKind, ApprovalAct, ApprovalId, ApprovalState, ApprovalSubject, Key16, Meta, Millis, OpenRecord,
    OrderId, PolicyVersion,
};
use std::fmt::Write as _;
use std::sync::Arc;

const CHANGE: ApprovalId = ApprovalId::from_bits(40);
const DAY: u64 = 86_400_000;

fn staff(number: u8) -> Actor {
    Actor { kind: ActorKind::Staff, id: Key16([number; 16]), role: 0 }
}

/// The shipped policy with a cheaper China Telecom.
fn cheaper() -> Policy {
    let mut texts = Texts::shipped();
    let fees = texts.of("fees.toml");
    assert!(fees.contains("CTCC = 40_000"));
    *fees = fees.replace("CTCC = 40_000", "CTCC = 35_000");
    Policy::compile(&texts.files()).expect("it holds")
}

fn world() -> (World, PolicyVersion) {
    let new = cheaper();
    let version = new.version();
    let proposed = [(version, Arc::new(new))].into();
    (World::open(Rules { proposed, ..rules() }, 8), version)
}

/// Gives a command as an actor.
fn give(world: &mut World, actor: Actor, command: Command) -> Reply {
    let meta = Meta { actor, ..world.meta() };
    let decision = decide(&world.state, &world.rules, &Envelope { meta, key: None, command });
    if !decision.facts.is_empty() {
        let sequence = world.state.sequence() + 1;
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta, facts: decision.facts };
        world.state.apply(&record).expect("it applies");
    }
    decision.reply
}

fn propose(world: &mut World, version: PolicyVersion, effective_at: Millis) -> Reply {
    let instead_of = world.rules.policy.version();
    let proposal = Proposal {
        approval: CHANGE,
        subject: ApprovalSubject::Policy { version, instead_of },
        why: "the contract of 2027".to_owned(),
        changes: "CTCC: 40000 -> 35000".to_owned(),
        effective_at,
        expires_at: world.now.plus(7 * DAY),
    };
    give(world, staff(1), Command::Propose(Box::new(proposal)))
}

fn act(world: &mut World, by: u8, act: ApprovalAct) -> Reply {
    act_at(world, by, act, None)
}

fn act_at(world: &mut World, by: u8, act: ApprovalAct, effective_at: Option<Millis>) -> Reply {
    let why = "looked at".to_owned();
    give(world, staff(by), Command::ActOnApproval { approval: CHANGE, act, why, effective_at })
}

fn stands(world: &World) -> ApprovalState {
    world.state.approvals().get(CHANGE).expect("proposed").state
}

/// The fee of an order of 100.00 asked for at a moment.
fn fee(world: &mut World, number: u128, requested_at: Millis) -> u64 {
    let subscriber = facts::SubscriberId::from_bits(1);
    if world.state.subscriber(subscriber).is_none() {
        world.register(1, 100, money::Telco::Ctcc);
    }
    let request = World::request(number, subscriber);
    let meta = Meta { requested_at, ..world.meta() };
    exchange::quote(&world.state, &world.rules, &meta, &request, None).expect("admitted").fee
}

#[test]
fn a_price_applies_from_its_approval_on_and_never_before() {
    let (mut world, version) = world();
    let (asked_at, wished) = (world.now, Millis(world.now.0 - 30 * DAY));
    assert_eq!(propose(&mut world, version, wished), Reply::Done);
    assert_eq!(fee(&mut world, 10, asked_at), 400, "what is proposed decides nothing");
    world.now = world.now.plus(DAY);
    let approved_at = world.now;
    assert_eq!(act(&mut world, 2, ApprovalAct::Review), Reply::Done);
    assert_eq!(act(&mut world, 3, ApprovalAct::Approve), Reply::Done);
    assert_eq!(fee(&mut world, 11, approved_at), 350);
    assert_eq!(fee(&mut world, 12, asked_at), 400, "a request of before its approval keeps its price");
    let change = world.state.approvals().get(CHANGE).expect("proposed");
    assert_eq!((change.effective_at, change.acts.len()), (approved_at, 2));
    // And back at once: the policy that was there before, proposed and approved.
    let back = world.rules.policy.version();
    world.now = world.now.plus(1);
    let id = ApprovalId::from_bits(41);
    let subject = ApprovalSubject::Policy { version: back, instead_of: version };
    let (why, changes) = ("too cheap".to_owned(), "CTCC: 35000 -> 40000".to_owned());
    let expires_at = world.now.plus(DAY);
    let proposal = Proposal { approval: id, subject, why: why.clone(), changes, effective_at: world.now, expires_at };
    assert_eq!(give(&mut world, staff(2), Command::Propose(Box::new(proposal))), Reply::Done);
    let approve = Command::ActOnApproval { approval: id, act: ApprovalAct::Approve, why, effective_at: None };
    assert_eq!(give(&mut world, staff(1), approve), Reply::Done);
    let now = world.now;
    assert_eq!(fee(&mut world, 13, now), 400);
    assert_eq!(world.state.approvals().policies().count(), 2);
}

#[test]
fn a_change_that_is_not_in_effect_yet_can_be_moved_and_taken_back() {
    let (mut world, version) = world();
    let start = world.now;
    propose(&mut world, version, start.plus(10 * DAY));
    act(&mut world, 2, ApprovalAct::Approve);
    assert_eq!(act_at(&mut world, 1, ApprovalAct::Schedule, None), Reply::Denied(Denied::MakerCannotCheck));
    assert_eq!(act_at(&mut world, 2, ApprovalAct::Schedule, Some(start.plus(5 * DAY))), Reply::Done);
    assert_eq!(fee(&mut world, 10, start.plus(4 * DAY)), 400);
    assert_eq!(fee(&mut world, 11, start.plus(6 * DAY)), 350);
    assert_eq!(act(&mut world, 1, ApprovalAct::Withdraw), Reply::Done);
    assert_eq!(fee(&mut world, 12, start.plus(6 * DAY)), 400);
    assert_eq!(stands(&world), ApprovalState::Withdrawn);
}

#[test]
fn what_is_in_effect_is_undone_by_another_change_alone() {
    let (mut world, version) = world();
    let now = world.now;
    propose(&mut world, version, now);
    act(&mut world, 2, ApprovalAct::Approve);
    assert_eq!(act(&mut world, 2, ApprovalAct::Withdraw), Reply::Denied(Denied::InEffect));
    assert_eq!(act_at(&mut world, 2, ApprovalAct::Schedule, None), Reply::Denied(Denied::InEffect));
}

#[test]
fn nobody_checks_their_own_change_and_nobody_is_nameless() {
    let (mut world, version) = world();
    let now = world.now;
    propose(&mut world, version, now);
    for own in [ApprovalAct::Review, ApprovalAct::Approve, ApprovalAct::Reject] {
        assert_eq!(act(&mut world, 1, own), Reply::Denied(Denied::MakerCannotCheck));
    }
    assert_eq!(act(&mut world, 2, ApprovalAct::Withdraw), Reply::Denied(Denied::OnlyMakerWithdraws));
    assert_eq!(act(&mut world, 0, ApprovalAct::Approve), Reply::Denied(Denied::Unnamed));
    let approve = |why: &str| Command::ActOnApproval {
        approval: CHANGE,
        act: ApprovalAct::Approve,
        why: why.to_owned(),
        effective_at: None,
    };
    assert_eq!(give(&mut world, staff(2), approve("  ")), Reply::Denied(Denied::NoReason));
    let agent = Actor { kind: ActorKind::Agent, ..staff(2) };
    assert_eq!(give(&mut world, agent, approve("yes")), Reply::Denied(Denied::Unnamed));
    let unknown = PolicyVersion([9; 16]);
    let subject = ApprovalSubject::Policy { version: unknown, instead_of: version };
    let (why, changes) = ("a typo".to_owned(), String::new());
    let (approval, expires_at) = (ApprovalId::from_bits(42), now.plus(DAY));
    let proposal = Proposal { approval, subject, why, changes, effective_at: now, expires_at };
    let reply = give(&mut world, staff(1), Command::Propose(Box::new(proposal.clone())));
    assert_eq!(reply, Reply::Denied(Denied::PolicyUnknown));
    let late =
        Proposal { subject: ApprovalSubject::Policy { version, instead_of: unknown }, expires_at: now, ..proposal };
    assert_eq!(give(&mut world, staff(1), Command::Propose(Box::new(late))), Reply::Denied(Denied::NoTime));
    assert_eq!(stands(&world), ApprovalState::Proposed);
}

#[test]
fn what_nobody_decides_in_time_expires() {
    let (mut world, version) = world();
    let now = world.now;
    propose(&mut world, version, now);
    world.now = now.plus(8 * DAY);
    let expired = Reply::Denied(Denied::NotIn(ApprovalState::Expired));
    assert_eq!(act(&mut world, 2, ApprovalAct::Approve), expired);
    assert_eq!(stands(&world), ApprovalState::Expired);
    assert_eq!(act(&mut world, 2, ApprovalAct::Approve), expired);
    assert_eq!(fee(&mut world, 10, now.plus(8 * DAY)), 400);
    let order = OrderId::from_bits(10);
    assert!(world.state.order(order).is_none(), "a quote places nothing");
}

#[test]
fn what_can_still_be_decided_is_due_when_it_runs_out_and_the_clock_alone_ends_it() {
    let (mut world, version) = world();
    let start = world.now;
    assert_eq!(world.state.next_due(), None);
    propose(&mut world, version, start);
    let runs_out_at = start.plus(7 * DAY + 1);
    assert_eq!(world.state.next_due(), Some(runs_out_at));
    act(&mut world, 2, ApprovalAct::Review);
    assert_eq!(world.state.next_due(), Some(runs_out_at), "what was looked at can still be decided");
    world.now = start.plus(7 * DAY);
    let expire = || Command::ActOnApproval {
        approval: CHANGE,
        act: ApprovalAct::Expire,
        why: String::new(),
        effective_at: None,
    };
    assert!(matches!(give(&mut world, Actor::SYSTEM, expire()), Reply::Denied(_)), "its last millisecond");
    world.now = runs_out_at;
    assert_eq!(give(&mut world, Actor::SYSTEM, expire()), Reply::Done);
    assert_eq!((stands(&world), world.state.next_due()), (ApprovalState::Expired, None));
    let last = world.state.approvals().get(CHANGE).and_then(|change| change.acts.last()).expect("acts");
    assert_eq!((last.by, last.at), (Actor::SYSTEM, runs_out_at));

    for (end, by) in [(ApprovalAct::Approve, 2), (ApprovalAct::Reject, 2), (ApprovalAct::Withdraw, 1)] {
        let (mut world, version) = self::world();
        let now = world.now;
        propose(&mut world, version, now);
        assert_eq!(act(&mut world, by, end), Reply::Done);
        assert_eq!(world.state.next_due(), None, "{end}");
    }
}

#[test]
fn every_act_in_every_state() {
    let mut matrix = String::new();
    for state in ApprovalState::ALL {
        for act in ApprovalAct::ALL {
            let after = state.after(*act).map_or("-", ApprovalState::code);
            writeln!(matrix, "{state:10} {act:9} {after}").expect("a string takes it");
        }
    }
    insta::assert_snapshot!(matrix);
}

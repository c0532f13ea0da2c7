//! Keeping and erasing: who may hold, what stands against an erasure, and the day on which it comes.

#![allow(clippy::disallowed_methods, reason = "a test reads the shipped files")]

mod engine;

use engine::partner::{Behaviour, Does, Says};
use engine::{World, kind, rules};
use exchange::{Command, Denied, Envelope, Reply, decide};
use facts::{
    Actor, ActorKind, Day, Fact, Key16, Meta, Millis, OpenRecord, OrderState, PersonId, PersonalItem, Purpose, Refusal,
    StaffAct, State, SubscriberId,
};
use money::Telco;

const WHO: PersonId = PersonId::from_bits(7);
const DAY_MS: u64 = 86_400_000;

/// Gives a command as a named member of staff; returns the reply and the kinds of what happened.
fn give(world: &mut World, command: Command) -> (Reply, Vec<String>) {
    give_as(world, Actor { kind: ActorKind::Staff, id: Key16([1; 16]), role: 0 }, command)
}

fn give_as(world: &mut World, actor: Actor, command: Command) -> (Reply, Vec<String>) {
    let meta = Meta { actor, ..world.meta() };
    let decision = decide(&world.state, &world.rules, &Envelope { meta, key: None, command });
    let kinds = decision.facts.iter().map(kind).collect();
    if !decision.facts.is_empty() {
        let sequence = world.state.sequence() + 1;
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta, facts: decision.facts };
        world.state.apply(&record).expect("it applies");
        world.log.push(record);
    }
    (decision.reply, kinds)
}

fn hold() -> Command {
    let (authority, why) = ("a court".to_owned(), "case 7".to_owned());
    Command::PlaceLegalHold { person: WHO, authority, document: Key16([9; 16]), why }
}

const ERASE: Command = Command::Erase { person: WHO };

/// That a member of staff asked is told beside it.
const ACTED: &str = "staff_acted(request_erasure, per_00000000000000000000000007)";

fn kinds(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn ask() -> Command {
    Command::RequestErasure { person: WHO, why: "asked at the counter".to_owned() }
}

/// Somebody who holds nothing: what they had went to another telco with their number.
fn empty_handed(world: &mut World) -> SubscriberId {
    let subscriber = world.register(1, 7, Telco::Ctcc);
    give(world, Command::Port { subscriber, telco: Telco::Cmcc });
    subscriber
}

fn standing(world: &World) -> facts::Standing {
    world.state.custody().standing(WHO).cloned().unwrap_or_default()
}

/// Ten years after 23 November 2026, when that day is over.
fn end_of_term() -> Millis {
    "2036-11-24".parse::<Day>().expect("a date").start()
}

#[test]
fn within_the_term_the_request_is_kept_and_the_person_is_restricted() {
    let mut world = World::open(rules(), 8);
    let subscriber = empty_handed(&mut world);
    assert_eq!(give(&mut world, ask()), (Reply::Done, kinds(&["erasure_requested(2036-11-24)", ACTED])));
    assert_eq!(give(&mut world, ask()), (Reply::Nothing, Vec::new()));
    assert_eq!(standing(&world).due_at, end_of_term());
    assert_eq!(world.state.next_due(), Some(end_of_term()));

    // Nothing new begins: no value, no number. An order fails for want of value before it comes to that.
    let lot = exchange::Opening { provenance: facts::Provenance::SelfPaid, amount: 1, at: world.now };
    let denied = Reply::Denied(Denied::Restricted);
    assert_eq!(give(&mut world, Command::OpenLot { subscriber, opening: lot }).0, denied);
    let second = exchange::Registration {
        subscriber: SubscriberId::from_bits(2),
        person: WHO,
        telco: Telco::Ctcc,
        province: facts::Province::new(44).expect("a province"),
        own_card: None,
        credit_card: None,
        lots: Vec::new(),
    };
    assert_eq!(give(&mut world, Command::Register(second)).0, denied);

    // Not a moment before its day, and then without being asked.
    world.now = Millis(end_of_term().0 - 1);
    assert_eq!(give(&mut world, ERASE), (Reply::Nothing, Vec::new()));
    world.now = end_of_term();
    assert_eq!(give(&mut world, ERASE), (Reply::Done, vec!["erased".to_owned()]));
    assert!(standing(&world).is_erased() && world.state.next_due().is_none());
    assert_eq!(world.state.custody().erased_after(0).collect::<Vec<_>>(), [WHO]);
    assert_eq!(world.state.custody().erased_after(world.state.sequence()).count(), 0);
    assert_eq!(give(&mut world, ERASE), (Reply::Nothing, Vec::new()));
    assert_eq!(give(&mut world, hold()).0, Reply::Denied(Denied::Erased));
}

#[test]
fn after_the_term_they_are_erased_at_once() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    world.now = end_of_term();
    let asked = give(&mut world, ask());
    assert_eq!(asked, (Reply::Done, kinds(&["erasure_requested(2036-11-24)", ACTED, "erased"])));
}

#[test]
fn who_never_asked_is_erased_after_the_term_unless_something_is_held() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    world.register(2, 8, Telco::Ctcc);
    world.now = Millis(end_of_term().0 - 1);
    assert_eq!(give(&mut world, ERASE), (Reply::Nothing, Vec::new()));
    world.now = end_of_term();
    let holder = Command::Erase { person: PersonId::from_bits(8) };
    assert_eq!(give(&mut world, holder), (Reply::Nothing, Vec::new()));
    assert_eq!(give(&mut world, Command::Erase { person: PersonId::from_bits(9) }), (Reply::Nothing, Vec::new()));
    assert_eq!(give(&mut world, ERASE), (Reply::Done, vec!["erased".to_owned()]));
    assert_eq!(give(&mut world, ERASE), (Reply::Nothing, Vec::new()));
    let after = |person| world.state.custody().persons_after(PersonId::from_bits(person)).collect::<Vec<_>>();
    assert_eq!(
        (after(0), after(7), after(8)),
        (vec![WHO, PersonId::from_bits(8)], vec![PersonId::from_bits(8)], vec![])
    );
}

#[test]
fn open_orders_and_held_value_stand_against_it_and_a_legal_hold_keeps_without_a_word() {
    let mut world = World::open(rules(), 8);
    assert_eq!(give(&mut world, ask()).0, Reply::NotFound);
    let subscriber = world.register(1, 7, Telco::Ctcc);
    let order = world.place(100, subscriber);
    assert_eq!(world.state.subscriber(subscriber).expect("there").open_orders, 1);
    assert_eq!(give(&mut world, ask()).0, Reply::Denied(Denied::OrderOpen));
    world.run(&mut |_, _| Behaviour::HONEST);
    assert_eq!(world.stands(order), OrderState::Settled);
    assert_eq!(world.state.subscriber(subscriber).expect("there").open_orders, 0);
    assert_eq!(give(&mut world, ask()).0, Reply::Denied(Denied::ValueHeld));
    give(&mut world, Command::Port { subscriber, telco: Telco::Cmcc });
    assert_eq!(give(&mut world, hold()), (Reply::Done, vec!["hold_placed(1)".to_owned()]));
    assert_eq!(give(&mut world, ask()).0, Reply::Done, "as if no hold stood");
    // The term runs from when the order ended, not from the registration.
    let ended = world.state.subscriber(subscriber).expect("there").active_at;
    assert!(ended.day() > engine::morning().day());
    assert_eq!(standing(&world).due_at, world.rules.policy.kept_until(ended));
    give(&mut world, Command::LiftLegalHold { person: WHO, number: 1, why: "closed".to_owned() });
    assert_eq!(give(&mut world, ask()).0, Reply::Nothing, "it was asked for");
}

#[test]
fn an_order_counts_as_open_until_it_ends_whatever_happens_to_it() {
    for behaviour in
        [Behaviour::HONEST, Behaviour::of(Does::Refuses, Says::Refusal), Behaviour::of(Does::Asked, Says::Silence)]
    {
        let mut world = World::open(rules(), 8);
        let subscriber = world.register(1, 7, Telco::Ctcc);
        let order = world.place(100, subscriber);
        let open = |world: &World| world.state.subscriber(subscriber).expect("there").open_orders;
        let agrees = |world: &World| open(world) == u32::from(!world.stands(order).is_end());
        while world.turn(&mut |_, _| behaviour) {
            assert!(agrees(&world), "{:?}", world.stands(order));
        }
        world.flush();
        assert!(agrees(&world) && open(&world) == 0, "{:?}", world.stands(order));
    }
}

#[test]
fn a_hold_takes_the_day_away_and_lifting_it_brings_it_back() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    give(&mut world, ask());
    give(&mut world, hold());
    assert_eq!(give(&mut world, hold()).1, ["hold_placed(2)"]);
    assert_eq!(world.state.next_due(), None);
    world.now = end_of_term().plus(DAY_MS);
    assert_eq!(give(&mut world, ERASE), (Reply::Nothing, Vec::new()));
    let lift = |number| Command::LiftLegalHold { person: WHO, number, why: "closed".to_owned() };
    assert_eq!(give(&mut world, lift(1)).0, Reply::Done);
    assert_eq!(give(&mut world, lift(1)).0, Reply::NotFound);
    assert_eq!(world.state.next_due(), None, "another stands");
    assert_eq!(give(&mut world, lift(2)).0, Reply::Done);
    assert_eq!(world.state.next_due(), Some(end_of_term()));
    assert_eq!(give(&mut world, ERASE).1, ["erased"]);
}

#[test]
fn holds_and_looks_need_a_name_and_a_reason() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    let nobody = Actor { kind: ActorKind::Staff, id: Key16::default(), role: 0 };
    let subscriber = Actor { kind: ActorKind::Subscriber, id: Key16::default(), role: 0 };
    let look = |purpose, why: &str| Command::Reveal {
        subject: WHO,
        what: vec![PersonalItem::Name],
        purpose,
        why: why.to_owned(),
    };
    for command in [hold(), look(Purpose::StaffEnquiry, "a complaint"), look(Purpose::LegalRequest, "a letter")] {
        for actor in [nobody, subscriber] {
            assert_eq!(give_as(&mut world, actor, command.clone()).0, Reply::Denied(Denied::Unnamed));
        }
    }
    assert_eq!(give(&mut world, look(Purpose::StaffEnquiry, " ")).0, Reply::Denied(Denied::NoReason));
    assert_eq!(give(&mut world, look(Purpose::StaffEnquiry, "a complaint")).1, ["revealed(staff_enquiry)"]);
    // Whoever asks for their own needs neither.
    assert_eq!(give_as(&mut world, subscriber, look(Purpose::SubjectExport, "")).1, ["revealed(subject_export)"]);
    let stranger = Command::Reveal {
        subject: PersonId::from_bits(8),
        what: Vec::new(),
        purpose: Purpose::StaffEnquiry,
        why: "x".to_owned(),
    };
    assert_eq!(give(&mut world, stranger).0, Reply::NotFound);
}

#[test]
fn a_restricted_person_places_no_order() {
    let mut world = World::open(rules(), 8);
    let subscriber = world.register(1, 7, Telco::Ctcc);
    // Value that came back after the request, as a late word may bring it.
    let meta = world.meta();
    let facts = vec![Fact::ErasureRequested { person: WHO, due_at: end_of_term() }];
    let record = OpenRecord { sequence: world.state.sequence() + 1, shard: 0, epoch: 1, meta, facts };
    world.state.apply(&record).expect("it applies");
    world.log.push(record);
    let order = world.place(100, subscriber);
    assert_eq!(world.order(order).refusal, Some(Refusal::PersonRestricted));
    // On the day the value stands against it, and the day moves.
    world.now = end_of_term();
    assert_eq!(give(&mut world, ERASE).1, ["erasure_requested(2036-11-25)"]);
    assert_eq!(world.state.next_due(), Some(end_of_term().plus(DAY_MS)));
}

#[test]
fn a_replay_holds_what_was_held() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    give(&mut world, hold());
    give(&mut world, Command::LiftLegalHold { person: WHO, number: 1, why: "closed".to_owned() });
    give(&mut world, ask());
    world.now = end_of_term();
    give(&mut world, ERASE);
    let mut again = State::default();
    world.log.iter().try_for_each(|record| again.apply(record)).expect("it replays");
    assert_eq!(again.digest(), world.state.digest());
}

#[test]
fn a_leap_day_is_kept_to_the_first_of_march() {
    let policy = rules().policy;
    let last: Day = "2028-02-29".parse().expect("a date");
    let (ends, next): (Day, Day) = ("2038-03-01".parse().expect("a date"), "2038-03-02".parse().expect("a date"));
    assert_eq!(policy.kept_until(last.start().plus(5)), next.start());
    assert_eq!(ends.next(), next);
}

#[test]
fn a_subject_needs_no_reason_to_be_erased_and_staff_do() {
    let mut world = World::open(rules(), 8);
    empty_handed(&mut world);
    let silent = || Command::RequestErasure { person: WHO, why: " ".to_owned() };
    assert_eq!(give(&mut world, silent()), (Reply::Denied(Denied::NoReason), Vec::new()));
    let subject = Actor { kind: ActorKind::Subscriber, id: Key16([2; 16]), role: 0 };
    let asked = give_as(&mut world, subject, silent());
    assert_eq!(asked, (Reply::Done, kinds(&["erasure_requested(2036-11-24)"])), "no member of staff acted");
}

#[test]
fn who_takes_something_away_has_a_name_and_a_reason() {
    let mut world = World::open(rules(), 8);
    let note = |act, why: &str| Command::NoteAct { act, on: "key".to_owned(), why: why.to_owned() };
    assert_eq!(give(&mut world, note(StaffAct::RevokeKey, "")).0, Reply::Denied(Denied::NoReason));
    assert_eq!(give(&mut world, note(StaffAct::IssueKey, "")).1, ["staff_acted(issue_key, key)"]);
    assert_eq!(give(&mut world, note(StaffAct::RevokeKey, "lost")).1, ["staff_acted(revoke_key, key)"]);
    for actor in [Actor::SYSTEM, Actor { kind: ActorKind::Staff, id: Key16::default(), role: 0 }] {
        let (reply, facts) = give_as(&mut world, actor, note(StaffAct::IssueKey, "x"));
        assert_eq!((reply, facts), (Reply::Denied(Denied::Unnamed), Vec::new()));
    }
    let long = Command::NoteAct { act: StaffAct::IssueKey, on: "k".repeat(257), why: String::new() };
    assert_eq!(give(&mut world, long), (Reply::NotNow, Vec::new()));
    let refusal = || Command::NoteRefusal { record: 3, code: "principal_unknown".to_owned() };
    assert_eq!(give(&mut world, refusal()).1, ["staff_act_refused(3, principal_unknown)"]);
    assert_eq!(give_as(&mut world, Actor::SYSTEM, refusal()).0, Reply::Denied(Denied::Unnamed));
}

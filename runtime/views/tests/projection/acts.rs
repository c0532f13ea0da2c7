//! What members of staff did, as lists show it.

use facts::{Actor, ActorKind, Fact, Key16, Meta, Millis, OpenRecord, PartnerLoad, StaffAct};
use std::sync::Arc;
use views::{ActFilter, Projected, Views};

fn record(sequence: u64, actor: Actor, facts: Vec<Fact>) -> Projected {
    let meta = Meta { actor, ..Meta::system(Millis(sequence * 1_000)) };
    let record = OpenRecord { sequence, shard: 0, epoch: 1, meta, facts };
    Projected { record: Arc::new(record), posted: Vec::new() }
}

fn staff(number: u8) -> Actor {
    Actor { kind: ActorKind::Staff, id: Key16([number; 16]), role: 16 }
}

fn acted(act: StaffAct) -> Vec<Fact> {
    vec![Fact::StaffActed { act, on: "it".to_owned(), why: String::new() }]
}

#[test]
fn acts_are_listed_newest_first_by_actor_word_and_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let refused = vec![Fact::StaffActRefused { record: 2, code: "principal_unknown".to_owned() }];
    let granted = vec![Fact::CreditsGranted { partner: facts::Partner::Bank, window: PartnerLoad::default().window }];
    let records = [
        record(1, Actor::SYSTEM, granted.clone()),
        record(2, staff(1), acted(StaffAct::RevokeKey)),
        record(3, staff(1), refused),
        record(4, staff(2), acted(StaffAct::IssueKey)),
        record(5, staff(1), acted(StaffAct::IssueKey)),
        record(6, staff(2), granted),
    ];
    // The refusal comes in another batch than its act.
    views.apply(&records[..2]).expect("applies");
    views.apply(&records[2..]).expect("applies");
    let reader = views.reader();
    let places = |filter: ActFilter, before, limit| -> Vec<u64> {
        reader.acts(&filter, before, limit).expect("readable").iter().map(|row| row.sequence).collect()
    };
    let all = ActFilter::default;
    assert_eq!(places(all(), None, 9), [5, 4, 2]);
    assert_eq!((places(all(), None, 2), places(all(), Some(4), 2)), (vec![5, 4], vec![2]));
    assert_eq!(places(ActFilter { actor: Some(Key16([1; 16])), ..all() }, None, 9), [5, 2]);
    assert_eq!(places(ActFilter { act: Some("issue_key".to_owned()), ..all() }, None, 9), [5, 4]);
    let between = ActFilter { from: Some(Millis(2_000)), until: Some(Millis(5_000)), ..all() };
    assert_eq!(places(between, None, 9), [4, 2]);
    let shown = reader.acts(&all(), None, 9).expect("readable");
    let told: Vec<_> = shown.iter().map(|row| (row.act.as_str(), row.refused.as_deref())).collect();
    assert_eq!(told, [("issue_key", None), ("issue_key", None), ("revoke_key", Some("principal_unknown"))]);
}

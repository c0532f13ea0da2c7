//! Every state of a hold with every command on it, and every two commands one after the other.
//!
//! A changed cell is a changed rule of the ledger and is named in its commit.

use ledger::{AccountId, Action, Bound, Entry, HoldState, Ledger, Transfer, TransferId};
use money::Asset;
use std::fmt::Write;

/// The hold that everything here is about: 100, due at 1,000.
const HOLD: TransferId = TransferId::new(10);
const ENTRY: Entry = Entry { debit: AccountId::new(0), credit: AccountId::new(1), amount: 100 };

const SAME: Action = Action::Hold { entry: ENTRY, expires_at: 1_000 };
const OTHER: Action = Action::Hold { entry: Entry { amount: 99, ..ENTRY }, expires_at: 1_000 };
const POST_WHOLE: Action = Action::PostHold { hold: HOLD, amount: 100 };
const POST_PART: Action = Action::PostHold { hold: HOLD, amount: 40 };
const POST_TOO_MUCH: Action = Action::PostHold { hold: HOLD, amount: 101 };
const VOID: Action = Action::VoidHold { hold: HOLD };
const EXPIRE_DUE: Action = Action::ExpireHold { hold: HOLD, now: 1_000 };
const EXPIRE_EARLY: Action = Action::ExpireHold { hold: HOLD, now: 999 };

const COMMANDS: [(&str, Action); 8] = [
    ("hold, same fields", SAME),
    ("hold, other fields", OTHER),
    ("post whole", POST_WHOLE),
    ("post part", POST_PART),
    ("post too much", POST_TOO_MUCH),
    ("void", VOID),
    ("expire, due", EXPIRE_DUE),
    ("expire, early", EXPIRE_EARLY),
];

const STATES: [(&str, &[Action]); 6] = [
    ("none", &[]),
    ("pending", &[SAME]),
    ("posted whole", &[SAME, POST_WHOLE]),
    ("posted part", &[SAME, POST_PART]),
    ("voided", &[SAME, VOID]),
    ("expired", &[SAME, EXPIRE_DUE]),
];

fn after(actions: &[Action]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.open(Asset::Cny, Bound::Free);
    ledger.open(Asset::Cny, Bound::Free);
    for action in actions {
        assert_eq!(give(&mut ledger, *action), "ok");
    }
    ledger
}

/// Gives a command the id it would have: the hold its own, every other the next free one.
fn give(ledger: &mut Ledger, action: Action) -> &'static str {
    let next = TransferId::new(ledger.last_id().number().max(HOLD.number()) + 1);
    let id = if matches!(action, Action::Hold { .. }) { HOLD } else { next };
    let before = ledger.clone();
    let Err(refused) = ledger.apply(&[Transfer { id, action }]) else {
        return "ok";
    };
    assert_eq!(*ledger, before, "a refusal changed the ledger");
    refused.refusal.code()
}

fn state(ledger: &Ledger) -> String {
    match ledger.hold(HOLD).map(|hold| hold.state) {
        None => "none".to_owned(),
        Some(HoldState::Pending) => "pending".to_owned(),
        Some(HoldState::Posted(amount)) => format!("posted {amount}"),
        Some(HoldState::Voided) => "voided".to_owned(),
        Some(HoldState::Expired) => "expired".to_owned(),
    }
}

#[test]
fn every_state_answers_every_command() {
    let mut matrix = String::new();
    for (name, actions) in STATES {
        for (command, action) in COMMANDS {
            let mut ledger = after(actions);
            let code = give(&mut ledger, action);
            writeln!(matrix, "{name:<13} {command:<19} {code:<21} {}", state(&ledger)).expect("a string");
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn every_two_commands_one_after_the_other() {
    let mut matrix = String::new();
    for (name, actions) in &STATES[..2] {
        for (first, first_action) in COMMANDS {
            for (second, second_action) in COMMANDS {
                let mut ledger = after(actions);
                let codes = [give(&mut ledger, first_action), give(&mut ledger, second_action)];
                let [one, two] = codes;
                let end = state(&ledger);
                writeln!(matrix, "{name:<8} {first:<19} {one:<20} {second:<19} {two:<20} {end}").expect("a string");
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

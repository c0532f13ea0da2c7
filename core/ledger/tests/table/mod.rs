//! Runs a table of text against a ledger; the language is described where it is used.

use ledger::{Account, AccountId, Action, Bound, Entry, Ledger, Refused, Side, Transfer, TransferId};
use std::collections::BTreeMap;

/// A handle that no account has.
const GHOST: AccountId = AccountId::new(u32::MAX);

#[derive(Default)]
struct Run {
    ledger: Ledger,
    names: BTreeMap<String, AccountId>,
    chain: Vec<Transfer>,
}

/// Runs every row and compares each answer and each sum.
pub fn run(table: &str) {
    let mut run = Run::default();
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let words: Vec<&str> = row.split_whitespace().collect();
        match words[..] {
            ["open", name, asset, bound] => run.open(name, asset, bound),
            ["sums", name, "debits", debits, "credits", credits] => run.compare(row, name, debits, credits),
            _ => run.command(row),
        }
    }
    assert!(run.chain.is_empty(), "the last chain has no answer");
}

impl Run {
    fn open(&mut self, name: &str, asset: &str, bound: &str) {
        let bound = match bound {
            "free" => Bound::Free,
            "debits<=credits" => Bound::DebitsWithinCredits,
            "credits<=debits" => Bound::CreditsWithinDebits,
            _ => panic!("`{bound}` is no bound"),
        };
        let id = self.ledger.open(asset.parse().expect("an asset"), bound);
        self.names.insert(name.to_owned(), id);
    }

    fn command(&mut self, row: &str) {
        let (command, answer) = match row.split_once("->") {
            Some((command, answer)) => (command, Some(answer.trim())),
            None => (row, None),
        };
        let words: Vec<&str> = command.split_whitespace().collect();
        let transfer = Transfer { id: id(words[0]), action: self.action(row, &words[1..]) };
        self.chain.push(transfer);
        if let Some(answer) = answer {
            self.answer(row, answer);
        }
    }

    fn action(&self, row: &str, words: &[&str]) -> Action {
        match *words {
            ["post", debit, credit, amount] => Action::Post(self.entry(debit, credit, amount)),
            ["hold", debit, credit, amount] => Action::Hold { entry: self.entry(debit, credit, amount), expires_at: 0 },
            ["hold", debit, credit, amount, "due", due] => {
                Action::Hold { entry: self.entry(debit, credit, amount), expires_at: number(due) }
            }
            ["post_hold", hold, amount] => Action::PostHold { hold: id(hold), amount: number(amount) },
            ["void_hold", hold] => Action::VoidHold { hold: id(hold) },
            ["expire_hold", hold, "now", now] => Action::ExpireHold { hold: id(hold), now: number(now) },
            _ => panic!("not a command: {row}"),
        }
    }

    fn entry(&self, debit: &str, credit: &str, amount: &str) -> Entry {
        let account = |name: &str| if name == "ghost" { GHOST } else { self.names[name] };
        Entry { debit: account(debit), credit: account(credit), amount: number(amount) }
    }

    fn answer(&mut self, row: &str, expected: &str) {
        let before = self.ledger.clone();
        let checked = self.ledger.check(&self.chain);
        assert_eq!(self.ledger, before, "a check changed the ledger: {row}");
        let applied = self.ledger.apply(&self.chain);
        assert_eq!(applied, checked, "a check said something else: {row}");
        assert_eq!(said(applied, self.chain.len()), expected, "{row}");
        if applied.is_err() {
            assert_eq!(self.ledger, before, "a refusal changed the ledger: {row}");
        }
        assert!(self.ledger.trial_balance().values().all(|totals| totals.balance()), "{row}");
        self.chain.clear();
    }

    fn compare(&self, row: &str, name: &str, debits: &str, credits: &str) {
        let account = self.ledger.account(self.names[name]).expect("opened");
        assert_eq!((sums(account, Side::Debit), sums(account, Side::Credit)), (debits.into(), credits.into()), "{row}");
    }
}

fn said(answer: Result<(), Refused>, length: usize) -> String {
    match answer {
        Ok(()) => "ok".to_owned(),
        Err(refused) if length == 1 => refused.refusal.to_string(),
        Err(refused) => format!("{} at {}", refused.refusal, refused.index),
    }
}

fn sums(account: &Account, side: Side) -> String {
    format!("{}+{}", account.pending(side), account.posted(side))
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn id(text: &str) -> TransferId {
    TransferId::new(number(text))
}

//! Two weeks of orders through the rules, row by row, against the results of a correct platform.
//!
//! The book here is the simplest that can be right: balances by number, counters by limit, person and day, answers by
//! request id. The order files live beside the workspace, in `../shared/data/orders`, or where `TONGBAO_ORDERS`
//! says; without them the test says loudly that it did not run.

#![allow(clippy::disallowed_methods, reason = "a test reads its input")]

mod rules_orders_reader;
mod rules_shipped;

use exchange::rules::{Cards, Draws, Holder, Identity, NumberTable, Policy, Receiver, Request, Subjects, admit};
use facts::{Count, Counters, Millis, PersonId, Product, Province, Refusal, Subject};
use rules_orders_reader::{Row, Table, quoted, shanghai_millis};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

struct Account {
    id_number: String,
    balance: i128,
    restricted: i128,
    own_card: String,
    credit_card: String,
}

/// An answer without its request id: outcome, code, fee, payout and date.
#[derive(Clone)]
struct Answer {
    code: &'static str,
    fee: String,
    payout: String,
    arrives_on: String,
}

struct Book<'a> {
    policy: &'a Policy,
    numbers: &'a NumberTable,
    accounts: BTreeMap<String, Account>,
    counters: Counters,
    persons: BTreeMap<String, PersonId>,
    answers: BTreeMap<String, (Row, Answer)>,
}

/// A well-formed row: what is left of it once text is read.
struct Asked {
    product: Product,
    amount: u64,
    at: Millis,
    channel_province: Province,
}

impl Answer {
    fn refused(refusal: Refusal) -> Answer {
        Answer { code: refusal.code(), fee: String::new(), payout: String::new(), arrives_on: String::new() }
    }

    fn line(&self, id: &str, outcome: &str) -> String {
        let Answer { code, fee, payout, arrives_on } = self;
        format!("{},{outcome},{code},{fee},{payout},{arrives_on}", quoted(id))
    }

    fn outcome(&self) -> &'static str {
        if self.code.is_empty() { "accepted" } else { "refused" }
    }
}

impl Book<'_> {
    fn answer(&mut self, row: &Row) -> String {
        let id = row.get("request_id");
        if let Some((first, answer)) = self.answers.get(id) {
            let conflict = || format!("{},refused,idempotency_conflict,,,", quoted(id));
            return if first == row { answer.line(id, "duplicate") } else { conflict() };
        }
        let Some(asked) = self.read(row) else {
            return Answer::refused(Refusal::MalformedRequest).line(id, "refused");
        };
        let answer = self.decide(row, &asked);
        self.answers.insert(id.to_owned(), (row.clone(), answer.clone()));
        answer.line(id, answer.outcome())
    }

    fn read(&self, row: &Row) -> Option<Asked> {
        let needed = ["request_id", "requested_at", "channel_province", "id_number", "msisdn", "product", "amount"];
        if needed.iter().any(|column| row.get(column).is_empty()) {
            return None;
        }
        let order_file = [Product::Direct, Product::Agent, Product::Gift, Product::Refund, Product::Points];
        let product = row.get("product").parse().ok().filter(|product| order_file.contains(product))?;
        if product == Product::Gift && row.get("target").is_empty() {
            return None;
        }
        let at = shanghai_millis(row.get("requested_at")).filter(|at| (2015..=2026).contains(&at.day().date().0))?;
        let digits = row.get("amount").as_bytes();
        if digits.len() > 15 || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let channel_province = row.get("channel_province").parse().ok()?;
        self.policy.region(channel_province)?;
        Some(Asked { product, amount: row.get("amount").parse().ok()?, at, channel_province })
    }

    fn decide(&mut self, row: &Row, asked: &Asked) -> Answer {
        let (id_number, msisdn, target) = (row.get("id_number"), row.get("msisdn"), row.get("target"));
        let account = self.accounts.get_mut(msisdn).filter(|account| account.id_number == id_number);
        let rule = self.policy.product(asked.product).instrument;
        let cards = account.as_ref().map_or(Cards { own: "", credit: "" }, |account| Cards {
            own: &account.own_card,
            credit: &account.credit_card,
        });
        let fresh = PersonId::from_bits(self.persons.len() as u128 + 1);
        let person = *self.persons.entry(id_number.to_owned()).or_insert(fresh);
        let request = Request {
            product: asked.product,
            amount: asked.amount,
            requested_at: asked.at,
            channel_province: asked.channel_province,
            identity: self.policy.identity(id_number, asked.at.day()),
            number: self.numbers.lookup(msisdn),
            holder: if account.is_some() { Holder::Registered } else { Holder::Other },
            instrument: rule.check(row.get("instrument"), cards),
            receiver: match asked.product {
                Product::Gift => Receiver::of(self.numbers, msisdn, target),
                _ => Receiver::NotAsked,
            },
            who: Subjects { person, ..Subjects::default() },
        };
        assert!(request.identity != Identity::Valid || id_number.len() == 18);
        let convertible = account.as_ref().map_or(0, |account| account.balance - account.restricted);
        let terms = match admit(self.policy, &request, &self.counters, convertible, None) {
            Ok(terms) => terms,
            Err(refused) => return Answer::refused(refused.refusal),
        };
        // What an accepted order takes is computed here from its terms, not asked of the rules.
        let on_top = if terms.product == Product::Gift { terms.fee } else { 0 };
        if self.policy.product(terms.product).draws_on == Draws::ConvertibleBalance {
            account.expect("admitted").balance -= i128::from(terms.amount + on_top);
        }
        if terms.product != Product::Points {
            self.count(Refusal::DailyLimitExceeded, person, asked);
        }
        if terms.product == Product::Refund {
            self.count(Refusal::RefundCapExceeded, person, asked);
        }
        let (fee, payout) = (terms.fee.to_string(), terms.payout.to_string());
        Answer { code: "", fee, payout, arrives_on: terms.arrives_on.to_string() }
    }

    fn count(&mut self, refusal: Refusal, person: PersonId, asked: &Asked) {
        let limit = self.policy.limits().giving(refusal).expect("shipped");
        let counter = limit.counter_of(Subject::Person(person), asked.at);
        self.counters.add(&[Count { counter, amount: asked.amount }]);
    }
}

fn accounts(table: &Table) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    for row in &table.rows {
        let row = row.as_ref().expect("subscribers are well formed");
        let fen = |column| row.get(column).parse::<i128>().expect("fen");
        let account = Account {
            id_number: row.get("id_number").to_owned(),
            balance: fen("balance_fen"),
            restricted: fen("promo_fen") + fen("third_party_30d_fen") + fen("advance_fen"),
            own_card: row.get("own_card").to_owned(),
            credit_card: row.get("credit_card").to_owned(),
        };
        assert!(accounts.insert(row.get("msisdn").to_owned(), account).is_none());
    }
    accounts
}

fn folder() -> PathBuf {
    std::env::var_os("TONGBAO_ORDERS").map_or(rules_shipped::root().join("../shared/data/orders"), PathBuf::from)
}

#[test]
fn every_row_of_the_order_files_has_the_expected_result() {
    let folder = folder();
    if !folder.is_dir() {
        // Written to the stream itself: what `eprintln!` says is captured when a test passes.
        let said = writeln!(std::io::stderr(), "SKIPPED: rules_orders did not run: no orders in {}", folder.display());
        return said.expect("stderr");
    }
    let read = |name: &str| std::fs::read(folder.join(name)).expect("an order file");
    let (policy, numbers) = (rules_shipped::policy(), rules_shipped::numbers());
    let accounts = accounts(&Table::read(&read("subscribers.csv")));
    let (counters, persons, answers) = (Counters::default(), BTreeMap::new(), BTreeMap::new());
    let mut book = Book { policy: &policy, numbers: &numbers, accounts, counters, persons, answers };
    let expected = String::from_utf8(read("expected.csv")).expect("UTF-8");
    let mut expected = expected.lines().skip(1);
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in Table::read(&read("orders.csv")).rows {
        let answer = match &row {
            Ok(row) => book.answer(row),
            Err(id) => Answer::refused(Refusal::MalformedRequest).line(id, "refused"),
        };
        rows += 1;
        let expected = expected.next().unwrap_or("(nothing)");
        if answer != expected {
            wrong.push(format!("row {rows}: {answer} instead of {expected}"));
        }
    }
    assert_eq!(expected.next(), None, "results without a row");
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows > 20_000, "{rows}");
}

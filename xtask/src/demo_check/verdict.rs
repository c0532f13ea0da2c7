//! What a demo's report must say.

use serde_json::Value;
use std::collections::BTreeMap;

/// How much goes wrong at the partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Nothing.
    None,
    /// Two calls in a hundred; no kill.
    Light,
    /// A quarter of all calls, and the node is killed.
    Heavy,
}

impl Faults {
    /// As the command line says it.
    pub fn word(self) -> &'static str {
        match self {
            Faults::None => "none",
            Faults::Light => "light",
            Faults::Heavy => "heavy",
        }
    }
}

/// Figures that are 0 or something is wrong with the product.
const BREACHES: [&str; 4] = ["double_deductions", "lost_payouts", "imbalance_fen", "two_party_breaks"];
const ENDS: [&str; 4] = ["settled", "refunded", "declined", "suspended"];
const KILLS_LEAST: i64 = 3;
const FAULTED_LEAST_PERCENT: i64 = 20;
const SUSPENDED_MOST_PERCENT: i64 = 1;

/// Reads figures and remembers which are missing.
struct Figures<'a> {
    report: &'a Value,
    faults: Vec<String>,
}

impl Figures<'_> {
    fn get(&mut self, name: &str) -> i64 {
        self.report[name].as_i64().unwrap_or_else(|| {
            self.faults.push(format!("`{name}` is missing or no whole number: {}", self.report[name]));
            0
        })
    }

    fn expect(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

/// What is wrong with a headless demo of so many orders.
pub fn on_demo(report: &Value, strikes: &Value, level: Faults, orders: u64) -> Vec<String> {
    let mut figures = Figures { report, faults: Vec::new() };
    for breach in BREACHES {
        let found = figures.get(breach);
        figures.expect(found == 0, || format!("`{breach}` is {found}, 0 is allowed"));
    }
    let asked = i64::try_from(orders).unwrap_or(i64::MAX);
    let (found, ended) = (figures.get("orders"), ENDS.map(|end| figures.get(end)).iter().sum::<i64>());
    figures.expect(found == asked, || format!("`orders` is {found}, {asked} were asked for"));
    figures.expect(ended == found, || format!("{ended} orders ended, {found} were sent"));
    let (refunded, suspended) = (figures.get("refunded"), figures.get("suspended"));
    match level {
        Faults::None => {
            figures.expect(refunded == 0, || format!("{refunded} orders refunded without a fault"));
            figures.expect(suspended == 0, || format!("{suspended} orders suspended without a fault"));
        }
        Faults::Light => figures.expect(suspended == 0, || format!("{suspended} orders suspended, 0 are allowed")),
        Faults::Heavy => heavy(&mut figures, strikes, suspended, asked),
    }
    figures.faults
}

fn heavy(figures: &mut Figures<'_>, strikes: &Value, suspended: i64, orders: i64) {
    let kills = figures.get("kills");
    figures.expect(kills >= KILLS_LEAST, || format!("{kills} kills, at least {KILLS_LEAST} are needed"));
    let allowed = suspended * 100 <= orders * SUSPENDED_MOST_PERCENT;
    figures.expect(allowed, || format!("{suspended} orders suspended, {SUSPENDED_MOST_PERCENT} % is allowed"));
    let (faulted, calls) = calls(strikes);
    let enough = calls > 0 && faulted * 100 >= calls * FAULTED_LEAST_PERCENT;
    figures.expect(enough, || format!("{faulted} of {calls} calls faulted, {FAULTED_LEAST_PERCENT} % are needed"));
}

/// Calls faulted and calls made: one table with `calls` and `faulted`, or one for each partner.
fn calls(strikes: &Value) -> (i64, i64) {
    match (strikes["faulted"].as_i64(), strikes["calls"].as_i64()) {
        (Some(faulted), Some(calls)) => (faulted, calls),
        _ => tables(strikes).map(calls).fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1)),
    }
}

fn tables(strikes: &Value) -> impl Iterator<Item = &Value> {
    strikes.as_object().into_iter().flat_map(|tables| tables.values()).filter(|table| table.is_object())
}

/// What is wrong with a crash test.
pub fn on_crash_test(report: &Value, kills_asked: u64) -> Vec<String> {
    let mut figures = Figures { report, faults: Vec::new() };
    let asked = i64::try_from(kills_asked).unwrap_or(i64::MAX);
    let kills = figures.get("kills");
    figures.expect(kills >= asked, || format!("{kills} kills, {asked} were asked for"));
    for breach in BREACHES {
        let found = figures.get(breach);
        figures.expect(found == 0, || format!("`{breach}` is {found}, 0 is allowed"));
    }
    figures.faults
}

/// The figures of a report that a reader looks for first.
pub fn summary(report: &Value) -> String {
    let shown = ["orders", "settled", "refunded", "declined", "suspended", "kills"];
    let figure = |name: &&str| report[*name].as_i64().map(|figure| format!("{name} {figure}"));
    shown.iter().filter_map(figure).collect::<Vec<_>>().join(", ")
}

/// How often each kind of fault struck each action, over several demos.
#[derive(Debug, Default)]
pub struct Strikes {
    counts: BTreeMap<String, i64>,
}

/// Actions of a partner, with the kinds of fault that can strike them.
const EVERY_KIND: [&str; 10] = [
    "latency",
    "applied_timeout",
    "not_applied_timeout",
    "server_error_applied",
    "server_error_not_applied",
    "duplicate_callback",
    "late_success",
    "contradictory",
    "amount_mismatch",
    "not_found_then_found",
];
const STEPS: [&str; 4] = ["reserve", "capture", "deduct", "payout"];
const BILLED: [&str; 2] = ["capture", "deduct"];
const ASKED: [&str; 3] = ["latency", "not_applied_timeout", "server_error_not_applied"];

impl Strikes {
    /// Adds what struck in one demo.
    pub fn add(&mut self, strikes: &Value) {
        for (name, count) in strikes.as_object().into_iter().flatten() {
            match count.as_i64() {
                Some(count) => *self.counts.entry(name.clone()).or_default() += count,
                None => self.add(count),
            }
        }
    }

    /// The kinds, with the step, that should have struck and never did.
    pub fn missing(&self) -> Vec<String> {
        let at_steps = STEPS.iter().flat_map(|step| EVERY_KIND.iter().map(move |kind| format!("{kind}/{step}")));
        let billed = BILLED.iter().map(|step| format!("own_schedule/{step}"));
        let asked = ASKED.iter().map(|kind| format!("{kind}/inquiry"));
        at_steps.chain(billed).chain(asked).filter(|name| self.counts.get(name).copied().unwrap_or(0) == 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        json!({
            "orders": 2000, "settled": 1700, "refunded": 200, "declined": 90, "suspended": 10, "kills": 3,
            "double_deductions": 0, "lost_payouts": 0, "imbalance_fen": 0, "two_party_breaks": 0
        })
    }

    fn strikes() -> Value {
        json!({"CTCC": {"calls": 100, "faulted": 30}, "BANK": {"calls": 100, "faulted": 10}})
    }

    fn changed(name: &str, figure: i64) -> Value {
        let mut report = report();
        report[name] = json!(figure);
        report
    }

    #[test]
    fn a_heavy_demo_that_holds_is_accepted() {
        assert_eq!(on_demo(&report(), &strikes(), Faults::Heavy, 2000), Vec::<String>::new());
    }

    #[test]
    fn each_figure_of_a_heavy_demo_can_be_wrong() {
        for breach in BREACHES {
            assert_eq!(on_demo(&changed(breach, 1), &strikes(), Faults::Heavy, 2000).len(), 1, "{breach}");
        }
        assert_eq!(on_demo(&changed("kills", 2), &strikes(), Faults::Heavy, 2000).len(), 1);
        assert_eq!(on_demo(&changed("settled", 1699), &strikes(), Faults::Heavy, 2000).len(), 1);
        assert_eq!(on_demo(&report(), &strikes(), Faults::Heavy, 1999).len(), 1);
        let mut many = changed("suspended", 21);
        many["settled"] = json!(1689);
        assert_eq!(on_demo(&many, &strikes(), Faults::Heavy, 2000).len(), 1);
        assert_eq!(on_demo(&report(), &json!({"calls": 100, "faulted": 19}), Faults::Heavy, 2000).len(), 1);
        assert_eq!(on_demo(&report(), &json!({}), Faults::Heavy, 2000).len(), 1);
    }

    #[test]
    fn a_missing_figure_is_a_fault() {
        for name in report().as_object().expect("a table").keys() {
            let mut report = report();
            report[name.as_str()] = Value::Null;
            let said = on_demo(&report, &strikes(), Faults::Heavy, 2000);
            assert!(said.iter().any(|fault| fault.contains(&format!("`{name}` is missing"))), "{name}: {said:?}");
        }
    }

    #[test]
    fn calm_demos_suspend_nothing_and_without_faults_refund_nothing() {
        assert_eq!(on_demo(&report(), &json!({}), Faults::Light, 2000).len(), 1);
        assert_eq!(on_demo(&report(), &json!({}), Faults::None, 2000).len(), 2);
        let mut calm = report();
        (calm["settled"], calm["refunded"], calm["suspended"]) = (json!(1910), json!(0), json!(0));
        assert_eq!(on_demo(&calm, &json!({}), Faults::None, 2000), Vec::<String>::new());
    }

    #[test]
    fn a_crash_test_kills_and_breaks_nothing() {
        assert_eq!(on_crash_test(&report(), 3), Vec::<String>::new());
        assert_eq!(on_crash_test(&report(), 20).len(), 1);
        assert_eq!(on_crash_test(&changed("two_party_breaks", 1), 3).len(), 1);
    }

    #[test]
    fn a_kind_that_never_struck_is_named() {
        let mut strikes = Strikes::default();
        assert_eq!(strikes.missing().len(), 4 * 10 + 2 + 3);
        strikes.add(&json!({"CTCC": {"latency/reserve": 0, "own_schedule/capture": 2}, "BANK": {"latency/payout": 1}}));
        let missing = strikes.missing();
        assert_eq!(missing.len(), 43, "{missing:?}");
        assert!(missing.contains(&"latency/reserve".to_owned()));
    }
}

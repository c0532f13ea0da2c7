//! The fault plan at work: it judges calls and counts what it did.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Map, Value};

use super::dice::Dice;
use super::{Action, FaultKind, FaultsConfig};

/// What a call is recognised by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// What is asked.
    pub action: Action,
    /// The caller's reference, or the path and query of a GET.
    pub reference: &'a str,
}

/// A fault that was decided for one call, with the numbers it may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    /// How the call goes wrong.
    pub kind: FaultKind,
    dice: Dice,
}

// Each draw of a call has its own purpose, so that none depends on another.
const WHETHER: u64 = 1;
const WHICH: u64 = 2;
const HOW_LONG: u64 = 3;
const HOW_SILENT: u64 = 4;

/// One server's fault plan, its repetition counts and its tally.
#[derive(Debug)]
pub(crate) struct Mischief {
    server: String,
    config: FaultsConfig,
    has_callback: bool,
    repetitions: HashMap<u64, u32>,
    injected: BTreeMap<(FaultKind, Action), u64>,
    calls: u64,
}

impl Mischief {
    /// A plan for the server of this name; `has_callback` says whether a duplicate callback can be seen by anybody.
    pub fn new(server: &str, config: FaultsConfig, has_callback: bool) -> Self {
        let (repetitions, injected) = (HashMap::new(), BTreeMap::new());
        Mischief { server: server.to_owned(), config, has_callback, repetitions, injected, calls: 0 }
    }

    /// The configuration in force.
    pub fn config(&self) -> &FaultsConfig {
        &self.config
    }

    /// Replaces the configuration; counts go on.
    pub fn reconfigure(&mut self, config: FaultsConfig) {
        self.config = config;
    }

    /// Decides whether and how this call goes wrong, and counts the call.
    ///
    /// The strike is not counted yet: the caller confirms it with [`Mischief::count`] once the books allow it.
    pub fn judge(&mut self, call: Call<'_>) -> Option<Strike> {
        self.calls += 1;
        if self.config.rate_ppm == 0 || !self.config.actions.contains(&call.action) {
            return None;
        }
        let base = Dice::keyed(self.config.seed, &[&self.server, call.action.name(), call.reference]);
        let seen = self.repetitions.entry(base.key()).or_default();
        let dice = base.repeat(*seen);
        *seen = seen.saturating_add(1);
        if dice.below(WHETHER, 1_000_000) >= u64::from(self.config.rate_ppm) {
            return None;
        }
        self.pick(call.action, dice).map(|kind| Strike { kind, dice })
    }

    /// A strike of a chosen kind, as magic numbers ask for.
    pub fn forced(&self, kind: FaultKind, call: Call<'_>) -> Strike {
        let dice = Dice::keyed(self.config.seed, &[&self.server, call.action.name(), call.reference]);
        Strike { kind, dice }
    }

    fn pick(&self, action: Action, dice: Dice) -> Option<FaultKind> {
        let suits = |kind: FaultKind| {
            let seen_by_somebody = self.has_callback || kind != FaultKind::DuplicateCallback;
            kind.suits(action) && seen_by_somebody
        };
        let choices: Vec<_> = self.config.weights.iter().filter(|(kind, _)| suits(**kind)).collect();
        let total = choices.iter().map(|(_, weight)| u64::from(**weight)).sum();
        let mut left = dice.below(WHICH, total);
        for (kind, weight) in choices {
            if left < u64::from(*weight) {
                return Some(*kind);
            }
            left -= u64::from(*weight);
        }
        None
    }

    /// Counts a strike that took place.
    pub fn count(&mut self, strike: Strike, action: Action) {
        *self.injected.entry((strike.kind, action)).or_default() += 1;
    }

    /// The counts as `{"latency/capture": 3, ..., "calls": n, "faulted": n}`.
    pub fn tally(&self) -> Value {
        let mut counts = Map::new();
        for ((kind, action), n) in &self.injected {
            counts.insert(format!("{}/{}", kind.name(), action.name()), Value::from(*n));
        }
        counts.insert("calls".to_owned(), Value::from(self.calls));
        counts.insert("faulted".to_owned(), Value::from(self.injected.values().sum::<u64>()));
        Value::Object(counts)
    }
}

impl Strike {
    /// Extra delay of a slow answer.
    pub fn latency(&self, config: &FaultsConfig) -> Duration {
        self.within(config.latency_ms)
    }

    /// Time until a queued action runs.
    pub fn late_delay(&self, config: &FaultsConfig) -> Duration {
        self.within(config.late_delay_ms)
    }

    /// Time until the billing run.
    pub fn own_schedule_delay(&self, config: &FaultsConfig) -> Duration {
        self.within(config.own_schedule_delay_ms)
    }

    /// Whether an unhelpful answer is silence rather than words, for the kinds that may be either.
    pub fn is_silent(&self) -> bool {
        self.dice.below(HOW_SILENT, 2) == 0
    }

    fn within(&self, [low, high]: [u64; 2]) -> Duration {
        let span = high.saturating_sub(low) + 1;
        Duration::from_millis(low + self.dice.below(HOW_LONG, span))
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Mischief};
    use crate::faults::{Action, FaultKind, FaultsConfig, Preset};

    fn heavy(seed: u64) -> Mischief {
        Mischief::new("CTCC", FaultsConfig::preset(Preset::Heavy, seed), true)
    }

    fn verdicts(plan: &mut Mischief, references: &[String]) -> Vec<(String, Option<FaultKind>)> {
        let judge = |reference: &String| {
            let call = Call { action: Action::Capture, reference };
            (reference.clone(), plan.judge(call).map(|strike| strike.kind))
        };
        references.iter().map(judge).collect()
    }

    #[test]
    fn a_plan_repeats_itself_in_any_order_of_arrival() {
        let mut references: Vec<String> = (0..500).map(|n| format!("C{n}")).collect();
        let mut forward = verdicts(&mut heavy(7), &references);
        references.reverse();
        let mut backward = verdicts(&mut heavy(7), &references);
        forward.sort();
        backward.sort();
        assert_eq!(forward, backward);
        assert_ne!(forward, {
            let mut other = verdicts(&mut heavy(8), &references);
            other.sort();
            other
        });
    }

    #[test]
    fn a_repeated_call_is_judged_anew() {
        let mut plan = heavy(7);
        let same = vec!["C1".to_owned(); 200];
        let struck = verdicts(&mut plan, &same).iter().filter(|(_, kind)| kind.is_some()).count();
        assert!((20..90).contains(&struck), "{struck}");
    }

    #[test]
    fn heavy_strikes_a_quarter_of_calls_with_every_kind_that_suits() {
        for action in [
            Action::Reserve,
            Action::Capture,
            Action::Release,
            Action::Deduct,
            Action::Credit,
            Action::Transfer,
            Action::Payout,
            Action::Issue,
            Action::Cancel,
            Action::Collect,
            Action::Pay,
            Action::Refund,
            Action::Redeem,
            Action::Accrue,
            Action::Reverse,
            Action::Inquiry,
        ] {
            let mut plan = heavy(1);
            for n in 0..4_000 {
                let reference = format!("R{n}");
                if let Some(strike) = plan.judge(Call { action, reference: &reference }) {
                    plan.count(strike, action);
                }
            }
            let struck: u64 = plan.injected.values().sum();
            assert!((850..1_150).contains(&struck), "{action:?}: {struck}");
            let kinds: Vec<_> = plan.injected.keys().map(|(kind, _)| *kind).collect();
            let expected: Vec<_> = FaultKind::ALL.into_iter().filter(|kind| kind.suits(action)).collect();
            assert_eq!(kinds, expected, "{action:?}");
        }
    }

    #[test]
    fn a_disabled_action_and_a_weight_of_zero_are_never_struck() {
        let only_latency = FaultsConfig {
            rate_ppm: 1_000_000,
            weights: [(FaultKind::Latency, 1), (FaultKind::Contradictory, 0)].into(),
            actions: [Action::Capture].into(),
            ..FaultsConfig::default()
        };
        let mut plan = Mischief::new("CTCC", only_latency, true);
        for n in 0..100 {
            let reference = n.to_string();
            let capture = plan.judge(Call { action: Action::Capture, reference: &reference });
            assert_eq!(capture.map(|strike| strike.kind), Some(FaultKind::Latency));
            assert_eq!(plan.judge(Call { action: Action::Reserve, reference: &reference }), None);
        }
    }
}

//! The fault configuration: what a server is started with, and how it is changed while it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Action, FaultKind};

/// Longest delay that can be configured: a sandbox must not hold a test for ever.
const DELAY_MS_MAX: u64 = 600_000;

/// How often calls go wrong, how, and with which delays.
///
/// Units: parts per million of calls, and real milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultsConfig {
    /// Key of every decision.
    pub seed: u64,
    /// Calls struck per million.
    pub rate_ppm: u32,
    /// Relative frequency of each kind; a missing kind never happens.
    pub weights: BTreeMap<FaultKind, u32>,
    /// Actions that may be struck.
    pub actions: BTreeSet<Action>,
    /// Shortest and longest extra delay of `latency`.
    pub latency_ms: [u64; 2],
    /// How long a withheld answer keeps the connection open.
    pub hang_ms: u64,
    /// Shortest and longest delay of a queued action.
    pub late_delay_ms: [u64; 2],
    /// Shortest and longest time to the billing run.
    pub own_schedule_delay_ms: [u64; 2],
    /// How long inquiries by reference find nothing after `not_found_then_found`.
    pub not_found_grace_ms: u64,
}

impl Default for FaultsConfig {
    fn default() -> Self {
        FaultsConfig {
            seed: 0,
            rate_ppm: 0,
            weights: FaultKind::ALL.into_iter().map(|kind| (kind, 1)).collect(),
            actions: every_action(),
            latency_ms: [50, 300],
            hang_ms: 2_500,
            late_delay_ms: [300, 1_500],
            own_schedule_delay_ms: [1_000, 3_000],
            not_found_grace_ms: 1_500,
        }
    }
}

fn every_action() -> BTreeSet<Action> {
    use Action::{Cancel, Capture, Collect, Credit, Deduct, Inquiry, Issue, Pay, Payout, Refund, Release, Reserve};
    let of_telcos = [Reserve, Capture, Release, Deduct, Credit, Action::Transfer];
    let of_others = [Payout, Pay, Refund, Issue, Cancel, Collect, Inquiry];
    let of_programmes = [Action::Redeem, Action::Accrue, Action::Reverse];
    of_telcos.into_iter().chain(of_others).chain(of_programmes).collect()
}

/// A named rate with every kind at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// No call is struck.
    None,
    /// 2 % of calls.
    Light,
    /// 25 % of calls.
    Heavy,
}

impl Preset {
    fn rate_ppm(self) -> u32 {
        match self {
            Preset::None => 0,
            Preset::Light => 20_000,
            Preset::Heavy => 250_000,
        }
    }
}

impl FaultsConfig {
    /// The configuration of a preset, with the default delays.
    pub fn preset(preset: Preset, seed: u64) -> Self {
        FaultsConfig { seed, rate_ppm: preset.rate_ppm(), ..FaultsConfig::default() }
    }

    /// Checks ranges: at most a million ppm, weights at most 1,000,000, delays ordered and at most ten minutes.
    ///
    /// Errors: a sentence that names the key.
    pub fn check(&self) -> Result<(), String> {
        if self.rate_ppm > 1_000_000 {
            return Err(format!("`rate_ppm` is over 1000000: {}", self.rate_ppm));
        }
        if let Some((kind, weight)) = self.weights.iter().find(|(_, weight)| **weight > 1_000_000) {
            return Err(format!("weight of `{}` is over 1000000: {weight}", kind.name()));
        }
        let spans = [
            ("latency_ms", self.latency_ms),
            ("late_delay_ms", self.late_delay_ms),
            ("own_schedule_delay_ms", self.own_schedule_delay_ms),
            ("hang_ms", [self.hang_ms, self.hang_ms]),
            ("not_found_grace_ms", [self.not_found_grace_ms, self.not_found_grace_ms]),
        ];
        match spans.into_iter().find(|(_, [low, high])| low > high || *high > DELAY_MS_MAX) {
            Some((key, _)) => Err(format!("`{key}` must be ordered and at most {DELAY_MS_MAX} ms")),
            None => Ok(()),
        }
    }
}

/// A change of a running configuration: the preset first, then every key that is present.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultChange {
    /// Resets rate, weights and actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// See [`FaultsConfig::seed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// See [`FaultsConfig::rate_ppm`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_ppm: Option<u32>,
    /// See [`FaultsConfig::weights`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<BTreeMap<FaultKind, u32>>,
    /// See [`FaultsConfig::actions`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<BTreeSet<Action>>,
    /// See [`FaultsConfig::latency_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<[u64; 2]>,
    /// See [`FaultsConfig::hang_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hang_ms: Option<u64>,
    /// See [`FaultsConfig::late_delay_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_delay_ms: Option<[u64; 2]>,
    /// See [`FaultsConfig::own_schedule_delay_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_schedule_delay_ms: Option<[u64; 2]>,
    /// See [`FaultsConfig::not_found_grace_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_found_grace_ms: Option<u64>,
}

impl FaultChange {
    /// The configuration after this change.
    pub fn applied_to(self, current: &FaultsConfig) -> FaultsConfig {
        let base = match self.preset {
            Some(preset) => FaultsConfig {
                rate_ppm: preset.rate_ppm(),
                weights: FaultsConfig::default().weights,
                actions: every_action(),
                ..current.clone()
            },
            None => current.clone(),
        };
        FaultsConfig {
            seed: self.seed.unwrap_or(base.seed),
            rate_ppm: self.rate_ppm.unwrap_or(base.rate_ppm),
            weights: self.weights.unwrap_or(base.weights),
            actions: self.actions.unwrap_or(base.actions),
            latency_ms: self.latency_ms.unwrap_or(base.latency_ms),
            hang_ms: self.hang_ms.unwrap_or(base.hang_ms),
            late_delay_ms: self.late_delay_ms.unwrap_or(base.late_delay_ms),
            own_schedule_delay_ms: self.own_schedule_delay_ms.unwrap_or(base.own_schedule_delay_ms),
            not_found_grace_ms: self.not_found_grace_ms.unwrap_or(base.not_found_grace_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultChange, FaultsConfig, Preset};

    #[test]
    fn a_preset_resets_the_plan_and_later_keys_replace_parts_of_it() {
        let change: FaultChange =
            serde_json::from_str(r#"{"preset":"heavy","seed":7,"weights":{"latency":2},"hang_ms":10}"#).expect("reads");
        let config = change.applied_to(&FaultsConfig::default());
        assert_eq!((config.rate_ppm, config.seed, config.hang_ms, config.weights.len()), (250_000, 7, 10, 1));
        let calm = FaultChange { preset: Some(Preset::None), ..FaultChange::default() }.applied_to(&config);
        assert_eq!((calm.rate_ppm, calm.seed, calm.hang_ms, calm.weights.len()), (0, 7, 10, 13));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(serde_json::from_str::<FaultChange>(r#"{"rate":1}"#).is_err());
        assert!(serde_json::from_str::<FaultChange>(r#"{"weights":{"gremlins":1}}"#).is_err());
        assert!(FaultsConfig { rate_ppm: 1_000_001, ..FaultsConfig::default() }.check().is_err());
        assert!(FaultsConfig { latency_ms: [2, 1], ..FaultsConfig::default() }.check().is_err());
        assert!(FaultsConfig { hang_ms: 600_001, ..FaultsConfig::default() }.check().is_err());
        assert_eq!(FaultsConfig::preset(Preset::Heavy, 1).check(), Ok(()));
    }
}

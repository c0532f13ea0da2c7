//! What goes wrong at a partner, drawn from the seed and counted.

use crate::chance::Chance;
use crate::options::Faults;
use facts::Action;
use std::collections::BTreeMap;

/// A way in which a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// Done; the answer takes long, perhaps longer than anybody waits.
    Latency,
    /// Done; nothing is said.
    AppliedSilent,
    /// Not done; nothing is said.
    NotAppliedSilent,
    /// Not done yet, nothing is said and nothing known of it; done a while later.
    Late,
    /// Accepted; done a while later.
    Pending,
    /// Accepted; refused a while later.
    PendingThenRefused,
    /// Done; the reply says refused.
    Contradictory,
    /// Done, and told again and again.
    DuplicateCallback,
    /// One fen less is done.
    AmountLess,
    /// Done; the record shows it only after a while.
    NotFoundThenFound,
    /// Not done; the telco takes the amount when it sees fit.
    OwnSchedule,
}

impl Mishap {
    const AT_ALL: [Mishap; 10] = [
        Mishap::Latency,
        Mishap::AppliedSilent,
        Mishap::NotAppliedSilent,
        Mishap::Late,
        Mishap::Pending,
        Mishap::PendingThenRefused,
        Mishap::Contradictory,
        Mishap::DuplicateCallback,
        Mishap::AmountLess,
        Mishap::NotFoundThenFound,
    ];

    const fn code(self) -> &'static str {
        match self {
            Mishap::Latency => "latency",
            Mishap::AppliedSilent => "applied_silent",
            Mishap::NotAppliedSilent => "not_applied_silent",
            Mishap::Late => "late",
            Mishap::Pending => "pending",
            Mishap::PendingThenRefused => "pending_then_refused",
            Mishap::Contradictory => "contradictory",
            Mishap::DuplicateCallback => "duplicate_callback",
            Mishap::AmountLess => "amount_less",
            Mishap::NotFoundThenFound => "not_found_then_found",
            Mishap::OwnSchedule => "own_schedule",
        }
    }

    const fn strikes(self, action: Action, amount: u64) -> bool {
        match self {
            // A release and a single fen cannot be done in part.
            Mishap::AmountLess => amount > 1 && !matches!(action, Action::ReleaseAirtime | Action::ConfirmBilling),
            Mishap::OwnSchedule => {
                matches!(action, Action::CaptureAirtime | Action::ReleaseAirtime | Action::DeductAirtime)
            }
            // A refused release means that nothing is set aside any more; a telco that holds on says nothing.
            Mishap::PendingThenRefused => !matches!(action, Action::ReleaseAirtime),
            _ => true,
        }
    }
}

/// One partner's bad luck.
pub(crate) struct Luck {
    pub(crate) chance: Chance,
    ppm: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Luck {
    pub(crate) const fn new(chance: Chance, faults: Faults) -> Luck {
        let ppm = match faults {
            Faults::None => 0,
            Faults::Light => 20_000,
            Faults::Heavy => 250_000,
        };
        Luck { chance, ppm, counts: BTreeMap::new() }
    }

    /// What happens to a call.
    pub(crate) fn of_call(&mut self, action: Action, amount: u64) -> Option<Mishap> {
        if !self.chance.ppm(self.ppm) {
            return None;
        }
        // What a telco does on its own schedule is the worst of all, so it comes more often than its share.
        let own = self.chance.ppm(200_000);
        let drawn = if own { Mishap::OwnSchedule } else { self.chance.pick(&Mishap::AT_ALL) };
        let mishap = if drawn.strikes(action, amount) { drawn } else { Mishap::AppliedSilent };
        self.count(mishap.code());
        Some(mishap)
    }

    /// Whether an inquiry stays unanswered.
    pub(crate) fn is_inquiry_silent(&mut self) -> bool {
        let silent = self.chance.ppm(self.ppm / 2);
        if silent {
            self.count("inquiry_silent");
        }
        silent
    }

    /// How long a plain answer takes.
    pub(crate) fn plain_ms(&mut self) -> u64 {
        self.chance.between(1, 40)
    }

    fn count(&mut self, code: &'static str) {
        *self.counts.entry(code).or_default() += 1;
    }

    pub(crate) const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }
}

//! What each partner promises: how often and how long to ask, when its silence is final, what may be repeated.

use core::fmt;
use facts::Partner;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a telco can do with airtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// It sets value aside, then takes it in one call.
    Reserve,
    /// It can only deduct, and its billing record confirms it.
    DeductOnly,
}

/// What a refusal in a reply is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusals {
    /// It counts.
    Final,
    /// The partner's record must confirm it, because replies have contradicted it before.
    Confirm,
}

/// What a partner does with a request that it was sent before, under the same reference. The engine repeats none
/// before the first is finally failed, whatever the partner says here: this is what a person may do, and what a
/// partner is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It does it once and answers as the first time: a repeat is safe.
    AnsweredAgain,
    /// It does it again: a repeat takes twice.
    DoneAgain,
}

/// The terms on which a partner is asked. Times are in node time, except the reply timeout.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What a telco can do; `reserve` for others, where it means nothing.
    pub profile: Profile,
    /// What a refusal in a reply is worth.
    pub refusals: Refusals,
    /// What comes of a repeated request.
    pub repeats: Repeats,
    /// How many requests may be under way.
    pub window: u32,
    /// How many steps may wait before new orders are refused with `partner_unavailable`.
    pub queue_most: u32,
    /// Wall-clock milliseconds after which a missing reply is silence.
    pub reply_timeout_ms: u64,
    /// After doubt arises, when to ask first.
    pub inquire_after_ms: u64,
    /// The longest pause between two inquiries; pauses double up to it.
    pub inquire_at_most_every_ms: u64,
    /// From the sending on, how long the partner's record may lack what it did (not-found grace and finality).
    pub finality_ms: u64,
    /// After so many inquiries without a result the order is suspended; asking goes on.
    pub inquiries_before_suspension: u16,
    /// How often a step forward is attempted.
    pub attempts_most: u8,
    /// How often a step that undoes is attempted.
    pub undo_attempts_most: u8,
    /// How long to wait before the next attempt.
    pub retry_after_ms: u64,
}

/// The table of whoever sends messages. It moves no value, and so is no partner of the books.
const MESSAGES: &str = "SMS";

/// The contracts of all partners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contracts {
    partners: BTreeMap<Partner, Contract>,
    messages: Contract,
}

/// Why a contracts file is not usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractFault(pub String);

impl fmt::Display for ContractFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partners file: {}", self.0)
    }
}

impl core::error::Error for ContractFault {}

impl Contracts {
    /// Reads the contracts from TOML: one table a partner, named by its code.
    ///
    /// Errors: a partner missing or unknown, a field missing or of the wrong type, a zero where one cannot be.
    pub fn parse(toml: &str) -> Result<Contracts, ContractFault> {
        let mut tables: BTreeMap<String, Contract> =
            toml::from_str(toml).map_err(|error| ContractFault(error.to_string()))?;
        let mut take = |partner: &str| {
            let contract = tables.remove(partner);
            let contract = contract.ok_or_else(|| ContractFault(format!("no table `{partner}`")))?;
            check(partner, &contract).map(|()| contract)
        };
        let partners = Partner::ALL.into_iter().map(|partner| Ok((partner, take(&partner.to_string())?)));
        let partners = partners.collect::<Result<_, _>>()?;
        let messages = take(MESSAGES)?;
        match tables.keys().next() {
            Some(unknown) => Err(ContractFault(format!("unknown partner `{unknown}`"))),
            None => Ok(Contracts { partners, messages }),
        }
    }

    /// The same promises on a clock that runs `rate` times as fast: what takes a second of real time takes as long
    /// as before, however much node time passes meanwhile.
    pub fn accelerated(&self, rate: u32) -> Contracts {
        self.each(|contract| contract.accelerated(rate))
    }

    /// The same promises by partners that take whatever they are asked and forget nothing, however time jumps.
    pub fn boundless(&self) -> Contracts {
        self.each(Contract::boundless)
    }

    /// Messages leave and are asked about by the wall, as codes run out, whatever the partners' clock does.
    fn each(&self, other: impl Fn(&Contract) -> Contract) -> Contracts {
        let partners = self.partners.iter().map(|(partner, contract)| (*partner, other(contract))).collect();
        Contracts { partners, messages: self.messages.clone() }
    }

    /// The contract of whoever sends messages. Its times are by the wall.
    pub const fn messages(&self) -> &Contract {
        &self.messages
    }

    /// The contract of a partner.
    pub fn of(&self, partner: Partner) -> &Contract {
        // Every partner has one: `parse` saw to it.
        &self.partners[&partner]
    }
}

fn check(partner: &str, contract: &Contract) -> Result<(), ContractFault> {
    let zero = [
        ("window", u64::from(contract.window)),
        ("reply_timeout_ms", contract.reply_timeout_ms),
        ("inquire_after_ms", contract.inquire_after_ms),
        ("inquire_at_most_every_ms", contract.inquire_at_most_every_ms),
        ("attempts_most", u64::from(contract.attempts_most)),
        ("undo_attempts_most", u64::from(contract.undo_attempts_most)),
    ]
    .into_iter()
    .find(|(_, value)| *value == 0);
    match zero {
        Some((field, _)) => Err(ContractFault(format!("`{partner}.{field}` is 0, at least 1 is needed"))),
        None => Ok(()),
    }
}

impl Contract {
    fn accelerated(&self, rate: u32) -> Contract {
        let faster = |ms: u64| ms.saturating_mul(u64::from(rate.max(1)));
        Contract {
            inquire_after_ms: faster(self.inquire_after_ms),
            inquire_at_most_every_ms: faster(self.inquire_at_most_every_ms),
            finality_ms: faster(self.finality_ms),
            retry_after_ms: faster(self.retry_after_ms),
            ..self.clone()
        }
    }

    fn boundless(&self) -> Contract {
        Contract { window: u32::MAX, queue_most: u32::MAX, finality_ms: u64::MAX, ..self.clone() }
    }

    /// The pause before the next inquiry, after so many without a result.
    pub(crate) fn inquiry_pause_ms(&self, inquiries: u16) -> u64 {
        let doubled = self.inquire_after_ms.saturating_mul(1 << inquiries.min(20));
        doubled.min(self.inquire_at_most_every_ms)
    }
}

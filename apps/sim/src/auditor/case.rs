//! An order as the auditor follows it, from facts alone.

use facts::{Action, Admission, Cause, Day, Fact, OrderState, Partner, PersonId, Product, StepPlan, SubscriberId};
use money::Telco;
use std::collections::BTreeMap;

/// Where a step stands, as far as exposure and repeats are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Sent,
    Unknown,
    Done(u64),
    Failed,
}

/// A step.
pub(super) struct Part {
    pub(super) partner: Partner,
    pub(super) action: Action,
    pub(super) amount: u64,
    doubt: u64,
    pub(super) stage: Stage,
    pub(super) attempt: u8,
}

impl Part {
    fn of(plan: &StepPlan) -> Part {
        Part {
            partner: plan.partner,
            action: plan.action,
            amount: plan.amount,
            doubt: plan.doubt.map_or(0, |entry| entry.amount),
            stage: Stage::Waiting,
            attempt: 0,
        }
    }

    /// Whether it delivers what the order owes.
    fn pays(&self) -> bool {
        matches!(self.action, Action::PayOut | Action::IssueVoucher | Action::TopUpAirtime | Action::TransferAirtime)
    }

    /// What it counts for while nobody knows.
    fn exposure(&self) -> i128 {
        if self.stage == Stage::Unknown { i128::from(self.doubt) } else { 0 }
    }

    /// What may leave, or has left, by it.
    fn at_stake(&self) -> u64 {
        match self.stage {
            Stage::Sent | Stage::Unknown => self.amount,
            Stage::Done(amount) => amount,
            Stage::Waiting | Stage::Failed => 0,
        }
    }
}

/// Airtime for another.
#[derive(Clone, Copy)]
pub(super) struct Gift {
    pub(super) to: Option<Telco>,
}

/// What a telco is expected to have done for an order that is settled.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct AtTelco {
    /// Taken less brought.
    pub(super) taken: i128,
    /// Moved from its subscriber to another of its own.
    pub(super) transferred: i128,
}

/// An order.
pub(super) struct Case {
    pub(super) person: PersonId,
    pub(super) subscriber: SubscriberId,
    /// Whom it brings airtime, and their telco, when that is another.
    pub(super) gift: Option<Gift>,
    /// The telco of its own number.
    pub(super) telco: Option<Telco>,
    pub(super) day: Day,
    pub(super) amount: u64,
    pub(super) fee: u64,
    pub(super) payout: u64,
    pub(super) lots: Vec<(u32, u64)>,
    /// The campaign of its reward, and how much that is.
    pub(super) reward: Option<(u16, u64)>,
    pub(super) state: OrderState,
    pub(super) cause: Cause,
    pub(super) parts: Vec<Part>,
    pub(super) unwinding: bool,
    pub(super) returned: bool,
    /// What its facts posted: debits less credits of each account.
    pub(super) net: BTreeMap<u32, i128>,
}

impl Case {
    /// An order that is admitted; `telco_of` knows where numbers are.
    pub(super) fn admitted(admission: &Admission, telco_of: impl Fn(SubscriberId) -> Option<Telco>) -> Case {
        let party = |at: usize| admission.parties.get(at).copied().and_then(&telco_of);
        let gift = (admission.terms.product == Product::Gift).then(|| Gift { to: party(1) });
        Case {
            gift,
            telco: party(0),
            person: admission.person,
            subscriber: admission.parties.first().copied().unwrap_or_default(),
            day: admission.requested_at.day(),
            amount: admission.terms.amount,
            fee: admission.terms.fee,
            payout: admission.terms.payout,
            lots: admission.lots.iter().map(|lot| (lot.taken.number, lot.taken.remaining)).collect(),
            reward: admission.terms.reward.as_ref().map(|reward| (reward.campaign, reward.amount)),
            state: OrderState::Created,
            cause: Cause::Planned,
            parts: admission.steps.iter().map(Part::of).collect(),
            unwinding: false,
            returned: false,
            net: BTreeMap::new(),
        }
    }

    pub(super) fn declined(person: PersonId, subscriber: SubscriberId, amount: u64, day: Day) -> Case {
        Case {
            person,
            subscriber,
            gift: None,
            telco: None,
            day,
            amount,
            fee: 0,
            payout: 0,
            lots: Vec::new(),
            reward: None,
            state: OrderState::Declined,
            cause: Cause::Refused,
            parts: Vec::new(),
            unwinding: false,
            returned: true,
            net: BTreeMap::new(),
        }
    }

    /// Follows a fact about this order; gives how much the exposure at a partner changed.
    pub(super) fn follow(&mut self, fact: &Fact, faults: &mut Vec<String>) -> Option<(Partner, i128)> {
        match fact {
            Fact::StepPlanned { plan, .. } => self.parts.push(Part::of(plan)),
            Fact::OrderMoved { state, cause, .. } => (self.state, self.cause) = (*state, *cause),
            Fact::OrderRecalled(order) if (order.state, order.cause) != (self.state, self.cause) => {
                faults.push(format!("was {}, comes back as {}", self.state, order.state));
            }
            Fact::OrderUnwound { .. } => self.unwinding = true,
            Fact::StepSent { step, attempt, .. } => return self.send(*step, *attempt, faults),
            Fact::StepUnknown { step, .. } => return self.turn(*step, Stage::Unknown, faults),
            Fact::StepDone { step, amount, .. } => return self.turn(*step, Stage::Done(*amount), faults),
            Fact::StepFailed { step, .. } => return self.turn(*step, Stage::Failed, faults),
            _ => {}
        }
        None
    }

    /// A new attempt needs the one before finally failed, and no more may leave than is owed.
    fn send(&mut self, step: u8, attempt: u8, faults: &mut Vec<String>) -> Option<(Partner, i128)> {
        let place = usize::from(step);
        let part = self.parts.get(place)?;
        if !matches!(part.stage, Stage::Waiting | Stage::Failed) || attempt != part.attempt + 1 {
            faults.push(format!("step {step} was sent as attempt {attempt} while it was {:?}", part.stage));
        }
        if part.pays() && self.unwinding {
            faults.push("a payout was sent although the order unwinds".to_owned());
        }
        self.parts[place].attempt = attempt;
        let changed = self.turn(step, Stage::Sent, faults);
        let at_stake: u64 = self.parts.iter().filter(|part| part.pays()).map(Part::at_stake).sum();
        if at_stake > self.payout {
            faults.push(format!("payouts of {at_stake} are under way or done, {} is owed", self.payout));
        }
        changed
    }

    fn turn(&mut self, step: u8, stage: Stage, faults: &mut Vec<String>) -> Option<(Partner, i128)> {
        let Some(part) = self.parts.get_mut(usize::from(step)) else {
            faults.push(format!("there is no step {step}"));
            return None;
        };
        let before = part.exposure();
        part.stage = stage;
        let change = part.exposure() - before;
        (change != 0).then_some((part.partner, change))
    }

    /// What leaves the subscriber's lots: of a gift the fee, too.
    pub(super) fn drawn(&self) -> u64 {
        if self.gift.is_some() { self.amount + self.fee } else { self.amount }
    }

    /// What it owes in money, or what money buys.
    pub(super) fn owed(&self) -> u64 {
        if self.gift.is_some() { 0 } else { self.payout }
    }

    /// Who delivers what it owes in money.
    pub(super) fn payer(&self) -> Option<Partner> {
        self.parts.iter().find(|part| part.pays()).map(|part| part.partner)
    }

    /// What a telco does for it, when it goes its way.
    pub(super) fn at(&self, telco: Telco) -> AtTelco {
        let (amount, fee) = (i128::from(self.amount), i128::from(self.fee));
        let own = self.telco == Some(telco);
        match self.gift {
            Some(Gift { to }) if own && to == Some(telco) => AtTelco { taken: fee, transferred: amount },
            Some(_) if own => AtTelco { taken: amount + fee, transferred: 0 },
            Some(Gift { to }) if to == Some(telco) => AtTelco { taken: -amount, transferred: 0 },
            None if own => AtTelco { taken: amount, transferred: 0 },
            Some(_) | None => AtTelco::default(),
        }
    }

    /// What came of its reward.
    pub(super) fn granted(&self) -> u64 {
        let granting = self.parts.iter().filter(|part| part.action == Action::GrantReward);
        let done = granting.map(|part| if let Stage::Done(amount) = part.stage { amount } else { 0 });
        done.sum()
    }

    pub(super) fn unknown(&self) -> usize {
        self.parts.iter().filter(|part| part.stage == Stage::Unknown).count()
    }

    pub(super) fn is_open(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.stage, Stage::Sent | Stage::Unknown))
    }
}

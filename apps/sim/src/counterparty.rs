//! What telcos and tills have in common: how a call goes, goes wrong, or is done later.

use crate::chance::Chance;
use crate::mishap::{Luck, Mishap};
use crate::options::Faults;
use crate::register::Register;
use exchange::Answer;
use facts::{Action, CallRef, Millis, Nature};
use node::{Ask, AskKind};
use partners::StatementItem;
use std::collections::BTreeMap;

/// What comes of a request, with how long each part of it takes.
#[derive(Default)]
pub(crate) struct Spoken {
    /// The reply; none when nothing is said.
    pub(crate) reply: Option<(u64, Answer)>,
    pub(crate) callbacks: Vec<(u64, StatementItem)>,
    /// What the partner will do later, by the number of its deed.
    pub(crate) later: Vec<(u64, u64)>,
}

/// The longest that a partner's record may lack what it did, below the contract's `finality_ms`.
const GRACE_MS: u64 = 100_000;

/// What is to be done later.
#[derive(Clone)]
pub(crate) enum Deed {
    Apply(Ask),
    Refuse(Ask),
    BillingRun(Ask),
}

/// Deeds that wait for their time.
#[derive(Default)]
struct Deeds {
    next: u64,
    waiting: BTreeMap<u64, Deed>,
}

impl Deeds {
    fn add(&mut self, deed: Deed) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, deed);
        self.next
    }
}

/// What every party outside keeps beside its own books.
pub(crate) struct Office {
    /// Its record.
    pub(crate) register: Register,
    /// What goes wrong there.
    pub(crate) luck: Luck,
    deeds: Deeds,
}

impl Office {
    pub(crate) fn new(chance: Chance, faults: Faults) -> Office {
        Office { register: Register::default(), luck: Luck::new(chance, faults), deeds: Deeds::default() }
    }
}

/// A party outside, with books of its own.
pub(crate) trait Counterparty {
    /// Does what is asked for `amount`, or refuses; notes either in the register, to be read from `visible_at` on.
    fn apply(&mut self, ask: &Ask, amount: u64, visible_at: Millis) -> Answer;
    /// Takes an amount unasked, under the reference of a call that was not answered.
    fn billing_run(&mut self, ask: &Ask, now: Millis);
    /// Notes that a call was refused after all.
    fn refuse(&mut self, ask: &Ask, now: Millis);
    fn office(&self) -> &Office;
    fn office_mut(&mut self) -> &mut Office;

    /// Its record, to be read.
    fn record(&self) -> &Register {
        &self.office().register
    }

    /// Takes a request.
    fn hear(&mut self, ask: &Ask, now: Millis) -> Spoken {
        match (ask.kind, ask.action) {
            (AskKind::Inquire, _) | (AskKind::Call, Action::ConfirmBilling) => self.tell(ask, now),
            (AskKind::Call, _) => self.act(ask, now),
        }
    }

    /// Answers out of the record.
    fn tell(&mut self, ask: &Ask, now: Millis) -> Spoken {
        if self.office_mut().luck.is_inquiry_silent() {
            return Spoken::default();
        }
        // A confirmation has no lines of its own: it asks about another's.
        let about = ask.about.filter(|_| ask.action.nature() == Nature::Confirms).unwrap_or(ask.call);
        let answer = self.record().says(about, ask.action, now);
        Spoken { reply: Some((self.office_mut().luck.plain_ms(), answer)), ..Spoken::default() }
    }

    /// Does what is asked, unless something goes wrong.
    fn act(&mut self, ask: &Ask, now: Millis) -> Spoken {
        let mishap = self.office_mut().luck.of_call(ask.action, ask.amount);
        let plain = self.office_mut().luck.plain_ms();
        let mut spoken = Spoken::default();
        match mishap {
            None => spoken.reply = Some((plain, self.apply(ask, ask.amount, now))),
            Some(Mishap::Latency) => {
                let slow = self.office_mut().luck.chance.between(200, 3_000);
                spoken.reply = Some((slow, self.apply(ask, ask.amount, now)));
            }
            Some(Mishap::AppliedSilent) => drop(self.apply(ask, ask.amount, now)),
            Some(Mishap::NotAppliedSilent) => {}
            Some(Mishap::Contradictory) => {
                let truth = self.apply(ask, ask.amount, now);
                let lie = Answer::Refused { code: "insufficientBalance".to_owned() };
                spoken.reply = Some((plain, if matches!(truth, Answer::Done { .. }) { lie } else { truth }));
                self.call_back(ask.call, 1, &mut spoken);
            }
            Some(Mishap::DuplicateCallback) => {
                spoken.reply = Some((plain, self.apply(ask, ask.amount, now)));
                self.call_back(ask.call, 3, &mut spoken);
            }
            Some(Mishap::AmountLess) => spoken.reply = Some((plain, self.apply(ask, ask.amount - 1, now))),
            Some(Mishap::NotFoundThenFound) => {
                let hidden = self.office_mut().luck.chance.between(100, GRACE_MS);
                self.apply(ask, ask.amount, now.plus(hidden));
            }
            Some(Mishap::Late | Mishap::Pending | Mishap::PendingThenRefused | Mishap::OwnSchedule) => {
                self.postpone(mishap, ask, plain, &mut spoken);
            }
        }
        spoken
    }

    /// Leaves it for later.
    fn postpone(&mut self, mishap: Option<Mishap>, ask: &Ask, plain: u64, spoken: &mut Spoken) {
        // What shows as accepted may take its time; what nobody sees must come within the grace.
        let (most, deed) = match mishap {
            Some(Mishap::Pending) => (1_200_000, Deed::Apply(ask.clone())),
            Some(Mishap::PendingThenRefused) => (1_200_000, Deed::Refuse(ask.clone())),
            // A billing run keeps no promise: it may come when the order has long ended.
            Some(Mishap::OwnSchedule) => {
                (self.office_mut().luck.chance.pick(&[5_000, 100_000, 20_000_000]), Deed::BillingRun(ask.clone()))
            }
            _ => (GRACE_MS, Deed::Apply(ask.clone())),
        };
        if matches!(mishap, Some(Mishap::Pending | Mishap::PendingThenRefused)) {
            self.office_mut().register.queue(ask.call);
            spoken.reply = Some((plain, Answer::Pending));
        }
        let after = self.office_mut().luck.chance.between(500, most);
        spoken.later.push((after, self.office_mut().deeds.add(deed)));
    }

    /// Does what was left for later.
    fn run(&mut self, deed: u64, now: Millis) -> Spoken {
        let mut spoken = Spoken::default();
        let Some(deed) = self.office_mut().deeds.waiting.remove(&deed) else { return spoken };
        let call = match &deed {
            Deed::Apply(ask) | Deed::Refuse(ask) | Deed::BillingRun(ask) => ask.call,
        };
        match deed {
            Deed::Apply(ask) => drop(self.apply(&ask, ask.amount, now)),
            Deed::Refuse(ask) => self.refuse(&ask, now),
            Deed::BillingRun(ask) => self.billing_run(&ask, now),
        }
        if self.office_mut().luck.chance.ppm(500_000) {
            self.call_back(call, 1, &mut spoken);
        }
        spoken
    }

    /// Calls back so many times about the last line of a reference; a callback may overtake the reply.
    fn call_back(&mut self, call: CallRef, times: u64, spoken: &mut Spoken) {
        let item = self.record().lines().last().filter(|line| line.call == call).map(|line| line.item());
        let Some(item) = item else { return };
        for _ in 0..times {
            let after = self.office_mut().luck.chance.between(1, 5_000);
            spoken.callbacks.push((after, item.clone()));
        }
    }
}

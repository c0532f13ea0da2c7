//! Partners with books of their own: what they truly did, what their record shows, and what they told.
//!
//! Nothing here looks at the core's postings: a request comes in, value moves or does not, words go out.

use exchange::{Answer, Decision, Reply, Signal};
use facts::{Action, CallRef, Cause, Fact, Millis, Nature, OrderId, Partner};
use std::collections::BTreeMap;

/// One request as the partner sees it.
#[derive(Clone, Debug)]
pub struct Ask {
    pub call: CallRef,
    pub partner: Partner,
    pub action: Action,
    pub amount: u64,
    /// The reservation that a capture or release names.
    pub acts_on: String,
    /// The deduction that a billing record is asked for.
    pub about: Option<CallRef>,
}

/// What the partner does about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Nothing,
    Asked,
    Less,
    More,
    Opposite,
    /// Nothing now; as asked when its own schedule comes, whatever has happened meanwhile.
    Later,
    /// Nothing, and it writes a refusal down.
    Refuses,
}

/// What the partner answers at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Truth,
    Refusal,
    Silence,
    Pending,
}

#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    pub does: Does,
    pub says: Says,
    /// For how long the record hides it.
    pub hidden_ms: u64,
    /// Whether the record shows it as queued while it hides what came of it.
    pub queued: bool,
}

impl Behaviour {
    pub const HONEST: Behaviour = Behaviour::of(Does::Asked, Says::Truth);

    pub const fn of(does: Does, says: Says) -> Behaviour {
        Behaviour { does, says, hidden_ms: 0, queued: false }
    }
}

/// What a partner's record holds about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Done { amount: u64, external: String },
    Opposite { amount: u64, external: String },
    Refused,
    Scheduled,
}

#[derive(Clone, Debug)]
struct Line {
    ask: Ask,
    entry: Entry,
    visible_at: Millis,
    queued: bool,
    told: bool,
}

/// What truly moved at a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// What it took less what it gave back, and less what it brought.
    pub taken: i128,
    /// What it still has set aside.
    pub reserved: i128,
    /// What it moved from one of its own to another.
    pub transferred: i128,
}

#[derive(Clone, Debug, Default)]
pub struct Partners {
    lines: BTreeMap<CallRef, Line>,
    /// Reservations by name: of which order, at which partner, how much is still set aside.
    reservations: BTreeMap<String, (OrderId, Partner, u64)>,
}

impl Partners {
    /// Carries a request out, and says what the reply is.
    pub fn act(&mut self, ask: &Ask, behaviour: Behaviour, now: Millis) -> Answer {
        if ask.action.nature() == Nature::Confirms {
            return self.billing(ask, behaviour, now);
        }
        let entry = self.carry_out(ask, behaviour.does);
        let visible_at = now.plus(behaviour.hidden_ms);
        if let Some(entry) = entry {
            let queued = behaviour.queued;
            let line = Line { ask: ask.clone(), entry, visible_at, queued, told: false };
            assert!(self.lines.insert(ask.call, line).is_none(), "{:?} was asked twice by one reference", ask.call);
        }
        match behaviour.says {
            Says::Truth => self.record(ask.call, Millis(u64::MAX)),
            Says::Refusal => Answer::Refused { code: "refused".to_owned() },
            Says::Silence => Answer::Silence,
            Says::Pending => Answer::Pending,
        }
    }

    fn billing(&mut self, ask: &Ask, behaviour: Behaviour, now: Millis) -> Answer {
        let truth = ask.about.map_or(Answer::NotFound, |call| self.record(call, now));
        let (does, says) = (behaviour.does, behaviour.says);
        match (does, says, truth) {
            (_, Says::Silence, _) => Answer::Silence,
            (_, Says::Pending, _) => Answer::Pending,
            (_, Says::Refusal, _) | (Does::Refuses, ..) => Answer::Refused { code: "refused".to_owned() },
            (Does::Less, _, Answer::Done { amount, external }) => Answer::Done { amount: amount - 1, external },
            (Does::More, _, Answer::Done { amount, external }) => Answer::Done { amount: amount + 1, external },
            (Does::Nothing | Does::Later, ..) => Answer::NotFound,
            (_, _, truth) => truth,
        }
    }

    fn carry_out(&mut self, ask: &Ask, does: Does) -> Option<Entry> {
        let external = format!("{}:{}", ask.action, ask.call);
        let amount = match does {
            Does::Nothing => return None,
            Does::Refuses => {
                // A release is refused for one reason alone: the reservation ran out and holds nothing any more.
                if ask.action.nature() == Nature::Releases {
                    self.consume(&ask.acts_on);
                }
                return Some(Entry::Refused);
            }
            Does::Later => return Some(Entry::Scheduled),
            Does::Opposite if ask.action.nature().gives_back() => {
                self.consume(&ask.acts_on);
                return Some(Entry::Opposite { amount: ask.amount, external });
            }
            Does::Asked | Does::Opposite => ask.amount,
            Does::Less => ask.amount.saturating_sub(1).max(1),
            Does::More => ask.amount + 1,
        };
        match ask.action.nature() {
            Nature::SetsAside => self.set_aside(ask, &external, amount),
            Nature::TakesSetAside | Nature::Releases if !self.consume(&ask.acts_on) => {
                return Some(Entry::Refused);
            }
            _ => {}
        }
        Some(Entry::Done { amount, external })
    }

    fn set_aside(&mut self, ask: &Ask, external: &str, amount: u64) {
        self.reservations.insert(external.to_owned(), (ask.call.order, ask.partner, amount));
    }

    /// Ends a reservation; whether it still held anything.
    fn consume(&mut self, name: &str) -> bool {
        self.reservations.remove(name).is_some()
    }

    /// What is scheduled happens now: nobody is told, the record shows it.
    pub fn run_scheduled(&mut self, call: CallRef, now: Millis) -> bool {
        let Some(line) = self.lines.get(&call).filter(|line| line.entry == Entry::Scheduled).cloned() else {
            return false;
        };
        let (external, ask) = (format!("late {}:{call}", line.ask.action), line.ask);
        let entry = match ask.action.nature() {
            // A billing run takes, from what is set aside or from what is left.
            Nature::TakesSetAside => {
                self.consume(&ask.acts_on);
                Entry::Done { amount: ask.amount, external }
            }
            Nature::Releases => match self.consume(&ask.acts_on) {
                true => Entry::Done { amount: ask.amount, external },
                false => Entry::Refused,
            },
            Nature::SetsAside => {
                self.set_aside(&ask, &external, ask.amount);
                Entry::Done { amount: ask.amount, external }
            }
            _ => Entry::Done { amount: ask.amount, external },
        };
        let line = Line { entry, visible_at: now, queued: false, ask, told: false };
        self.lines.insert(call, line);
        true
    }

    /// What the record shows about a reference.
    pub fn record(&self, call: CallRef, at: Millis) -> Answer {
        let Some(line) = self.lines.get(&call) else { return Answer::NotFound };
        if line.visible_at > at {
            return if line.queued { Answer::Pending } else { Answer::NotFound };
        }
        match line.entry.clone() {
            Entry::Done { amount, external } => Answer::Done { amount, external },
            Entry::Opposite { amount, external } => Answer::Opposite { amount, external },
            Entry::Refused => Answer::Refused { code: "recorded".to_owned() },
            Entry::Scheduled => Answer::NotFound,
        }
    }

    /// What was hidden shows from now on.
    pub fn reveal(&mut self, call: CallRef) {
        if let Some(line) = self.lines.get_mut(&call) {
            line.visible_at = Millis(0);
        }
    }

    /// Every reference with something in the record.
    pub fn calls(&self) -> Vec<CallRef> {
        self.lines.keys().copied().collect()
    }

    /// Every reference whose time has not come.
    pub fn scheduled(&self) -> Vec<CallRef> {
        self.lines.iter().filter(|(_, line)| line.entry == Entry::Scheduled).map(|(call, _)| *call).collect()
    }

    /// Remembers that the core was told what happened, and took it in.
    pub fn heard(&mut self, signal: &Signal, decision: &Decision) {
        let speaks = matches!(signal.answer, Answer::Done { .. } | Answer::Opposite { .. });
        let refused = decision.facts.iter().any(|fact| {
            matches!(fact, Fact::StepUnknown { cause, .. } | Fact::InquiryDeferred { cause, .. } if *cause == Cause::BooksRefused)
        });
        if speaks
            && decision.reply != Reply::NotFound
            && !refused
            && let Some(line) = self.lines.get_mut(&signal.call)
        {
            line.told = true;
        }
    }

    /// What moved at a partner: of one order or of all, told or all.
    pub fn sums(&self, partner: Partner, order: Option<OrderId>, told_only: bool) -> Sums {
        let mut sums = Sums::default();
        for (call, line) in &self.lines {
            let counts = line.ask.partner == partner && order.is_none_or(|order| order == call.order);
            if !counts || (told_only && !line.told) {
                continue;
            }
            if line.ask.action.is_between_parties() {
                if let Entry::Done { amount, .. } = &line.entry {
                    sums.transferred += i128::from(*amount);
                }
                continue;
            }
            sums.taken += match (&line.entry, line.ask.action.nature()) {
                (Entry::Opposite { amount, .. }, _) => i128::from(*amount),
                (Entry::Done { amount, .. }, Nature::TakesSetAside | Nature::Takes) => i128::from(*amount),
                (Entry::Done { amount, .. }, Nature::Returns | Nature::Delivers) => -i128::from(*amount),
                // More released than was set aside is a gift out of the partner's own pocket.
                (Entry::Done { amount, .. }, Nature::Releases) => -i128::from(amount.saturating_sub(line.ask.amount)),
                _ => 0,
            };
        }
        let held = self
            .reservations
            .values()
            .filter(|(whose, at, _)| *at == partner && order.is_none_or(|order| order == *whose));
        sums.reserved = held.map(|(_, _, amount)| i128::from(*amount)).sum();
        sums
    }
}

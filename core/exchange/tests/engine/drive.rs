//! Running a world: sent steps are answered, due steps leave, doubts are asked about, the clock goes on.

use super::World;
use super::partner::{Ask, Behaviour};
use exchange::{Answer, Command, Via};
use facts::{CallRef, Nature, Order, OrderId, Partner, Step};

/// More turns than any order of the tests needs.
const TURNS_MOST: usize = 50_000;

impl World {
    /// The request that a sent step makes.
    pub fn ask(&self, id: OrderId, place: u8) -> Ask {
        let order = self.order(id);
        let step = order.step(place).expect("sent");
        let deducted = step.plan.target.filter(|_| step.plan.action.nature() == Nature::Confirms);
        Ask {
            call: CallRef { order: id, step: place, attempt: step.attempt },
            partner: step.plan.partner,
            action: step.plan.action,
            amount: step.plan.amount,
            acts_on: acts_on(order, step),
            about: deducted.map(|target| CallRef {
                order: id,
                step: target.step,
                attempt: order.step(target.step).expect("deducted").attempt,
            }),
        }
    }

    /// Lets a sent step meet its partner, and the core hear the reply.
    pub fn answer(&mut self, id: OrderId, place: u8, behaviour: Behaviour) {
        let ask = self.ask(id, place);
        let answer = self.partners.act(&ask, behaviour, self.now);
        self.tell(ask.call, answer, Via::Reply);
    }

    /// Asks a partner about an unknown step.
    pub fn inquire(&mut self, id: OrderId, place: u8) {
        let ask = self.ask(id, place);
        let answer = self.shown(&ask);
        self.tell(ask.call, answer, Via::Inquiry);
    }

    fn shown(&mut self, ask: &Ask) -> Answer {
        match ask.action.nature() {
            Nature::Confirms => self.partners.act(ask, Behaviour::HONEST, self.now),
            _ => self.partners.record(ask.call, self.now),
        }
    }

    /// One turn: answers, sends, inquires, or moves the clock. Whether anything was left to do.
    pub fn turn(&mut self, behave: &mut dyn FnMut(&World, &Ask) -> Behaviour) -> bool {
        let sent = self.state.sent().next();
        if let Some((id, place)) = sent {
            let behaviour = behave(self, &self.ask(id, place));
            self.answer(id, place, behaviour);
            return true;
        }
        for partner in Partner::ALL {
            let now = self.now;
            let queued = self.state.queued(partner).next().filter(|(due_at, ..)| *due_at <= now);
            if let Some((_, order, step)) = queued {
                let decision = self.give(Command::Dispatch { order, step });
                assert!(!decision.facts.is_empty(), "a due step of {partner} does not leave: {order} {step}");
                return true;
            }
            let unknown = self.state.unknown(partner).next().filter(|(due_at, ..)| *due_at <= now);
            if let Some((_, order, step)) = unknown {
                self.inquire(order, step);
                return true;
            }
        }
        let Some(due_at) = self.state.next_due() else { return false };
        assert!(due_at > self.now, "something due does not move");
        self.now = due_at;
        true
    }

    /// Turns until nothing is left to do.
    pub fn run(&mut self, behave: &mut dyn FnMut(&World, &Ask) -> Behaviour) {
        for _ in 0..TURNS_MOST {
            if !self.turn(behave) {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    /// Turns until the order meets a condition; whether it did.
    pub fn run_until(
        &mut self,
        behave: &mut dyn FnMut(&World, &Ask) -> Behaviour,
        wanted: &dyn Fn(&World) -> bool,
    ) -> bool {
        for _ in 0..TURNS_MOST {
            if wanted(self) {
                return true;
            }
            if !self.turn(behave) {
                return wanted(self);
            }
        }
        panic!("the world does not come to rest");
    }

    /// What a statement says about a request, told to the core.
    pub fn state_truth(&mut self, call: CallRef) {
        let answer = self.partners.record(call, facts::Millis(u64::MAX));
        if answer != Answer::NotFound {
            self.tell(call, answer, Via::Statement);
        }
    }

    /// Every schedule is run and every record is told, until both sides rest.
    pub fn flush(&mut self) {
        let mut honest = |_: &World, _: &Ask| Behaviour::HONEST;
        self.run(&mut honest);
        for call in self.partners.scheduled() {
            self.partners.run_scheduled(call, self.now);
        }
        for call in self.partners.calls() {
            self.state_truth(call);
        }
        self.run(&mut honest);
    }
}

/// The reservation that a capture or a release acts on.
fn acts_on(order: &Order, step: &Step) -> String {
    if step.plan.action.nature() != Nature::TakesSetAside {
        return step.plan.acts_on.clone();
    }
    let set_aside = order.steps.iter().find(|step| step.plan.action.nature() == Nature::SetsAside);
    set_aside.map(|step| step.external.clone()).unwrap_or_default()
}

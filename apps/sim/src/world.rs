//! One world on one thread: node, disk, partners, clients and auditor in virtual time.

use crate::agenda::Agenda;
use crate::auditor::Auditor;
use crate::chance::Chance;
use crate::client::{Clients, Errand};
use crate::counterparty::{Counterparty, Office, Spoken};
use crate::disk::SimDisk;
use crate::house::{House, Setup};
use crate::options::{Faults, Options, Report};
use crate::shelf::Shelf;
use crate::telco::SimTelco;
use crate::till::SimTill;
use exchange::{Answer, Command, Envelope, Profile, Quote, Reply, Rules, Signal, Via, quote};
use facts::{Day, Key16, Made, Meta, Millis, OrderId, Partner, Programme, QuoteId, Refusal, SaltKey, State};
use money::Telco;
use node::{Ask, AskKind, Effect, Job, Lane, Timers, Told, heard, news, recover};
use partners::StatementItem;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Fen on our account at the bank when the books are opened.
const FUNDING: u64 = 10_000_000_000;
/// How long a client waits for an answer before it sends again.
const CLIENT_PATIENCE_MS: u64 = 4_000;
/// How long a quote holds.
const QUOTE_HOLDS_MS: u64 = 300_000;
const SWEEP_EVERY_MS: u64 = 600_000;
/// A run that has not come to rest after so many events, and so many for each order, never will. Nine quiet days
/// take about 1,300 sweeps; an order, under heavy faults, about 60 events.
const EVENTS_MOST: u64 = 20_000;
const EVENTS_MOST_PER_ORDER: u64 = 300;

/// What happens next.
enum Event {
    /// The sequencer looks at what there is to do.
    Turn(u32),
    /// The disk answers.
    Synced(u32),
    /// The node comes up again.
    Start,
    Client(Errand),
    /// A request reaches a partner, to be answered by the moment given.
    Reach(u32, Ask, Millis),
    /// A partner's word reaches the node that asked.
    Heard(u32, Signal),
    Callback(StatementItem),
    /// A partner does what it had left for later.
    Deed(Partner, u64),
    Sweep,
    /// The node closes or opens the door to a partner.
    Door(Partner, u32),
}

/// What an answer of the node carries out of it.
enum Mail {
    Client(Errand, Reply, u64),
    /// News out of a statement, lines about orders that are not in memory, and where its next page starts; or out of
    /// a callback.
    News(Vec<Signal>, Vec<StatementItem>, Via, Option<(Partner, usize)>),
    /// Everything before this place of a statement is taken in and durable.
    Read(Partner, usize),
}

type Mailbox = Arc<Mutex<Vec<Mail>>>;

/// Where the power may go.
enum Place {
    BeforeSubmit,
    BeforeSync,
    AfterSync,
    BetweenEffects,
}

pub(crate) struct World {
    options: Options,
    agenda: Agenda<Event>,
    setup: Setup,
    house: Option<House>,
    /// Which life of the node this is: what was meant for an earlier one is lost.
    life: u32,
    disk: SimDisk,
    shelf: Shelf,
    telcos: BTreeMap<Telco, SimTelco>,
    tills: BTreeMap<Partner, SimTill>,
    clients: Clients,
    auditor: Auditor,
    /// Quotes that clients think about, by the key of the order.
    quotes: BTreeMap<Key16, Quote>,
    cursors: BTreeMap<Partner, usize>,
    mail: Mailbox,
    next_turn: Option<Millis>,
    chance: Chance,
    crashes: BTreeMap<&'static str, u64>,
    calls: u64,
    /// How many full sweeps in a row brought no record, and the last record before them.
    swept_in_vain: (u32, u64),
    started: Millis,
    is_over: bool,
}

impl World {
    pub(crate) fn new(options: Options, rules: Rules) -> World {
        let seed = Chance::new(options.seed);
        let mut chance = seed.fork(1);
        // A day of 2026 whose arrival days are published, and a time of it.
        let first = Day::from_date(2026, 1, 5).map_or(0, Day::count);
        let day = Day::from_count(first + u32::try_from(chance.between(0, 200)).unwrap_or(0));
        let start = day.start().plus(chance.between(0, 86_399_999));
        let faults = options.faults;
        let heavy = faults == Faults::Heavy;
        let clients = Clients::new(seed.fork(2), options.orders, faults, start);
        let mut telcos = BTreeMap::new();
        for (stream, telco) in (10..).zip(Telco::ALL) {
            let can_reserve = rules.contracts.of(Partner::Telco(telco)).profile == Profile::Reserve;
            telcos.insert(telco, SimTelco::new(can_reserve, seed.fork(stream), faults));
        }
        let salts = SaltKey::new([7; 32]);
        let auditor = Auditor::new(
            salts.clone(),
            rules.policy.limits().giving(Refusal::DailyLimitExceeded).map(|limit| limit.most),
            rules.policy.campaigns().iter().map(|campaign| (campaign.number, campaign.budget_fen)),
        );
        let ended_stay_ms = seed.fork(5).pick(&[None, Some(0), Some(5_000), Some(3_600_000)]);
        let setup = Setup { rules: Arc::new(rules), salts, funding: FUNDING, ended_stay_ms, bug: options.bug };
        let mut world = World {
            options,
            agenda: Agenda::new(start),
            setup,
            house: None,
            quotes: BTreeMap::new(),
            life: 0,
            disk: SimDisk::new(seed.fork(3), if heavy { 1_000 } else { 0 }),
            shelf: Shelf::default(),
            telcos,
            tills: BTreeMap::from([
                (Partner::Bank, SimTill::bank(FUNDING, Office::new(seed.fork(4), faults))),
                (Partner::Issuer, SimTill::issuer(FUNDING, Office::new(seed.fork(6), faults))),
                (Partner::Acquirer, SimTill::acquirer(Office::new(seed.fork(7), faults))),
                (Partner::Programme(Programme::Bank), SimTill::programme(FUNDING, Office::new(seed.fork(8), faults))),
                (
                    Partner::Programme(Programme::Airline),
                    SimTill::programme(FUNDING, Office::new(seed.fork(9), faults)),
                ),
            ]),
            clients,
            auditor,
            cursors: BTreeMap::new(),
            mail: Mailbox::default(),
            next_turn: None,
            chance,
            crashes: BTreeMap::new(),
            calls: 0,
            swept_in_vain: (0, 0),
            started: start,
            is_over: false,
        };
        world.open_accounts();
        world.agenda.after(0, Event::Start);
        for (after, errand) in world.clients.errands() {
            world.agenda.after(after, Event::Client(errand));
        }
        world.agenda.after(SWEEP_EVERY_MS, Event::Sweep);
        world
    }

    /// What partners have of the clients' numbers and cards: sometimes less than we think, sometimes closed.
    fn open_accounts(&mut self) {
        let apart = self.options.faults != Faults::None;
        for number in self.clients.numbers() {
            let holds = number.holds();
            let less = apart && self.chance.ppm(60_000);
            let closed = apart && self.chance.ppm(30_000);
            if let Some(telco) = self.telcos.get_mut(&number.telco) {
                telco.open(number.subscriber, if less { holds / 10 } else { holds }, closed);
            }
            if apart && self.chance.ppm(60_000) {
                self.tills.get_mut(&Partner::Bank).into_iter().for_each(|bank| bank.close(number.card));
            }
        }
    }

    /// Runs until all is quiet.
    pub(crate) fn run(mut self) -> Report {
        let most = EVENTS_MOST + EVENTS_MOST_PER_ORDER * self.options.orders;
        for _ in 0..most {
            let Some(event) = self.agenda.pop() else { break };
            self.happen(event);
            if self.is_over {
                return self.report();
            }
        }
        self.auditor.breach(format!("no rest after {most} events"));
        self.report()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start => self.start(),
            Event::Turn(life) if life == self.life => self.turn(),
            Event::Synced(life) if life == self.life => self.synced(),
            Event::Client(errand) => self.client(errand),
            Event::Reach(life, ask, until) => self.reach(life, &ask, until),
            Event::Heard(life, signal) if life == self.life => self.push(Lane::Results, heard(signal)),
            Event::Callback(item) => self.take_in(vec![item], Via::Callback, None),
            Event::Deed(partner, deed) => {
                let now = self.agenda.now();
                let spoken = self.partner(partner).run(deed, now);
                self.speak(partner, spoken);
            }
            Event::Sweep => self.sweep(),
            Event::Door(partner, window) => self.door(partner, window),
            // Meant for a life that has ended.
            Event::Turn(_) | Event::Synced(_) | Event::Heard(..) => {}
        }
    }

    fn start(&mut self) {
        self.disk.reopen();
        self.shelf = Shelf::default();
        self.catch_up();
        self.life += 1;
        match House::start(&self.setup, &mut self.disk) {
            Ok(house) => self.house = Some(house),
            Err(error) => return self.give_up(&format!("the node does not start: {error}")),
        }
        self.look(0);
        if self.options.faults == Faults::Heavy && self.chance.ppm(300_000) {
            let partner = self.chance.pick(&Partner::ALL);
            let window = self.chance.pick(&[0, 1, 4]);
            let after = self.chance.between(0, 100_000);
            self.agenda.after(after, Event::Door(partner, window));
        }
    }

    /// The auditor reads what became durable.
    fn catch_up(&mut self) {
        for entry in self.disk.from(self.auditor.sequence() + 1) {
            self.auditor.read(entry);
        }
    }

    /// Something that cannot be: no use to go on.
    fn give_up(&mut self, why: &str) {
        self.auditor.breach(why.to_owned());
        self.house = None;
        self.is_over = true;
    }

    fn push(&mut self, lane: Lane, job: Job) {
        let Some(house) = &mut self.house else { return };
        house.desk.push(lane, job);
        self.look(0);
    }

    /// Lets the sequencer look at what there is to do, a while from now.
    fn look(&mut self, after: u64) {
        let at = self.agenda.now().plus(after);
        if self.next_turn.is_none_or(|next| next > at) {
            self.next_turn = Some(at);
            self.agenda.at(at, Event::Turn(self.life));
        }
    }

    fn turn(&mut self) {
        self.next_turn = None;
        let now = self.agenda.now();
        let Some(house) = &mut self.house else { return };
        // Now and then the clock is not to be trusted for a while: then nothing fires, but results are heard.
        let doubtful = self.options.faults == Faults::Heavy && self.chance.ppm(2_000);
        let timers = if doubtful { Timers::Hold } else { Timers::Fire };
        let waiting = match house.turn(now, timers) {
            Ok(waiting) => waiting,
            Err(stopped) => return self.give_up(&stopped),
        };
        if !waiting.is_empty() && self.crashes_here(Place::BeforeSubmit) {
            return;
        }
        let Some(house) = &mut self.house else { return };
        let leaving = house.submit(waiting);
        let busy = house.desk.has_work(now);
        let due = next_due(house.desk.core().state(), now);
        self.begin_commit();
        match due {
            _ if busy => self.look(1),
            Some(due) => self.look(due.since(now)),
            None => {}
        }
        self.perform(leaving);
    }

    fn begin_commit(&mut self) {
        let began = self.house.as_mut().is_some_and(House::begin_commit);
        if began {
            let takes = self.disk.sync_ms();
            self.agenda.after(takes, Event::Synced(self.life));
        }
    }

    fn synced(&mut self) {
        if self.crashes_here(Place::BeforeSync) {
            return;
        }
        let Some(house) = &mut self.house else { return };
        let Ok(sequence) = house.commit(&mut self.disk) else { return self.die("sync_failed") };
        self.catch_up();
        if self.crashes_here(Place::AfterSync) {
            return;
        }
        let leaving = self.house.as_ref().map(|house| house.release(sequence)).unwrap_or_default();
        self.perform(leaving);
        self.begin_commit();
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let life = self.life;
        for effect in effects {
            if self.life != life || self.house.is_none() || self.crashes_here(Place::BetweenEffects) {
                return;
            }
            match effect {
                Effect::Answer(answer) => {
                    answer();
                    self.deliver();
                }
                Effect::Ask(ask) => self.send(*ask),
                Effect::Late(signal) => self.hear_late(*signal),
                // No vault stands beside this world.
                Effect::Erase(_) | Effect::Project(..) => {}
            }
        }
    }

    fn crashes_here(&mut self, place: Place) -> bool {
        let (ppm, code) = match place {
            Place::BeforeSubmit => (2_000, "before_submit"),
            Place::BeforeSync => (2_000, "before_sync"),
            Place::AfterSync => (2_000, "after_sync"),
            Place::BetweenEffects => (600, "between_effects"),
        };
        let crashes = self.options.faults == Faults::Heavy && self.house.is_some() && self.chance.ppm(ppm);
        if crashes {
            self.die(code);
        }
        crashes
    }

    /// The node dies: what is not on the disk is gone, and nobody is told.
    fn die(&mut self, place: &'static str) {
        *self.crashes.entry(place).or_default() += 1;
        let Some(house) = self.house.take() else { return };
        self.disk.cut_power(house.under_way());
        self.lock_mail().clear();
        self.life += 1;
        self.next_turn = None;
        // A cursor that was not kept is read again from an earlier place.
        if self.chance.ppm(300_000) {
            self.cursors.clear();
        }
        let down = self.chance.pick(&[100, 5_000, 400_000]);
        let down = self.chance.between(50, down);
        self.agenda.after(down, Event::Start);
    }

    fn lock_mail(&self) -> std::sync::MutexGuard<'_, Vec<Mail>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer that carries mail out once it is durable.
    fn answering(&self, make: impl FnOnce(Told<'_>) -> Mail + Send + 'static) -> node::Answerer {
        let mailbox = Arc::clone(&self.mail);
        Box::new(move |told| {
            let mail = make(told);
            Box::new(move || mailbox.lock().unwrap_or_else(PoisonError::into_inner).push(mail))
        })
    }

    fn deliver(&mut self) {
        let mail = std::mem::take(&mut *self.lock_mail());
        for mail in mail {
            match mail {
                Mail::Client(errand, reply, sequence) => self.answer_client(errand, reply, sequence),
                Mail::News(signals, gone, via, cursor) => self.hear_news(signals, gone, via, cursor),
                Mail::Read(partner, next) => drop(self.cursors.insert(partner, next)),
            }
        }
    }

    fn client(&mut self, errand: Errand) {
        let wanted = self.clients.wants(errand);
        if wanted {
            self.agenda.after(CLIENT_PATIENCE_MS, Event::Client(errand));
        } else if matches!(errand, Errand::Register(_) | Errand::Order(_) | Errand::Review(_)) {
            return;
        }
        // While the node is down nobody is there to be asked.
        if self.house.is_none() {
            return;
        }
        let Some(envelope) = self.clients.envelope(errand, self.agenda.now()) else { return };
        let Some(envelope) = self.quoted(envelope) else { return };
        let answer =
            self.answering(move |told| Mail::Client(errand, told.reply.unwrap_or(Reply::Nothing), told.sequence));
        self.push(Lane::Orders, Job { envelope: Some(envelope), answer: Some(answer) });
    }

    /// An order for which a campaign gives something is placed with the quote that shows it, when its client comes
    /// again: by then others may have taken what was left.
    fn quoted(&mut self, mut envelope: Envelope) -> Option<Envelope> {
        let (now, key) = (self.agenda.now(), envelope.key.map(|key| key.key).unwrap_or_default());
        let Command::Place(place) = &mut envelope.command else { return Some(envelope) };
        if let Some(shown) = self.quotes.get(&key) {
            place.quote = Some(shown.clone());
            return Some(envelope);
        }
        let (Some(house), Some(subscriber)) = (&self.house, place.asker.subscriber()) else { return Some(envelope) };
        let terms = quote(house.desk.core().state(), &self.setup.rules, &envelope.meta, place, None);
        let Some(terms) = terms.ok().filter(|terms| terms.reward.is_some()) else { return Some(envelope) };
        let (id, expires_at) = (QuoteId::from_bits(place.order.bits()), now.plus(QUOTE_HOLDS_MS));
        self.quotes.insert(key, Quote { id, subscriber, terms, expires_at, marks: None });
        None
    }

    fn answer_client(&mut self, errand: Errand, reply: Reply, sequence: u64) {
        let reaction = self.clients.hear(errand, reply);
        if let Some(order) = reaction.acknowledged {
            self.auditor.acknowledged(order, sequence, self.disk.last());
        }
        if let (Reply::Made(Made::Subscriber(_) | Made::Lot(..)), true) = (reply, sequence > self.disk.last()) {
            self.auditor.breach(format!("{reply:?} was acknowledged before it was durable"));
        }
        if let Some(breach) = reaction.breach {
            self.auditor.breach(breach);
        }
        for (after, errand) in reaction.next {
            self.agenda.after(after, Event::Client(errand));
        }
    }

    /// A request leaves; silence is heard when its time is over.
    fn send(&mut self, ask: Ask) {
        let contract = self.setup.rules.contracts.of(ask.partner);
        let until = self.agenda.now().plus(contract.reply_timeout_ms);
        let travels = self.chance.between(1, 20);
        self.agenda.after(travels, Event::Reach(self.life, ask, until));
    }

    fn reach(&mut self, life: u32, ask: &Ask, until: Millis) {
        self.calls += 1;
        self.auditor.partner_saw(ask);
        let now = self.agenda.now();
        let mut spoken = self.partner(ask.partner).hear(ask, now);
        let (heard_at, answer) = match spoken.reply.take() {
            Some((after, answer)) if now.plus(after) <= until => (now.plus(after), answer),
            _ => (until, Answer::Silence),
        };
        let via = match ask.kind {
            AskKind::Call => Via::Reply,
            AskKind::Inquire => Via::Inquiry,
        };
        self.agenda.at(heard_at, Event::Heard(life, Signal { call: ask.call, answer, via }));
        self.speak(ask.partner, spoken);
        if let Some(till) = self.tills.get(&ask.partner) {
            self.auditor.delivered(ask.call.order, till);
        }
    }

    fn speak(&mut self, partner: Partner, spoken: Spoken) {
        for (after, item) in spoken.callbacks {
            self.agenda.after(after, Event::Callback(item));
        }
        for (after, deed) in spoken.later {
            self.agenda.after(after, Event::Deed(partner, deed));
        }
    }

    fn partner(&mut self, partner: Partner) -> &mut dyn Counterparty {
        let found: Option<&mut dyn Counterparty> = match partner {
            Partner::Telco(telco) => self.telcos.get_mut(&telco).map(|telco| telco as _),
            _ => self.tills.get_mut(&partner).map(|till| till as _),
        };
        found.unwrap_or_else(|| unreachable!("every partner is there from the beginning"))
    }

    fn door(&mut self, partner: Partner, window: u32) {
        if let Some(house) = &mut self.house {
            house.tell(Command::GrantCredits { partner, window });
            self.look(0);
        }
        let open = self.setup.rules.contracts.of(partner).window;
        if window != open {
            let after = self.chance.between(1_000, 600_000);
            self.agenda.after(after, Event::Door(partner, open));
        }
    }

    /// Takes lines of a partner's record in: what the state knows leaves no trace.
    fn take_in(&mut self, items: Vec<StatementItem>, via: Via, cursor: Option<(Partner, usize)>) {
        let answer = self.answering(move |told| {
            let (mut signals, mut gone) = (Vec::new(), Vec::new());
            for item in items {
                match told.state.order(item.call.order) {
                    Some(order) => signals.extend(news(order, &item, via)),
                    None => gone.push(item),
                }
            }
            Mail::News(signals, gone, via, cursor)
        });
        self.push(Lane::Operators, Job { envelope: None, answer: Some(answer) });
    }

    /// A cursor moves on only when what was read before it is durable.
    fn hear_news(
        &mut self,
        signals: Vec<Signal>,
        gone: Vec<StatementItem>,
        via: Via,
        cursor: Option<(Partner, usize)>,
    ) {
        for item in gone {
            let order = self.shelf.order(&self.disk, item.call.order);
            if let Some(signal) = order.and_then(|order| news(order, &item, via)) {
                self.hear_late(signal);
            }
        }
        for signal in signals {
            self.push(Lane::Results, heard(signal));
        }
        if let Some((partner, next)) = cursor {
            let answer = self.answering(move |_| Mail::Read(partner, next));
            self.push(Lane::Results, Job { envelope: None, answer: Some(answer) });
        }
    }

    /// A word about an order that is not in memory: it is brought back, if there ever was one.
    fn hear_late(&mut self, signal: Signal) {
        let Some(order) = self.shelf.order(&self.disk, signal.call.order).cloned() else { return };
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        let recall = Envelope { meta, key: None, command: Command::Recall(Box::new(order)) };
        self.push(Lane::Results, Job { envelope: Some(recall), answer: None });
        self.push(Lane::Results, heard(signal));
    }

    /// Reads every statement. When nothing else is going on they are read from their beginning, twice; if that
    /// brings nothing new, all is quiet.
    fn sweep(&mut self) {
        if self.is_quiet() {
            let (times, sequence) = self.swept_in_vain;
            if (times, sequence) == (2, self.auditor.sequence()) {
                self.is_over = true;
                return;
            }
            let again = sequence == self.auditor.sequence();
            self.swept_in_vain = (if again { times + 1 } else { 1 }, self.auditor.sequence());
            self.cursors.clear();
        }
        self.agenda.after(SWEEP_EVERY_MS, Event::Sweep);
        let now = self.agenda.now();
        for partner in Partner::ALL {
            let after = self.cursors.get(&partner).copied().unwrap_or(0);
            let (items, next) = self.partner(partner).record().page(after, now);
            if next > after {
                self.take_in(items, Via::Statement, Some((partner, next)));
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let Some(house) = &self.house else { return false };
        let idle = house.desk.idle(self.agenda.now());
        let rests = idle.idle && idle.next_due.is_none() && house.is_flushed();
        rests && self.clients.is_done() && self.agenda.is_empty()
    }

    fn report(mut self) -> Report {
        self.check_replay();
        let state = self.house.as_ref().map(|house| house.desk.core().state().digest()).unwrap_or_default();
        let digest = format!("{state}{}", self.auditor.hash());
        let mut faults: BTreeMap<String, u64> = BTreeMap::new();
        for partner in Partner::ALL {
            for (code, count) in self.partner(partner).office().luck.counts() {
                *faults.entry((*code).to_owned()).or_default() += count;
            }
        }
        faults.extend(self.crashes.iter().map(|(place, count)| (format!("crash_{place}"), *count)));
        let records = self.auditor.sequence();
        let ending = self.auditor.end(&self.telcos, &self.tills, &self.clients.sent());
        Report {
            seed: self.options.seed,
            orders: u64::try_from(self.clients.sent().len()).unwrap_or(0),
            settled: ending.settled,
            refunded: ending.refunded,
            declined: ending.declined,
            suspended: ending.suspended,
            unknown_open: ending.unknown_open,
            breach_count: ending.breach_count,
            breaches: ending.breaches,
            calls: self.calls,
            strays: ending.strays,
            recalled: ending.recalled,
            rewarded: ending.rewarded,
            faults,
            crashes: self.crashes.values().sum(),
            records,
            virtual_ms: self.agenda.now().since(self.started),
            digest,
        }
    }

    /// The state that runs is the one that its journal gives.
    fn check_replay(&mut self) {
        let Some(house) = self.house.as_ref().filter(|house| house.is_flushed()) else { return };
        let live = house.desk.core().state().digest();
        match recover(None, &mut self.disk, &self.setup.salts, |_, _| {}) {
            Ok(replayed) if replayed.state.digest() == live => {}
            Ok(replayed) => {
                let text = format!("replay gives {}, the state that ran is {live}", replayed.state.digest());
                self.auditor.breach(text);
            }
            Err(error) => self.auditor.breach(format!("replay: {error}")),
        }
    }
}

/// The next moment at which something becomes due. What is due already waits for an answer or a credit, which
/// brings a turn when it comes.
fn next_due(state: &State, now: Millis) -> Option<Millis> {
    let later = |mut steps: Box<dyn Iterator<Item = (Millis, OrderId, u8)> + '_>| {
        steps.find(|(due_at, _, _)| *due_at > now).map(|(due_at, _, _)| due_at)
    };
    let of = |partner| [later(Box::new(state.queued(partner))), later(Box::new(state.unknown(partner)))];
    Partner::ALL.into_iter().flat_map(of).flatten().min()
}

//! Subscribers who send orders under keys, repeat what stays unanswered, and do what clients should not.

use crate::chance::Chance;
use crate::options::Faults;
use exchange::rules::{Identity, Instrument, Line};
use exchange::{Asker, ClientKey, Command, Envelope, Funds, Opening, PlaceOrder, Recipient, Registration, Reply};
use facts::{
    Actor, ActorKind, Bucket, Channel, InstrumentId, Key16, Made, Meta, Millis, OrderId, PersonId, Product, Provenance,
    Province, ReviewVerdict, SubscriberId,
};
use money::Telco;

const DAY_MS: u64 = 86_400_000;
/// Home provinces: most offer the product, one does not.
const PROVINCES: [u8; 8] = [44, 33, 11, 31, 41, 54, 13, 21];

/// Something a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    /// Registers a number, again until it is answered.
    Register(usize),
    /// Sends an order, again until it is answered.
    Order(usize),
    /// Sends an answered order again.
    Repeat(usize),
    /// Uses the key of an order for another amount.
    OtherBody(usize),
    /// Withdraws an order.
    Cancel(usize),
    /// Declines a gift: its receiver does.
    Decline(usize),
    /// Says whether an order may run, if it waits for that. Staff does, again until nothing waits.
    Review(usize),
}

/// A phone number with what it holds.
pub(crate) struct Number {
    pub(crate) subscriber: SubscriberId,
    pub(crate) telco: Telco,
    pub(crate) card: InstrumentId,
    person: PersonId,
    province: Province,
    lots: Vec<Opening>,
    key: ClientKey,
    registered: bool,
}

impl Number {
    /// All that it holds, of any origin.
    pub(crate) fn holds(&self) -> u64 {
        self.lots.iter().map(|lot| lot.amount).sum()
    }
}

struct Wish {
    key: ClientKey,
    number: usize,
    /// The number that a gift is for.
    receiver: usize,
    product: Product,
    amount: u64,
    identity: Identity,
    instrument: Instrument,
    channel_province: Province,
    asked_earlier_ms: u64,
    sent: bool,
    made: Option<OrderId>,
    /// Whether a reviewer was heard about it.
    reviewed: bool,
}

/// What a client makes of an answer.
#[derive(Default)]
pub(crate) struct Reaction {
    pub(crate) acknowledged: Option<OrderId>,
    pub(crate) breach: Option<String>,
    pub(crate) next: Vec<(u64, Errand)>,
}

/// All clients.
pub(crate) struct Clients {
    numbers: Vec<Number>,
    wishes: Vec<Wish>,
    unanswered: usize,
    withdraw_ppm: u64,
    chance: Chance,
}

fn key(chance: &mut Chance) -> ClientKey {
    ClientKey { key: Key16(chance.bits().to_be_bytes()), body: Key16(chance.bits().to_be_bytes()) }
}

fn province(code: u8) -> Province {
    Province::new(code).unwrap_or_else(|| unreachable!("province {code} has two digits"))
}

impl Clients {
    pub(crate) fn new(mut chance: Chance, orders: u64, faults: Faults, start: Millis) -> Clients {
        let mut clients = Clients {
            numbers: Vec::new(),
            wishes: Vec::new(),
            unanswered: usize::try_from(orders).unwrap_or(0),
            withdraw_ppm: if faults == Faults::None { 0 } else { 50_000 },
            chance: chance.fork(1),
        };
        for person in 0..=orders / 8 {
            let bucket = Bucket::of_hash(chance.next());
            let person_id = PersonId::new(start.0, bucket, chance.bits());
            for _ in 0..chance.between(1, 3) {
                // The first person has so much that the day's limit is met.
                let most = if person == 0 { 20_000_000 } else { 900_000 };
                clients.numbers.push(number(&mut chance, person_id, start, most));
            }
        }
        clients.numbers[0].province = province(PROVINCES[0]);
        for _ in 0..orders {
            let wish = clients.wish(&mut chance);
            clients.wishes.push(wish);
        }
        clients
    }

    fn wish(&self, chance: &mut Chance) -> Wish {
        let most = u64::try_from(self.numbers.len() - 1).unwrap_or(0);
        let rich = chance.ppm(200_000);
        let number = if rich { 0 } else { usize::try_from(chance.between(0, most)).unwrap_or(0) };
        let rarely = |chance: &mut Chance| chance.ppm(20_000);
        let amount = match chance.between(0, 19) {
            0 => chance.between(1, 999),
            1 => chance.between(500_001, 600_000),
            _ if rich => chance.between(300_000, 500_000),
            _ => chance.between(1_000, 150_000),
        };
        let elsewhere = province(chance.pick(&PROVINCES));
        Wish {
            key: key(chance),
            number,
            receiver: usize::try_from(chance.between(0, most)).unwrap_or(0),
            product: match chance.between(0, 19) {
                0 => Product::Card,
                1..=5 => Product::Voucher,
                6..=9 => Product::Gift,
                _ => Product::Direct,
            },
            amount,
            identity: if rarely(chance) { Identity::Underage } else { Identity::Valid },
            instrument: if rarely(chance) { Instrument::NotOwn } else { Instrument::Own },
            channel_province: if rarely(chance) { elsewhere } else { self.numbers[number].province },
            asked_earlier_ms: if rarely(chance) { chance.between(1, DAY_MS) } else { 0 },
            sent: false,
            made: None,
            reviewed: false,
        }
    }

    /// What clients do by themselves, and when: numbers are registered, then orders come in bursts.
    pub(crate) fn errands(&mut self) -> Vec<(u64, Errand)> {
        let mut errands: Vec<(u64, Errand)> = (0..self.numbers.len()).map(|at| (5, Errand::Register(at))).collect();
        let mut after = 1_000;
        for at in 0..self.wishes.len() {
            let burst = self.chance.ppm(750_000);
            after += if burst { self.chance.between(0, 300) } else { self.chance.between(1_000, 1_200_000) };
            errands.push((after, Errand::Order(at)));
        }
        errands
    }

    pub(crate) fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    /// Whether every order was answered.
    pub(crate) const fn is_done(&self) -> bool {
        self.unanswered == 0
    }

    /// The keys with which orders were sent.
    pub(crate) fn sent(&self) -> Vec<Key16> {
        self.wishes.iter().filter(|wish| wish.sent).map(|wish| wish.key.key).collect()
    }

    /// Whether an errand still waits for its answer.
    pub(crate) fn wants(&self, errand: Errand) -> bool {
        match errand {
            Errand::Register(at) => !self.numbers[at].registered,
            Errand::Order(at) => self.wishes[at].made.is_none(),
            Errand::Review(at) => !self.wishes[at].reviewed,
            Errand::Repeat(_) | Errand::OtherBody(_) | Errand::Cancel(_) | Errand::Decline(_) => false,
        }
    }

    /// The request of an errand; none when it cannot be made yet.
    pub(crate) fn envelope(&mut self, errand: Errand, now: Millis) -> Option<Envelope> {
        match errand {
            Errand::Register(at) => Some(self.register(at, now)),
            Errand::Order(at) | Errand::Repeat(at) => self.place(at, now),
            Errand::OtherBody(at) => {
                let mut envelope = self.place(at, now)?;
                if let Some(key) = &mut envelope.key {
                    key.body = Key16(self.chance.bits().to_be_bytes());
                }
                Some(envelope)
            }
            Errand::Cancel(at) => {
                let order = self.wishes[at].made?;
                Some(Envelope { meta: meta(now), key: None, command: Command::Cancel { order, why: String::new() } })
            }
            Errand::Decline(at) => {
                let order = self.wishes[at].made?;
                Some(Envelope { meta: meta(now), key: None, command: Command::Decline { order } })
            }
            Errand::Review(at) => {
                let order = self.wishes[at].made?;
                let verdict = if self.chance.ppm(300_000) { ReviewVerdict::Rejected } else { ReviewVerdict::Approved };
                let command = Command::Review { order, verdict, why: "looked at".to_owned() };
                Some(Envelope { meta: meta(now), key: None, command })
            }
        }
    }

    fn register(&self, at: usize, now: Millis) -> Envelope {
        let number = &self.numbers[at];
        let registration = Registration {
            subscriber: number.subscriber,
            person: number.person,
            telco: number.telco,
            province: number.province,
            own_card: Some(number.card),
            credit_card: None,
            lots: number.lots.clone(),
        };
        Envelope { meta: meta(now), key: Some(number.key), command: Command::Register(registration) }
    }

    fn place(&mut self, at: usize, now: Millis) -> Option<Envelope> {
        let wish = &mut self.wishes[at];
        let (number, receiver) = (&self.numbers[wish.number], &self.numbers[wish.receiver]);
        if !(number.registered && receiver.registered) {
            return None;
        }
        wish.sent = true;
        let line = Line { province: receiver.province, telco: receiver.telco };
        let recipient = match wish.product {
            Product::Gift => Recipient::Number { subscriber: receiver.subscriber, line },
            _ => Recipient::Nobody,
        };
        let place = PlaceOrder {
            order: OrderId::new(now.0, number.subscriber.bucket(), self.chance.bits()),
            asker: Asker::Holder(number.subscriber),
            recipient,
            product: wish.product,
            amount: wish.amount,
            identity: wish.identity,
            instrument: wish.instrument,
            channel_province: wish.channel_province,
            funds: Funds::Own,
            quote: None,
        };
        let requested_at = Millis(now.0 - wish.asked_earlier_ms);
        let meta = Meta { client_key: wish.key.key, requested_at, ..meta(now) };
        Some(Envelope { meta, key: Some(wish.key), command: Command::Place(Box::new(place)) })
    }

    /// Takes an answer in.
    pub(crate) fn hear(&mut self, errand: Errand, reply: Reply) -> Reaction {
        match (errand, reply) {
            (Errand::Register(at), Reply::Made(_) | Reply::Replayed(_)) => {
                self.numbers[at].registered = true;
                Reaction::default()
            }
            (Errand::Order(at) | Errand::Repeat(at), Reply::Made(Made::Order(order))) => self.answered(at, order),
            (Errand::Order(at) | Errand::Repeat(at), Reply::Replayed(used)) => match used.made {
                Made::Order(order) => self.answered(at, order),
                other => wrong(errand, &other),
            },
            (Errand::OtherBody(_), Reply::KeyConflict) | (Errand::Cancel(_) | Errand::Decline(_), _) => {
                Reaction::default()
            }
            (Errand::Review(at), _) => {
                self.wishes[at].reviewed = true;
                Reaction::default()
            }
            (_, other) => wrong(errand, &other),
        }
    }

    fn answered(&mut self, at: usize, order: OrderId) -> Reaction {
        let mut reaction = Reaction { acknowledged: Some(order), ..Reaction::default() };
        match self.wishes[at].made {
            Some(first) if first != order => reaction.breach = Some(format!("one key was told {first}, then {order}")),
            Some(_) => {}
            None => {
                self.wishes[at].made = Some(order);
                self.unanswered -= 1;
                reaction.next = self.afterthoughts(at);
            }
        }
        reaction
    }

    fn afterthoughts(&mut self, at: usize) -> Vec<(u64, Errand)> {
        let mut next = vec![(self.chance.between(1, 2 * DAY_MS), Errand::Review(at))];
        for (ppm, errand) in [
            (60_000, Errand::Repeat(at)),
            (30_000, Errand::OtherBody(at)),
            (self.withdraw_ppm, Errand::Cancel(at)),
            (2 * self.withdraw_ppm, Errand::Decline(at)),
        ] {
            if self.chance.ppm(ppm) {
                let most = self.chance.pick(&[50, 5_000, 2 * DAY_MS]);
                next.push((self.chance.between(1, most), errand));
            }
        }
        next
    }
}

fn wrong(errand: Errand, reply: &dyn std::fmt::Debug) -> Reaction {
    Reaction { breach: Some(format!("{errand:?} was answered {reply:?}")), ..Reaction::default() }
}

fn meta(now: Millis) -> Meta {
    let actor = Actor { kind: ActorKind::Subscriber, ..Actor::SYSTEM };
    Meta { actor, channel: Channel::Http, ..Meta::system(now) }
}

fn number(chance: &mut Chance, person: PersonId, start: Millis, most: u64) -> Number {
    let lot = |provenance, amount, days: u64| Opening { provenance, amount, at: Millis(start.0 - days * DAY_MS) };
    let lots = vec![
        lot(Provenance::SelfPaid, chance.between(most / 4, most), 60),
        lot(Provenance::ThirdParty, chance.between(1_000, 50_000), 40),
        lot(Provenance::ThirdParty, chance.between(1_000, 50_000), 2),
        lot(Provenance::Promotional, chance.between(1_000, 50_000), 60),
        lot(Provenance::SelfPaid, chance.between(most / 2, most), 1),
    ];
    Number {
        subscriber: SubscriberId::new(start.0, person.bucket(), chance.bits()),
        telco: chance.pick(&Telco::ALL),
        card: InstrumentId::new(start.0, person.bucket(), chance.bits()),
        person,
        province: province(chance.pick(&PROVINCES)),
        lots,
        key: key(chance),
        registered: false,
    }
}

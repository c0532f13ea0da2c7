//! The auditor: a model of its own beside the node. It sees durable records and the partners' books and nothing
//! else, keeps its own sums, and says what does not hold.

mod books;
mod case;
mod ending;

use crate::till::SimTill;
use books::Books;
use case::Case;
use facts::{
    AccountName, Day, Fact, Hash, Key16, KeyUse, Made, OrderId, Partner, PersonId, Record, SaltKey, SubscriberId,
};
use journal::Entry;
use money::Telco;
use node::{Ask, AskKind};
use std::collections::{BTreeMap, BTreeSet};

/// How many breaches are told in full.
const TOLD_MOST: usize = 20;

/// The auditor.
pub(crate) struct Auditor {
    salts: SaltKey,
    day_most: Option<i128>,
    /// What each campaign may promise, and what it has promised.
    promises: BTreeMap<u16, (i128, i128)>,
    sequence: u64,
    hash: Hash,
    epoch: u32,
    books: Books,
    cases: BTreeMap<OrderId, Case>,
    keys: BTreeMap<Key16, KeyUse>,
    made_by: BTreeMap<Key16, OrderId>,
    lots: BTreeMap<(SubscriberId, u32), i128>,
    /// Where numbers are.
    telcos: BTreeMap<SubscriberId, Telco>,
    days: BTreeMap<(PersonId, Day), i128>,
    exposure: BTreeMap<Partner, i128>,
    calls_seen: BTreeSet<facts::CallRef>,
    acknowledged: BTreeSet<OrderId>,
    strays: u64,
    recalled: u64,
    breach_count: u64,
    breaches: Vec<String>,
}

impl Auditor {
    pub(crate) fn new(salts: SaltKey, day_most: Option<u64>, budgets: impl Iterator<Item = (u16, u64)>) -> Auditor {
        Auditor {
            salts,
            day_most: day_most.map(i128::from),
            promises: budgets.map(|(campaign, budget)| (campaign, (i128::from(budget), 0))).collect(),
            sequence: 0,
            hash: Hash::default(),
            epoch: 0,
            books: Books::default(),
            cases: BTreeMap::new(),
            keys: BTreeMap::new(),
            made_by: BTreeMap::new(),
            lots: BTreeMap::new(),
            telcos: BTreeMap::new(),
            days: BTreeMap::new(),
            exposure: BTreeMap::new(),
            calls_seen: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            strays: 0,
            recalled: 0,
            breach_count: 0,
            breaches: Vec::new(),
        }
    }

    /// The last durable record seen.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) const fn hash(&self) -> Hash {
        self.hash
    }

    pub(crate) fn breach(&mut self, text: String) {
        self.breach_count += 1;
        if self.breaches.len() < TOLD_MOST {
            self.breaches.push(text);
        }
    }

    /// Takes in a durable record and checks everything that must hold after it.
    pub(crate) fn read(&mut self, entry: &Entry) {
        let mut faults = Vec::new();
        match Record::decode(&entry.bytes) {
            Ok(record) => self.take(&record, &mut faults),
            Err(error) => faults.push(error.to_string()),
        }
        for fault in faults {
            self.breach(format!("record {}: {fault}", entry.sequence));
        }
    }

    fn take(&mut self, record: &Record, faults: &mut Vec<String>) {
        let open = &record.open;
        if open.sequence != self.sequence + 1 || open.epoch < self.epoch {
            faults.push(format!("epoch {} after record {} of epoch {}", open.epoch, self.sequence, self.epoch));
        }
        if let Err(error) = record.verify(self.hash, &self.salts) {
            faults.push(error.to_string());
        }
        (self.sequence, self.hash, self.epoch) = (open.sequence, record.hash, open.epoch);
        let mut touched = BTreeSet::new();
        for fact in &open.facts {
            self.post(fact, &mut touched, faults);
            self.follow(fact, open.meta.client_key, faults);
        }
        self.books.faults(touched.into_iter(), faults);
        self.check_doubt(faults);
    }

    fn post(&mut self, fact: &Fact, touched: &mut BTreeSet<u32>, faults: &mut Vec<String>) {
        for transfer in fact.transfers() {
            let posted = self.books.take(transfer, faults);
            let Some(entry) = posted else { continue };
            touched.extend([entry.debit.number(), entry.credit.number()]);
            let Some(case) = fact.order().and_then(|order| self.cases.get_mut(&order)) else { continue };
            *case.net.entry(entry.debit.number()).or_default() += i128::from(entry.amount);
            *case.net.entry(entry.credit.number()).or_default() -= i128::from(entry.amount);
        }
    }

    fn follow(&mut self, fact: &Fact, client_key: Key16, faults: &mut Vec<String>) {
        match fact {
            Fact::AccountOpened { account, name, asset, bound } => {
                faults.extend(self.books.open(account.number(), *name, *asset, *bound));
            }
            Fact::SubscriberRegistered { subscriber, telco, .. } => {
                self.telcos.insert(*subscriber, *telco);
            }
            Fact::LotOpened { subscriber, number, amount, .. } => {
                self.lots.insert((*subscriber, *number), i128::from(*amount));
            }
            Fact::KeyTaken { key, used } => {
                if self.keys.insert(*key, *used).is_some() {
                    faults.push(format!("key {key:?} was taken twice"));
                }
            }
            Fact::OrderAdmitted(admission) => {
                let case = Case::admitted(admission, |subscriber| self.telcos.get(&subscriber).copied());
                self.count(&case, 1, faults);
                self.promise(&case, 1, faults);
                self.made(admission.order, client_key, case, faults);
            }
            Fact::OrderDeclined { order, person, subscriber, amount, requested_at, .. } => {
                let case = Case::declined(*person, subscriber.unwrap_or_default(), *amount, requested_at.day());
                self.made(*order, client_key, case, faults);
            }
            Fact::ValueReturned { order, .. } => self.give_back(*order, faults),
            Fact::RewardWithdrawn { order, .. } => {
                let Some(mut case) = self.cases.remove(order) else { return };
                self.promise(&case, -1, faults);
                case.reward = None;
                self.cases.insert(*order, case);
            }
            _ => self.follow_order(fact, faults),
        }
    }

    fn follow_order(&mut self, fact: &Fact, faults: &mut Vec<String>) {
        let Some(order) = fact.order() else { return };
        let Some(case) = self.cases.get_mut(&order) else {
            return faults.push(format!("{order} does not exist"));
        };
        let before = faults.len();
        let change = case.follow(fact, faults);
        for fault in &mut faults[before..] {
            *fault = format!("{order} {fault}");
        }
        self.strays += u64::from(matches!(fact, Fact::StrayFound { .. }));
        self.recalled += u64::from(matches!(fact, Fact::OrderRecalled(_)));
        if let Some((partner, change)) = change {
            *self.exposure.entry(partner).or_default() += change;
        }
    }

    /// One key makes one thing.
    fn made(&mut self, order: OrderId, client_key: Key16, case: Case, faults: &mut Vec<String>) {
        if self.cases.insert(order, case).is_some() {
            faults.push(format!("{order} was made twice"));
        }
        if let Some(first) = self.made_by.insert(client_key, order) {
            faults.push(format!("one key made {first} and {order}"));
        }
    }

    fn give_back(&mut self, order: OrderId, faults: &mut Vec<String>) {
        let Some(mut case) = self.cases.remove(&order) else { return };
        if case.returned {
            faults.push(format!("{order} gave its value back twice"));
        }
        self.count(&case, -1, faults);
        self.promise(&case, -1, faults);
        case.returned = true;
        self.cases.insert(order, case);
    }

    /// Counts an order's reward against its campaign's budget, or takes it back.
    fn promise(&mut self, case: &Case, sign: i128, faults: &mut Vec<String>) {
        let Some((campaign, amount)) = case.reward else { return };
        let Some((budget, promised)) = self.promises.get_mut(&campaign) else {
            return faults.push(format!("campaign {campaign} does not exist"));
        };
        *promised += sign * i128::from(amount);
        if *promised > *budget || *promised < 0 {
            faults.push(format!("campaign {campaign} has promised {promised}, {budget} is allowed"));
        }
    }

    /// Counts an order's lots and its person's day, or takes them back.
    fn count(&mut self, case: &Case, sign: i128, faults: &mut Vec<String>) {
        let day = self.days.entry((case.person, case.day)).or_default();
        *day += sign * i128::from(case.amount);
        if self.day_most.is_some_and(|most| *day > most) || *day < 0 {
            faults.push(format!("{} counts {day} on {}, {:?} is allowed", case.person, case.day, self.day_most));
        }
        let mut taken = 0;
        for (number, amount) in &case.lots {
            taken += amount;
            let lot = self.lots.entry((case.subscriber, *number)).or_default();
            *lot -= sign * i128::from(*amount);
            if *lot < 0 {
                faults.push(format!("lot {number} of {} went below zero", case.subscriber));
            }
        }
        if taken != case.drawn() {
            faults.push(format!("{taken} was taken from lots for an order of {}", case.drawn()));
        }
    }

    /// What is pending against a partner's in-doubt account is what nobody knows.
    fn check_doubt(&self, faults: &mut Vec<String>) {
        for partner in Partner::ALL {
            let exposed = self.exposure.get(&partner).copied().unwrap_or(0);
            let pending = self.books.pending(AccountName::InDoubt(partner));
            if pending != exposed {
                faults.push(format!("{pending} is pending in doubt at {partner}, {exposed} is exposed"));
            }
        }
    }

    /// An order was acknowledged to its client.
    pub(crate) fn acknowledged(&mut self, order: OrderId, sequence: u64, durable: u64) {
        if sequence > durable || !self.cases.contains_key(&order) {
            self.breach(format!("{order} was acknowledged from record {sequence}, durable is {durable}"));
        }
        self.acknowledged.insert(order);
    }

    /// A partner saw a request.
    pub(crate) fn partner_saw(&mut self, ask: &Ask) {
        let part = self.cases.get(&ask.call.order).and_then(|case| case.parts.get(usize::from(ask.call.step)));
        let fits = part.is_some_and(|part| {
            let same = (part.partner, part.action) == (ask.partner, ask.action);
            same && part.amount == ask.amount && part.attempt >= ask.call.attempt
        });
        if !fits {
            self.breach(format!("{} reached {} before it was durable", ask.call, ask.partner));
        }
        if ask.kind == AskKind::Call && !self.calls_seen.insert(ask.call) {
            self.breach(format!("{} reached {} twice", ask.call, ask.partner));
        }
    }

    /// A till booked something about an order.
    pub(crate) fn delivered(&mut self, order: OrderId, till: &SimTill) {
        let paid = till.by_order().get(&order).copied().unwrap_or(0);
        let owed = self.cases.get(&order).map_or(0, |case| i128::from(case.payout));
        if paid > owed {
            self.breach(format!("{order} was paid {paid}, {owed} is owed"));
        }
    }

    /// What a key made, as far as it is durable.
    fn made_of(&self, key: Key16) -> Option<Made> {
        self.keys.get(&key).map(|used| used.made)
    }
}

//! What must hold when all is quiet: every order at an end, and two sets of books that agree to the fen.

use super::case::{AtTelco, Case};
use super::{Auditor, Books};
use crate::telco::{SimTelco, TelcoSums};
use crate::till::SimTill;
use facts::{AccountName, Key16, Made, OrderId, OrderState, Partner};
use money::{Asset, Telco};
use std::collections::BTreeMap;

/// How the orders ended.
#[derive(Default)]
pub(crate) struct Ending {
    pub(crate) settled: u64,
    pub(crate) refunded: u64,
    pub(crate) declined: u64,
    pub(crate) suspended: u64,
    pub(crate) unknown_open: u64,
    pub(crate) strays: u64,
    pub(crate) recalled: u64,
    pub(crate) rewarded: u64,
    pub(crate) breach_count: u64,
    pub(crate) breaches: Vec<String>,
}

impl Auditor {
    /// Checks everything once more, now that nothing moves, and says how it ended.
    pub(crate) fn end(
        mut self,
        telcos: &BTreeMap<Telco, SimTelco>,
        tills: &BTreeMap<Partner, SimTill>,
        sent: &[Key16],
    ) -> Ending {
        let mut faults = Vec::new();
        self.check_sent(sent, &mut faults);
        self.check_parties(telcos, tills, &mut faults);
        let mut taken: BTreeMap<OrderId, BTreeMap<Telco, TelcoSums>> = BTreeMap::new();
        for (telco, books) in telcos {
            for (order, sums) in books.by_order() {
                taken.entry(order).or_default().insert(*telco, sums);
            }
        }
        let mut ending = Ending::default();
        for (order, case) in &self.cases {
            let at_telco = taken.remove(order).unwrap_or_default();
            let paid = |till: &SimTill| till.by_order().get(order).copied().unwrap_or(0);
            let paid = tills.iter().map(|(partner, till)| (*partner, paid(till))).collect();
            let mut found = case_faults(case, &at_telco, &paid, &self.books);
            faults.extend(found.drain(..).map(|fault| format!("{order} ({}): {fault}", case.state)));
            ending.count(case);
        }
        faults.extend(taken.keys().map(|order| format!("a telco moved value for {order}, which does not exist")));
        if ending.suspended == 0 {
            self.check_rewards(&mut faults);
        }
        if ending.suspended == 0 && self.books.open_holds() > 0 {
            faults.push(format!("{} holds are still open", self.books.open_holds()));
        }
        faults.into_iter().for_each(|fault| self.breach(format!("at the end: {fault}")));
        let (strays, recalled) = (self.strays, self.recalled);
        Ending { breach_count: self.breach_count, breaches: self.breaches, strays, recalled, ..ending }
    }

    /// What campaigns promised came, and cost what it was.
    fn check_rewards(&self, faults: &mut Vec<String>) {
        for (campaign, (_, promised)) in &self.promises {
            let cost = self.books.net(AccountName::Promotion(*campaign), Asset::Cny);
            if cost != *promised {
                faults.push(format!("campaign {campaign} promised {promised}, its rewards cost {cost}"));
            }
        }
    }

    /// Every key that was sent made one order, and every order came from one.
    fn check_sent(&self, sent: &[Key16], faults: &mut Vec<String>) {
        for key in sent {
            if !matches!(self.made_of(*key), Some(Made::Order(order)) if self.cases.contains_key(&order)) {
                faults.push(format!("key {key:?} was sent and made no order"));
            }
        }
        if self.cases.len() != sent.len() {
            faults.push(format!("{} keys made {} orders", sent.len(), self.cases.len()));
        }
        let lost = self.acknowledged.iter().filter(|order| !self.cases.contains_key(order));
        faults.extend(lost.map(|order| format!("{order} was acknowledged and is not there")));
    }

    /// Our account with each party against that party's own books.
    fn check_parties(
        &self,
        telcos: &BTreeMap<Telco, SimTelco>,
        tills: &BTreeMap<Partner, SimTill>,
        faults: &mut Vec<String>,
    ) {
        let mut agree = |what: String, ours: i128, theirs: i128| {
            if ours != theirs {
                faults.push(format!("{what}: our books say {ours}, theirs {theirs}"));
            }
        };
        for (partner, till) in tills {
            agree(format!("account at {partner}"), self.books.net(partner.mirror(), partner.asset()), till.ours());
        }
        for (telco, books) in telcos {
            let sums = books.by_order();
            let airtime = Asset::Airtime(*telco);
            let taken = self.books.net(AccountName::TelcoTaken(*telco), airtime);
            let reserved = self.books.net(AccountName::TelcoReserved(*telco), airtime);
            agree(format!("taken at {telco}"), taken, sums.values().map(|sum| sum.taken).sum());
            agree(format!("reserved at {telco}"), reserved, sums.values().map(|sum| sum.reserved).sum());
            let transferred = self.books.net(AccountName::TelcoTransferred(*telco), airtime);
            agree(format!("transferred at {telco}"), transferred, sums.values().map(|sum| sum.transferred).sum());
        }
    }
}

impl Ending {
    fn count(&mut self, case: &Case) {
        let counter = match case.state {
            OrderState::Settled => &mut self.settled,
            OrderState::Refunded => &mut self.refunded,
            OrderState::Suspended => &mut self.suspended,
            _ => &mut self.declined,
        };
        *counter += 1;
        self.rewarded += u64::from(case.granted() > 0);
        self.unknown_open += u64::try_from(case.unknown()).unwrap_or(0);
    }
}

fn case_faults(
    case: &Case,
    telcos: &BTreeMap<Telco, TelcoSums>,
    paid: &BTreeMap<Partner, i128>,
    books: &Books,
) -> Vec<String> {
    if case.state == OrderState::Suspended {
        return Vec::new();
    }
    if !case.state.is_end() || case.is_open() {
        return vec!["all is quiet and it has not ended".to_owned()];
    }
    let mut faults = Vec::new();
    let settled = case.state == OrderState::Settled;
    let of = |amount: u64| if settled { i128::from(amount) } else { 0 };
    let granted = i128::from(case.granted());
    let mut expect = |what: &str, found: i128, expected: i128| {
        if found != expected {
            faults.push(format!("{what} {found}, expected {expected}"));
        }
    };
    for (partner, paid) in paid {
        let owed = if case.payer() == Some(*partner) { of(case.owed()) } else { 0 };
        expect(&format!("{partner} delivered"), *paid, owed);
    }
    // What each telco took less what it brought: of the reward, too.
    let at = |telco: Telco| {
        let AtTelco { taken, transferred } = if settled { case.at(telco) } else { AtTelco::default() };
        let reward = if case.telco == Some(telco) { granted } else { 0 };
        AtTelco { taken: taken - reward, transferred }
    };
    for telco in Telco::ALL {
        let sums = telcos.get(&telco).copied().unwrap_or_default();
        let AtTelco { taken, transferred } = at(telco);
        expect(&format!("{telco} took"), sums.taken, taken);
        expect(&format!("{telco} transferred"), sums.transferred, transferred);
        expect(&format!("{telco} still holds"), sums.reserved, 0);
    }
    expect("the reward", granted, of(case.reward.map_or(0, |(_, amount)| amount)));
    for (account, net) in &case.net {
        let Some(name) = books.name(*account) else { continue };
        // What an order leaves behind when it is settled: airtime and money change places, and a fee stays.
        let airtime = books.accounts().any(|(number, sums)| number == *account && sums.is_airtime());
        let expected = match name {
            AccountName::TelcoTaken(telco) => at(telco).taken,
            AccountName::TelcoTransferred(telco) => at(telco).transferred,
            AccountName::AirtimeHeld(telco) => -at(telco).transferred,
            AccountName::Position(telco) if airtime => -at(telco).taken,
            AccountName::Position(_) => of(case.owed()) + of(case.fee) - granted,
            AccountName::Promotion(_) => granted,
            AccountName::FeesConversion => -of(case.fee),
            AccountName::ReserveBank | AccountName::Owed(_) => -of(case.owed()),
            _ => 0,
        };
        expect(&format!("account {name} has"), *net, expected);
    }
    let booked = |wanted: fn(AccountName) -> bool| -> i128 {
        case.net.iter().filter(|(number, _)| books.name(**number).is_some_and(wanted)).map(|(_, net)| *net).sum()
    };
    expect("fees booked", -booked(|name| name == AccountName::FeesConversion), of(case.fee));
    let pays = |name| matches!(name, AccountName::ReserveBank | AccountName::Owed(_));
    expect("payouts booked", -booked(pays), of(case.owed()));
    expect("value returned", i128::from(case.returned), i128::from(!settled));
    faults
}

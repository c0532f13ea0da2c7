//! Subscribers and the airtime they hold, in lots by provenance.

use crate::{CallRef, InstrumentId, Key16, Millis, PersonId, Provenance, Province, SubscriberId};
use minicbor::{Decode, Encode};
use money::Telco;

/// One phone number of a person at a telco. The number itself is in the vault.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Subscriber {
    /// Its identity.
    #[n(0)]
    pub id: SubscriberId,
    /// Its holder; limits count per person.
    #[n(1)]
    pub person: PersonId,
    /// The telco whose books hold the airtime.
    #[n(2)]
    pub telco: Telco,
    /// Home province of the number.
    #[n(3)]
    pub province: Province,
    /// The holder's own bank card, when one is bound.
    #[n(4)]
    pub own_card: Option<InstrumentId>,
    /// What is held, oldest first. Used-up lots are dropped.
    #[n(5)]
    pub lots: Vec<Lot>,
    /// The number that the next lot gets.
    #[n(6)]
    pub next_lot: u32,
    /// The holder's credit card, when one is bound: what points are exchanged with.
    #[n(7)]
    pub credit_card: Option<InstrumentId>,
    /// The partner whose programme brought it in; all zero when none did.
    #[n(8)]
    pub partner: Key16,
    /// How many orders that have not ended it is a party of.
    #[n(9)]
    pub open_orders: u32,
    /// When it was registered, recharged, or last a party of an order that began or ended: from here on its holder's
    /// retention term runs.
    #[n(10)]
    pub active_at: Millis,
}

/// Airtime of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Lot {
    /// Its number within the subscriber.
    #[n(0)]
    pub number: u32,
    /// Where it came from.
    #[n(1)]
    pub provenance: Provenance,
    /// Fen left.
    #[n(2)]
    pub remaining: u64,
    /// When it was recharged.
    #[n(3)]
    pub opened_at: Millis,
    /// The payment behind it, when it was recharged through a payment partner.
    #[n(4)]
    pub payment: Option<CallRef>,
}

/// How much an order took from a lot, with what is needed to give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LotUse {
    /// The lot as it was, with `remaining` the fen taken.
    #[n(0)]
    pub taken: Lot,
}

impl Subscriber {
    /// Fen held, of any provenance; the greatest there is when it is more.
    pub fn total(&self) -> u64 {
        self.lots.iter().fold(0, |sum, lot| sum.saturating_add(lot.remaining))
    }

    pub(crate) fn take(&mut self, uses: &[LotUse]) -> bool {
        for LotUse { taken } in uses {
            let Some(lot) = self.lots.iter_mut().find(|lot| lot.number == taken.number) else {
                return false;
            };
            let Some(left) = lot.remaining.checked_sub(taken.remaining) else {
                return false;
            };
            lot.remaining = left;
        }
        self.lots.retain(|lot| lot.remaining > 0);
        true
    }

    pub(crate) fn give_back(&mut self, uses: &[LotUse]) {
        for LotUse { taken } in uses {
            match self.lots.iter_mut().find(|lot| lot.number == taken.number) {
                Some(lot) => lot.remaining = lot.remaining.saturating_add(taken.remaining),
                None => {
                    let place = self.lots.partition_point(|lot| lot.number < taken.number);
                    self.lots.insert(place, *taken);
                }
            }
        }
    }
}

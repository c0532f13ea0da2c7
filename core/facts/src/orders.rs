//! Orders as the records alone make them: also those that ended and left the state.

use crate::{Fact, OpenRecord, Order, OrderId};
use std::collections::BTreeMap;

/// Every order of the records taken so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders(BTreeMap<OrderId, Order>);

impl Orders {
    /// Takes the next record. Returns whether every fact of it fits its order.
    pub fn take(&mut self, record: &OpenRecord) -> bool {
        let mut fits = true;
        for fact in &record.facts {
            let Some(id) = fact.order() else { continue };
            let mut order = self.0.remove(&id);
            fits &= take(&mut order, fact, record);
            self.0.extend(order.map(|order| (id, order)));
        }
        fits
    }

    /// An order.
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.0.get(&id)
    }

    /// All of them, in id order.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.0.values()
    }
}

impl Order {
    /// The order that its records make, oldest first; facts about others are passed over. `None` when none of them
    /// made it, or one does not fit.
    pub fn of_records<'r>(id: OrderId, records: impl IntoIterator<Item = &'r OpenRecord>) -> Option<Order> {
        let mut order = None;
        for record in records {
            let mut facts = record.facts.iter().filter(|fact| fact.order() == Some(id));
            if !facts.all(|fact| take(&mut order, fact, record)) {
                return None;
            }
        }
        order
    }
}

/// Takes a fact about an order. Returns whether it fits.
fn take(order: &mut Option<Order>, fact: &Fact, record: &OpenRecord) -> bool {
    let (sequence, now) = (record.sequence, record.meta.now);
    match (fact, order.as_mut()) {
        (Fact::OrderAdmitted(admission), None) => {
            *order = Some(Order::admitted(admission, sequence, now));
            true
        }
        (Fact::OrderDeclined { .. }, None) => {
            *order = Order::declined(fact, sequence, now);
            true
        }
        // About the key; what the records before it say; about what somebody says of it.
        (
            Fact::KeyTaken { .. } | Fact::OrderRecalled(_) | Fact::ComplaintFiled { .. } | Fact::ComplaintClosed { .. },
            _,
        ) => true,
        (_, Some(order)) => order.evolve(fact, sequence, now),
        (_, None) => false,
    }
}

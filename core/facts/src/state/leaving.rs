//! Ended orders leave memory: nothing more is expected of them, and the journal has them.
//!
//! How long they stay is itself a fact, so that a replay under another release holds what the node held. A late word
//! about one that left comes with the order as its records make it, as the fact that it was recalled.

use super::{Broken, State};
use crate::{Fact, Millis, OpenRecord, Order, OrderId};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};

/// Who leaves when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Leaving {
    /// How long an ended order stays; for ever while nobody said.
    #[n(0)]
    stay_ms: Option<u64>,
    /// Orders at rest, by when they were last heard of. One that was heard of again stands in line again, and its
    /// earlier place means nothing.
    #[n(1)]
    line: VecDeque<(Millis, OrderId)>,
    /// Orders that were recalled, with the last record about them: what is recalled again must know it.
    #[n(2)]
    recalled: BTreeMap<OrderId, u64>,
}

impl State {
    /// How long an ended order stays in memory, in milliseconds of node time; `None` is for ever.
    pub const fn ended_stay_ms(&self) -> Option<u64> {
        self.leaving.stay_ms
    }

    /// Whether an order that is not there is the one that left: ended, and with its last record.
    pub fn can_recall(&self, order: &Order) -> bool {
        let last = self.leaving.recalled.get(&order.id);
        !self.orders.contains_key(&order.id) && order.is_at_rest() && last.is_none_or(|last| *last == order.changed_in)
    }

    pub(super) fn let_ended_leave(&mut self, stay_ms: u64) {
        self.leaving.stay_ms = Some(stay_ms);
        let resting = self.orders.values().filter(|order| order.is_at_rest()).map(|order| (self.now, order.id));
        self.leaving.line = resting.collect();
    }

    pub(super) fn recall(&mut self, order: &Order) -> Result<(), Broken> {
        if !self.can_recall(order) {
            return Err(Broken::Order(order.id));
        }
        self.leaving.recalled.insert(order.id, order.changed_in);
        self.orders.insert(order.id, order.clone());
        Ok(())
    }

    /// After a record: the orders it is about stand in line if they rest, and those whose time is over leave.
    pub(super) fn leave_ended(&mut self, record: &OpenRecord) {
        let Some(stay_ms) = self.leaving.stay_ms else { return };
        let mut last = None;
        for order in record.facts.iter().filter_map(Fact::order) {
            if last != Some(order) && self.orders.get(&order).is_some_and(Order::is_at_rest) {
                self.leaving.line.push_back((self.now, order));
            }
            last = Some(order);
        }
        while let Some((since, id)) = self.leaving.line.front().copied()
            && since.plus(stay_ms) < self.now
        {
            self.leaving.line.pop_front();
            self.leave(since, id);
        }
    }

    fn leave(&mut self, since: Millis, id: OrderId) {
        let resting = self.orders.get(&id).filter(|order| order.is_at_rest() && order.changed_at <= since);
        let Some(changed_in) = resting.map(|order| order.changed_in) else { return };
        self.orders.remove(&id);
        if let Some(last) = self.leaving.recalled.get_mut(&id) {
            *last = changed_in;
        }
    }
}

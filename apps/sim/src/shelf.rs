//! Orders that left the node's memory, read again from its disk.

use crate::disk::SimDisk;
use facts::{Order, OrderId, Orders, Record};

/// What the disk's records make of all orders, as far as it was read.
#[derive(Default)]
pub(crate) struct Shelf {
    read: u64,
    orders: Orders,
}

impl Shelf {
    /// An order as its durable records make it.
    pub(crate) fn order(&mut self, disk: &SimDisk, id: OrderId) -> Option<&Order> {
        for entry in disk.from(self.read + 1) {
            // A record that does not read back is the auditor's business.
            if let Ok(record) = Record::decode(&entry.bytes) {
                self.orders.take(&record.open);
            }
            self.read = entry.sequence;
        }
        self.orders.get(id)
    }
}

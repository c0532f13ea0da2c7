//! Orders that ended and left memory: read again from the journal, and brought back when there is news of them.

use super::shared::Shared;
use super::{Node, NodeError};
use crate::desk::{Lane, heard};
use exchange::{Command, Envelope, Reply, Signal};
use facts::{Meta, Millis, Order, OrderId, Record};
use journal::{Reader, SqliteReader};
use std::sync::Arc;
use std::time::Duration;

/// How long the views, which know where an order's records are, may take to follow.
const VIEWS_MOST: Duration = Duration::from_secs(20);
/// How often an order is looked up again that somebody else brought back, changed and let go meanwhile.
const TRIES: u32 = 3;

impl Node {
    /// An order with the position it was read at: from memory, or as its records make it when it left.
    ///
    /// Errors: the node stopped, or the records cannot be read now.
    pub async fn order(&self, id: OrderId) -> Result<(Option<Order>, u64), NodeError> {
        let (order, position) = self.read(move |state| state.order(id).cloned()).await?;
        match order {
            Some(order) => Ok((Some(order), position)),
            None => Ok((self.orders_that_left(vec![id], position).await?.pop(), position)),
        }
    }

    /// Those of these orders that there are, in their order; none of them was in memory at `position`.
    ///
    /// Errors: their records cannot be read now.
    pub(super) async fn orders_that_left(&self, ids: Vec<OrderId>, position: u64) -> Result<Vec<Order>, NodeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let shared = Arc::clone(&self.shared);
        let read = self.shared.runtime.spawn_blocking(move || shared.read_orders(&ids, position)).await;
        let read = read.unwrap_or_else(|error| Err(error.to_string()));
        read.map_err(|error| {
            tracing::error!(error, "orders that left memory could not be read");
            NodeError::Unreadable
        })
    }

    /// Brings an order back. Says whether there is such an order.
    pub(super) async fn recall(&self, id: OrderId) -> Result<bool, NodeError> {
        for _ in 0..TRIES {
            let (order, _) = self.order(id).await?;
            let Some(order) = order else { return Ok(false) };
            let command = Command::Recall(Box::new(order));
            let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
            let envelope = Envelope { meta, key: None, command };
            let (reply, _) = self.submit(Lane::Results, envelope, |_, reply| reply).await?;
            if matches!(reply, Reply::Done | Reply::Nothing) {
                return Ok(true);
            }
        }
        Err(NodeError::Unreadable)
    }

    /// Takes in a partner's word about an order that is not in memory.
    pub(super) async fn hear_late(self, signal: Signal) {
        match self.recall(signal.call.order).await {
            Ok(true) => self.shared.push(Lane::Results, heard(signal)),
            Ok(false) => tracing::warn!(call = %signal.call, "a word about an order that never was"),
            // The partner's statement has it too and is read again.
            Err(error) => tracing::error!(call = %signal.call, %error, "a late word was not taken in"),
        }
    }
}

impl Shared {
    /// What left memory changes no more: its last record is not after `position`.
    fn read_orders(&self, ids: &[OrderId], position: u64) -> Result<Vec<Order>, String> {
        if !self.progress.wait_for(position, VIEWS_MOST) {
            return Err(format!("the views do not show record {position} yet"));
        }
        let mut reader = SqliteReader::open(&self.dir.join("journal")).map_err(|error| error.to_string())?;
        let orders = ids.iter().map(|id| self.read_order(*id, &mut reader));
        orders.filter_map(Result::transpose).collect()
    }

    fn read_order(&self, id: OrderId, reader: &mut SqliteReader) -> Result<Option<Order>, String> {
        let positions = self.view_reader.positions_of(id).map_err(|error| error.to_string())?;
        if positions.is_empty() {
            return Ok(None);
        }
        let mut records = Vec::with_capacity(positions.len());
        for position in positions {
            let entry = reader.record(position).map_err(|error| error.to_string())?;
            let entry = entry.ok_or_else(|| format!("the journal has no record {position}"))?;
            records.push(Record::decode(&entry.bytes).map_err(|error| error.to_string())?.open);
        }
        let order = Order::of_records(id, &records);
        order.map(Some).ok_or_else(|| format!("the records of {id} do not make an order"))
    }
}

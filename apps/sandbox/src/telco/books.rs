//! A telco's books: what is granted, held, taken and credited, and the history of how.
//!
//! Only this module changes a balance, and every change leaves a history item.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::buckets::Buckets;
use super::records::{Bucket, Item, Kind, Order, Resource, Row, RowId, Status};
use super::register::Register;

/// Largest spendable balance, fen: far below the range of an `i64`, far above any grant that is not a mistake.
const BALANCE_FEN_MAX: i64 = 1_000_000_000_000_000_000;

/// A business refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub &'static str);

/// Not enough is spendable.
pub(super) const INSUFFICIENT_BALANCE: Refusal = Refusal("insufficientBalance");
/// The bucket takes no actions.
pub(super) const BUCKET_CLOSED: Refusal = Refusal("bucketClosed");
/// The reservation is captured, released, failed or still queued, or holds less.
pub(super) const RESERVATION_NOT_HELD: Refusal = Refusal("reservationNotHeld");
/// A credit would leave the supported range.
pub(super) const BALANCE_TOO_LARGE: Refusal = Refusal("balanceTooLarge");

/// The books of one telco.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub buckets: Buckets,
    pub history: Register<Item>,
    reserves: Register<Row>,
    adjusts: Register<Row>,
    topups: Register<Row>,
    transfers: Register<Row>,
    /// Taken for good, fen.
    pub taken_fen: i128,
    /// Credited, fen.
    pub credited_fen: i128,
    /// Moved from one subscriber to another, fen.
    pub transferred_fen: i128,
    /// Who is told of every result beside the configured address.
    pub hubs: BTreeMap<String, Arc<str>>,
    pub hubs_made: u64,
    /// Numbers that another telco serves now, and which.
    pub ported: BTreeMap<String, String>,
}

/// What an order did: its resource, and its place in the history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub row: RowId,
    pub item: u32,
}

impl Books {
    /// The rows of one resource.
    pub fn rows(&self, resource: Resource) -> &Register<Row> {
        match resource {
            Resource::Reserve => &self.reserves,
            Resource::Adjust => &self.adjusts,
            Resource::Topup => &self.topups,
            Resource::Transfer => &self.transfers,
        }
    }

    fn rows_mut(&mut self, resource: Resource) -> &mut Register<Row> {
        match resource {
            Resource::Reserve => &mut self.reserves,
            Resource::Adjust => &mut self.adjusts,
            Resource::Topup => &mut self.topups,
            Resource::Transfer => &mut self.transfers,
        }
    }

    /// Whether the order can be carried out now. Checks, in order: closed bucket, reservation, balance.
    pub fn check(&self, order: &Order) -> Result<(), Refusal> {
        let bucket = self.buckets.get(order.bucket).ok_or(BUCKET_CLOSED)?;
        if bucket.closed {
            return Err(BUCKET_CLOSED);
        }
        let enough = |fen: i64| if bucket.remaining_fen >= fen { Ok(()) } else { Err(INSUFFICIENT_BALANCE) };
        match order.kind {
            Kind::Reserve => enough(order.fen),
            Kind::Adjust if order.fen < 0 => enough(-order.fen),
            Kind::Adjust | Kind::Topup => has_room(bucket, order.fen),
            Kind::Transfer => {
                let receiver = order.receiver.and_then(|receiver| self.buckets.get(receiver)).ok_or(BUCKET_CLOSED)?;
                if receiver.closed {
                    return Err(BUCKET_CLOSED);
                }
                enough(order.fen)?;
                has_room(receiver, order.fen)
            }
            Kind::Capture | Kind::Release => match self.held(order) {
                Some(held) if order.fen <= held => Ok(()),
                _ => Err(RESERVATION_NOT_HELD),
            },
        }
    }

    /// What the order's reservation holds, fen.
    fn held(&self, order: &Order) -> Option<i64> {
        let row = self.reserves.get(order.reservation?)?;
        row.is_held().then_some(row.fen)
    }

    /// Carries an order out now.
    ///
    /// Errors: the refusal, which is then in the history.
    pub fn apply(&mut self, order: &Order) -> Result<Done, Refusal> {
        if let Err(refusal) = self.check(order) {
            self.refuse(order, refusal);
            return Err(refusal);
        }
        let row = self.row_of(order, Some(order.at_ms));
        Ok(self.carry_out(order, row, None))
    }

    /// Writes down a refusal.
    pub fn refuse(&mut self, order: &Order, refusal: Refusal) -> u32 {
        let row = order.reservation.map(|position| RowId { resource: Resource::Reserve, position });
        let failed = Item { status: Status::Failed, refusal: Some(refusal.0), ..item(order, row) };
        self.history.add(failed)
    }

    /// Accepts an order for later: visible as `created`, without effect.
    pub fn queue(&mut self, order: &Order) -> Done {
        let row = self.row_of(order, None);
        let queued = Item { status: Status::Created, ..item(order, Some(row)) };
        Done { row, item: self.history.add(queued) }
    }

    /// Carries out a queued order at `at_ms`, or fails it when the books have changed meanwhile; returns the final item.
    pub fn run_queued(&mut self, order: &Order, row: RowId, at_ms: i64) -> u32 {
        let late = Order { at_ms, ..order.clone() };
        match self.check(&late) {
            Ok(()) => self.carry_out(&late, row, Some("late")).item,
            Err(refusal) => self.fail_queued(&late, row, refusal),
        }
    }

    fn fail_queued(&mut self, order: &Order, row: RowId, refusal: Refusal) -> u32 {
        // A reservation whose capture failed goes on holding.
        let own_row = order.reservation.is_none();
        if let Some(row) = self.rows_mut(row.resource).get_mut(row.position).filter(|_| own_row) {
            row.status = Status::Failed;
            row.confirmed_ms = Some(order.at_ms);
        }
        let refused =
            Item { status: Status::Failed, refusal: Some(refusal.0), note: Some("late"), ..item(order, Some(row)) };
        self.history.add(refused)
    }

    /// Takes an order's amount on the telco's own schedule, whatever has happened meanwhile; returns the item.
    ///
    /// A reservation that is still held is captured. Otherwise the amount leaves the spendable balance, below zero if need be.
    pub fn bill(&mut self, order: &Order, at_ms: i64) -> u32 {
        let fen = order.fen.abs();
        if let Some(held) = self.held(order) {
            let capture = Order { kind: Kind::Capture, fen: fen.min(held), at_ms, ..order.clone() };
            let row = self.row_of(&capture, Some(at_ms));
            return self.carry_out(&capture, row, Some("billing run")).item;
        }
        let kind = if order.reservation.is_some() { Kind::Capture } else { Kind::Adjust };
        let signed = if kind == Kind::Adjust { -fen } else { fen };
        let bill = Order { kind, fen: signed, at_ms, ..order.clone() };
        let row = self.row_of(&bill, Some(at_ms));
        if let Some(bucket) = self.buckets.get_mut(bill.bucket) {
            bucket.remaining_fen -= fen;
            self.taken_fen += i128::from(fen);
        }
        let billed = Item { note: Some("billing run"), ..item(&bill, Some(row)) };
        self.history.add(billed)
    }

    /// Releases a reservation whose validity is over; `None` when it holds nothing any more.
    pub fn expire(&mut self, position: u32, at_ms: i64) -> Option<u32> {
        let row = self.reserves.get(position).filter(|row| row.is_held())?;
        let order = Order {
            kind: Kind::Release,
            bucket: row.bucket,
            reservation: Some(position),
            receiver: None,
            fen: row.fen,
            reference: row.reference.clone(),
            at_ms,
            party: None,
            reason: None,
            description: None,
        };
        let row = RowId { resource: Resource::Reserve, position };
        Some(self.carry_out(&order, row, Some("expired")).item)
    }

    /// The order's resource: its reservation, or a new row.
    fn row_of(&mut self, order: &Order, confirmed_ms: Option<i64>) -> RowId {
        let resource = order.kind.resource();
        if let Some(position) = order.reservation {
            return RowId { resource, position };
        }
        let status = match (resource, confirmed_ms) {
            (Resource::Reserve, _) | (_, None) => Status::Created,
            (_, Some(_)) => Status::Completed,
        };
        let position = self.rows_mut(resource).add(Row {
            bucket: order.bucket,
            receiver: order.receiver,
            fen: order.fen,
            status,
            reference: order.reference.clone(),
            party: order.party.clone(),
            reason: order.reason.clone(),
            description: order.description.clone(),
            requested_ms: order.at_ms,
            confirmed_ms,
        });
        RowId { resource, position }
    }

    /// Moves the value and writes the item. The order must have passed its check.
    fn carry_out(&mut self, order: &Order, row: RowId, note: Option<&'static str>) -> Done {
        let held = self.held(order).unwrap_or(0);
        self.move_value(order, held);
        self.settle_row(order, row);
        let done = Item { note, ..item(order, Some(row)) };
        Done { row, item: self.history.add(done) }
    }

    fn move_value(&mut self, order: &Order, held: i64) {
        let Some(bucket) = self.buckets.get_mut(order.bucket) else {
            return;
        };
        match order.kind {
            Kind::Reserve => {
                bucket.remaining_fen -= order.fen;
                bucket.reserved_fen += order.fen;
            }
            Kind::Capture => {
                bucket.reserved_fen -= held;
                bucket.remaining_fen += held - order.fen;
                self.taken_fen += i128::from(order.fen);
            }
            Kind::Release => {
                bucket.reserved_fen -= held;
                bucket.remaining_fen += held;
            }
            Kind::Adjust | Kind::Topup => {
                bucket.remaining_fen += order.fen;
                let size = i128::from(order.fen.abs());
                let total = if order.fen < 0 { &mut self.taken_fen } else { &mut self.credited_fen };
                *total += size;
            }
            Kind::Transfer => {
                bucket.remaining_fen -= order.fen;
                self.transferred_fen += i128::from(order.fen);
            }
        }
        debug_assert!(bucket.reserved_fen >= 0, "reserved below zero: {bucket:?}");
        if let Some(receiver) = order.receiver.and_then(|receiver| self.buckets.get_mut(receiver)) {
            receiver.remaining_fen += order.fen;
        }
    }

    fn settle_row(&mut self, order: &Order, id: RowId) {
        let Some(row) = self.rows_mut(id.resource).get_mut(id.position) else {
            return;
        };
        row.confirmed_ms = Some(order.at_ms);
        row.status = match order.kind {
            Kind::Reserve => Status::Created,
            Kind::Release => Status::Cancelled,
            Kind::Capture | Kind::Adjust | Kind::Topup | Kind::Transfer => Status::Completed,
        };
        if order.kind != Kind::Release {
            row.fen = order.fen;
        }
    }
}

/// Whether a bucket can take so much more.
fn has_room(bucket: &Bucket, fen: i64) -> Result<(), Refusal> {
    if bucket.remaining_fen > BALANCE_FEN_MAX - fen { Err(BALANCE_TOO_LARGE) } else { Ok(()) }
}

/// A completed item of an order; the caller changes what differs.
fn item(order: &Order, row: Option<RowId>) -> Item {
    Item {
        kind: order.kind,
        row,
        bucket: order.bucket,
        receiver: order.receiver,
        fen: order.kind.signed(order.fen),
        status: Status::Completed,
        reference: order.reference.clone(),
        requested_ms: order.at_ms,
        at_ms: order.at_ms,
        refusal: None,
        note: None,
    }
}

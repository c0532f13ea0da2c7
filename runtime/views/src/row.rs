//! What views answer with.

use facts::{Cause, Day, Key16, Millis, OrderId, OrderState, PersonId, Product, Refusal, SubscriberId};
use ledger::AccountId;

/// An order, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its identity.
    pub id: OrderId,
    /// Whose limits it counts against.
    pub person: PersonId,
    /// The subscriber whose value is converted; none when somebody else asked for the number.
    pub subscriber: Option<SubscriberId>,
    /// What was asked for.
    pub product: Product,
    /// Minor units of what is converted.
    pub amount: u64,
    /// Fen.
    pub fee: u64,
    /// Fen paid out.
    pub payout: u64,
    /// The day on which the money arrives; of a declined order the day of its request.
    pub arrives_on: Day,
    /// Where it stands.
    pub state: OrderState,
    /// Why it stands there.
    pub cause: Cause,
    /// The refusal, when it was refused at the door.
    pub refusal: Option<Refusal>,
    /// Business time of the request.
    pub requested_at: Millis,
    /// When it was admitted or declined, in node time.
    pub admitted_at: Millis,
    /// When it last changed, in node time.
    pub changed_at: Millis,
    /// Sequence of the record that admitted or declined it.
    pub admitted_in: u64,
    /// Sequence of the last record about it.
    pub changed_in: u64,
}

/// Which orders a list shows; all of them by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only those that stand here.
    pub state: Option<OrderState>,
    /// Only this person's.
    pub person: Option<PersonId>,
    /// Only this subscriber's.
    pub subscriber: Option<SubscriberId>,
    /// Only those that were placed at this till of an agent.
    pub till: Option<Key16>,
}

/// What was posted to an account on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The account.
    pub account: AccountId,
    /// The day in Asia/Shanghai, of node time.
    pub day: Day,
    /// Minor units debited.
    pub debits: u64,
    /// Minor units credited.
    pub credits: u64,
}

/// How many orders stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// Where.
    pub state: OrderState,
    /// How many.
    pub orders: u64,
}

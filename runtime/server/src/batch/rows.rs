//! From a row to the command that any order is: words read, ids and cards looked up, nothing decided.

use crate::DigestKey;
use exchange::rules::{Cards, NumberTable, Policy};
use exchange::{Asker, ClientKey, Command, Envelope, Funds, PlaceOrder, Recipient};
use facts::{Actor, ActorKind, Channel, Key16, Meta, Millis, OrderId, PersonId, Product, SubscriberId};
use node::Node;
use orderfile::{Column, Form, Row};

/// A registered number, as a row needs it.
pub struct Account<'a> {
    /// Its id.
    pub subscriber: SubscriberId,
    /// The identity number of its holder.
    pub id_number: &'a str,
    /// The cards registered for it.
    pub cards: Cards<'a>,
}

/// Who is registered.
pub trait Register {
    /// Why it does not answer.
    type Fault;

    /// The account of a number; none when nobody registered it.
    fn account(&self, msisdn: &str) -> Option<Account<'_>>;

    /// Who has an identity number: the same person in every row.
    fn person(&self, id_number: &str) -> PersonId;

    /// A number of the segments that nobody registered: it may receive.
    ///
    /// Errors: what the order will need of it cannot be kept.
    fn stranger(&self, order: OrderId, msisdn: &str) -> Result<SubscriberId, Self::Fault>;

    /// A row's business time was reached. The live node's clock goes its own way.
    fn reached(&self, _requested_at: Millis) {}
}

/// What the rows of one file are made into commands with.
pub struct Rows<'a, R> {
    /// Who decides them.
    pub node: &'a Node,
    /// Where numbers are at home.
    pub numbers: &'a NumberTable,
    /// Digests of keys and bodies.
    pub digests: &'a DigestKey,
    /// The file: one client, whose keys' scope it is.
    pub file: Key16,
    /// The latest business time that a row may have; a later one is malformed.
    pub latest: Millis,
    /// Who is registered.
    pub register: &'a R,
}

/// Bits of an order's id that tell its row; those above them tell the row's key.
const ROW_BITS: u32 = 32;

/// The row that made an order: the last bits of its id.
pub fn row_of(order: OrderId) -> u64 {
    // Below 2^32.
    (order.bits() & ((1 << ROW_BITS) - 1)) as u64
}

impl<R: Register> Rows<'_, R> {
    /// The client key of a row.
    pub(super) fn key(&self, row: &Row<'_>) -> ClientKey {
        let request_id = row.get(Column::RequestId).as_bytes();
        ClientKey {
            key: self.digests.of("row key", &[&self.file.0, request_id]),
            body: self.digests.of("row", &row.others()),
        }
    }

    /// The order that a row asks for; none when it is malformed.
    ///
    /// Errors: the register does not answer.
    pub(super) fn order(&self, number: u64, row: &Row<'_>, key: ClientKey) -> Result<Option<Envelope>, R::Fault> {
        let Some(form) = row.form().filter(|form| form.requested_at <= self.latest) else { return Ok(None) };
        let policy = self.node.policy_at(form.requested_at);
        if !is_known(&policy, &form) {
            return Ok(None);
        }
        self.register.reached(form.requested_at);
        let (id_number, msisdn) = (row.get(Column::IdNumber), row.get(Column::Msisdn));
        let account = self.register.account(msisdn).filter(|account| account.id_number == id_number);
        let cards = account.as_ref().map_or(Cards { own: "", credit: "" }, |account| account.cards);
        let person = self.register.person(id_number);
        let asker = match &account {
            Some(account) => Asker::Holder(account.subscriber),
            None => Asker::Stranger { person, number: self.numbers.lookup(msisdn) },
        };
        // The row is in the id: whoever goes on tells by it whether an answer is this row's own.
        let chance = u128::from_be_bytes(key.key.0) << ROW_BITS | u128::from(number);
        let id = OrderId::new(self.node.clock().now().0, person.bucket(), chance);
        let order = PlaceOrder {
            order: id,
            asker,
            recipient: self.recipient(id, form.product, row.get(Column::Target))?,
            product: form.product,
            amount: form.amount,
            identity: policy.identity(id_number, form.requested_at.day()),
            instrument: policy.product(form.product).instrument.check(row.get(Column::Instrument), cards),
            channel_province: form.channel_province,
            funds: Funds::Own,
            quote: None,
        };
        let meta = meta(&form, key.key);
        Ok(Some(Envelope { meta, key: Some(key), command: Command::Place(Box::new(order)) }))
    }

    /// Who receives; a target on any product but a gift is ignored.
    fn recipient(&self, order: OrderId, product: Product, target: &str) -> Result<Recipient, R::Fault> {
        if product != Product::Gift {
            return Ok(Recipient::Nobody);
        }
        let line = match self.numbers.lookup(target) {
            Ok(line) => line,
            Err(refusal) => return Ok(Recipient::Unreachable(refusal)),
        };
        let registered = self.register.account(target).map(|account| account.subscriber);
        let subscriber = registered.map_or_else(|| self.register.stranger(order, target), Ok)?;
        Ok(Recipient::Number { subscriber, line })
    }
}

/// What the policy adds to the form: a province that exists, a day of the calendar.
fn is_known(policy: &Policy, form: &Form) -> bool {
    policy.region(form.channel_province).is_some() && policy.calendar().covers(form.requested_at.day())
}

fn meta(form: &Form, client_key: Key16) -> Meta {
    Meta {
        actor: Actor { kind: ActorKind::Subscriber, id: Key16::default(), role: 0 },
        channel: Channel::File,
        province: Some(form.channel_province),
        client_key,
        requested_at: form.requested_at,
        ..Meta::system(Millis(0))
    }
}

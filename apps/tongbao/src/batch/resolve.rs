//! From a row to the command that any order is: words read, ids and cards looked up, nothing decided.

use super::accounts::{Accounts, person, stranger};
use super::world::World;
use exchange::rules::{Cards, NumberTable, Policy};
use exchange::{Asker, ClientKey, Command, Envelope, PlaceOrder, Recipient};
use facts::{Actor, ActorKind, Channel, Key16, Meta, Millis, OrderId, Product};
use orderfile::{Column, Form, Row};

/// What rows are looked up in.
pub struct Resolver<'a> {
    /// The world.
    pub world: &'a World,
    /// Who is registered.
    pub accounts: &'a Accounts,
    /// Where numbers are at home.
    pub numbers: &'a NumberTable,
}

/// Bits of an order's id that tell its row.
const ROW_BITS: u32 = 68;

/// The row that made an order: the last bits of its id.
pub fn row_of(order: OrderId) -> u128 {
    order.bits() & ((1 << ROW_BITS) - 1)
}

impl Resolver<'_> {
    /// The client key of a row: the file is one client, and its key's scope is the whole file.
    pub fn key(&self, row: &Row<'_>) -> ClientKey {
        let digests = &self.world.digests;
        let request_id = row.get(Column::RequestId).as_bytes();
        ClientKey { key: digests.of("row key", &[request_id]), body: digests.of("row", &row.others()) }
    }

    /// The order that a row asks for; none when it is malformed.
    pub fn order(&self, number: u64, row: &Row<'_>, key: ClientKey) -> Option<Envelope> {
        let policy = &self.world.node.rules().policy;
        let form = row.form().filter(|form| is_known(policy, form))?;
        let (id_number, msisdn) = (row.get(Column::IdNumber), row.get(Column::Msisdn));
        let account = self.accounts.get(msisdn).filter(|account| account.id_number == id_number);
        let cards = account.as_ref().map_or(Cards { own: "", credit: "" }, |account| account.cards);
        let person = person(id_number, self.world);
        let asker = match &account {
            Some(account) => Asker::Holder(account.subscriber),
            None => Asker::Stranger { person, number: self.numbers.lookup(msisdn) },
        };
        let order = PlaceOrder {
            // The row is in the id: a run that goes on tells by it whether an answer is this row's own.
            order: OrderId::new(form.requested_at.0, person.bucket(), u128::from(number)),
            asker,
            recipient: self.recipient(form.product, row.get(Column::Target)),
            product: form.product,
            amount: form.amount,
            identity: policy.identity(id_number, form.requested_at.day()),
            instrument: policy.product(form.product).instrument.check(row.get(Column::Instrument), cards),
            channel_province: form.channel_province,
            quote: None,
        };
        // Node time follows the rows, so that what falls due between two of them is done between them.
        self.world.node.clock().advance_to(form.requested_at);
        let meta = meta(&form, key.key);
        Some(Envelope { meta, key: Some(key), command: Command::Place(Box::new(order)) })
    }

    /// Who receives; a target on any product but a gift is ignored.
    fn recipient(&self, product: Product, target: &str) -> Recipient {
        if product != Product::Gift {
            return Recipient::Nobody;
        }
        let registered = self.accounts.get(target).map(|account| account.subscriber);
        match self.numbers.lookup(target) {
            Ok(line) => {
                Recipient::Number { subscriber: registered.unwrap_or_else(|| stranger(target, self.world)), line }
            }
            Err(refusal) => Recipient::Unreachable(refusal),
        }
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

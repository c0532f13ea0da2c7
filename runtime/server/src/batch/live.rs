//! Who is registered at this node, as the rows of a file name them: looked up for some rows at once.

use super::rows::{Account, Register};
use crate::DigestKey;
use crate::context::Context;
use exchange::rules::Cards;
use facts::{Bucket, InstrumentId, Millis, OrderId, PersonId, Purpose, SubscriberId};
use node::NodeError;
use orderfile::{Column, OrderLine};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use vault::{CardNumber, Contact, IdentityNumber, Msisdn, Vault, VaultError};

/// What personal data is looked at for here.
const LOOK: Purpose = Purpose::OrderFile;

/// What some rows name, looked up.
pub struct Looked {
    vault: Arc<Vault>,
    digests: DigestKey,
    received_at: Millis,
    accounts: BTreeMap<Box<str>, Held>,
    persons: BTreeMap<Box<str>, PersonId>,
}

/// A registered number.
struct Held {
    subscriber: SubscriberId,
    holder: IdentityNumber,
    cards: [Option<CardNumber>; 2],
}

/// Why nothing was looked up.
pub enum Unanswered {
    /// The node stopped.
    Node,
    /// The vault did not answer.
    Vault(VaultError),
}

impl From<NodeError> for Unanswered {
    fn from(_: NodeError) -> Unanswered {
        Unanswered::Node
    }
}

impl From<VaultError> for Unanswered {
    fn from(error: VaultError) -> Unanswered {
        Unanswered::Vault(error)
    }
}

/// A number in the vault.
type Numbered = (Box<str>, SubscriberId, vault::PersonId);

impl Looked {
    /// Looks up the numbers and people of rows. Blocks.
    ///
    /// Errors: node or vault do not answer.
    pub fn up(
        context: &Context,
        handle: &Handle,
        lines: &[OrderLine<'_>],
        received_at: Millis,
    ) -> Result<Looked, Unanswered> {
        let rows = || lines.iter().filter_map(|line| if let OrderLine::Row(row) = line { Some(row) } else { None });
        let numbered = numbers(context, rows().flat_map(|row| [row.get(Column::Msisdn), row.get(Column::Target)]))?;
        let wanted: Vec<SubscriberId> = numbered.iter().map(|(_, subscriber, _)| *subscriber).collect();
        let mut persons = persons(&context.vault, rows().map(|row| row.get(Column::IdNumber)))?;
        let (bound, persons) = handle
            .block_on(context.node.read(move |state| {
                let of = |id: &SubscriberId| state.subscriber(*id).map(|found| [found.own_card, found.credit_card]);
                // Who is in the vault and in no record was never registered to the end, and no record may name them.
                persons.retain(|_, person| state.custody().knows(*person));
                (wanted.iter().map(of).collect::<Vec<_>>(), persons)
            }))?
            .0;
        let mut accounts = BTreeMap::new();
        for ((msisdn, subscriber, person), bound) in numbered.into_iter().zip(bound) {
            // A number that is in the vault and in no record was never registered to the end.
            let Some([own, credit]) = bound else { continue };
            let (_, holder) = match context.vault.reveal_identity(person, LOOK) {
                // Somebody erased them just now.
                Err(VaultError::Erased { .. }) => continue,
                revealed => revealed?,
            };
            let cards = [reveal_card(&context.vault, own, LOOK)?, reveal_card(&context.vault, credit, LOOK)?];
            accounts.insert(msisdn, Held { subscriber, holder, cards });
        }
        let (vault, digests) = (Arc::clone(&context.vault), context.digests.clone());
        Ok(Looked { vault, digests, received_at, accounts, persons })
    }
}

/// A number of the segments that nobody registered here.
pub fn stranger(digests: &DigestKey, at: Millis, msisdn: &str) -> SubscriberId {
    let digest = u128::from_be_bytes(digests.of("stranger", &[msisdn.as_bytes()]).0);
    // The low bits of a digest are as good as any.
    SubscriberId::new(at.0, Bucket::of_hash(digest as u64), digest)
}

/// Under what a stranger's number is kept while an order is under way to them.
pub const fn contact(order: OrderId, id: SubscriberId) -> Contact {
    Contact { order: order.bits(), id: id.bits() }
}

/// Those of the numbers that the vault holds, once each. A number that no segment has is not looked for.
fn numbers<'r>(context: &Context, named: impl Iterator<Item = &'r str>) -> Result<Vec<Numbered>, VaultError> {
    let mut found = BTreeMap::new();
    for text in named.filter(|text| context.numbers.lookup(text).is_ok()) {
        let Ok(msisdn) = Msisdn::parse(text) else { continue };
        if !found.contains_key(text)
            && let Some(number) = context.vault.find_number(&msisdn)?
        {
            found.insert(Box::from(text), number);
        }
    }
    let number = |(text, (id, person)): (_, (vault::SubscriberId, _))| (text, SubscriberId::from_bits(id.0), person);
    Ok(found.into_iter().map(number).collect())
}

/// Those of the people whom the vault holds. The vault takes other writings of a number for the same; a row does not.
fn persons<'r>(
    vault: &Vault,
    named: impl Iterator<Item = &'r str>,
) -> Result<BTreeMap<Box<str>, PersonId>, VaultError> {
    let mut found = BTreeMap::new();
    for text in named {
        let Ok(identity) = IdentityNumber::parse(text) else { continue };
        if identity.expose() == text
            && !found.contains_key(text)
            && let Some(person) = vault.find_person(&identity)?
        {
            found.insert(Box::from(text), PersonId::from_bits(person.0));
        }
    }
    Ok(found)
}

/// The number of a card, if there is one.
pub fn reveal_card(
    vault: &Vault,
    card: Option<InstrumentId>,
    purpose: Purpose,
) -> Result<Option<CardNumber>, VaultError> {
    card.map(|card| vault.reveal_card(vault::InstrumentId(card.bits()), purpose)).transpose()
}

impl Register for Looked {
    type Fault = Unanswered;

    fn account(&self, msisdn: &str) -> Option<Account<'_>> {
        let held = self.accounts.get(msisdn)?;
        let [own, credit] = held.cards.each_ref().map(|card| card.as_ref().map_or("", CardNumber::expose));
        let cards = Cards { own, credit };
        Some(Account { subscriber: held.subscriber, id_number: held.holder.expose(), cards })
    }

    fn person(&self, id_number: &str) -> PersonId {
        let known = self.persons.get(id_number).copied();
        known.unwrap_or_else(|| {
            let digest = |label| u128::from_be_bytes(self.digests.of(label, &[id_number.as_bytes()]).0);
            PersonId::new(self.received_at.0, Bucket::of_hash(digest("bucket") as u64), digest("person"))
        })
    }

    fn stranger(&self, order: OrderId, msisdn: &str) -> Result<SubscriberId, Unanswered> {
        let id = stranger(&self.digests, self.received_at, msisdn);
        // Only a number of a segment gets here.
        if let Ok(number) = Msisdn::parse(msisdn) {
            self.vault.keep_contact(contact(order, id), &number)?;
        }
        Ok(id)
    }
}

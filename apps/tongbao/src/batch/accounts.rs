//! The subscribers of the file: registered in vault and core as anybody is, and looked up row by row.

use super::world::World;
use crate::failure::{Doing, Failure};
use exchange::rules::{Cards, IdentityNumber, Line, NumberTable};
use exchange::{Command, Envelope, Opening, Registration};
use facts::{Bucket, Channel, InstrumentId, Meta, Millis, OrderId, PersonId, Provenance, State, SubscriberId};
use node::{Lane, Pending};
use orderfile::Subscriber;
use server::DigestKey;
use server::batch::{Account, Register};
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinHandle;
use vault::{CardNumber, Msisdn, NewPerson, PersonName};

/// How many go to the vault at once.
const CHUNK: usize = 16_384;
/// How many chunks are on their way to the vault.
const FILLING: usize = 2;
/// The name of somebody whose name nobody gave.
const NAMELESS: &str = "不详";

/// The numbers of the file that can be somebody's, by number.
pub struct Accounts {
    numbers: Vec<Number>,
    places: HashMap<Box<str>, usize>,
    /// Who they are, by identity number.
    persons: HashMap<Box<str>, PersonId>,
}

/// A number as the file has it.
struct Number {
    listed: Subscriber,
    line: Line,
    ids: Ids,
}

/// The ids of a number, its person and its card.
#[derive(Clone, Copy)]
struct Ids {
    person: PersonId,
    subscriber: SubscriberId,
    card: InstrumentId,
}

/// Who is registered in a world.
pub struct Registered<'a> {
    /// The world.
    pub world: &'a World,
    /// Its accounts.
    pub accounts: &'a Accounts,
}

impl Accounts {
    /// Those of the listed that an order can reach: a holder whose identity number is none, or a number that no telco
    /// has, meets an earlier refusal than `not_the_holder`, or that one.
    pub fn of(listed: Vec<Subscriber>, world: &World, table: &NumberTable) -> Accounts {
        let mut accounts = Accounts { numbers: Vec::new(), places: HashMap::new(), persons: HashMap::new() };
        for listed in listed {
            let Ok(line) = table.lookup(&listed.msisdn) else { continue };
            if IdentityNumber::parse(&listed.id_number).is_ok() {
                let ids = accounts.ids_of(&listed, world);
                accounts.places.insert(listed.msisdn.clone(), accounts.numbers.len());
                accounts.numbers.push(Number { listed, line, ids });
            }
        }
        accounts
    }

    /// Ids follow each other as the numbers do, as those of people who come one after the other: what is kept by id is
    /// then written in its order.
    fn ids_of(&mut self, listed: &Subscriber, world: &World) -> Ids {
        let at = world.base.plus(self.numbers.len() as u64).0;
        let known = self.persons.get(&listed.id_number).copied();
        let person = known.unwrap_or_else(|| person(&listed.id_number, at, world));
        if known.is_none() {
            self.persons.insert(listed.id_number.clone(), person);
        }
        let made = |label, parts: &[&[u8]]| chance(&world.digests, label, parts);
        let (bucket, holder) = (person.bucket(), listed.id_number.as_bytes());
        Ids {
            person,
            subscriber: SubscriberId::new(at, bucket, made("subscriber", &[listed.msisdn.as_bytes()])),
            // One card of one person is one instrument, whichever number it is listed with.
            card: InstrumentId::new(person.made_at_ms(), bucket, made("card", &[holder, listed.own_card.as_bytes()])),
        }
    }

    /// The account of a number.
    fn get(&self, msisdn: &str) -> Option<Account<'_>> {
        let number = &self.numbers[*self.places.get(msisdn)?];
        let cards = Cards { own: &number.listed.own_card, credit: &number.listed.credit_card };
        Some(Account { subscriber: number.ids.subscriber, id_number: &number.listed.id_number, cards })
    }

    /// Registers everybody who is not yet: first in the vault, then in the core.
    pub async fn register(self: &Arc<Accounts>, world: &World) -> Result<(), Failure> {
        // In file order, so that those who are registered are the first ones.
        let (done, _) = world.node.read(State::subscriber_count).await.doing("registering")?;
        let mut chunks =
            (done..self.numbers.len()).step_by(CHUNK).map(|first| first..self.numbers.len().min(first + CHUNK));
        // The vault encrypts the one while it writes the other.
        let mut filling: VecDeque<Filling> =
            chunks.by_ref().take(FILLING).map(|chunk| self.fill(world, chunk)).collect();
        let mut before = Vec::new();
        while let Some((chunk, filled)) = filling.pop_front() {
            filled.await.doing("filling the vault")??;
            filling.extend(chunks.next().map(|chunk| self.fill(world, chunk)));
            let registrations = self.numbers[chunk].iter().map(|number| number.registration(world.end));
            let entered = registrations.map(|envelope| world.node.enter(Lane::Orders, Some(envelope), |_| ()));
            // The core works on these while the vault takes the next.
            all_durable(std::mem::replace(&mut before, entered.collect())).await?;
        }
        all_durable(before).await
    }

    fn fill(self: &Arc<Accounts>, world: &World, chunk: Range<usize>) -> Filling {
        let (accounts, vault, digests) = (Arc::clone(self), Arc::clone(&world.vault), world.digests.clone());
        let numbers = chunk.clone();
        let filled = tokio::task::spawn_blocking(move || {
            let rows = accounts.numbers[numbers].iter().map(|number| number.row(&digests));
            let rows = rows.collect::<Result<Vec<_>, Failure>>()?;
            vault.register(&rows).doing("filling the vault").map(drop)
        });
        (chunk, filled)
    }
}

/// Numbers on their way into the vault.
type Filling = (Range<usize>, JoinHandle<Result<(), Failure>>);

async fn all_durable(entered: Vec<Pending<()>>) -> Result<(), Failure> {
    for pending in entered {
        pending.durable().await.doing("registering")?;
    }
    Ok(())
}

impl Number {
    fn row(&self, digests: &DigestKey) -> Result<vault::Registration, Failure> {
        let (listed, ids) = (&self.listed, self.ids);
        let identity = vault::IdentityNumber::parse(&listed.id_number).doing("filling the vault")?;
        let name = PersonName::parse(NAMELESS).doing("filling the vault")?;
        let msisdn = Msisdn::parse(&listed.msisdn).doing("filling the vault")?;
        let card = self.has_card().then(|| card_number(&listed.own_card, digests)).transpose()?;
        Ok(vault::Registration {
            person: NewPerson { id: vault::PersonId(ids.person.bits()), name, identity },
            number: (vault::SubscriberId(ids.subscriber.bits()), msisdn),
            card: card.map(|card| (vault::InstrumentId(ids.card.bits()), card)),
            credit_card: None,
        })
    }

    fn has_card(&self) -> bool {
        !self.listed.own_card.is_empty()
    }

    fn registration(&self, end: Millis) -> Envelope {
        let registration = Registration {
            subscriber: self.ids.subscriber,
            person: self.ids.person,
            telco: self.line.telco,
            province: self.line.province,
            own_card: self.has_card().then_some(self.ids.card),
            // It is looked up in the file, as a token that may be none that a vault takes.
            credit_card: None,
            lots: lots(&self.listed, end),
        };
        let meta = Meta { channel: Channel::File, requested_at: Millis(0), ..Meta::system(Millis(0)) };
        Envelope { meta, key: None, command: Command::Register(registration) }
    }
}

/// What a number holds, by origin.
///
/// What third parties paid is as of the `end`, after every row: in the contract it stays third-party for the whole file.
/// The self-paid lot is what the contract calls convertible; when that is negative there is none.
fn lots(listed: &Subscriber, end: Millis) -> Vec<Opening> {
    let restricted = listed.promo_fen + listed.third_party_30d_fen + listed.advance_fen;
    let lots = [
        (Provenance::SelfPaid, listed.balance_fen - restricted, Millis(1)),
        (Provenance::ThirdParty, listed.third_party_30d_fen, end),
        (Provenance::Promotional, listed.promo_fen, Millis(1)),
        (Provenance::Advanced, listed.advance_fen, Millis(1)),
    ];
    let held = lots.into_iter().filter_map(|(provenance, fen, at)| {
        let amount = u64::try_from(fen).ok().filter(|amount| *amount > 0)?;
        Some(Opening { provenance, amount, at })
    });
    held.collect()
}

/// The card as the vault takes it. A token is opaque: one that is no card number there stands behind its digest.
fn card_number(token: &str, digests: &DigestKey) -> Result<CardNumber, Failure> {
    let as_written = CardNumber::parse(token).ok().filter(|card| card.expose() == token);
    let digest = || CardNumber::parse(&digests.of("card token", &[token.as_bytes()]).to_string());
    as_written.map_or_else(digest, Ok).doing("filling the vault")
}

impl Register for Registered<'_> {
    type Fault = Infallible;

    fn account(&self, msisdn: &str) -> Option<Account<'_>> {
        self.accounts.get(msisdn)
    }

    fn person(&self, id_number: &str) -> PersonId {
        let listed = self.accounts.persons.get(id_number).copied();
        listed.unwrap_or_else(|| person(id_number, self.world.base.0, self.world))
    }

    fn stranger(&self, _order: OrderId, msisdn: &str) -> Result<SubscriberId, Infallible> {
        let digest = chance(&self.world.digests, "stranger", &[msisdn.as_bytes()]);
        Ok(SubscriberId::new(self.world.base.0, Bucket::of_hash(digest as u64), digest))
    }

    /// Node time follows the rows, so that what falls due between two of them is done between them.
    fn reached(&self, requested_at: Millis) {
        self.world.node.clock().advance_to(requested_at);
    }
}

/// Who has an identity number and came at that moment: the same person in every run of the world.
fn person(id_number: &str, at: u64, world: &World) -> PersonId {
    let digest = chance(&world.digests, "person", &[id_number.as_bytes()]);
    // The low bits of a digest are as good as any.
    PersonId::new(at, Bucket::of_hash(digest as u64), digest)
}

/// Bits for an id that the world's key makes, so that a run that goes on makes the same.
fn chance(digests: &DigestKey, label: &str, parts: &[&[u8]]) -> u128 {
    u128::from_be_bytes(digests.of(label, parts).0)
}

//! What an order needs to know about its subscriber beyond the state, remembered so that no order goes to disk.
//!
//! Nothing here changes once a number is registered but the telco that serves it, and that its holder may be erased. What is kept is the day on which
//! the person is of age, not the birth date.

use crate::batch::live::{reveal_card, stranger};
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use exchange::Recipient;
use exchange::rules::{Cards, Identity, IdentityNumber, Instrument, InstrumentRule, NumberRefusal};
use facts::{Day, InstrumentId, Key16, Millis, Province, Purpose, SubscriberId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vault::{CardNumber, Msisdn};

/// How many subscribers are remembered; then it starts afresh.
const SUBSCRIBERS_MAX: usize = 1 << 20;
/// Later than the adulthood of anybody born before the year 9999.
const DAYS_MAX: u32 = 4_000_000;

/// What personal data is looked at for here.
const LOOK: Purpose = Purpose::OrderCheck;

/// What is known about a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The number's home.
    pub province: Province,
    /// The partner who brought the subscriber in.
    pub partner: Key16,
    /// The bank card that is registered for the number.
    pub own_card: Option<InstrumentId>,
    /// The credit card that is registered for the number.
    pub credit_card: Option<InstrumentId>,
    adult_from: Option<Day>,
    /// Until when its telco need not be asked whether it still serves the number.
    pub served_until: Millis,
}

impl Known {
    /// What the identity number says on a day.
    pub fn identity(&self, on: Day) -> Identity {
        match self.adult_from {
            None => Identity::Invalid,
            Some(day) if on < day => Identity::Underage,
            Some(_) => Identity::Valid,
        }
    }

    /// Whether a payout goes where the product says it may, when no instrument is named: to the registered card.
    fn instrument(&self, rule: InstrumentRule) -> Instrument {
        let bound = match rule {
            InstrumentRule::None => true,
            InstrumentRule::OwnCard => self.own_card.is_some(),
            InstrumentRule::CreditCard => self.credit_card.is_some(),
            InstrumentRule::PaidAndToSame | InstrumentRule::PayingCard => false,
        };
        if bound { Instrument::Own } else { Instrument::NotOwn }
    }
}

/// The subscribers that were asked about lately. All are forgotten when anybody is erased: erasures are rare, and who
/// is not among the erased is read again by their next order.
#[derive(Default)]
pub struct KnownSubscribers {
    known: Mutex<OfGeneration>,
}

/// What was read while the vault was of one generation.
#[derive(Default)]
struct OfGeneration {
    generation: u64,
    known: HashMap<SubscriberId, Known>,
}

impl KnownSubscribers {
    fn get(&self, id: SubscriberId, generation: u64) -> Option<Known> {
        self.at(generation)?.known.get(&id).copied()
    }

    /// Keeps what was read from the vault, unless somebody was erased since.
    fn put(&self, id: SubscriberId, subscriber: Known, generation: u64) {
        let Some(mut at) = self.at(generation) else { return };
        if at.known.len() >= SUBSCRIBERS_MAX {
            at.known.clear();
        }
        at.known.insert(id, subscriber);
    }

    /// Moves on to a generation and forgets what is older; none when that was done for a later one.
    fn at(&self, generation: u64) -> Option<MutexGuard<'_, OfGeneration>> {
        let mut at = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if at.generation < generation {
            *at = OfGeneration { generation, known: HashMap::new() };
        }
        (at.generation == generation).then_some(at)
    }
}

impl Context {
    /// What is known about a subscriber.
    ///
    /// Errors: there is no such subscriber, or node or vault do not answer.
    pub async fn known(&self, id: SubscriberId) -> Result<Known, Problem> {
        let generation = self.vault.generation();
        if let Some(known) = self.known.get(id, generation).filter(|known| known.holds(self.now())) {
            return Ok(known);
        }
        let (found, _) = self.read(move |state| state.subscriber(id).cloned()).await?;
        let subscriber = found.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
        let (person, number) = (vault::PersonId(subscriber.person.bits()), vault::SubscriberId(id.bits()));
        let revealed = self.in_vault(move |vault| {
            Ok((vault.reveal_identity(person, LOOK)?.1, vault.reveal_msisdn(number, Purpose::Portability)?))
        });
        let (identity, msisdn) = revealed.await?;
        let known = Known {
            province: subscriber.province,
            partner: subscriber.partner,
            own_card: subscriber.own_card,
            credit_card: subscriber.credit_card,
            adult_from: self.adult_from(&identity),
            served_until: self.follow(&subscriber, &msisdn).await?,
        };
        self.known.put(id, known, generation);
        Ok(known)
    }

    /// Whether the instrument that is named is the one that the product asks for.
    ///
    /// Errors: the vault does not answer.
    pub async fn instrument(
        &self,
        known: Known,
        rule: InstrumentRule,
        named: Option<&str>,
    ) -> Result<Instrument, Problem> {
        let Some(named) = named else { return Ok(known.instrument(rule)) };
        let bound = [known.own_card, known.credit_card];
        let revealed =
            self.in_vault(move |vault| Ok([reveal_card(vault, bound[0], LOOK)?, reveal_card(vault, bound[1], LOOK)?]));
        let revealed = revealed.await?;
        let [own, credit] = revealed.each_ref().map(|card| card.as_ref().map_or("", CardNumber::expose));
        Ok(rule.check(named, Cards { own, credit }))
    }

    /// Who a gift reaches by its target.
    ///
    /// Errors: the vault does not answer.
    pub async fn recipient(&self, target: &str) -> Result<Recipient, Problem> {
        let line = match self.numbers.lookup(target) {
            Ok(line) => line,
            Err(refusal) => return Ok(Recipient::Unreachable(refusal)),
        };
        // A number of a segment is a number to the vault.
        let Ok(msisdn) = Msisdn::parse(target) else { return Ok(Recipient::Unreachable(NumberRefusal::Unknown)) };
        let found = self.in_vault(move |vault| vault.find_number(&msisdn)).await?;
        let registered = found.map(|(id, _)| SubscriberId::from_bits(id.0));
        let subscriber = registered.unwrap_or_else(|| stranger(&self.digests, self.now(), target));
        Ok(Recipient::Number { subscriber, line: self.line(target, line).await })
    }

    fn adult_from(&self, identity: &vault::IdentityNumber) -> Option<Day> {
        let years = self.policy().limits().adult_from_years;
        IdentityNumber::parse(identity.expose()).ok().map(|number| adult_from(number, years))
    }

    /// Works with the vault where blocking is allowed.
    ///
    /// Errors: the vault's, which tell no personal data and are logged.
    pub async fn in_vault<T: Send + 'static>(
        &self,
        work: impl FnOnce(&vault::Vault) -> Result<T, vault::VaultError> + Send + 'static,
    ) -> Result<T, Problem> {
        let vault = std::sync::Arc::clone(&self.vault);
        let done = tokio::task::spawn_blocking(move || work(&vault)).await;
        done.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| match error {
            vault::VaultError::Erased { .. } => Problem::new(Code::PersonErased),
            error => {
                tracing::error!(%error, "the vault did not answer");
                Problem::new(Code::VaultUnavailable)
            }
        })
    }
}

/// The first day on which somebody is of age: found by asking, so that there is one rule about birthdays.
fn adult_from(number: IdentityNumber, years: u32) -> Day {
    let (mut young, mut adult) = (0, DAYS_MAX);
    while young < adult {
        let between = young + (adult - young) / 2;
        if number.is_of_age(years, Day::from_count(between)) {
            adult = between;
        } else {
            young = between + 1;
        }
    }
    Day::from_count(adult)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_forgets_what_was_read_before_it() {
        let (subscribers, id) = (KnownSubscribers::default(), SubscriberId::from_bits(1));
        let known = Known {
            province: Province::new(44).expect("a province"),
            partner: Key16::default(),
            own_card: None,
            credit_card: None,
            adult_from: None,
            served_until: Millis(0),
        };
        subscribers.put(id, known, 7);
        assert_eq!(subscribers.get(id, 7), Some(known));
        assert_eq!(subscribers.get(id, 8), None);
        // Read before the erasure, and put after somebody else had noticed it.
        subscribers.put(id, known, 7);
        assert_eq!((subscribers.get(id, 7), subscribers.get(id, 8)), (None, None));
        assert!(subscribers.at(8).is_some_and(|at| at.known.is_empty()));
    }

    #[test]
    fn people_are_of_age_from_their_birthday_on() {
        for (number, first) in [
            ("11010519491231002X", "1970-01-01"),
            ("11010520000229003X", "2018-03-01"),
            ("110105200811220015", "2026-11-22"),
        ] {
            let Ok(number) = IdentityNumber::parse(number) else { panic!("not a number: {number}") };
            assert_eq!(adult_from(number, 18).to_string(), first);
        }
    }
}

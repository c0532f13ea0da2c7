//! Whom a notice reaches: found out when it is sent, so that nothing about anybody is kept, and who was erased meanwhile
//! is not told.

use crate::context::Context;
use facts::{Offer, Order, Purpose, Standing, State, SubscriberId};
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::{Msisdn, Vault, VaultError};
use views::{About, NoticeKind, Stand, Waiting};

/// Where a notice goes.
pub enum Address {
    /// To this subscriber, who has a number.
    To(SubscriberId, Msisdn),
    /// There is nobody to tell.
    Nobody,
    /// Its order is for something else.
    Moot,
    /// It cannot be found out now.
    NotNow,
}

/// What a notice is about, as it stands.
pub enum Topic {
    /// An order.
    Order(Box<Order>),
    /// A complaint of this subscriber's.
    Complaint(SubscriberId),
}

impl Topic {
    fn of(state: &State, about: About) -> Option<Topic> {
        match about {
            About::Order(id) => state.order(id).cloned().map(|order| Topic::Order(Box::new(order))),
            About::Complaint(id) => state.complaints().get(id).map(|complaint| Topic::Complaint(complaint.subscriber)),
        }
    }
}

impl Context {
    /// What notices are about, as far as it can be read now.
    pub async fn topics(&self, due: &[Waiting]) -> BTreeMap<About, Topic> {
        let abouts: Vec<About> = due.iter().map(|waiting| waiting.notice.about).collect();
        let wanted = abouts.clone();
        let in_memory = move |state: &State| {
            let topics = wanted.into_iter().filter_map(|about| Some((about, Topic::of(state, about)?)));
            topics.collect::<BTreeMap<_, _>>()
        };
        let Ok((mut topics, _)) = self.read(in_memory).await else { return BTreeMap::new() };
        for about in abouts {
            if let About::Order(id) = about
                && !topics.contains_key(&about)
                && let Ok((order, _)) = self.order(id).await
            {
                topics.insert(about, Topic::Order(Box::new(order)));
            }
        }
        topics
    }

    /// Where notices go: one for each of `due`.
    pub async fn addresses(&self, due: &[Waiting], topics: &BTreeMap<About, Topic>) -> Vec<Address> {
        let party = |waiting: &Waiting| party(waiting, topics.get(&waiting.notice.about));
        let parties: Vec<_> = due.iter().map(party).collect();
        let living = move |state: &State| {
            let living = parties.into_iter().map(|party| party.and_then(|id| living(state, id)));
            living.collect::<Vec<_>>()
        };
        let not_now = || due.iter().map(|_| Address::NotNow).collect();
        let Ok((living, _)) = self.read(living).await else { return not_now() };
        let vault = Arc::clone(&self.vault);
        let looked_up = tokio::task::spawn_blocking(move || {
            living.into_iter().map(|party| party.map_or_else(|known| known, |id| number(&vault, id))).collect()
        });
        looked_up.await.unwrap_or_else(|_| not_now())
    }
}

/// Whom a notice is for, or what is known without looking further.
fn party(waiting: &Waiting, topic: Option<&Topic>) -> Result<SubscriberId, Address> {
    let order = match topic.ok_or(Address::NotNow)? {
        Topic::Order(order) => order,
        Topic::Complaint(subscriber) => return Ok(*subscriber),
    };
    let occasion = waiting.notice.kind.occasion();
    if !occasion.products.is_empty() && !occasion.products.contains(&order.terms.product) {
        return Err(Address::Moot);
    }
    // What may have left is asked about, whatever became of the order since.
    if waiting.notice.kind == NoticeKind::Offered && waiting.stand == Stand::Ready {
        match order.offer() {
            Some(Offer::Until(_)) => {}
            // A reviewer looks at it, or a telco is asked.
            Some(Offer::NotYet) => return Err(Address::NotNow),
            Some(Offer::Over) | None => return Err(Address::Moot),
        }
    }
    order.parties.get(usize::from(occasion.party)).copied().ok_or(Address::Nobody)
}

/// A party who was not erased. Who is given something need not be registered here: the vault knows their number while
/// it is needed.
fn living(state: &State, id: SubscriberId) -> Result<SubscriberId, Address> {
    let standing = state.subscriber(id).and_then(|subscriber| state.custody().standing(subscriber.person));
    if standing.is_some_and(Standing::is_erased) { Err(Address::Nobody) } else { Ok(id) }
}

fn number(vault: &Vault, subscriber: SubscriberId) -> Address {
    match vault.reveal_msisdn(vault::SubscriberId(subscriber.bits()), Purpose::Notice) {
        Ok(number) => Address::To(subscriber, number),
        Err(VaultError::Erased { .. } | VaultError::NotFound { .. }) => Address::Nobody,
        Err(error) => {
            tracing::warn!(%error, "the number of a notice cannot be read now");
            Address::NotNow
        }
    }
}

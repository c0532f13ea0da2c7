//! Whom a notice reaches: found out when it is sent, so that nothing about anybody is kept, and who was erased meanwhile
//! is not told.

use crate::context::Context;
use facts::{Offer, Order, OrderId, Purpose, Standing, State, SubscriberId};
use std::collections::BTreeMap;
use std::sync::Arc;
use vault::{Msisdn, Vault, VaultError};
use views::{NoticeKind, Stand, Waiting};

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

impl Context {
    /// The orders that notices are about, as far as they can be read now.
    pub async fn orders_of(&self, due: &[Waiting]) -> BTreeMap<OrderId, Order> {
        let ids: Vec<OrderId> = due.iter().map(|waiting| waiting.notice.order).collect();
        let wanted = ids.clone();
        let in_memory = move |state: &State| {
            let orders = wanted.into_iter().filter_map(|id| Some((id, state.order(id)?.clone())));
            orders.collect::<BTreeMap<_, _>>()
        };
        let Ok((mut orders, _)) = self.read(in_memory).await else { return BTreeMap::new() };
        for id in ids {
            if !orders.contains_key(&id)
                && let Ok((order, _)) = self.order(id).await
            {
                orders.insert(id, order);
            }
        }
        orders
    }

    /// Where notices go: one for each of `due`.
    pub async fn addresses(&self, due: &[Waiting], orders: &BTreeMap<OrderId, Order>) -> Vec<Address> {
        let party = |waiting: &Waiting| party(waiting, orders.get(&waiting.notice.order));
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
fn party(waiting: &Waiting, order: Option<&Order>) -> Result<SubscriberId, Address> {
    let order = order.ok_or(Address::NotNow)?;
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

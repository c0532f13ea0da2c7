//! What is done now and then about what is kept of people: vault and journal are compared, and whoever's term has run
//! out is erased, as are order files whose term has.
//!
//! The vault is compared at moments at which no registration is on its way, so that a row without a record is one
//! whose record never comes.

use crate::context::Context;
use crate::problem::Problem;
use exchange::{Command, Envelope};
use facts::{Meta, Millis, OrderId, PersonId, Standing, State, Subscriber};
use node::{Lane, custody};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, RwLock, RwLockWriteGuard};
use vault::Contact;

/// How many numbers' persons are looked at at once: the sequencer waits meanwhile.
const PERSONS_AT_ONCE: usize = 1_024;

/// How many strangers' numbers are looked at at once.
const CONTACTS_AT_ONCE: usize = 1_024;
/// How old an order's id is by which its record is surely there.
const YOUNG_MS: u64 = 3_600_000;

/// The registrations that are between vault and journal.
#[derive(Default)]
pub struct Registrations(Arc<RwLock<()>>);

/// A registration between vault and journal: from before its rows are put until its record is durable or will never be.
pub struct OnItsWay(#[expect(dead_code, reason = "held, and dropped")] OwnedRwLockReadGuard<()>);

impl Registrations {
    /// Begins one; waits while vault and journal are compared.
    pub async fn begin(&self) -> OnItsWay {
        OnItsWay(Arc::clone(&self.0).read_owned().await)
    }

    /// Waits until none is on its way, and keeps others from beginning.
    async fn none(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.write().await
    }
}

/// Compares now and then until the node stops, and looks whose retention term has run out.
pub async fn run(context: Arc<Context>) {
    let mut looked_at = PersonId::default();
    let mut pause = tokio::time::interval(context.bounds.compare_every);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = pause.tick() => {}
            _ = context.node.wait_stopped() => return,
        }
        if compare(&context).await.is_err() {
            tracing::warn!("vault and journal were not compared; they will be");
        }
        match erase_due(&context, looked_at).await {
            Ok(last) => looked_at = last,
            Err(_) => tracing::warn!("nobody looked whose retention term has run out; it will be looked again"),
        }
        if forget_contacts(&context).await.is_err() {
            tracing::warn!("no stranger's number was looked at; they will be");
        }
        let files = Arc::clone(&context);
        // It panics only where a fault of ours is logged already.
        let _ = tokio::task::spawn_blocking(move || remove_order_files(&files)).await;
    }
}

async fn compare(context: &Context) -> Result<(), Problem> {
    if is_settled(context).await? {
        return Ok(());
    }
    let _none = context.registrations.none().await;
    while compare_some(context).await? {}
    Ok(())
}

/// Whether nothing was registered or erased since the last comparison.
async fn is_settled(context: &Context) -> Result<bool, Problem> {
    let (confirmed, since) =
        context.in_vault(|vault| Ok((vault.unconfirmed(1)?.is_empty(), vault.compared_at()?))).await?;
    let (erased, _) = context.read(move |state| state.custody().erased_after(since).next().is_some()).await?;
    Ok(confirmed && !erased)
}

async fn compare_some(context: &Context) -> Result<bool, Problem> {
    let open = context.in_vault(custody::look).await?;
    let (judged, _) = context.read(move |state| custody::judge(state, open)).await?;
    context.in_vault(move |vault| custody::settle(vault, &judged)).await
}

/// Makes an end of the numbers of strangers to whom nothing is under way any more.
async fn forget_contacts(context: &Context) -> Result<(), Problem> {
    let mut after = 0;
    loop {
        let contacts = context.in_vault(move |vault| vault.contacts(after, CONTACTS_AT_ONCE)).await?;
        let Some(last) = contacts.last() else { return Ok(()) };
        after = last.order;
        let now = context.now();
        let over = move |state: &State| {
            let over = |contact: &Contact| match state.order(OrderId::from_bits(contact.order)) {
                Some(order) => order.state.is_end(),
                // It ended and left memory, or never came: what is between vault and journal is young.
                None => Millis(OrderId::from_bits(contact.order).made_at_ms()).plus(YOUNG_MS) < now,
            };
            contacts.into_iter().filter(over).collect::<Vec<_>>()
        };
        let (over, _) = context.read(over).await?;
        context.in_vault(move |vault| vault.forget_contacts(&over)).await?;
    }
}

/// Makes an end of order files whose term has run out.
fn remove_order_files(context: &Context) {
    let (kept_ms, now) = (context.policy().order_files_kept_ms(), context.now());
    for batch in context.shelf.over(kept_ms, now) {
        match context.shelf.remove(batch, now) {
            Ok(()) => tracing::info!(%batch, "an order file was removed: its term has run out"),
            Err(error) => tracing::error!(%batch, %error, "an order file was not removed; it will be tried again"),
        }
    }
}

/// Has those among the next persons erased whose retention term has run out, asked or not. Returns the last that was
/// looked at; nobody after the end, so that it begins anew.
async fn erase_due(context: &Context, after: PersonId) -> Result<PersonId, Problem> {
    let (now, policy) = (context.now(), context.policy());
    let look = move |state: &State| {
        let persons: Vec<PersonId> = state.custody().persons_after(after).take(PERSONS_AT_ONCE).collect();
        let last = persons.last().copied().filter(|_| persons.len() == PERSONS_AT_ONCE).unwrap_or_default();
        let is_due = |person: &PersonId| {
            let erased = state.custody().standing(*person).is_some_and(Standing::is_erased);
            let over =
                |subscriber: &Subscriber| subscriber.total() == 0 && policy.kept_until(subscriber.active_at) <= now;
            !erased && state.subscribers_of(*person).all(over)
        };
        (persons.into_iter().filter(is_due).collect::<BTreeSet<_>>(), last)
    };
    let ((due, last), _) = context.read(look).await?;
    for person in due {
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        let envelope = Envelope { meta, key: None, command: Command::Erase { person } };
        // An open order, or a hold, may stand against it: it is asked again the next time.
        context.outcome(context.node.submit(Lane::Operators, envelope, |_, _| ())).await?;
    }
    Ok(last)
}

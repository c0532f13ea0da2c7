//! The vault against the journal while the node runs: at moments at which no registration is on its way, so that a row
//! without a record is one whose record never comes.

use crate::context::Context;
use crate::problem::Problem;
use node::custody;
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, RwLock, RwLockWriteGuard};

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

/// Compares now and then until the node stops.
pub async fn run(context: Arc<Context>) {
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

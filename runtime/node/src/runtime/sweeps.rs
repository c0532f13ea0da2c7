//! What partners tell on their own: callbacks and statements.

use super::{Node, NodeError};
use crate::desk::{Lane, heard};
use crate::sweep;
use exchange::Via;
use facts::{Order, Partner, State};
use partners::{Gateway, StatementItem};
use std::sync::Arc;
use std::time::Duration;

/// How often the breakers are looked at.
const BREAKERS_LOOK: Duration = Duration::from_millis(500);

impl Node {
    /// A partner's callback: what the core knows already leaves no trace.
    pub async fn callback(&self, partner: Partner, item: StatementItem) -> Result<(), NodeError> {
        self.take_in(partner, vec![item], Via::Callback).await
    }

    async fn take_in(&self, partner: Partner, items: Vec<StatementItem>, via: Via) -> Result<(), NodeError> {
        let told = move |order: &Order, item: &StatementItem| {
            sweep::is_asked(order, item, partner).then(|| sweep::news(order, item, via)).flatten()
        };
        let judge = move |state: &State| {
            let (mut signals, mut gone) = (Vec::new(), Vec::new());
            for item in items {
                match state.order(item.call.order) {
                    Some(order) => signals.extend(told(order, &item)),
                    None => gone.push(item),
                }
            }
            (signals, gone)
        };
        let ((mut signals, gone), position) = self.read(judge).await?;
        let left = self.orders_that_left(gone.iter().map(|item| item.call.order).collect(), position).await?;
        for item in gone {
            let order = left.iter().find(|order| order.id == item.call.order);
            // Most lines say what was known when the order left: it is only brought back for news.
            if let Some(signal) = order.and_then(|order| told(order, &item)) {
                self.recall(signal.call.order).await?;
                signals.push(signal);
            }
        }
        if signals.is_empty() {
            return Ok(());
        }
        signals.into_iter().for_each(|signal| self.shared.push(Lane::Results, heard(signal)));
        // A read behind them in their own lane is answered when they are durable. Before that no cursor may move
        // on and no callback be confirmed: a kill would lose what nobody tells twice.
        self.ask(Lane::Results, None, |_| ()).await?;
        Ok(())
    }

    /// Reads all partners' statements to their ends once. Returns how many could be read.
    pub async fn sweep(&self) -> usize {
        let mut read = 0;
        for (partner, gateway) in self.shared.gateways.clone() {
            match self.sweep_partner(partner, gateway.as_ref()).await {
                Ok(()) => read += 1,
                Err(error) => tracing::debug!(%partner, %error, "statement not read, will be"),
            }
        }
        read
    }

    async fn sweep_partner(&self, partner: Partner, gateway: &dyn Gateway) -> Result<(), String> {
        let mut cursor = self.shared.lock_views().cursor(partner).map_err(|error| error.to_string())?;
        loop {
            let page = gateway.statement(cursor).await.map_err(|error| error.to_string())?;
            self.take_in(partner, page.items, Via::Statement).await.map_err(|error| error.to_string())?;
            if page.next == cursor {
                return Ok(());
            }
            cursor = page.next;
            // A cursor that is lost is read again from an earlier place: the core knows what it knows.
            self.shared.lock_views().set_cursor(partner, cursor).map_err(|error| error.to_string())?;
        }
    }

    pub(super) fn begin_sweeps(&self, every: Duration) {
        let node = Node { shared: Arc::clone(&self.shared) };
        self.shared.runtime.spawn(async move {
            let mut pause = tokio::time::interval(every);
            pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while node.stopped().is_none() {
                pause.tick().await;
                node.sweep().await;
            }
        });
        let shared = Arc::clone(&self.shared);
        // Beside the sweeps: a statement that is long or slow must not keep the other partners' doors closed.
        self.shared.runtime.spawn(async move {
            while shared.stop.borrow().is_none() {
                tokio::time::sleep(BREAKERS_LOOK).await;
                shared.tick_breakers();
            }
        });
    }
}

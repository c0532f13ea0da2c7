//! Handing out what a partner keeps for a subscriber: the codes of vouchers.

use super::{Node, NodeError};
use crate::desk::Lane;
use exchange::{Command, Envelope, Reply};
use facts::{CallRef, Meta, OrderId, Partner, State, Step};
use partners::Collected;

impl Node {
    /// Asks the partner of an order for the codes that it brought, once it is durable that somebody does; each with its
    /// amount, and the position of that record. A code is nowhere with us, before or after.
    ///
    /// Errors: the node stopped, or the order's records cannot be read now.
    pub async fn collect(&self, id: OrderId, meta: Meta) -> Result<(Vec<(u64, Collected)>, u64), NodeError> {
        // An order at rest may have left memory; what is written about it finds it there.
        self.recall(id).await?;
        let envelope = Envelope { meta, key: None, command: Command::HandOut { order: id } };
        let told = move |state: &State, reply| if reply == Reply::Done { calls_of(state, id) } else { Vec::new() };
        let (calls, position) = self.submit(Lane::Operators, envelope, told).await?;
        let mut collected = Vec::new();
        for Call { partner, call, amount } in calls {
            let answer = match self.shared.gateways.get(&partner) {
                Some(gateway) => gateway.collect(call, self.clock().now()).await,
                None => Collected::Silence,
            };
            collected.push((amount, answer));
        }
        Ok((collected, position))
    }
}

/// A request that brought a code.
struct Call {
    partner: Partner,
    call: CallRef,
    amount: u64,
}

fn calls_of(state: &State, order: OrderId) -> Vec<Call> {
    let steps = state.order(order).into_iter().flat_map(|order| order.code_steps());
    let call = |(place, step): (u8, &Step)| Call {
        partner: step.plan.partner,
        call: CallRef { order, step: place, attempt: step.attempt },
        amount: step.done,
    };
    steps.map(call).collect()
}

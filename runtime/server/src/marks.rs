//! What people share who may be one: their card and the block of their number, by keyed digest. Asked of the vault
//! only where a reward is promised.

use crate::batch::live::reveal_card;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use exchange::rules::Marks;
use facts::{Key16, Purpose, SubscriberId};

/// How many digits of a number make its block.
const BLOCK_DIGITS: usize = 7;

impl Context {
    /// The marks of a subscriber.
    ///
    /// Errors: there is no such subscriber, or node or vault do not answer.
    pub async fn marks(&self, id: SubscriberId) -> Result<Marks, Problem> {
        let (found, _) = self.read(move |state| state.subscriber(id).map(|subscriber| subscriber.own_card)).await?;
        let card = found.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
        let (number, card) = self
            .in_vault(move |vault| {
                let number = vault.reveal_msisdn(vault::SubscriberId(id.bits()), Purpose::Reward)?;
                let card = reveal_card(vault, card, Purpose::Reward)?;
                Ok((number, card))
            })
            .await?;
        let digest = |label, text: &str| self.digests.of(label, &[text.as_bytes()]);
        let block = number.expose().get(..BLOCK_DIGITS);
        Ok(Marks {
            card: card.map_or(Key16::default(), |card| digest("shared card", card.expose())),
            block: block.map_or(Key16::default(), |block| digest("number block", block)),
        })
    }
}

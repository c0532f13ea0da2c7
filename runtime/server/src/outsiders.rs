//! What an order needs of people who are not registered here: the number of whom it is for, the card that pays it.
//! The vault keeps it for the order alone.

use crate::batch::live::{contact, reveal_card};
use crate::chance;
use crate::context::Context;
use crate::known::Known;
use crate::problem::Problem;
use exchange::{Funds, PlaceOrder, Recipient};
use facts::{Bucket, InstrumentId, Payment, Provenance, Purpose};
use vault::{CardNumber, Contact, Msisdn};

impl Context {
    /// What a card pays with: one that is registered for the number, which brings what its holder paid for, or another's.
    ///
    /// Errors: the vault does not answer, or there is no randomness.
    pub async fn payment(&self, known: Known, card: &CardNumber) -> Result<Funds, Problem> {
        let bound = [known.own_card, known.credit_card];
        let revealed = self.in_vault(move |vault| {
            Ok([reveal_card(vault, bound[0], Purpose::OrderCheck)?, reveal_card(vault, bound[1], Purpose::OrderCheck)?])
        });
        let revealed = revealed.await?;
        let own =
            bound.iter().zip(&revealed).find(|(_, own)| own.as_ref().is_some_and(|own| own.expose() == card.expose()));
        let payer = self.digests.of("payer", &[card.expose().as_bytes()]);
        let (instrument, provenance) = match own.and_then(|(bound, _)| *bound) {
            Some(instrument) => (instrument, Provenance::SelfPaid),
            None => (InstrumentId::new(self.now().0, Bucket::of_hash(0), chance::bits()?), Provenance::ThirdParty),
        };
        Ok(Funds::PaidBy(Payment { instrument, payer }, provenance))
    }

    /// Keeps the card that pays an order, unless it is registered: a partner will be told it.
    ///
    /// Errors: the vault does not answer.
    pub async fn keep_payer(&self, order: &PlaceOrder, card: Option<&CardNumber>) -> Result<(), Problem> {
        let (Funds::PaidBy(payment, Provenance::ThirdParty), Some(card)) = (order.funds, card.cloned()) else {
            return Ok(());
        };
        let contact = Contact { order: order.order.bits(), id: payment.instrument.bits() };
        self.in_vault(move |vault| vault.keep_paying_card(contact, &card)).await
    }

    /// Keeps the number of whom an order is for, unless they are registered: a partner will be told it.
    ///
    /// Errors: the vault does not answer.
    pub async fn keep_receiver(&self, order: &PlaceOrder, target: Option<&str>) -> Result<(), Problem> {
        let (Recipient::Number { subscriber, .. }, Some(target)) = (order.recipient, target) else { return Ok(()) };
        let Ok(number) = Msisdn::parse(target) else { return Ok(()) };
        let contact = contact(order.order, subscriber);
        let keep = move |vault: &vault::Vault| match vault.find_number(&number)? {
            Some(_) => Ok(()),
            None => vault.keep_contact(contact, &number),
        };
        self.in_vault(keep).await
    }
}

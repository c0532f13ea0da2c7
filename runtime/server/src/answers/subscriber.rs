//! A subscriber as answers show one: personal data masked, and nothing that changes.

use crate::batch::live::reveal_card;
use crate::context::Context;
use crate::problem::Problem;
use facts::Subscriber;
use serde::Serialize;
use utoipa::ToSchema;

/// A subscriber: one phone number of a person at a telco.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscriber)]
pub struct SubscriberAnswer {
    /// Its identity.
    id: String,
    /// Its holder; limits count per person.
    person: String,
    /// The holder's name, masked.
    name: String,
    /// The holder's identity number, masked.
    id_number: String,
    /// The number, masked.
    msisdn: String,
    /// The telco whose books hold the airtime.
    telco: &'static str,
    /// The number's home: the two digits of a province.
    province: String,
    /// The holder's own bank card, masked; none when no card is bound.
    own_card: Option<String>,
    /// The holder's credit card, masked; none when no card is bound.
    credit_card: Option<String>,
}

/// A subscriber with what the vault holds of it, masked.
///
/// Errors: the vault does not answer.
pub async fn reveal(context: &Context, subscriber: Subscriber) -> Result<SubscriberAnswer, Problem> {
    let person = vault::PersonId(subscriber.person.bits());
    let number = vault::SubscriberId(subscriber.id.bits());
    let (own, credit) = (subscriber.own_card, subscriber.credit_card);
    let revealed = context.in_vault(move |vault| {
        let (name, identity) = vault.reveal_identity(person)?;
        Ok((name, identity, vault.reveal_msisdn(number)?, reveal_card(vault, own)?, reveal_card(vault, credit)?))
    });
    let (name, identity, msisdn, own_card, credit_card) = revealed.await?;
    Ok(SubscriberAnswer {
        id: subscriber.id.to_string(),
        person: subscriber.person.to_string(),
        name: name.to_string(),
        id_number: identity.to_string(),
        msisdn: msisdn.to_string(),
        telco: subscriber.telco.code(),
        province: subscriber.province.to_string(),
        own_card: own_card.map(|card| card.to_string()),
        credit_card: credit_card.map(|card| card.to_string()),
    })
}

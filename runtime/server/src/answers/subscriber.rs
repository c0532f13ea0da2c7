//! A subscriber as answers show one: personal data masked, and nothing that changes.

use super::Masked;
use crate::batch::live::reveal_card;
use crate::context::Context;
use crate::problem::Problem;
use facts::{Purpose, Subscriber};
use serde::Serialize;
use utoipa::ToSchema;
use vault::{Vault, VaultError};

/// A subscriber: one phone number of a person at a telco.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscriber)]
pub struct SubscriberAnswer {
    /// Its identity.
    id: String,
    /// Its holder; limits count per person.
    person: String,
    /// Whether the holder was erased: nothing is left of them but ids.
    erased: bool,
    /// The holder's name, masked; none when the holder was erased, as below.
    #[schema(value_type = Option<String>)]
    name: Option<Masked>,
    /// The holder's identity number, masked.
    #[schema(value_type = Option<String>)]
    id_number: Option<Masked>,
    /// The number, masked.
    #[schema(value_type = Option<String>)]
    msisdn: Option<Masked>,
    /// The telco whose books hold the airtime.
    telco: &'static str,
    /// The number's home: the two digits of a province.
    province: String,
    /// The holder's own bank card, masked; none when no card is bound.
    #[schema(value_type = Option<String>)]
    own_card: Option<Masked>,
    /// The holder's credit card, masked; none when no card is bound.
    #[schema(value_type = Option<String>)]
    credit_card: Option<Masked>,
}

/// What personal data is looked at for here.
const LOOK: Purpose = Purpose::MaskedAnswer;

/// A subscriber with what the vault holds of it, masked.
///
/// Errors: the vault does not answer.
pub async fn reveal(context: &Context, subscriber: Subscriber) -> Result<SubscriberAnswer, Problem> {
    let of = subscriber.clone();
    context.in_vault(move |vault| masked(vault, of).or_else(|error| erased(error, subscriber))).await
}

fn masked(vault: &Vault, subscriber: Subscriber) -> Result<SubscriberAnswer, VaultError> {
    let (name, identity) = vault.reveal_identity(vault::PersonId(subscriber.person.bits()), LOOK)?;
    let msisdn = vault.reveal_msisdn(vault::SubscriberId(subscriber.id.bits()), LOOK)?;
    Ok(SubscriberAnswer {
        erased: false,
        name: Some(name.into()),
        id_number: Some(identity.into()),
        msisdn: Some(msisdn.into()),
        own_card: reveal_card(vault, subscriber.own_card, LOOK)?.map(Masked::from),
        credit_card: reveal_card(vault, subscriber.credit_card, LOOK)?.map(Masked::from),
        ..SubscriberAnswer::bare(subscriber)
    })
}

fn erased(error: VaultError, subscriber: Subscriber) -> Result<SubscriberAnswer, VaultError> {
    match error {
        VaultError::Erased { .. } => Ok(SubscriberAnswer::bare(subscriber)),
        error => Err(error),
    }
}

impl SubscriberAnswer {
    /// What is left of a subscriber whose holder was erased.
    fn bare(subscriber: Subscriber) -> SubscriberAnswer {
        SubscriberAnswer {
            id: subscriber.id.to_string(),
            person: subscriber.person.to_string(),
            erased: true,
            name: None,
            id_number: None,
            msisdn: None,
            telco: subscriber.telco.code(),
            province: subscriber.province.to_string(),
            own_card: None,
            credit_card: None,
        }
    }
}

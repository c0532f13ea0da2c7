//! Personal data in full, to a member of staff with a reason. That it is shown is a durable fact before it is.

use super::persons::PersonPath;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use exchange::{Command, Envelope, Reply};
use facts::{InstrumentId, Key16, PersonId, PersonalItem, Purpose, Subscriber};
use node::Lane;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use vault::{Vault, VaultError};

pub const PURPOSES: &str = "`subject_export`, `staff_enquiry` or `legal_request`";
const ITEMS: &str = "a list of `name`, `id_number`, `msisdn`, `card`, each once";

/// What to reveal.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewReveal {
    /// What: any of `name`, `id_number`, `msisdn`, `card`.
    what: Vec<String>,
    /// What for: `subject_export`, `staff_enquiry` or `legal_request`.
    purpose: String,
    /// Why. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    reason: String,
}

/// A value in full. Made here alone, after the fact that it is shown is durable.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
struct InFull(String);

/// What was asked for about a person, in full.
#[derive(Serialize, ToSchema)]
#[schema(as = Revealed)]
pub struct RevealedAnswer {
    /// The person.
    person: String,
    /// What it is shown for.
    purpose: &'static str,
    /// The name on the identity document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    name: Option<InFull>,
    /// The identity number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    id_number: Option<InFull>,
    /// Numbers and cards, by subscriber.
    subscribers: Vec<RevealedSubscriber>,
}

/// A subscriber, in full.
#[derive(Serialize, ToSchema)]
pub struct RevealedSubscriber {
    /// The subscriber.
    id: String,
    /// The mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    msisdn: Option<InFull>,
    /// The bank card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    own_card: Option<InFull>,
    /// The credit card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    credit_card: Option<InFull>,
}

/// What somebody wants to see, and why.
pub struct Wanted {
    pub subject: PersonId,
    pub what: Vec<PersonalItem>,
    pub purpose: Purpose,
    pub why: String,
}

/// Reveal personal data.
///
/// Who looked, at what, what for and why is a record before anything is shown.
#[utoipa::path(
    post,
    path = "/v1/persons/{id}/reveals",
    tag = "persons",
    operation_id = "revealPerson",
    params(
        ("id" = String, Path, description = "The person's id"),
    ),
    request_body = NewReveal,
    responses(
        (status = 200, description = "What was asked for, in full", body = RevealedAnswer),
        (status = 403, description = "Not to this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn reveal(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
    body: Json,
) -> Result<Positioned<RevealedAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["what", "purpose", "reason"])?;
    let purpose: Purpose = fields.word("purpose", PURPOSES)?;
    let wanted = Wanted {
        subject: id.0,
        what: items(&fields)?,
        purpose: Some(purpose)
            .filter(|purpose| purpose.is_recorded())
            .ok_or_else(|| fields.wrong("purpose", PURPOSES))?,
        why: fields.text("reason")?.to_owned(),
    };
    let (subscribers, position) = record(&context, &caller, &wanted).await?;
    let body = context.in_vault(move |vault| in_full(vault, &wanted, &subscribers)).await?;
    Ok(Positioned { body, position })
}

fn items(fields: &Fields<'_>) -> Result<Vec<PersonalItem>, Problem> {
    let wrong = || fields.wrong("what", ITEMS);
    let list = fields.value("what").and_then(Value::as_array).ok_or_else(wrong)?;
    let item = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong);
    let mut items: Vec<PersonalItem> = list.iter().map(item).collect::<Result<_, _>>()?;
    items.sort_unstable();
    let once = items.is_sorted_by(|one, next| one < next);
    if items.is_empty() || !once { Err(wrong()) } else { Ok(items) }
}

/// Makes it durable that somebody looks, and says at which numbers.
pub async fn record(context: &Context, caller: &Caller, wanted: &Wanted) -> Result<(Vec<Subscriber>, u64), Problem> {
    let Wanted { subject, what, purpose, why } = wanted;
    let (subject, what, purpose, why) = (*subject, what.clone(), *purpose, why.clone());
    let command = Command::Reveal { subject, what, purpose, why };
    let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
    let told = move |state: &facts::State, reply: Reply| match reply {
        Reply::Done => Ok(state.subscribers_of(subject).cloned().collect()),
        Reply::NotFound => Err(Problem::new(Code::PersonUnknown)),
        Reply::Denied(denied) => Err(denied.into()),
        Reply::Made(_)
        | Reply::Replayed(_)
        | Reply::KeyConflict
        | Reply::Nothing
        | Reply::NotNow
        | Reply::Exists(_) => Err(Problem::new(Code::Internal)),
    };
    let (subscribers, position) = context.outcome(context.node.submit(Lane::Operators, envelope, told)).await?;
    Ok((subscribers?, position))
}

/// What is wanted, from the vault.
///
/// Errors: the vault's.
pub fn in_full(vault: &Vault, wanted: &Wanted, subscribers: &[Subscriber]) -> Result<RevealedAnswer, VaultError> {
    let wants = |item| wanted.what.contains(&item);
    let identity = vault::PersonId(wanted.subject.bits());
    let named = wants(PersonalItem::Name) || wants(PersonalItem::IdNumber);
    let identity = named.then(|| vault.reveal_identity(identity, wanted.purpose)).transpose()?;
    let name = identity.as_ref().filter(|_| wants(PersonalItem::Name)).map(|(name, _)| name.expose());
    let id_number = identity.as_ref().filter(|_| wants(PersonalItem::IdNumber)).map(|(_, number)| number.expose());
    let card = |card: Option<InstrumentId>| {
        let card = card.filter(|_| wants(PersonalItem::Card)).map(|card| vault::InstrumentId(card.bits()));
        let card = card.map(|card| vault.reveal_card(card, wanted.purpose)).transpose()?;
        Ok::<_, VaultError>(card.map(|card| InFull(card.expose().to_owned())))
    };
    let subscriber = |subscriber: &Subscriber| {
        let number = vault::SubscriberId(subscriber.id.bits());
        let number = wants(PersonalItem::Msisdn).then(|| vault.reveal_msisdn(number, wanted.purpose)).transpose()?;
        Ok(RevealedSubscriber {
            id: subscriber.id.to_string(),
            msisdn: number.map(|number| InFull(number.expose().to_owned())),
            own_card: card(subscriber.own_card)?,
            credit_card: card(subscriber.credit_card)?,
        })
    };
    Ok(RevealedAnswer {
        person: wanted.subject.to_string(),
        purpose: wanted.purpose.code(),
        name: name.map(|name| InFull(name.to_owned())),
        id_number: id_number.map(|number| InFull(number.to_owned())),
        subscribers: subscribers.iter().map(subscriber).collect::<Result<_, VaultError>>()?,
    })
}

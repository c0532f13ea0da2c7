//! Subscribers: registering a number, and looking at one.

use crate::access::Owner;
use crate::answers::{Kept, SubscriberAnswer, reveal};
use crate::body::Json;
use crate::caller::Caller;
use crate::chance;
use crate::context::Context;
use crate::custody::OnItsWay;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use crate::routes::recharges::NewLot;
use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use exchange::rules::{Detail, Identity, Line, NumberRefusal, Refused};
use exchange::{ClientKey, Command, Envelope, Registration, Reply};
use facts::{Bucket, InstrumentId, KeyUse, Made, Millis, PersonId, Refusal, SubscriberId};
use node::{Lane, NodeError};
use std::sync::Arc;
use utoipa::ToSchema;
use vault::{CardNumber, IdentityNumber, Msisdn, NewPerson, PersonName, Registered};

const ROUTE: &str = "POST /v1/subscribers";
/// The most lots that a registration opens.
const LOTS_MAX: usize = 100;

/// A number to register, with its holder.
#[derive(ToSchema)]
pub struct NewSubscriber {
    /// The name on the identity document.
    #[schema(value_type = String, example = "张三")]
    name: PersonName,
    /// The resident identity number.
    #[schema(value_type = String, example = "11010519491231002X")]
    id_number: IdentityNumber,
    /// The mobile number: eleven digits, with or without +86.
    #[schema(value_type = String, example = "13300000000")]
    msisdn: Msisdn,
    /// The holder's own bank card: 6 to 32 letters, digits and `_`.
    #[schema(value_type = Option<String>, example = "6222021234567890123")]
    own_card: Option<CardNumber>,
    /// The holder's own credit card, for points; written as a bank card.
    #[schema(value_type = Option<String>, example = "6222021234567890124")]
    credit_card: Option<CardNumber>,
    /// The airtime it holds at first.
    #[schema(max_items = 100)]
    lots: Option<Vec<NewLot>>,
}

impl NewSubscriber {
    const FIELDS: [&'static str; 6] = ["name", "id_number", "msisdn", "own_card", "credit_card", "lots"];

    /// Reads a body. What is no identity number and no mobile number at all is refused as the rules would.
    fn read(body: &Json, now: Millis) -> Result<NewSubscriber, Problem> {
        let fields = Fields::of(&body.0, "", &NewSubscriber::FIELDS)?;
        let (name, id_number, msisdn) = (fields.text("name")?, fields.text("id_number")?, fields.text("msisdn")?);
        Ok(NewSubscriber {
            name: PersonName::parse(name).map_err(|error| fields.wrong("name", "").detail(error.to_string()))?,
            lots: read_lots(&fields, now)?,
            own_card: read_card(&fields, "own_card")?,
            credit_card: read_card(&fields, "credit_card")?,
            id_number: IdentityNumber::parse(id_number).map_err(|_| refused(Refusal::IdentityInvalid))?,
            msisdn: Msisdn::parse(msisdn).map_err(|_| refused(Refusal::NumberUnknown))?,
        })
    }

    /// Where the number is at home.
    ///
    /// Errors: the first refusal that applies, in the order of the rules.
    fn check(&self, context: &Context, now: Millis) -> Result<Line, Problem> {
        let from_years = context.policy().limits().adult_from_years;
        match context.policy().identity(self.id_number.expose(), now.day()) {
            Identity::Valid => {}
            Identity::Invalid => return Err(refused(Refusal::IdentityInvalid)),
            Identity::Underage => {
                let detail = Detail::Age { from_years };
                return Err(Problem::refused(Refused { refusal: Refusal::IdentityUnderage, detail }));
            }
        }
        context.numbers.lookup(self.msisdn.expose()).map_err(|refusal| match refusal {
            NumberRefusal::Unknown => refused(Refusal::NumberUnknown),
            NumberRefusal::Virtual => refused(Refusal::TelcoNotConnected),
        })
    }

    /// The rows for the vault, under fresh ids of the person's bucket.
    fn rows(&self, context: &Context, now: Millis) -> Result<vault::Registration, Problem> {
        let digest = context.digests.of("bucket", &[self.id_number.expose().as_bytes()]);
        let bucket = Bucket::of_hash(u128::from_be_bytes(digest.0) as u64);
        let id = vault::PersonId(PersonId::new(now.0, bucket, chance::bits()?).bits());
        let number = vault::SubscriberId(SubscriberId::new(now.0, bucket, chance::bits()?).bits());
        let card = vault::InstrumentId(InstrumentId::new(now.0, bucket, chance::bits()?).bits());
        let credit_card = vault::InstrumentId(InstrumentId::new(now.0, bucket, chance::bits()?).bits());
        Ok(vault::Registration {
            person: NewPerson { id, name: self.name.clone(), identity: self.id_number.clone() },
            number: (number, self.msisdn.clone()),
            card: self.own_card.clone().map(|number| (card, number)),
            credit_card: self.credit_card.clone().map(|number| (credit_card, number)),
        })
    }
}

fn read_card(fields: &Fields<'_>, name: &str) -> Result<Option<CardNumber>, Problem> {
    let card = fields.optional_text(name)?.map(CardNumber::parse).transpose();
    card.map_err(|error| fields.wrong(name, "").detail(error.to_string()))
}

fn read_lots(fields: &Fields<'_>, now: Millis) -> Result<Option<Vec<NewLot>>, Problem> {
    let Some(value) = fields.value("lots") else { return Ok(None) };
    let list = value.as_array().filter(|list| list.len() <= LOTS_MAX);
    let list = list.ok_or_else(|| fields.wrong("lots", "a list of at most 100 lots"))?;
    let lots = list.iter().enumerate().map(|(place, lot)| {
        let fields = Fields::of(lot, &format!("/lots/{place}"), &NewLot::FIELDS)?;
        NewLot::read(&fields, now)
    });
    lots.collect::<Result<_, _>>().map(Some)
}

fn refused(refusal: Refusal) -> Problem {
    Problem::refused(Refused { refusal, detail: Detail::Plain })
}

/// Register a number.
///
/// Personal data goes to the vault before anything else is written; all answers show it masked. A number that is
/// registered already is answered with its subscriber's id.
#[utoipa::path(
    post,
    path = "/v1/subscribers",
    tag = "subscribers",
    operation_id = "registerSubscriber",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters; kept for ever")),
    request_body = NewSubscriber,
    responses(
        (status = 201, description = "Registered", body = SubscriberAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position from which on it can be seen"),
            ("Idempotent-Replayed" = String, description = "`true` when the answer was given before"),
        )),
        (status = 409, description = "Registered before, or the key is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Refused by the rules, or the key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn register(
    State(context): State<Arc<Context>>,
    caller: Caller,
    key: IdempotencyKey,
    body: Json,
) -> Result<Kept<SubscriberAnswer>, Problem> {
    let now = context.now();
    let new = NewSubscriber::read(&body, now)?;
    // The person is who the request makes, so the key's scope is the client alone.
    let key = key.scoped(&context, &caller, &[], ROUTE, &body.canonical());
    let _running = context.under_way.begin(key)?;
    if let Some((used, position)) = used_before(&context, key).await? {
        return answer(&context, used.made, true, position).await;
    }
    let line = new.check(&context, now)?;
    let line = context.line(new.msisdn.expose(), line).await;
    // Nothing goes to the vault that could not be registered now.
    if !context.node.clock().is_trusted() {
        return Err(NodeError::ClockHalted.into());
    }
    let rows = new.rows(&context, now)?;
    let on_its_way = context.registrations.begin().await;
    let put = context.in_vault(move |vault| vault.register(&[rows])).await?;
    let registration = registration(&new, &put, line, now)?;
    submit(&context, &caller, key, registration, on_its_way).await
}

/// What a key was used for before, so that a repeat does not go to the vault.
pub async fn used_before(context: &Context, key: ClientKey) -> Result<Option<(KeyUse, u64)>, Problem> {
    let (used, position) = context.read(move |state| state.key(key.key)).await?;
    match used {
        Some(used) if used.body != key.body => Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        used => Ok(used.map(|used| (used, position))),
    }
}

fn registration(new: &NewSubscriber, put: &[Registered], line: Line, now: Millis) -> Result<Registration, Problem> {
    let put = put.first().ok_or_else(|| Problem::new(Code::Internal))?;
    if put.number.person != put.person.id {
        return Err(refused(Refusal::NotTheHolder));
    }
    Ok(Registration {
        subscriber: SubscriberId::from_bits(put.number.id.0),
        person: PersonId::from_bits(put.person.id.0),
        telco: line.telco,
        province: line.province,
        own_card: put.card.map(|card| InstrumentId::from_bits(card.id.0)),
        credit_card: put.credit_card.map(|card| InstrumentId::from_bits(card.id.0)),
        lots: new.lots.iter().flatten().map(|lot| lot.opening(now)).collect(),
    })
}

async fn submit(
    context: &Context,
    caller: &Caller,
    key: ClientKey,
    registration: Registration,
    on_its_way: OnItsWay,
) -> Result<Kept<SubscriberAnswer>, Problem> {
    let meta = caller.meta(Some(registration.province), key.key);
    let envelope = Envelope { meta, key: Some(key), command: Command::Register(registration) };
    // It ends with the command, also when nobody waits for that any more.
    let told = move |_: &facts::State, reply| (reply, on_its_way);
    let ((reply, _), position) = context.outcome(context.node.submit(Lane::Orders, envelope, told)).await?;
    context.lag.note(&context.node);
    match reply {
        Reply::Made(made) => answer(context, made, false, position).await,
        Reply::Replayed(used) => answer(context, used.made, true, position).await,
        Reply::KeyConflict => Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        Reply::Exists(subscriber) => Err(Problem::new(Code::SubscriberExists).subscriber(subscriber)),
        Reply::Denied(denied) => Err(denied.into()),
        Reply::Done | Reply::Nothing | Reply::NotFound | Reply::NotNow => Err(Problem::new(Code::Internal)),
    }
}

async fn answer(
    context: &Context,
    made: Made,
    replayed: bool,
    position: u64,
) -> Result<Kept<SubscriberAnswer>, Problem> {
    let Made::Subscriber(id) = made else { return Err(Problem::new(Code::Internal)) };
    let (subscriber, _) = context.read(move |state| state.subscriber(id).cloned()).await?;
    let subscriber = subscriber.ok_or_else(|| Problem::new(Code::Internal))?;
    let outcome = Ok(reveal(context, subscriber).await?);
    Ok(Kept { outcome, status: StatusCode::CREATED, location: format!("/v1/subscribers/{id}"), replayed, position })
}

/// Look at a subscriber.
///
/// Personal data is masked.
#[utoipa::path(
    get,
    path = "/v1/subscribers/{id}",
    tag = "subscribers",
    operation_id = "getSubscriber",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses(
        (status = 200, description = "The subscriber", body = SubscriberAnswer),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: SubscriberPath,
) -> Result<Positioned<SubscriberAnswer>, Problem> {
    let (found, position) = context.read(move |state| state.subscriber(id.0).cloned()).await?;
    let subscriber = found.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
    caller.permit.check(Owner::of(&subscriber), Code::SubscriberUnknown)?;
    Ok(Positioned { body: reveal(&context, subscriber).await?, position })
}

/// The subscriber that a path names.
pub struct SubscriberPath(pub SubscriberId);

impl<S: Send + Sync> FromRequestParts<S> for SubscriberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<SubscriberPath, Problem> {
        let id = crate::query::path_word(parts, state).await;
        id.map(SubscriberPath).ok_or_else(|| Problem::new(Code::SubscriberUnknown))
    }
}

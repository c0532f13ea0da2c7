//! Complaints: filing one, looking at them, and ending them. What is said goes to the vault before anything else is
//! written.

use super::subscribers::used_before;
use crate::access::Owner;
use crate::answers::{ComplaintAnswer, Kept};
use crate::body::Json;
use crate::caller::Caller;
use crate::chance;
use crate::context::Context;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use exchange::{ClientKey, Command, Envelope, NewComplaint as Filing, Reply};
use facts::{Complaint, ComplaintAbout, ComplaintId, ComplaintOutcome, Key16, Made, OrderId, PersonId, SubscriberId};
use node::{Lane, NodeError};
use std::sync::Arc;
use utoipa::ToSchema;
use vault::Side;

const ROUTE: &str = "POST /v1/complaints";
/// The most characters of what is said.
const TEXT_MOST: usize = 2_000;
const ABOUT: &str = "`charged`, `not_arrived`, `not_ordered`, `fee`, `refused`, `privacy`, `service` or `other`";
const OUTCOMES: &str = "`upheld`, `partly_upheld` or `rejected`";

/// A complaint.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewComplaint {
    /// Whose.
    subscriber: String,
    /// About which of their orders, if about one.
    order: Option<String>,
    /// About what: `charged`, `not_arrived`, `not_ordered`, `fee`, `refused`, `privacy`, `service` or `other`.
    #[schema(example = "not_arrived")]
    about: String,
    /// In their words; kept under their own key.
    #[schema(max_length = 2000)]
    text: String,
}

/// How a complaint ended.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewOutcome {
    /// `upheld`, `partly_upheld` or `rejected`.
    outcome: String,
    /// What the complainant is answered; kept under their own key.
    #[schema(max_length = 2000)]
    answer: String,
    /// Why, for the record. Names nobody: it is there for good.
    #[schema(max_length = 1024)]
    why: String,
}

/// Why a complaint is taken back.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewWithdrawal {
    /// Why; needed of a member of staff. Names nobody.
    #[schema(max_length = 1024)]
    why: Option<String>,
}

/// File a complaint.
///
/// For oneself, a partner for its subscribers, an operator for whoever calls. It is answered within the days of the
/// policy (`complaints.answer_days`); `due_on` says until when.
#[utoipa::path(
    post,
    path = "/v1/complaints",
    tag = "complaints",
    operation_id = "fileComplaint",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters; kept for ever")),
    request_body = NewComplaint,
    responses(
        (status = 201, description = "Filed", body = ComplaintAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position from which on it can be seen"),
            ("Idempotent-Replayed" = String, description = "`true` when it was filed before"),
        )),
        (status = 404, description = "No such subscriber or order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn file(
    State(context): State<Arc<Context>>,
    caller: Caller,
    key: IdempotencyKey,
    body: Json,
) -> Result<Kept<ComplaintAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["subscriber", "order", "about", "text"])?;
    let subscriber: SubscriberId = fields.word("subscriber", "an id that was given here")?;
    let order: Option<OrderId> = fields.optional_word("order", "an id that was given here")?;
    let about: ComplaintAbout = fields.word("about", ABOUT)?;
    let text = fields.long_text("text", TEXT_MOST)?.to_owned();
    context.check_subscriber(&caller.permit, subscriber).await?;
    let person = context.complainant(subscriber, order).await?;
    let key = key.scoped(&context, &caller, &subscriber.bits().to_be_bytes(), ROUTE, &body.canonical());
    let _running = context.under_way.begin(key)?;
    if let Some((used, position)) = used_before(&context, key).await? {
        return context.filed(used.made, true, position).await;
    }
    // Nothing goes to the vault that could not be filed now.
    if !context.node.clock().is_trusted() {
        return Err(NodeError::ClockHalted.into());
    }
    let complaint = ComplaintId::new(context.now().0, subscriber.bucket(), chance::bits()?);
    context.put_text(complaint, Side::Asked, person, text).await?;
    context.submit_complaint(&caller, key, Filing { complaint, subscriber, order, about }).await
}

impl Context {
    /// The person who complains. An order must be the subscriber's.
    ///
    /// Errors: there is no such subscriber, or no such order of theirs.
    async fn complainant(&self, subscriber: SubscriberId, order: Option<OrderId>) -> Result<PersonId, Problem> {
        let (person, _) = self.read(move |state| state.subscriber(subscriber).map(|found| found.person)).await?;
        let person = person.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
        if let Some(order) = order
            && !self.order(order).await?.0.parties.contains(&subscriber)
        {
            return Err(Problem::new(Code::OrderUnknown));
        }
        Ok(person)
    }

    async fn put_text(&self, id: ComplaintId, side: Side, person: PersonId, text: String) -> Result<(), Problem> {
        let person = vault::PersonId(person.bits());
        self.in_vault(move |vault| vault.put_text(id.bits(), side, person, &text)).await
    }

    async fn submit_complaint(
        &self,
        caller: &Caller,
        key: ClientKey,
        filing: Filing,
    ) -> Result<Kept<ComplaintAnswer>, Problem> {
        let command = Command::FileComplaint(filing);
        let envelope = Envelope { meta: caller.meta(None, key.key), key: Some(key), command };
        let asked = self.node.submit(Lane::Orders, envelope, |_, reply| reply);
        let (reply, position) = self.outcome(asked).await?;
        match reply {
            Reply::Made(made) => self.filed(made, false, position).await,
            Reply::Replayed(used) => self.filed(used.made, true, position).await,
            Reply::KeyConflict => Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
            Reply::NotFound => Err(Problem::new(Code::SubscriberUnknown)),
            Reply::Denied(denied) => Err(denied.into()),
            Reply::Done | Reply::Nothing | Reply::NotNow | Reply::Exists(_) => Err(Problem::new(Code::Internal)),
        }
    }

    async fn filed(&self, made: Made, replayed: bool, position: u64) -> Result<Kept<ComplaintAnswer>, Problem> {
        let Made::Complaint(id) = made else { return Err(Problem::new(Code::Internal)) };
        let (found, _) = self.complaint(id).await?;
        let outcome = Ok(self.with_texts(found).await?);
        Ok(Kept { outcome, status: StatusCode::CREATED, location: format!("/v1/complaints/{id}"), replayed, position })
    }

    async fn complaint(&self, id: ComplaintId) -> Result<(Complaint, u64), Problem> {
        let (found, position) = self.read(move |state| state.complaints().get(id).cloned()).await?;
        Ok((found.ok_or_else(|| Problem::new(Code::ComplaintUnknown))?, position))
    }

    /// Whether a complaint is the caller's to see.
    async fn check_complaint(&self, caller: &Caller, complaint: &Complaint) -> Result<(), Problem> {
        let id = complaint.subscriber;
        let (partner, _) = self.read(move |state| state.subscriber(id).map(|found| found.partner)).await?;
        let owner = partner.map_or(Owner::House, |partner| Owner::Subscriber { id, partner });
        caller.permit.check(owner, Code::ComplaintUnknown)
    }

    /// A complaint with what was said, as far as the vault still has it.
    async fn with_texts(&self, complaint: Complaint) -> Result<ComplaintAnswer, Problem> {
        let today = self.now().day();
        let answer = self.in_vault(move |vault| ComplaintAnswer::with_texts(vault, &complaint, today)).await?;
        Ok(answer)
    }

    async fn close(
        &self,
        caller: &Caller,
        id: ComplaintId,
        (outcome, why): (ComplaintOutcome, String),
    ) -> Result<Positioned<ComplaintAnswer>, Problem> {
        let command = Command::CloseComplaint { complaint: id, outcome, why };
        let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
        let asked = self.node.submit(Lane::Operators, envelope, |_, reply| reply);
        let (reply, position) = self.outcome(asked).await?;
        match reply {
            Reply::Done => {}
            Reply::NotNow => return Err(Problem::new(Code::ComplaintClosed)),
            Reply::NotFound => return Err(Problem::new(Code::ComplaintUnknown)),
            Reply::Denied(denied) => return Err(denied.into()),
            _ => return Err(Problem::new(Code::Internal)),
        }
        let (found, _) = self.complaint(id).await?;
        Ok(Positioned { body: self.with_texts(found).await?, position })
    }
}

/// Look at a complaint.
#[utoipa::path(
    get,
    path = "/v1/complaints/{id}",
    tag = "complaints",
    operation_id = "getComplaint",
    params(("id" = String, Path, description = "The complaint's id")),
    responses(
        (status = 200, description = "The complaint, with what was said and answered", body = ComplaintAnswer),
        (status = 404, description = "No such complaint", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: ComplaintPath,
) -> Result<Positioned<ComplaintAnswer>, Problem> {
    let (found, position) = context.complaint(id.0).await?;
    context.check_complaint(&caller, &found).await?;
    Ok(Positioned { body: context.with_texts(found).await?, position })
}

/// Say how a complaint ended.
///
/// The answer goes to the complainant, who is told by message that there is one.
#[utoipa::path(
    post,
    path = "/v1/complaints/{id}/outcome",
    tag = "complaints",
    operation_id = "answerComplaint",
    params(("id" = String, Path, description = "The complaint's id")),
    request_body = NewOutcome,
    responses(
        (status = 200, description = "Ended", body = ComplaintAnswer),
        (status = 404, description = "No such complaint", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It ended before", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn answer(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: ComplaintPath,
    body: Json,
) -> Result<Positioned<ComplaintAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["outcome", "answer", "why"])?;
    let outcome: Option<ComplaintOutcome> = Some(fields.word("outcome", OUTCOMES)?);
    let outcome = outcome.filter(|outcome| *outcome != ComplaintOutcome::Withdrawn);
    let outcome = outcome.ok_or_else(|| fields.wrong("outcome", OUTCOMES))?;
    let (text, why) = (fields.long_text("answer", TEXT_MOST)?.to_owned(), fields.text("why")?.to_owned());
    // Two answers at once would leave the words of the one with the outcome of the other.
    let digest = context.digests.of("complaint", &[&id.0.bits().to_be_bytes()]);
    let _alone = context.under_way.begin(ClientKey { key: digest, body: Key16::default() })?;
    let (found, _) = context.complaint(id.0).await?;
    if found.closing.is_some() {
        return Err(Problem::new(Code::ComplaintClosed));
    }
    let person = context.complainant(found.subscriber, None).await?;
    context.put_text(id.0, Side::Answered, person, text).await?;
    context.close(&caller, id.0, (outcome, why)).await
}

/// Take a complaint back. Only whoever filed it can.
#[utoipa::path(
    post,
    path = "/v1/complaints/{id}/withdraw",
    tag = "complaints",
    operation_id = "withdrawComplaint",
    params(("id" = String, Path, description = "The complaint's id")),
    request_body = NewWithdrawal,
    responses(
        (status = 200, description = "Taken back", body = ComplaintAnswer),
        (status = 404, description = "No such complaint of the caller's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It ended before", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn withdraw(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: ComplaintPath,
    body: Json,
) -> Result<Positioned<ComplaintAnswer>, Problem> {
    let (found, _) = context.complaint(id.0).await?;
    context.check_complaint(&caller, &found).await?;
    let fields = Fields::of(&body.0, "", &["why"])?;
    let why = fields.optional_text("why")?.unwrap_or_default().to_owned();
    context.close(&caller, id.0, (ComplaintOutcome::Withdrawn, why)).await
}

/// The complaint that a path names.
pub struct ComplaintPath(pub ComplaintId);

impl<S: Send + Sync> FromRequestParts<S> for ComplaintPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<ComplaintPath, Problem> {
        let id = crate::query::path_word(parts, state).await;
        id.map(ComplaintPath).ok_or_else(|| Problem::new(Code::ComplaintUnknown))
    }
}

//! One-time codes for subscribers: asking for one, and signing in with it.

use super::sessions::{MeAnswer, entered};
use crate::access::{Whence, wall_now};
use crate::body::Json;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use access::{CodeAction, CodeFor, OneTimeCode};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use money::Asset;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use vault::Msisdn;

const NUMBER: &str = "a mobile number of eleven digits";
const ACTION: &str = "`sign_in` or `place_order`";

/// For what a code is wanted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewCode {
    /// The mobile number that it is sent to.
    #[schema(example = "13300040001")]
    msisdn: String,
    /// What it confirms: `sign_in`, or `place_order` at an agent's till.
    #[schema(example = "sign_in")]
    action: String,
    /// For `place_order`: the fen that it confirms, and no others.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_992_u64)]
    amount_fen: Option<u64>,
}

/// What a subscriber signs in with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewSubscriberSession {
    /// The mobile number.
    msisdn: String,
    /// The code that it got.
    #[schema(example = "123456")]
    code: String,
}

/// The answer to whoever asked for a code: the same for every number.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeSent)]
pub struct CodeAnswer {
    /// Until when the code is good, if the number has one.
    until: String,
    /// From when on another may be asked for.
    again_at: String,
}

/// The number that a body names.
pub fn number(fields: &Fields<'_>) -> Result<Msisdn, Problem> {
    Msisdn::parse(fields.text("msisdn")?).map_err(|_| fields.wrong("msisdn", NUMBER))
}

/// Ask for a one-time code.
///
/// It is sent to the number by message, which says what it is for, and of how much. The answer, and the work behind it,
/// is the same whether anybody has the number. A code is good once, for minutes, for this action and amount alone.
#[utoipa::path(
    post,
    path = "/v1/codes",
    tag = "access",
    operation_id = "sendCode",
    request_body = NewCode,
    responses(
        (status = 202, description = "Sent, if somebody has the number", body = CodeAnswer),
        (status = 429, description = "Asked for too often, or locked after wrong codes", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Messages cannot be sent now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    body: Json,
) -> Result<(StatusCode, axum::Json<CodeAnswer>), Problem> {
    let fields = Fields::of(&body.0, "", &["msisdn", "action", "amount_fen"])?;
    let number = number(&fields)?;
    let (action, amount) = match fields.text("action")? {
        "sign_in" if fields.value("amount_fen").is_some() => {
            return Err(fields.wrong("amount_fen", "nothing for `sign_in`"));
        }
        "sign_in" => (CodeAction::SignIn, None),
        "place_order" => (CodeAction::PlaceOrder, Some((Asset::Cny, fields.amount("amount_fen")?))),
        _ => return Err(fields.wrong("action", ACTION)),
    };
    let courier = context.courier.clone().ok_or_else(|| Problem::new(Code::MessagesUnavailable))?;
    let owner = context.holder(&number).await?;
    let sent = context.in_access(move |access| {
        let wanted = CodeFor { number: number.expose(), owner, action, amount };
        access.send_code(&wanted, &*courier, from, wall_now())
    });
    let sent = sent.await?;
    let answer = CodeAnswer { until: moments::text(sent.until), again_at: moments::text(sent.again_at) };
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}

/// Sign in with a one-time code.
///
/// For a subscriber. The session is in a cookie that no script can read; whoever is signed in sends `csrf_token` back as
/// `X-CSRF-Token` with each request that changes something.
#[utoipa::path(
    post,
    path = "/v1/sessions/code",
    tag = "access",
    operation_id = "signInByCode",
    request_body = NewSubscriberSession,
    responses(
        (status = 201, description = "Signed in", body = MeAnswer, headers(("Set-Cookie" = String, description = "The session"))),
        (status = 401, description = "Wrong, used or too old: which one is not always said", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Identities cannot be read now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn sign_in(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["msisdn", "code"])?;
    let (number, code) = (number(&fields)?, OneTimeCode::new(fields.text("code")?));
    let owner = context.holder(&number).await?;
    let opened = context.in_access(move |access| {
        let wanted = CodeFor { number: number.expose(), owner, action: CodeAction::SignIn, amount: None };
        access.sign_in_by_code(&wanted, &code, from, wall_now())
    });
    let opened = opened.await?;
    Ok((StatusCode::CREATED, entered(&context, &opened)))
}

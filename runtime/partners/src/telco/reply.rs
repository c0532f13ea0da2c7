//! What a telco's answer to an action means.

use exchange::Answer;
use facts::Action;
use serde_json::Value;

use crate::Request;
use crate::line::Reply;
use crate::words::{Sign, name, quantity, refusal, refused, text};

/// The conflicts that say that nothing was done. Another one says nothing we can rely on.
const REFUSALS: [&str; 4] = ["insufficientBalance", "bucketClosed", "reservationNotHeld", "balanceTooLarge"];

/// Reads the answer to an action. Whatever is not clear is silence.
pub(super) fn answer(request: &Request, reply: &Reply) -> Answer {
    match reply.status {
        202 => Answer::Pending,
        204 if request.action == Action::ReleaseAirtime => {
            Answer::Done { amount: request.amount, external: request.acts_on.clone() }
        }
        200 | 201 => resource(request, &reply.body).unwrap_or(Answer::Silence),
        409 => match refusal(&reply.body) {
            Some(code) if REFUSALS.contains(&code.as_str()) => refused(code),
            _ => Answer::Silence,
        },
        // Malformed, unknown, or not offered by this telco: it was not understood, so it was not done.
        400 | 404 | 405 => refusal(&reply.body).map_or(Answer::Silence, refused),
        _ => Answer::Silence,
    }
}

/// Reads a reservation or an adjustment; `None` when it is not the one that was asked for.
fn resource(request: &Request, body: &[u8]) -> Option<Answer> {
    let resource: Value = serde_json::from_slice(body).ok()?;
    let (done, sign) = expected(request.action)?;
    let status = text(&resource, "/status")?;
    if status == "failed" {
        return Some(refused("failed"));
    }
    if status == "created" && done != "created" {
        // A reservation stays `created` until it is captured: asked to capture, that is no answer.
        return (request.action != Action::CaptureAirtime).then_some(Answer::Pending);
    }
    let external = name(text(&resource, "/id")?, &request.account)?;
    let external = name(&external, request.from.as_deref().unwrap_or_default())?;
    let other_reservation = request.action == Action::CaptureAirtime && external != request.acts_on;
    if status != done || other_reservation {
        return None;
    }
    let (told, amount) = quantity(&resource, "/amount")?;
    (told == sign).then_some(Answer::Done { amount, external })
}

/// The status that says done, and the sign of the amount.
fn expected(action: Action) -> Option<(&'static str, Sign)> {
    match action {
        Action::ReserveAirtime => Some(("created", Sign::Plus)),
        Action::CaptureAirtime
        | Action::CreditAirtime
        | Action::TopUpAirtime
        | Action::GrantReward
        | Action::TransferAirtime => Some(("completed", Sign::Plus)),
        Action::DeductAirtime => Some(("completed", Sign::Minus)),
        // Answered without a body, in the record alone, or by others.
        _ => None,
    }
}

//! Quotes: what an order would cost and bring. A quote is a signed value; nothing is kept of it.

use crate::answers::{FeeLineAnswer, LearnedPriceAnswer, QuotedRewardAnswer};
use crate::body::Json;
use crate::caller::Caller;
use crate::chance;
use crate::context::Context;
use crate::moments;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use crate::routes::orders::NewOrder;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{Quote, quote};
use facts::{Key16, Meta, QuoteId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a quote holds, in node time.
const HOLDS_MS: u64 = 5 * 60_000;

/// What to quote.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read as an order without a quote")]
pub struct NewQuote {
    /// Whose value would be converted.
    #[schema(example = "sub_01JDB0M3S8Q7W5V2X9R4T6Y1ZK")]
    subscriber: String,
    /// Into what: `direct`, `voucher`, `agent`, `card`, `gift`, `refund`, `points`, `bundle_gift`, `bundle_sale`, `market` or `wealth`.
    #[schema(example = "direct")]
    product: String,
    /// How much, in the product's unit: fen, or points.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_992_u64, example = 10_000)]
    amount: u64,
    /// Where the request entered; the number's home when it is left out.
    #[schema(example = "44")]
    channel_province: Option<String>,
    /// Where it goes, or what pays: a card that is registered for the number, or `paid:<token>;to:<token>` for a
    /// refund. The registered card when it is left out.
    instrument: Option<String>,
    /// Who receives a gift: a mobile number of eleven digits.
    target: Option<String>,
}

const FIELDS: [&str; 8] =
    ["subscriber", "product", "amount", "channel_province", "instrument", "target", "paying_card", "recharge"];

/// A quote: single use, for this subscriber, product and amount, until it expires.
#[derive(Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteAnswer {
    /// The quote itself, to be sent with the order.
    quote: String,
    /// Its identity.
    id: String,
    /// Fen.
    fee_fen: u64,
    /// How the fee came about.
    fee_lines: Vec<FeeLineAnswer>,
    /// The learned price behind the line `learned`, if there is one.
    learned_price: Option<LearnedPriceAnswer>,
    /// Fen paid out.
    payout_fen: u64,
    /// The day on which the money would arrive.
    arrives_on: String,
    /// Until when it holds.
    expires_at: String,
    /// The policy that said so.
    policy: String,
    /// What a campaign would give with the order. Taking the quote accepts it; if it is not to be had any more by
    /// then, the order is refused and nothing is taken.
    reward: Option<QuotedRewardAnswer>,
}

/// Ask for a quote.
///
/// Fixes price and arrival for five minutes. Whether the order is allowed is decided when it is placed.
#[utoipa::path(
    post,
    path = "/v1/quotes",
    tag = "orders",
    operation_id = "quote",
    request_body = NewQuote,
    responses(
        (status = 200, description = "The quote", body = QuoteAnswer),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Refused by the rules", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn ask(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<Positioned<QuoteAnswer>, Problem> {
    let new = NewOrder::read(&body, &FIELDS, &context)?;
    let (subscriber, order) = (new.subscriber, new.resolve(&context, &caller.permit).await?);
    let now = context.now();
    let meta = Meta { now, requested_at: now, ..caller.meta(Some(order.channel_province), Key16::default()) };
    let rules = context.node.rules();
    // Nothing that learns prices is connected.
    let (terms, position) = context.read(move |state| quote(state, &rules, &meta, &order, None)).await?;
    let terms = terms.map_err(Problem::refused)?;
    let id = QuoteId::new(now.0, subscriber.bucket(), chance::bits()?);
    let marks = match terms.reward {
        Some(_) => Some(context.marks(subscriber).await?),
        None => None,
    };
    let quote = Quote { id, subscriber, terms, expires_at: now.plus(HOLDS_MS), marks };
    Ok(Positioned { body: answer(&quote, &context), position })
}

fn answer(quote: &Quote, context: &Context) -> QuoteAnswer {
    let terms = &quote.terms;
    QuoteAnswer {
        quote: URL_SAFE_NO_PAD.encode(quote.sign(&context.quote_key)),
        id: quote.id.to_string(),
        fee_fen: terms.fee,
        fee_lines: terms.fee_lines.iter().map(FeeLineAnswer::from).collect(),
        learned_price: terms.learned.as_deref().map(LearnedPriceAnswer::from),
        payout_fen: terms.payout,
        arrives_on: terms.arrives_on.to_string(),
        expires_at: moments::text(quote.expires_at),
        policy: terms.policy.to_string(),
        reward: terms.reward.as_deref().map(|reward| {
            let policy = context.policy();
            QuotedRewardAnswer::of(reward, policy.campaign(reward.campaign))
        }),
    }
}

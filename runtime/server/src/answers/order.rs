//! Orders as answers show them.

use super::reward::{PlacedRewardAnswer, RewardAnswer};
use crate::moments;
use facts::{FeeLine, LearnedPrice, Order, OrderState, QuoteId, Step, StepState};
use serde::Serialize;
use utoipa::ToSchema;

/// One line of a fee.
#[derive(Serialize, ToSchema)]
#[schema(as = FeeLine)]
pub struct FeeLineAnswer {
    /// `telco_rate`, `holiday`, `product`, `tier`, `learned`, `clamp` or `minimum`.
    rule: &'static str,
    /// Parts per million of the amount; negative for a discount.
    ppm: i32,
    /// Fen added beyond the rate.
    fen: u64,
}

impl From<&FeeLine> for FeeLineAnswer {
    fn from(line: &FeeLine) -> FeeLineAnswer {
        FeeLineAnswer { rule: line.rule.code(), ppm: line.ppm, fen: line.fen }
    }
}

/// A price that was learned.
#[derive(Serialize, ToSchema)]
#[schema(as = LearnedPrice)]
pub struct LearnedPriceAnswer {
    /// What learned it.
    source: String,
    /// Which version of that.
    version: String,
    /// How far it would move the rate, in parts per million; its line says how far it did.
    ppm: i32,
}

impl From<&LearnedPrice> for LearnedPriceAnswer {
    fn from(learned: &LearnedPrice) -> LearnedPriceAnswer {
        let LearnedPrice { source, version, ppm } = learned.clone();
        LearnedPriceAnswer { source, version, ppm }
    }
}

/// An order as it was when it was placed: nothing here changes later, so that a replay is equal byte by byte.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub struct PlacedAnswer {
    /// Its identity.
    id: String,
    /// Whose value is converted.
    subscriber: String,
    /// Into what.
    product: &'static str,
    /// How much, in the product's unit: fen, or points.
    amount: u64,
    /// Fen.
    fee_fen: u64,
    /// How the fee came about.
    fee_lines: Vec<FeeLineAnswer>,
    /// The learned price behind the line `learned`, if there is one.
    learned_price: Option<LearnedPriceAnswer>,
    /// Fen paid out.
    payout_fen: u64,
    /// The day on which the money arrives.
    arrives_on: String,
    /// The policy that said so.
    policy: String,
    /// The quote it took.
    quote: Option<String>,
    /// What a campaign gives with it, as the quote showed.
    reward: Option<PlacedRewardAnswer>,
    /// When it was asked for.
    requested_at: String,
    /// Where it stood when it was admitted: `created`. Where it stands says `GET /v1/orders/{id}`.
    state: &'static str,
}

impl From<&Order> for PlacedAnswer {
    fn from(order: &Order) -> PlacedAnswer {
        let terms = &order.terms;
        PlacedAnswer {
            id: order.id.to_string(),
            subscriber: order.subscriber().to_string(),
            product: terms.product.code(),
            amount: terms.amount,
            fee_fen: terms.fee,
            fee_lines: terms.fee_lines.iter().map(FeeLineAnswer::from).collect(),
            learned_price: terms.learned.as_deref().map(LearnedPriceAnswer::from),
            payout_fen: terms.payout,
            arrives_on: terms.arrives_on.to_string(),
            policy: terms.policy.to_string(),
            quote: (order.quote != QuoteId::default()).then(|| order.quote.to_string()),
            reward: terms.reward.as_deref().map(PlacedRewardAnswer::from),
            requested_at: moments::text(order.requested_at),
            state: OrderState::Created.code(),
        }
    }
}

/// A step of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepAnswer {
    /// Its place in the order, from 0.
    step: u8,
    /// Who is asked.
    partner: String,
    /// For what.
    action: &'static str,
    /// Minor units asked for.
    amount: u64,
    /// `planned`, `sent`, `unknown`, `done`, `failed` or `compensated`.
    state: &'static str,
    /// The last attempt made; 0 before the first.
    attempt: u8,
    /// How often the last attempt was inquired about.
    inquiries: u16,
    /// When it is sent, or inquired about next.
    due_at: Option<String>,
    /// Minor units truly done.
    done: u64,
    /// The partner's own name of what was done.
    external: Option<String>,
}

impl StepAnswer {
    fn of((place, step): (u8, &Step)) -> StepAnswer {
        StepAnswer {
            step: place,
            partner: step.plan.partner.to_string(),
            action: step.plan.action.code(),
            amount: step.plan.amount,
            state: step.state.code(),
            attempt: step.attempt,
            inquiries: step.inquiries,
            due_at: (step.due_at.0 != 0).then(|| moments::text(step.due_at)),
            done: if step.state == StepState::Done { step.done } else { 0 },
            external: (!step.external.is_empty()).then(|| step.external.clone()),
        }
    }
}

/// An order as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderAnswer {
    /// Its identity.
    id: String,
    /// Whose value is converted.
    subscriber: String,
    /// Into what.
    product: &'static str,
    /// How much, in the product's unit: fen, or points.
    amount: u64,
    /// Fen; 0 when it was refused at the door.
    fee_fen: u64,
    /// How the fee came about.
    fee_lines: Vec<FeeLineAnswer>,
    /// The learned price behind the line `learned`, if there is one.
    learned_price: Option<LearnedPriceAnswer>,
    /// Fen paid out; 0 when it was refused at the door.
    payout_fen: u64,
    /// The day on which the money arrives; none when it was refused at the door.
    arrives_on: Option<String>,
    /// The policy that decided.
    policy: String,
    /// The quote it took.
    quote: Option<String>,
    /// What a campaign gives with it, and how far that is.
    reward: Option<RewardAnswer>,
    /// When it was asked for.
    requested_at: String,
    /// Where it stands.
    state: &'static str,
    /// Why it stands there.
    cause: &'static str,
    /// Why it was refused at the door.
    refusal: Option<&'static str>,
    /// Until when whom it is for, who was told, may decline it; none when nobody is waited for.
    declinable_until: Option<String>,
    /// Its steps.
    steps: Vec<StepAnswer>,
    /// When it was admitted or declined.
    admitted_at: String,
    /// When it last changed.
    changed_at: String,
    /// The position of the last record about it.
    changed_in: u64,
}

impl From<&Order> for OrderAnswer {
    fn from(order: &Order) -> OrderAnswer {
        let placed = PlacedAnswer::from(order);
        OrderAnswer {
            id: placed.id,
            subscriber: placed.subscriber,
            product: placed.product,
            amount: placed.amount,
            fee_fen: placed.fee_fen,
            fee_lines: placed.fee_lines,
            learned_price: placed.learned_price,
            payout_fen: placed.payout_fen,
            arrives_on: order.refusal.is_none().then_some(placed.arrives_on),
            policy: placed.policy,
            quote: placed.quote,
            reward: RewardAnswer::of(order),
            requested_at: placed.requested_at,
            state: order.state.code(),
            cause: order.cause.code(),
            refusal: order.refusal.map(|refusal| refusal.code()),
            declinable_until: order.declinable_until().map(moments::text),
            steps: order.numbered_steps().map(StepAnswer::of).collect(),
            admitted_at: moments::text(order.admitted_at),
            changed_at: moments::text(order.changed_at),
            changed_in: order.changed_in,
        }
    }
}

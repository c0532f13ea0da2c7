//! Orders: placing one, and looking at one.

use super::declined;
use crate::access::{Owner, Permit, wall_now};
use crate::answers::{Kept, OrderAnswer, PlacedAnswer};
use crate::body::Json;
use crate::caller::Caller;
use crate::chance;
use crate::context::Context;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::rules::Instrument;
use exchange::{Asker, ClientKey, Command, Envelope, Funds, PlaceOrder, Quote, Recipient, Reply};
use facts::{KeyUse, Made, Order, OrderId, Product, Province, SubscriberId};
use node::Lane;
use std::sync::Arc;
use utoipa::ToSchema;
use vault::CardNumber;

const ROUTE: &str = "POST /v1/orders";
const ID: &str = "an id that was given here";
pub const PRODUCT: &str = "`direct`, `voucher`, `agent`, `card`, `gift`, `refund`, `points`, `bundle_gift`, `bundle_sale`, `market`, `wealth` or `recharge`";
const CARD: &str = "12 to 19 digits of a card";
const PROVINCE: &str = "the two digits of a province, as in GB/T 2260";

/// An order to place.
#[derive(ToSchema)]
pub struct NewOrder {
    /// Whose value is converted.
    #[schema(value_type = String, example = "sub_01JDB0M3S8Q7W5V2X9R4T6Y1ZK")]
    pub subscriber: SubscriberId,
    /// Into what: `direct`, `voucher`, `agent`, `card`, `gift`, `refund`, `points`, `bundle_gift`, `bundle_sale`, `market`, `wealth` or `recharge`.
    #[schema(value_type = String, example = "direct")]
    pub product: Product,
    /// How much, in the product's unit: fen, or points.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_992_u64, example = 10_000)]
    pub amount: u64,
    /// Where the request entered; the number's home when it is left out.
    #[schema(value_type = Option<String>, example = "44")]
    pub channel_province: Option<Province>,
    /// Where it goes, or what pays: a card that is registered for the number, or `paid:<token>;to:<token>` for a
    /// refund. The registered card when it is left out.
    pub instrument: Option<String>,
    /// Who receives a gift: a mobile number of eleven digits.
    pub target: Option<String>,
    /// The card that pays a recharge, the holder's own or another's. Kept until the order ends, if it is another's.
    #[schema(value_type = Option<String>, example = "6222021234500000001")]
    pub paying_card: Option<CardNumber>,
    /// The order whose recharge is refunded: what is unused of it, to the card that paid.
    #[schema(value_type = Option<String>, example = "ord_01JDB0M3S8Q7W5V2X9R4T6Y1ZK")]
    pub recharge: Option<OrderId>,
    /// The quote to take.
    pub quote: Option<String>,
}

impl NewOrder {
    const FIELDS: [&'static str; 9] = [
        "subscriber",
        "product",
        "amount",
        "channel_province",
        "instrument",
        "target",
        "paying_card",
        "recharge",
        "quote",
    ];

    pub fn read(body: &Json, fields: &[&str], context: &Context) -> Result<NewOrder, Problem> {
        let fields = Fields::of(&body.0, "", fields)?;
        let channel_province = fields.optional_word("channel_province", PROVINCE)?;
        if channel_province.is_some_and(|province| context.policy().region(province).is_none()) {
            return Err(fields.wrong("channel_province", PROVINCE));
        }
        let product = fields.word("product", PRODUCT)?;
        let target = match product {
            Product::Gift => Some(fields.text("target")?.to_owned()),
            _ => fields.optional_text("target")?.map(str::to_owned),
        };
        let paying_card = match product {
            Product::Recharge => Some(fields.text("paying_card")?),
            _ => fields.optional_text("paying_card")?,
        };
        let card = |text: &str| CardNumber::parse(text).map_err(|_| fields.wrong("paying_card", CARD));
        let paying_card = paying_card.map(card).transpose()?;
        let recharge = fields.optional_word("recharge", ID)?;
        Ok(NewOrder {
            subscriber: fields.word("subscriber", ID)?,
            product,
            amount: fields.amount("amount")?,
            channel_province,
            instrument: fields.optional_text("instrument")?.map(str::to_owned),
            target,
            paying_card,
            recharge,
            quote: fields.optional_text("quote")?.map(str::to_owned),
        })
    }

    /// The order as the core takes it, under a fresh id of the subscriber's bucket.
    ///
    /// Errors: the subscriber is not the caller's, or the vault does not answer.
    pub async fn resolve(&self, context: &Context, permit: &Permit) -> Result<PlaceOrder, Problem> {
        let quote = self.quote.as_deref().map(|token| read_quote(token, context)).transpose()?;
        let known = context.known(self.subscriber).await?;
        let owner = Owner::Subscriber { id: self.subscriber, partner: known.partner };
        permit.check(owner, Code::SubscriberUnknown)?;
        context.usage.take_subject(&self.subscriber, wall_now())?;
        let now = context.now();
        let rule = context.policy().product(self.product).instrument;
        let recipient = match &self.target {
            Some(target) if self.product == Product::Gift => context.recipient(target).await?,
            Some(_) | None => Recipient::Nobody,
        };
        let funds = match (self.product, &self.paying_card, self.recharge) {
            (Product::Recharge, Some(card), _) => context.payment(known, card).await?,
            (Product::Refund, _, Some(order)) => Funds::Recharge(order),
            _ => Funds::Own,
        };
        let instrument = match (funds, &self.instrument) {
            // It goes back to what paid, and a card that pays may be anybody's.
            (Funds::Recharge(_) | Funds::PaidBy(..), None) => Instrument::Own,
            (_, named) => context.instrument(known, rule, named.as_deref()).await?,
        };
        Ok(PlaceOrder {
            order: OrderId::new(now.0, self.subscriber.bucket(), chance::bits()?),
            asker: Asker::Holder(self.subscriber),
            recipient,
            product: self.product,
            amount: self.amount,
            identity: known.identity(now.day()),
            instrument,
            funds,
            channel_province: self.channel_province.unwrap_or(known.province),
            quote,
        })
    }
}

fn read_quote(token: &str, context: &Context) -> Result<Quote, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let quote = bytes.and_then(|bytes| Quote::verify(&bytes, &context.quote_key).ok());
    quote.ok_or_else(|| Problem::malformed("/quote", "a quote that was given here"))
}

/// Place an order.
///
/// The value is taken at the telco and paid out on the arrival day. A refusal is kept as a declined order and
/// answered as a problem with the order's id. A repeat with the same key and body gets the first answer again.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    operation_id = "placeOrder",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters; kept for ever")),
    request_body = NewOrder,
    responses(
        (status = 201, description = "Admitted", body = PlacedAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position from which on it can be seen"),
            ("Idempotent-Replayed" = String, description = "`true` when the answer was given before"),
        )),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Refused by the rules, or the key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn place(
    State(context): State<Arc<Context>>,
    caller: Caller,
    key: IdempotencyKey,
    body: Json,
) -> Result<Kept<PlacedAnswer>, Problem> {
    let new = NewOrder::read(&body, &NewOrder::FIELDS, &context)?;
    let subject = new.subscriber.bits().to_be_bytes();
    let key = key.scoped(&context, &caller, &subject, ROUTE, &body.canonical());
    let _running = context.under_way.begin(key)?;
    let order = new.resolve(&context, &caller.permit).await?;
    context.keep_receiver(&order, new.target.as_deref()).await?;
    context.keep_payer(&order, new.paying_card.as_ref()).await?;
    give(&context, &caller, key, order).await
}

/// Gives an order to the core and answers what came of it.
pub async fn give(
    context: &Context,
    caller: &Caller,
    key: ClientKey,
    order: PlaceOrder,
) -> Result<Kept<PlacedAnswer>, Problem> {
    let (placed, position) = submit(context, caller, key, order).await?;
    context.lag.note(&context.node);
    let (order, replayed) = match placed? {
        Placed::Now(order) => (order, false),
        Placed::Before(Ok(order)) => (order, true),
        Placed::Before(Err(left)) => (Box::new(context.order(left).await?.0), true),
    };
    Ok(answer(context, &order, replayed, position))
}

/// An order that was placed.
enum Placed {
    /// By this request.
    Now(Box<Order>),
    /// By an earlier one with the same key; its id alone when it left memory meanwhile.
    Before(Result<Box<Order>, OrderId>),
}

async fn submit(
    context: &Context,
    caller: &Caller,
    key: ClientKey,
    order: PlaceOrder,
) -> Result<(Result<Placed, Problem>, u64), Problem> {
    let meta = caller.meta(Some(order.channel_province), key.key);
    let envelope = Envelope { meta, key: Some(key), command: Command::Place(Box::new(order)) };
    context.outcome(context.node.submit(Lane::Orders, envelope, placed)).await
}

/// What came of placing.
fn placed(state: &facts::State, reply: Reply) -> Result<Placed, Problem> {
    match reply {
        Reply::Made(Made::Order(id)) => {
            let order = state.order(id).ok_or_else(|| Problem::new(Code::Internal))?;
            Ok(Placed::Now(Box::new(without_steps(order))))
        }
        Reply::Replayed(KeyUse { made: Made::Order(id), .. }) => {
            Ok(Placed::Before(state.order(id).map(|order| Box::new(without_steps(order))).ok_or(id)))
        }
        Reply::KeyConflict => Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        Reply::NotFound => Err(Problem::new(Code::SubscriberUnknown)),
        Reply::Made(_) | Reply::Replayed(_) | Reply::Done | Reply::Nothing | Reply::NotNow => {
            Err(Problem::new(Code::Internal))
        }
        Reply::Exists(_) | Reply::Denied(_) => Err(Problem::new(Code::Internal)),
    }
}

/// The parts of an order that its first answer shows; steps are long and change.
fn without_steps(order: &Order) -> Order {
    Order {
        id: order.id,
        person: order.person,
        parties: order.parties.clone(),
        terms: order.terms.clone(),
        requested_at: order.requested_at,
        state: order.state,
        cause: order.cause,
        refusal: order.refusal,
        refusal_detail: order.refusal_detail,
        steps: Vec::new(),
        planned: order.planned,
        unwinding: order.unwinding,
        lots: Vec::new(),
        quote: order.quote,
        admitted_in: order.admitted_in,
        changed_in: order.changed_in,
        admitted_at: order.admitted_at,
        changed_at: order.changed_at,
        counts: Vec::new(),
        limit: order.limit.clone(),
        payment: None,
    }
}

fn answer(context: &Context, order: &Order, replayed: bool, position: u64) -> Kept<PlacedAnswer> {
    let outcome = match declined::refusal(order, &context.policy()) {
        None => Ok(PlacedAnswer::from(order)),
        Some(refused) => Err(Problem::refused(refused).order(order.id)),
    };
    let location = format!("/v1/orders/{}", order.id);
    Kept { outcome, status: StatusCode::CREATED, location, replayed, position }
}

/// Look at an order.
///
/// Shows the order as it stands, with all that was durable when this was asked.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    operation_id = "getOrder",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order", body = OrderAnswer),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
) -> Result<Positioned<OrderAnswer>, Problem> {
    let (order, position) = context.order(id.0).await?;
    context.check_order(&caller, &order).await?;
    Ok(Positioned { body: OrderAnswer::from(&order), position })
}

/// The order that a path names.
pub struct OrderPath(pub OrderId);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for OrderPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<OrderPath, Problem> {
        let id = crate::query::path_word(parts, state).await;
        id.map(OrderPath).ok_or_else(|| Problem::new(Code::OrderUnknown))
    }
}

//! Agents' tills: the device of a till, and serving a customer who is there.

use super::codes::number;
use super::orders::{NewOrder, give};
use crate::access::{Whence, wall_now};
use crate::acts::{Act, told};
use crate::answers::{Kept, PlacedAnswer};
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{CodeAction, CodeFor, DeviceProof, EnrolmentCode, OneTimeCode};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use facts::{Product, StaffAct, SubscriberId};
use money::Asset;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const ROUTE: &str = "POST /v1/till/orders";
/// What is sold at a till: what is counted in fen, as the code that confirms it.
const PRODUCTS: [Product; 4] = [Product::Direct, Product::Voucher, Product::Agent, Product::Card];
const PRODUCT: &str = "`direct`, `voucher`, `agent` or `card`";

/// Which till is to enrol a device.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewDeviceInvitation {
    /// The till: 2 to 32 of `a-z 0-9 . _ -`. Another device shuts the last one out.
    #[schema(example = "till-1")]
    till: String,
}

/// A code with which one device may be enrolled, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceInvitation)]
pub struct DeviceInvitationAnswer {
    /// To be typed into the device.
    code: String,
    /// Until when.
    until: String,
}

/// What a device sends to be enrolled.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewDevice {
    /// The code, however it was typed.
    code: String,
    /// Its Ed25519 public key, in base64.
    public_key: String,
    /// Its signature over the lines `tongbao device`, the code without grouping, and the public key; in base64.
    signature: String,
}

/// An enrolled device.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceAnswer {
    /// The agent: the `client` of its signatures.
    agent: String,
    /// The till.
    till: String,
    /// The `serial` of its signatures.
    serial: String,
}

/// An order of a customer who is at the till.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewTillOrder {
    /// The customer's mobile number.
    msisdn: String,
    /// The code that the customer got for this amount.
    code: String,
    /// Into what: `direct`, `voucher`, `agent` or `card`.
    product: String,
    /// How much, in fen.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_992_u64, example = 10_000)]
    amount: u64,
}

/// Invite a device for a till.
///
/// The code is shown once; with it one device enrols, in the place of the till's last one.
#[utoipa::path(
    post,
    path = "/v1/agents/{name}/devices",
    tag = "access",
    operation_id = "inviteDevice",
    params(("name" = String, Path, description = "The agent's name")),
    request_body = NewDeviceInvitation,
    responses(
        (status = 201, description = "Invited", body = DeviceInvitationAnswer),
        (status = 404, description = "No such agent", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The till's name does not fit", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn invite(
    State(context): State<Arc<Context>>,
    Path(agent): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let till = Fields::of(&body.0, "", &["till"])?.text("till")?.to_owned();
    let on = format!("{} {}", told(&agent), told(&till));
    let by = Arc::clone(caller.permit.principal()?);
    // Nobody has seen the code until its record is durable.
    let invite = move |access: &access::Access| access.invite_device(&by, &agent, &till, wall_now());
    let invitation = context.in_access(invite).await?;
    context.note(&caller, Act::of(StaffAct::InviteDevice, on)).await?;
    let until = moments::text(invitation.until);
    let answer = DeviceInvitationAnswer { code: invitation.code.expose().to_owned(), until };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

/// Enrol a device.
///
/// With the code and a signature that shows that it holds its key, which never leaves it. The till's last device is
/// shut out.
#[utoipa::path(
    post,
    path = "/v1/devices",
    tag = "access",
    operation_id = "enrolDevice",
    request_body = NewDevice,
    responses(
        (status = 201, description = "Enrolled", body = DeviceAnswer),
        (status = 401, description = "Code or signature are not good", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "This is no public key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn enrol(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    body: Json,
) -> Result<(StatusCode, axum::Json<DeviceAnswer>), Problem> {
    let fields = Fields::of(&body.0, "", &["code", "public_key", "signature"])?;
    let code = EnrolmentCode::new(fields.text("code")?);
    let (public_key, signature) = (fields.text("public_key")?.to_owned(), fields.text("signature")?.to_owned());
    let device = context.in_access(move |access| {
        let proof = DeviceProof { code: &code, public_key: &public_key, signature: &signature };
        access.enrol_device(&proof, from, wall_now())
    });
    let device = device.await?;
    let answer = DeviceAnswer { agent: device.agent, till: device.till, serial: device.serial };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Place an order for a customer at the till.
///
/// The customer confirms it by a one-time code for `place_order` of this amount. The order belongs to the till as well:
/// it finds it in its list, and no other till does.
#[utoipa::path(
    post,
    path = "/v1/till/orders",
    tag = "orders",
    operation_id = "placeAtTill",
    params(("Idempotency-Key" = String, Header, description = "New for each order")),
    request_body = NewTillOrder,
    responses(
        (status = 201, description = "Placed", body = PlacedAnswer),
        (status = 401, description = "The customer's code is wrong, used or too old", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Refused by the rules, or the key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn place(
    State(context): State<Arc<Context>>,
    caller: Caller,
    from: Whence,
    key: IdempotencyKey,
    body: Json,
) -> Result<Kept<PlacedAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["msisdn", "code", "product", "amount"])?;
    let (number, code) = (number(&fields)?, OneTimeCode::new(fields.text("code")?));
    let product = fields.word("product", PRODUCT)?;
    if !PRODUCTS.contains(&product) {
        return Err(fields.wrong("product", PRODUCT));
    }
    let amount = fields.amount("amount")?;
    let customer = context.digests.of("till customer", &[number.expose().as_bytes()]);
    let key = key.scoped(&context, &caller, &customer.0, ROUTE, &body.canonical());
    let _running = context.under_way.begin(key)?;
    let holder = context.holder(&number).await?;
    let (used, _) = context.read(move |state| state.key(key.key).is_some()).await?;
    // What was placed before answers for itself: its code is used up.
    let subscriber = match holder.filter(|_| used) {
        Some(subscriber) => subscriber,
        None => confirm(&context, (number, holder), amount, code, from).await?,
    };
    let new = NewOrder {
        subscriber,
        product,
        amount,
        channel_province: None,
        instrument: None,
        target: None,
        paying_card: None,
        recharge: None,
        quote: None,
    };
    let order = new.resolve(&context, &caller.permit).await?;
    give(&context, &caller, key, order).await
}

/// Uses up the customer's code.
async fn confirm(
    context: &Context,
    (number, owner): (vault::Msisdn, Option<SubscriberId>),
    amount: u64,
    code: OneTimeCode,
    from: Whence,
) -> Result<SubscriberId, Problem> {
    let confirmed = context.in_access(move |access| {
        let amount = Some((Asset::Cny, amount));
        let wanted = CodeFor { number: number.expose(), owner, action: CodeAction::PlaceOrder, amount };
        access.redeem_code(&wanted, &code, from.0, wall_now())
    });
    confirmed.await
}

//! The calls that change something.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};

use super::buckets::Opening;
use super::drafts::{Create, Draft, Ref, Transfer, Update, fen_of};
use super::records::Kind;
use super::{Profile, Telco, lists, views};
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::Quantity;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id};

/// The routes of a telco's profile, under the TMF base path.
pub(super) fn router(profile: Profile) -> Router<Arc<Telco>> {
    let routes = Router::new()
        .route("/bucket", get(lists::buckets).post(open_bucket))
        .route("/bucket/{id}", get(lists::bucket))
        .route("/adjustBalance", get(lists::adjusts).post(adjust))
        .route("/adjustBalance/{id}", get(lists::adjust))
        .route("/topupBalance", get(lists::topups).post(topup))
        .route("/topupBalance/{id}", get(lists::topup))
        .route("/transferBalance", get(lists::transfers).post(transfer))
        .route("/transferBalance/{id}", get(lists::transfer))
        .route("/balanceActionHistory", get(lists::history))
        .route("/balanceActionHistory/{id}", get(lists::history_item))
        .route("/hub", post(subscribe))
        .route("/hub/{id}", delete(unsubscribe));
    let routes = match profile {
        Profile::Reserve => routes
            .route("/reserveBalance", get(lists::reserves).post(reserve))
            .route("/reserveBalance/{id}", get(lists::reserve).patch(capture).delete(release)),
        Profile::DeductOnly => routes
            .route("/reserveBalance", axum::routing::any(unsupported))
            .route("/reserveBalance/{id}", axum::routing::any(unsupported)),
    };
    Router::new().nest(views::BASE, routes)
}

async fn unsupported() -> Refused {
    let reason = "this telco cannot reserve, it can only adjust".to_owned();
    Refused { status: StatusCode::METHOD_NOT_ALLOWED, code: "profileUnsupported", reason }
}

impl Telco {
    async fn act(&self, draft: Draft, caller: Caller, cut: Cut) -> Result<Response, Refused> {
        // The lock must be gone before anything waits.
        let answer = {
            let mut floor = self.floor();
            let at_ms = floor.desk.stamp(caller.business_ms);
            let order = draft.resolve(&floor.books, at_ms)?;
            self.perform(&mut floor, order)
        };
        Ok(answer.deliver(&cut).await)
    }
}

type Answered = Result<Response, Refused>;

async fn reserve(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<Create>,
) -> Answered {
    telco.act(body.draft(Kind::Reserve, &caller)?, caller, cut).await
}

async fn capture(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Id(id): Id,
    Body(body): Body<Update>,
) -> Answered {
    telco.act(body.draft(id, &caller)?, caller, cut).await
}

async fn release(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Id(id): Id,
) -> Answered {
    telco.act(Draft::release(id, &caller), caller, cut).await
}

async fn adjust(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<Create>,
) -> Answered {
    telco.act(body.draft(Kind::Adjust, &caller)?, caller, cut).await
}

async fn topup(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<Create>,
) -> Answered {
    telco.act(body.draft(Kind::Topup, &caller)?, caller, cut).await
}

async fn transfer(
    State(telco): State<Arc<Telco>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<Transfer>,
) -> Answered {
    telco.act(body.draft(&caller)?, caller, cut).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenBucket {
    remaining_value: Option<Quantity>,
    #[serde(default)]
    logical_resource: Vec<Ref>,
}

async fn open_bucket(State(telco): State<Arc<Telco>>, caller: Caller, Body(body): Body<OpenBucket>) -> Answered {
    let granted_fen = body.remaining_value.as_ref().map_or(Ok(0), fen_of)?;
    let msisdn: Arc<str> = body.logical_resource.first().map(|number| number.id.as_str().into()).unwrap_or_default();
    super::check_grant(granted_fen)?;
    if !msisdn.is_empty() {
        super::check_msisdn(&msisdn)?;
    }
    let mut floor = telco.floor();
    let at_ms = floor.desk.stamp(caller.business_ms);
    let position = floor.books.buckets.open(Opening { msisdn, granted_fen, closed: false, at_ms });
    let view = floor.books.buckets.get(position).map(views::bucket);
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

#[derive(Deserialize)]
struct Subscription {
    callback: String,
}

#[derive(Serialize)]
struct Subscribed {
    id: String,
    callback: String,
}

/// Listeners of one telco at most.
const HUBS_MAX: usize = 64;

async fn subscribe(
    State(telco): State<Arc<Telco>>,
    Body(body): Body<Subscription>,
) -> Result<(StatusCode, Json<Subscribed>), Refused> {
    if !body.callback.starts_with("http://") {
        return Err(Refused::malformed("invalidBody", "`callback` is not an `http://` address"));
    }
    let mut floor = telco.floor();
    if floor.books.hubs.len() >= HUBS_MAX {
        return Err(Refused::conflict("tooManySubscriptions", format!("at most {HUBS_MAX} listeners")));
    }
    floor.books.hubs_made += 1;
    let id = format!("hub-{}", floor.books.hubs_made);
    floor.books.hubs.insert(id.clone(), body.callback.as_str().into());
    Ok((StatusCode::CREATED, Json(Subscribed { id, callback: body.callback })))
}

async fn unsubscribe(State(telco): State<Arc<Telco>>, Id(id): Id) -> Result<StatusCode, Refused> {
    let removed = telco.floor().books.hubs.remove(&id);
    removed.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Refused::not_found("subscription", &id))
}

//! The routes together, and their description.

use crate::access::{self, AccessRulesError, Actions};
use crate::alarms::{self, Alarms};
use crate::batch;
use crate::codes::{self, Courier};
use crate::context::{Api, Context};
use crate::custody;
use crate::description;
use crate::envelope;
use crate::machine;
use crate::notices::{self, Started};
use crate::routes::{
    approvals, audit, batches, calendar, callbacks, campaigns, cancel, clients, clock, complaint_list, complaints,
    decline, erasure, export, handout, health, holdings, keys, ledger, legal_holds, limits, metrics, numbers,
    order_list, orders, partners, persons, policies, prices, problems, providers, quotes, recharges, reveals, reviews,
    sessions, signers, staff, staff_admin, staff_sessions, statements, subscribers, till, timeline,
};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use std::sync::{Arc, LazyLock};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(
    title = "Tongbao",
    description = "Conversion of prepaid telecom value. Amounts are whole fen; moments are RFC 3339; errors are RFC 9457 problems with a stable `code`.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Description;

type Routes = OpenApiRouter<Arc<Context>>;

fn business() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(subscribers::register))
        .routes(routes!(subscribers::get))
        .routes(routes!(recharges::recharge))
        .routes(routes!(holdings::get))
        .routes(routes!(statements::get))
        .routes(routes!(limits::get))
        .routes(routes!(quotes::ask))
        .routes(routes!(orders::place, order_list::list))
        .routes(routes!(orders::get))
        .routes(routes!(till::place))
        .routes(routes!(cancel::cancel))
        .routes(routes!(decline::decline))
        .routes(routes!(handout::collect))
        .routes(routes!(reviews::review))
        .routes(routes!(timeline::get))
        .routes(routes!(complaints::file, complaint_list::list))
        .routes(routes!(complaints::get))
        .routes(routes!(complaints::answer))
        .routes(routes!(complaints::withdraw))
        .routes(routes!(batches::send, batches::list))
        .routes(routes!(batches::get))
        .routes(routes!(batches::results))
        .routes(routes!(ledger::accounts))
        .routes(routes!(ledger::trial_balance))
        .routes(routes!(partners::list))
        .routes(routes!(policies::list))
        .routes(routes!(policies::get))
        .routes(routes!(approvals::propose, approvals::list))
        .routes(routes!(approvals::get))
        .routes(routes!(approvals::act))
        .routes(routes!(campaigns::list))
        .routes(routes!(campaigns::get))
        .routes(routes!(calendar::get))
        .routes(routes!(numbers::get, numbers::replace))
        .routes(routes!(prices::get))
        .routes(routes!(problems::list))
        .routes(routes!(problems::get))
        .routes(routes!(callbacks::take))
        .merge(identities())
        .routes(routes!(persons::get))
        .routes(routes!(erasure::ask))
        .routes(routes!(legal_holds::place))
        .routes(routes!(legal_holds::lift))
        .routes(routes!(reveals::reveal))
        .routes(routes!(export::export))
}

/// Who comes in, and by what.
fn identities() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(sessions::sign_in, sessions::sign_out))
        .routes(routes!(sessions::me))
        .routes(routes!(staff_sessions::change_password))
        .routes(routes!(staff::list, staff::invite))
        .routes(routes!(staff::enrol))
        .routes(routes!(staff::confirm))
        .routes(routes!(staff_admin::disable))
        .routes(routes!(staff_admin::set_roles))
        .routes(routes!(staff_admin::invite_again))
        .routes(routes!(staff_sessions::list, staff_sessions::end_all))
        .routes(routes!(staff_sessions::end))
        .routes(routes!(clients::add, clients::list))
        .routes(routes!(clients::shut_out))
        .routes(routes!(clients::add_agent))
        .routes(routes!(keys::list))
        .routes(routes!(keys::issue))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(signers::add, signers::list))
        .routes(routes!(signers::revoke))
        .routes(routes!(crate::routes::codes::send))
        .routes(routes!(crate::routes::codes::sign_in))
        .routes(routes!(providers::begin))
        .routes(routes!(providers::end))
        .routes(routes!(till::invite))
        .routes(routes!(till::enrol))
        .routes(routes!(audit::list))
}

/// What must answer however busy the node is.
fn operations() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::get))
        .routes(routes!(describe))
}

fn test_clock() -> Routes {
    OpenApiRouter::new().routes(routes!(clock::look)).routes(routes!(clock::advance)).routes(routes!(clock::sweep))
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    operation_id = "getDescription",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json"))
)]
async fn describe() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(openapi_json);
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// The description of all routes as OpenAPI 3.1, those of the test clock included.
pub fn openapi_json() -> String {
    let routes = OpenApiRouter::with_openapi(Description::openapi()).merge(business());
    description::text(routes.merge(operations()).merge(test_clock()).into_openapi())
}

/// The API as a service, and what answers the order files that are sent to it. Must be called inside a tokio runtime.
///
/// Errors: there is a route that no policy lets anybody use.
pub fn router(api: Api) -> Result<Router, AccessRulesError> {
    let test_clock = if api.test_clock { test_clock() } else { OpenApiRouter::new() };
    let described = business().merge(operations()).merge(self::test_clock()).into_openapi();
    let actions = Actions::of(&described, &operations().into_openapi());
    api.may.check_routes(actions.all())?;
    let (alarms, told) = Alarms::new();
    let messages = api.messages.clone();
    let (courier, post) = messages.as_ref().map(Courier::of).unzip();
    let started = Started::of(&api.node);
    let context = Arc::new(Context::new(api, actions, alarms, courier));
    if let Some((messages, post)) = messages.zip(post) {
        tokio::spawn(notices::run(Arc::clone(&context), messages.clone(), started));
        tokio::spawn(codes::run(Arc::clone(&context), messages, post));
    }
    tokio::spawn(batch::runner::run(Arc::clone(&context)));
    tokio::spawn(custody::run(Arc::clone(&context)));
    tokio::spawn(alarms::run(Arc::clone(&context), told));
    tokio::spawn(machine::run(Arc::clone(&context)));
    let admit = from_fn_with_state(Arc::clone(&context), envelope::admit);
    let wrap = from_fn_with_state(Arc::clone(&context), envelope::wrap);
    let enter = from_fn_with_state(Arc::clone(&context), access::enter);
    let admitted = business().merge(test_clock).layer(admit);
    let (routes, _) = admitted.merge(operations()).split_for_parts();
    Ok(routes
        .fallback(envelope::no_route)
        .method_not_allowed_fallback(envelope::no_method)
        .layer(enter)
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(wrap)
        .with_state(context))
}

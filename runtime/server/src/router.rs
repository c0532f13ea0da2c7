//! The routes together, and their description.

use crate::context::{Api, Context};
use crate::envelope;
use crate::routes::{cancel, orders};
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{RefOr, Schema};
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
    OpenApiRouter::new().routes(routes!(orders::place)).routes(routes!(orders::get)).routes(routes!(cancel::cancel))
}

/// The bodies of requests; a field that they do not have is refused.
const BODIES: [&str; 1] = ["NewOrder"];

/// The description of all routes as OpenAPI 3.1, those of the test clock included.
pub fn openapi_json() -> String {
    let mut described = OpenApiRouter::with_openapi(Description::openapi()).merge(business()).into_openapi();
    let schemas = described.components.as_mut().map(|components| &mut components.schemas);
    for (name, schema) in schemas.into_iter().flatten() {
        if let RefOr::T(Schema::Object(body)) = schema
            && BODIES.contains(&name.as_str())
        {
            body.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
    let mut text = described.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The API as a service.
pub fn router(api: Api) -> Router {
    let context = Arc::new(Context::new(api));
    let admit = from_fn_with_state(Arc::clone(&context), envelope::admit);
    let wrap = from_fn_with_state(Arc::clone(&context), envelope::wrap);
    let business = business().split_for_parts().0.layer(admit);
    business
        .fallback(envelope::no_route)
        .method_not_allowed_fallback(envelope::no_method)
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(wrap)
        .with_state(context)
}

//! The description of all routes as OpenAPI 3.1, with what surrounds every route told once.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema};

/// The bodies of requests; a field that they do not have is refused.
const BODIES: [&str; 34] = [
    "Because",
    "ClockMove",
    "LiftedHold",
    "NewAct",
    "NewApproval",
    "NewClient",
    "NewCode",
    "NewComplaint",
    "NewConfirmation",
    "NewDecline",
    "NewDevice",
    "NewDeviceInvitation",
    "NewEnrolment",
    "NewErasure",
    "NewHold",
    "NewKey",
    "NewLot",
    "NewOrder",
    "NewOutcome",
    "NewPassword",
    "NewQuote",
    "NewReveal",
    "NewReview",
    "NewRoles",
    "NewRotation",
    "NewSession",
    "NewSigner",
    "NewStaff",
    "NewSubscriber",
    "NewSubscriberSession",
    "NewTillOrder",
    "NewWithdrawal",
    "ReplaceNumbers",
    "Withdrawal",
];

/// What any request may be told before its route is reached.
const BY_THE_DOOR: [(&str, &str); 6] = [
    ("400", "Malformed"),
    ("401", "Nobody known calls, or a credential does not hold"),
    ("403", "Not to this caller"),
    ("429", "A limit is used up"),
    ("431", "The head is too long"),
    ("503", "Nothing was done, or the outcome is not known"),
];
/// What any request with a body may be told.
const BY_THE_BODY: [(&str, &str); 3] =
    [("408", "The body came too slowly"), ("413", "The body is too long"), ("415", "The body is of another type")];

/// What any request may be told whose path names something.
const BY_THE_PATH: [(&str, &str); 1] = [("404", "There is none")];

/// The text of the description.
pub fn text(mut described: OpenApi) -> String {
    let schemas = described.components.as_mut().map(|components| &mut components.schemas);
    for (name, schema) in schemas.into_iter().flatten() {
        if let RefOr::T(Schema::Object(body)) = schema
            && BODIES.contains(&name.as_str())
        {
            body.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
    for (path, item) in &mut described.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        // What must always answer is neither limited nor closed.
        for operation in operations.into_iter().flatten().filter(|_| path.starts_with("/v1/") || path == "/metrics") {
            surround(operation, path);
        }
    }
    let mut text = described.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Adds what an operation does not say itself.
fn surround(operation: &mut Operation, path: &str) {
    let by_the_body = operation.request_body.as_ref().map(|_| BY_THE_BODY).into_iter().flatten();
    let by_the_path = path.contains('{').then_some(BY_THE_PATH).into_iter().flatten();
    for (status, why) in BY_THE_DOOR.into_iter().chain(by_the_body).chain(by_the_path) {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(why)));
    }
}

fn problem(why: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(why).content("application/problem+json", content).build()
}

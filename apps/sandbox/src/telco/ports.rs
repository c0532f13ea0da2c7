//! Numbers that left this telco for another, or came from one: the register that a number's first telco keeps.
//!
//! TMF654 knows no such register; the resource is the sandbox's own.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{Telco, check_msisdn};
use crate::counterparty::Counterparty;
use crate::refused::Refused;
use crate::request::Id;

/// Where the register is.
const BASE: &str = "/numberPortability/v1";

/// A number that another telco serves now, in a seed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ported {
    pub(super) msisdn: String,
    pub(super) to: String,
}

impl Ported {
    /// Errors: the number is none, or the telco has no name.
    pub(super) fn check(&self) -> Result<(), Refused> {
        check_msisdn(&self.msisdn)?;
        if self.to.is_empty() {
            return Err(Refused::malformed("invalidTelco", "`to` names no telco"));
        }
        Ok(())
    }
}

/// Who serves a number.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    number: String,
    served_by: String,
}

pub(super) fn router() -> Router<Arc<Telco>> {
    Router::new().nest(BASE, Router::new().route("/number/{id}", get(served)))
}

async fn served(State(telco): State<Arc<Telco>>, Id(number): Id) -> Result<Json<Served>, Refused> {
    check_msisdn(&number)?;
    let ported = telco.floor().books.ported.get(&number).cloned();
    let served_by = ported.unwrap_or_else(|| telco.house.name.clone());
    Ok(Json(Served { number, served_by }))
}

//! Reading paths and queries, strictly.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The first word that a path names; none when it does not read as one.
pub async fn path_word<T: FromStr, S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().next().and_then(|(_, text)| text.parse().ok())
}

/// The parameters of a query.
pub struct Parameters(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Parameters, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = pairs.map_err(|_| Problem::malformed("", "a query of `name=value` pairs"))?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.insert(name, value).is_some() {
                return Err(Problem::malformed("", "each query parameter once"));
            }
        }
        Ok(Parameters(parameters))
    }
}

impl Parameters {
    /// The parameters, none but these.
    pub fn only(self, allowed: &[&str]) -> Result<Parameters, Problem> {
        if self.0.keys().all(|name| allowed.contains(&name.as_str())) {
            return Ok(self);
        }
        let list = format!("the query parameters `{}`", allowed.join("`, `"));
        Err(Problem::malformed("", &list))
    }

    /// A parameter that reads as a value of its type; none when it is left out.
    pub fn word<T: FromStr>(&self, name: &str, allowed: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Problem::malformed(name, allowed))
    }
}

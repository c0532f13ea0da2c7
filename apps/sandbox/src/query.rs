//! TMF list queries: `fields=`, equality filters, paging.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde_json::Value;

use crate::clock::parse_rfc3339;
use crate::refused::Refused;

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// One list query, checked.
#[derive(Debug)]
pub(crate) struct ListQuery {
    /// Attributes to answer with; empty means all.
    fields: Vec<String>,
    filters: HashMap<String, String>,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    /// Only rows with a greater sequence.
    pub after: u64,
    /// Matching rows to pass over.
    pub offset: usize,
    /// Rows to answer at most.
    pub limit: usize,
}

impl<S: Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|_| Refused::malformed("invalidQuery", "the query string cannot be read"))?;
        ListQuery::read(pairs)
    }
}

impl ListQuery {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Refused> {
        let mut query = ListQuery {
            fields: Vec::new(),
            filters: HashMap::new(),
            from_ms: None,
            until_ms: None,
            after: 0,
            offset: 0,
            limit: LIMIT_DEFAULT,
        };
        for (key, value) in pairs {
            match key.as_str() {
                "fields" => query.fields = value.split(',').map(str::to_owned).collect(),
                "after" => query.after = count(&key, &value)?,
                "offset" => query.offset = size(&key, &value)?,
                "limit" => query.limit = size(&key, &value)?.clamp(1, LIMIT_MAX),
                "confirmationDate.gte" => query.from_ms = Some(stamp(&key, &value)?),
                "confirmationDate.lt" => query.until_ms = Some(stamp(&key, &value)?),
                _ => drop(query.filters.insert(key, value)),
            }
        }
        Ok(query)
    }

    /// The value asked for an attribute, when it is filtered.
    pub fn asked(&self, attribute: &str) -> Option<&str> {
        self.filters.get(attribute).map(String::as_str)
    }

    /// Whether a stamp lies in the asked range; a row without one lies only in no range at all.
    pub fn covers(&self, at_ms: Option<i64>) -> bool {
        let Some(at_ms) = at_ms else {
            return self.from_ms.is_none() && self.until_ms.is_none();
        };
        self.from_ms.is_none_or(|from| at_ms >= from) && self.until_ms.is_none_or(|until| at_ms < until)
    }

    /// Whether a row has every filtered value.
    pub fn matches(&self, row: &Value) -> bool {
        self.filters.iter().all(|(path, value)| holds(row, path, value))
    }

    /// The row with the asked attributes only; `id` and `href` always stay, as TMF630 asks.
    pub fn project(&self, row: Value) -> Value {
        let Value::Object(mut attributes) = row else {
            return row;
        };
        if !self.fields.is_empty() {
            let kept = |name: &String| name == "id" || name == "href" || self.fields.contains(name);
            attributes.retain(|name, _| kept(name));
        }
        Value::Object(attributes)
    }
}

fn count(key: &str, value: &str) -> Result<u64, Refused> {
    value.parse().map_err(|_| Refused::malformed("invalidQuery", format!("`{key}` is not a whole number: {value}")))
}

fn size(key: &str, value: &str) -> Result<usize, Refused> {
    count(key, value).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
}

fn stamp(key: &str, value: &str) -> Result<i64, Refused> {
    // An unescaped `+08:00` arrives with a space; no other space can stand there.
    let text = value.replace(' ', "+");
    parse_rfc3339(&text)
        .ok_or_else(|| Refused::malformed("invalidQuery", format!("`{key}` is not an RFC 3339 date: {value}")))
}

/// Whether the value at a dotted path equals `wanted`; of a list, whether any element's does.
fn holds(row: &Value, path: &str, wanted: &str) -> bool {
    match row {
        Value::Array(items) => items.iter().any(|item| holds(item, path, wanted)),
        Value::Object(attributes) => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            attributes.get(first).is_some_and(|inner| holds(inner, rest, wanted))
        }
        Value::String(text) => path.is_empty() && text == wanted,
        Value::Number(number) => path.is_empty() && number.as_str() == wanted,
        Value::Bool(flag) => path.is_empty() && wanted == if *flag { "true" } else { "false" },
        Value::Null => false,
    }
}

#[cfg(test)]
mod tests {
    use super::ListQuery;
    use serde_json::json;

    fn query(pairs: &[(&str, &str)]) -> ListQuery {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        ListQuery::read(pairs.collect()).expect("a good query")
    }

    #[test]
    fn filters_reach_into_objects_and_lists() {
        let row =
            json!({"id": "1", "sequence": 7, "requestor": {"id": "R"}, "logicalResource": [{"id": "a"}, {"id": "b"}]});
        for (path, value, expected) in [
            ("id", "1", true),
            ("id", "2", false),
            ("sequence", "7", true),
            ("requestor.id", "R", true),
            ("requestor", "R", false),
            ("logicalResource.id", "b", true),
            ("logicalResource.id", "c", false),
            ("nothing", "1", false),
        ] {
            assert_eq!(query(&[(path, value)]).matches(&row), expected, "{path}={value}");
        }
    }

    #[test]
    fn fields_keep_what_was_asked_and_the_identity() {
        let row = json!({"id": "1", "href": "/1", "status": "active", "name": "x"});
        assert_eq!(query(&[("fields", "status")]).project(row), json!({"id": "1", "href": "/1", "status": "active"}));
    }

    #[test]
    fn a_date_range_includes_its_start_and_not_its_end() {
        let range = query(&[
            ("confirmationDate.gte", "1970-01-01T00:00:01Z"),
            ("confirmationDate.lt", "1970-01-01T08:00:02 08:00"),
        ]);
        for (at_ms, expected) in [(999, false), (1_000, true), (1_999, true), (2_000, false)] {
            assert_eq!(range.covers(Some(at_ms)), expected, "{at_ms}");
        }
        assert!(!range.covers(None));
    }

    #[test]
    fn bad_paging_is_refused() {
        for (key, value) in [("limit", "-1"), ("after", "x"), ("offset", ""), ("confirmationDate.gte", "yesterday")] {
            assert!(ListQuery::read(vec![(key.to_owned(), value.to_owned())]).is_err(), "{key}={value}");
        }
    }
}

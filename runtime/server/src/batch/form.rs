//! The two forms that an order file and its results may have over HTTP: the contract's CSV, and one JSON object a row.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use orderfile::{Column, Header, Lines, OrderLine, Rejected, Row, echoed, result_fields};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead};

/// The fields of a result, in the order of the contract.
const RESULT_NAMES: [&str; 6] = ["request_id", "outcome", "code", "fee_fen", "payout", "arrives_on"];

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// RFC 4180, as the contract has it.
    Csv,
    /// One JSON object a line, with the contract's names.
    Ndjson,
}

impl Form {
    /// The form of a body; none when its type is neither.
    pub fn sent(headers: &HeaderMap) -> Option<Form> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match value.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "text/csv" => Some(Form::Csv),
            "application/x-ndjson" => Some(Form::Ndjson),
            _ => None,
        }
    }

    /// The form that is wanted: CSV unless JSON is named.
    pub fn wanted(headers: &HeaderMap) -> Form {
        let named = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if named.to_ascii_lowercase().contains("application/x-ndjson") { Form::Ndjson } else { Form::Csv }
    }

    /// The form in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Ndjson => "application/x-ndjson",
        }
    }
}

/// An order file being read.
pub struct Sheet<R> {
    lines: Lines<R>,
    /// None for JSON, where every row names its fields.
    header: Option<Header>,
}

impl<R: BufRead> Sheet<R> {
    /// Begins to read.
    ///
    /// Errors: the source's; within, that the file is rejected.
    pub fn begin(form: Form, source: R) -> io::Result<Result<Sheet<R>, Rejected>> {
        let mut lines = Lines::new(source);
        Ok(match form {
            Form::Ndjson => Ok(Sheet { lines, header: None }),
            Form::Csv => {
                let header = Header::read(lines.read()?);
                header.map(|header| Sheet { lines, header: Some(header) })
            }
        })
    }

    /// The next lines, at most so many; none at the end.
    ///
    /// Errors: the source's.
    pub fn next(&mut self, most: usize) -> io::Result<Vec<Box<[u8]>>> {
        let mut next = Vec::with_capacity(most);
        while next.len() < most
            && let Some(line) = self.lines.read()?
        {
            next.push(line.bytes.into());
        }
        Ok(next)
    }

    /// What a line is.
    pub fn row<'l>(&self, line: &'l [u8]) -> OrderLine<'l> {
        match &self.header {
            Some(header) => header.line(line),
            None => row_of_json(line),
        }
    }
}

/// A row as JSON has it: texts, of which those left out are empty. An amount may be a number, as it is written.
fn row_of_json(line: &[u8]) -> OrderLine<'static> {
    let Ok(named) = serde_json::from_slice::<Named>(line) else { return OrderLine::Broken(Cow::Borrowed("")) };
    let echo = echoed(&named.fields[Column::RequestId as usize]).to_owned();
    let row = Row::of(named.fields.map(Cow::Owned)).filter(|_| named.is_row);
    row.map_or(OrderLine::Broken(Cow::Owned(echo)), OrderLine::Row)
}

/// An object's members that the contract names.
#[derive(Default)]
struct Named {
    fields: [String; 9],
    /// Whether there were no others, none twice, and all of them texts.
    is_row: bool,
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
        deserializer.deserialize_map(NamedVisitor)
    }
}

struct NamedVisitor;

impl<'de> Visitor<'de> for NamedVisitor {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Named, A::Error> {
        let mut named = Named { is_row: true, ..Named::default() };
        let mut seen = [false; 9];
        while let Some(name) = members.next_key::<String>()? {
            let Some(place) = Column::NAMES.iter().position(|known| *known == name) else {
                members.next_value::<IgnoredAny>()?;
                named.is_row = false;
                continue;
            };
            let text = text_of(members.next_value()?, place == Column::Amount as usize);
            named.is_row &= !std::mem::replace(&mut seen[place], true) && text.is_some();
            named.fields[place] = text.unwrap_or_default();
        }
        if seen == [false; 9] {
            return Err(A::Error::custom("no field of the contract"));
        }
        Ok(named)
    }
}

fn text_of(value: Value, may_be_number: bool) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) if may_be_number => Some(number.as_str().to_owned()),
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A line of results as a line of JSON; empty for the header and for what is no result.
pub fn result_as_json(line: &[u8]) -> String {
    let Some(fields) =
        result_fields(line).filter(|fields| fields[0] != RESULT_NAMES[0] || fields[1] != RESULT_NAMES[1])
    else {
        return String::new();
    };
    let value = |place: usize, field: &str| match (place, field) {
        (1.., "") => Value::Null,
        (3 | 4, digits) => digits.parse::<u64>().map_or(Value::Null, Value::from),
        (_, text) => json!(text),
    };
    let members = fields
        .iter()
        .enumerate()
        .map(|(place, field)| format!("{}:{}", Value::from(RESULT_NAMES[place]), value(place, field)));
    format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<[String; 3], String> {
        match row_of_json(line.as_bytes()) {
            OrderLine::Row(row) => {
                Ok([Column::RequestId, Column::Amount, Column::Target].map(|column| row.get(column).to_owned()))
            }
            OrderLine::Broken(echo) => Err(echo.into_owned()),
        }
    }

    #[test]
    fn a_row_of_json_has_texts_and_no_other_names() {
        let fine = |id: &str, amount: &str| Ok([id.to_owned(), amount.to_owned(), String::new()]);
        assert_eq!(read(r#"{"request_id":"r1","amount":"100"}"#), fine("r1", "100"));
        assert_eq!(read(r#"{"amount":1e3,"request_id":"r1","target":null}"#), fine("r1", "1e+3").or(fine("r1", "1e3")));
        assert_eq!(read(r#"{"amount":100,"request_id":"\u0072"}"#), fine("r", "100"));
        for (line, echo) in [
            ("", ""),
            ("[]", ""),
            ("{}", ""),
            ("nonsense", ""),
            (r#"{"request_id":"r1","amount":1"#, ""),
            (r#"{"request_id":"r1"} {}"#, ""),
            (r#"{"request_id":"r1","colour":"red"}"#, "r1"),
            (r#"{"request_id":"r1","amount":[1]}"#, "r1"),
            (r#"{"request_id":"r1","product":7}"#, "r1"),
            (r#"{"request_id":"r1","amount":1,"amount":2}"#, "r1"),
            (r#"{"request_id":"r1","target":"\u0000"}"#, "r1"),
            (r#"{"request_id":"r 1","colour":"red"}"#, ""),
        ] {
            assert_eq!(read(line), Err(echo.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_result_is_told_in_json_as_in_csv() {
        let accepted = r#"{"request_id":"r,1","outcome":"accepted","code":null,"fee_fen":300,"payout":9700,"arrives_on":"2026-03-04"}"#;
        assert_eq!(result_as_json(b"\"r,1\",accepted,,300,9700,2026-03-04"), format!("{accepted}\n"));
        let refused = r#"{"request_id":"","outcome":"refused","code":"malformed_request","fee_fen":null,"payout":null,"arrives_on":null}"#;
        assert_eq!(result_as_json(b",refused,malformed_request,,,"), format!("{refused}\n"));
        assert_eq!(result_as_json(orderfile::RESULTS_HEADER.trim_end().as_bytes()), "");
    }
}

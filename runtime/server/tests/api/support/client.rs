//! A caller. Paths are given as templates of the description, so that a test can see which routes are exercised.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A text field of the body.
    pub fn field(&self, name: &str) -> String {
        let body = self.json();
        body[name].as_str().unwrap_or_else(|| panic!("no text `{name}`: {body}")).to_owned()
    }

    pub fn position(&self) -> u64 {
        self.header("tongbao-position").and_then(|text| text.parse().ok()).expect("a position")
    }

    pub fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// Checks status and code, and that it is a whole problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string() && body["hint"].is_string(), "{body}");
        assert!(self.header("x-request-id").is_some());
        body
    }

    #[track_caller]
    pub fn ok(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A request on its way.
pub struct Sent(RequestBuilder, Option<String>);

impl Sent {
    pub fn new(client: &Client, base: &str, method: Method, template: &str, words: &[&str]) -> Sent {
        let mut path = template.to_owned();
        for word in words {
            let (open, close) = (path.find('{').expect("a place"), path.find('}').expect("a place"));
            path.replace_range(open..=close, word);
        }
        Sent(client.request(method, format!("{base}{path}")), None)
    }

    pub fn query(self, pairs: &[(&str, &str)]) -> Sent {
        let mut builder = self.0;
        let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (client, request) = builder.build_split();
        let mut request = request.expect("a request");
        request.url_mut().set_query(Some(&text.join("&")));
        builder = RequestBuilder::from_parts(client, request);
        Sent(builder, self.1)
    }

    pub fn header(self, name: &str, value: &str) -> Sent {
        Sent(self.0.header(name, value), self.1)
    }

    /// With the API key of somebody.
    pub fn by(self, key: &str) -> Sent {
        Sent(self.0, Some(key.to_owned()))
    }

    /// By nobody known.
    pub fn by_nobody(self) -> Sent {
        Sent(self.0, None)
    }

    pub fn key(self, key: &str) -> Sent {
        self.header("Idempotency-Key", key)
    }

    pub fn json(self, body: &Value) -> Sent {
        Sent(self.0.json(body), self.1)
    }

    pub fn text(self, kind: &str, body: impl Into<reqwest::Body>) -> Sent {
        Sent(self.0.header("Content-Type", kind).body(body), self.1)
    }

    pub async fn reply(self) -> Reply {
        let request = match &self.1 {
            Some(key) => self.0.bearer_auth(key),
            None => self.0,
        };
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Reply { status, headers, bytes: answer.bytes().await.expect("a body").to_vec() }
    }
}

//! The demonstration's side of HTTP: whatever is not an answer is asked again with the same key.

use crate::failure::{Doing, Failure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long one request may take.
const REQUEST_MOST: Duration = Duration::from_secs(15);
/// How long the node may take to come up.
const READY_MOST: Duration = Duration::from_secs(120);
/// Pause before the same request is sent again.
const AGAIN: Duration = Duration::from_millis(20);

/// What a request brought.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body; null when there is none.
    pub body: Value,
    /// How long the answering attempt took.
    pub took: Duration,
    /// How often it was sent.
    pub attempts: u32,
}

fn is_no_answer(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::CONFLICT || status == StatusCode::TOO_MANY_REQUESTS
}

/// A client of one base address.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: String,
    key: Option<String>,
}

impl Http {
    /// A client of `base`.
    pub fn new(base: impl Into<String>) -> Result<Http, Failure> {
        let client = Client::builder().timeout(REQUEST_MOST).pool_max_idle_per_host(128).build();
        Ok(Http { client: client.doing("making a client")?, base: base.into(), key: None })
    }

    /// The same with an API key.
    pub fn with_key(self, key: &str) -> Http {
        Http { key: Some(key.to_owned()), ..self }
    }

    /// Sends once.
    pub async fn send(&self, method: Method, path: &str, key: Option<&str>, body: &Value) -> Result<Reply, String> {
        let started = Instant::now();
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if method != Method::GET {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| error.to_string())?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status, body, took: started.elapsed(), attempts: 1 })
    }

    /// Sends a keyed request until it is answered: silence, 409 (still running), 429 (a limit) and 5xx are no answers.
    pub async fn insist(&self, path: &str, key: &str, body: &Value) -> Reply {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.send(Method::POST, path, Some(key), body).await {
                Ok(reply) if !is_no_answer(reply.status) => {
                    return Reply { attempts, ..reply };
                }
                Ok(_) | Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Reads, with an error in words.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        let reply = self.send(Method::GET, path, None, &Value::Null).await.doing(path)?;
        if reply.status.is_success() {
            return Ok(reply.body);
        }
        Err(Failure::unable(format!("{path} answered {}: {}", reply.status, reply.body)))
    }

    /// Reads text.
    pub async fn text(&self, path: &str) -> Result<String, Failure> {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.doing(path)?;
        response.error_for_status().doing(path)?.text().await.doing(path)
    }

    /// Sends without a key.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let reply = self.send(Method::POST, path, None, body).await.doing(path)?;
        if reply.status.is_success() {
            return Ok(reply.body);
        }
        Err(Failure::unable(format!("{path} answered {}: {}", reply.status, reply.body)))
    }

    /// Waits until the node is ready.
    pub async fn ready(&self) -> Result<(), Failure> {
        let until = Instant::now() + READY_MOST;
        while Instant::now() < until {
            let reply = self.send(Method::GET, "/readyz", None, &json!(null)).await;
            if reply.is_ok_and(|reply| reply.status.is_success()) {
                return Ok(());
            }
            tokio::time::sleep(AGAIN).await;
        }
        Err(Failure::unable(format!("the node was not ready after {} s", READY_MOST.as_secs())))
    }
}

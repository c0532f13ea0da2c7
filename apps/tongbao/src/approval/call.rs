//! One request to a running node, and its answer: JSON, or the problem as a failure.

use super::arguments::NodeOptions;
use crate::failure::{Doing, Failure};
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::Duration;

/// How long a node may take.
const ANSWER_MOST: Duration = Duration::from_secs(60);

/// A request to a node.
pub struct Call<'a> {
    /// Which node.
    pub node: &'a NodeOptions,
    /// From the first slash on.
    pub path: String,
    /// What is sent; nothing for a look.
    pub sent: Option<Value>,
}

impl Call<'_> {
    /// What the node answers.
    ///
    /// Errors: there is no node, or it refuses, with the problem's code, detail and hint.
    pub fn answer(self) -> Result<Value, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
        runtime.block_on(self.ask())
    }

    async fn ask(self) -> Result<Value, Failure> {
        let server = self.node.server.trim_end_matches('/');
        let method = if self.sent.is_some() { Method::POST } else { Method::GET };
        let client = Client::builder().timeout(ANSWER_MOST).build().doing("starting")?;
        let mut request = client.request(method, format!("{server}{}", self.path)).bearer_auth(&self.node.key);
        if let Some(body) = &self.sent {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| {
            Failure::unable(format!("asking `{server}`: {}", error.without_url()))
                .hint("start a node with `tongbao serve`, or name its address with --server")
        };
        let answer = request.send().await.map_err(unreachable)?;
        let fine = answer.status().is_success();
        let body: Value = answer.json().await.doing(&format!("reading the answer of `{server}`"))?;
        if fine { Ok(body) } else { Err(refused(&body)) }
    }
}

fn refused(problem: &Value) -> Failure {
    let text = |name: &str| problem[name].as_str().unwrap_or_default();
    let mut message = format!("{}: {}", text("code"), text("title"));
    if !text("detail").is_empty() {
        message += &format!("; {}", text("detail"));
    }
    for reason in problem["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        message += &format!("\n  {reason}");
    }
    Failure::unable(message).hint(text("hint"))
}

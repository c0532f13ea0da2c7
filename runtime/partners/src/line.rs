//! The HTTP line to one partner: pooled connections, one timeout, bounded answers, no repeats.

use std::time::Duration;

use facts::Millis;
use reqwest::{Client, Method, RequestBuilder, Url, redirect, retry};
use serde_json::Value;

use crate::outside::is_nobodys;
use crate::{ConfigFault, Request};

/// Longest answer to an action or an inquiry.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Longest page of a statement.
pub(crate) const PAGE_BYTES_MAX: usize = 16 << 20;
/// Connections kept open when nothing is asked; a partner's window is not above it in the shipped policy.
const IDLE_CONNECTIONS_MAX: usize = 128;

/// Carries our reference.
pub(crate) const CORRELATION: &str = "X-Correlation-ID";
/// Carries node time in milliseconds since 1970.
pub(crate) const BUSINESS_TIME: &str = "X-Business-Time-Ms";

/// A line to one partner.
pub(crate) struct Line {
    client: Client,
    base: String,
}

/// What came back.
pub(crate) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Line {
    /// Sets up a line; nothing is called yet.
    ///
    /// Errors: an address that is not plain `http`, or has more than host, port and path.
    pub fn new(base_url: &str, reply_timeout: Duration) -> Result<Line, ConfigFault> {
        let base = checked(base_url)?;
        let client = Client::builder()
            // A redirect or a retry would repeat a request that takes money.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .timeout(reply_timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build()
            .map_err(|error| ConfigFault::Client(error.to_string()))?;
        Ok(Line { client, base })
    }

    /// A request to be completed and asked.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Asks for something under our reference. `None` is silence.
    pub async fn post(&self, path: &str, request: &Request, body: &Value) -> Option<Reply> {
        let call = self.request(Method::POST, path).json(body);
        let call = call.header(CORRELATION, request.call.to_string()).header(BUSINESS_TIME, request.now.0);
        self.ask(call, ANSWER_BYTES_MAX).await
    }

    /// Asks what there is, at a node time. `None` is silence.
    pub async fn get(&self, path: &str, now: Millis) -> Option<Reply> {
        self.ask(self.request(Method::GET, path).header(BUSINESS_TIME, now.0), ANSWER_BYTES_MAX).await
    }

    /// Sends a request once. `None` is silence: no answer in time, a broken one, or one of more than `bytes_max`.
    pub async fn ask(&self, request: RequestBuilder, bytes_max: usize) -> Option<Reply> {
        match read(request, bytes_max).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "partner gave no answer");
                None
            }
        }
    }
}

async fn read(request: RequestBuilder, bytes_max: usize) -> reqwest::Result<Option<Reply>> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            tracing::warn!(status, bytes_max, "partner's answer is too long");
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(Reply { status, body }))
}

fn checked(base_url: &str) -> Result<String, ConfigFault> {
    let url = Url::parse(base_url).map_err(|_| ConfigFault::Address)?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.scheme() != "http" || url.host().is_none() || url.fragment().is_some() || !bare {
        return Err(ConfigFault::Address);
    }
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    if literal.is_some_and(is_nobodys) {
        return Err(ConfigFault::Address);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_called() {
        assert_eq!(checked("http://127.0.0.1:80/"), Ok("http://127.0.0.1".to_owned()));
        assert_eq!(checked("http://telco.test:8080/gate"), Ok("http://telco.test:8080/gate".to_owned()));
        let refused = [
            "http://169.254.169.254/latest",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "",
            "telco",
            "https://telco.test",
            "http://a:b@telco.test",
            "http://telco.test?x",
            "http://telco.test#x",
        ];
        for address in refused {
            assert_eq!(checked(address), Err(ConfigFault::Address), "{address}");
        }
    }
}

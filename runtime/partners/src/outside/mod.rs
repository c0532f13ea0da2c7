//! The one way to ask an address that somebody configures or sends: a provider's, a webhook's, a caller's.
//!
//! The name is resolved once, every address that it has is looked at, and the connection goes to one of those and no
//! other, so that a name which answers differently the second time gains nothing. Redirects are not followed, proxies of
//! the environment are not used, and the answer is bounded in time and size.
//!
//! Exempt are the lines to partners ([`crate::TelcoConfig`], [`crate::BankConfig`]): the operator alone names them, on the
//! command line, and a telco's gate is on a private line as a rule. Of them only what can be nobody's gate is refused.

mod reach;

pub use reach::Reach;
pub(crate) use reach::is_nobodys;

use reqwest::{Client, Method, Url, redirect, retry};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use thiserror::Error;

/// How an address may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    /// Where to.
    pub reach: Reach,
    /// How long all of it may take.
    pub time_most: Duration,
    /// The longest answer.
    pub bytes_max: usize,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: &'a str,
    /// Fields of the head.
    pub headers: &'a [(&'static str, String)],
    /// The body.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer. Never holds the address: it may carry a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutsideFault {
    /// The address is not as it must be.
    #[error("the address is refused: allowed is `https://`, a host, a path, and no name or password")]
    Address,
    /// The host is, or also is, where we may not ask.
    #[error("the host is refused: allowed are hosts all of whose addresses are public")]
    Forbidden,
    /// The host has no address.
    #[error("the host is not known")]
    Unknown,
    /// It answered by another address.
    #[error("the answer names another address: redirects are not followed")]
    Redirected,
    /// The answer is longer than allowed.
    #[error("the answer is too long: allowed are {0} bytes")]
    TooLong(usize),
    /// No answer, or not in time.
    #[error("no answer came")]
    Silent,
}

/// Asks an address.
///
/// Errors: it may not be asked, or brings no answer that may be read.
pub async fn fetch(outside: Outside, asked: Asked<'_>) -> Result<Fetched, OutsideFault> {
    let answer = async {
        let (url, addresses) = resolved(outside.reach, asked.url).await?;
        ask(outside, asked, url, &addresses).await
    };
    tokio::time::timeout(outside.time_most, answer).await.unwrap_or(Err(OutsideFault::Silent))
}

/// The address, and where its host is: all of it within reach.
async fn resolved(reach: Reach, text: &str) -> Result<(Url, Vec<SocketAddr>), OutsideFault> {
    let url = Url::parse(text).map_err(|_| OutsideFault::Address)?;
    let is_scheme = url.scheme() == "https" || (reach == Reach::Loopback && url.scheme() == "http");
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let (host, port) = (url.host_str(), url.port_or_known_default());
    let (Some(host), Some(port), true) = (host, port, is_scheme && is_bare) else { return Err(OutsideFault::Address) };
    // The parser has read every way to write an address as a number.
    let addresses: Vec<SocketAddr> = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((host, port)).await.map_err(|_| OutsideFault::Unknown)?.collect(),
    };
    match addresses.as_slice() {
        [] => Err(OutsideFault::Unknown),
        all if all.iter().all(|address| reach.covers(address.ip())) => Ok((url, addresses)),
        _ => Err(OutsideFault::Forbidden),
    }
}

async fn ask(outside: Outside, asked: Asked<'_>, url: Url, to: &[SocketAddr]) -> Result<Fetched, OutsideFault> {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .resolve_to_addrs(url.host_str().unwrap_or_default(), to)
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|_| OutsideFault::Silent)?;
    let mut request = client.request(asked.method, url).body(asked.body);
    for (name, value) in asked.headers {
        request = request.header(*name, value);
    }
    let mut response = request.send().await.map_err(|_| OutsideFault::Silent)?;
    if response.status().is_redirection() {
        return Err(OutsideFault::Redirected);
    }
    let too_long = OutsideFault::TooLong(outside.bytes_max);
    if response.content_length().is_some_and(|length| length > outside.bytes_max as u64) {
        return Err(too_long);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| OutsideFault::Silent)? {
        if body.len() + piece.len() > outside.bytes_max {
            return Err(too_long);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Fetched { status: response.status().as_u16(), body })
}

#[cfg(test)]
mod tests;

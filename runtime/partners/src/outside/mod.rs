//! The one way to ask an address that somebody configures or sends: a provider's, a webhook's, a caller's.
//!
//! The name is resolved once, every address that it has is looked at, and the connection goes to one of those and no
//! other, so that a name which answers differently the second time gains nothing. Redirects are not followed, proxies of
//! the environment are not used, and the answer is bounded in time and size. Over TLS whoever answers proves the name.
//!
//! Exempt are the lines to partners ([`crate::TelcoConfig`], [`crate::BankConfig`]): the operator alone names them, on the
//! command line, and a telco's gate is on a private line as a rule. Of them only what can be nobody's gate is refused.

mod exchange;
mod reach;
mod roots;

pub use reach::Reach;
pub(crate) use reach::is_nobodys;
pub use reqwest::Method;
pub use roots::{Roots, RootsFault};

use reqwest::Url;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use thiserror::Error;

/// How addresses may be asked.
#[derive(Clone)]
pub struct Outside {
    /// Where to.
    pub reach: Reach,
    /// Who vouches for those who answer.
    pub roots: Roots,
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
    #[error("the host is refused: allowed are hosts all of whose addresses are {}", .0.allowed())]
    Forbidden(Reach),
    /// The host has no address.
    #[error("the host is not known")]
    Unknown,
    /// Whoever answers is not vouched for, or not by that name.
    #[error("the host does not prove who it is: its certificate is not one that the roots vouch for, for this name")]
    Unproven,
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
pub async fn fetch(outside: &Outside, asked: Asked<'_>) -> Result<Fetched, OutsideFault> {
    let answer = async {
        let url = plain(asked.url).ok_or(OutsideFault::Address)?;
        let addresses = resolved(outside.reach, &url).await?;
        exchange::ask(outside, asked, &url, &addresses).await
    };
    tokio::time::timeout(outside.time_most, answer).await.unwrap_or(Err(OutsideFault::Silent))
}

/// Whether two addresses are at one host and port, asked in one way.
pub fn is_at(origin: &str, address: &str) -> bool {
    let (Some(origin), Some(address)) = (plain(origin), plain(address)) else { return false };
    origin.origin() == address.origin()
}

/// An address of the web, with nothing in it that is for somebody else's eyes.
fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && is_bare && url.has_host()).then_some(url)
}

/// Where the host of an address is: all of it within reach.
async fn resolved(reach: Reach, url: &Url) -> Result<Vec<SocketAddr>, OutsideFault> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(OutsideFault::Address);
    };
    if url.scheme() != "https" && reach != Reach::Loopback {
        return Err(OutsideFault::Address);
    }
    // The parser has read every way to write an address as a number.
    let addresses: Vec<SocketAddr> = match bare(host).parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((host, port)).await.map_err(|_| OutsideFault::Unknown)?.collect(),
    };
    match addresses.as_slice() {
        [] => Err(OutsideFault::Unknown),
        all if all.iter().all(|address| reach.covers(address.ip())) => Ok(addresses),
        _ => Err(OutsideFault::Forbidden(reach)),
    }
}

/// A host without the brackets around an address of IPv6.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests;

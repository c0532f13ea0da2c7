//! How much of the node a caller may use: how often, as `policies/access.toml` says, and how much at once.

mod shares;

use crate::access::Permit;
use crate::connection::Peer;
use crate::phrases::Code;
use crate::problem::Problem;
use access::{Limiter, Pace, Principal, PrincipalId, Taken, UsageSettings, Verdict, network};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use facts::Millis;
use shares::Lane;
pub use shares::{Place, Shares};
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The books of who used how much.
pub struct Usage {
    clients: Limiter,
    subjects: Limiter,
    addresses: Limiter,
    shares: Arc<Shares>,
    /// Of callers who prove nothing: places of their own.
    visitors: Arc<Shares>,
    settings: UsageSettings,
}

impl Usage {
    /// Empty books.
    pub fn new(settings: UsageSettings) -> Usage {
        Usage {
            clients: Limiter::new(settings.per_client),
            subjects: Limiter::new(settings.per_subject),
            addresses: Limiter::new(settings.per_address),
            shares: Arc::new(Shares::new(settings.in_flight)),
            visitors: Arc::new(Shares::new(settings.in_flight_visitors)),
            settings,
        }
    }

    /// The address a request comes from: what a proxy of ours says of it, else the other end of the connection.
    pub fn whence(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.settings.proxies.contains(&peer) {
            return peer;
        }
        // The last one is the proxy's own word; those before it are whatever its caller sent.
        let last = headers.get_all(FORWARDED_FOR).iter().next_back().and_then(|value| value.to_str().ok());
        last.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
    }

    /// Whether the caller came over TLS, to us or to a proxy of ours.
    pub fn is_secure(&self, peer: &Peer, headers: &HeaderMap) -> bool {
        let by_proxy = headers.get(FORWARDED_PROTO).is_some_and(|scheme| scheme == "https");
        peer.is_secure || (by_proxy && self.settings.proxies.contains(&peer.address))
    }

    /// Counts a request from an address, before anybody asks who it is.
    ///
    /// Errors: it is one too many.
    pub fn take_address(&self, from: IpAddr, now: Millis) -> Result<(), Problem> {
        let_through(self.addresses.check(&network(from), now), "address")
    }

    /// Counts a request of a client; with what is left to it.
    pub fn take_client(&self, who: &Principal, now: Millis) -> Quota {
        let pace = self.settings.of(who).map_or(self.settings.per_client, |client| client.rate).into();
        Quota { pace, taken: self.clients.take(&key(who), pace, now) }
    }

    /// Counts a request about a subject, whoever asks. Only once it is known that the caller may: a stranger who names
    /// an id must not use up what its owner has.
    ///
    /// Errors: it is one too many.
    pub fn take_subject(&self, id: &dyn Display, now: Millis) -> Result<(), Problem> {
        let_through(self.subjects.check(id.to_string().as_bytes(), now), "subject")
    }

    /// A place among the requests under way: at once, or when it is the caller's turn.
    ///
    /// Errors: too many of the caller's wait already.
    pub async fn place(&self, permit: Option<&Permit>, from: IpAddr) -> Result<Place, Problem> {
        let settings = &self.settings;
        let place = match permit.and_then(|permit| permit.who.as_deref()) {
            Some(who) => {
                let most = settings.of(who).map_or(settings.in_flight.per_client, |client| client.in_flight);
                Shares::place(&self.shares, Lane::Client(key(who)), most).await
            }
            None => {
                let lane = Lane::Network(network(from));
                Shares::place(&self.visitors, lane, settings.in_flight_visitors.per_client).await
            }
        };
        place.ok_or_else(|| Problem::new(Code::TooManyInFlight).retry_after_ms(1_000))
    }
}

/// Ids of different kinds of principals may be equal.
fn key(who: &Principal) -> [u8; 17] {
    let PrincipalId(id) = who.id();
    let mut key = [who.kind() as u8; 17];
    key[1..].copy_from_slice(&id);
    key
}

fn let_through(verdict: Verdict, whose: &str) -> Result<(), Problem> {
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::Limited { retry_after_ms } => Err(limited(whose, retry_after_ms)),
    }
}

fn limited(whose: &str, retry_after_ms: u64) -> Problem {
    let detail = format!("the limit of this {whose} is used up; allowed: the next in {retry_after_ms} ms");
    Problem::new(Code::RateLimited).detail(detail).retry_after_ms(retry_after_ms)
}

/// What is left to a client. Source: draft-ietf-httpapi-ratelimit-headers-11.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    pace: Pace,
    taken: Taken,
}

impl Quota {
    /// Errors: nothing was left.
    pub fn check(&self) -> Result<(), Problem> {
        let_through(self.taken.verdict, "client")
    }

    /// Tells a caller what is left.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let seconds = |ms: u64| ms.div_ceil(1_000).max(1);
        let policy = format!("\"client\";q={};w={}", self.pace.burst, seconds(self.pace.window_ms()));
        let left = format!("\"client\";r={};t={}", self.taken.left, seconds(self.taken.whole_in_ms));
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

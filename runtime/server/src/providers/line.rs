//! Asking an institution's provider for JSON, at its issuer alone.

use ::access::{ProviderReach, ProviderSettings};
use partners::outside::{Asked, Method, Outside, OutsideFault, Reach, Roots, RootsFault, fetch, is_at};
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;

/// The longest answer.
const BYTES_MAX: usize = 256 << 10;
/// How long an answer may take, from the first packet on.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Why a provider was not asked, or gave no usable answer. Says nothing of what it answered.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The address is not at the issuer.
    #[error("the address is not at the configured issuer")]
    Elsewhere,
    /// It may not be asked, cannot be reached, does not prove who it is, or breaks off.
    #[error(transparent)]
    Outside(#[from] OutsideFault),
    /// It answers with another status than 200.
    #[error("it answers {0}")]
    Status(u16),
    /// The answer is no JSON.
    #[error("the answer is no JSON")]
    Unreadable,
}

/// A line to one provider.
pub struct Line {
    issuer: String,
    outside: Outside,
}

impl Line {
    /// A line to a provider; nothing is asked yet.
    ///
    /// Errors: the roots that are trusted about it cannot be used.
    pub fn to(settings: &ProviderSettings) -> Result<Line, RootsFault> {
        let reach = match settings.reach {
            ProviderReach::Public => Reach::Public,
            ProviderReach::Private => Reach::Private,
            ProviderReach::Loopback => Reach::Loopback,
        };
        let roots = Roots::read(settings.ca_file.as_deref())?;
        let outside = Outside { reach, roots, time_most: TIME_MAX, bytes_max: BYTES_MAX };
        Ok(Line { issuer: settings.issuer.clone(), outside })
    }

    /// Whether an address is at the issuer.
    pub fn is_at_issuer(&self, address: &str) -> bool {
        is_at(&self.issuer, address)
    }

    /// Reads an answer of JSON.
    pub async fn get(&self, address: &str) -> Result<Value, FetchError> {
        let headers = [("accept", "application/json".to_owned())];
        self.ask(Asked { method: Method::GET, url: address, headers: &headers, body: Vec::new() }).await
    }

    /// Sends a form, and reads an answer of JSON.
    pub async fn post(&self, address: &str, form: String, credentials: Option<&str>) -> Result<Value, FetchError> {
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        headers.extend(credentials.map(|credentials| ("authorization", credentials.to_owned())));
        self.ask(Asked { method: Method::POST, url: address, headers: &headers, body: form.into_bytes() }).await
    }

    async fn ask(&self, asked: Asked<'_>) -> Result<Value, FetchError> {
        if !self.is_at_issuer(asked.url) {
            return Err(FetchError::Elsewhere);
        }
        let fetched = fetch(&self.outside, asked).await?;
        if fetched.status != 200 {
            return Err(FetchError::Status(fetched.status));
        }
        serde_json::from_slice(&fetched.body).map_err(|_| FetchError::Unreadable)
    }
}

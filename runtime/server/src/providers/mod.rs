//! Institutions' identity providers: their discovery, keys and tokens, over OpenID Connect.
//!
//! Sources: OpenID Connect Core 1.0, 3.1; OpenID Connect Discovery 1.0, 4; RFC 6749, 2.3.1 and 4.1.3; RFC 7636.

mod line;

use ::access::{Begun, KeySet, Principal, Provider, ProviderFault, ProviderSettings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facts::Millis;
use line::{FetchError, Line};
use partners::outside::RootsFault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::Mutex;

/// How long what a provider publishes is kept.
const KEPT: Duration = Duration::from_secs(3_600);
/// How soon its keys are fetched again when it uses one that is not known: providers rotate.
const AGAIN: Duration = Duration::from_secs(60);

/// Why a provider cannot be set up.
#[derive(Debug, Error)]
pub enum ProvidersError {
    /// Its settings are refused.
    #[error("`access.toml`, `providers.{name}`: {fault}")]
    Settings {
        /// Which provider.
        name: String,
        /// Why.
        fault: ProviderFault,
    },
    /// The secret that its settings name cannot be read.
    #[error("`access.toml`, `providers.{name}`: the secret in `{place}` cannot be read")]
    Secret {
        /// Which provider.
        name: String,
        /// The variable or the file.
        place: String,
    },
    /// The roots that are trusted about it cannot be used.
    #[error("`access.toml`, `providers.{name}`: {fault}")]
    Roots {
        /// Which provider.
        name: String,
        /// Why.
        fault: RootsFault,
    },
}

/// Why somebody could not be signed in through a provider.
pub enum SignInError {
    /// They are told no.
    Denied(::access::Denied),
    /// The provider gave no usable answer.
    Provider(FetchError),
    /// What it publishes is not as it must be.
    Published(&'static str),
}

impl From<::access::Denied> for SignInError {
    fn from(denied: ::access::Denied) -> SignInError {
        SignInError::Denied(denied)
    }
}

impl From<FetchError> for SignInError {
    fn from(error: FetchError) -> SignInError {
        SignInError::Provider(error)
    }
}

/// The providers that institutions' staff sign in with, by name.
#[derive(Default)]
pub struct Providers(BTreeMap<String, Institution>);

impl Providers {
    /// Those of the settings; secrets are read now.
    ///
    /// Errors: settings that do not hold, or a secret or roots that cannot be read.
    pub fn of(settings: &BTreeMap<String, ProviderSettings>) -> Result<Providers, ProvidersError> {
        let one = |(name, settings): (&String, &ProviderSettings)| Ok((name.clone(), Institution::of(name, settings)?));
        settings.iter().map(one).collect::<Result<_, _>>().map(Providers)
    }

    /// The provider of a name.
    pub fn get(&self, name: &str) -> Option<&Institution> {
        self.0.get(name)
    }
}

/// One institution's provider.
pub struct Institution {
    provider: Provider,
    settings: ProviderSettings,
    line: Line,
    /// What goes with a request for tokens; nothing for a client without a secret.
    credentials: Option<String>,
    published: Mutex<Option<Published>>,
}

/// What a provider publishes.
#[derive(Clone)]
struct Published {
    authorization: String,
    token: String,
    keys: Arc<KeySet>,
    at: Instant,
}

impl Institution {
    fn of(name: &str, settings: &ProviderSettings) -> Result<Institution, ProvidersError> {
        let owned = || name.to_owned();
        let provider =
            Provider::new(settings.clone()).map_err(|fault| ProvidersError::Settings { name: owned(), fault })?;
        let line = Line::to(settings).map_err(|fault| ProvidersError::Roots { name: owned(), fault })?;
        let secret = secret(settings).map_err(|place| ProvidersError::Secret { name: owned(), place })?;
        let credentials = secret.map(|secret| {
            let pair = format!("{}:{}", form_escaped(&settings.client_id), form_escaped(secret.trim()));
            format!("Basic {}", STANDARD.encode(pair))
        });
        Ok(Institution { provider, settings: settings.clone(), line, credentials, published: Mutex::default() })
    }

    /// Where whoever signed in is sent.
    pub fn return_to(&self) -> &str {
        &self.settings.return_to
    }

    /// Begins a sign-in.
    ///
    /// Errors: the provider gives no usable answer.
    pub async fn begin(&self, now: Millis) -> Result<Result<Begun, ::access::AccessError>, SignInError> {
        let published = self.published(KEPT).await?;
        Ok(self.provider.begin(&published.authorization, now))
    }

    /// Ends a sign-in that comes back: who it is.
    ///
    /// Errors: it was not begun here, or the provider does not vouch for anybody who may come in.
    pub async fn end(&self, state: &str, code: &str, cookies: &str, now: Millis) -> Result<Principal, SignInError> {
        let exchange = self.provider.take_up(state, cookies, now)?;
        let published = self.published(KEPT).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect_uri),
            ("client_id", &self.settings.client_id),
            ("code_verifier", exchange.verifier.expose()),
        ];
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", form_escaped(value))).collect();
        let tokens = self.line.post(&published.token, form.join("&"), self.credentials.as_deref()).await?;
        let token = tokens.get("id_token").and_then(Value::as_str).ok_or(SignInError::Published("no ID token"))?;
        let keys = if published.keys.knows_key_of(token) { published.keys } else { self.published(AGAIN).await?.keys };
        Ok(self.provider.principal(token, &keys, &exchange.nonce, now)?)
    }

    /// What the provider publishes, at most so old.
    async fn published(&self, age_most: Duration) -> Result<Published, SignInError> {
        let mut known = self.published.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < age_most) {
            return Ok(known.clone());
        }
        let fresh = self.discover().await?;
        *known = Some(fresh.clone());
        Ok(fresh)
    }

    async fn discover(&self) -> Result<Published, SignInError> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = self.line.get(&address).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("issuer") != *issuer {
            return Err(SignInError::Published("its discovery names another issuer"));
        }
        let (authorization, token, keys) = (text("authorization_endpoint"), text("token_endpoint"), text("jwks_uri"));
        if ![&authorization, &token, &keys].iter().all(|address| self.line.is_at_issuer(address)) {
            return Err(SignInError::Published("its discovery names an address that is not at the issuer"));
        }
        let keys = KeySet::parse(&self.line.get(&keys).await?.to_string())?;
        Ok(Published { authorization, token, keys: Arc::new(keys), at: Instant::now() })
    }
}

/// The secret that settings name; the place when it cannot be read.
fn secret(settings: &ProviderSettings) -> Result<Option<String>, String> {
    match (&settings.client_secret_env, &settings.client_secret_file) {
        (Some(variable), _) => std::env::var(variable).map(Some).map_err(|_| variable.clone()),
        (None, Some(file)) => std::fs::read_to_string(file).map(Some).map_err(|_| file.display().to_string()),
        (None, None) => Ok(None),
    }
}

/// A value of a form: what is not unreserved is escaped. Source: RFC 3986, 2.3.
fn form_escaped(value: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(escaped).collect()
}

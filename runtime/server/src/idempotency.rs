//! Keys of clients: a request with a key happens once. The core keeps used keys; here are those under way.

use crate::caller::{Caller, is_visible};
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use exchange::ClientKey;
use facts::Key16;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

const KEY_BYTES_MAX: usize = 255;

/// The header of that name, as sent.
pub struct IdempotencyKey(String);

impl FromRequestParts<Arc<Context>> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _context: &Arc<Context>) -> Result<IdempotencyKey, Problem> {
        let mut values = parts.headers.get_all("Idempotency-Key").iter();
        let value = values.next().ok_or_else(|| Problem::new(Code::KeyMissing).at("Idempotency-Key"))?;
        let text = value.to_str().ok().filter(|text| is_visible(text, KEY_BYTES_MAX) && values.next().is_none());
        let malformed = || Problem::new(Code::KeyMalformed).at("Idempotency-Key");
        text.map(|text| IdempotencyKey(text.to_owned())).ok_or_else(malformed)
    }
}

impl IdempotencyKey {
    /// The key as the core keeps it: a digest of client, subject, route and key, with one of the body.
    ///
    /// The subject is whom the request is about; nobody for a registration, which only then makes somebody.
    pub fn scoped(&self, context: &Context, caller: &Caller, subject: &[u8], route: &str, body: &[u8]) -> ClientKey {
        let key = [caller.client.as_bytes(), subject, route.as_bytes(), self.0.as_bytes()];
        ClientKey { key: context.digests.of("key", &key), body: context.digests.of("body", &[route.as_bytes(), body]) }
    }
}

/// The keys whose requests are under way.
#[derive(Default)]
pub struct UnderWay {
    keys: Arc<Mutex<BTreeSet<Key16>>>,
}

/// A key under way, until this is dropped.
pub struct Running {
    keys: Arc<Mutex<BTreeSet<Key16>>>,
    key: Key16,
}

impl UnderWay {
    /// Begins a request with a key.
    ///
    /// Errors: one is under way.
    pub fn begin(&self, key: ClientKey) -> Result<Running, Problem> {
        let begun = self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key.key);
        if !begun {
            return Err(Problem::new(Code::KeyInProgress));
        }
        Ok(Running { keys: Arc::clone(&self.keys), key: key.key })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

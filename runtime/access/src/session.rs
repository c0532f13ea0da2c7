//! Sessions: opaque tokens of 256 random bits, stored as digests, replaced often, ended at once.
//!
//! A session ends when it was not used for a while, at the latest after some hours, and when it is revoked. Its token
//! is replaced every few minutes; a replaced token is good for a short grace, so that requests under way are not
//! lost, and one that is used after it ends the session: somebody kept a copy. Opening a session, and a change of what
//! its holder may do, makes a new one with another id, so that neither token nor CSRF token lives on.

use crate::access::lock;
use crate::secret::{CsrfToken, Digest, SessionToken, random, random_text};
use crate::store::{At, Rows, unreadable};
use crate::{Access, AccessError, Denied, Principal, PrincipalId, PrincipalKind, Scope, sql};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use facts::Millis;
use hashlink::LruCache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many tokens are remembered; the others are read from the store.
const TOKENS_KEPT: usize = 1 << 17;
/// How old the stored time of last use may get. A restart forgets less than that, and never adds any.
const SEEN_EVERY_MS: u64 = 60_000;

/// Which session; not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// The id of 32 hexadecimal digits, as printed.
    pub fn parse(text: &str) -> Option<SessionId> {
        PrincipalId::parse(text).map(|id| SessionId(id.0))
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::secret::hex(&self.0))
    }
}

/// A session that was opened: give the token to its holder alone.
#[derive(Debug)]
pub struct Opened {
    /// What opens it.
    pub token: SessionToken,
    /// The session.
    pub session: Session,
}

/// A live session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Whose.
    pub principal: Arc<Principal>,
    /// The token that takes the place of the one that came, now and then: set the cookie again.
    pub replaced: Option<SessionToken>,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionListed {
    /// Which one.
    pub id: SessionId,
    /// Since when.
    pub opened_at: Millis,
    /// Last used, to a minute or so.
    pub seen_at: Millis,
}

/// When a session was last used, and which use is noted for the store.
struct Seen {
    at: AtomicU64,
    noted: AtomicU64,
}

/// Whether a token is the session's, or the one before it.
#[derive(Clone, Copy)]
enum Standing {
    Current,
    Replaced { until: Millis },
}

/// What is remembered of a token.
#[derive(Clone)]
struct Live {
    id: SessionId,
    principal: Arc<Principal>,
    opened_at: Millis,
    rotated_at: Millis,
    seen: Arc<Seen>,
    standing: Standing,
}

/// Tokens in memory. Filled and emptied only while the store is locked, so that no token outlives its row.
pub struct SessionCache {
    tokens: LruCache<Digest, Live>,
    seen: Vec<(SessionId, Arc<Seen>)>,
}

impl SessionCache {
    pub fn new() -> SessionCache {
        SessionCache { tokens: LruCache::new(TOKENS_KEPT), seen: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.tokens.clear();
    }

    /// The last uses that are to be stored.
    pub fn take_seen(&mut self) -> Vec<(SessionId, Millis)> {
        let at = |seen: &Seen| Millis(seen.at.load(Ordering::Relaxed));
        std::mem::take(&mut self.seen).iter().map(|(id, seen)| (*id, at(seen))).collect()
    }

    fn forget(&mut self, ended: impl Fn(&Live) -> bool) {
        self.tokens.retain(|_, live| !ended(live));
    }

    /// Notes a use; of one session a minute at most goes to the store.
    fn touch(&mut self, live: &Live, now: Millis) {
        live.seen.at.fetch_max(now.0, Ordering::Relaxed);
        if now.0.saturating_sub(live.seen.noted.load(Ordering::Relaxed)) >= SEEN_EVERY_MS {
            live.seen.noted.store(now.0, Ordering::Relaxed);
            self.seen.push((live.id, live.seen.clone()));
        }
    }
}

impl Access {
    /// The live session of a token.
    ///
    /// Errors: there is none, or no longer.
    pub fn session(&self, token: &SessionToken, now: Millis) -> Result<Session, AccessError> {
        let digest = Digest::of(token.expose());
        let known = lock(&self.sessions).tokens.get(&digest).cloned();
        let live = match known {
            Some(live) => live,
            None => self.recall(&digest)?,
        };
        if self.is_over(&live, now) {
            self.end(live.id)?;
            return Err(Denied::SessionExpired.into());
        }
        lock(&self.sessions).touch(&live, now);
        let replaced = self.rotate_if_old(&digest, &live, now)?;
        Ok(Session { id: live.id, principal: live.principal, replaced })
    }

    fn is_over(&self, live: &Live, now: Millis) -> bool {
        let settings = self.settings.sessions;
        let seen = Millis(live.seen.at.load(Ordering::Relaxed));
        let kept = matches!(live.standing, Standing::Replaced { until } if now >= until);
        now.since(seen) >= settings.idle_s * 1_000 || now.since(live.opened_at) >= settings.absolute_s * 1_000 || kept
    }

    /// Reads a token's session from the store into memory.
    fn recall(&self, digest: &Digest) -> Result<Live, AccessError> {
        self.store.read(|rows| {
            let (mut live, other) = find(rows, digest)?.ok_or(Denied::SessionExpired)?;
            let mut cache = lock(&self.sessions);
            // The other token of the session may be here: both look at one time of last use.
            if let Some(known) = other.and_then(|other| cache.tokens.peek(&other)) {
                live.seen = known.seen.clone();
            }
            cache.tokens.insert(*digest, live.clone());
            Ok(live)
        })
    }

    /// Replaces a token that is old. Of several requests with one token the first does; the others are under way.
    fn rotate_if_old(&self, digest: &Digest, live: &Live, now: Millis) -> Result<Option<SessionToken>, AccessError> {
        let settings = self.settings.sessions;
        let old = now.since(live.rotated_at) >= settings.rotate_s * 1_000;
        if !old || !matches!(live.standing, Standing::Current) {
            return Ok(None);
        }
        let (token, until) = (random_text()?, now.plus(settings.grace_s * 1_000));
        let fresh = Digest::of(&token);
        self.store.write(|rows| {
            let params = (live.id.0, fresh.0, digest.0, At(until), At(now));
            if rows.change(sql::SESSION_ROTATE, params)? == 0 {
                return Ok(None);
            }
            let mut cache = lock(&self.sessions);
            cache.tokens.insert(*digest, Live { standing: Standing::Replaced { until }, ..live.clone() });
            cache.tokens.insert(fresh, Live { rotated_at: now, ..live.clone() });
            Ok(Some(SessionToken::new(token.as_str())))
        })
    }

    /// Opens a session for a principal whom something else proved: a one-time code, an ID token.
    pub(crate) fn open_in(&self, rows: &Rows<'_>, principal: &Principal, now: Millis) -> Result<Opened, AccessError> {
        let (id, token) = (SessionId(*random()?), random_text()?);
        let text = serde_json::to_string(principal).map_err(|error| AccessError::Damaged(error.to_string()))?;
        rows.change(sql::SESSION_PUT, (id.0, principal.owner(), text, Digest::of(&token).0, At(now)))?;
        let session = Session { id, principal: Arc::new(principal.clone()), replaced: None };
        Ok(Opened { token: SessionToken::new(token.as_str()), session })
    }

    /// Opens a new session in the place of one, after a change of what its holder may do. Staff get the roles that
    /// their account has now.
    ///
    /// Errors: the session has ended, or the account is no longer active.
    pub fn renew(&self, session: &Session, now: Millis) -> Result<Opened, AccessError> {
        self.store.write(|rows| {
            if rows.change(sql::SESSION_END, [session.id.0])? == 0 {
                return Err(Denied::SessionExpired.into());
            }
            lock(&self.sessions).forget(|live| live.id == session.id);
            let principal = if matches!(session.principal.scope(), Scope::Staff { .. }) {
                self.staff_now(rows, session.principal.id())?.ok_or(Denied::SessionExpired)?
            } else {
                (*session.principal).clone()
            };
            self.open_in(rows, &principal, now)
        })
    }

    /// Ends a session at once.
    pub fn end(&self, session: SessionId) -> Result<(), AccessError> {
        self.store.write(|rows| {
            rows.change(sql::SESSION_END, [session.0])?;
            lock(&self.sessions).forget(|live| live.id == session);
            Ok(())
        })
    }

    /// Ends one session of a principal at once.
    ///
    /// Errors: they have none of this id.
    pub fn end_of_principal(
        &self,
        kind: PrincipalKind,
        id: PrincipalId,
        session: SessionId,
    ) -> Result<(), AccessError> {
        if !self.sessions_of(kind, id)?.iter().any(|listed| listed.id == session) {
            return Err(Denied::PrincipalUnknown.into());
        }
        self.end(session)
    }

    /// Ends every session of a principal at once.
    pub fn end_all(&self, kind: PrincipalKind, id: PrincipalId) -> Result<(), AccessError> {
        self.store.write(|rows| self.end_of(rows, kind, id))
    }

    pub(crate) fn end_sessions_in(&self, rows: &Rows<'_>, whose: &Principal) -> Result<(), AccessError> {
        self.end_of(rows, whose.kind(), whose.id())
    }

    fn end_of(&self, rows: &Rows<'_>, kind: PrincipalKind, id: PrincipalId) -> Result<(), AccessError> {
        rows.change(sql::SESSIONS_END_OF, [format!("{}:{id}", kind.text())])?;
        lock(&self.sessions).forget(|live| live.principal.kind() == kind && live.principal.id() == id);
        Ok(())
    }

    /// The sessions of a principal, oldest first.
    pub fn sessions_of(&self, kind: PrincipalKind, id: PrincipalId) -> Result<Vec<SessionListed>, AccessError> {
        let owner = format!("{}:{id}", kind.text());
        self.store.read(|rows| {
            rows.all(sql::SESSIONS_OF, [owner], |row| {
                let (opened_at, seen_at) = (row.get::<_, At>(1)?.0, row.get::<_, At>(2)?.0);
                Ok(SessionListed { id: SessionId(row.get(0)?), opened_at, seen_at })
            })
        })
    }

    /// The value of `Set-Cookie` that gives a session's holder its token.
    pub fn cookie(&self, token: &SessionToken) -> String {
        crate::cookie::set_cookie(token, self.settings.sessions.absolute_s)
    }

    /// The CSRF token of a session, for its pages. It stays while the session lives, and nothing of it is stored.
    pub fn csrf_token(&self, session: &Session) -> CsrfToken {
        CsrfToken::new(URL_SAFE_NO_PAD.encode(self.keys.csrf(&session.id.0).0))
    }

    /// Whether a request that changes something carries its session's CSRF token.
    ///
    /// Errors: it carries none, or another.
    pub fn check_csrf(&self, session: &Session, given: Option<&CsrfToken>) -> Result<(), Denied> {
        let given = given.ok_or(Denied::CsrfMissing)?;
        let bytes = URL_SAFE_NO_PAD.decode(given.expose()).ok().and_then(|bytes| bytes.try_into().ok());
        let fits = bytes.is_some_and(|bytes| self.keys.csrf(&session.id.0).is(&Digest(bytes)));
        if fits { Ok(()) } else { Err(Denied::CsrfWrong) }
    }
}

/// The session that a token opens, or opened before it was replaced; and the session's other token.
fn find(rows: &Rows<'_>, digest: &Digest) -> Result<Option<(Live, Option<Digest>)>, AccessError> {
    let found = rows.one(sql::SESSION_BY_TOKEN, [digest.0], |row| {
        let (token, previous) = (Digest(row.get(2)?), row.get::<_, Option<[u8; 32]>>(3)?.map(Digest));
        let until = row.get::<_, At>(4)?.0;
        let (standing, other) = match token == *digest {
            true => (Standing::Current, previous),
            false => (Standing::Replaced { until }, Some(token)),
        };
        let seen = row.get::<_, At>(6)?.0.0;
        let live = Live {
            id: SessionId(row.get(0)?),
            principal: Arc::new(serde_json::from_str(&row.get::<_, String>(1)?).map_err(unreadable)?),
            opened_at: row.get::<_, At>(5)?.0,
            rotated_at: row.get::<_, At>(7)?.0,
            seen: Arc::new(Seen { at: AtomicU64::new(seen), noted: AtomicU64::new(seen) }),
            standing,
        };
        Ok((live, other))
    })?;
    Ok(found)
}

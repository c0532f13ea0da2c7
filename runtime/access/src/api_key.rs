//! API keys of partners' programmes: shown once, stored as digests, found by id and compared in constant time.
//!
//! Text: `tb_live_` or `tb_test_`, 16 hexadecimal digits of id, `_`, 43 characters of secret (256 random bits).

use crate::access::{check_name, lock, needs};
use crate::secret::{ApiKeyText, Digest, hex, random, random_text};
use crate::store::{At, Rows, unreadable};
use crate::{Access, AccessError, Denied, Principal, PrincipalId, PrincipalKind, Role, Roles, sql};
use facts::Millis;
use hashlink::LruCache;
use rusqlite::Row;
use std::fmt;
use std::sync::Arc;

const ID_CHARACTERS: usize = 16;
/// How coarse the time of last use is: an hour says whether a key is still needed, and costs one write.
const USED_EVERY_MS: u64 = 3_600_000;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        /// What a key may be used for. Numbers are stored and never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ApiScope { $($(#[$doc])* $name = $bit,)* }

        impl ApiScope {
            /// Every scope.
            pub const ALL: &'static [ApiScope] = &[$(ApiScope::$name,)*];

            /// The public word.
            pub const fn text(self) -> &'static str {
                match self { $(ApiScope::$name => $text,)* }
            }
        }
    };
}

scopes! {
    /// Read quotes and orders.
    OrdersRead = 0, "orders:read";
    /// Ask for quotes, place and cancel orders.
    OrdersWrite = 1, "orders:write";
    /// Read subscribers and what they hold.
    SubscribersRead = 2, "subscribers:read";
    /// Register subscribers and recharges.
    SubscribersWrite = 3, "subscribers:write";
    /// Read order files and their results.
    BatchesRead = 4, "batches:read";
    /// Send order files.
    BatchesWrite = 5, "batches:write";
    /// Read prices, policies, calendar, campaigns.
    RulesRead = 6, "rules:read";
    /// Send callbacks and statements.
    Callbacks = 7, "callbacks:write";
}

impl ApiScope {
    /// The scope of a public word.
    pub fn parse(text: &str) -> Option<ApiScope> {
        ApiScope::ALL.iter().copied().find(|scope| scope.text() == text)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ApiScopes(u32);

impl ApiScopes {
    /// These scopes.
    pub fn of(scopes: &[ApiScope]) -> ApiScopes {
        ApiScopes(scopes.iter().fold(0, |bits, scope| bits | 1 << *scope as u32))
    }

    /// Whether a scope is among them.
    pub const fn has(self, scope: ApiScope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = ApiScope> {
        ApiScope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl fmt::Debug for ApiScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(ApiScope::text)).finish()
    }
}

/// Whether a key is for money or for trying things out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// Real.
    Live,
    /// Sandbox.
    Test,
}

impl KeyMode {
    const ALL: [KeyMode; 2] = [KeyMode::Live, KeyMode::Test];

    /// The public word.
    pub const fn text(self) -> &'static str {
        match self {
            KeyMode::Live => "live",
            KeyMode::Test => "test",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            KeyMode::Live => "tb_live_",
            KeyMode::Test => "tb_test_",
        }
    }

    fn from_number(number: u8) -> KeyMode {
        if number == 1 { KeyMode::Live } else { KeyMode::Test }
    }

    const fn number(self) -> u8 {
        match self {
            KeyMode::Live => 1,
            KeyMode::Test => 0,
        }
    }
}

/// What a key is to be.
#[derive(Clone, Copy, Debug)]
pub struct KeyTerms {
    /// For money or not.
    pub mode: KeyMode,
    /// What for.
    pub scopes: ApiScopes,
    /// Until when.
    pub expires_at: Millis,
}

/// A key that was made: shown once.
#[derive(Debug)]
pub struct IssuedKey {
    /// Which one; not a secret.
    pub id: String,
    /// All of it.
    pub text: ApiKeyText,
}

/// Who came with a key.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// The partner.
    pub principal: Arc<Principal>,
    /// What the key is for.
    pub terms: KeyTerms,
}

impl KeyHolder {
    /// Errors: the key is not for this.
    pub fn needs(&self, scope: ApiScope) -> Result<(), Denied> {
        if self.terms.scopes.has(scope) { Ok(()) } else { Err(Denied::NotPermitted { needed: scope.text() }) }
    }
}

/// A key in a list.
#[derive(Clone, Debug)]
pub struct KeyListed {
    /// Which one.
    pub id: String,
    /// What it is for.
    pub terms: KeyTerms,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Last used, to an hour; the beginning of time when it never was.
    pub used_at: Millis,
    /// Since when.
    pub made_at: Millis,
}

/// A key as it is remembered.
#[derive(Clone)]
struct Known {
    digest: Digest,
    holder: KeyHolder,
    revoked: bool,
    used_at: Millis,
    made_at: Millis,
}

/// Keys in memory. Filled and emptied only while the store is locked.
pub struct KeyCache {
    keys: LruCache<String, Known>,
    used: Vec<(String, Millis)>,
}

impl KeyCache {
    pub fn new(capacity: usize) -> KeyCache {
        KeyCache { keys: LruCache::new(capacity), used: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// The last uses that are to be stored.
    pub fn take_used(&mut self) -> Vec<(String, Millis)> {
        std::mem::take(&mut self.used)
    }

    fn touch(&mut self, id: &str, now: Millis) {
        let Some(known) = self.keys.get_mut(id) else { return };
        if now.since(known.used_at) >= USED_EVERY_MS {
            known.used_at = now;
            self.used.push((id.to_owned(), now));
        }
    }
}

/// The parts of a key's text: mode, id, secret.
fn parts(text: &str) -> Option<(KeyMode, &str, &str)> {
    let (mode, rest) = KeyMode::ALL.into_iter().find_map(|mode| Some((mode, text.strip_prefix(mode.prefix())?)))?;
    let (id, secret) = rest.split_at_checked(ID_CHARACTERS)?;
    let secret = secret.strip_prefix('_')?;
    id.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some((mode, id, secret))
}

impl Access {
    /// Makes a key for a partner.
    ///
    /// Errors: whoever asks is no administrator, or there is no such partner.
    pub fn issue_key(
        &self,
        by: &Principal,
        partner: &str,
        terms: KeyTerms,
        now: Millis,
    ) -> Result<IssuedKey, AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let (kind, id) = self.client(rows, partner)?;
            match kind {
                PrincipalKind::Partner => put(rows, &Principal::partner(id, partner), terms, now),
                _ => Err(Denied::PrincipalUnknown.into()),
            }
        })
    }

    /// Makes a key for a programme of the house, which works in these roles under a name of its own. Who has the same
    /// name is the same actor, so that nobody checks by one programme what they made by another of that name.
    ///
    /// Errors: whoever asks is no administrator; the name or the roles do not fit.
    pub fn house_key(
        &self,
        by: &Principal,
        name: &str,
        roles: Roles,
        terms: KeyTerms,
        now: Millis,
    ) -> Result<IssuedKey, AccessError> {
        needs(by, Role::Admin)?;
        check_name(name)?;
        if !roles.fit_staff() {
            return Err(Denied::RolesNotAllowed.into());
        }
        let digest = self.keys.digest(&[b"house", name.as_bytes()]);
        let mut id = PrincipalId([0; 16]);
        id.0.copy_from_slice(&digest.0[..16]);
        self.store.write(|rows| put(rows, &Principal::staff(id, name, roles), terms, now))
    }

    /// Makes a key in the place of another, with the same terms for as long as that one had; the old one is good for
    /// `overlap_ms` more, so that programmes can change over.
    ///
    /// Errors: whoever asks is no administrator, or there is no such key, or no longer.
    pub fn rotate_key(&self, by: &Principal, id: &str, overlap_ms: u64, now: Millis) -> Result<IssuedKey, AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let old = read(rows, id)?.filter(|known| !known.revoked).ok_or(Denied::PrincipalUnknown)?;
            let lives_ms = old.holder.terms.expires_at.since(old.made_at);
            let terms = KeyTerms { expires_at: now.plus(lives_ms), ..old.holder.terms };
            rows.change(sql::KEY_EXPIRES, (id, At(now.plus(overlap_ms))))?;
            lock(&self.api_keys).keys.remove(id);
            put(rows, &old.holder.principal, terms, now)
        })
    }

    /// Ends a key at once.
    ///
    /// Errors: whoever asks is no administrator, or there is no such key.
    pub fn revoke_key(&self, by: &Principal, id: &str) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let changed = rows.change(sql::KEY_REVOKE, [id])?;
            lock(&self.api_keys).keys.remove(id);
            if changed == 1 { Ok(()) } else { Err(Denied::PrincipalUnknown.into()) }
        })
    }

    /// Ends every key of a principal.
    pub(crate) fn revoke_keys_in(&self, rows: &Rows<'_>, whose: &Principal) -> Result<(), AccessError> {
        rows.change(sql::KEYS_REVOKE_OF, [whose.owner()])?;
        lock(&self.api_keys).keys.retain(|_, known| known.holder.principal.id() != whose.id());
        Ok(())
    }

    /// The keys of a partner, oldest first.
    pub fn keys_of(&self, partner: PrincipalId) -> Result<Vec<KeyListed>, AccessError> {
        let owner = format!("{}:{partner}", PrincipalKind::Partner.text());
        self.store.read(|rows| rows.all(sql::KEYS_OF, [owner], listed))
    }

    /// Every key with who holds it, oldest first: partners' and those of programmes of the house.
    pub fn keys(&self) -> Result<Vec<(Principal, KeyListed)>, AccessError> {
        self.store.read(|rows| {
            rows.all(sql::KEYS_ALL, [], |row| {
                let holder = serde_json::from_str(&row.get::<_, String>(7)?).map_err(unreadable)?;
                Ok((holder, listed(row)?))
            })
        })
    }

    /// Who comes with a key.
    ///
    /// Errors: it is unknown, wrong or revoked, which is not said; or it was right and has expired.
    pub fn api_key(&self, text: &ApiKeyText, now: Millis) -> Result<KeyHolder, AccessError> {
        let (mode, id, secret) = parts(text.expose()).ok_or(Denied::CredentialWrong)?;
        let given = Digest::of(secret);
        let known = lock(&self.api_keys).keys.get(id).cloned();
        let known = match known {
            Some(known) => Some(known),
            None => self.recall_key(id)?,
        };
        // A key that is not there is compared all the same.
        let expected = known.as_ref().map_or(Digest([0; 32]), |known| known.digest);
        let right = given.is(&expected);
        let known = known.filter(|known| right && !known.revoked && known.holder.terms.mode == mode);
        let known = known.ok_or(Denied::CredentialWrong)?;
        if now >= known.holder.terms.expires_at {
            return Err(Denied::KeyExpired.into());
        }
        lock(&self.api_keys).touch(id, now);
        Ok(known.holder)
    }

    fn recall_key(&self, id: &str) -> Result<Option<Known>, AccessError> {
        self.store.read(|rows| {
            let known = read(rows, id)?;
            if let Some(known) = &known {
                lock(&self.api_keys).keys.insert(id.to_owned(), known.clone());
            }
            Ok(known)
        })
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<KeyListed> {
    let terms = KeyTerms {
        scopes: ApiScopes(row.get(1)?),
        mode: KeyMode::from_number(row.get(2)?),
        expires_at: row.get::<_, At>(3)?.0,
    };
    let (used_at, made_at) = (row.get::<_, At>(5)?.0, row.get::<_, At>(6)?.0);
    Ok(KeyListed { id: row.get(0)?, terms, revoked: row.get(4)?, used_at, made_at })
}

fn put(rows: &Rows<'_>, principal: &Principal, terms: KeyTerms, now: Millis) -> Result<IssuedKey, AccessError> {
    let (id, secret) = (hex(&random::<8>()?[..]), random_text()?);
    let text = serde_json::to_string(principal).map_err(|error| AccessError::Damaged(error.to_string()))?;
    let (digest, owner) = (Digest::of(&secret).0, principal.owner());
    let (live, expires) = (terms.mode.number(), At(terms.expires_at));
    rows.change(sql::KEY_PUT, (&id, digest, owner, text, terms.scopes.0, live, At(now), expires))?;
    let text = ApiKeyText::new(format!("{}{id}_{}", terms.mode.prefix(), secret.as_str()));
    Ok(IssuedKey { id, text })
}

fn read(rows: &Rows<'_>, id: &str) -> Result<Option<Known>, AccessError> {
    rows.one(sql::KEY, [id], |row| {
        let terms = KeyTerms {
            scopes: ApiScopes(row.get(2)?),
            mode: KeyMode::from_number(row.get(3)?),
            expires_at: row.get::<_, At>(4)?.0,
        };
        let principal = Arc::new(serde_json::from_str(&row.get::<_, String>(1)?).map_err(unreadable)?);
        let (used_at, made_at) = (row.get::<_, At>(6)?.0, row.get::<_, At>(7)?.0);
        let holder = KeyHolder { principal, terms };
        Ok(Known { digest: Digest(row.get(0)?), holder, revoked: row.get(5)?, used_at, made_at })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_prefix_id_and_secret() {
        let text = "tb_live_0123456789abcdef_s_e-cret";
        assert_eq!(parts(text), Some((KeyMode::Live, "0123456789abcdef", "s_e-cret")));
        let rows =
            ["", "tb_live_", "tb_prod_0123456789abcdef_x", "tb_live_0123456789abcdex_x", "tb_live_0123456789abcdefx"];
        for text in [&rows[..], &["tb_test_0123456789abcdé_x"]].concat() {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}

//! The one door: everything that is asked of this crate is asked of an [`Access`].

use crate::api_key::KeyCache;
use crate::limiter::{Limiter, Verdict};
use crate::nonces::Nonces;
use crate::password::Hasher;
use crate::sealing::Keys;
use crate::secret::Digest;
use crate::session::SessionCache;
use crate::settings::{NoticeSettings, Rate, Settings};
use crate::signer::{CachedSigner, Holder};
use crate::store::{At, Store};
use crate::{AccessError, AccessKey, Denied, Principal, Role, UsageSettings, sql};
use facts::Millis;
use hashlink::LruCache;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many API keys and signing keys are remembered in memory, of each.
const KEYS_KEPT: usize = 1 << 14;
/// Sessions leave the store this long after they were over: the stored time of last use is older than the true one.
const SESSIONS_KEPT_MS: u64 = 600_000;
/// Wrong tries are forgotten this long after the last of them, and never while they lock.
const TRIES_KEPT_MS: u64 = 7 * 86_400_000;

/// Who somebody is: identities, credentials, sessions, signatures.
///
/// Shared by threads. Every call that changes something waits for the disk, and one that takes a password works for
/// tens of milliseconds: call those where blocking is allowed. Looking up a live session, an API key or a signing key
/// that was used lately touches memory alone.
pub struct Access {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) hasher: Hasher,
    pub(crate) sessions: Mutex<SessionCache>,
    pub(crate) api_keys: Mutex<KeyCache>,
    pub(crate) signers: Mutex<LruCache<(String, String), CachedSigner>>,
    /// Client certificates that were shown lately, by digest.
    pub(crate) certificates: Mutex<LruCache<[u8; 32], Holder>>,
    pub(crate) nonces: Mutex<Nonces>,
    pub(crate) code_numbers: Limiter,
    pub(crate) code_addresses: Limiter,
    subjects: Limiter,
    addresses: Limiter,
    version: Mutex<i64>,
}

impl Access {
    /// Opens the store in a file, or makes an empty one: there is no default name and no default password.
    ///
    /// Errors: others can read the file, it was made with another key, or it cannot be opened.
    pub fn open(file: &Path, key: &AccessKey, settings: Settings) -> Result<Access, AccessError> {
        let keys = Keys::of(key);
        let store = Store::open(file, &keys)?;
        let version = store.read(|rows| rows.version())?;
        Ok(Access {
            store,
            keys,
            hasher: Hasher::new(settings.passwords)?,
            sessions: Mutex::new(SessionCache::new()),
            api_keys: Mutex::new(KeyCache::new(KEYS_KEPT)),
            signers: Mutex::new(LruCache::new(KEYS_KEPT)),
            certificates: Mutex::new(LruCache::new(KEYS_KEPT)),
            nonces: Mutex::new(Nonces::new(settings.signatures)),
            code_numbers: Limiter::new(Rate::per_hour(settings.codes.per_number_hour)),
            code_addresses: Limiter::new(Rate::per_hour(settings.codes.per_address_hour)),
            subjects: Limiter::new(settings.limits.per_subject),
            addresses: Limiter::new(settings.limits.per_address),
            version: Mutex::new(version),
            settings,
        })
    }

    /// What is to be done now and then, a few times a minute: writes when sessions and keys were last used, forgets
    /// what is over, and looks whether another process, such as the command line, changed the store.
    pub fn tend(&self, now: Millis) -> Result<(), AccessError> {
        self.forget_if_changed()?;
        let seen = lock(&self.sessions).take_seen();
        let used = lock(&self.api_keys).take_used();
        lock(&self.nonces).forget(now);
        let sessions = self.settings.sessions;
        let idle = Millis(now.0.saturating_sub(sessions.idle_s * 1_000 + SESSIONS_KEPT_MS));
        let opened = Millis(now.0.saturating_sub(sessions.absolute_s * 1_000));
        self.store.write(|rows| {
            for (session, at) in &seen {
                rows.change(sql::SESSION_SEEN, (&session.0[..], At(*at)))?;
            }
            for (key, at) in &used {
                rows.change(sql::KEY_USED, (key, At(*at)))?;
            }
            rows.change(sql::SESSIONS_PRUNE, (At(idle), At(opened)))?;
            rows.change(sql::CODES_PRUNE, [At(now)])?;
            rows.change(sql::ENROLMENTS_PRUNE, [At(now)])?;
            rows.change(sql::TRIES_PRUNE, [At(Millis(now.0.saturating_sub(TRIES_KEPT_MS)))])?;
            Ok(())
        })
    }

    /// Writes a consistent copy of the store to a place where there is none, while it is in use.
    pub fn backup(&self, to: &Path) -> Result<(), AccessError> {
        self.store.copy_into(to)
    }

    /// What is to be done once after a restore: ends every session, code and invitation, since the copy does not know
    /// which were ended after it was made. API keys and signing keys that were revoked since are to be revoked again.
    pub fn after_restore(&self) -> Result<(), AccessError> {
        self.store.write(|rows| {
            for change in sql::FORGET_LIVE {
                rows.change(change, [])?;
            }
            lock(&self.sessions).clear();
            Ok(())
        })
    }

    /// Forgets what is remembered when another process changed the store: it may have revoked something.
    fn forget_if_changed(&self) -> Result<(), AccessError> {
        self.store.read(|rows| {
            let version = rows.version()?;
            let mut known = lock(&self.version);
            if *known != version {
                *known = version;
                lock(&self.sessions).clear();
                lock(&self.api_keys).clear();
                lock(&self.signers).clear();
                lock(&self.certificates).clear();
            }
            Ok(())
        })
    }

    /// Counts a try to come in against its subject and its address.
    ///
    /// Errors: it is one too many.
    pub(crate) fn admit(&self, subject: &Digest, from: IpAddr, now: Millis) -> Result<(), Denied> {
        self.admit_address(from, now)?;
        let_through(self.subjects.check(&subject.0, now))
    }

    /// The same where no subject is known yet.
    pub(crate) fn admit_address(&self, from: IpAddr, now: Millis) -> Result<(), Denied> {
        let_through(self.addresses.check(&network(from), now))
    }

    /// Counts a try to come in from an address, where nobody is named yet.
    ///
    /// Errors: it is one too many.
    pub fn admit_from(&self, from: IpAddr, now: Millis) -> Result<(), AccessError> {
        Ok(self.admit_address(from, now)?)
    }

    /// How much of the node anybody may use. For the server's own routes.
    pub const fn usage(&self) -> &UsageSettings {
        &self.settings.usage
    }

    /// How subscribers are told of their orders.
    pub const fn notices(&self) -> NoticeSettings {
        self.settings.notices
    }

    /// Whether one more try from an address would be let through; it is counted. For the server's own routes.
    pub fn pace(&self, from: IpAddr, now: Millis) -> Verdict {
        self.addresses.check(&network(from), now)
    }
}

/// The network that an address belongs to: of IPv6 somebody holds 64 bits at least.
pub fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

pub fn let_through(verdict: Verdict) -> Result<(), Denied> {
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::Limited { retry_after_ms } => Err(Denied::TooManyTries { retry_after_ms }),
    }
}

/// A panic elsewhere leaves nothing half done that a lock here guards.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Errors: somebody lacks a role.
pub fn needs(by: &Principal, role: Role) -> Result<(), Denied> {
    if by.roles().has(role) { Ok(()) } else { Err(Denied::needs(role)) }
}

/// Whether a text may name staff, a partner, an agent or a till.
///
/// Errors: it may not.
pub fn check_name(name: &str) -> Result<(), Denied> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (2..=32).contains(&name.len()) && name.bytes().all(known) && name.as_bytes()[0].is_ascii_lowercase();
    if fits { Ok(()) } else { Err(Denied::NameMalformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_is_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Access>();
        shared::<crate::Provider>();
    }

    #[test]
    fn a_network_is_an_address_of_ipv4_and_half_of_one_of_ipv6() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}

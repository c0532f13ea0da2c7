//! All SQL of the access store. Statements are shared by SQLite and PostgreSQL.
//!
//! Times are milliseconds since 1970. `owner` is kind and id of a principal, `principal` all of it as JSON.
//! What is looked up by a digest of 256 random bits needs no salt; names and numbers are keyed digests.

/// Makes the tables of an empty store.
pub const CREATE: [&str; 11] = [
    "CREATE TABLE meta (name TEXT PRIMARY KEY, content BLOB NOT NULL)",
    // `state`: 0 invited, 1 enrolled, 2 active, 3 disabled.
    "CREATE TABLE staff (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, roles INTEGER NOT NULL, state INTEGER NOT NULL, \
     invitation BLOB UNIQUE, invited_until INTEGER NOT NULL, password TEXT, totp BLOB, totp_step INTEGER NOT NULL, \
     made_at INTEGER NOT NULL)",
    "CREATE TABLE tries (subject BLOB PRIMARY KEY, wrong INTEGER NOT NULL, locks INTEGER NOT NULL, \
     locked_until INTEGER NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE sessions (id BLOB PRIMARY KEY, owner TEXT NOT NULL, principal TEXT NOT NULL, \
     token BLOB NOT NULL UNIQUE, previous BLOB UNIQUE, previous_until INTEGER NOT NULL, opened_at INTEGER NOT NULL, \
     seen_at INTEGER NOT NULL, rotated_at INTEGER NOT NULL)",
    "CREATE INDEX sessions_of ON sessions (owner)",
    "CREATE TABLE api_keys (id TEXT PRIMARY KEY, digest BLOB NOT NULL, owner TEXT NOT NULL, principal TEXT NOT NULL, \
     scopes INTEGER NOT NULL, live INTEGER NOT NULL, made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, \
     revoked INTEGER NOT NULL, used_at INTEGER NOT NULL)",
    // A client is a partner (`kind` 0) or an agent (`kind` 1): whoever signs requests.
    "CREATE TABLE clients (name TEXT PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, \
     made_at INTEGER NOT NULL)",
    // `scheme`: 0 HMAC (`secret` sealed), 1 Ed25519 (`secret` is the public key), 2 a certificate (its digest).
    "CREATE TABLE signers (client TEXT NOT NULL, key_serial TEXT NOT NULL, scheme INTEGER NOT NULL, secret BLOB NOT NULL, \
     principal TEXT NOT NULL, till TEXT NOT NULL, made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, \
     revoked INTEGER NOT NULL, PRIMARY KEY (client, key_serial))",
    "CREATE TABLE marks (client TEXT PRIMARY KEY, until INTEGER NOT NULL)",
    "CREATE TABLE codes (subject BLOB NOT NULL, action TEXT NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL, \
     sent_at INTEGER NOT NULL, PRIMARY KEY (subject, action))",
    "CREATE TABLE enrolments (code BLOB PRIMARY KEY, client TEXT NOT NULL, till TEXT NOT NULL, until INTEGER NOT NULL)",
];

/// What commands did; stores from before this was kept get it when they are opened. `told`: 1 when the journal tells it.
/// None is removed: after a restore the journal may be one that does not tell it.
pub const ACTS: &str = "CREATE TABLE IF NOT EXISTS acts (id BLOB PRIMARY KEY, act TEXT NOT NULL, done_to TEXT NOT NULL, \
     why TEXT NOT NULL, uid INTEGER NOT NULL, at INTEGER NOT NULL, told INTEGER NOT NULL)";
pub const ACT_PUT: &str = "INSERT INTO acts (id, act, done_to, why, uid, at, told) VALUES ($1, $2, $3, $4, $5, $6, 0)";
pub const ACTS_UNTOLD: &str = "SELECT id, act, done_to, why, uid, at FROM acts WHERE told = 0 ORDER BY at";
pub const ACT_TOLD: &str = "UPDATE acts SET told = 1 WHERE id = $1";

pub const META_PUT: &str =
    "INSERT INTO meta (name, content) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET content = EXCLUDED.content";
pub const META: &str = "SELECT content FROM meta WHERE name = $1";

pub const STAFF_PUT: &str = "INSERT INTO staff (id, name, roles, state, invitation, invited_until, totp_step, made_at) \
     VALUES ($1, $2, $3, 0, $4, $5, 0, $6)";
/// A new invitation takes away what the last one brought.
pub const STAFF_INVITE: &str = "UPDATE staff SET state = 0, invitation = $2, invited_until = $3, password = NULL, \
     totp = NULL WHERE id = $1";
pub const STAFF_BY_NAME: &str =
    "SELECT id, name, roles, state, invited_until, password, totp, totp_step FROM staff WHERE name = $1";
pub const STAFF_BY_ID: &str =
    "SELECT id, name, roles, state, invited_until, password, totp, totp_step FROM staff WHERE id = $1";
pub const STAFF_BY_INVITATION: &str =
    "SELECT id, name, roles, state, invited_until, password, totp, totp_step FROM staff WHERE invitation = $1";
pub const STAFF_ALL: &str =
    "SELECT id, name, roles, state, invited_until, password, totp, totp_step FROM staff ORDER BY name";
/// Only the last bootstrap token is good.
pub const STAFF_UNINVITE: &str = "UPDATE staff SET invitation = NULL WHERE state < 2";
/// Steps that were used belong to the last seed.
pub const STAFF_ENROL: &str = "UPDATE staff SET state = 1, password = $2, totp = $3, totp_step = 0 WHERE id = $1";
pub const STAFF_ACTIVATE: &str = "UPDATE staff SET state = 2, invitation = NULL WHERE id = $1 AND state = 1";
pub const STAFF_ROLES: &str = "UPDATE staff SET roles = $2 WHERE id = $1";
pub const STAFF_PASSWORD: &str = "UPDATE staff SET password = $2 WHERE id = $1";
pub const STAFF_DISABLE: &str =
    "UPDATE staff SET state = 3, invitation = NULL, password = NULL, totp = NULL WHERE id = $1";
/// A code is used once: a step that was used, or an earlier one, changes no row.
pub const TOTP_USE: &str = "UPDATE staff SET totp_step = $2 WHERE id = $1 AND totp_step < $2";

pub const TRIES: &str = "SELECT wrong, locks, locked_until FROM tries WHERE subject = $1";
pub const TRIES_PUT: &str = "INSERT INTO tries (subject, wrong, locks, locked_until, at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (subject) DO UPDATE SET wrong = EXCLUDED.wrong, locks = EXCLUDED.locks, \
     locked_until = EXCLUDED.locked_until, at = EXCLUDED.at";
pub const TRIES_FORGET: &str = "DELETE FROM tries WHERE subject = $1";
pub const TRIES_PRUNE: &str = "DELETE FROM tries WHERE at < $1 AND locked_until < $1";

pub const SESSION_PUT: &str = "INSERT INTO sessions (id, owner, principal, token, previous_until, opened_at, seen_at, \
     rotated_at) VALUES ($1, $2, $3, $4, 0, $5, $5, $5)";
pub const SESSION_BY_TOKEN: &str = "SELECT id, principal, token, previous, previous_until, opened_at, seen_at, rotated_at \
     FROM sessions WHERE token = $1 OR previous = $1";
pub const SESSION_ROTATE: &str = "UPDATE sessions SET token = $2, previous = $3, previous_until = $4, seen_at = $5, \
     rotated_at = $5 WHERE id = $1 AND token = $3";
pub const SESSION_SEEN: &str = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
pub const SESSION_END: &str = "DELETE FROM sessions WHERE id = $1";
pub const SESSIONS_END_OF: &str = "DELETE FROM sessions WHERE owner = $1";
pub const SESSIONS_OF: &str = "SELECT id, opened_at, seen_at FROM sessions WHERE owner = $1 ORDER BY opened_at";
pub const SESSIONS_PRUNE: &str = "DELETE FROM sessions WHERE seen_at < $1 OR opened_at < $2";

pub const KEY_PUT: &str = "INSERT INTO api_keys (id, digest, owner, principal, scopes, live, made_at, expires_at, \
     revoked, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)";
pub const KEY: &str =
    "SELECT digest, principal, scopes, live, expires_at, revoked, used_at, made_at FROM api_keys WHERE id = $1";
pub const KEYS_OF: &str = "SELECT id, scopes, live, expires_at, revoked, used_at, made_at FROM api_keys WHERE owner = $1 ORDER BY made_at, id";
pub const KEYS_ALL: &str =
    "SELECT id, scopes, live, expires_at, revoked, used_at, made_at, principal FROM api_keys ORDER BY made_at, id";
pub const KEY_REVOKE: &str = "UPDATE api_keys SET revoked = 1 WHERE id = $1";
pub const KEYS_REVOKE_OF: &str = "UPDATE api_keys SET revoked = 1 WHERE owner = $1";
pub const KEY_EXPIRES: &str = "UPDATE api_keys SET expires_at = $2 WHERE id = $1 AND expires_at > $2";
pub const KEY_USED: &str = "UPDATE api_keys SET used_at = $2 WHERE id = $1 AND used_at < $2";

pub const CLIENT_PUT: &str =
    "INSERT INTO clients (name, kind, id, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
pub const CLIENT: &str = "SELECT kind, id FROM clients WHERE name = $1";

pub const CLIENTS_ALL: &str = "SELECT name, kind, id, made_at FROM clients ORDER BY name";

pub const SIGNER_PUT: &str = "INSERT INTO signers (client, key_serial, scheme, secret, principal, till, made_at, expires_at, \
     revoked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT DO NOTHING";
pub const SIGNER: &str = "SELECT scheme, secret, principal, expires_at FROM signers \
     WHERE client = $1 AND key_serial = $2 AND revoked = 0";
pub const CERTIFICATE: &str =
    "SELECT principal, expires_at FROM signers WHERE scheme = 2 AND secret = $1 AND revoked = 0";
pub const SIGNERS_OF: &str = "SELECT key_serial, scheme, till, made_at, expires_at, revoked FROM signers \
     WHERE client = $1 ORDER BY made_at, key_serial";
pub const SIGNER_REVOKE: &str = "UPDATE signers SET revoked = 1 WHERE client = $1 AND key_serial = $2";
pub const SIGNERS_REVOKE_OF: &str = "UPDATE signers SET revoked = 1 WHERE client = $1";
pub const TILL_REVOKE: &str = "UPDATE signers SET revoked = 1 WHERE client = $1 AND till = $2";

pub const MARK_PUT: &str = "INSERT INTO marks (client, until) VALUES ($1, $2) \
     ON CONFLICT (client) DO UPDATE SET until = EXCLUDED.until";
pub const MARK: &str = "SELECT until FROM marks WHERE client = $1";

pub const CODE_PUT: &str = "INSERT INTO codes (subject, action, digest, until, sent_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (subject, action) DO UPDATE SET digest = EXCLUDED.digest, until = EXCLUDED.until, \
     sent_at = EXCLUDED.sent_at";
pub const CODE: &str = "SELECT digest, until, sent_at FROM codes WHERE subject = $1 AND action = $2";
pub const CODE_END: &str = "DELETE FROM codes WHERE subject = $1 AND action = $2";
pub const CODES_PRUNE: &str = "DELETE FROM codes WHERE until < $1";

pub const ENROLMENT_PUT: &str = "INSERT INTO enrolments (code, client, till, until) VALUES ($1, $2, $3, $4)";
pub const ENROLMENT: &str = "SELECT client, till, until FROM enrolments WHERE code = $1";
pub const ENROLMENT_END: &str = "DELETE FROM enrolments WHERE code = $1";
/// A till has one open enrolment.
pub const ENROLMENTS_END_OF: &str = "DELETE FROM enrolments WHERE client = $1 AND till = $2";
pub const ENROLMENTS_PRUNE: &str = "DELETE FROM enrolments WHERE until < $1";

/// What a copy of the store may say is live though it has been ended since.
pub const FORGET_LIVE: [&str; 5] = [
    "DELETE FROM sessions",
    "DELETE FROM codes",
    "DELETE FROM enrolments",
    "UPDATE staff SET invitation = NULL",
    // The journal beside it may be older: what it tells already is not told again.
    "UPDATE acts SET told = 0",
];

pub const SEEDS: &str = "SELECT id, totp FROM staff WHERE totp IS NOT NULL";
pub const SEED_PUT: &str = "UPDATE staff SET totp = $2 WHERE id = $1";
pub const SHARED_KEYS: &str = "SELECT client, key_serial, secret FROM signers WHERE scheme = 0";
pub const SHARED_KEY_PUT: &str = "UPDATE signers SET secret = $3 WHERE client = $1 AND key_serial = $2";
/// What is found by digests under the store's key.
pub const FORGET_DIGESTS: [&str; 3] = ["DELETE FROM tries", "DELETE FROM codes", "DELETE FROM enrolments"];

// SQLite only.

pub const COPY_INTO: &str = "VACUUM INTO $1";
pub const SETUP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
     PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
pub const TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'";
pub const DATA_VERSION: &str = "PRAGMA data_version";

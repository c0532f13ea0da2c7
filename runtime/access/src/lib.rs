//! Who somebody is: identities, credentials, sessions, signatures.
//!
//! | who | proves it with | and gets |
//! |---|---|---|
//! | staff | name, password (argon2id) and authenticator (TOTP) | a session, [`Access::sign_in`] |
//! | staff of an institution | an ID token of its provider | a session, [`Provider::principal`] |
//! | a partner's programme | an API key | [`Access::api_key`] |
//! | a partner's programme | a signed request, HMAC or Ed25519 | [`Access::signed`] |
//! | a partner's programme | a client certificate | [`Access::certificate`] |
//! | a subscriber | number and one-time code | a session, [`Access::sign_in_by_code`] |
//! | an agent's till | requests signed by its device | [`Access::signed`] |
//!
//! No clock is read here: moments are wall time in milliseconds and come with each call. There is no HTTP: headers,
//! cookies and tokens are texts. Secrets do not print themselves; the store holds digests, hashes and sealed bytes.
//! Every *no* is a [`Denied`] with a stable code; [`AccessError`] has what is the node's own affair.

mod access;
mod agent;
mod api_key;
mod claim;
mod cookie;
mod denied;
mod error;
mod id_token;
mod limiter;
mod machine;
mod nonces;
mod oidc;
mod one_time_code;
mod password;
mod principal;
mod rekey;
mod sealing;
mod secret;
mod session;
mod settings;
mod signature;
mod signer;
mod sql;
mod staff;
mod store;
mod totp;
mod tries;
mod usage;
#[cfg(test)]
mod work_tests;

pub use access::{Access, network};
pub use agent::{Device, DeviceInvitation, DeviceProof, device_lines};
pub use api_key::{ApiScope, ApiScopes, IssuedKey, KeyHolder, KeyListed, KeyMode, KeyTerms};
pub use claim::Claim;
pub use cookie::{COOKIE, clear_cookie, set_cookie, token_of};
pub use denied::Denied;
pub use error::AccessError;
pub use id_token::KeySet;
pub use limiter::{Limiter, Pace, Taken, Verdict};
pub use machine::{MachineAct, MachineUser, UntoldAct};
pub use oidc::{Begun, Exchange, Provider, ProviderFault, ProviderReach, ProviderSettings};
pub use one_time_code::{CodeAction, CodeFor, CodeMessage, CodeSender, CodeSent};
pub use password::PasswordFault;
pub use principal::{Principal, PrincipalId, PrincipalKind, Role, Roles, Scope};
pub use sealing::AccessKey;
pub use secret::{
    ApiKeyText, CsrfToken, EnrolmentCode, InvitationToken, OneTimeCode, Password, PkceVerifier, SessionToken,
    SharedKey, TotpSeed,
};
pub use session::{Opened, Session, SessionId, SessionListed};
pub use settings::{
    CodeSettings, InvitationSettings, LimitSettings, NoticeSettings, PasswordSettings, Rate, SessionSettings, Settings,
    SettingsError, SignatureSettings, TrySettings,
};
pub use signature::{SignedRequest, five_lines, is_signature};
pub use signer::{ClientListed, Scheme, SignerListed, SignerName};
pub use staff::{Credentials, Enrolment, Invitation, Member, StaffState};
pub use usage::{ClientUsage, InFlight, UsageSettings, UseRate};

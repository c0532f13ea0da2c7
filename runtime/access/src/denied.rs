//! Every *no* of this crate, with its stable code, what is allowed and what to do.
//!
//! What could help a guesser is one code: an unknown name, a wrong password and a wrong second factor are all
//! `credential_wrong` and take the same work. The words for users, which the server's table takes over:
//!
//! | code | status | English | 中文 | hint | 提示 |
//! |---|---|---|---|---|---|
//! | `credential_wrong` | 401 | The name or the secret is wrong | 名称或凭证错误 | check both and try again | 请核对后重试 |
//! | `account_locked` | 429 | Locked after too many wrong tries | 错误次数过多，已锁定 | wait as long as `Retry-After` says | 请在 `Retry-After` 所示时间后重试 |
//! | `too_many_tries` | 429 | Too many tries | 尝试过于频繁 | wait as long as `Retry-After` says | 请在 `Retry-After` 所示时间后重试 |
//! | `invitation_invalid` | 401 | The enrolment token is not good, or no longer | 登记令牌无效或已失效 | ask an administrator for another | 请向管理员重新获取 |
//! | `password_too_weak` | 422 | The password is too easy to guess | 密码过于简单 | take 12 characters or more that are not your name | 请使用不少于 12 个字符且与名称无关的密码 |
//! | `totp_wrong` | 401 | The code of the authenticator is wrong | 动态验证码错误 | wait for the next code; check the device's clock | 请等待下一个验证码并校准设备时间 |
//! | `bootstrap_closed` | 409 | There is an administrator already | 已有管理员 | ask that administrator for an invitation | 请由现有管理员邀请 |
//! | `name_malformed` | 422 | The name is not as it must be | 名称格式不符 | take 2 to 32 of `a-z 0-9 . _ -` | 请使用 2 至 32 个小写字母、数字或 `. _ -` |
//! | `name_taken` | 409 | The name is taken | 名称已被占用 | take another | 请更换名称 |
//! | `roles_not_allowed` | 422 | These roles do not fit | 角色不适用 | name one or more roles of staff | 请指定一个或多个员工角色 |
//! | `last_administrator` | 409 | The last administrator stays | 不得移除最后一名管理员 | make another administrator first | 请先设立另一名管理员 |
//! | `not_permitted` | 403 | You may not do this | 无权执行此操作 | ask an administrator for the role | 请向管理员申请相应角色 |
//! | `principal_unknown` | 404 | There is no such member, client or key | 成员、客户端或密钥不存在 | look it up in the list | 请在列表中查询 |
//! | `key_expired` | 401 | The key has expired | 密钥已过期 | rotate the key | 请轮换密钥 |
//! | `serial_taken` | 409 | The serial is taken | 密钥序号已被占用 | take another serial | 请更换序号 |
//! | `public_key_malformed` | 422 | This is no public key | 公钥格式不符 | send 32 bytes of Ed25519 in base64 | 请提交 Base64 编码的 32 字节 Ed25519 公钥 |
//! | `signature_malformed` | 400 | The header is no signature | 签名头格式不符 | send client, nonce, timestamp, serial, signature | 请提供 client、nonce、timestamp、serial、signature |
//! | `signature_wrong` | 401 | The signature does not fit | 签名不符 | compare the five lines that you signed | 请核对所签的五行文本 |
//! | `clock_skewed` | 401 | The timestamp is outside the window | 时间戳超出允许范围 | set the clock and sign again | 请校准时钟后重新签名 |
//! | `nonce_reused` | 401 | The nonce was used | 随机串已被使用 | sign again with a fresh nonce | 请使用新的随机串重新签名 |
//! | `session_expired` | 401 | The session has ended | 会话已结束 | sign in again | 请重新登录 |
//! | `csrf_missing` | 403 | The header `X-CSRF-Token` is missing | 缺少 `X-CSRF-Token` 请求头 | send the session's token | 请携带本会话的令牌 |
//! | `csrf_wrong` | 403 | The CSRF token is another session's | CSRF 令牌与会话不符 | load the page again | 请刷新页面 |
//! | `code_wrong` | 401 | The code is wrong | 验证码错误 | check it, or ask for another | 请核对或重新获取验证码 |
//! | `code_expired` | 401 | The code has expired | 验证码已过期 | ask for another | 请重新获取验证码 |
//! | `state_unknown` | 401 | This sign-in was not begun here, or is over | 登录请求不存在或已失效 | begin again | 请重新发起登录 |
//! | `id_token_invalid` | 401 | The identity provider's token is not good | 身份提供方令牌无效 | begin again; tell an administrator if it repeats | 请重新登录；如反复出现请联系管理员 |

use crate::password::PasswordFault;
use crate::principal::Role;

/// Why somebody is told no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Unknown name, wrong password, wrong second factor, wrong or revoked key: which one is not said.
    #[error("the name or the secret is wrong: allowed are an active name or key and its own secrets")]
    CredentialWrong,
    /// Too many wrong tries.
    #[error("locked for {retry_after_ms} ms after wrong tries")]
    AccountLocked {
        /// Until when.
        retry_after_ms: u64,
    },
    /// Too many tries, right or wrong.
    #[error("too many tries: the next is allowed in {retry_after_ms} ms")]
    TooManyTries {
        /// Until when.
        retry_after_ms: u64,
    },
    /// An enrolment token is unknown, used or too old: which one is not said.
    #[error("the enrolment token is not good: allowed is an unused one before it expires")]
    InvitationInvalid,
    /// The password is too easy to guess.
    #[error("the password is refused: {0}")]
    PasswordTooWeak(PasswordFault),
    /// The code of the authenticator is wrong or was used.
    #[error("the code is wrong or was used: allowed is the one that the authenticator shows now, once")]
    TotpWrong,
    /// There is an administrator.
    #[error("an administrator has enrolled: bootstrap is allowed only before")]
    BootstrapClosed,
    /// A name is not as it must be.
    #[error("not a name: 2 to 32 characters of a-z, 0-9, `.`, `_`, `-` are allowed, a letter first")]
    NameMalformed,
    /// A name is taken.
    #[error("the name is taken: each is allowed once")]
    NameTaken,
    /// Roles that staff may not hold, or none.
    #[error("these roles do not fit: allowed are one or more of operator, risk, finance, auditor, admin")]
    RolesNotAllowed,
    /// Nobody could let anybody in.
    #[error("this is the last active administrator: one must stay")]
    LastAdministrator,
    /// The principal lacks a role or an area.
    #[error("not permitted: `{needed}` is needed")]
    NotPermitted {
        /// The role or area.
        needed: &'static str,
    },
    /// There is no such staff, client, key or session.
    #[error("there is none with this id or name")]
    PrincipalUnknown,
    /// A key was right, and is too old.
    #[error("the key has expired")]
    KeyExpired,
    /// A serial is taken.
    #[error("the serial is taken: each is allowed once for a client")]
    SerialTaken,
    /// Not a public key.
    #[error("not a public key: 32 bytes of an Ed25519 key are allowed, in base64")]
    PublicKeyMalformed,
    /// The header is not as it must be.
    #[error("`{field}` of the signature: allowed is {allowed}")]
    SignatureMalformed {
        /// Which part.
        field: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// Unknown client or serial, or other bytes than were signed: which one is not said.
    #[error("the signature does not fit: allowed is one of the five lines, by a key that is registered")]
    SignatureWrong,
    /// The timestamp is too old or too new.
    #[error("the timestamp is {seconds} s off: allowed are {window_s} s, and none from before a restart")]
    ClockSkewed {
        /// How far it is from our clock.
        seconds: u64,
        /// How far it may be.
        window_s: u64,
    },
    /// The nonce was used.
    #[error("the nonce was used: allowed is a fresh one for each request")]
    NonceReused,
    /// There is no such session, or no longer.
    #[error("the session has ended: allowed is the token of a live one")]
    SessionExpired,
    /// No CSRF token.
    #[error("no CSRF token: allowed is the session's own")]
    CsrfMissing,
    /// Another CSRF token.
    #[error("the CSRF token does not fit: allowed is the session's own")]
    CsrfWrong,
    /// Wrong code, wrong amount, or nobody to send one to: which one is not said.
    #[error("the code is wrong: allowed is the last one sent, for this action and amount, once")]
    CodeWrong,
    /// The code is too old, or was never asked for.
    #[error("the code has expired")]
    CodeExpired,
    /// The state of an OpenID Connect sign-in is unknown, too old or another browser's.
    #[error("the sign-in was not begun here: allowed is the state of one that was, once")]
    StateUnknown,
    /// An ID token is forged, somebody else's or too old.
    #[error("the ID token is refused: {0}")]
    IdTokenInvalid(&'static str),
}

impl Denied {
    /// Every code, for whoever writes the words.
    pub const CODES: [&'static str; 27] = [
        "credential_wrong",
        "account_locked",
        "too_many_tries",
        "invitation_invalid",
        "password_too_weak",
        "totp_wrong",
        "bootstrap_closed",
        "name_malformed",
        "name_taken",
        "roles_not_allowed",
        "last_administrator",
        "not_permitted",
        "principal_unknown",
        "key_expired",
        "serial_taken",
        "public_key_malformed",
        "signature_malformed",
        "signature_wrong",
        "clock_skewed",
        "nonce_reused",
        "session_expired",
        "csrf_missing",
        "csrf_wrong",
        "code_wrong",
        "code_expired",
        "state_unknown",
        "id_token_invalid",
    ];

    /// A principal lacks a role.
    pub(crate) fn needs(role: Role) -> Denied {
        Denied::NotPermitted { needed: role.text() }
    }

    /// The stable code and the HTTP status.
    const fn word(&self) -> (&'static str, u16) {
        match self {
            Denied::CredentialWrong => ("credential_wrong", 401),
            Denied::AccountLocked { .. } => ("account_locked", 429),
            Denied::TooManyTries { .. } => ("too_many_tries", 429),
            Denied::InvitationInvalid => ("invitation_invalid", 401),
            Denied::PasswordTooWeak(_) => ("password_too_weak", 422),
            Denied::TotpWrong => ("totp_wrong", 401),
            Denied::BootstrapClosed => ("bootstrap_closed", 409),
            Denied::NameMalformed => ("name_malformed", 422),
            Denied::NameTaken => ("name_taken", 409),
            Denied::RolesNotAllowed => ("roles_not_allowed", 422),
            Denied::LastAdministrator => ("last_administrator", 409),
            Denied::NotPermitted { .. } => ("not_permitted", 403),
            Denied::PrincipalUnknown => ("principal_unknown", 404),
            Denied::KeyExpired => ("key_expired", 401),
            Denied::SerialTaken => ("serial_taken", 409),
            Denied::PublicKeyMalformed => ("public_key_malformed", 422),
            Denied::SignatureMalformed { .. } => ("signature_malformed", 400),
            Denied::SignatureWrong => ("signature_wrong", 401),
            Denied::ClockSkewed { .. } => ("clock_skewed", 401),
            Denied::NonceReused => ("nonce_reused", 401),
            Denied::SessionExpired => ("session_expired", 401),
            Denied::CsrfMissing => ("csrf_missing", 403),
            Denied::CsrfWrong => ("csrf_wrong", 403),
            Denied::CodeWrong => ("code_wrong", 401),
            Denied::CodeExpired => ("code_expired", 401),
            Denied::StateUnknown => ("state_unknown", 401),
            Denied::IdTokenInvalid(_) => ("id_token_invalid", 401),
        }
    }

    /// The stable public code.
    pub const fn code(&self) -> &'static str {
        self.word().0
    }

    /// The HTTP status that fits. What was found and what is allowed is the `Display` text.
    pub const fn status(&self) -> u16 {
        self.word().1
    }

    /// After how long it may be tried again, for `Retry-After`.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Denied::AccountLocked { retry_after_ms } | Denied::TooManyTries { retry_after_ms } => Some(*retry_after_ms),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The codes and statuses of the table and of `word`, read from this file.
    #[test]
    fn each_code_is_once_in_the_table_of_words_with_its_status() {
        let source = include_str!("denied.rs");
        let table: BTreeSet<(String, String)> = source
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `"))
            .map(|row| row.split('|').map(|cell| cell.trim().trim_end_matches('`').to_owned()).collect::<Vec<_>>())
            .inspect(|cells| assert!(cells.iter().take(6).all(|cell| !cell.is_empty()), "{cells:?}"))
            .map(|cells| (cells[0].clone(), cells[1].clone()))
            .collect();
        let said: BTreeSet<(String, String)> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Denied::")?.split_once("=> (\""))
            .filter_map(|(_, word)| word.trim_end_matches("),").split_once("\", "))
            .map(|(code, status)| (code.to_owned(), status.to_owned()))
            .collect();
        assert_eq!(table, said);
        let listed: BTreeSet<&str> = super::Denied::CODES.into_iter().collect();
        assert_eq!(said.iter().map(|(code, _)| code.as_str()).collect::<BTreeSet<_>>(), listed);
    }
}

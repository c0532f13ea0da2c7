//! How long things last and how often they may be tried: the file `policies/access.toml`.

use crate::ProviderSettings;
use crate::usage::UsageSettings;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The settings of `policies/access.toml`. An unknown or missing key is a fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    about: About,
    /// How long sessions last.
    pub sessions: SessionSettings,
    /// What passwords must be, and what a hash costs.
    pub passwords: PasswordSettings,
    /// How wrong tries lock a name.
    pub tries: TrySettings,
    /// How long enrolment tokens are good for.
    pub invitations: InvitationSettings,
    /// One-time codes for subscribers.
    pub codes: CodeSettings,
    /// Messages that tell subscribers of their orders.
    pub notices: NoticeSettings,
    /// Signed requests.
    pub signatures: SignatureSettings,
    /// Tries to come in, right or wrong.
    pub limits: LimitSettings,
    /// Institutions' identity providers, by the name that their addresses here have; none are shipped.
    #[serde(default)]
    pub providers: BTreeMap<String, ProviderSettings>,
    /// How much of the node anybody may use.
    pub usage: UsageSettings,
}

/// Where the figures come from, and from when they hold: as in every policy file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    source: String,
    effective_from: String,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// Without a request.
    pub idle_s: u64,
    /// At the latest.
    pub absolute_s: u64,
    /// How old a token gets.
    pub rotate_s: u64,
    /// How long a replaced token is good for requests under way.
    pub grace_s: u64,
}

/// What passwords must be, and what a hash costs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordSettings {
    /// Characters at least.
    pub length_min: usize,
    /// Memory of a hash.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes of it.
    pub lanes: u32,
}

/// How wrong tries lock.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrySettings {
    /// Wrong tries before a lock.
    pub allowed: u32,
    /// The first lock; each further one is twice as long.
    pub first_lock_s: u64,
    /// The longest.
    pub longest_lock_s: u64,
}

/// How long enrolment tokens are good for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationSettings {
    /// Of staff.
    pub staff_s: u64,
    /// Of an agent's device.
    pub device_s: u64,
}

/// One-time codes for subscribers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeSettings {
    /// How long a code is good for.
    pub lives_s: u64,
    /// How soon another may be sent for the same action.
    pub resend_s: u64,
    /// Codes sent to one number in an hour.
    pub per_number_hour: u32,
    /// Codes sent for one address in an hour.
    pub per_address_hour: u32,
    /// How wrong codes lock.
    pub tries: TrySettings,
}

/// Messages that tell subscribers of their orders.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettings {
    /// How many one number gets on a day; more are dropped.
    pub per_number_day: u32,
    /// For how long it is tried to hand one over.
    pub give_up_s: u64,
}

/// Signed requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureSettings {
    /// How far a timestamp may be from our clock.
    pub window_s: u64,
    /// How long a nonce is remembered.
    pub nonce_s: u64,
    /// How many nonces of one client are remembered; beyond them it is told to wait.
    pub nonces_per_client: usize,
    /// How far ahead the durable mark is moved.
    pub mark_s: u64,
}

/// Tries to come in, right or wrong.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// For one name, number or client.
    pub per_subject: Rate,
    /// From one network address.
    pub per_address: Rate,
}

/// So many at once, then one every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Then one in so many milliseconds.
    pub every_ms: u64,
}

impl Rate {
    /// So many an hour.
    pub const fn per_hour(count: u32) -> Rate {
        Rate { burst: count, every_ms: 3_600_000 / if count == 0 { 1 } else { count as u64 } }
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The text is not as it must be.
    #[error("`access.toml`: {0}")]
    Text(#[from] Box<toml::de::Error>),
    /// A figure is out of bounds.
    #[error("`access.toml`, `{key}`: found {found}, allowed: {allowed}")]
    Figure {
        /// Which one.
        key: &'static str,
        /// What it says.
        found: u64,
        /// What it may say.
        allowed: &'static str,
    },
}

impl Settings {
    /// The text that ships.
    pub const SHIPPED: &str = include_str!("../../../policies/access.toml");

    /// Reads and checks the file's text.
    ///
    /// Errors: a key is missing or unknown, or a figure would leave the door open or shut for ever.
    pub fn parse(text: &str) -> Result<Settings, SettingsError> {
        let settings: Settings = toml::from_str(text).map_err(Box::new)?;
        settings.checked()
    }

    /// Where the figures come from, and from when they hold.
    pub fn about(&self) -> (&str, &str) {
        (&self.about.source, &self.about.effective_from)
    }

    fn checked(self) -> Result<Settings, SettingsError> {
        let Settings { sessions, passwords, tries, codes, notices, signatures, limits, .. } = &self;
        within("sessions.idle_s", sessions.idle_s, 60..=86_400, "60 to 86400")?;
        within("sessions.absolute_s", sessions.absolute_s, sessions.idle_s..=604_800, "`idle_s` to 604800")?;
        within("sessions.rotate_s", sessions.rotate_s, 60..=sessions.absolute_s, "60 to `absolute_s`")?;
        within("sessions.grace_s", sessions.grace_s, 1..=60, "1 to 60")?;
        within("passwords.length_min", passwords.length_min as u64, 12..=128, "12 to 128")?;
        within("passwords.memory_kib", passwords.memory_kib.into(), 8..=4_194_304, "8 to 4194304")?;
        within("passwords.passes", passwords.passes.into(), 1..=100, "1 to 100")?;
        within("passwords.lanes", passwords.lanes.into(), 1..=64, "1 to 64")?;
        for (key, tries) in [("tries.allowed", tries), ("codes.tries.allowed", &codes.tries)] {
            within(key, tries.allowed.into(), 1..=10, "1 to 10")?;
            within(key, tries.first_lock_s, 1..=tries.longest_lock_s, "a first lock no longer than the longest")?;
        }
        within("codes.lives_s", codes.lives_s, 30..=900, "30 to 900")?;
        within("notices.per_number_day", notices.per_number_day.into(), 1..=1_000, "1 to 1000")?;
        within("notices.give_up_s", notices.give_up_s, 60..=604_800, "60 to 604800")?;
        within("signatures.window_s", signatures.window_s, 1..=3_600, "1 to 3600")?;
        // A request may come `window_s` before its timestamp and be repeated until `window_s` after it.
        within(
            "signatures.nonce_s",
            signatures.nonce_s,
            2 * signatures.window_s..=86_400,
            "twice `window_s` to 86400",
        )?;
        within("signatures.nonces_per_client", signatures.nonces_per_client as u64, 1..=10_000_000, "1 to 10000000")?;
        within("signatures.mark_s", signatures.mark_s, 1..=60, "1 to 60")?;
        for (key, rate) in [("limits.per_subject", limits.per_subject), ("limits.per_address", limits.per_address)] {
            within(key, rate.burst.into(), 1..=1_000_000, "1 to 1000000 at once")?;
            within(key, rate.every_ms, 1..=3_600_000, "one in 1 to 3600000 milliseconds")?;
        }
        self.usage.check()?;
        Ok(self)
    }
}

pub(crate) fn within(
    key: &'static str,
    found: u64,
    range: std::ops::RangeInclusive<u64>,
    allowed: &'static str,
) -> Result<(), SettingsError> {
    if range.contains(&found) { Ok(()) } else { Err(SettingsError::Figure { key, found, allowed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_settings_are_the_stated_ones() {
        let settings = Settings::parse(Settings::SHIPPED).unwrap();
        assert_eq!((settings.sessions.idle_s, settings.sessions.absolute_s), (30 * 60, 12 * 3_600));
        assert_eq!((settings.signatures.window_s, settings.signatures.nonce_s), (300, 600));
        assert_eq!((settings.codes.lives_s, settings.codes.tries.allowed), (300, 5));
        let PasswordSettings { length_min, memory_kib, passes, lanes } = settings.passwords;
        assert_eq!((length_min, memory_kib, passes, lanes), (12, 19_456, 2, 1));
    }

    #[test]
    fn a_figure_that_opens_the_door_is_refused() {
        let rows = [
            ("window_s = 300", "window_s = 301", "signatures.nonce_s"),
            ("length_min = 12", "length_min = 8", "passwords.length_min"),
            ("absolute_s = 43_200", "absolute_s = 60", "sessions.absolute_s"),
            ("grace_s = 30", "grace_s = 3000", "sessions.grace_s"),
            ("per_number_day = 20", "per_number_day = 0", "notices.per_number_day"),
            ("give_up_s = 86_400", "give_up_s = 6", "notices.give_up_s"),
            ("every_ms = 3_000", "every_ms = 0", "limits.per_subject"),
        ];
        for (shipped, other, key) in rows {
            let text = Settings::SHIPPED.replacen(shipped, other, 1);
            assert_ne!(text, Settings::SHIPPED, "{shipped}");
            assert!(Settings::parse(&text).unwrap_err().to_string().contains(key), "{other}");
        }
        let unknown = Settings::SHIPPED.replacen("idle_s", "idel_s", 1);
        assert!(Settings::parse(&unknown).unwrap_err().to_string().contains("idel_s"));
    }
}

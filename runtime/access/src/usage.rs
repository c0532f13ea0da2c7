//! How much of the node anybody may use: the part `usage` of `policies/access.toml`.

use crate::settings::within;
use crate::{Principal, Scope, SettingsError};
use serde::Deserialize;
use std::net::IpAddr;

/// How much of the node anybody may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSettings {
    /// Of one client: all its keys and connections together.
    pub per_client: UseRate,
    /// About one subscriber or person, whoever asks.
    pub per_subject: UseRate,
    /// From one network address.
    pub per_address: UseRate,
    /// Requests under way of clients.
    pub in_flight: InFlight,
    /// Of callers who prove nothing; a client is a network then. Apart, so that they take no place of a client's.
    pub in_flight_visitors: InFlight,
    /// Proxies before the node, whose `X-Forwarded-For` is believed: everybody behind others has one address.
    pub proxies: Vec<IpAddr>,
    /// Clients with limits of their own.
    #[serde(default)]
    pub clients: Vec<ClientUsage>,
}

/// So many at once, then so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseRate {
    /// At once.
    pub burst: u32,
    /// Then so many a second.
    pub per_second: u32,
}

/// Requests under way at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InFlight {
    /// Of everybody together; more wait, and clients take turns.
    pub total: u32,
    /// Of one client; more wait.
    pub per_client: u32,
    /// How many of one client may wait.
    pub waiting_per_client: u32,
}

/// The limits of one client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientUsage {
    /// A partner or a programme of the house, by name.
    pub name: String,
    /// How often it may ask.
    pub rate: UseRate,
    /// How many of its requests may be under way.
    pub in_flight: u32,
}

impl UsageSettings {
    /// The limits of whoever calls; none when they are everybody's.
    pub fn of(&self, who: &Principal) -> Option<&ClientUsage> {
        let (Scope::Partner { name } | Scope::Staff { name }) = who.scope() else { return None };
        self.clients.iter().find(|client| client.name == *name)
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        for (key, rate) in [
            ("usage.per_client", self.per_client),
            ("usage.per_subject", self.per_subject),
            ("usage.per_address", self.per_address),
        ] {
            rate.check(key)?;
        }
        self.in_flight.check()?;
        self.in_flight_visitors.check()?;
        let total = self.in_flight.total;
        for client in &self.clients {
            client.rate.check("usage.clients.rate")?;
            within("usage.clients.in_flight", client.in_flight.into(), 1..=total.into(), "1 to `total`")?;
        }
        Ok(())
    }
}

impl InFlight {
    fn check(self) -> Result<(), SettingsError> {
        let InFlight { total, per_client, waiting_per_client } = self;
        within("usage.in_flight.total", total.into(), 1..=65_536, "1 to 65536")?;
        within("usage.in_flight.per_client", per_client.into(), 1..=total.into(), "1 to `total`")?;
        within("usage.in_flight.waiting_per_client", waiting_per_client.into(), 0..=65_536, "0 to 65536")
    }
}

impl UseRate {
    fn check(self, key: &'static str) -> Result<(), SettingsError> {
        within(key, self.burst.into(), 1..=10_000_000, "1 to 10000000 at once")?;
        within(key, self.per_second.into(), 1..=10_000_000, "1 to 10000000 a second")
    }
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    #[test]
    fn figures_that_shut_everybody_out_are_refused() {
        let shipped = Settings::SHIPPED;
        assert!(Settings::parse(shipped).is_ok());
        for (good, faulty, key) in [
            ("total = 512", "total = 0", "usage.in_flight.total"),
            ("per_client = 64,", "per_client = 513,", "usage.in_flight.per_client"),
            ("per_second = 200", "per_second = 0", "usage.per_subject"),
        ] {
            assert!(shipped.contains(good), "{good}");
            let error = Settings::parse(&shipped.replace(good, faulty)).expect_err(faulty).to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}

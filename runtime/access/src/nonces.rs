//! Which nonces each client has used, in bounded memory, and from when on its requests are believed after a restart.
//!
//! The nonces themselves are in memory alone. What is durable is one mark for each client, ahead of every timestamp
//! of its that was taken: after a restart no timestamp up to the mark is taken. A mark moves in steps of seconds, so
//! it costs a write every few seconds, and after a crash a client waits those few seconds at most.

use crate::Denied;
use crate::settings::SignatureSettings;
use facts::Millis;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Nonces are forgotten a minute's worth at a time.
const SLOT_MS: u64 = 60_000;

/// What is known of a client since the start.
#[derive(Default)]
struct Client {
    /// Timestamps up to this, in seconds, may have been taken before the start.
    floor_s: u64,
    /// Timestamps up to this are covered by the durable mark.
    mark_s: u64,
    /// Nonces by the minute in which they came.
    slots: BTreeMap<u64, HashSet<[u8; 16]>>,
    count: usize,
}

/// The nonces of all clients.
pub struct Nonces {
    settings: SignatureSettings,
    clients: HashMap<String, Client>,
}

impl Nonces {
    pub fn new(settings: SignatureSettings) -> Nonces {
        Nonces { settings, clients: HashMap::new() }
    }

    /// Whether the durable mark of a client lies ahead of a timestamp.
    pub fn covers(&self, client: &str, timestamp_s: u64) -> bool {
        self.clients.get(client).is_some_and(|known| timestamp_s <= known.mark_s)
    }

    /// The mark that is to be made durable before a timestamp beyond the last is taken. `stored_s` is the one in the
    /// store: what counts of it is what it said when the client first came since the start.
    pub fn mark_for(&self, timestamp_s: u64) -> u64 {
        timestamp_s + self.settings.mark_s
    }

    /// The mark is durable.
    pub fn cover(&mut self, client: &str, stored_s: u64, mark_s: u64) {
        let known = self.clients.entry(client.to_owned());
        let known = known.or_insert_with(|| Client { floor_s: stored_s, ..Client::default() });
        known.mark_s = known.mark_s.max(mark_s);
    }

    /// Takes a nonce, of a request whose timestamp is within the window and covered.
    ///
    /// Errors: it was used; the timestamp may be from before the start; the client uses more than are remembered.
    pub fn take(&mut self, client: &str, nonce: [u8; 16], timestamp_s: u64, now: Millis) -> Result<(), Denied> {
        let SignatureSettings { window_s, nonce_s, nonces_per_client, .. } = self.settings;
        let known = self.clients.entry(client.to_owned()).or_default();
        known.forget(nonce_s, now);
        if known.slots.values().any(|slot| slot.contains(&nonce)) {
            return Err(Denied::NonceReused);
        }
        if timestamp_s <= known.floor_s {
            return Err(Denied::ClockSkewed { seconds: (now.0 / 1_000).abs_diff(timestamp_s), window_s });
        }
        if known.count >= nonces_per_client {
            let oldest = known.slots.keys().next().copied().unwrap_or_default();
            let free_at = (oldest + 1) * SLOT_MS + nonce_s * 1_000;
            return Err(Denied::TooManyTries { retry_after_ms: free_at.saturating_sub(now.0) });
        }
        known.slots.entry(now.0 / SLOT_MS).or_default().insert(nonce);
        known.count += 1;
        Ok(())
    }

    /// Forgets what is old enough, and clients of whom nothing is left: their marks lie behind by then.
    pub fn forget(&mut self, now: Millis) {
        let SignatureSettings { window_s, nonce_s, mark_s, .. } = self.settings;
        self.clients.retain(|_, known| {
            known.forget(nonce_s, now);
            known.count > 0 || now.0 / 1_000 < known.mark_s + window_s + mark_s
        });
    }
}

impl Client {
    fn forget(&mut self, nonce_s: u64, now: Millis) {
        while let Some(slot) = self.slots.first_entry()
            && (slot.key() + 1) * SLOT_MS + nonce_s * 1_000 <= now.0
        {
            self.count -= slot.remove().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(nonces_per_client: usize) -> Nonces {
        Nonces::new(SignatureSettings { window_s: 300, nonce_s: 600, nonces_per_client, mark_s: 5 })
    }

    fn nonce(number: u64) -> [u8; 16] {
        u128::from(number).to_be_bytes()
    }

    const NOW: Millis = Millis(1_800_000_000_000);

    #[test]
    fn a_nonce_is_taken_once_for_a_client_while_it_is_remembered() {
        let mut nonces = nonces(10);
        assert_eq!(nonces.take("bank", nonce(1), 1_800_000_000, NOW), Ok(()));
        assert_eq!(nonces.take("bank", nonce(1), 1_800_000_000, NOW.plus(600_000)), Err(Denied::NonceReused));
        assert_eq!(nonces.take("shop", nonce(1), 1_800_000_000, NOW), Ok(()), "another client's");
        assert_eq!(nonces.take("bank", nonce(1), 1_800_000_700, NOW.plus(700_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_forgotten_early() {
        let mut nonces = nonces(10);
        for number in 0..10 {
            assert_eq!(nonces.take("bank", nonce(number), 1_800_000_000, NOW), Ok(()));
        }
        let Err(Denied::TooManyTries { retry_after_ms }) = nonces.take("bank", nonce(10), 1_800_000_000, NOW) else {
            panic!("the eleventh was taken");
        };
        assert_eq!(nonces.take("bank", nonce(0), 1_800_000_000, NOW), Err(Denied::NonceReused));
        let later = NOW.plus(retry_after_ms);
        assert_eq!(nonces.take("bank", nonce(10), later.0 / 1_000, later), Ok(()));
        assert_eq!(nonces.clients["bank"].count, 1);
        nonces.forget(later.plus(1_000_000));
        assert!(nonces.clients.is_empty());
    }

    #[test]
    fn what_may_have_been_taken_before_the_start_is_not_taken_again() {
        let mut nonces = nonces(10);
        nonces.cover("bank", 1_800_000_003, 1_800_000_009);
        assert!(nonces.covers("bank", 1_800_000_009) && !nonces.covers("bank", 1_800_000_010));
        let refused = Denied::ClockSkewed { seconds: 3, window_s: 300 };
        assert_eq!(nonces.take("bank", nonce(1), 1_800_000_003, NOW), Err(refused));
        assert_eq!(nonces.take("bank", nonce(1), 1_800_000_004, NOW), Ok(()));
        // What the store says later is our own mark.
        nonces.cover("bank", 1_800_000_009, 1_800_000_020);
        assert_eq!(nonces.take("bank", nonce(2), 1_800_000_005, NOW), Ok(()));
    }
}

//! Which telco serves a number now: the segment table says who did first, and that telco's register who does today.
//!
//! An answer is kept as long as the policy says, by keyed digest. A register that does not answer is asked again soon,
//! and until then the number counts as served by whom we last knew: what leaves for a telco that serves it no more is
//! refused there, and nothing is lost.

use crate::context::Context;
use crate::known::Known;
use crate::problem::Problem;
use exchange::rules::Line;
use exchange::{Command, Envelope};
use facts::{Key16, Meta, Millis, Subscriber};
use money::Telco;
use node::Lane;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use vault::Msisdn;

/// How many answers are kept; then it starts afresh.
const KEPT_MAX: usize = 1 << 20;
/// When a register is asked again that did not answer, in milliseconds of node time.
const ASKED_AGAIN_MS: u64 = 60_000;

/// Who serves a number, and until when that need not be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// By whom.
    pub telco: Telco,
    /// In node time.
    pub until: Millis,
}

/// The answers of the registers.
#[derive(Default)]
pub struct Portability {
    kept: Mutex<HashMap<Key16, Served>>,
}

impl Portability {
    /// How many answers are kept.
    pub fn len(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn get(&self, number: Key16, now: Millis) -> Option<Served> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&number).copied().filter(|served| now < served.until)
    }

    fn put(&self, number: Key16, served: Served) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(number, served);
    }
}

impl Context {
    /// Who serves a number of these segments, as far as can be known now; `last` is who did when it was last known.
    pub async fn served(&self, msisdn: &str, segments: Telco, last: Telco) -> Served {
        let now = self.now();
        let number = self.digests.of("ported number", &[msisdn.as_bytes()]);
        if let Some(served) = self.portability.get(number, now) {
            return served;
        }
        match self.node.served_by(segments, msisdn).await {
            Ok(Some(telco)) => {
                let served = Served { telco, until: now.plus(self.policy().ported_kept_ms()) };
                self.portability.put(number, served);
                served
            }
            // A telco without a register ports no numbers.
            Ok(None) => Served { telco: segments, until: Millis(u64::MAX) },
            Err(error) => {
                tracing::warn!(%error, "who serves a number could not be asked");
                Served { telco: last, until: now.plus(ASKED_AGAIN_MS) }
            }
        }
    }

    /// A line with the telco that serves its number now.
    pub async fn line(&self, msisdn: &str, line: Line) -> Line {
        Line { telco: self.served(msisdn, line.telco, line.telco).await.telco, ..line }
    }

    /// Until when a subscriber's telco is known. One that was ported is written down first.
    ///
    /// Errors: the node does not answer.
    pub async fn follow(&self, subscriber: &Subscriber, msisdn: &Msisdn) -> Result<Millis, Problem> {
        // A number whose segment is gone stays where it was.
        let segments = self.numbers.lookup(msisdn.expose()).map_or(subscriber.telco, |line| line.telco);
        let served = self.served(msisdn.expose(), segments, subscriber.telco).await;
        if served.telco != subscriber.telco {
            let command = Command::Port { subscriber: subscriber.id, telco: served.telco };
            let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
            let envelope = Envelope { meta, key: None, command };
            self.outcome(self.node.submit(Lane::Operators, envelope, |_, _| ())).await?;
        }
        Ok(served.until)
    }
}

impl Known {
    /// Whether what is known still holds at a moment.
    pub fn holds(&self, now: Millis) -> bool {
        now < self.served_until
    }
}

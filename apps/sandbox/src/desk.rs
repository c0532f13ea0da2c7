//! What every counterparty keeps beside its books: the fault plan, magic, work for later, hidden references, time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::agenda::Agenda;
use crate::clock::wall_ms;
use crate::faults::{FaultsConfig, Mischief};
use crate::magic::Magic;

/// The state beside the books; `T` is what the server may owe for later.
#[derive(Debug)]
pub(crate) struct Desk<T> {
    /// The fault plan.
    pub mischief: Mischief,
    /// The magic numbers.
    pub magic: Magic,
    /// Work for later.
    pub agenda: Agenda<T>,
    hidden: HashMap<Arc<str>, Instant>,
    newest_business_ms: Option<i64>,
}

impl<T> Desk<T> {
    /// A desk for the server of this name.
    pub fn new(name: &str, faults: FaultsConfig, has_callback: bool, magic: bool) -> Self {
        Desk {
            mischief: Mischief::new(name, faults, has_callback),
            magic: Magic::new(magic),
            agenda: Agenda::default(),
            hidden: HashMap::new(),
            newest_business_ms: None,
        }
    }

    /// The stamp of a call: its business time when it has one, else the wall clock.
    pub fn stamp(&mut self, business_ms: Option<i64>) -> i64 {
        self.newest_business_ms = self.newest_business_ms.max(business_ms);
        business_ms.unwrap_or_else(wall_ms)
    }

    /// The stamp of work nobody is calling about: the newest business time seen, else the wall clock.
    pub fn own_stamp(&self) -> i64 {
        self.newest_business_ms.unwrap_or_else(wall_ms)
    }

    /// Hides a reference from inquiries for a while.
    pub fn hide(&mut self, reference: &Arc<str>, grace: Duration) {
        self.hidden.insert(reference.clone(), Instant::now() + grace);
    }

    /// Whether inquiries must not find this reference yet.
    pub fn is_hidden(&self, reference: &str) -> bool {
        self.hidden.get(reference).is_some_and(|until| *until > Instant::now())
    }

    /// Ends every grace time; returns how many had not ended by themselves.
    pub fn reveal_all(&mut self) -> usize {
        let now = Instant::now();
        let early = self.hidden.values().filter(|until| **until > now).count();
        self.hidden.clear();
        early
    }
}

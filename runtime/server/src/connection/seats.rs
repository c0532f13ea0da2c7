//! How many connections one network may hold open: the places are for everybody.

use access::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The connections of each network. A network is there only while it has one.
pub struct Seats {
    each: usize,
    taken: Mutex<HashMap<Vec<u8>, usize>>,
}

/// A connection's seat, until this is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    network: Vec<u8>,
}

impl Seats {
    /// So many for each.
    pub fn new(each: usize) -> Seats {
        Seats { each, taken: Mutex::default() }
    }

    /// A seat; none when the network has all that it may have.
    pub fn take(seats: &Arc<Seats>, from: IpAddr) -> Option<Seat> {
        let network = network(from);
        let mut taken = seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(network.clone()).or_default();
        if *count >= seats.each {
            return None;
        }
        *count += 1;
        Some(Seat { seats: Arc::clone(seats), network })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_so_many_seats_and_gets_them_back() {
        let seats = Arc::new(Seats::new(2));
        let from = |text: &str| text.parse().expect("an address");
        let held = [Seats::take(&seats, from("2001:db8::1")), Seats::take(&seats, from("2001:db8::2"))];
        assert!(held.iter().all(Option::is_some));
        assert!(Seats::take(&seats, from("2001:db8::3")).is_none(), "the same network");
        assert!(Seats::take(&seats, from("192.0.2.1")).is_some(), "another");
        drop(held);
        assert!(Seats::take(&seats, from("2001:db8::3")).is_some());
        assert!(seats.taken.lock().expect("unpoisoned").is_empty());
    }
}

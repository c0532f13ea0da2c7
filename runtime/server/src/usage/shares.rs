//! Requests under way, shared out: so many of everybody together, so many of each, and who waits takes turns.
//!
//! A client that floods the node waits behind itself. Another's request finds a place at once while there is one, and
//! else has the next turn but those of the others who wait. Lanes are there only while something of theirs is.

use access::InFlight;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Whose requests wait in one line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A client's.
    Client([u8; 17]),
    /// Of callers who prove nothing, from one network.
    Network(Vec<u8>),
}

/// The requests under way.
pub struct Shares {
    total: u32,
    waiting_each: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    running: u32,
    lanes: HashMap<Lane, Line>,
    /// The lanes in which somebody waits, whose turn is next first.
    turns: VecDeque<Lane>,
}

#[derive(Default)]
struct Line {
    running: u32,
    most: u32,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A request's place, until this is dropped.
pub struct Place {
    /// None once it is given up.
    held: Option<(Arc<Shares>, Lane)>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((shares, lane)) = self.held.take() {
            shares.release(&lane);
        }
    }
}

impl Shares {
    /// Nothing under way.
    pub fn new(bounds: InFlight) -> Shares {
        let waiting_each = bounds.waiting_per_client as usize;
        Shares { total: bounds.total, waiting_each, table: Mutex::default() }
    }

    /// A place for a request: at once, or when one is free and it is this lane's turn. None when too many wait in it.
    pub async fn place(shares: &Arc<Shares>, lane: Lane, most: u32) -> Option<Place> {
        let turn = match shares.ask(lane.clone(), most)? {
            None => return Some(Place { held: Some((Arc::clone(shares), lane)) }),
            Some(turn) => turn,
        };
        turn.await.ok()
    }

    /// None when too many wait; within, none when there is a place now.
    fn ask(self: &Arc<Shares>, lane: Lane, most: u32) -> Option<Option<oneshot::Receiver<Place>>> {
        let mut table = self.lock();
        let free = table.running < self.total;
        let line = table.lanes.entry(lane.clone()).or_default();
        line.most = most;
        if free && line.running < most && line.waiting.is_empty() {
            line.running += 1;
            table.running += 1;
            return Some(None);
        }
        if line.waiting.len() >= self.waiting_each {
            // Those who gave up do not count.
            line.waiting.retain(|turn| !turn.is_closed());
        }
        if line.waiting.len() >= self.waiting_each {
            table.forget_if_empty(&lane);
            return None;
        }
        let (sender, turn) = oneshot::channel();
        line.waiting.push_back(sender);
        if line.waiting.len() == 1 && !table.turns.contains(&lane) {
            table.turns.push_back(lane);
        }
        Some(Some(turn))
    }

    fn release(self: &Arc<Shares>, lane: &Lane) {
        let mut table = self.lock();
        table.running -= 1;
        if let Some(line) = table.lanes.get_mut(lane) {
            line.running -= 1;
        }
        table.forget_if_empty(lane);
        self.hand_out(&mut table);
    }

    /// Gives free places to those who wait, a lane after the other.
    fn hand_out(self: &Arc<Shares>, table: &mut Table) {
        let mut passed = 0;
        while table.running < self.total && passed < table.turns.len() {
            let Some(lane) = table.turns.pop_front() else { return };
            let Some(line) = table.lanes.get_mut(&lane) else { continue };
            if line.running < line.most && line.give(self, &lane) {
                table.running += 1;
                passed = 0;
            } else {
                passed += 1;
            }
            if line.waiting.is_empty() {
                table.forget_if_empty(&lane);
            } else {
                table.turns.push_back(lane);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Gives a place to whoever waits longest and is still there.
    fn give(&mut self, shares: &Arc<Shares>, lane: &Lane) -> bool {
        while let Some(turn) = self.waiting.pop_front() {
            match turn.send(Place { held: Some((Arc::clone(shares), lane.clone())) }) {
                Ok(()) => {
                    self.running += 1;
                    return true;
                }
                // Nobody took it, so that nothing is to be released, least of all under the lock.
                Err(mut unwanted) => unwanted.held = None,
            }
        }
        false
    }
}

impl Table {
    fn forget_if_empty(&mut self, lane: &Lane) {
        if self.lanes.get(lane).is_some_and(|line| line.running == 0 && line.waiting.is_empty()) {
            self.lanes.remove(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    const BOUNDS: InFlight = InFlight { total: 4, per_client: 3, waiting_per_client: 5 };
    type Asked = Pin<Box<dyn Future<Output = Option<Place>>>>;

    fn lane(name: u8) -> Lane {
        Lane::Client([name; 17])
    }

    fn ask(shares: &Arc<Shares>, name: u8) -> Asked {
        let shares = Arc::clone(shares);
        let mut asked: Asked = Box::pin(async move { Shares::place(&shares, lane(name), 3).await });
        // Asked is asked: whoever waits is in the line from here on.
        if let Poll::Ready(place) = look(&mut asked) {
            return Box::pin(std::future::ready(place));
        }
        asked
    }

    fn look(asked: &mut Asked) -> Poll<Option<Place>> {
        asked.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn placed(asked: &mut Asked) -> Place {
        match look(asked) {
            Poll::Ready(Some(place)) => place,
            _ => panic!("no place"),
        }
    }

    #[test]
    fn a_flood_waits_behind_itself_and_leaves_no_trace() {
        let shares = Arc::new(Shares::new(BOUNDS));
        let mut flood: Vec<Asked> = (0..8).map(|_| ask(&shares, 1)).collect();
        let mut places: VecDeque<Place> = flood.iter_mut().take(3).map(placed).collect();
        assert!(flood[3..].iter_mut().all(|asked| look(asked).is_pending()), "three at once, the others wait");
        assert!(matches!(look(&mut ask(&shares, 1)), Poll::Ready(None)), "and no more than five wait");
        let other = placed(&mut ask(&shares, 2));
        let mut next = ask(&shares, 2);
        assert!(look(&mut next).is_pending(), "the node is full");
        places.pop_front();
        let first = placed(&mut flood[3]);
        assert!(look(&mut next).is_pending(), "whose turn was first");
        places.pop_front();
        let second = placed(&mut next);
        assert!(look(&mut flood[4]).is_pending(), "then the other's turn, though the flood has waited longer");
        drop((flood, places, first, second, other));
        assert!(shares.lock().lanes.is_empty() && shares.lock().running == 0);
    }

    #[test]
    fn who_gives_up_loses_no_place_to_anybody() {
        let shares = Arc::new(Shares::new(BOUNDS));
        let held: Vec<Place> = (0..3).map(|_| placed(&mut ask(&shares, 1))).collect();
        let gone = ask(&shares, 1);
        let mut stays = ask(&shares, 1);
        drop(gone);
        drop(held);
        drop(placed(&mut stays));
        assert_eq!(shares.lock().running, 0);
        assert!(shares.lock().lanes.is_empty());
    }
}

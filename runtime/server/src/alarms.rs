//! Attempts to come in as somebody else, or to do what one may not: noted, without letting whoever tries fill the
//! journal or the log.
//!
//! Of a known identity the first attempt of a kind is a record at once, and the further ones of an hour are one more,
//! with their number. Of nobody known it is a number in the metrics and a line in the log, as rare. Whether a name is
//! known is looked up here, beside the request: its caller must not see it by the time that takes.

use crate::access::wall_now;
use crate::context::Context;
use access::{Access, AccessError, Claim, Denied};
use exchange::{Command, Envelope};
use facts::{Actor, ActorKind, Attack, Meta, Millis};
use node::Lane;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many attempts may wait to be looked at; more are only counted.
const WAITING_MOST: usize = 1_024;
/// How many windows may be open: identities times kinds. Beyond it attempts are only counted.
const WINDOWS_MOST: usize = 4_096;
const WINDOW_MS: u64 = 3_600_000;
/// How often it is looked which windows are over.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Who tried, or as whom.
#[derive(Clone, Debug)]
pub enum Whom {
    /// Somebody who proved who they are.
    Known(Actor),
    /// Whom a credential names that did not hold.
    Claimed(Claim),
    /// Nobody is named.
    Nobody,
}

struct Alarm {
    what: Attack,
    whom: Whom,
}

/// Where attempts are told.
pub struct Alarms(Sender<Alarm>);

/// What was told, to be looked at.
pub struct Told(Receiver<Alarm>);

impl Alarms {
    /// A place to tell, and to look.
    pub fn new() -> (Alarms, Told) {
        let (sender, receiver) = mpsc::channel(WAITING_MOST);
        (Alarms(sender), Told(receiver))
    }

    /// Tells of an attempt; never waits.
    pub fn tell(&self, what: Attack, whom: Whom) {
        // What finds no room was counted by whoever tells.
        let _ = self.0.try_send(Alarm { what, whom });
    }
}

/// What an attempt was that ended so; none when it was no attempt on anybody.
pub const fn attack(denied: &Denied) -> Option<Attack> {
    match denied {
        Denied::CredentialWrong | Denied::SignatureWrong | Denied::TotpWrong => Some(Attack::WrongSecret),
        Denied::NonceReused => Some(Attack::Replay),
        Denied::CsrfMissing | Denied::CsrfWrong => Some(Attack::ForeignPage),
        Denied::AccountLocked { .. } => Some(Attack::TriedOnLocked),
        Denied::TooManyTries { .. } => Some(Attack::Flood),
        _ => None,
    }
}

/// Notes what is told until the node stops.
pub async fn run(context: Arc<Context>, mut told: Told) {
    let mut windows = Windows::default();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let due = tokio::select! {
            _ = context.node.wait_stopped() => return,
            _ = look.tick() => windows.over(wall_now()),
            alarm = told.0.recv() => match alarm {
                Some(Alarm { what, whom }) => {
                    let who = who(&context, whom).await;
                    windows.noted(who, what, wall_now()).into_iter().collect()
                }
                None => return,
            },
        };
        for noted in due {
            note(&context, noted).await;
        }
    }
}

async fn who(context: &Context, whom: Whom) -> Option<Actor> {
    let claim = match whom {
        Whom::Known(actor) => return Some(actor),
        Whom::Nobody => return None,
        Whom::Claimed(claim) => claim,
    };
    let access = Arc::clone(&context.access);
    let look = move |access: &Access| -> Result<_, AccessError> { access.claimed(&claim) };
    tokio::task::spawn_blocking(move || look(&access)).await.ok().and_then(Result::ok).flatten()
}

async fn note(context: &Context, Noted { who, what, count, since }: Noted) {
    let Some(who) = who else {
        tracing::warn!(%what, count, "attempts that name nobody known");
        return;
    };
    tracing::warn!(%what, count, "attempts on a known identity; the journal says which");
    let command = Command::NoteAttack { who, what, count, since };
    let envelope = Envelope { meta: Meta::system(Millis(0)), key: None, command };
    if context.outcome(context.node.submit(Lane::Operators, envelope, |_, _| ())).await.is_err() {
        tracing::error!(%what, count, "attempts could not be noted");
    }
}

/// What is to be noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    who: Option<Actor>,
    what: Attack,
    count: u32,
    since: Millis,
}

/// Whose attempts, of which kind.
type Key = (Option<(ActorKind, [u8; 16])>, Attack);

/// Whose attempts of one kind were noted within the hour.
#[derive(Default)]
struct Windows(BTreeMap<Key, Window>);

struct Window {
    /// What came since the last note.
    held: Noted,
    noted_at: Millis,
}

impl Windows {
    /// The first of an hour is to be noted at once.
    fn noted(&mut self, who: Option<Actor>, what: Attack, now: Millis) -> Option<Noted> {
        let key = (who.map(|who| (who.kind, who.id.0)), what);
        if let Some(window) = self.0.get_mut(&key) {
            let held = &mut window.held;
            held.since = if held.count == 0 { now } else { held.since };
            held.count = held.count.saturating_add(1);
            return None;
        }
        if self.0.len() >= WINDOWS_MOST {
            return None;
        }
        let first = Noted { who, what, count: 1, since: now };
        self.0.insert(key, Window { held: Noted { count: 0, ..first }, noted_at: now });
        Some(first)
    }

    /// What came in the windows that are over; those in which nothing came are forgotten.
    fn over(&mut self, now: Millis) -> Vec<Noted> {
        let is_over = |window: &Window| now.since(window.noted_at) >= WINDOW_MS;
        self.0.retain(|_, window| !is_over(window) || window.held.count > 0);
        let over = self.0.values_mut().filter(|window| is_over(window));
        over.map(|window| {
            window.noted_at = now;
            let noted = window.held;
            window.held.count = 0;
            noted
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::Key16;

    fn somebody(number: u8) -> Option<Actor> {
        Some(Actor { kind: ActorKind::Partner, id: Key16([number; 16]), role: 0 })
    }

    #[test]
    fn an_hour_of_attempts_is_two_notes_with_their_number() {
        let (mut windows, now) = (Windows::default(), Millis(1_790_000_000_000));
        let (who, what) = (somebody(1), Attack::WrongSecret);
        assert_eq!(windows.noted(who, what, now), Some(Noted { who, what, count: 1, since: now }));
        for second in 1..=100 {
            assert_eq!(windows.noted(who, what, now.plus(second * 1_000)), None);
        }
        assert!(windows.noted(who, Attack::Replay, now).is_some(), "another kind");
        assert!(windows.noted(somebody(2), what, now).is_some(), "somebody else");
        assert!(windows.noted(None, what, now).is_some(), "nobody known");
        assert!(windows.over(now.plus(WINDOW_MS - 1)).is_empty());
        let hour = now.plus(WINDOW_MS);
        assert_eq!(windows.over(hour), [Noted { who, what, count: 100, since: now.plus(1_000) }]);
        assert_eq!(windows.noted(who, what, hour.plus(1)), None, "the next hour began with that note");
        assert!(windows.over(hour.plus(WINDOW_MS - 1)).is_empty());
        assert_eq!(windows.over(hour.plus(WINDOW_MS)).len(), 1);
        assert!(windows.over(hour.plus(2 * WINDOW_MS)).is_empty() && windows.0.is_empty());
    }

    #[test]
    fn windows_are_bounded() {
        let (mut windows, now) = (Windows::default(), Millis(1_790_000_000_000));
        for number in 0..=WINDOWS_MOST as u128 {
            let who = Some(Actor { kind: ActorKind::Staff, id: Key16(number.to_be_bytes()), role: 0 });
            assert_eq!(windows.noted(who, Attack::Flood, now).is_some(), number < WINDOWS_MOST as u128);
        }
    }
}

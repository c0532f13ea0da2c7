//! The file of what is still to be told: how far the journal was read, what waits, what came to an end lately, and how
//! many messages a number got on a day.
//!
//! Unlike the views it is not made again from the journal: a new one begins at the journal's end and tells nobody of
//! what is past. A kill loses nothing of it; what a power cut takes is read again and sent under the same references.

use std::path::Path;

use facts::{Millis, SubscriberId};
use rusqlite::{Connection, Params, Row, Transaction};

use super::{Notice, NoticeKind, sql};
use crate::ViewError;
use crate::connection::for_writing;
use crate::decode::{damaged, natural, word};
use crate::fold::integer;

const FORMAT: &str = "format";
const POSITION: &str = "position";
/// Whose days are forgotten before this one.
const DAY: &str = "day";

macro_rules! words {
    ($(#[$doc:meta])* $word:ident { $($(#[$name_doc:meta])* $name:ident = $code:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $word {
            $($(#[$name_doc])* $name,)*
        }

        impl $word {
            /// All of them.
            pub const ALL: &'static [$word] = &[$($word::$name,)*];

            /// The word.
            pub const fn code(self) -> &'static str {
                match self { $($word::$name => $code,)* }
            }
        }

        impl std::str::FromStr for $word {
            type Err = ();

            fn from_str(text: &str) -> Result<$word, ()> {
                $word::ALL.iter().copied().find(|word| word.code() == text).ok_or(())
            }
        }
    };
}

words! {
    /// How far a notice is.
    Stand {
        /// To be sent.
        Ready = "ready";
        /// It may have left; nobody knows whether it was taken.
        Sent = "sent";
        /// The answer was no; the partner's record has not confirmed it.
        Denied = "denied";
    }
}

words! {
    /// What became of a notice.
    Outcome {
        /// The partner took it.
        Told = "told";
        /// The partner does not take it.
        Refused = "refused";
        /// It could not be handed over in time.
        GivenUp = "given_up";
        /// The number got as many messages on that day as one may.
        TooMany = "too_many";
        /// There is nobody to tell: no such party, no number that we have, or erased.
        Nobody = "nobody";
    }
}

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be told.
    pub notice: Notice,
    /// How far it is.
    pub stand: Stand,
    /// How often it was looked at without coming to an end.
    pub tries: u64,
    /// Since when it waits, by the wall clock.
    pub made_at: Millis,
    /// When it last left.
    pub sent_at: Millis,
}

/// How it goes on with a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is over.
    Over(Outcome),
    /// It was for nobody: its order is for something else.
    Moot,
    /// It stands so, and is looked at again then.
    Later(Stand, Millis),
}

/// How many notices there were since the file began, by their outcome, and how many wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeCounts {
    /// Those that came to an end.
    pub ended: Vec<(Outcome, u64)>,
    /// Those that wait.
    pub waiting: u64,
    /// The last record that was looked at.
    pub position: u64,
}

/// The file, with its one writer.
pub struct NoticeFile(Connection);

impl NoticeFile {
    /// Opens the file at `path`; a new one begins behind record `end`, and so does one that is ahead of it.
    ///
    /// Errors: `Open`, `Storage`, `OtherFormat`, `Damaged`.
    pub fn open(path: &Path, end: u64) -> Result<NoticeFile, ViewError> {
        let file = NoticeFile(for_writing(path)?);
        for statement in sql::TABLES {
            file.0.execute(statement, [])?;
        }
        let outcomes = Outcome::ALL.iter().map(|outcome| (outcome.code(), 0));
        for (name, start) in [(FORMAT, sql::FORMAT), (POSITION, integer(end)), (DAY, 0)].into_iter().chain(outcomes) {
            file.0.execute(sql::START_FIGURE, (name, start))?;
        }
        let (found, expected) = (figure(&file.0, sql::FIGURE, [FORMAT])?, sql::FORMAT.unsigned_abs());
        if found != expected {
            return Err(ViewError::OtherFormat { found, expected });
        }
        if file.position()? > end {
            file.0.execute(sql::SET_FIGURE, (integer(end), POSITION))?;
        }
        Ok(file)
    }

    /// The last record that was looked at.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn position(&self) -> Result<u64, ViewError> {
        figure(&self.0, sql::FIGURE, [POSITION])
    }

    /// Takes the notices of the records behind the position up to `to`, and forgets what ended long ago.
    ///
    /// Errors: `Storage`, `Damaged`; nothing is then taken.
    pub fn take(&mut self, notices: &[Notice], to: u64, now: Millis) -> Result<(), ViewError> {
        let transaction = self.0.transaction()?;
        for Notice { sequence, about, kind } in notices {
            let about = about.to_string();
            if figure(&transaction, sql::HAS_ENDED, (&about, kind.code()))? > 0 {
                continue;
            }
            let row = (about, kind.code(), integer(*sequence), Stand::Ready.code(), integer(now.0));
            transaction.prepare_cached(sql::NEW)?.execute(row)?;
        }
        transaction.execute(sql::SET_FIGURE, (integer(to), POSITION))?;
        forget(&transaction, now)?;
        Ok(transaction.commit()?)
    }

    /// At most so many notices whose time has come, those that wait longest first.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn due(&self, now: Millis, most: u32) -> Result<Vec<Waiting>, ViewError> {
        let mut due = self.0.prepare_cached(sql::DUE)?;
        let mut rows = due.query((integer(now.0), most))?;
        let mut waiting = Vec::new();
        while let Some(row) = rows.next()? {
            waiting.push(waiting_row(row)?);
        }
        Ok(waiting)
    }

    /// Notes which of these leave now, before they do: each that is new counts among what its number gets on this day.
    /// Returns those that stay, since they are beyond `most`.
    ///
    /// Errors: `Storage`; nothing is then noted.
    pub fn begin(
        &mut self,
        leaving: &[(Notice, Option<SubscriberId>)],
        now: Millis,
        most: u32,
    ) -> Result<Vec<Notice>, ViewError> {
        let transaction = self.0.transaction()?;
        let mut beyond = Vec::new();
        for (notice, counts_for) in leaving {
            let has_room = match counts_for {
                Some(subscriber) => counted(&transaction, *subscriber, now, most)?,
                None => true,
            };
            if !has_room {
                beyond.push(*notice);
                continue;
            }
            let (about, kind) = (notice.about.to_string(), notice.kind.code());
            let sent = (Stand::Sent.code(), integer(now.0), about, kind);
            transaction.prepare_cached(sql::SENT)?.execute(sent)?;
        }
        transaction.commit()?;
        Ok(beyond)
    }

    /// Notes how it goes on with notices; what is over is remembered until `forget_at`.
    ///
    /// Errors: `Storage`; nothing is then noted.
    pub fn note(&mut self, went: &[(Notice, Then)], forget_at: Millis) -> Result<(), ViewError> {
        let transaction = self.0.transaction()?;
        for (notice, then) in went {
            let (about, kind) = (notice.about.to_string(), notice.kind.code());
            match then {
                Then::Later(stand, due_at) => {
                    let later = (stand.code(), integer(due_at.0), about, kind);
                    transaction.prepare_cached(sql::LATER)?.execute(later)?;
                }
                Then::Over(outcome) => {
                    transaction.prepare_cached(sql::OVER)?.execute((&about, kind))?;
                    transaction.prepare_cached(sql::ENDED)?.execute((&about, kind, integer(forget_at.0)))?;
                    transaction.prepare_cached(sql::COUNT_FIGURE)?.execute([outcome.code()])?;
                }
                Then::Moot => {
                    transaction.prepare_cached(sql::OVER)?.execute((&about, kind))?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// What was told so far, and what waits.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn counts(&self) -> Result<NoticeCounts, ViewError> {
        let ended = Outcome::ALL.iter().map(|outcome| Ok((*outcome, figure(&self.0, sql::FIGURE, [outcome.code()])?)));
        Ok(NoticeCounts {
            ended: ended.collect::<Result<_, ViewError>>()?,
            waiting: figure(&self.0, sql::WAITING, [])?,
            position: self.position()?,
        })
    }
}

fn figure(connection: &Connection, text: &str, given: impl Params) -> Result<u64, ViewError> {
    connection.prepare_cached(text)?.query_row(given, |row| Ok(natural(row, "figure")))?
}

/// Whether a number may get one more message on this day; it is counted.
fn counted(transaction: &Transaction<'_>, subscriber: SubscriberId, now: Millis, most: u32) -> Result<bool, ViewError> {
    let day = (subscriber.to_string(), i64::from(now.day().count()), most);
    Ok(most > 0 && transaction.prepare_cached(sql::COUNT_DAY)?.execute(day)? == 1)
}

fn forget(transaction: &Transaction<'_>, now: Millis) -> Result<(), ViewError> {
    transaction.execute(sql::FORGET, [integer(now.0)])?;
    let today = i64::from(now.day().count());
    if figure(transaction, sql::FIGURE, [DAY])? != today.unsigned_abs() {
        transaction.execute(sql::FORGET_DAYS, [today])?;
        transaction.execute(sql::SET_FIGURE, (today, DAY))?;
    }
    Ok(())
}

fn waiting_row(row: &Row<'_>) -> Result<Waiting, ViewError> {
    let about = word(row, "about")?;
    let code: String = row.get("kind").map_err(|error| damaged("kind", error))?;
    let kind = NoticeKind::ALL.iter().copied().find(|kind| kind.code() == code);
    let kind = kind.ok_or_else(|| damaged("kind", format!("`{code}`")))?;
    Ok(Waiting {
        notice: Notice { sequence: natural(row, "place")?, about, kind },
        stand: word(row, "stand")?,
        tries: natural(row, "tries")?,
        made_at: Millis(natural(row, "made_at_ms")?),
        sent_at: Millis(natural(row, "sent_at_ms")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::About;
    use facts::OrderId;

    const NOW: Millis = Millis(1_790_000_000_000);

    fn notice(order: u128, kind: NoticeKind) -> Notice {
        Notice { sequence: 5, about: About::Order(OrderId::from_bits(order)), kind }
    }

    fn opened(end: u64) -> (tempfile::TempDir, NoticeFile) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = NoticeFile::open(&dir.path().join("notices.sqlite"), end).expect("opens");
        (dir, file)
    }

    #[test]
    fn a_new_file_begins_at_the_end_and_an_old_one_where_it_stopped() {
        let (dir, mut file) = opened(40);
        assert_eq!(file.position().expect("reads"), 40);
        file.take(&[notice(1, NoticeKind::Settled)], 50, NOW).expect("takes");
        drop(file);
        let path = dir.path().join("notices.sqlite");
        let file = NoticeFile::open(&path, 60).expect("opens");
        let counts = file.counts().expect("reads");
        assert_eq!((counts.position, counts.waiting), (50, 1));
        drop(file);
        // The journal was restored from an older copy.
        assert_eq!(NoticeFile::open(&path, 45).expect("opens").position().expect("reads"), 45);
    }

    #[test]
    fn what_ended_is_not_taken_again_until_it_is_forgotten() {
        let (_dir, mut file) = opened(0);
        let settled = notice(1, NoticeKind::Settled);
        let waiting = |file: &NoticeFile, at| file.due(at, 9).expect("reads").len();
        file.take(&[settled, settled], 1, NOW).expect("takes");
        assert_eq!(waiting(&file, NOW), 1, "taken once");
        file.note(&[(settled, Then::Over(Outcome::Told))], NOW.plus(100)).expect("notes");
        file.take(&[settled, notice(1, NoticeKind::Refunded)], 2, NOW.plus(99)).expect("takes");
        assert_eq!(waiting(&file, NOW.plus(99)), 1, "another kind is another notice");
        file.take(&[], 3, NOW.plus(100)).expect("takes");
        file.take(&[settled], 4, NOW.plus(100)).expect("takes");
        assert_eq!(waiting(&file, NOW.plus(100)), 2);
        assert_eq!(file.counts().expect("reads").ended[0], (Outcome::Told, 1));
    }

    #[test]
    fn what_left_is_known_to_have_left_and_waits_for_its_time() {
        let (_dir, mut file) = opened(0);
        let settled = notice(1, NoticeKind::Settled);
        file.take(&[settled], 1, NOW).expect("takes");
        assert_eq!(file.due(NOW, 9).expect("reads")[0].stand, Stand::Ready);
        assert!(file.begin(&[(settled, None)], NOW.plus(7), 1).expect("begins").is_empty());
        let sent = file.due(NOW, 9).expect("reads").remove(0);
        assert_eq!((sent.stand, sent.tries, sent.sent_at), (Stand::Sent, 0, NOW.plus(7)));
        file.note(&[(settled, Then::Later(Stand::Denied, NOW.plus(50)))], NOW).expect("notes");
        assert!(file.due(NOW.plus(49), 9).expect("reads").is_empty());
        let denied = file.due(NOW.plus(50), 9).expect("reads").remove(0);
        assert_eq!((denied.stand, denied.tries), (Stand::Denied, 1));
    }

    #[test]
    fn a_number_gets_so_many_a_day_and_the_next_day_again() {
        let (_dir, mut file) = opened(0);
        let (one, other) = (SubscriberId::from_bits(1), SubscriberId::from_bits(2));
        let all: Vec<_> = (1..=3).map(|order| (notice(order, NoticeKind::Settled), Some(one))).collect();
        file.take(&all.iter().map(|(notice, _)| *notice).collect::<Vec<_>>(), 1, NOW).expect("takes");
        let mut begin = |leaving: &[_], now, most| file.begin(leaving, now, most).expect("begins");
        assert_eq!(begin(&all, NOW, 2), [all[2].0]);
        assert_eq!(begin(&[(all[2].0, Some(other))], NOW, 2), []);
        assert_eq!(begin(&[(all[2].0, None)], NOW, 2), [], "it was counted before");
        assert_eq!(begin(&[all[2]], NOW.plus(86_400_000), 2), []);
        assert_eq!(begin(&[all[2]], NOW, 0), [all[2].0], "none is none");
    }
}

//! China's working calendar: public holidays, made-up working days, and dates n working days away.
//!
//! The calendar is published a year at a time. A day after its last year is unknown rather than guessed, so
//! an arrival there is refused instead of promised.

use core::fmt;
use facts::{Day, Millis, PolicyVersion};
use sha2::{Digest, Sha256};

/// The published calendar: every day from its first year to its last, as bits and ranks.
///
/// Source: `data/workdays_cn.csv`, the yearly notices of the State Council.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    version: PolicyVersion,
    first: Day,
    last_year: u32,
    holidays: Vec<u64>,
    /// Working days in order.
    working: Vec<Day>,
    /// For each published day, how many working days lie before it.
    before: Vec<u16>,
}

/// The first moment of a working day's evening: requests from then on count for the next working day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutOff(u64);

impl CutOff {
    /// The cut-off at a time of day in Asia/Shanghai; `None` when there is no such time.
    pub const fn at(hour: u64, minute: u64, second: u64) -> Option<CutOff> {
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(CutOff(((hour * 60 + minute) * 60 + second) * 1_000))
    }

    /// Milliseconds since midnight.
    pub const fn of_day(self) -> u64 {
        self.0
    }
}

/// The wanted day lies outside the published calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// The last year that is published.
    pub last_year: u32,
}

impl fmt::Display for Unpublished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the working calendar is published up to {}", self.last_year)
    }
}

impl core::error::Error for Unpublished {}

/// Why a text is no calendar: the line, what it holds and what it may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarError {
    /// The line, counted from 1; 0 when the file as a whole is wrong.
    pub line: usize,
    /// What was found.
    pub found: String,
    /// What is allowed there.
    pub allowed: &'static str,
}

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: found `{}`, allowed: {}", self.line, self.found, self.allowed)
    }
}

impl core::error::Error for CalendarError {}

const HEADER: &str = "date,kind,name";
/// Twice the span that the ranks can count; a longer file is a mistake.
const YEARS_MAX: u32 = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Holiday,
    MakeupWorkday,
}

impl Calendar {
    /// Reads `date,kind,name` rows in any order.
    ///
    /// Errors: the first wrong line; a date twice; no row at all; a year between the first and the last that
    /// has no row, since every published year has holidays.
    pub fn parse(csv: &str) -> Result<Calendar, CalendarError> {
        let mut rows = parse_rows(csv)?;
        rows.sort_by_key(|(_, day, _)| *day);
        for pair in rows.windows(2) {
            if pair[0].1 == pair[1].1 {
                return Err(wrong(pair[1].0.max(pair[0].0), &pair[0].1.to_string(), "each date once"));
            }
        }
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(wrong(0, "no rows", "at least one year of dates"));
        };
        let (first_year, last_year) = (first.1.date().0, last.1.date().0);
        check_years(&rows, first_year, last_year)?;
        let first_day = Day::from_date(first_year, 1, 1).unwrap_or_default();
        Ok(Calendar { version: version(csv), ..Calendar::of_rows(first_day, last_year, &rows) })
    }

    fn of_rows(first: Day, last_year: u32, rows: &[(usize, Day, Kind)]) -> Calendar {
        let end = Day::from_date(last_year + 1, 1, 1).unwrap_or(first);
        let span = (end.count() - first.count()) as usize;
        let mut calendar = Calendar {
            version: PolicyVersion::default(),
            first,
            last_year,
            holidays: vec![0; span / 64 + 1],
            working: Vec::new(),
            before: Vec::new(),
        };
        let mut named = rows.iter().peekable();
        for count in first.count()..end.count() {
            let day = Day::from_count(count);
            let kind = named.next_if(|(_, named, _)| *named == day).map(|(_, _, kind)| *kind);
            let offset = (count - first.count()) as usize;
            if kind == Some(Kind::Holiday) {
                calendar.holidays[offset / 64] |= 1 << (offset % 64);
            }
            calendar.before.push(calendar.working.len() as u16);
            let worked = kind == Some(Kind::MakeupWorkday) || (kind.is_none() && day.weekday() < 5);
            if worked {
                calendar.working.push(day);
            }
        }
        calendar
    }

    /// What the calendar was read from, as a hash.
    pub const fn version(&self) -> PolicyVersion {
        self.version
    }

    /// The warning that the published years end within so many months of a day, or have ended; `None` before.
    ///
    /// With 4 months the warning begins on 1 September of the last year.
    pub fn ends_soon(&self, on: Day, months: u32) -> Option<Unpublished> {
        let (year, month, _) = on.date();
        let months_left = (self.last_year + 1) * 12 - (year * 12 + month - 1).min((self.last_year + 1) * 12);
        (months_left <= months).then_some(self.unpublished())
    }

    /// The first published year.
    pub const fn first_year(&self) -> u32 {
        self.first.date().0
    }

    /// The last published year.
    pub const fn last_year(&self) -> u32 {
        self.last_year
    }

    /// Whether the day lies within the published years.
    pub fn covers(&self, day: Day) -> bool {
        self.offset(day).is_some()
    }

    /// Whether the date is a public holiday. A weekend as such is none, and neither is a day outside the calendar.
    pub fn is_public_holiday(&self, day: Day) -> bool {
        self.offset(day).is_some_and(|offset| self.holidays[offset / 64] >> (offset % 64) & 1 == 1)
    }

    /// Whether the date is worked: Monday to Friday and no public holiday, or made up. Outside the calendar: no.
    pub fn is_working_day(&self, day: Day) -> bool {
        self.offset(day).is_some_and(|offset| self.working.get(usize::from(self.before[offset])) == Some(&day))
    }

    /// T: the day that a request counts for. Its own date when worked and before the cut-off, else the next
    /// working day.
    ///
    /// Errors: `Unpublished` when that day lies outside the calendar.
    pub fn effective_day(&self, at: Millis, cut_off: CutOff) -> Result<Day, Unpublished> {
        let own = at.day();
        let rank = usize::from(self.before[self.offset(own).ok_or(self.unpublished())?]);
        let late = at.of_day() >= cut_off.0 && self.working.get(rank) == Some(&own);
        self.working.get(rank + usize::from(late)).copied().ok_or(self.unpublished())
    }

    /// T+n: the nth working day after `effective`; n 0 is the day itself.
    ///
    /// Errors: `Unpublished` when that day lies outside the calendar.
    pub fn arrival(&self, effective: Day, working_days: u32) -> Result<Day, Unpublished> {
        if working_days == 0 {
            return Ok(effective);
        }
        let rank = usize::from(self.before[self.offset(effective).ok_or(self.unpublished())?]);
        let own = usize::from(self.working.get(rank) == Some(&effective));
        let nth = rank + own + working_days as usize - 1;
        self.working.get(nth).copied().ok_or(self.unpublished())
    }

    const fn unpublished(&self) -> Unpublished {
        Unpublished { last_year: self.last_year }
    }

    fn offset(&self, day: Day) -> Option<usize> {
        let offset = day.count().checked_sub(self.first.count())? as usize;
        (offset < self.before.len()).then_some(offset)
    }
}

fn version(csv: &str) -> PolicyVersion {
    let mut hash = Sha256::new();
    hash.update(b"tongbao/calendar/1");
    hash.update(csv);
    super::texts::cut(hash)
}

fn parse_rows(csv: &str) -> Result<Vec<(usize, Day, Kind)>, CalendarError> {
    let mut rows = Vec::new();
    for (index, line) in csv.lines().enumerate() {
        if index == 0 && line != HEADER {
            return Err(wrong(1, line, "the header `date,kind,name`"));
        }
        if index == 0 || line.is_empty() {
            continue;
        }
        let mut fields = line.split(',');
        let (date, kind, name) = (fields.next(), fields.next(), fields.next());
        let (Some(date), Some(kind), Some(_), None) = (date, kind, name, fields.next()) else {
            return Err(wrong(index + 1, line, "three fields: date, kind and name"));
        };
        let day = date.parse().map_err(|_| wrong(index + 1, date, "a date such as 2026-10-01"))?;
        rows.push((index + 1, day, parse_kind(index + 1, kind)?));
    }
    Ok(rows)
}

fn parse_kind(line: usize, kind: &str) -> Result<Kind, CalendarError> {
    match kind {
        "holiday" => Ok(Kind::Holiday),
        "makeup_workday" => Ok(Kind::MakeupWorkday),
        other => Err(wrong(line, other, "`holiday` or `makeup_workday`")),
    }
}

fn check_years(rows: &[(usize, Day, Kind)], first: u32, last: u32) -> Result<(), CalendarError> {
    if last - first >= YEARS_MAX {
        return Err(wrong(0, &format!("{first} to {last}"), "at most 100 years"));
    }
    let has_holiday = |year| rows.iter().any(|(_, day, kind)| *kind == Kind::Holiday && day.date().0 == year);
    match (first..=last).find(|year| !has_holiday(*year)) {
        Some(year) => Err(wrong(0, &format!("no holiday in {year}"), "holidays in every year from first to last")),
        None => Ok(()),
    }
}

fn wrong(line: usize, found: &str, allowed: &'static str) -> CalendarError {
    CalendarError { line, found: found.to_owned(), allowed }
}

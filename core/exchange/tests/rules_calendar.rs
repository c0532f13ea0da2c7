//! The calendar against a definition written day by day, and its messages.

mod rules_shipped;

use exchange::rules::{Calendar, CutOff, Unpublished};
use facts::{Day, Millis};
use std::collections::BTreeMap;

const EVENING: u64 = 17 * 3_600_000;

/// POLICY's words, taken literally: look a date up, walk one day at a time.
struct Walk {
    kinds: BTreeMap<String, String>,
}

impl Walk {
    fn shipped() -> Walk {
        let csv = rules_shipped::text("data/workdays_cn.csv");
        let row = |line: &str| line.split(',').map(str::to_owned).take(2).collect::<Vec<_>>();
        let kinds = csv.lines().skip(1).map(row).map(|row| (row[0].clone(), row[1].clone())).collect();
        Walk { kinds }
    }

    fn works(&self, day: Day) -> bool {
        match self.kinds.get(&day.to_string()).map(String::as_str) {
            Some("holiday") => false,
            Some("makeup_workday") => true,
            Some(other) => panic!("{other}"),
            None => day.weekday() < 5,
        }
    }

    /// The nth working day after `from`; `None` beyond 2026.
    fn after(&self, from: Day, n: u32) -> Option<Day> {
        let mut day = from;
        let mut left = n;
        while left > 0 {
            day = day.next();
            if self.works(day) {
                left -= 1;
            }
        }
        (day.date().0 <= 2026).then_some(day)
    }

    fn effective(&self, day: Day, evening: bool) -> Option<Day> {
        if self.works(day) && !evening {
            return Some(day);
        }
        self.after(day, 1)
    }
}

fn shipped() -> Calendar {
    Calendar::parse(&rules_shipped::text("data/workdays_cn.csv")).expect("shipped")
}

fn cut_off() -> CutOff {
    CutOff::at(17, 0, 0).expect("a time of day")
}

fn published_days() -> impl Iterator<Item = Day> {
    let first = Day::from_date(2015, 1, 1).expect("a date").count();
    let end = Day::from_date(2027, 1, 1).expect("a date").count();
    (first..end).map(Day::from_count)
}

#[test]
fn every_day_of_twelve_years_has_the_kind_and_arrivals_of_the_definition() {
    let (calendar, walk) = (shipped(), Walk::shipped());
    let unpublished = Unpublished { last_year: 2026 };
    for day in published_days() {
        let named = walk.kinds.get(&day.to_string()).map(String::as_str);
        assert_eq!(calendar.is_public_holiday(day), named == Some("holiday"), "{day}");
        assert_eq!(calendar.is_working_day(day), walk.works(day), "{day}");
        for (of_day, evening) in [(0, false), (EVENING - 1, false), (EVENING, true), (86_399_999, true)] {
            let effective = calendar.effective_day(day.start().plus(of_day), cut_off());
            assert_eq!(effective, walk.effective(day, evening).ok_or(unpublished), "{day} {of_day}");
            let Ok(effective) = effective else { continue };
            for n in 0..=4 {
                let arrival = walk.after(effective, n).ok_or(unpublished);
                assert_eq!(calendar.arrival(effective, n), arrival, "{day} {of_day} T+{n}");
            }
        }
    }
}

#[test]
fn the_day_changes_at_midnight_in_shanghai() {
    let calendar = shipped();
    // 2025-09-26 was a Friday and 2025-09-28 a made-up Sunday before National Day.
    let midnight = "2025-09-26".parse::<Day>().expect("a date").start();
    for (at, effective) in [
        (midnight.0 - 1, "2025-09-26"),
        (midnight.0, "2025-09-26"),
        (midnight.0 + EVENING - 1, "2025-09-26"),
        (midnight.0 + EVENING, "2025-09-28"),
    ] {
        let found = calendar.effective_day(Millis(at), cut_off()).expect("published");
        assert_eq!(found.to_string(), effective, "{at}");
    }
}

#[test]
fn nothing_is_known_outside_the_published_years() {
    let calendar = shipped();
    let unpublished = Err(Unpublished { last_year: 2026 });
    assert_eq!((calendar.first_year(), calendar.last_year()), (2015, 2026));
    for date in ["2014-12-31", "2027-01-01", "2200-01-03"] {
        let day: Day = date.parse().expect("a date");
        assert!(!calendar.covers(day) && !calendar.is_working_day(day) && !calendar.is_public_holiday(day), "{date}");
        assert_eq!(calendar.effective_day(day.start(), cut_off()), unpublished, "{date}");
        assert_eq!(calendar.arrival(day, 1), unpublished, "{date}");
    }
    assert_eq!(calendar.arrival("2026-12-01".parse().expect("a date"), u32::MAX), unpublished);
    assert_eq!(CutOff::at(24, 0, 0), None);
}

#[test]
fn a_wrong_calendar_is_refused_with_its_line() {
    let row = |rows: &str| format!("date,kind,name\n2025-01-01,holiday,a\n{rows}");
    for (csv, message) in [
        ("day,kind\n".to_owned(), "line 1: found `day,kind`, allowed: the header `date,kind,name`"),
        (row("2025-02-30,holiday,b"), "line 3: found `2025-02-30`, allowed: a date such as 2026-10-01"),
        (row("2025-02-01,rest,b"), "line 3: found `rest`, allowed: `holiday` or `makeup_workday`"),
        (row("2025-02-01,holiday"), "line 3: found `2025-02-01,holiday`, allowed: three fields: date, kind and name"),
        (row("\n2025-01-01,makeup_workday,b"), "line 4: found `2025-01-01`, allowed: each date once"),
        (
            row("2027-01-01,holiday,b"),
            "line 0: found `no holiday in 2026`, allowed: holidays in every year from first to last",
        ),
        (row("2225-01-01,holiday,b"), "line 0: found `2025 to 2225`, allowed: at most 100 years"),
        ("date,kind,name\n".to_owned(), "line 0: found `no rows`, allowed: at least one year of dates"),
    ] {
        assert_eq!(Calendar::parse(&csv).expect_err("wrong").to_string(), message);
    }
}

#[test]
fn the_calendar_warns_months_before_it_ends_and_after_it_ended() {
    let calendar = shipped();
    let rows = [
        ("2026-08-31", 4, false),
        ("2026-09-01", 4, true),
        ("2026-12-31", 4, true),
        ("2027-01-01", 4, true),
        ("2031-05-05", 1, true),
        ("2026-11-30", 1, false),
        ("2026-12-01", 1, true),
        ("2025-12-31", 12, false),
        ("2026-01-01", 12, true),
        ("2014-06-01", 12, false),
    ];
    for (on, months, warned) in rows {
        let found = calendar.ends_soon(on.parse().expect("a date"), months);
        assert_eq!(found.map(|unpublished| unpublished.last_year), warned.then_some(2026), "{on}, {months} months");
    }
}

#[test]
fn a_calendar_is_versioned_by_its_content() {
    let text = rules_shipped::text("data/workdays_cn.csv");
    let same = Calendar::parse(&text).expect("shipped");
    assert_eq!(same.version(), shipped().version());
    let other = Calendar::parse(&text.replace("元旦", "New Year")).expect("the same days");
    assert_ne!(other.version(), same.version());
}

//! A refusal with what was found and what would have been allowed, as numbers; its message and its hint.

use super::policy::Unit;
use core::fmt;
use facts::{LimitHit, Measure, Millis, Province, Refusal};
use money::yuan;

/// Why a request is refused, and what would have been allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The public code.
    pub refusal: Refusal,
    /// What was found, and what is allowed.
    pub detail: Detail,
}

/// What was found and what is allowed, of the kind that the refusal needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The code says it all.
    Plain,
    /// A person must have reached this age.
    Age {
        /// Years.
        from_years: u32,
    },
    /// A province was found where another is needed.
    Province {
        /// The one found.
        found: Province,
        /// The one allowed.
        allowed: Province,
    },
    /// An amount that the product does not take.
    Amount {
        /// What amounts of the product count.
        unit: Unit,
        /// The amount asked for.
        asked: u64,
        /// The nearest amount that the product takes.
        nearest: u64,
    },
    /// A limit that would be passed, in what it measures.
    Limit {
        /// Used before.
        used: u64,
        /// The limit.
        limit: u64,
        /// Asked for.
        asked: u64,
        /// Which limit.
        hit: Box<LimitHit>,
    },
    /// A balance that does not cover what is drawn, in fen.
    Balance {
        /// What may leave; negative when more is owed or restricted than is held.
        convertible: i128,
        /// What would be drawn, with a fee that is taken on top.
        needed: u64,
    },
    /// A reward that a quote showed, in fen.
    Reward {
        /// What it showed.
        shown: u64,
        /// What may still be promised.
        left: u64,
    },
    /// The last year of the published calendar.
    Calendar {
        /// The year.
        last_year: u32,
    },
}

impl Refused {
    pub(super) const fn plain(refusal: Refusal) -> Refused {
        Refused { refusal, detail: Detail::Plain }
    }

    /// What the asker can do about it, when the numbers say it.
    pub fn hint(&self) -> Option<String> {
        match &self.detail {
            Detail::Plain => None,
            Detail::Age { from_years } => Some(format!("ask again from the {from_years}th birthday on")),
            Detail::Province { allowed, .. } => Some(format!("use province {allowed}")),
            Detail::Amount { unit, nearest, .. } => Some(format!("ask for {}", Quantity(*unit, *nearest))),
            Detail::Limit { used, limit, hit, .. } => {
                let again = format!("try again from {} (Asia/Shanghai) on", Moment(hit.frees_at));
                Some(match limit.saturating_sub(*used) {
                    0 => again,
                    left => format!("ask for at most {}, or {again}", Measured(hit.measure, left)),
                })
            }
            Detail::Balance { convertible, .. } => match u64::try_from(*convertible) {
                Ok(most) if most > 0 => Some(format!("at most {} can leave, any fee on top included", Grouped(most))),
                _ => Some("only a balance that its holder paid for can leave".to_owned()),
            },
            Detail::Reward { .. } => Some("ask for a new quote: it shows what can be had now".to_owned()),
            Detail::Calendar { .. } => Some("ask again when the next year's holidays are published".to_owned()),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.refusal)?;
        match &self.detail {
            Detail::Plain => Ok(()),
            Detail::Age { from_years } => write!(f, ": under {from_years} years"),
            Detail::Province { found, allowed } => write!(f, ": province {found} found, {allowed} allowed"),
            Detail::Amount { unit, asked, nearest } => {
                write!(f, ": {} asked, {} allowed", Quantity(*unit, *asked), Quantity(*unit, *nearest))
            }
            Detail::Limit { used, limit, asked, hit } => {
                let measured = |number: u64| Measured(hit.measure, number);
                let (left, used) = (measured(limit.saturating_sub(*used)), measured(*used));
                let (limit, asked) = (measured(*limit), measured(*asked));
                write!(f, ": limit `{}`: {used} of {limit} used, {left} left, {asked} asked", hit.name)
            }
            Detail::Balance { convertible, needed } => {
                let sign = if *convertible < 0 { "-" } else { "" };
                let size = u64::try_from(convertible.unsigned_abs()).unwrap_or(u64::MAX);
                write!(f, ": {sign}{} convertible, {} needed", Grouped(size), Grouped(*needed))
            }
            Detail::Reward { shown, left } => write!(f, ": {} shown, {} left", Grouped(*shown), Grouped(*left)),
            Detail::Calendar { last_year } => write!(f, ": the calendar is published up to {last_year}"),
        }
    }
}

impl core::error::Error for Refused {}

/// Fen as yuan with groups of three digits: `50,000.00 CNY`.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = yuan(self.0).to_string();
        let whole = text.len() - 3;
        for (place, letter) in text.chars().enumerate() {
            if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{letter}")?;
        }
        f.write_str(" CNY")
    }
}

/// A number of what a limit measures.
struct Measured(Measure, u64);

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Measure::Fen => Grouped(self.1).fmt(f),
            Measure::Orders if self.1 == 1 => f.write_str("1 order"),
            Measure::Orders => write!(f, "{} orders", self.1),
        }
    }
}

/// A moment in Asia/Shanghai, a begun second as the next: `2026-11-23 00:00:00`.
pub struct Moment(pub Millis);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Millis(self.0.0.div_ceil(1_000).saturating_mul(1_000));
        let seconds = whole.of_day() / 1_000;
        write!(f, "{} {:02}:{:02}:{:02}", whole.day(), seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }
}

/// An amount in its product's unit.
struct Quantity(Unit, u64);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unit::Fen => Grouped(self.1).fmt(f),
            Unit::Points => write!(f, "{} points", self.1),
            Unit::Kib => write!(f, "{} KiB", self.1),
        }
    }
}

//! The header: columns are matched by name, in any order; each is there once and no other is.

use crate::lines::Line;
use crate::record::{Fault, fields};
use core::fmt;
use std::borrow::Cow;

/// Why a file is rejected before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line, counted from 1.
    pub line: u64,
    /// The column, counted from 1.
    pub column: usize,
    /// The column's name, where it has one.
    pub name: &'static str,
    /// What was found; never a number of somebody.
    pub found: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.name.is_empty() {
            write!(f, " `{}`", self.name)?;
        }
        write!(f, ": found {}, allowed: {}", self.found, self.allowed)
    }
}

impl core::error::Error for Rejected {}

/// How much of a text a message repeats.
const FOUND_CHARS_MAX: usize = 40;

/// A text in a message: cut, and with nothing that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(FOUND_CHARS_MAX).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(FOUND_CHARS_MAX).is_some() { "…" } else { "" };
    format!("`{cut}{more}`")
}

/// A name of the header in a message. A file without a header begins with a row: no name has digits or Chinese in it,
/// and what has may be somebody's.
fn shown_name(name: &str) -> String {
    let may_be_somebodys = |char: char| char.is_ascii_digit() || !char.is_ascii();
    if name.contains(may_be_somebodys) { "something that is no column's name".to_owned() } else { shown(name) }
}

pub(crate) fn broken(line: u64, fault: Fault) -> Rejected {
    Rejected { line, column: fault.field, name: "", found: "a broken line".to_owned(), allowed: fault.allowed }
}

pub(crate) fn no_header(line: u64) -> Rejected {
    Rejected { line: line.max(1), column: 1, name: "", found: "no header".to_owned(), allowed: "a header line" }
}

/// Where each of the named columns stands in a header.
///
/// Errors: a broken line, or a column that is unknown, repeated or missing.
pub(crate) fn places<const N: usize>(line: Line<'_>, names: [&'static str; N]) -> Result<[usize; N], Rejected> {
    let header = fields(line.bytes).map_err(|fault| broken(line.number, fault))?;
    let mut places = [usize::MAX; N];
    for (place, name) in header.iter().enumerate() {
        let wrong = |name, found, allowed| {
            let column = place + 1;
            Rejected { line: line.number, column, name, found, allowed }
        };
        let Some(known) = names.iter().position(|known| known == name) else {
            return Err(wrong("", shown_name(name), "a column of the contract"));
        };
        if places[known] != usize::MAX {
            return Err(wrong(names[known], "the column again".to_owned(), "each column once"));
        }
        places[known] = place;
    }
    match places.iter().position(|place| *place == usize::MAX) {
        None => Ok(places),
        Some(missing) => Err(Rejected {
            line: line.number,
            column: header.len() + 1,
            name: names[missing],
            found: "no such column".to_owned(),
            allowed: "every column of the contract",
        }),
    }
}

/// The fields of a record in the order of the contract.
pub(crate) fn arrange<'a, const N: usize>(
    mut fields: Vec<Cow<'a, str>>,
    places: &[usize; N],
) -> Result<[Cow<'a, str>; N], Fault> {
    if fields.len() != N {
        let field = fields.len().min(N) + 1;
        return Err(Fault { field, allowed: "as many fields as the header has" });
    }
    // Places are a permutation: each field is taken once.
    Ok(places.map(|place| core::mem::take(&mut fields[place])))
}

//! `orders.csv`: a header that must be right, and rows of which none stops the batch.

use crate::columns::{Rejected, arrange, no_header, places};
use crate::lines::Line;
use crate::record::fields;
use std::borrow::Cow;
use std::fmt;

macro_rules! order_columns {
    ($($(#[$doc:meta])* $column:ident = $name:literal,)*) => {
        /// A column of `orders.csv`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column {
            $($(#[$doc])* $column,)*
        }

        impl Column {
            /// Every column, in the order of the contract.
            pub const ALL: [Column; 9] = [$(Column::$column,)*];
            /// Their names.
            pub const NAMES: [&'static str; 9] = [$($name,)*];
        }
    };
}

order_columns! {
    /// The caller's name of the request.
    RequestId = "request_id",
    /// Business time, as RFC 3339 writes it.
    RequestedAt = "requested_at",
    /// Where the request entered.
    ChannelProvince = "channel_province",
    /// Who asks.
    IdNumber = "id_number",
    /// For which number.
    Msisdn = "msisdn",
    /// For what.
    Product = "product",
    /// How much, in the product's unit.
    Amount = "amount",
    /// Where it goes, or what pays.
    Instrument = "instrument",
    /// Who receives a gift.
    Target = "target",
}

/// A header that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    places: [usize; 9],
}

/// A row with all of its fields; text after unquoting, never trimmed.
#[derive(Clone, PartialEq, Eq)]
pub struct Row<'a> {
    fields: [Cow<'a, str>; 9],
}

/// By its request id alone: the rest names people.
impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({:?}, …)", self.get(Column::RequestId))
    }
}

/// What a line of orders is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderLine<'a> {
    /// A row.
    Row(Row<'a>),
    /// A line that is no record: malformed, under the request id that it echoes, which may be empty.
    Broken(Cow<'a, str>),
}

impl Header {
    /// Reads the header; `line` is none when the file has no line at all.
    ///
    /// Errors: a broken line; a column that is missing, repeated or unknown.
    pub fn read(line: Option<Line<'_>>) -> Result<Header, Rejected> {
        let line = line.ok_or_else(|| no_header(1))?;
        Ok(Header { places: places(line, Column::NAMES)? })
    }

    /// Reads a line after the header.
    pub fn line<'a>(&self, line: &'a [u8]) -> OrderLine<'a> {
        match fields(line).and_then(|fields| arrange(fields, &self.places)) {
            Ok(fields) => OrderLine::Row(Row { fields }),
            Err(_) => OrderLine::Broken(Cow::Borrowed(echo(line))),
        }
    }
}

impl<'a> Row<'a> {
    /// The row with these values, in the order of the contract, from a file that is no CSV.
    ///
    /// `None` for text that no row may hold.
    pub fn of(fields: [Cow<'a, str>; 9]) -> Option<Row<'a>> {
        fields.iter().all(|field| !field.contains('\0')).then_some(Row { fields })
    }

    /// A column's value.
    pub fn get(&self, column: Column) -> &str {
        &self.fields[column as usize]
    }

    /// Every value but the request id, in the order of the contract: what a repeated request must repeat.
    pub fn others(&self) -> [&[u8]; 8] {
        core::array::from_fn(|place| self.fields[place + 1].as_bytes())
    }
}

/// The longest request id that a broken line echoes.
const ECHO_BYTES_MAX: usize = 64;

/// The text before the first comma, where it can be a request id.
fn echo(line: &[u8]) -> &str {
    let first = line.split(|byte| *byte == b',').next().unwrap_or_default();
    core::str::from_utf8(first).map(echoed).unwrap_or_default()
}

/// A text that a malformed row is answered under, if it can be a request id; else nothing.
pub fn echoed(text: &str) -> &str {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    let fits = text.len() <= ECHO_BYTES_MAX && text.bytes().all(allowed);
    if fits { text } else { "" }
}

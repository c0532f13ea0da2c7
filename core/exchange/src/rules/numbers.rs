//! Phone numbers: the home province and the network of a number, by its first seven digits.
//!
//! A hint, not a fact: numbers are ported between networks and new segments appear, so the telco's own answer
//! overrides the network. The table is data of the run, never compiled in.

use core::fmt;
use facts::{PolicyVersion, Province};
use money::Telco;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Where a number is at home, and on whose network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The home province.
    pub province: Province,
    /// The network operator.
    pub telco: Telco,
}

/// Why a number has no line here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRefusal {
    /// Not eleven ASCII digits, or in no segment.
    Unknown,
    /// A virtual operator's number.
    Virtual,
}

/// Which numbers belong to virtual operators, whatever network the segment table names.
///
/// Source: `policies/numbers.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualOperators {
    prefixes: Vec<u16>,
    operator_suffix: String,
}

/// Why the number table or its policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberTableError {
    /// The line, counted from 1; 0 when the file as a whole is wrong.
    pub line: usize,
    /// What was found.
    pub found: String,
    /// What is allowed there.
    pub allowed: &'static str,
}

impl fmt::Display for NumberTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: found `{}`, allowed: {}", self.line, self.found, self.allowed)
    }
}

impl core::error::Error for NumberTableError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumbersFile {
    #[serde(rename = "about")]
    _about: toml::Table,
    virtual_operators: VirtualOperatorsRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VirtualOperatorsRow {
    prefixes: Vec<String>,
    operator_suffix: String,
}

impl VirtualOperators {
    /// Reads `numbers.toml`.
    ///
    /// Errors: what is not TOML of that shape; a prefix that is not three digits; an empty suffix.
    pub fn parse(text: &str) -> Result<VirtualOperators, NumberTableError> {
        let file: NumbersFile =
            toml::from_str(text).map_err(|error| wrong(0, error.message(), "the shape of `numbers.toml`"))?;
        let row = file.virtual_operators;
        if row.operator_suffix.is_empty() {
            return Err(wrong(0, "", "an operator suffix such as `_MVNO`"));
        }
        let mut prefixes = Vec::new();
        for prefix in &row.prefixes {
            let digits = number_of_digits(prefix.as_bytes(), 3);
            prefixes.push(digits.ok_or_else(|| wrong(0, prefix, "a prefix of three digits"))? as u16);
        }
        Ok(VirtualOperators { prefixes, operator_suffix: row.operator_suffix })
    }

    fn own(&self, prefix7: u32, operator: &str) -> bool {
        let prefix3 = (prefix7 / SEGMENTS as u32) as u16;
        self.prefixes.contains(&prefix3) || operator.ends_with(&self.operator_suffix)
    }
}

/// Segments under one prefix of three digits.
const SEGMENTS: usize = 10_000;
/// Prefixes of three digits.
const PREFIXES: usize = 1_000;
/// A block's cell without a segment; other cells are a place in the palette, counted from 1.
const EMPTY: u8 = 0;

/// The segments of the numbering plan in memory: a byte each, in blocks of one three-digit prefix.
///
/// There are few distinct pairs of province and network (155 in the shipped table), so a segment holds its
/// place in a palette of at most 255.
#[derive(Clone)]
pub struct NumberTable {
    blocks: Vec<Box<[u8]>>,
    block_of: Vec<u16>,
    palette: Vec<Result<Line, NumberRefusal>>,
    version: PolicyVersion,
    segments: usize,
}

impl fmt::Debug for NumberTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberTable {{ segments: {}, version: {} }}", self.segments, self.version)
    }
}

const HEADER: &[u8] = b"prefix7,province_code,city,city_code,area_code,operator";

impl NumberTable {
    /// Reads the segment table, uncompressed.
    ///
    /// Errors: the first wrong line; a segment twice; an empty table.
    pub fn parse(csv: &[u8], virtual_operators: &VirtualOperators) -> Result<NumberTable, NumberTableError> {
        let mut table = NumberTable {
            blocks: Vec::new(),
            block_of: vec![u16::MAX; PREFIXES],
            palette: Vec::new(),
            version: version(csv, virtual_operators),
            segments: 0,
        };
        for (index, line) in csv.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if index == 0 && line != HEADER {
                return Err(wrong_bytes(1, line, "the header of the segment table"));
            }
            if index > 0 && !line.is_empty() {
                table.add(index + 1, line, virtual_operators)?;
            }
        }
        if table.segments == 0 {
            return Err(wrong(0, "no segments", "at least one segment"));
        }
        Ok(table)
    }

    fn add(&mut self, line: usize, row: &[u8], virtual_operators: &VirtualOperators) -> Result<(), NumberTableError> {
        let (prefix7, found) = parse_row(line, row, virtual_operators)?;
        let place = self.place(line, found)?;
        let (prefix3, rest) = (prefix7 as usize / SEGMENTS, prefix7 as usize % SEGMENTS);
        if self.block_of[prefix3] == u16::MAX {
            self.block_of[prefix3] = self.blocks.len() as u16;
            self.blocks.push(vec![EMPTY; SEGMENTS].into_boxed_slice());
        }
        let cell = &mut self.blocks[usize::from(self.block_of[prefix3])][rest];
        if *cell != EMPTY {
            return Err(wrong_bytes(line, &row[..7], "each segment once"));
        }
        *cell = place;
        self.segments += 1;
        Ok(())
    }

    fn place(&mut self, line: usize, found: Result<Line, NumberRefusal>) -> Result<u8, NumberTableError> {
        let known = self.palette.iter().position(|entry| *entry == found);
        let index = known.unwrap_or(self.palette.len());
        if known.is_none() {
            self.palette.push(found);
        }
        u8::try_from(index + 1).map_err(|_| wrong(line, "one more", "at most 255 pairs of province and operator"))
    }

    /// The home province and network of a number.
    ///
    /// Errors: `Unknown` for what is no number of a segment, before `Virtual` for a virtual operator's.
    pub fn lookup(&self, msisdn: &str) -> Result<Line, NumberRefusal> {
        let digits = msisdn.as_bytes();
        if digits.len() != 11 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(NumberRefusal::Unknown);
        }
        let prefix7 = number_of_digits(&digits[..7], 7).ok_or(NumberRefusal::Unknown)? as usize;
        let block = self.blocks.get(usize::from(self.block_of[prefix7 / SEGMENTS])).ok_or(NumberRefusal::Unknown)?;
        let place = usize::from(block[prefix7 % SEGMENTS]);
        let entry = place.checked_sub(1).and_then(|index| self.palette.get(index));
        entry.copied().unwrap_or(Err(NumberRefusal::Unknown))
    }

    /// What the table was read from, as a hash: it is versioned apart from the policy.
    pub const fn version(&self) -> PolicyVersion {
        self.version
    }

    /// How many segments are known.
    pub const fn segments(&self) -> usize {
        self.segments
    }

    /// Bytes held for segments, for the memory budget.
    pub fn bytes(&self) -> usize {
        self.blocks.len() * SEGMENTS + self.block_of.len() * 2 + self.palette.len() * 4
    }
}

type Row = (u32, Result<Line, NumberRefusal>);

fn parse_row(line: usize, row: &[u8], virtual_operators: &VirtualOperators) -> Result<Row, NumberTableError> {
    let text = core::str::from_utf8(row).map_err(|_| wrong_bytes(line, row, "UTF-8"))?;
    let mut fields = text.split(',');
    let prefix = fields.next().unwrap_or_default();
    let province = fields.next().unwrap_or_default();
    let operator = fields.nth(3).ok_or_else(|| wrong(line, text, "six fields"))?;
    if fields.next().is_some() {
        return Err(wrong(line, text, "six fields"));
    }
    let prefix7 = number_of_digits(prefix.as_bytes(), 7).ok_or_else(|| wrong(line, prefix, "seven digits"))?;
    let province = province.parse().map_err(|_| wrong(line, province, "a province code of two digits"))?;
    if virtual_operators.own(prefix7, operator) {
        return Ok((prefix7, Err(NumberRefusal::Virtual)));
    }
    let telco = operator.parse().map_err(|_| wrong(line, operator, "CMCC, CUCC, CTCC, CBN or a virtual operator"))?;
    Ok((prefix7, Ok(Line { province, telco })))
}

fn number_of_digits(text: &[u8], length: usize) -> Option<u32> {
    if text.len() != length || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

fn version(csv: &[u8], virtual_operators: &VirtualOperators) -> PolicyVersion {
    let mut hash = Sha256::new();
    hash.update(b"tongbao/numbers/1");
    for prefix in &virtual_operators.prefixes {
        hash.update(prefix.to_be_bytes());
    }
    hash.update([0xFF, 0xFF]);
    for part in [virtual_operators.operator_suffix.as_bytes(), csv] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    super::texts::cut(hash)
}

fn wrong(line: usize, found: &str, allowed: &'static str) -> NumberTableError {
    NumberTableError { line, found: found.to_owned(), allowed }
}

fn wrong_bytes(line: usize, found: &[u8], allowed: &'static str) -> NumberTableError {
    wrong(line, &String::from_utf8_lossy(found), allowed)
}

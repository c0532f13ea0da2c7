//! Compiling `licences.toml`: every row names what it covers, where and when, by words that exist.

use super::compile::product_set;
use super::fault::Faults;
use super::files::{LicenceRow, LicencesFile, ProvincesRow};
use super::licence::{Licence, ProvinceSet};
use super::texts::LICENCES;
use facts::{Day, Hash, Province};

/// What the maker of a policy reads where a date is wrong.
const A_DATE: &str = "a date such as 2026-01-01";

pub(super) fn licences(file: &LicencesFile, known: &[Province], faults: &mut Faults) -> Vec<Licence> {
    let mut licences: Vec<Licence> = Vec::new();
    for row in &file.licence {
        if licences.iter().any(|licence| licence.number == row.number) {
            faults.add(LICENCES, place(row), "the number again", "each number once");
        }
        licences.push(compile_row(row, known, faults));
    }
    licences
}

fn compile_row(row: &LicenceRow, known: &[Province], faults: &mut Faults) -> Licence {
    for (key, text) in [("number", &row.number), ("holder", &row.holder)] {
        if text.trim().is_empty() {
            faults.add(LICENCES, format!("{} `{key}`", place(row)), "nothing", "what the document says");
        }
    }
    if row.products.is_empty() {
        faults.add(LICENCES, format!("{} `products`", place(row)), "no product", "at least one product");
    }
    let valid_from = day(row, "valid_from", &row.valid_from, faults);
    let valid_to = day(row, "valid_to", &row.valid_to, faults);
    if valid_from > valid_to {
        let found = format!("{} to {}", row.valid_from, row.valid_to);
        faults.add(LICENCES, place(row), found, "`valid_from` to `valid_to`, not backwards");
    }
    Licence {
        number: row.number.clone(),
        kind: row.kind,
        holder: row.holder.clone(),
        products: product_set(LICENCES, &format!("{} `products`", place(row)), &row.products, faults),
        provinces: provinces(row, known, faults),
        valid_from,
        valid_to,
        document: document(row, faults),
    }
}

fn day(row: &LicenceRow, key: &str, text: &str, faults: &mut Faults) -> Day {
    text.parse().unwrap_or_else(|_| {
        faults.add(LICENCES, format!("{} `{key}`", place(row)), format!("`{text}`"), A_DATE);
        Day::default()
    })
}

fn provinces(row: &LicenceRow, known: &[Province], faults: &mut Faults) -> ProvinceSet {
    let place = format!("{} `provinces`", place(row));
    let codes = match &row.provinces {
        ProvincesRow::Word(_) => return known.iter().fold(ProvinceSet::default(), |set, one| set.with(*one)),
        ProvincesRow::Codes(codes) => codes,
    };
    if codes.is_empty() {
        faults.add(LICENCES, place.as_str(), "no province", "at least one province, or `nationwide`");
    }
    let mut set = ProvinceSet::default();
    for text in codes {
        match text.parse().ok().filter(|province| known.contains(province)) {
            Some(province) if set.contains(province) => {
                faults.add(LICENCES, place.as_str(), format!("`{text}` again"), "each once");
            }
            Some(province) => set = set.with(province),
            None => faults.add(LICENCES, place.as_str(), format!("`{text}`"), "a code of `provinces_cn.csv`"),
        }
    }
    set
}

fn document(row: &LicenceRow, faults: &mut Faults) -> Hash {
    hash_of(&row.document_sha256).unwrap_or_else(|| {
        let place = format!("{} `document_sha256`", place(row));
        faults.add(LICENCES, place, format!("`{}`", row.document_sha256), "64 digits of 0-9 and a-f");
        Hash::default()
    })
}

fn hash_of(text: &str) -> Option<Hash> {
    if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut hash = Hash::default();
    for (place, byte) in hash.0.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(hash)
}

fn place(row: &LicenceRow) -> String {
    format!("licence `{}`", row.number)
}

//! Compiling `fees.toml`: one charge for each product, every rate inside its band.

use super::compile::{product, product_set};
use super::fault::Faults;
use super::files::FeesFile;
use super::policy::{Charge, Fees, Learned, ProductPolicy, Tier};
use super::texts::FEES;
use facts::Product;
use money::{Ppm, Telco};

/// The charge of each product in wire order; `None` where a fault says that it is missing.
pub(super) type Charges = Vec<Option<Charge>>;

const WHOLE_PPM: i32 = Ppm::ONE.parts() as i32;

pub(super) fn charges(file: &FeesFile, faults: &mut Faults) -> Charges {
    let mut charges = vec![None; Product::ALL.len()];
    for (word, added_ppm) in &file.telco_rate.added_ppm {
        let charge = Charge::TelcoRate { added_ppm: *added_ppm };
        put_charge(&mut charges, "`telco_rate.added_ppm`", word, charge, faults);
    }
    for (word, row) in &file.own_rate {
        let place = format!("`own_rate.{word}`");
        if !(0..=WHOLE_PPM).contains(&row.rate_ppm) {
            faults.add(FEES, place.as_str(), format!("{} ppm", row.rate_ppm), "0 to 1000000 ppm");
        }
        put_charge(&mut charges, &place, word, Charge::OwnRate { ppm: row.rate_ppm, taken: row.taken }, faults);
    }
    for product in Product::ALL.iter().filter(|product| charges[**product as usize].is_none()) {
        faults.add(FEES, format!("`{product}`"), "no charge", "a charge for every product");
    }
    charges
}

fn put_charge(charges: &mut Charges, place: &str, word: &str, charge: Charge, faults: &mut Faults) {
    let Some(product) = product(FEES, place, word, faults) else {
        return;
    };
    if charges[product as usize].replace(charge).is_some() {
        faults.add(FEES, place, format!("a second charge for `{word}`"), "one charge a product");
    }
}

pub(super) fn fees(file: &FeesFile, faults: &mut Faults) -> Fees {
    let mut telco_ppm = [0; Telco::ALL.len()];
    for telco in Telco::ALL {
        match file.telco_ppm.get(telco.code()) {
            Some(ppm) => telco_ppm[telco as usize] = *ppm,
            None => faults.add(FEES, format!("`telco_ppm.{telco}`"), "nothing", "a rate for every telco"),
        }
    }
    for code in file.telco_ppm.keys().filter(|code| code.parse::<Telco>().is_err()) {
        faults.add(FEES, format!("`telco_ppm.{code}`"), format!("`{code}`"), "CMCC, CUCC, CTCC or CBN");
    }
    Fees {
        telco_ppm,
        holiday_ppm: file.holiday.added_ppm,
        band_least_ppm: file.telco_rate.band_ppm.least,
        band_most_ppm: file.telco_rate.band_ppm.most,
        least_fen: file.telco_rate.least_fen,
        tiers: tiers(file, faults),
        learned: learned(file, faults),
    }
}

fn tiers(file: &FeesFile, faults: &mut Faults) -> Vec<Tier> {
    let mut tiers: Vec<Tier> = Vec::new();
    for row in &file.tier {
        let place = format!("tier `{}`", row.name);
        let products = product_set(FEES, &format!("{place} `products`"), &row.products, faults);
        let (name, from_fen, to_fen) = (row.name.clone(), row.from_fen, row.to_fen);
        let tier = Tier { name, products, from_fen, to_fen, added_ppm: row.added_ppm };
        if row.name.trim().is_empty() || tiers.iter().any(|other| other.name == tier.name) {
            faults.add(FEES, place.as_str(), "no name, or the name again", "each name once");
        }
        if products.is_empty() {
            faults.add(FEES, place.as_str(), "no product", "at least one product");
        }
        if from_fen > to_fen {
            faults.add(
                FEES,
                place.as_str(),
                format!("{from_fen} to {to_fen} fen"),
                "`from_fen` to `to_fen`, not backwards",
            );
        }
        let own = Product::ALL
            .iter()
            .find(|one| products.contains(**one) && !file.telco_rate.added_ppm.contains_key(one.code()));
        if let Some(own) = own {
            faults.add(
                FEES,
                place.as_str(),
                format!("`{own}`, which has a rate of its own"),
                "products of `telco_rate`",
            );
        }
        let meets =
            |other: &&Tier| other.products.overlaps(products) && other.from_fen <= to_fen && from_fen <= other.to_fen;
        if let Some(other) = tiers.iter().find(meets) {
            faults.add(
                FEES,
                place.as_str(),
                format!("amounts of `{}` too", other.name),
                "one tier at most for an order",
            );
        }
        tiers.push(tier);
    }
    tiers
}

fn learned(file: &FeesFile, faults: &mut Faults) -> Learned {
    let Some(row) = &file.learned else { return Learned::default() };
    if !(0..=WHOLE_PPM).contains(&row.within_ppm) {
        faults.add(FEES, "`learned.within_ppm`", format!("{} ppm", row.within_ppm), "0 to 1000000 ppm");
        return Learned::default();
    }
    if row.within_ppm > 0 && row.source.trim().is_empty() {
        faults.add(FEES, "`learned.source`", "nothing", "what learns the prices");
    }
    Learned { source: row.source.clone(), within_ppm: row.within_ppm }
}

/// A rate that only the clamp keeps inside its band on an ordinary day is a mistake in the file; a holiday's
/// addition may meet the clamp, which is what it is for.
pub(super) fn check_band(file: &FeesFile, fees: &Fees, faults: &mut Faults) {
    let (least, most) = (fees.band_least_ppm, fees.band_most_ppm);
    if least < 0 || least > most || most > WHOLE_PPM {
        let found = format!("{least} to {most} ppm");
        faults.add(FEES, "`telco_rate.band_ppm`", found, "0 to 1000000 ppm, ascending");
        return;
    }
    if !(0..=WHOLE_PPM).contains(&fees.holiday_ppm) {
        faults.add(FEES, "`holiday.added_ppm`", format!("{} ppm", fees.holiday_ppm), "0 to 1000000 ppm");
    }
    let allowed = format!("a sum from {least} to {most} ppm");
    for (word, added_ppm) in &file.telco_rate.added_ppm {
        let named = Telco::ALL.into_iter().filter(|telco| file.telco_ppm.contains_key(telco.code()));
        for telco in named {
            let sum = i64::from(fees.telco_ppm[telco as usize]) + i64::from(*added_ppm);
            let outside = |sum: i64| sum < i64::from(least) || sum > i64::from(most);
            if outside(sum) {
                faults.add(FEES, format!("`{word}` at {telco}"), format!("{sum} ppm"), &allowed);
                continue;
            }
            let Ok(product) = word.parse() else { continue };
            for tier in fees.tiers.iter().filter(|tier| tier.products.contains(product)) {
                let sum = sum + i64::from(tier.added_ppm);
                if outside(sum) {
                    faults.add(
                        FEES,
                        format!("tier `{}`: `{word}` at {telco}", tier.name),
                        format!("{sum} ppm"),
                        &allowed,
                    );
                }
            }
        }
    }
}

/// The least fee must fit into the least amount of every product that pays it.
pub(super) fn check_least(products: &[ProductPolicy], fees: &Fees, faults: &mut Faults) {
    let pays_least = |row: &&ProductPolicy| matches!(row.charge, Charge::TelcoRate { .. });
    let least = products.iter().filter(pays_least).map(|row| row.least).min();
    if least.is_some_and(|least| fees.least_fen > least) {
        faults.add(FEES, "`telco_rate.least_fen`", fees.least_fen.to_string(), "at most the least amount of a product");
    }
}

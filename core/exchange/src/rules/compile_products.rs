//! Compiling `products.toml`: one row for each product, every row able to be priced.

use super::compile::{PRODUCTS, product};
use super::compile_fees::Charges;
use super::fault::Faults;
use super::files::{ArrivesRow, ArrivesWord, PaysRow, PaysWord, ProductRow, ProductsFile};
use super::policy::{Arrives, Charge, Draws, Pays, ProductPolicy, Taken, Unit};
use facts::Product;
use money::Ratio;

/// The greatest amount that a request can carry: fifteen digits.
const AMOUNT_MAX: u64 = 999_999_999_999_999;

pub(super) fn products(file: &ProductsFile, charges: &Charges, faults: &mut Faults) -> Vec<ProductPolicy> {
    for word in file.products.keys() {
        product(PRODUCTS, &format!("`{word}`"), word, faults);
    }
    let mut products = Vec::new();
    for product in Product::ALL {
        let row = file.products.get(product.code());
        match (row, charges[*product as usize]) {
            (Some(row), Some(charge)) => products.push(compile_row(*product, row, charge, faults)),
            (None, _) => faults.add(PRODUCTS, format!("`{product}`"), "nothing", "a row for every product"),
            // The missing charge is a fault of its own.
            (Some(_), None) => {}
        }
    }
    products
}

fn compile_row(product: Product, row: &ProductRow, charge: Charge, faults: &mut Faults) -> ProductPolicy {
    let compiled = ProductPolicy {
        unit: row.unit,
        least: row.least,
        most: row.most,
        only: row.only.clone(),
        entered_in: row.entered_in,
        instrument: row.instrument,
        draws_on: row.draws_on,
        pays: pays(product, &row.pays, faults),
        arrives: arrives(&row.arrives),
        charge,
    };
    check_amounts(product, &compiled, faults);
    check_charge(product, &compiled, faults);
    compiled
}

fn pays(product: Product, row: &PaysRow, faults: &mut Faults) -> Pays {
    match row {
        PaysRow::Word(PaysWord::AmountLessFee) => Pays::AmountLessFee,
        PaysRow::Word(PaysWord::Amount) => Pays::Amount,
        PaysRow::PerPoints(rate) => match Ratio::new(rate.fen, rate.for_points) {
            Ok(rate) => Pays::Rate(rate),
            Err(_) => {
                faults.add(PRODUCTS, format!("`{product}.pays.for_points`"), "0", "at least 1 point");
                Pays::Amount
            }
        },
    }
}

const fn arrives(row: &ArrivesRow) -> Arrives {
    match row {
        ArrivesRow::Word(ArrivesWord::SameDay) => Arrives::SameDay,
        ArrivesRow::Word(ArrivesWord::Region) => Arrives::AfterOfRegion,
        ArrivesRow::After(after) => Arrives::After(after.working_days),
    }
}

fn check_amounts(product: Product, row: &ProductPolicy, faults: &mut Faults) {
    if row.least == 0 || row.least > row.most || row.most > AMOUNT_MAX {
        let found = format!("{} to {}", row.least, row.most);
        faults.add(PRODUCTS, format!("`{product}`"), found, "`least` to `most`, ascending, from 1 to fifteen digits");
    }
    let ascending = row.only.windows(2).all(|pair| pair[0] < pair[1]);
    let ends_fit = row.only.first().is_none_or(|first| *first == row.least)
        && row.only.last().is_none_or(|last| *last == row.most);
    if !ascending || !ends_fit {
        let found = format!("{:?}", row.only);
        faults.add(PRODUCTS, format!("`{product}.only`"), found, "amounts ascending from `least` to `most`");
    }
}

fn check_charge(product: Product, row: &ProductPolicy, faults: &mut Faults) {
    if row.arrives == Arrives::AfterOfRegion && product != Product::Direct {
        faults.add(
            PRODUCTS,
            format!("`{product}.arrives`"),
            "`region`",
            "`same_day` or working days; regions say it for direct alone",
        );
    }
    if row.unit == Unit::Points && row.draws_on != Draws::Programme {
        faults.add(PRODUCTS, format!("`{product}.draws_on`"), "points from elsewhere", "`programme`");
    }
    if matches!(row.charge, Charge::TelcoRate { .. }) && row.unit != Unit::Fen {
        faults.add(PRODUCTS, format!("`{product}.unit`"), "a telco's rate on points", "`fen`");
    }
    let charges = !matches!(row.charge, Charge::OwnRate { ppm: 0, .. });
    let on_top = matches!(row.charge, Charge::OwnRate { taken: Taken::OnTop, .. });
    if charges && !on_top && row.pays != Pays::AmountLessFee {
        let found = "a fee from the amount, which is paid whole";
        faults.add(PRODUCTS, format!("`{product}.pays`"), found, "`amount_less_fee`, or a fee `on_top`");
    }
    if on_top && row.pays == Pays::AmountLessFee {
        let found = "a fee on top, taken from the amount too";
        faults.add(PRODUCTS, format!("`{product}.pays`"), found, "`amount`, or a fee `from_amount`");
    }
}

//! Compiling `products.toml`: one row for each product, every row able to be priced.

use super::compile::product;
use super::compile_fees::Charges;
use super::fault::Faults;
use super::files::{ArrivesRow, ArrivesWord, PaysRow, PaysWord, ProductRow, ProductsFile};
use super::policy::{Arrives, Charge, Draws, Pays, PriceBand, ProductPolicy, Taken, Unit};
use super::texts::PRODUCTS;
use facts::Product;
use money::{Ppm, Ratio};

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
        most_a_month: row.most_a_month,
        price_band: price_band(product, row, faults),
        entered_in: row.entered_in,
        instrument: row.instrument,
        draws_on: row.draws_on,
        pays: pays(product, &row.pays, faults),
        arrives: arrives(&row.arrives),
        charge,
    };
    check_amounts(product, &compiled, faults);
    check_units(product, &compiled, faults);
    check_trade(product, &compiled, faults);
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

fn price_band(product: Product, row: &ProductRow, faults: &mut Faults) -> Option<PriceBand> {
    let band = row.price_band_ppm?;
    let parts = (u32::try_from(band.least), u32::try_from(band.most));
    let (Ok(least_ppm), Ok(most_ppm)) = parts else {
        return wrong_band(product, band.least, band.most, faults);
    };
    if least_ppm == 0 || least_ppm > most_ppm || most_ppm > Ppm::ONE.parts() {
        return wrong_band(product, band.least, band.most, faults);
    }
    Some(PriceBand { least_ppm, most_ppm })
}

/// A wrong band is a fault of its own; what it stands for is then not missing too.
fn wrong_band(product: Product, least: i32, most: i32, faults: &mut Faults) -> Option<PriceBand> {
    let found = format!("{least} to {most} ppm");
    faults.add(PRODUCTS, format!("`{product}.price_band_ppm`"), found, "1 to 1000000 ppm of the face, ascending");
    Some(PriceBand { least_ppm: 1, most_ppm: 1 })
}

const fn arrives(row: &ArrivesRow) -> Arrives {
    match row {
        ArrivesRow::Word(ArrivesWord::SameDay) => Arrives::SameDay,
        ArrivesRow::Word(ArrivesWord::Region) => Arrives::AfterOfRegion,
        ArrivesRow::Word(ArrivesWord::BothLegsFinal) => Arrives::BothLegsFinal,
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

/// What an amount counts must be what it is drawn from.
fn check_units(product: Product, row: &ProductPolicy, faults: &mut Faults) {
    let place = format!("`{product}.draws_on`");
    match (row.unit, row.draws_on) {
        (Unit::Points, Draws::Programme)
        | (Unit::Kib, Draws::DataAllowance)
        | (
            Unit::Fen,
            Draws::ConvertibleBalance | Draws::Recharge | Draws::Payer | Draws::Programme | Draws::DataAllowance,
        ) => {}
        (Unit::Points, _) => faults.add(PRODUCTS, place, "points from elsewhere", "`programme`"),
        (Unit::Kib, _) => faults.add(PRODUCTS, place, "data from elsewhere", "`data_allowance`"),
    }
    if matches!(row.charge, Charge::TelcoRate { .. }) && row.unit != Unit::Fen {
        let found = match row.unit {
            Unit::Kib => "a telco's rate on data",
            Unit::Points | Unit::Fen => "a telco's rate on points",
        };
        faults.add(PRODUCTS, format!("`{product}.unit`"), found, "`fen`");
    }
}

/// What two people trade has a price, which a band keeps near its face value; nothing else has.
fn check_trade(product: Product, row: &ProductPolicy, faults: &mut Faults) {
    let traded = row.arrives == Arrives::BothLegsFinal;
    if traded != row.price_band.is_some() {
        let found = "`both_legs_final` and `price_band_ppm` apart";
        faults.add(PRODUCTS, format!("`{product}`"), found, "both or none");
    }
    if row.most_a_month.is_some_and(|month| month < row.most) {
        let found = row.most_a_month.unwrap_or_default().to_string();
        faults.add(PRODUCTS, format!("`{product}.most_a_month`"), found, "at least `most`");
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

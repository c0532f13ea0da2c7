//! Compiling `regions.toml`: every province in exactly one region, every offer complete.

use super::compile::product_set;
use super::fault::Faults;
use super::files::{Anchored, EvidenceRow, FinalWith, RegionRow, RegionsFile};
use super::policy::{GiftReach, NO_REGION};
use super::region::{Evidence, Region, Use, Verification};
use super::texts::REGIONS;
use facts::{Product, Province};

pub(super) fn regions(file: &RegionsFile, known: &[Province], faults: &mut Faults) -> (Vec<Region>, [u8; 100]) {
    let mut region_of = [NO_REGION; 100];
    let mut regions = Vec::new();
    for row in &file.region {
        if regions.iter().any(|region: &Region| region.name == row.name) {
            faults.add(REGIONS, place(row), "the name again", "each name once");
        }
        // More regions than provinces would leave one empty, which is a fault before the place overflows.
        let index = u8::try_from(regions.len()).unwrap_or(NO_REGION);
        place_provinces(row, index, known, &mut region_of, faults);
        regions.push(compile_row(row, faults));
    }
    for province in known.iter().filter(|province| region_of[usize::from(province.code())] == NO_REGION) {
        faults.add(REGIONS, format!("province {province}"), "no region", "every province in one region");
    }
    (regions, region_of)
}

fn place_provinces(row: &RegionRow, index: u8, known: &[Province], region_of: &mut [u8; 100], faults: &mut Faults) {
    if row.provinces.is_empty() {
        faults.add(REGIONS, place(row), "no province", "at least one province");
    }
    for text in &row.provinces {
        let Some(province) = text.parse().ok().filter(|province| known.contains(province)) else {
            faults.add(REGIONS, place(row), format!("province `{text}`"), "a code of `provinces_cn.csv`");
            continue;
        };
        let home = &mut region_of[usize::from(province.code())];
        if *home != NO_REGION {
            faults.add(REGIONS, place(row), format!("province `{text}` again"), "every province in one region");
        }
        *home = index;
    }
}

fn compile_row(row: &RegionRow, faults: &mut Faults) -> Region {
    let products = product_set(REGIONS, &format!("{} `products`", place(row)), &row.products, faults);
    if products.contains(Product::Gift) != row.gift_reach.is_some() {
        faults.add(REGIONS, place(row), "`gift` and `gift_reach` apart", "both or none");
    }
    if products.contains(Product::Direct) != row.direct_arrives_after.is_some() {
        faults.add(REGIONS, place(row), "`direct` and `direct_arrives_after` apart", "both or none");
    }
    let verification = &row.verification;
    Region {
        name: row.name.clone(),
        lowest: row.provinces.iter().filter_map(|code| code.parse().ok()).min(),
        products,
        gift_reach: row.gift_reach.unwrap_or(GiftReach::HomeProvince),
        direct_arrives_after: row.direct_arrives_after.unwrap_or(0),
        verification: Verification {
            one_time_code_from: verification.one_time_code_from,
            one_time_code_by: verification.one_time_code_by,
            face_check_from: verification.face_check_from,
            person_reviews_from: verification.person_reviews_from,
            device_signals: verification.device_signals,
            agent_sees_document: verification.agent_sees_document,
            risk_decision: verification.risk_decision,
        },
        evidence: evidence(row, &row.evidence, faults),
    }
}

fn evidence(region: &RegionRow, row: &EvidenceRow, faults: &mut Faults) -> Evidence {
    let witnessed = row.witnesses.is_some() || row.witnesses_needed.is_some() || row.anchored.is_some();
    match (row.final_with, row.witnesses, row.witnesses_needed) {
        (FinalWith::OperatorSignature, ..) if !witnessed => Evidence::OperatorSignature,
        (FinalWith::Witnesses, Some(named), Some(needed)) if 0 < needed && needed <= named => {
            let anchored_daily = if row.anchored == Some(Anchored::Daily) { Use::Always } else { Use::Never };
            Evidence::Witnesses { needed, named, anchored_daily }
        }
        _ => {
            let allowed = "`operator_signature` alone, or `witnesses` and from 1 to all of them needed";
            faults.add(REGIONS, format!("{} `evidence`", place(region)), "witnesses that do not fit", allowed);
            Evidence::OperatorSignature
        }
    }
}

fn place(row: &RegionRow) -> String {
    format!("region `{}`", row.name)
}

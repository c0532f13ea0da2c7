//! From files to a policy: every word looked up, every gap and overlap found.
//!
//! All faults are gathered before any is returned. A policy with one fault does not exist.

use super::calendar::{Calendar, CutOff};
use super::compile_campaigns::Known;
use super::fault::{Faults, PolicyFault};
use super::files::{About, CampaignsFile, FeesFile, LicencesFile, LimitsFile, ProductsFile, RegionsFile, TimingsFile};
use super::policy::Policy;
use super::region::ProductSet;
use super::texts::{
    CALENDAR, CAMPAIGNS, FEES, LICENCES, LIMITS, PRODUCTS, PROVINCES, PolicyFiles, REGIONS, TIMINGS, version,
};
use super::{compile_campaigns, compile_fees, compile_licences, compile_limits, compile_products, compile_regions};
use facts::{Day, Product, Province};
use serde::de::DeserializeOwned;

/// The fewest years for which identity and transactions are kept: Anti-Money-Laundering Law of the PRC (2024), 34.
const RETENTION_LEAST: u32 = 10;
/// How long an order file is kept by a policy from before that was said.
const ORDER_FILES_KEPT_DAYS: u64 = 30;
/// How long a gift may be declined under a policy from before that was said.
const DECLINED_WITHIN_MINUTES: u64 = 30;

/// Within how many days a complaint is answered at the latest, by law; also by a policy from before that was said.
const COMPLAINT_ANSWER_DAYS_MOST: u32 = 15;

/// The files, each of its shape.
struct Read {
    regions: RegionsFile,
    products: ProductsFile,
    fees: FeesFile,
    limits: LimitsFile,
    timings: TimingsFile,
    licences: LicencesFile,
    campaigns: Option<CampaignsFile>,
    calendar: Calendar,
    provinces: Vec<Province>,
}

pub(super) fn compile(files: &PolicyFiles<'_>) -> Result<Policy, Vec<PolicyFault>> {
    let mut faults = Faults::default();
    let Some(read) = read(files, &mut faults) else {
        return Err(faults.into_list());
    };
    let effective_from = effective_from(&read, &mut faults);
    let charges = compile_fees::charges(&read.fees, &mut faults);
    let fees = compile_fees::fees(&read.fees, &mut faults);
    compile_fees::check_band(&read.fees, &fees, &mut faults);
    let products = compile_products::products(&read.products, &charges, &mut faults);
    compile_fees::check_least(&products, &fees, &mut faults);
    let (regions, region_of) = compile_regions::regions(&read.regions, &read.provinces, &mut faults);
    let limits = compile_limits::limits(&read.limits, &products, &mut faults);
    let leaves = compile_limits::leaves(&read.limits, &mut faults);
    let cut_off = cut_off(&read.timings, &mut faults);
    let calendar_warns_months_before = warns_months_before(&read.timings, &mut faults);
    let ported_kept_ms = ported_kept_ms(&read.timings, &mut faults);
    let retention_years = retention_years(&read.timings, &mut faults);
    let order_files_kept_ms = order_files_kept_ms(&read.timings, &mut faults);
    let receiver_declines_within_ms = receiver_declines_within_ms(&read.timings, &mut faults);
    let complaint_answer_days = complaint_answer_days(&read.timings, &mut faults);
    let licences = compile_licences::licences(&read.licences, &read.provinces, &mut faults);
    let known = Known {
        products: &products,
        provinces: &read.provinces,
        regions: &regions,
        region_of: &region_of,
        leaves: &leaves,
    };
    let campaigns = compile_campaigns::campaigns(read.campaigns.as_ref(), &known, &mut faults);
    if !faults.is_empty() {
        return Err(faults.into_list());
    }
    Ok(Policy {
        version: version(files),
        sources: files.sources(),
        effective_from,
        calendar: read.calendar,
        regions,
        region_of,
        products,
        fees,
        limits,
        leaves,
        cut_off,
        ported_kept_ms,
        retention_years,
        order_files_kept_ms,
        receiver_declines_within_ms,
        complaint_answer_days,
        calendar_warns_months_before,
        licences,
        campaigns,
    })
}

fn read(files: &PolicyFiles<'_>, faults: &mut Faults) -> Option<Read> {
    let regions = read_toml(REGIONS, files, faults);
    let products = read_toml(PRODUCTS, files, faults);
    let fees = read_toml(FEES, files, faults);
    let limits = read_toml(LIMITS, files, faults);
    let timings = read_toml(TIMINGS, files, faults);
    let licences = read_toml(LICENCES, files, faults);
    // A policy from before campaigns were known has none.
    let campaigns = match files.text(CAMPAIGNS) {
        "" => Some(None),
        _ => read_toml(CAMPAIGNS, files, faults).map(Some),
    };
    let calendar = Calendar::parse(files.text(CALENDAR));
    if let Err(error) = &calendar {
        faults.add(CALENDAR, format!("line {}", error.line), format!("`{}`", error.found), error.allowed);
    }
    let provinces = read_provinces(files.text(PROVINCES), faults);
    Some(Read {
        regions: regions?,
        products: products?,
        fees: fees?,
        limits: limits?,
        timings: timings?,
        licences: licences?,
        campaigns: campaigns?,
        calendar: calendar.ok()?,
        provinces,
    })
}

fn read_toml<T: DeserializeOwned>(file: &'static str, files: &PolicyFiles<'_>, faults: &mut Faults) -> Option<T> {
    let text = files.text(file);
    let error = match toml::from_str(text) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let line = error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    faults.add(file, format!("line {line}"), error.message(), "the shape in `policies/README.md`");
    None
}

fn read_provinces(csv: &str, faults: &mut Faults) -> Vec<Province> {
    let mut provinces: Vec<Province> = Vec::new();
    for (index, line) in csv.lines().enumerate() {
        let code = line.split(',').next().unwrap_or_default();
        if index == 0 && code != "code" {
            faults.add(PROVINCES, "line 1", format!("`{line}`"), "a header that starts with `code,`");
        }
        if index == 0 || line.is_empty() {
            continue;
        }
        match code.parse() {
            Ok(province) if !provinces.contains(&province) => provinces.push(province),
            Ok(_) => faults.add(PROVINCES, format!("line {}", index + 1), format!("`{code}` again"), "each code once"),
            Err(_) => faults.add(PROVINCES, format!("line {}", index + 1), format!("`{code}`"), "a code of two digits"),
        }
    }
    if provinces.is_empty() {
        faults.add(PROVINCES, "the file", "no province", "at least one province");
    }
    provinces
}

fn effective_from(read: &Read, faults: &mut Faults) -> Day {
    let mut abouts: Vec<(&'static str, &About)> = vec![
        (REGIONS, &read.regions.about),
        (PRODUCTS, &read.products.about),
        (FEES, &read.fees.about),
        (LIMITS, &read.limits.about),
        (TIMINGS, &read.timings.about),
        (LICENCES, &read.licences.about),
    ];
    abouts.extend(read.campaigns.as_ref().map(|file| (CAMPAIGNS, &file.about)));
    let mut latest = Day::default();
    for (file, about) in abouts {
        match about.effective_from.parse() {
            Ok(day) => latest = latest.max(day),
            Err(_) => {
                let found = format!("`{}`", about.effective_from);
                faults.add(file, "`about.effective_from`", found, "a date such as 2026-01-01");
            }
        }
        if about.source.trim().is_empty() {
            faults.add(file, "`about.source`", "nothing", "where the figures come from");
        }
    }
    latest
}

fn cut_off(file: &TimingsFile, faults: &mut Faults) -> CutOff {
    let row = &file.cut_off;
    CutOff::at(row.hour, row.minute, row.second).unwrap_or_else(|| {
        let found = format!("{}:{}:{}", row.hour, row.minute, row.second);
        faults.add(TIMINGS, "`cut_off`", found, "a time of day from 0:0:0 to 23:59:59");
        CutOff::default()
    })
}

fn warns_months_before(file: &TimingsFile, faults: &mut Faults) -> u32 {
    let months = file.calendar.warn_months_before;
    if !(1..=12).contains(&months) {
        faults.add(TIMINGS, "`calendar.warn_months_before`", months.to_string(), "1 to 12 months");
    }
    months
}

fn ported_kept_ms(file: &TimingsFile, faults: &mut Faults) -> u64 {
    let hours = file.portability.kept_hours;
    if !(1..=720).contains(&hours) {
        faults.add(TIMINGS, "`portability.kept_hours`", hours.to_string(), "1 to 720 hours");
    }
    hours.saturating_mul(3_600_000)
}

fn retention_years(file: &TimingsFile, faults: &mut Faults) -> u32 {
    // A policy from before erasure was known keeps for as long as the law asks.
    let years = file.retention.as_ref().map_or(RETENTION_LEAST, |row| row.years);
    if !(RETENTION_LEAST..=100).contains(&years) {
        faults.add(TIMINGS, "`retention.years`", years.to_string(), "10 to 100 years");
    }
    years
}

fn order_files_kept_ms(file: &TimingsFile, faults: &mut Faults) -> u64 {
    let days = file.order_files.as_ref().map_or(ORDER_FILES_KEPT_DAYS, |row| row.kept_days);
    if !(1..=366).contains(&days) {
        faults.add(TIMINGS, "`order_files.kept_days`", days.to_string(), "1 to 366 days");
    }
    days.saturating_mul(86_400_000)
}

fn receiver_declines_within_ms(file: &TimingsFile, faults: &mut Faults) -> u64 {
    let minutes = file.gifts.as_ref().map_or(DECLINED_WITHIN_MINUTES, |row| row.declined_within_minutes);
    // A gift arrives on the day it is given.
    if !(1..=720).contains(&minutes) {
        faults.add(TIMINGS, "`gifts.declined_within_minutes`", minutes.to_string(), "1 to 720 minutes");
    }
    minutes.saturating_mul(60_000)
}

fn complaint_answer_days(file: &TimingsFile, faults: &mut Faults) -> u32 {
    let days = file.complaints.as_ref().map_or(COMPLAINT_ANSWER_DAYS_MOST, |row| row.answer_days);
    if !(1..=COMPLAINT_ANSWER_DAYS_MOST).contains(&days) {
        faults.add(TIMINGS, "`complaints.answer_days`", days.to_string(), "1 to 15 days");
    }
    days
}

/// Looks up a list of products, each at most once.
pub(super) fn product_set(file: &'static str, place: &str, words: &[String], faults: &mut Faults) -> ProductSet {
    let mut set = ProductSet::default();
    for word in words {
        match product(file, place, word, faults) {
            Some(product) if set.contains(product) => faults.add(file, place, format!("`{word}` again"), "each once"),
            Some(product) => set = set.with(product),
            None => {}
        }
    }
    set
}

/// Looks up a product's word.
pub(super) fn product(file: &'static str, place: &str, word: &str, faults: &mut Faults) -> Option<Product> {
    let product = word.parse().ok();
    if product.is_none() {
        let known: Vec<&str> = Product::ALL.iter().map(|product| product.code()).collect();
        faults.add(file, place, format!("`{word}`"), &format!("one of {}", known.join(", ")));
    }
    product
}

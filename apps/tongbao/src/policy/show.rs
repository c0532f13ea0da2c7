//! `tongbao policy show`: what holds for a product in a province at a moment, with the file and row behind each.

use super::arguments::ShowOptions;
use super::figures::{Line, amount, fee_words, lines};
use super::texts;
use super::texts::{Moment, Texts};
use crate::failure::Failure;
use crate::notices;
use crate::output::Output;
use exchange::rules::rows;
use exchange::rules::{Arrives, CodeBy, Entry, Evidence, Gives, Policy, Region, Sale, Unit, Use, Verdict, price};
use facts::{Day, Millis, Product, Province};
use money::Telco;
use serde::Serialize;

/// Something that holds, and where it stands.
#[derive(Serialize)]
struct Rule {
    what: &'static str,
    value: String,
    from: String,
}

#[derive(Serialize)]
struct Fee {
    telco: &'static str,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Held {
    product: &'static str,
    province: String,
    region: String,
    offered: bool,
    rules: Vec<Rule>,
    fees: Vec<Fee>,
}

#[derive(Serialize)]
struct Shown {
    version: String,
    effective_from: String,
    day: String,
    public_holiday: bool,
    working_day: bool,
    holds: Vec<Held>,
}

/// Shows what holds.
pub fn show(options: &ShowOptions, output: &Output) -> Result<(), Failure> {
    let texts = texts(options.policy.as_deref())?;
    let policy = texts.policy()?;
    let at = options.at.map_or_else(|| notices::today().start(), |Moment(at)| at);
    if !policy.calendar().covers(at.day()) {
        let (first, last) = (policy.calendar().first_year(), policy.calendar().last_year());
        return Err(Failure::unable(format!("{} is outside the calendar: {first} to {last} allowed", at.day()))
            .hint("name a moment with --at, such as 2026-10-01T16:59"));
    }
    let provinces = provinces(&policy, options.province)?;
    let products = options.product.map_or_else(|| Product::ALL.to_vec(), |product| vec![product]);
    let pairs = provinces.iter().flat_map(|home| products.iter().map(|product| (*product, *home)));
    let shown = Shown {
        version: policy.version().to_string(),
        effective_from: policy.effective_from().to_string(),
        day: at.day().to_string(),
        public_holiday: policy.calendar().is_public_holiday(at.day()),
        working_day: policy.calendar().is_working_day(at.day()),
        holds: pairs.filter_map(|(product, home)| held(&texts, &policy, product, home, at)).collect(),
    };
    output.result(&shown, &words(&shown));
    Ok(())
}

/// The province asked for, else the first of each region.
fn provinces(policy: &Policy, asked: Option<Province>) -> Result<Vec<Province>, Failure> {
    if let Some(asked) = asked {
        let known = policy.region(asked).is_some();
        let unknown = || Failure::unable(format!("`{asked}` is no province")).hint("see `data/provinces_cn.csv`");
        return if known { Ok(vec![asked]) } else { Err(unknown()) };
    }
    let mut first: Vec<Province> = Vec::new();
    for home in policy.provinces() {
        if !first.iter().any(|other| policy.region(*other) == policy.region(home)) {
            first.push(home);
        }
    }
    Ok(first)
}

fn held(texts: &Texts, policy: &Policy, product: Product, home: Province, at: Millis) -> Option<Held> {
    let region = policy.region(home)?;
    let mut rules = takes(policy, product);
    rules.push(arrives(policy, region, product, home, at));
    rules.extend(limits(texts, product));
    rules.push(licence(policy, product, home, at.day()));
    rules.extend(campaigns(policy, product, home, at.day()));
    rules.extend(proved(region));
    Some(Held {
        product: product.code(),
        province: home.to_string(),
        region: region.name.clone(),
        offered: region.products.contains(product),
        rules,
        fees: Telco::ALL.into_iter().filter_map(|telco| fee(policy, product, telco, at.day())).collect(),
    })
}

fn rule(what: &'static str, value: impl Into<String>, from: impl Into<String>) -> Rule {
    Rule { what, value: value.into(), from: from.into() }
}

fn takes(policy: &Policy, product: Product) -> Vec<Rule> {
    let row = policy.product(product);
    let said = |amounts: &[u64]| amounts.iter().map(|one| amount(row.unit, *one)).collect::<Vec<_>>().join(", ");
    let range = format!("{} to {}", amount(row.unit, row.least), amount(row.unit, row.most));
    let amounts = if row.only.is_empty() { range } else { said(&row.only) };
    let entered = match row.entered_in {
        Entry::Anywhere => "anywhere",
        Entry::HomeProvince => "in the home province",
    };
    let mut rules = vec![
        rule("amount", amounts, format!("products.toml, {product}.least, most, only")),
        rule("entered", entered, format!("products.toml, {product}.entered_in")),
    ];
    if let Some(month) = row.most_a_month {
        rules.push(rule("most a month", amount(row.unit, month), format!("products.toml, {product}.most_a_month")));
    }
    if let Some(band) = row.price_band {
        let share = |ppm: u32| super::figures::percent(i64::from(ppm));
        let value = format!("{} to {} of the face value", share(band.least_ppm), share(band.most_ppm));
        rules.push(rule("price", value, format!("products.toml, {product}.price_band_ppm")));
    }
    rules
}

fn arrives(policy: &Policy, region: &Region, product: Product, home: Province, at: Millis) -> Rule {
    let from = match policy.product(product).arrives {
        Arrives::AfterOfRegion => format!("regions.toml, region {}.direct_arrives_after", region.name),
        Arrives::SameDay | Arrives::After(_) | Arrives::BothLegsFinal => format!("products.toml, {product}.arrives"),
    };
    let value = match (policy.product(product).arrives, policy.arrives_on(product, home, at)) {
        (Arrives::BothLegsFinal, _) => "when both legs are final".to_owned(),
        (_, Ok(day)) => format!("on {day}"),
        (_, Err(unpublished)) => format!("not: {unpublished}"),
    };
    rule("arrives", value, from)
}

/// The rows of limits whose `counts` name the product.
fn limits(texts: &Texts, product: Product) -> Vec<Rule> {
    let all = rows("limits.toml", texts.files().text("limits.toml"));
    let counting =
        all.iter().filter(|(place, value)| place.row.ends_with(".counts") && value.contains(&format!("\"{product}\"")));
    let owners = counting.filter_map(|(place, _)| place.row.strip_suffix("counts"));
    let limit = |owner: &str| {
        let rows = all.iter().filter(|(place, _)| place.row.starts_with(owner) && !place.row.ends_with(".counts"));
        let said: Vec<String> = rows.map(|(place, value)| format!("{} {value}", &place.row[owner.len()..])).collect();
        rule("limit", said.join(", "), format!("limits.toml, {}", owner.trim_end_matches('.')))
    };
    owners.map(limit).collect()
}

fn licence(policy: &Policy, product: Product, home: Province, on: Day) -> Rule {
    match policy.licence(product, home, on) {
        Some(licence) => {
            let value = format!("`{}` of {}, until {}", licence.number, licence.holder, licence.valid_to);
            rule("licence", value, format!("licences.toml, licence {}", licence.number))
        }
        None => rule("licence", "none: `licence_missing`", "licences.toml"),
    }
}

/// The campaigns that come with the product for numbers at home there on that day.
fn campaigns(policy: &Policy, product: Product, home: Province, on: Day) -> Vec<Rule> {
    let running = policy.campaigns().iter().filter(|campaign| {
        let valid = campaign.valid_from <= on && on <= campaign.valid_to;
        valid && campaign.products.contains(product) && campaign.homes.contains(home)
    });
    let told = running.map(|campaign| {
        let fen = |amount| self::amount(Unit::Fen, amount);
        let telcos = Telco::ALL.into_iter().filter(|telco| campaign.telcos[*telco as usize]);
        let telcos: Vec<&str> = telcos.map(Telco::code).collect();
        let gives = match campaign.gives {
            Gives::Fixed { fen: given } => fen(given),
            Gives::Share { ppm, most_fen } => {
                let share = super::figures::percent(i64::from(ppm.parts()));
                format!("{share} of the amount, at most {}", fen(most_fen))
            }
        };
        let (least, most, budget) = (campaign.least_amount, campaign.person_most_fen, campaign.budget_fen);
        let value = format!(
            "{gives} of airtime at {} from {} on, {} days after arrival; a person {} in {} orders, all {}; until {}",
            telcos.join(", "),
            fen(least),
            campaign.usable_days_after_arrival,
            fen(most),
            campaign.person_most_orders,
            fen(budget),
            campaign.valid_to
        );
        rule("campaign", value, format!("campaigns.toml, campaign {}", campaign.name))
    });
    told.collect()
}

fn proved(region: &Region) -> Vec<Rule> {
    let verification = &region.verification;
    let from = |text: &str, amount: Option<u64>| {
        amount.map(|fen| format!("{text} from {}", self::amount(exchange::rules::Unit::Fen, fen)))
    };
    let code = match verification.one_time_code_by {
        CodeBy::AnyChannel => "one-time code",
        CodeBy::Sms => "one-time code by SMS",
    };
    let always = |text: &str, means: Use| (means == Use::Always).then(|| text.to_owned());
    let decides = (verification.risk_decision == Verdict::RealTime).then(|| "the risk engine decides".to_owned());
    let proofs = [
        from(code, verification.one_time_code_from),
        from("face check", verification.face_check_from),
        from("a person reviews", verification.person_reviews_from),
        always("device signals", verification.device_signals),
        always("agents see the document", verification.agent_sees_document),
        decides,
    ];
    let said: Vec<String> = proofs.into_iter().flatten().collect();
    let evidence = match region.evidence {
        Evidence::OperatorSignature => "the operator's signature".to_owned(),
        Evidence::Witnesses { needed, named, anchored_daily } => {
            let anchored = if anchored_daily == Use::Always { ", anchored daily" } else { "" };
            format!("{needed} of {named} witnesses{anchored}")
        }
    };
    vec![
        rule("verification", said.join(", "), format!("regions.toml, region {}.verification", region.name)),
        rule("evidence", evidence, format!("regions.toml, region {}.evidence", region.name)),
    ]
}

/// The lines of the greatest amount's fee, which no least fee distorts.
fn fee(policy: &Policy, product: Product, telco: Telco, on: Day) -> Option<Fee> {
    let amount = policy.product(product).most;
    let priced = price(policy, &Sale { product, telco, on, amount, learned: None }).ok()?;
    Some(Fee { telco: telco.code(), lines: lines(policy, product, telco, &priced.fee_lines) })
}

fn words(shown: &Shown) -> String {
    let kind = match (shown.public_holiday, shown.working_day) {
        (true, _) => "a public holiday",
        (false, true) => "a working day",
        (false, false) => "no working day",
    };
    let mut lines =
        vec![format!("policy {}, from {}", shown.version, shown.effective_from), format!("{}: {kind}", shown.day)];
    for held in &shown.holds {
        let offered = if held.offered { "offered" } else { "not offered" };
        let Held { product, province, region, .. } = held;
        lines.push(format!("\n{product} in province {province}: {offered} (regions.toml, region {region}.products)"));
        if held.offered {
            lines.extend(held.rules.iter().map(|rule| format!("  {}: {} ({})", rule.what, rule.value, rule.from)));
            lines.extend(held.fees.iter().map(|fee| format!("  fee at {}: {}", fee.telco, fee_words(&fee.lines))));
        }
    }
    lines.join("\n")
}

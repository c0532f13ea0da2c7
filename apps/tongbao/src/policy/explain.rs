//! `tongbao policy explain`: why an order got its answer, from what the journal keeps of the decision.

use super::arguments::ExplainOptions;
use super::figures::{Line, amount, fee_words, lines, percent};
use super::past::{Answer, Past, decisions};
use super::texts;
use crate::failure::{Doing, Failure};
use crate::output::Output;
use exchange::rules::{InstrumentRule, Limit, PRECEDENCE, Policy, Sale, price};
use facts::{Counters, LearnedPrice, Measure, OrderId, Product, Refusal, Reward};
use money::yuan;
use serde::Serialize;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Came {
    Passed,
    Failed,
    NotAsked,
    NotReached,
}

#[derive(Serialize)]
struct Check {
    code: &'static str,
    came: Came,
    figures: Option<String>,
}

#[derive(Serialize)]
struct Facts {
    product: &'static str,
    amount: String,
    requested_at_ms: u64,
    day: String,
    channel: String,
    channel_province: String,
    home_province: String,
    telco: &'static str,
    convertible_fen: u64,
}

#[derive(Serialize)]
struct Used {
    limit: String,
    measure: &'static str,
    before: u64,
    after: u64,
    most: u64,
}

#[derive(Serialize)]
struct Explained {
    order: String,
    sequence: u64,
    answer: String,
    decided_under: String,
    explained_with: String,
    same_policy: bool,
    facts: Facts,
    checks: Vec<Check>,
    fee_fen: Option<u64>,
    fee_lines: Vec<Line>,
    learned: Option<String>,
    reward: Option<String>,
    payout_fen: Option<u64>,
    arrives_on: Option<String>,
    limits: Vec<Used>,
}

/// Explains one order.
pub fn explain(options: &ExplainOptions, output: &Output) -> Result<(), Failure> {
    let order: OrderId = options.order.parse().doing("reading the order's id")?;
    let policy = texts(options.policy.as_deref())?.policy()?;
    let mut found = None;
    decisions(&options.dir, output, |past, counters| {
        if past.order == order {
            found = Some((past, counters.clone()));
        }
    })?;
    let (past, counters) = found.ok_or_else(|| {
        let dir = options.dir.display();
        Failure::unable(format!("no order `{order}` in `{dir}`")).hint("`tongbao journal inspect` lists what is there")
    })?;
    let explained = explained(&policy, &past, &counters);
    output.result(&explained, &words(&explained));
    Ok(())
}

fn explained(policy: &Policy, past: &Past, counters: &Counters) -> Explained {
    let terms = match &past.answer {
        Answer::Admitted(terms) => Some(terms),
        Answer::Declined(_) => None,
    };
    let unit = policy.product(past.product).unit;
    let fee_lines = terms.map(|terms| lines(policy, past.product, past.subscriber.telco, &terms.fee_lines));
    Explained {
        order: past.order.to_string(),
        sequence: past.sequence,
        answer: past.refusal().map_or("accepted", Refusal::code).to_owned(),
        decided_under: past.policy.to_string(),
        explained_with: policy.version().to_string(),
        same_policy: past.policy == policy.version(),
        facts: Facts {
            product: past.product.code(),
            amount: amount(unit, past.amount),
            requested_at_ms: past.requested_at.0,
            day: past.requested_at.day().to_string(),
            channel: past.channel.clone(),
            channel_province: past.channel_province.to_string(),
            home_province: past.subscriber.province.to_string(),
            telco: past.subscriber.telco.code(),
            convertible_fen: past.convertible(policy),
        },
        checks: checks(policy, past, counters),
        fee_fen: terms.map(|terms| terms.fee),
        fee_lines: fee_lines.unwrap_or_default(),
        learned: terms.and_then(|terms| terms.learned.as_deref()).map(learned),
        reward: terms.and_then(|terms| terms.reward.as_deref()).map(reward),
        payout_fen: terms.map(|terms| terms.payout),
        arrives_on: terms.map(|terms| terms.arrives_on.to_string()),
        limits: used(policy, past, counters),
    }
}

fn learned(price: &LearnedPrice) -> String {
    format!("{} of `{}`, version `{}`, before policy and band", percent(price.ppm.into()), price.source, price.version)
}

fn reward(reward: &Reward) -> String {
    let (amount, day) = (yuan(reward.amount), reward.usable_from);
    format!("{amount} CNY of airtime from {day} on (campaigns.toml, campaign {})", reward.name)
}

/// Every check in the order of precedence: those before the answer passed, those after it were not reached.
fn checks(policy: &Policy, past: &Past, counters: &Counters) -> Vec<Check> {
    let failed = past.refusal();
    let place = failed.and_then(|refusal| PRECEDENCE.iter().position(|one| *one == refusal));
    let check = |(index, refusal): (usize, &Refusal)| {
        let came = match place {
            Some(place) if index == place => Came::Failed,
            Some(place) if index > place => Came::NotReached,
            _ if !asked(policy, past.product, *refusal) => Came::NotAsked,
            _ => Came::Passed,
        };
        let looked = matches!(came, Came::Passed | Came::Failed);
        Check {
            code: refusal.code(),
            came,
            figures: if looked { figures(policy, past, counters, *refusal) } else { None },
        }
    };
    let mut checks: Vec<Check> = PRECEDENCE.iter().enumerate().map(check).collect();
    // What quotes and partners refuse comes after all of these.
    if let (Some(refusal), None) = (failed, place) {
        checks.push(Check { code: refusal.code(), came: Came::Failed, figures: None });
    }
    checks
}

/// Whether the product meets the check at all.
fn asked(policy: &Policy, product: Product, refusal: Refusal) -> bool {
    match refusal {
        Refusal::InstrumentNotOwn => policy.product(product).instrument != InstrumentRule::None,
        Refusal::ReceiverNotEligible => product == Product::Gift,
        Refusal::RefundCapExceeded | Refusal::DailyLimitExceeded | Refusal::LimitExceeded => {
            let rows = &policy.limits().rows;
            rows.iter().any(|limit| limit.refusal == refusal && limit.counts.contains(product))
        }
        _ => true,
    }
}

/// What was found and what is allowed, where there are figures. Of a person none are shown.
fn figures(policy: &Policy, past: &Past, counters: &Counters, refusal: Refusal) -> Option<String> {
    let row = policy.product(past.product);
    let (asked, home) = (amount(row.unit, past.amount), past.subscriber.province);
    match refusal {
        Refusal::ProductNotOffered => {
            let region = policy.region(home)?;
            let offered = if region.products.contains(past.product) { "offered" } else { "not offered" };
            Some(format!("{offered} in province {home} (regions.toml, region {})", region.name))
        }
        Refusal::OutOfProvince => Some(format!("entered in province {}, home is {home}", past.channel_province)),
        Refusal::AmountTooSmall => Some(format!("{asked}, at least {}", amount(row.unit, row.least))),
        Refusal::AmountTooLarge => Some(format!("{asked}, at most {}", amount(row.unit, row.most))),
        Refusal::RefundCapExceeded | Refusal::DailyLimitExceeded | Refusal::LimitExceeded => {
            let rows = limits(policy, past, counters).filter(|(limit, _)| limit.refusal == refusal);
            let said = rows.map(|(limit, used)| {
                let asked = limit.measured(past.amount);
                let [used, asked, most] = [used, asked, limit.most].map(|sum| measured(limit.measure, sum));
                format!("limit `{}`: {used} used and {asked} asked of {most}", limit.name)
            });
            Some(said.collect::<Vec<_>>().join("; "))
        }
        Refusal::BalanceInsufficient => {
            let day = past.requested_at.day();
            let (product, telco, amount) = (past.product, past.subscriber.telco, past.amount);
            let drawn = price(policy, &Sale { product, telco, on: day, amount, learned: None }).ok()?.drawn;
            Some(format!("{} CNY convertible, {} CNY needed", yuan(past.convertible(policy)), yuan(drawn)))
        }
        Refusal::CalendarUnpublished => match policy.arrives_on(past.product, home, past.requested_at) {
            Ok(day) => Some(format!("arrives on {day}")),
            Err(unpublished) => Some(unpublished.to_string()),
        },
        Refusal::LicenceMissing => {
            let licence = policy.licence(past.product, home, past.requested_at.day());
            Some(licence.map_or("none".to_owned(), |licence| format!("licence `{}`", licence.number)))
        }
        _ => None,
    }
}

/// The limits that count the order, each with what had been used of it.
fn limits<'a>(policy: &'a Policy, past: &'a Past, counters: &'a Counters) -> impl Iterator<Item = (&'a Limit, u64)> {
    let occasion = past.occasion();
    policy.limits().rows.iter().filter_map(move |limit| {
        let counter = limit.counter(policy, &occasion)?;
        Some((limit, limit.standing(counters, &counter).used))
    })
}

/// A sum of what a limit measures.
fn measured(measure: Measure, sum: u64) -> String {
    match measure {
        Measure::Fen => format!("{} CNY", yuan(sum)),
        Measure::Orders => format!("{sum} orders"),
    }
}

/// The limits before the order and after it.
fn used(policy: &Policy, past: &Past, counters: &Counters) -> Vec<Used> {
    let admitted = past.refusal().is_none();
    let rows = limits(policy, past, counters).map(|(limit, before)| {
        let added = if admitted { limit.measured(past.amount) } else { 0 };
        let after = before.saturating_add(added);
        Used { limit: limit.name.clone(), measure: limit.measure.code(), before, after, most: limit.most }
    });
    rows.collect()
}

fn words(explained: &Explained) -> String {
    let Explained { order, answer, sequence, .. } = explained;
    let mut said = vec![format!("{order}: {answer} (record {sequence})")];
    let with = if explained.same_policy { "the same".to_owned() } else { explained.explained_with.clone() };
    said.push(format!("policy {}; figures below are of {with}", explained.decided_under));
    let facts = &explained.facts;
    said.push(format!(
        "asked: {} of {} on {}, by {} in province {}; number of {} at home in {}",
        facts.product, facts.amount, facts.day, facts.channel, facts.channel_province, facts.telco, facts.home_province
    ));
    for check in &explained.checks {
        let mark = match check.came {
            Came::Passed => "passed",
            Came::Failed => "FAILED",
            Came::NotAsked => "not asked",
            Came::NotReached => "not reached",
        };
        let figures = check.figures.as_ref().map(|figures| format!(": {figures}")).unwrap_or_default();
        said.push(format!("  {mark:<11} {}{figures}", check.code));
    }
    if let (Some(fee), Some(payout), Some(day)) = (explained.fee_fen, explained.payout_fen, &explained.arrives_on) {
        let rate: i64 = explained.fee_lines.iter().map(|line| i64::from(line.ppm)).sum();
        said.push(format!("fee {} CNY, {}: {}", yuan(fee), percent(rate), fee_words(&explained.fee_lines)));
        said.push(format!("pays {} CNY on {day}", yuan(payout)));
    }
    let told = [("learned price", &explained.learned), ("reward", &explained.reward)];
    said.extend(told.into_iter().filter_map(|(what, value)| Some(format!("{what}: {}", value.as_ref()?))));
    for used in &explained.limits {
        let Used { limit, measure, before, after, most } = used;
        said.push(format!("limit {limit}: {before} before, {after} after, of {most} {measure}"));
    }
    said.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_a_price_and_what_came_with_it_is_named() {
        let price = LearnedPrice { source: "elasticity".to_owned(), version: "2026-11".to_owned(), ppm: -2_500 };
        assert_eq!(learned(&price), "-0.25% of `elasticity`, version `2026-11`, before policy and band");
        let usable_from = "2026-12-01".parse().expect("a date");
        let given = Reward { campaign: 7, name: "autumn".to_owned(), amount: 500, usable_from };
        assert_eq!(reward(&given), "5.00 CNY of airtime from 2026-12-01 on (campaigns.toml, campaign autumn)");
    }
}

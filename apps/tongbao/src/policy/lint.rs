//! `tongbao policy lint`: every fault of a policy at once, and what needs somebody soon, apart from the faults.

use super::arguments::LintOptions;
use super::texts;
use super::texts::Texts;
use crate::failure::Failure;
use crate::notices;
use crate::output::Output;
use exchange::Contracts;
use exchange::rules::{Charge, Policy, ProductSet, Unlicensed, VirtualOperators};
use facts::{Day, Product};
use money::Telco;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Fault {
    file: &'static str,
    place: String,
    found: String,
    allowed: String,
}

#[derive(Serialize)]
struct Linted {
    holds: bool,
    version: Option<String>,
    effective_from: Option<String>,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

/// Checks a policy and says all that is wrong with it.
pub fn lint(options: &LintOptions, output: &Output) -> Result<(), Failure> {
    let texts = texts(options.policy.as_deref())?;
    let (policy, mut faults) = match texts.compile() {
        Ok(policy) => {
            let gaps = unlicensed(&policy);
            (Some(policy), gaps)
        }
        Err(faults) => {
            let fault = |fault: exchange::rules::PolicyFault| {
                let exchange::rules::PolicyFault { file, place, found, allowed } = fault;
                Fault { file, place, found, allowed }
            };
            (None, faults.into_iter().map(fault).collect())
        }
    };
    faults.extend(beside(&texts));
    let warnings = policy.iter().flat_map(|policy| warnings(policy, notices::today())).collect();
    let linted = Linted {
        holds: faults.is_empty(),
        version: policy.as_ref().map(|policy| policy.version().to_string()),
        effective_from: policy.as_ref().map(|policy| policy.effective_from().to_string()),
        faults,
        warnings,
    };
    output.result(&linted, &words(&linted));
    if linted.holds { Ok(()) } else { Err(Failure::breach(format!("{} faults", linted.faults.len()))) }
}

/// The faults of the files that are no part of the policy's version.
fn beside(texts: &Texts) -> Vec<Fault> {
    let numbers = VirtualOperators::parse(&texts.numbers).err().map(|error| Fault {
        file: "numbers.toml",
        place: "the file".to_owned(),
        found: format!("`{}`", error.found),
        allowed: error.allowed.to_owned(),
    });
    let partners = Contracts::parse(&texts.partners).err().map(|fault| Fault {
        file: "partners.toml",
        place: "the file".to_owned(),
        found: fault.to_string(),
        allowed: "what its head comment says".to_owned(),
    });
    numbers.into_iter().chain(partners).collect()
}

/// What is offered without a licence on some day of the calendar: orders of that day would be refused.
fn unlicensed(policy: &Policy) -> Vec<Fault> {
    let calendar = policy.calendar();
    let first = Day::from_date(calendar.first_year(), 1, 1).unwrap_or_default();
    let last = Day::from_date(calendar.last_year(), 12, 31).unwrap_or_default();
    let fault = |gap: Unlicensed| Fault {
        file: "licences.toml",
        place: format!("`{}` in province {}", gap.product, gap.home),
        found: format!("no licence from {} to {}", gap.from, gap.to),
        allowed: "a licence on every day on which the product is offered".to_owned(),
    };
    policy.unlicensed(first.max(policy.effective_from()), last).into_iter().map(fault).collect()
}

fn warnings(policy: &Policy, on: Day) -> Vec<String> {
    let mut warnings = notices::notices(policy, on);
    if policy.effective_from() > on {
        warnings.push(format!("the policy holds from {} on, not yet today", policy.effective_from()));
    }
    warnings.extend(idle_licences(policy));
    warnings.extend(idle_campaigns(policy));
    warnings.extend(clamped(policy));
    warnings
}

/// Licences that cover nothing that is offered.
fn idle_licences(policy: &Policy) -> impl Iterator<Item = String> + '_ {
    let idle = policy.licences().iter().filter(|licence| {
        let covered = |product: &Product| {
            licence.products.contains(*product)
                && policy.provinces().any(|home| licence.provinces.contains(home) && policy.offers(home, *product))
        };
        !Product::ALL.iter().any(covered)
    });
    idle.map(|licence| format!("licence `{}` covers nothing that is offered", licence.number))
}

/// Campaigns that come with nothing that is offered.
fn idle_campaigns(policy: &Policy) -> impl Iterator<Item = String> + '_ {
    let idle = policy.campaigns().iter().filter(|campaign| {
        let offered = |product: &Product| {
            campaign.products.contains(*product)
                && policy.provinces().any(|home| campaign.homes.contains(home) && policy.offers(home, *product))
        };
        !Product::ALL.iter().any(offered)
    });
    idle.map(|campaign| format!("campaign `{}` comes with nothing that is offered", campaign.name))
}

/// Rates that the band cuts on a public holiday: allowed, and worth knowing.
fn clamped(policy: &Policy) -> Vec<String> {
    let fees = policy.fees();
    let offered =
        policy.provinces().filter_map(|home| policy.region(home)).fold(ProductSet::default(), |set, region| {
            Product::ALL
                .iter()
                .filter(|product| region.products.contains(**product))
                .fold(set, |set, one| set.with(*one))
        });
    let mut clamped = Vec::new();
    for product in Product::ALL.iter().filter(|product| offered.contains(**product)) {
        let Charge::TelcoRate { added_ppm } = policy.product(*product).charge else { continue };
        for telco in Telco::ALL {
            let sum = fees.telco_ppm[telco as usize] + added_ppm + fees.holiday_ppm;
            if sum > fees.band_most_ppm {
                let most = fees.band_most_ppm;
                clamped.push(format!("`{product}` at {telco} on a public holiday: {sum} ppm are cut to {most} ppm"));
            }
        }
    }
    clamped
}

fn words(linted: &Linted) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let (Some(version), Some(from)) = (&linted.version, &linted.effective_from) {
        lines.push(format!("policy {version}, from {from}"));
    }
    for fault in &linted.faults {
        let Fault { file, place, found, allowed } = fault;
        lines.push(format!("fault `{file}`, {place}: found {found}, allowed: {allowed}"));
    }
    lines.extend(linted.warnings.iter().map(|warning| format!("warn  {warning}")));
    lines.push(format!("{} faults, {} warnings", linted.faults.len(), linted.warnings.len()));
    lines.join("\n")
}

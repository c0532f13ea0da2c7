//! Compiling `campaigns.toml`: rows that name what exists, that their budgets can pay, and of which one at most comes
//! with an order.

use super::campaign::{Campaign, Gives, Title};
use super::compile::product_set;
use super::fault::Faults;
use super::files::{CampaignRow, CampaignsFile, GivesRow, ProvincesRow, TelcosRow};
use super::licence::ProvinceSet;
use super::policy::{Leaves, ProductPolicy, Unit};
use super::region::Region;
use super::texts::CAMPAIGNS;
use facts::{Day, Product, Provenance, Province};
use money::{Ppm, Telco};

/// What the rows of campaigns name.
pub(super) struct Known<'a> {
    pub(super) products: &'a [ProductPolicy],
    pub(super) provinces: &'a [Province],
    pub(super) regions: &'a [Region],
    pub(super) region_of: &'a [u8; 100],
    pub(super) leaves: &'a [Leaves; Provenance::ALL.len()],
}

pub(super) fn campaigns(file: Option<&CampaignsFile>, known: &Known<'_>, faults: &mut Faults) -> Vec<Campaign> {
    let mut campaigns: Vec<Campaign> = Vec::new();
    for row in file.iter().flat_map(|file| &file.campaign) {
        let campaign = compile_row(row, known, faults);
        check_offer(&campaign, known, faults);
        check_figures(&campaign, faults);
        check_beside(&campaign, &campaigns, faults);
        campaigns.push(campaign);
    }
    // Airtime that was given and leaves as money is money that was given.
    if !campaigns.is_empty() && known.leaves[Provenance::Promotional as usize] != Leaves::Never {
        let found = "campaigns, and `leaves.promotional` of `limits.toml` that lets their rewards leave";
        faults.add(CAMPAIGNS, "`campaign`", found, "`leaves.promotional = \"never\"`");
    }
    campaigns
}

fn place(name: &str) -> String {
    format!("campaign `{name}`")
}

fn compile_row(row: &CampaignRow, known: &Known<'_>, faults: &mut Faults) -> Campaign {
    Campaign {
        number: row.number,
        name: row.name.clone(),
        title: Title { zh: row.title.zh.clone(), en: row.title.en.clone() },
        products: product_set(CAMPAIGNS, &format!("{} `products`", place(&row.name)), &row.products, faults),
        telcos: telcos(row, faults),
        homes: homes(row, known, faults),
        valid_from: day(row, "valid_from", &row.valid_from, faults),
        valid_to: day(row, "valid_to", &row.valid_to, faults),
        least_amount: row.least_amount,
        gives: gives(row, faults),
        usable_days_after_arrival: row.usable_days_after_arrival,
        budget_fen: row.budget_fen,
        person_most_fen: row.person_most_fen,
        person_most_orders: row.person_most_orders,
        review_above: row.review_above,
    }
}

fn day(row: &CampaignRow, key: &str, text: &str, faults: &mut Faults) -> Day {
    text.parse().unwrap_or_else(|_| {
        let place = format!("{} `{key}`", place(&row.name));
        faults.add(CAMPAIGNS, place, format!("`{text}`"), "a date such as 2026-01-01");
        Day::default()
    })
}

fn telcos(row: &CampaignRow, faults: &mut Faults) -> [bool; Telco::ALL.len()] {
    let TelcosRow::Codes(codes) = &row.telcos else { return [true; Telco::ALL.len()] };
    let place = format!("{} `telcos`", place(&row.name));
    let mut telcos = [false; Telco::ALL.len()];
    for code in codes {
        match code.parse::<Telco>() {
            Ok(telco) if telcos[telco as usize] => {
                faults.add(CAMPAIGNS, place.as_str(), format!("`{code}` again"), "each once");
            }
            Ok(telco) => telcos[telco as usize] = true,
            Err(_) => faults.add(CAMPAIGNS, place.as_str(), format!("`{code}`"), "CMCC, CUCC, CTCC or CBN"),
        }
    }
    if codes.is_empty() {
        faults.add(CAMPAIGNS, place, "no telco", "at least one telco, or `all`");
    }
    telcos
}

/// The provinces of the row that lie in one of its regions, if it names any.
fn homes(row: &CampaignRow, known: &Known<'_>, faults: &mut Faults) -> ProvinceSet {
    let named = provinces(row, known, faults);
    let Some(regions) = &row.regions else { return named };
    let place = format!("{} `regions`", place(&row.name));
    for name in regions.iter().filter(|name| known.regions.iter().all(|region| region.name != **name)) {
        faults.add(CAMPAIGNS, place.as_str(), format!("`{name}`"), "a region of `regions.toml`");
    }
    let within = |province: &Province| {
        let region = known.regions.get(usize::from(known.region_of[usize::from(province.code())]));
        named.contains(*province) && region.is_some_and(|region| regions.contains(&region.name))
    };
    let homes = known.provinces.iter().copied().filter(within).fold(ProvinceSet::default(), ProvinceSet::with);
    if homes == ProvinceSet::default() {
        faults.add(CAMPAIGNS, place, "regions with none of its provinces", "at least one province in both");
    }
    homes
}

fn provinces(row: &CampaignRow, known: &Known<'_>, faults: &mut Faults) -> ProvinceSet {
    let codes = match &row.provinces {
        ProvincesRow::Word(_) => {
            return known.provinces.iter().copied().fold(ProvinceSet::default(), ProvinceSet::with);
        }
        ProvincesRow::Codes(codes) => codes,
    };
    let place = format!("{} `provinces`", place(&row.name));
    let mut set = ProvinceSet::default();
    for text in codes {
        match text.parse().ok().filter(|province| known.provinces.contains(province)) {
            Some(province) if set.contains(province) => {
                faults.add(CAMPAIGNS, place.as_str(), format!("`{text}` again"), "each once");
            }
            Some(province) => set = set.with(province),
            None => faults.add(CAMPAIGNS, place.as_str(), format!("`{text}`"), "a code of `provinces_cn.csv`"),
        }
    }
    if codes.is_empty() {
        faults.add(CAMPAIGNS, place, "no province", "at least one province, or `nationwide`");
    }
    set
}

fn gives(row: &CampaignRow, faults: &mut Faults) -> Gives {
    match row.gives {
        GivesRow::Fixed(fixed) => Gives::Fixed { fen: fixed.fen },
        GivesRow::Share(share) => {
            if !(1..=Ppm::ONE.parts()).contains(&share.ppm) {
                let place = format!("{} `gives`", place(&row.name));
                faults.add(CAMPAIGNS, place, format!("{} ppm", share.ppm), "1 to 1000000 ppm");
            }
            Gives::Share { ppm: Ppm::new(share.ppm), most_fen: share.most_fen }
        }
    }
}

/// A row must come with something that is offered, and say what it is.
fn check_offer(campaign: &Campaign, known: &Known<'_>, faults: &mut Faults) {
    let mut fault = |found: String, allowed: &str| faults.add(CAMPAIGNS, place(&campaign.name), found, allowed);
    if campaign.title.zh.trim().is_empty() || campaign.title.en.trim().is_empty() {
        fault("a title that is empty".to_owned(), "words in `zh` and in `en`");
    }
    if campaign.products.is_empty() {
        fault("no product".to_owned(), "at least one product");
    }
    if campaign.valid_from > campaign.valid_to {
        let found = format!("{} to {}", campaign.valid_from, campaign.valid_to);
        fault(found, "`valid_from` to `valid_to`, not backwards");
    }
    // A missing product is a fault of its own, and then the others are not at their places.
    let rows = if known.products.len() == Product::ALL.len() { known.products } else { &[] };
    for (product, row) in Product::ALL.iter().zip(rows) {
        if campaign.products.contains(*product) && row.unit != Unit::Fen {
            fault(format!("`{product}`, whose amounts are no money"), "products in fen");
        }
        if campaign.products.contains(*product) && campaign.least_amount > row.most {
            fault(format!("`least_amount` {}", campaign.least_amount), &format!("at most {} of `{product}`", row.most));
        }
    }
}

fn check_figures(campaign: &Campaign, faults: &mut Faults) {
    let mut fault = |found: String, allowed: &str| faults.add(CAMPAIGNS, place(&campaign.name), found, allowed);
    let most = campaign.gives.most();
    let positive = [
        ("budget_fen", campaign.budget_fen),
        ("person_most_fen", campaign.person_most_fen),
        ("person_most_orders", campaign.person_most_orders),
        ("review_above", campaign.review_above),
        ("gives", most),
    ];
    for (key, _) in positive.into_iter().filter(|(_, figure)| *figure == 0) {
        fault(format!("`{key}` 0"), "a figure above 0");
    }
    if most > campaign.budget_fen {
        fault(format!("a reward of {most} fen"), &format!("at most the budget, {} fen", campaign.budget_fen));
    }
    if most > campaign.person_most_fen {
        let allowed = format!("at most what a person gets, {} fen", campaign.person_most_fen);
        fault(format!("a reward of {most} fen"), &allowed);
    }
    if campaign.person_most_fen > campaign.budget_fen {
        let allowed = format!("at most the budget, {} fen", campaign.budget_fen);
        fault(format!("`person_most_fen` {}", campaign.person_most_fen), &allowed);
    }
    if campaign.usable_days_after_arrival > 366 {
        let found = format!("`usable_days_after_arrival` {}", campaign.usable_days_after_arrival);
        fault(found, "at most 366 days");
    }
}

/// Counters go by the number and people by the name; and one campaign at most comes with an order, so that nobody
/// wonders which.
fn check_beside(campaign: &Campaign, others: &[Campaign], faults: &mut Faults) {
    let mut fault = |found: String, allowed: &str| faults.add(CAMPAIGNS, place(&campaign.name), found, allowed);
    if others.iter().any(|other| other.number == campaign.number) {
        fault(format!("number {} again", campaign.number), "each number once");
    }
    if others.iter().any(|other| other.name == campaign.name) {
        fault("the name again".to_owned(), "each name once");
    }
    let named = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if campaign.name.is_empty() || campaign.name.len() > 40 || !campaign.name.chars().all(named) {
        fault("a name of another shape".to_owned(), "up to 40 of a-z, 0-9 and `_`");
    }
    for other in others.iter().filter(|other| overlap(campaign, other)) {
        fault(format!("orders that `{}` comes with too", other.name), "one campaign at most for an order");
    }
}

fn overlap(one: &Campaign, other: &Campaign) -> bool {
    let days = one.valid_from <= other.valid_to && other.valid_from <= one.valid_to;
    let telcos = one.telcos.iter().zip(other.telcos).any(|(one, other)| *one && other);
    days && telcos && one.products.overlaps(other.products) && one.homes.overlaps(other.homes)
}

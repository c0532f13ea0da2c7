//! The policy in force, compiled: every look-up by province or product is one array access.
//!
//! What is offered, what it costs and how much of it is data that an operator replaces; this module gives it a
//! shape and knows none of the figures.

use super::calendar::{Calendar, CutOff, Unpublished};
use super::campaign::Campaign;
use super::fault::PolicyFault;
use super::identity::Identity;
use super::instrument::InstrumentRule;
use super::licence::Licence;
use super::limit::Limit;
use super::region::{ProductSet, Region};
use super::texts::PolicyFiles;
use facts::{Day, LearnedPrice, Millis, PolicyVersion, Product, Provenance, Province, Refusal};
use money::{Ratio, Telco};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A compiled policy.
///
/// Invariants: every known province is in one region; every product has a row and a fee; every offered direct
/// has an arrival and every offered gift a reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) version: PolicyVersion,
    pub(super) sources: BTreeMap<&'static str, String>,
    pub(super) effective_from: Day,
    pub(super) calendar: Calendar,
    pub(super) regions: Vec<Region>,
    /// Place in `regions` by province code; [`NO_REGION`] for a code that is no province.
    pub(super) region_of: [u8; 100],
    pub(super) products: Vec<ProductPolicy>,
    pub(super) fees: Fees,
    pub(super) limits: Limits,
    pub(super) leaves: [Leaves; Provenance::ALL.len()],
    pub(super) cut_off: CutOff,
    pub(super) calendar_warns_months_before: u32,
    pub(super) ported_kept_ms: u64,
    pub(super) retention_years: u32,
    pub(super) order_files_kept_ms: u64,
    pub(super) receiver_declines_within_ms: u64,
    pub(super) complaint_answer_days: u32,
    pub(super) licences: Vec<Licence>,
    pub(super) campaigns: Vec<Campaign>,
}

/// The place of a province that is in no region.
pub(super) const NO_REGION: u8 = u8::MAX;

/// What a product takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPolicy {
    /// What its amount counts.
    pub unit: Unit,
    /// The least amount.
    pub least: u64,
    /// The greatest amount.
    pub most: u64,
    /// The only amounts, ascending; empty when each from least to most will do.
    pub only: Vec<u64>,
    /// The most a month, in the product's unit; `None` when a month has no quota.
    pub most_a_month: Option<u64>,
    /// What a price may be, as a share of the face value; `None` for what has no price of its own.
    pub price_band: Option<PriceBand>,
    /// Where it may be entered.
    pub entered_in: Entry,
    /// What it asks of the instrument.
    pub instrument: InstrumentRule,
    /// What the amount is taken from.
    pub draws_on: Draws,
    /// What is paid out.
    pub pays: Pays,
    /// When it arrives.
    pub arrives: Arrives,
    /// How it is charged.
    pub charge: Charge,
}

/// What a price may be, in parts per million of the face value; both ends allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceBand {
    /// The least.
    pub least_ppm: u32,
    /// The most.
    pub most_ppm: u32,
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Fen.
    Fen,
    /// Points of a programme.
    Points,
    /// KiB of data allowance.
    Kib,
}

/// Where a request may be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// In any province.
    Anywhere,
    /// In the number's home province only.
    HomeProvince,
}

/// How far a gift goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiftReach {
    /// To any province that takes part in gifts.
    Anywhere,
    /// Within the giver's home province.
    HomeProvince,
}

/// What an amount is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draws {
    /// The number's convertible balance.
    ConvertibleBalance,
    /// The recharge that is cancelled.
    Recharge,
    /// Whoever pays.
    Payer,
    /// The points programme.
    Programme,
    /// The number's data allowance.
    DataAllowance,
}

/// What is paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pays {
    /// The amount less the fee.
    AmountLessFee,
    /// The amount.
    Amount,
    /// Fen of airtime for units, rounded down.
    Rate(Ratio),
}

/// When it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrives {
    /// On the request's own date.
    SameDay,
    /// T and this many working days.
    After(u32),
    /// T and as many working days as the home region says.
    AfterOfRegion,
    /// When both legs of a trade are final; not before the request's own date.
    BothLegsFinal,
}

/// How a product is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The telco's rate and the holiday's and this addition, in parts per million, clamped to the band.
    TelcoRate {
        /// What the product adds; negative for a discount.
        added_ppm: i32,
    },
    /// A rate of its own.
    OwnRate {
        /// Parts per million of the amount.
        ppm: i32,
        /// What the fee is taken from.
        taken: Taken,
    },
}

/// What a fee is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// The amount.
    FromAmount,
    /// The balance, beside the amount.
    OnTop,
}

/// Rates in parts per million, and the band that clamps the sum of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fees {
    /// By telco, in wire order.
    pub telco_ppm: [i32; Telco::ALL.len()],
    /// Added on a public holiday.
    pub holiday_ppm: i32,
    /// The lower end of the band.
    pub band_least_ppm: i32,
    /// The upper end of the band.
    pub band_most_ppm: i32,
    /// The least fee of a product that charges the telco's rate, in fen.
    pub least_fen: u64,
    /// What orders of some sizes add, in the order of the file; one at most is for an order.
    pub tiers: Vec<Tier>,
    /// Whose learned prices may move a rate, and how far.
    pub learned: Learned,
}

/// What orders of some sizes add to the rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// What people call it.
    pub name: String,
    /// The products that it is for; all of them charge the telco's rate.
    pub products: ProductSet,
    /// The least amount, in fen.
    pub from_fen: u64,
    /// The greatest amount, in fen.
    pub to_fen: u64,
    /// Parts per million; negative for a discount.
    pub added_ppm: i32,
}

impl Tier {
    /// Whether the tier is for an order.
    pub fn is_for(&self, product: Product, amount: u64) -> bool {
        self.products.contains(product) && (self.from_fen..=self.to_fen).contains(&amount)
    }
}

/// How far learned prices may move a rate. The band holds whatever they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// What learns them; none is heard from any other.
    pub source: String,
    /// The most, either way, in parts per million; 0 switches them off.
    pub within_ppm: i32,
}

impl Learned {
    /// How far a learned price moves the rate.
    pub fn moves(&self, price: &LearnedPrice) -> i32 {
        if price.source == self.source { price.ppm.clamp(-self.within_ppm, self.within_ppm) } else { 0 }
    }
}

/// What a person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The age from which a person may convert.
    pub adult_from_years: u32,
    /// The limits, in the order of the file.
    pub rows: Vec<Limit>,
}

impl Limits {
    /// The limit that gives a refusal of its own; none for the one that many share.
    pub fn giving(&self, refusal: Refusal) -> Option<&Limit> {
        self.rows.iter().find(|limit| limit.refusal == refusal && refusal != Refusal::LimitExceeded)
    }
}

/// Whether airtime of one origin may leave as money, voucher, gift, card or sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// From the moment it is there.
    Always,
    /// Once this many days have passed since its recharge.
    AfterDays(u32),
    /// Never.
    Never,
}

impl Leaves {
    /// Whether airtime recharged at `opened_at` may leave at `at`.
    pub const fn allows(self, opened_at: Millis, at: Millis) -> bool {
        match self {
            Leaves::Always => true,
            Leaves::AfterDays(days) => at.since(opened_at) > days as u64 * 86_400_000,
            Leaves::Never => false,
        }
    }
}

impl Policy {
    /// Reads, checks and compiles the files.
    ///
    /// Errors: every fault found, not only the first, so that a maker repairs them in one go.
    pub fn compile(files: &PolicyFiles<'_>) -> Result<Policy, Vec<PolicyFault>> {
        super::compile::compile(files)
    }

    /// Which policy this is: a hash of the contents of its files.
    pub const fn version(&self) -> PolicyVersion {
        self.version
    }

    /// The files it was compiled from.
    pub fn files(&self) -> PolicyFiles<'_> {
        PolicyFiles::of(&self.sources)
    }

    /// The first day on which all of the files hold.
    pub const fn effective_from(&self) -> Day {
        self.effective_from
    }

    /// The working calendar.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// How much a person may do.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The licences, as the file lists them.
    pub fn licences(&self) -> &[Licence] {
        &self.licences
    }

    /// The campaigns, as the file lists them.
    pub fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    /// A campaign by its number.
    pub fn campaign(&self, number: u16) -> Option<&Campaign> {
        self.campaigns.iter().find(|campaign| campaign.number == number)
    }

    /// Every known province, by code.
    pub fn provinces(&self) -> impl Iterator<Item = Province> + '_ {
        let known = |code: &u8| self.region_of[usize::from(*code)] != NO_REGION;
        (0..100).filter(known).filter_map(Province::new)
    }

    /// The warning that the published calendar ends soon, or has ended; `None` while there is time.
    pub fn calendar_ends_soon(&self, on: Day) -> Option<Unpublished> {
        self.calendar.ends_soon(on, self.calendar_warns_months_before)
    }

    /// How long a telco's word about who serves a number is kept, in milliseconds.
    pub const fn ported_kept_ms(&self) -> u64 {
        self.ported_kept_ms
    }

    /// How long whoever is given airtime may decline it once they are told, in milliseconds.
    pub const fn receiver_declines_within_ms(&self) -> u64 {
        self.receiver_declines_within_ms
    }

    /// The last day on which a complaint of a day is answered in time.
    pub const fn complaint_due_on(&self, filed_on: Day) -> Day {
        Day::from_count(filed_on.count().saturating_add(self.complaint_answer_days))
    }

    /// Until when a person is kept whose last transaction or registration was at a moment: the end of that date so many
    /// years later; of a leap day, of the first of March.
    pub fn kept_until(&self, last: Millis) -> Millis {
        let (year, month, day) = last.day().date();
        let year = year.saturating_add(self.retention_years);
        let date = Day::from_date(year, month, day).or_else(|| Day::from_date(year, 3, 1));
        date.map_or(Millis(u64::MAX), |date| date.next().start())
    }

    /// How long an order file and its results are kept after the last row was answered, in milliseconds.
    pub const fn order_files_kept_ms(&self) -> u64 {
        self.order_files_kept_ms
    }

    /// Whether airtime of an origin may leave.
    pub const fn leaves(&self, provenance: Provenance) -> Leaves {
        self.leaves[provenance as usize]
    }

    /// The rates.
    pub const fn fees(&self) -> &Fees {
        &self.fees
    }

    /// What a product takes and gives.
    pub fn product(&self, product: Product) -> &ProductPolicy {
        &self.products[product as usize]
    }

    /// The region that a province belongs to; `None` when there is no such province.
    pub fn region(&self, province: Province) -> Option<&Region> {
        let place = *self.region_of.get(usize::from(province.code()))?;
        self.regions.get(usize::from(place))
    }

    /// Whether numbers at home in the province are offered the product.
    pub fn offers(&self, home: Province, product: Product) -> bool {
        self.region(home).is_some_and(|region| region.products.contains(product))
    }

    /// What an identity number says about its holder on a day.
    pub fn identity(&self, text: &str, on: Day) -> Identity {
        Identity::of(text, on, self.limits.adult_from_years)
    }

    /// The day that a request counts for.
    ///
    /// Errors: `Unpublished` when it lies beyond the calendar.
    pub fn effective_day(&self, at: Millis) -> Result<Day, Unpublished> {
        self.calendar.effective_day(at, self.cut_off)
    }

    /// The day on which a product asked for at that time arrives.
    ///
    /// Errors: `Unpublished` when it lies beyond the calendar.
    pub fn arrives_on(&self, product: Product, home: Province, at: Millis) -> Result<Day, Unpublished> {
        let working_days = match self.product(product).arrives {
            Arrives::SameDay | Arrives::BothLegsFinal => return Ok(at.day()),
            Arrives::After(working_days) => working_days,
            Arrives::AfterOfRegion => self.region(home).map_or(0, |region| region.direct_arrives_after),
        };
        self.calendar.arrival(self.effective_day(at)?, working_days)
    }
}

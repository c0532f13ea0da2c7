//! The shapes of the policy files as written: TOML read strictly, words not yet looked up.
//!
//! An unknown key is refused rather than skipped: a misspelt limit must not be a missing limit.

use super::instrument::InstrumentRule;
use super::licence::LicenceKind;
use super::limit::{LimitSubject, Period};
use super::policy::{Draws, Entry, GiftReach, Unit};
use super::region::{CodeBy, Use, Verdict};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) source: String,
    pub(super) effective_from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionsFile {
    pub(super) about: About,
    pub(super) region: Vec<RegionRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionRow {
    pub(super) name: String,
    pub(super) provinces: Vec<String>,
    pub(super) products: Vec<String>,
    pub(super) gift_reach: Option<GiftReach>,
    pub(super) direct_arrives_after: Option<u32>,
    pub(super) verification: VerificationRow,
    pub(super) evidence: EvidenceRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerificationRow {
    pub(super) one_time_code_from: Option<u64>,
    #[serde(default)]
    pub(super) one_time_code_by: CodeBy,
    pub(super) face_check_from: Option<u64>,
    pub(super) person_reviews_from: Option<u64>,
    #[serde(default)]
    pub(super) device_signals: Use,
    #[serde(default)]
    pub(super) agent_sees_document: Use,
    #[serde(default)]
    pub(super) risk_decision: Verdict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceRow {
    pub(super) final_with: FinalWith,
    pub(super) witnesses: Option<u32>,
    pub(super) witnesses_needed: Option<u32>,
    pub(super) anchored: Option<Anchored>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FinalWith {
    OperatorSignature,
    Witnesses,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Anchored {
    Daily,
}

#[derive(Deserialize)]
pub(super) struct ProductsFile {
    pub(super) about: About,
    #[serde(flatten)]
    pub(super) products: BTreeMap<String, ProductRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductRow {
    pub(super) unit: Unit,
    pub(super) least: u64,
    pub(super) most: u64,
    #[serde(default)]
    pub(super) only: Vec<u64>,
    pub(super) most_a_month: Option<u64>,
    pub(super) price_band_ppm: Option<BandRow>,
    pub(super) entered_in: Entry,
    pub(super) instrument: InstrumentRule,
    pub(super) draws_on: Draws,
    pub(super) pays: PaysRow,
    pub(super) arrives: ArrivesRow,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum PaysRow {
    Word(PaysWord),
    PerPoints(PerPoints),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PaysWord {
    AmountLessFee,
    Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PerPoints {
    pub(super) fen: u64,
    pub(super) for_points: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ArrivesRow {
    Word(ArrivesWord),
    After(After),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ArrivesWord {
    SameDay,
    Region,
    BothLegsFinal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    pub(super) working_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeesFile {
    pub(super) about: About,
    pub(super) telco_ppm: BTreeMap<String, i32>,
    pub(super) holiday: HolidayRow,
    pub(super) telco_rate: TelcoRateRow,
    pub(super) own_rate: BTreeMap<String, OwnRateRow>,
    #[serde(default)]
    pub(super) tier: Vec<TierRow>,
    pub(super) learned: Option<LearnedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TierRow {
    pub(super) name: String,
    pub(super) products: Vec<String>,
    pub(super) from_fen: u64,
    pub(super) to_fen: u64,
    pub(super) added_ppm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LearnedRow {
    pub(super) source: String,
    pub(super) within_ppm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolidayRow {
    pub(super) added_ppm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TelcoRateRow {
    pub(super) band_ppm: BandRow,
    pub(super) least_fen: u64,
    pub(super) added_ppm: BTreeMap<String, i32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandRow {
    pub(super) least: i32,
    pub(super) most: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRateRow {
    pub(super) rate_ppm: i32,
    pub(super) taken: super::policy::Taken,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsFile {
    pub(super) about: About,
    pub(super) person: PersonRow,
    #[serde(default)]
    pub(super) limit: Vec<LimitRow>,
    pub(super) leaves: BTreeMap<String, LeavesRow>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum LeavesRow {
    Word(LeavesWord),
    After(LeavesAfter),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LeavesWord {
    Always,
    Never,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeavesAfter {
    pub(super) after_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonRow {
    pub(super) adult_from_years: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitRow {
    pub(super) number: u16,
    pub(super) name: String,
    pub(super) subject: LimitSubject,
    pub(super) counts: Vec<String>,
    pub(super) period: Period,
    pub(super) measure: String,
    pub(super) most: u64,
    pub(super) refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimingsFile {
    pub(super) about: About,
    pub(super) cut_off: CutOffRow,
    pub(super) calendar: CalendarRow,
    pub(super) portability: PortabilityRow,
    pub(super) retention: Option<RetentionRow>,
    pub(super) order_files: Option<OrderFilesRow>,
    pub(super) gifts: Option<GiftsRow>,
    pub(super) complaints: Option<ComplaintsRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComplaintsRow {
    pub(super) answer_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GiftsRow {
    pub(super) declined_within_minutes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderFilesRow {
    pub(super) kept_days: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PortabilityRow {
    pub(super) kept_hours: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionRow {
    pub(super) years: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarRow {
    pub(super) warn_months_before: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CutOffRow {
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LicencesFile {
    pub(super) about: About,
    #[serde(default)]
    pub(super) licence: Vec<LicenceRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LicenceRow {
    pub(super) number: String,
    pub(super) kind: LicenceKind,
    pub(super) holder: String,
    pub(super) products: Vec<String>,
    pub(super) provinces: ProvincesRow,
    pub(super) valid_from: String,
    pub(super) valid_to: String,
    pub(super) document_sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignsFile {
    pub(super) about: About,
    #[serde(default)]
    pub(super) campaign: Vec<CampaignRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignRow {
    pub(super) number: u16,
    pub(super) name: String,
    pub(super) title: TitleRow,
    pub(super) products: Vec<String>,
    pub(super) telcos: TelcosRow,
    pub(super) provinces: ProvincesRow,
    pub(super) regions: Option<Vec<String>>,
    pub(super) valid_from: String,
    pub(super) valid_to: String,
    pub(super) least_amount: u64,
    pub(super) gives: GivesRow,
    pub(super) usable_days_after_arrival: u32,
    pub(super) budget_fen: u64,
    pub(super) person_most_fen: u64,
    pub(super) person_most_orders: u64,
    pub(super) review_above: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TitleRow {
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum TelcosRow {
    Word(TelcosWord),
    Codes(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TelcosWord {
    All,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum GivesRow {
    Fixed(FixedRow),
    Share(ShareRow),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedRow {
    pub(super) fen: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareRow {
    pub(super) ppm: u32,
    pub(super) most_fen: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ProvincesRow {
    Word(ProvincesWord),
    Codes(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProvincesWord {
    Nationwide,
}

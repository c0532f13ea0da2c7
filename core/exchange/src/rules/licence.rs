//! Licences: which product may be offered where and when, on whose authority, and when that ends.

use super::policy::Policy;
use super::region::ProductSet;
use facts::{Day, Hash, Product, Province};
use serde::{Deserialize, Serialize};

/// A licence that the operator holds, or works under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// The number on the document.
    pub number: String,
    /// What it is a licence for.
    pub kind: LicenceKind,
    /// Who holds it.
    pub holder: String,
    /// The products it covers.
    pub products: ProductSet,
    /// The provinces it covers.
    pub provinces: ProvinceSet,
    /// Its first day.
    pub valid_from: Day,
    /// Its last day.
    pub valid_to: Day,
    /// The hash of the document, so that a copy can be compared with what was granted.
    pub document: Hash,
}

impl Licence {
    /// Whether the licence covers a product for numbers at home in a province on a day.
    pub fn covers(&self, product: Product, home: Province, on: Day) -> bool {
        let valid = self.valid_from <= on && on <= self.valid_to;
        valid && self.products.contains(product) && self.provinces.contains(home)
    }
}

/// What a licence is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceKind {
    /// Payment business (支付业务).
    Payment,
    /// Issuing and accepting prepaid cards (预付卡发行与受理).
    PrepaidCard,
    /// Value-added telecom services (增值电信业务).
    ValueAddedTelecom,
    /// A telco's own authorisation (运营商授权).
    TelcoAuthorisation,
    /// Selling funds (基金销售).
    FundSales,
}

/// A set of provinces, one bit for each code of two digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProvinceSet(u128);

impl ProvinceSet {
    /// The set with one more province.
    pub const fn with(self, province: Province) -> ProvinceSet {
        ProvinceSet(self.0 | 1 << province.code())
    }

    /// Whether the province is in the set.
    pub const fn contains(self, province: Province) -> bool {
        self.0 >> province.code() & 1 == 1
    }

    /// Whether a province is in both sets.
    pub const fn overlaps(self, other: ProvinceSet) -> bool {
        self.0 & other.0 != 0
    }
}

/// How soon a licence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Within 7 days.
    Within7Days,
    /// Within 30 days.
    Within30Days,
    /// Within 90 days.
    Within90Days,
}

impl Notice {
    /// The notice to give when so many days are left; `None` while there is time.
    pub const fn of(days_left: u32) -> Option<Notice> {
        match days_left {
            0..=7 => Some(Notice::Within7Days),
            8..=30 => Some(Notice::Within30Days),
            31..=90 => Some(Notice::Within90Days),
            _ => None,
        }
    }
}

/// A licence that ends soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiring<'a> {
    /// The licence.
    pub licence: &'a Licence,
    /// Days after this one until its last; 0 on the last.
    pub days_left: u32,
    /// How soon.
    pub notice: Notice,
}

/// A product that a province is offered on days that no licence covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlicensed {
    /// What is offered.
    pub product: Product,
    /// Where.
    pub home: Province,
    /// The first day without a licence.
    pub from: Day,
    /// The last day of that gap.
    pub to: Day,
}

impl Policy {
    /// The licence under which numbers at home in a province are offered a product on a day: the first that covers it.
    pub fn licence(&self, product: Product, home: Province, on: Day) -> Option<&Licence> {
        self.licences().iter().find(|licence| licence.covers(product, home, on))
    }

    /// The licences that are valid on a day and end within 90 days, the soonest first.
    pub fn licences_expiring(&self, on: Day) -> Vec<Expiring<'_>> {
        let valid = self.licences().iter().filter(|licence| licence.valid_from <= on && on <= licence.valid_to);
        let soon = valid.filter_map(|licence| {
            let days_left = licence.valid_to.count() - on.count();
            Some(Expiring { licence, days_left, notice: Notice::of(days_left)? })
        });
        let mut soon: Vec<Expiring<'_>> = soon.collect();
        soon.sort_by_key(|expiring| expiring.days_left);
        soon
    }

    /// What is offered without a licence between two days, by product and province.
    pub fn unlicensed(&self, from: Day, to: Day) -> Vec<Unlicensed> {
        let offers = Product::ALL.iter().flat_map(|product| self.provinces().map(move |home| (*product, home)));
        let offered = offers.filter(|(product, home)| self.offers(*home, *product));
        offered.flat_map(|(product, home)| self.gaps(product, home, from, to)).collect()
    }

    /// The days from `from` to `to` on which no licence covers the product there, as stretches.
    fn gaps(&self, product: Product, home: Province, from: Day, to: Day) -> Vec<Unlicensed> {
        let mut gaps = Vec::new();
        let mut day = from;
        while day <= to {
            if let Some(licence) = self.licence(product, home, day) {
                day = licence.valid_to.next();
                continue;
            }
            let starts = self.licences().iter().map(|licence| licence.valid_from);
            let next = starts.filter(|start| *start > day && self.licence(product, home, *start).is_some()).min();
            let end = next.map_or(to, |next| Day::from_count(next.count() - 1)).min(to);
            gaps.push(Unlicensed { product, home, from: day, to: end });
            day = end.next();
        }
        gaps
    }
}

//! A region: provinces that share one row of the policy.

use super::policy::GiftReach;
use facts::{Product, Province};
use serde::Deserialize;

/// A set of products, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProductSet(u32);

impl ProductSet {
    /// The set with one more product.
    pub const fn with(self, product: Product) -> ProductSet {
        ProductSet(self.0 | 1 << product as u32)
    }

    /// Whether the product is in the set.
    pub const fn contains(self, product: Product) -> bool {
        self.0 >> product as u32 & 1 == 1
    }

    /// Whether every product of the set is in the other.
    pub const fn is_within(self, other: ProductSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether a product is in both sets.
    pub const fn overlaps(self, other: ProductSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What holds for every number at home in the region's provinces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The name that operators use.
    pub name: String,
    /// The lowest code of its provinces, which it goes by where it is counted; a region without any is a fault.
    pub lowest: Option<Province>,
    /// What is offered.
    pub products: ProductSet,
    /// How far a gift goes; of no meaning where none is offered.
    pub gift_reach: GiftReach,
    /// Working days until the money of a direct conversion arrives; of no meaning where none is offered.
    pub direct_arrives_after: u32,
    /// What a subscriber proves before an order runs.
    pub verification: Verification,
    /// What makes a receipt final.
    pub evidence: Evidence,
}

/// What a subscriber proves. Amounts are fen; `Some(0)` is always and `None` is never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// A one-time code is asked for at or above this amount.
    pub one_time_code_from: Option<u64>,
    /// How the code travels.
    pub one_time_code_by: CodeBy,
    /// The face is checked at or above this amount.
    pub face_check_from: Option<u64>,
    /// A person reviews at or above this amount.
    pub person_reviews_from: Option<u64>,
    /// Whether signals of the device are taken.
    pub device_signals: Use,
    /// Whether an agent looks at the identity document.
    pub agent_sees_document: Use,
    /// What the risk engine's verdict is for.
    pub risk_decision: Verdict,
}

/// How a one-time code travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeBy {
    /// By whatever channel the subscriber has.
    #[default]
    AnyChannel,
    /// By SMS only.
    Sms,
}

/// Whether a means is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Not in this region.
    #[default]
    Never,
    /// For each order.
    Always,
}

/// What the risk engine's verdict is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is recorded and decides nothing.
    #[default]
    Recorded,
    /// It decides before the order runs.
    RealTime,
}

/// What makes a receipt final. The operator's signature is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The operator's signature alone.
    OperatorSignature,
    /// The signatures of this many witnesses out of those named.
    Witnesses {
        /// How many witnesses sign.
        needed: u32,
        /// How many there are.
        named: u32,
        /// Whether the log's head is anchored outside each day.
        anchored_daily: Use,
    },
}

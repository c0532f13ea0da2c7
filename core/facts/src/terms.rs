//! The words of the business that facts carry: products, provinces, provenance, fees, versions.

use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $n:literal, $code:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(index_only)]
        pub enum $name {
            $($(#[$vdoc])* #[n($n)] $variant,)*
        }

        impl $name {
            /// Every value, in wire order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The public word.
            pub const fn code(self) -> &'static str {
                match self {
                    $($name::$variant => $code,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                $name::ALL.iter().copied().find(|word| word.code() == text).ok_or(UnknownWord)
            }
        }
    };
}
pub(crate) use words;

/// The text is none of the words of a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWord;

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a known word")
    }
}

impl core::error::Error for UnknownWord {}

words! {
    /// What a subscriber can ask for. A product is a plan and policy rows, not an engine.
    Product {
        /// Airtime to the subscriber's own bank card (官方渠道直连).
        Direct = 0, "direct";
        /// Airtime to an e-commerce voucher.
        Voucher = 1, "voucher";
        /// Airtime to money at a shop (线下代理).
        Agent = 2, "agent";
        /// Airtime to a prepaid card code (话费购卡).
        Card = 3, "card";
        /// Airtime to another subscriber.
        Gift = 4, "gift";
        /// A recharge returned to its payer (充值退款).
        Refund = 5, "refund";
        /// Points to airtime (积分兑换).
        Points = 6, "points";
        /// Data allowance to another subscriber (流量转赠).
        BundleGift = 7, "bundle_gift";
        /// Data allowance sold to another subscriber (流量转售).
        BundleSale = 8, "bundle_sale";
        /// Airtime sold on the market (话费交易).
        Market = 9, "market";
        /// Airtime to a fund's shares, by referral (理财引荐).
        Wealth = 10, "wealth";
        /// Money from a payer to airtime (充值).
        Recharge = 11, "recharge";
    }
}

words! {
    /// Where airtime came from. Only what the policy calls convertible leaves as money.
    Provenance {
        /// Recharged by its holder.
        SelfPaid = 0, "self_paid";
        /// Recharged by somebody else, or not yet explained.
        ThirdParty = 1, "third_party";
        /// Given by the telco.
        Promotional = 2, "promotional";
        /// Advanced, still owed.
        Advanced = 3, "advanced";
        /// Exchanged from points.
        Points = 4, "points";
        /// Bought on the market.
        Bought = 5, "bought";
    }
}

/// A province: the first two digits of GB/T 2260.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Province(#[n(0)] u8);

impl Province {
    /// The province with this two-digit code; whether it exists is the policy's to say.
    pub const fn new(code: u8) -> Option<Province> {
        if code >= 10 && code <= 99 { Some(Province(code)) } else { None }
    }

    /// The two-digit code.
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Province {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for Province {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Province {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Province, UnknownWord> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = if digits { text.parse().ok() } else { None };
        code.and_then(Province::new).ok_or(UnknownWord)
    }
}

/// A 256-bit hash: of a policy, of a record, of a part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which policy decided: its content hash, cut to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct PolicyVersion(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

words! {
    /// Why a line of a fee is there.
    FeeRule {
        /// The telco's rate.
        TelcoRate = 0, "telco_rate";
        /// The surcharge of a public holiday.
        Holiday = 1, "holiday";
        /// The product's own addition or deduction.
        Product = 2, "product";
        /// What the clamp added or took away.
        Clamp = 3, "clamp";
        /// What the least fee added, in fen.
        Minimum = 4, "minimum";
        /// What orders of that size add or save.
        Tier = 5, "tier";
        /// What a learned price added or took away, within what the policy lets it.
        Learned = 6, "learned";
    }
}

/// One line of a fee. The rates of all lines sum to the rate charged; `minimum` carries fen instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FeeLine {
    /// The rule behind the line.
    #[n(0)]
    pub rule: FeeRule,
    /// Parts per million of the amount; negative where the rule gives a discount.
    #[n(1)]
    pub ppm: i32,
    /// Fen added beyond the rate.
    #[n(2)]
    pub fen: u64,
}

/// What an order costs and brings, fixed when it is admitted or quoted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Terms {
    /// What is asked for.
    #[n(0)]
    pub product: Product,
    /// Minor units of what is converted (fen of airtime for direct).
    #[n(1)]
    pub amount: u64,
    /// Fen.
    #[n(2)]
    pub fee: u64,
    /// How the fee came about.
    #[n(3)]
    pub fee_lines: Vec<FeeLine>,
    /// Fen paid out.
    #[n(4)]
    pub payout: u64,
    /// The day on which the money arrives.
    #[n(5)]
    pub arrives_on: crate::Day,
    /// The policy that said so.
    #[n(6)]
    pub policy: PolicyVersion,
    /// Fen taken from the convertible balance, a fee on top included; 0 when the order draws on something else.
    #[n(7)]
    pub drawn: u64,
    /// What a campaign gives with it, as the quote showed.
    #[n(8)]
    pub reward: Option<Box<Reward>>,
    /// The learned price behind its line, when one moved the rate.
    #[n(9)]
    pub learned: Option<Box<LearnedPrice>>,
}

/// A price that was learned from what people did: how far it would move a rate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LearnedPrice {
    /// What learned it.
    #[n(0)]
    pub source: String,
    /// Which version of that.
    #[n(1)]
    pub version: String,
    /// Parts per million of the amount, before policy and band cut it.
    #[n(2)]
    pub ppm: i32,
}

/// What a campaign gives with an order: promotional airtime. It becomes usable once the order is settled and its day
/// has come; an order that is given back brings none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reward {
    /// The campaign's number in the policy.
    #[n(0)]
    pub campaign: u16,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Fen of airtime.
    #[n(2)]
    pub amount: u64,
    /// The first day on which it can be used.
    #[n(3)]
    pub usable_from: crate::Day,
}

/// Sixteen opaque bytes: a keyed digest, a trace, a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Key16(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

impl Key16 {
    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Display for Key16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

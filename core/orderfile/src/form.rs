//! What a row asks for, once its words are read; whether that is allowed is for the rules to say.

use crate::moment::moment;
use crate::orders::{Column, Row};
use facts::{Millis, Product, Province};

/// A row whose words are words of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Business time.
    pub requested_at: Millis,
    /// Where the request entered; whether there is such a province is for the policy to say.
    pub channel_province: Province,
    /// One of the five products of an order file.
    pub product: Product,
    /// How much, in the product's unit.
    pub amount: u64,
}

/// The products of an order file.
const PRODUCTS: [Product; 5] = [Product::Direct, Product::Agent, Product::Gift, Product::Refund, Product::Points];

/// What may not be empty.
const NEEDED: [Column; 7] = [
    Column::RequestId,
    Column::RequestedAt,
    Column::ChannelProvince,
    Column::IdNumber,
    Column::Msisdn,
    Column::Product,
    Column::Amount,
];

/// The most digits of an amount.
const DIGITS_MAX: usize = 15;

impl Row<'_> {
    /// What the row asks for; none when it is malformed.
    pub fn form(&self) -> Option<Form> {
        if NEEDED.iter().any(|column| self.get(*column).is_empty()) {
            return None;
        }
        let product = self.get(Column::Product).parse().ok().filter(|product| PRODUCTS.contains(product))?;
        if product == Product::Gift && self.get(Column::Target).is_empty() {
            return None;
        }
        Some(Form {
            requested_at: moment(self.get(Column::RequestedAt))?,
            channel_province: self.get(Column::ChannelProvince).parse().ok()?,
            product,
            amount: amount(self.get(Column::Amount))?,
        })
    }
}

/// ASCII digits without a leading zero, up to fifteen.
fn amount(text: &str) -> Option<u64> {
    let digits = text.len() <= DIGITS_MAX && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

//! The refusal of a declined order, made again from what the journal keeps of it.

use exchange::rules::{Detail, Policy, Refused};
use facts::{Measure, Order, Province, Refusal};

/// Why an order was refused at the door; none when it was not.
///
/// The first answer and every replay are made from this, so that they are equal.
pub fn refusal(order: &Order, policy: &Policy) -> Option<Refused> {
    let refusal = order.refusal?;
    Some(Refused { refusal, detail: detail(order, refusal, policy) })
}

/// What the two numbers of a declined order mean.
fn detail(order: &Order, refusal: Refusal, policy: &Policy) -> Detail {
    let (found, allowed) = order.refusal_detail;
    if let Some(hit) = &order.limit {
        let asked = match hit.measure {
            Measure::Fen => order.terms.amount,
            Measure::Orders => 1,
        };
        return Detail::Limit { used: found, limit: allowed, asked, hit: hit.clone() };
    }
    if (found, allowed) == (0, 0) {
        return Detail::Plain;
    }
    match refusal {
        Refusal::IdentityUnderage => Detail::Age { from_years: years(allowed) },
        Refusal::OutOfProvince => match (province(found), province(allowed)) {
            (Some(found), Some(allowed)) => Detail::Province { found, allowed },
            _ => Detail::Plain,
        },
        Refusal::AmountTooSmall | Refusal::AmountTooLarge => {
            Detail::Amount { unit: policy.product(order.terms.product).unit, asked: found, nearest: allowed }
        }
        Refusal::BalanceInsufficient => Detail::Balance { convertible: i128::from(found), needed: allowed },
        Refusal::RewardUnavailable => Detail::Reward { shown: found, left: allowed },
        Refusal::CalendarUnpublished => Detail::Calendar { last_year: years(allowed) },
        _ => Detail::Plain,
    }
}

fn years(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn province(number: u64) -> Option<Province> {
    u8::try_from(number).ok().and_then(Province::new)
}

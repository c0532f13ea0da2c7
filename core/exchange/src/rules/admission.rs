//! Admission: whether a request may become an order, and on what terms.
//!
//! The guards stand in the order of precedence, which is part of the public contract: of two refusals that
//! apply, the first is given. Facts about the person, the number, the instrument and the receiver are
//! established before and arrive as values, so that each outcome is a case here and none is looked up.

use super::identity::Identity;
use super::instrument::{Instrument, InstrumentRule};
use super::limit::{self, Occasion, Subjects};
use super::numbers::{Line, NumberRefusal, NumberTable};
use super::policy::{Draws, Entry, GiftReach, Policy, ProductPolicy};
use super::price::{PriceError, Priced, Sale, price};
use super::refused::{Detail, Refused};
use facts::{Counters, FeeRule, LearnedPrice, Millis, Product, Province, Refusal, Terms};

/// A request with its facts established.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub product: Product,
    /// How much, in the product's unit.
    pub amount: u64,
    /// Business time: it decides dates, limits and prices.
    pub requested_at: Millis,
    /// Where the request entered.
    pub channel_province: Province,
    /// What the identity number says.
    pub identity: Identity,
    /// Where the giver's own number is at home.
    pub number: Result<Line, NumberRefusal>,
    /// Whether the number is the person's.
    pub holder: Holder,
    /// Whether the instrument is what the product asks for; looked at only when it asks for one.
    pub instrument: Instrument,
    /// Who receives.
    pub receiver: Receiver,
    /// Who asks, as limits see it.
    pub who: Subjects,
}

/// Whether a number is registered to the person who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// It is.
    Registered,
    /// It is somebody else's, or nobody's.
    Other,
}

/// Who receives; looked at for a gift only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Nobody is named, since the product has no receiver.
    NotAsked,
    /// A number at home in this province.
    AtHomeIn(Province),
    /// No number of a segment.
    Unknown,
    /// A virtual operator's number.
    Virtual,
    /// The giver's own number.
    Giver,
}

impl Receiver {
    /// Who a gift to `target` from the number `giver` would reach.
    pub fn of(numbers: &NumberTable, giver: &str, target: &str) -> Receiver {
        if giver == target {
            return Receiver::Giver;
        }
        match numbers.lookup(target) {
            Ok(line) => Receiver::AtHomeIn(line.province),
            Err(NumberRefusal::Unknown) => Receiver::Unknown,
            Err(NumberRefusal::Virtual) => Receiver::Virtual,
        }
    }
}

/// Says whether the request is admitted, and on what terms.
///
/// `counters` say what has been used of limits; `convertible` is the fen of the number that may leave, negative
/// when more is restricted than held; `learned` is a price that was learned for the request, if there is one.
///
/// Errors: the first refusal that applies, with what would have been allowed.
/// Source: `policies/README.md`, refusals.
pub fn admit(
    policy: &Policy,
    request: &Request,
    counters: &Counters,
    convertible: i128,
    learned: Option<&LearnedPrice>,
) -> Result<Terms, Refused> {
    check_form(policy, request)?;
    check_person(policy, request)?;
    let line = check_number(request)?;
    check_holder(request)?;
    check_instrument(policy, request)?;
    check_offer(policy, request, line)?;
    check_receiver(policy, request)?;
    check_province(policy, request, line)?;
    check_amount(policy, request)?;
    let occasion = occasion(request, line);
    limit::check(policy, Refusal::RefundCapExceeded, &occasion, counters)?;
    limit::check(policy, Refusal::DailyLimitExceeded, &occasion, counters)?;
    let priced = price_of(policy, request, line, learned)?;
    check_balance(policy, request, &priced, convertible)?;
    let arrives_on =
        policy.arrives_on(request.product, line.province, request.requested_at).map_err(|unpublished| {
            let detail = Detail::Calendar { last_year: unpublished.last_year };
            Refused { refusal: Refusal::CalendarUnpublished, detail }
        })?;
    check_licence(policy, request, line)?;
    limit::check(policy, Refusal::LimitExceeded, &occasion, counters)?;
    let moved = priced.fee_lines.iter().any(|line| line.rule == FeeRule::Learned);
    Ok(Terms {
        product: request.product,
        amount: request.amount,
        fee: priced.fee,
        fee_lines: priced.fee_lines,
        payout: priced.payout,
        arrives_on,
        policy: policy.version(),
        drawn: match policy.product(request.product).draws_on {
            Draws::ConvertibleBalance => priced.drawn,
            Draws::Recharge | Draws::Payer | Draws::Programme | Draws::DataAllowance => 0,
        },
        reward: None,
        learned: learned.filter(|_| moved).cloned().map(Box::new),
    })
}

const fn occasion(request: &Request, line: Line) -> Occasion {
    let Request { product, amount, requested_at, who, .. } = *request;
    Occasion { product, amount, at: requested_at, home: line.province, who }
}

/// What is left of row 1 once a request is read: an amount, a known province, a day of the calendar.
fn check_form(policy: &Policy, request: &Request) -> Result<(), Refused> {
    let entered = policy.region(request.channel_province).is_some();
    if request.amount == 0 || !entered || !policy.calendar().covers(request.requested_at.day()) {
        return Err(Refused::plain(Refusal::MalformedRequest));
    }
    Ok(())
}

fn check_person(policy: &Policy, request: &Request) -> Result<(), Refused> {
    match request.identity {
        Identity::Valid => Ok(()),
        Identity::Invalid => Err(Refused::plain(Refusal::IdentityInvalid)),
        Identity::Underage => {
            let detail = Detail::Age { from_years: policy.limits().adult_from_years };
            Err(Refused { refusal: Refusal::IdentityUnderage, detail })
        }
    }
}

fn check_number(request: &Request) -> Result<Line, Refused> {
    request.number.map_err(|refusal| match refusal {
        NumberRefusal::Unknown => Refused::plain(Refusal::NumberUnknown),
        NumberRefusal::Virtual => Refused::plain(Refusal::TelcoNotConnected),
    })
}

fn check_holder(request: &Request) -> Result<(), Refused> {
    match request.holder {
        Holder::Registered => Ok(()),
        Holder::Other => Err(Refused::plain(Refusal::NotTheHolder)),
    }
}

fn check_instrument(policy: &Policy, request: &Request) -> Result<(), Refused> {
    if policy.product(request.product).instrument == InstrumentRule::None {
        return Ok(());
    }
    match request.instrument {
        Instrument::Own => Ok(()),
        Instrument::NotOwn => Err(Refused::plain(Refusal::InstrumentNotOwn)),
    }
}

fn check_offer(policy: &Policy, request: &Request, line: Line) -> Result<(), Refused> {
    if policy.offers(line.province, request.product) {
        return Ok(());
    }
    Err(Refused::plain(Refusal::ProductNotOffered))
}

fn check_receiver(policy: &Policy, request: &Request) -> Result<(), Refused> {
    if request.product != Product::Gift {
        return Ok(());
    }
    match request.receiver {
        Receiver::AtHomeIn(province) if policy.offers(province, Product::Gift) => Ok(()),
        Receiver::AtHomeIn(_) | Receiver::NotAsked | Receiver::Unknown | Receiver::Virtual | Receiver::Giver => {
            Err(Refused::plain(Refusal::ReceiverNotEligible))
        }
    }
}

fn check_province(policy: &Policy, request: &Request, line: Line) -> Result<(), Refused> {
    let entry = policy.product(request.product).entered_in;
    if entry == Entry::HomeProvince && request.channel_province != line.province {
        return Err(out_of_province(request.channel_province, line.province));
    }
    let reach = policy.region(line.province).map_or(GiftReach::HomeProvince, |region| region.gift_reach);
    match request.receiver {
        Receiver::AtHomeIn(other)
            if request.product == Product::Gift && reach == GiftReach::HomeProvince && other != line.province =>
        {
            Err(out_of_province(other, line.province))
        }
        _ => Ok(()),
    }
}

const fn out_of_province(found: Province, allowed: Province) -> Refused {
    Refused { refusal: Refusal::OutOfProvince, detail: Detail::Province { found, allowed } }
}

fn check_amount(policy: &Policy, request: &Request) -> Result<(), Refused> {
    let (terms, asked) = (policy.product(request.product), request.amount);
    let refused =
        |refusal, nearest| Err(Refused { refusal, detail: Detail::Amount { unit: terms.unit, asked, nearest } });
    if asked < terms.least {
        return refused(Refusal::AmountTooSmall, terms.least);
    }
    if asked > terms.most {
        return refused(Refusal::AmountTooLarge, terms.most);
    }
    // Between two face values the asker is sent to the lower one: it is too large for that, and never too dear.
    match face_below(terms, asked) {
        Some(face) if face != asked => refused(Refusal::AmountTooLarge, face),
        Some(_) | None => Ok(()),
    }
}

/// The greatest of the only amounts at or below this one; `None` when any amount will do.
fn face_below(terms: &ProductPolicy, asked: u64) -> Option<u64> {
    terms.only.iter().rev().copied().find(|face| *face <= asked)
}

/// The amount is in range and the policy was checked to price that, so an error only restates row 11.
fn price_of(policy: &Policy, request: &Request, line: Line, learned: Option<&LearnedPrice>) -> Result<Priced, Refused> {
    let (product, amount, on) = (request.product, request.amount, request.requested_at.day());
    price(policy, &Sale { product, telco: line.telco, on, amount, learned }).map_err(|error| {
        Refused::plain(match error {
            PriceError::Overflow => Refusal::AmountTooLarge,
            PriceError::FeeExceedsAmount => Refusal::AmountTooSmall,
        })
    })
}

fn check_licence(policy: &Policy, request: &Request, line: Line) -> Result<(), Refused> {
    match policy.licence(request.product, line.province, request.requested_at.day()) {
        Some(_) => Ok(()),
        None => Err(Refused::plain(Refusal::LicenceMissing)),
    }
}

fn check_balance(policy: &Policy, request: &Request, priced: &Priced, convertible: i128) -> Result<(), Refused> {
    let covered = i128::from(priced.drawn) <= convertible;
    if covered || policy.product(request.product).draws_on != Draws::ConvertibleBalance {
        return Ok(());
    }
    let detail = Detail::Balance { convertible, needed: priced.drawn };
    Err(Refused { refusal: Refusal::BalanceInsufficient, detail })
}

//! Plans: what a product asks of whom, in which order, with which postings.
//!
//! A plan is expanded once, at admission, and stored in the fact; a later release or policy changes no step
//! of an order that was admitted. The engine knows no product.

use crate::book::{Books, entry, reversed};
use crate::contract::Profile;
use facts::{
    AccountName, Action, CallRef, Due, Millis, Nature, Necessity, Partner, Product, Provenance, State, StepPlan,
    Target, Terms,
};
use ledger::{AccountId, Entry};
use money::{Asset, Telco};

/// What a plan is made from.
pub(crate) struct Case<'a> {
    pub(crate) state: &'a State,
    pub(crate) telco: Telco,
    pub(crate) profile: Profile,
    pub(crate) terms: &'a Terms,
    pub(crate) books: Books,
    /// Whom the order brings airtime, when that is another.
    pub(crate) receiver: Option<Receiving>,
    /// What it is paid with.
    pub(crate) source: Source,
    /// The account that pays for the order's reward, when it has one.
    pub(crate) promotion: Option<AccountId>,
}

/// What an order is paid with, as far as its plan depends on it.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// What its number holds; in the world of an order file a recharge is presumed.
    Own,
    /// Money from an instrument, which brings airtime of this provenance.
    Payer(Provenance),
    /// What is unused of a recharge, which this request paid.
    Recharge(CallRef),
}

/// Another to whom an order brings airtime.
#[derive(Clone, Copy)]
pub(crate) struct Receiving {
    pub(crate) shelf: Shelf,
    /// How long they, who are told of it, may decline, in milliseconds. In the world of an order file nobody is told,
    /// and no balance grows.
    pub(crate) declines_within: Option<u64>,
}

/// Where one party's airtime is: its telco and the accounts there.
#[derive(Clone, Copy)]
pub(crate) struct Shelf {
    pub(crate) telco: Telco,
    pub(crate) position: AccountId,
    pub(crate) taken: AccountId,
    pub(crate) in_doubt: AccountId,
}

impl Shelf {
    /// The shelf at a telco; `None` while the house accounts are not open.
    pub(crate) fn of(state: &State, telco: Telco) -> Option<Shelf> {
        let find = |name| state.account(name, Asset::Airtime(telco));
        Some(Shelf {
            telco,
            position: find(AccountName::Position(telco))?,
            taken: find(AccountName::TelcoTaken(telco))?,
            in_doubt: find(AccountName::InDoubt(Partner::Telco(telco)))?,
        })
    }
}

/// What a partner that delivers against money is booked by.
struct Till {
    partner: Partner,
    /// Where its own books are mirrored: what it delivered leaves from there, or is owed to it there.
    mirror: AccountId,
    in_doubt: AccountId,
}

impl Till {
    /// The till of a partner; `None` while the house accounts are not open.
    fn of(state: &State, partner: Partner) -> Option<Till> {
        let find = |name| state.account(name, partner.asset());
        Some(Till { partner, mirror: find(partner.mirror())?, in_doubt: find(AccountName::InDoubt(partner))? })
    }
}

/// The steps of a product, and its reward's; `None` while it has no plan.
pub(crate) fn expand(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    let mut steps = of_product(case)?;
    steps.extend(reward(case));
    Some(steps)
}

fn of_product(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    match case.terms.product {
        Product::Direct => direct(case),
        Product::Voucher => at_once(case, Partner::Issuer, Action::IssueVoucher),
        Product::Agent => at_once(case, Partner::Bank, Action::PayOut),
        Product::Recharge => recharge(case),
        Product::Refund => refund(case),
        Product::Gift => gift(case),
        Product::Points => Some(points(case)),
        Product::Card => None,
        Product::BundleGift | Product::BundleSale | Product::Market | Product::Wealth => None,
    }
}

/// Whether orders for the product are served to people. The others are admitted in the world of an order file
/// alone, until their partners are connected: an agent gets float, a programme burns points.
pub(crate) const fn is_served(product: Product) -> bool {
    match product {
        Product::Direct | Product::Voucher | Product::Gift | Product::Recharge | Product::Refund => true,
        Product::Agent | Product::Card | Product::Points => false,
        Product::BundleGift | Product::BundleSale | Product::Market | Product::Wealth => false,
    }
}

/// Operator-direct cash-out (官方渠道直连): take the airtime, wait for the arrival day, pay out.
///
/// Where the telco can set value aside it is set aside, then captured in one call. Where it can only deduct,
/// its billing record must have arrived too before the payout leaves.
fn direct(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    let arrival = case.terms.arrives_on.start();
    let mut steps = take(case, taken(case.terms));
    if case.profile == Profile::DeductOnly {
        steps.push(confirm_billing(case, arrival));
    }
    steps.push(deliver(case, &Till::of(case.state, Partner::Bank)?, Action::PayOut, Due::At(arrival)));
    Some(steps)
}

/// Money, or what money buys, on the same day: take the airtime and have it delivered at once.
fn at_once(case: &Case<'_>, by: Partner, action: Action) -> Option<Vec<StepPlan>> {
    let mut steps = take(case, taken(case.terms));
    steps.push(deliver(case, &Till::of(case.state, by)?, action, Due::AtOnce));
    Some(steps)
}

/// Airtime to another. A telco of both moves the amount itself, and only the fee is taken; else amount and fee are
/// taken from the giver, and the amount is brought to the receiver by the other telco.
///
/// What is set aside stays so while the receiver may decline; only then is anything taken for good or brought.
fn gift(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    let Receiving { shelf, declines_within } = case.receiver?;
    let amount = case.terms.payout;
    let (taken, brought) = match shelf.telco == case.telco {
        true => (case.terms.fee, transfer(case, amount)),
        false => (taken(case.terms), top_up(&shelf, amount)),
    };
    let mut steps = take(case, taken);
    let brings = declines_within.map(|_| Provenance::ThirdParty);
    steps.push(StepPlan { party: 1, brings, ..brought });
    let final_step = steps.iter_mut().find(|step| step.action.nature() != Nature::SetsAside);
    if let (Some(step), Some(within)) = (final_step, declines_within) {
        step.due = Due::After(within);
    }
    Some(steps)
}

/// A telco moves airtime from the giver to the receiver: it stays the subscribers', and nothing is owed for it.
fn transfer(case: &Case<'_>, amount: u64) -> StepPlan {
    let books = case.books;
    StepPlan {
        clear: Some(entry(books.transferred, books.held, amount)),
        doubt: Some(entry(books.in_doubt_telco, books.held, amount)),
        ..bare(Partner::Telco(case.telco), Action::TransferAirtime, amount)
    }
}

/// Money to airtime: collect it from who pays, and bring the airtime as a lot that names the payment.
fn recharge(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    let Source::Payer(provenance) = case.source else { return None };
    let till = Till::of(case.state, Partner::Acquirer)?;
    let (amount, position) = (case.terms.payout, case.books.position_cny);
    let collect = StepPlan {
        clear: Some(entry(till.mirror, position, amount)),
        doubt: Some(entry(till.in_doubt, position, amount)),
        ..bare(till.partner, Action::CollectPayment, amount)
    };
    Some(vec![collect, StepPlan { brings: Some(provenance), ..top_up(&own(case), amount) }])
}

/// A recharge back to who paid it: the request names the payment, and nobody to pay.
fn refund(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    match case.source {
        // The world of an order file presumes the recharge, and has no payment to name.
        Source::Own => at_once(case, Partner::Bank, Action::PayOut),
        Source::Payer(_) => None,
        Source::Recharge(payment) => {
            let mut steps = at_once(case, Partner::Acquirer, Action::PayBack)?;
            steps.iter_mut().filter(|step| step.action == Action::PayBack).for_each(|step| step.refers = Some(payment));
            Some(steps)
        }
    }
}

/// Points to airtime: bring it on its day. The programme burns the points before; its step comes with it.
fn points(case: &Case<'_>) -> Vec<StepPlan> {
    let due = Due::At(case.terms.arrives_on.start());
    vec![StepPlan { due, brings: Some(Provenance::Points), ..top_up(&own(case), case.terms.payout) }]
}

/// The shelf of the order's own number.
const fn own(case: &Case<'_>) -> Shelf {
    let Books { position_airtime: position, taken, in_doubt_telco: in_doubt, .. } = case.books;
    Shelf { telco: case.telco, position, taken, in_doubt }
}

/// The airtime that a campaign gives, on its day. The order does not wait for it, and what it costs is booked with it.
fn reward(case: &Case<'_>) -> Option<StepPlan> {
    let (reward, promotion) = (case.terms.reward.as_deref()?, case.promotion?);
    Some(StepPlan {
        action: Action::GrantReward,
        due: Due::At(reward.usable_from.start()),
        necessity: Necessity::Optional,
        exact: vec![entry(promotion, case.books.position_cny, reward.amount)],
        // So that it never leaves as money.
        brings: Some(Provenance::Promotional),
        ..top_up(&own(case), reward.amount)
    })
}

/// Takes airtime from the order's number, in the way its telco has.
fn take(case: &Case<'_>, amount: u64) -> Vec<StepPlan> {
    match case.profile {
        _ if amount == 0 => Vec::new(),
        Profile::Reserve => vec![reserve(case, amount), capture(case, amount)],
        Profile::DeductOnly => vec![taking(case, Action::DeductAirtime, amount)],
    }
}

fn top_up(shelf: &Shelf, amount: u64) -> StepPlan {
    StepPlan {
        clear: Some(entry(shelf.position, shelf.taken, amount)),
        doubt: Some(entry(shelf.position, shelf.in_doubt, amount)),
        ..bare(Partner::Telco(shelf.telco), Action::TopUpAirtime, amount)
    }
}

/// What is taken at the telco: what leaves the balance, or the recharge that is withdrawn.
fn taken(terms: &Terms) -> u64 {
    terms.drawn.max(terms.amount)
}

fn reserve(case: &Case<'_>, amount: u64) -> StepPlan {
    let books = case.books;
    StepPlan {
        clear: Some(entry(books.reserved, books.held, amount)),
        doubt: Some(entry(books.in_doubt_telco, books.held, amount)),
        ..bare(Partner::Telco(case.telco), Action::ReserveAirtime, amount)
    }
}

fn capture(case: &Case<'_>, amount: u64) -> StepPlan {
    let books = case.books;
    StepPlan { always: vec![entry(books.held, books.reserved, amount)], ..taking(case, Action::CaptureAirtime, amount) }
}

/// Taking airtime turns it into money owed to the person, unless another gets it as airtime, and a fee.
fn taking(case: &Case<'_>, action: Action, amount: u64) -> StepPlan {
    let (books, terms) = (case.books, case.terms);
    let owed = if case.receiver.is_some() { 0 } else { terms.payout };
    let money = [entry(books.position_cny, books.payable, owed), entry(books.position_cny, books.fees, terms.fee)];
    StepPlan {
        clear: Some(entry(books.taken, books.position_airtime, amount)),
        doubt: Some(entry(books.in_doubt_telco, books.position_airtime, amount)),
        exact: money.into_iter().filter(|entry| entry.amount > 0).collect(),
        ..bare(Partner::Telco(case.telco), action, amount)
    }
}

fn confirm_billing(case: &Case<'_>, arrival: Millis) -> StepPlan {
    StepPlan {
        due: Due::At(arrival),
        target: Some(Target { step: 0, attempt: 0 }),
        ..bare(Partner::Telco(case.telco), Action::ConfirmBilling, case.terms.amount)
    }
}

/// A partner delivers what is owed to the person.
fn deliver(case: &Case<'_>, till: &Till, action: Action, due: Due) -> StepPlan {
    let (payable, amount) = (case.books.payable, case.terms.payout);
    StepPlan {
        due,
        clear: Some(entry(payable, till.mirror, amount)),
        doubt: Some(entry(payable, till.in_doubt, amount)),
        ..bare(till.partner, action, amount)
    }
}

fn bare(partner: Partner, action: Action, amount: u64) -> StepPlan {
    StepPlan {
        partner,
        action,
        party: 0,
        amount,
        due: Due::AtOnce,
        necessity: Necessity::Required,
        target: None,
        acts_on: String::new(),
        clear: None,
        doubt: None,
        always: Vec::new(),
        exact: Vec::new(),
        brings: None,
        gate: None,
        refers: None,
    }
}

/// What was done and is to be undone, or done in excess and to be taken back.
pub(crate) struct Undo<'a> {
    pub(crate) target: Target,
    pub(crate) amount: u64,
    /// The partner's name of what was done.
    pub(crate) external: &'a str,
    /// What had been posted because all of it was done.
    pub(crate) exact: &'a [Entry],
}

/// The step that undoes another: its movement the other way round. `None` when it cannot be undone.
pub(crate) fn undo(done: &StepPlan, undo: &Undo<'_>) -> Option<StepPlan> {
    let action = done.action.undone_by()?;
    let back = |moved: Option<Entry>| moved.map(|moved| entry(moved.credit, moved.debit, undo.amount));
    let releases = action.nature() == Nature::Releases;
    Some(StepPlan {
        party: done.party,
        target: Some(undo.target),
        acts_on: if releases { undo.external.to_owned() } else { String::new() },
        clear: back(done.clear),
        doubt: back(done.doubt),
        exact: reversed(undo.exact),
        ..bare(done.partner, action, undo.amount)
    })
}

/// The rest of a step that was done in part.
pub(crate) fn remainder(done: &StepPlan, target: Target, amount_done: u64) -> StepPlan {
    let amount = done.amount.saturating_sub(amount_done);
    let part = |entry: Option<Entry>| entry.map(|entry| Entry { amount, ..entry });
    StepPlan {
        amount,
        due: Due::AtOnce,
        gate: None,
        target: Some(target),
        clear: part(done.clear),
        doubt: part(done.doubt),
        always: Vec::new(),
        ..done.clone()
    }
}

//! Plans: what a product asks of whom, in which order, with which postings.
//!
//! A plan is expanded once, at admission, and stored in the fact; a later release or policy changes no step
//! of an order that was admitted. The engine knows no product.

use crate::book::{Books, entry, reversed};
use crate::contract::Profile;
use facts::{Action, Due, Millis, Necessity, Partner, Product, StepPlan, Target, Terms};
use ledger::Entry;
use money::Telco;

/// What a plan is made from.
pub(crate) struct Case<'a> {
    pub(crate) telco: Telco,
    pub(crate) profile: Profile,
    pub(crate) terms: &'a Terms,
    pub(crate) books: Books,
}

/// The steps of a product; `None` while it has no plan.
pub(crate) fn expand(case: &Case<'_>) -> Option<Vec<StepPlan>> {
    match case.terms.product {
        Product::Direct => Some(direct(case)),
        Product::Voucher | Product::Agent | Product::Card | Product::Gift | Product::Refund | Product::Points => None,
    }
}

/// Operator-direct cash-out (官方渠道直连): take the airtime, wait for the arrival day, pay out.
///
/// Where the telco can set value aside it is set aside, then captured in one call. Where it can only deduct,
/// its billing record must have arrived too before the payout leaves.
fn direct(case: &Case<'_>) -> Vec<StepPlan> {
    let arrival = case.terms.arrives_on.start();
    let mut steps = match case.profile {
        Profile::Reserve => vec![reserve(case), capture(case)],
        Profile::DeductOnly => vec![deduct(case), confirm_billing(case, arrival)],
    };
    steps.push(pay_out(case, arrival));
    steps
}

fn reserve(case: &Case<'_>) -> StepPlan {
    let (books, amount) = (case.books, case.terms.amount);
    StepPlan {
        clear: Some(entry(books.reserved, books.held, amount)),
        doubt: Some(entry(books.in_doubt_telco, books.held, amount)),
        ..bare(Partner::Telco(case.telco), Action::ReserveAirtime, amount)
    }
}

fn capture(case: &Case<'_>) -> StepPlan {
    let (books, amount) = (case.books, case.terms.amount);
    StepPlan { always: vec![entry(books.held, books.reserved, amount)], ..taking(case, Action::CaptureAirtime) }
}

fn deduct(case: &Case<'_>) -> StepPlan {
    taking(case, Action::DeductAirtime)
}

/// Taking airtime turns it into money owed to the person, and a fee.
fn taking(case: &Case<'_>, action: Action) -> StepPlan {
    let (books, terms) = (case.books, case.terms);
    let owed = entry(books.position_cny, books.payable, terms.payout);
    let fee = entry(books.position_cny, books.fees, terms.fee);
    StepPlan {
        clear: Some(entry(books.taken, books.position_airtime, terms.amount)),
        doubt: Some(entry(books.in_doubt_telco, books.position_airtime, terms.amount)),
        exact: [owed, fee].into_iter().filter(|entry| entry.amount > 0).collect(),
        ..bare(Partner::Telco(case.telco), action, terms.amount)
    }
}

fn confirm_billing(case: &Case<'_>, arrival: Millis) -> StepPlan {
    StepPlan {
        due: Due::At(arrival),
        target: Some(Target { step: 0, attempt: 0 }),
        ..bare(Partner::Telco(case.telco), Action::ConfirmBilling, case.terms.amount)
    }
}

fn pay_out(case: &Case<'_>, arrival: Millis) -> StepPlan {
    let (books, amount) = (case.books, case.terms.payout);
    StepPlan {
        due: Due::At(arrival),
        clear: Some(entry(books.payable, books.reserve_bank, amount)),
        doubt: Some(entry(books.payable, books.in_doubt_bank, amount)),
        ..bare(Partner::Bank, Action::PayOut, amount)
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
    }
}

/// What was done and is to be undone, or done in excess and to be taken back.
pub(crate) struct Undo<'a> {
    pub(crate) telco: Telco,
    pub(crate) books: Books,
    pub(crate) target: Target,
    pub(crate) amount: u64,
    /// The partner's name of what was done.
    pub(crate) external: &'a str,
    /// What had been posted because all of it was done.
    pub(crate) exact: &'a [Entry],
}

/// Gives back what was set aside.
pub(crate) fn release(undo: &Undo<'_>) -> StepPlan {
    let books = undo.books;
    StepPlan {
        target: Some(undo.target),
        acts_on: undo.external.to_owned(),
        clear: Some(entry(books.held, books.reserved, undo.amount)),
        doubt: Some(entry(books.held, books.in_doubt_telco, undo.amount)),
        ..bare(Partner::Telco(undo.telco), Action::ReleaseAirtime, undo.amount)
    }
}

/// Gives back what was taken, with the money and the fee it had become.
pub(crate) fn credit(undo: &Undo<'_>) -> StepPlan {
    let books = undo.books;
    StepPlan {
        target: Some(undo.target),
        clear: Some(entry(books.position_airtime, books.taken, undo.amount)),
        doubt: Some(entry(books.position_airtime, books.in_doubt_telco, undo.amount)),
        exact: reversed(undo.exact),
        ..bare(Partner::Telco(undo.telco), Action::CreditAirtime, undo.amount)
    }
}

/// Takes back what was given back twice.
pub(crate) fn deduct_again(undo: &Undo<'_>) -> StepPlan {
    let books = undo.books;
    StepPlan {
        target: Some(undo.target),
        clear: Some(entry(books.taken, books.position_airtime, undo.amount)),
        doubt: Some(entry(books.in_doubt_telco, books.position_airtime, undo.amount)),
        ..bare(Partner::Telco(undo.telco), Action::DeductAirtime, undo.amount)
    }
}

/// The rest of a step that was done in part.
pub(crate) fn remainder(done: &StepPlan, target: Target, amount_done: u64) -> StepPlan {
    let amount = done.amount.saturating_sub(amount_done);
    let part = |entry: Option<Entry>| entry.map(|entry| Entry { amount, ..entry });
    StepPlan {
        amount,
        due: Due::AtOnce,
        target: Some(target),
        clear: part(done.clear),
        doubt: part(done.doubt),
        always: Vec::new(),
        ..done.clone()
    }
}

//! Placing an order: admission, the lots it takes, and the plan that is stored with it.

use crate::book::Books;
use crate::command::{ClientKey, Decision, PlaceOrder, Reply, Rules};
use crate::draft::Draft;
use crate::plan::{self, Case};
use crate::quote::Quote;
use crate::rules::{Detail, Holder, Line, Policy, Receiver, Refused, Request, admit};
use facts::{
    Admission, Fact, KeyUse, Lot, LotUse, Made, Meta, Millis, Order, Partner, Product, QuoteId, Quoted, Refusal, State,
    Subscriber, Terms,
};

/// How much of what a subscriber holds may leave, in fen, at business time `at`; the greatest there is when it is more.
pub fn convertible(policy: &Policy, subscriber: &Subscriber, at: Millis) -> u64 {
    let lots = subscriber.lots.iter().filter(|lot| leaves(policy, lot, at));
    // Lots are opened by requests: no number of them may make a sum that panics.
    lots.fold(0, |sum, lot| sum.saturating_add(lot.remaining))
}

fn leaves(policy: &Policy, lot: &Lot, at: Millis) -> bool {
    policy.leaves(lot.provenance).allows(lot.opened_at, at)
}

/// What an order would cost and bring now.
///
/// Errors: the refusal that placing it would meet.
pub fn quote(state: &State, rules: &Rules, meta: &Meta, place: &PlaceOrder) -> Result<Terms, Refused> {
    let subscriber = state.subscriber(place.subscriber).ok_or(plain(Refusal::NumberUnknown))?;
    let usage = state.usage(subscriber.person, meta.requested_at.day());
    let request = Request {
        product: place.product,
        amount: place.amount,
        requested_at: meta.requested_at,
        channel_province: place.channel_province,
        identity: place.identity,
        number: Ok(Line { province: subscriber.province, telco: subscriber.telco }),
        holder: Holder::Registered,
        instrument: place.instrument,
        receiver: Receiver::NotAsked,
    };
    let held = i128::from(convertible(&rules.policy, subscriber, meta.requested_at));
    let terms = admit(&rules.policy, &request, &usage, held)?;
    check_partners(state, rules, subscriber, place.product)?;
    Ok(terms)
}

const fn plain(refusal: Refusal) -> Refused {
    Refused { refusal, detail: Detail::Plain }
}

/// An order is refused while a partner it needs is closed or has too long a queue: said before, not found out after.
fn check_partners(state: &State, rules: &Rules, subscriber: &Subscriber, product: Product) -> Result<(), Refused> {
    // A product without a plan has nobody to ask.
    if product != Product::Direct {
        return Err(plain(Refusal::ProductNotOffered));
    }
    for partner in [Partner::Telco(subscriber.telco), Partner::Bank] {
        let load = state.load(partner);
        let closed = load.window == 0 && partner != Partner::Bank;
        if closed || load.queued >= rules.contracts.of(partner).queue_most {
            return Err(plain(Refusal::PartnerUnavailable));
        }
    }
    Ok(())
}

pub(crate) fn place(state: &State, rules: &Rules, meta: &Meta, key: Option<ClientKey>, place: &PlaceOrder) -> Decision {
    let Some(subscriber) = state.subscriber(place.subscriber) else { return Decision::only(Reply::NotFound) };
    if state.order(place.order).is_some() {
        return Decision::only(Reply::NotNow);
    }
    let made = Made::Order(place.order);
    let asked =
        if quotes_this(place) { quote(state, rules, meta, place) } else { Err(plain(Refusal::MalformedRequest)) };
    let terms = asked.and_then(|terms| take_quote(state, meta, place, terms));
    let admitted = terms.and_then(|terms| admit_order(state, rules, meta, place, subscriber, terms));
    match admitted {
        Ok(mut draft) => {
            if let Some(used) = key_taken(key, made) {
                draft.add(used);
            }
            draft.advance();
            draft.into_decision(Reply::Made(made))
        }
        Err(refused) => {
            let mut facts = vec![declined(rules, meta, place, subscriber, refused)];
            facts.extend(key_taken(key, made));
            Decision { facts, reply: Reply::Made(made) }
        }
    }
}

pub(crate) fn key_taken(key: Option<ClientKey>, made: Made) -> Option<Fact> {
    key.map(|key| Fact::KeyTaken { key: key.key, used: KeyUse { body: key.body, made } })
}

/// Whether the quote, if there is one, was given for what is asked.
fn quotes_this(place: &PlaceOrder) -> bool {
    place.quote.as_ref().is_none_or(|quote| {
        let terms = &quote.terms;
        (quote.subscriber, terms.product, terms.amount) == (place.subscriber, place.product, place.amount)
    })
}

/// A quote fixes price and arrival; whether the order is allowed is decided now.
fn take_quote(state: &State, meta: &Meta, place: &PlaceOrder, now_terms: Terms) -> Result<Terms, Refused> {
    let Some(quote) = &place.quote else { return Ok(now_terms) };
    // Node time never goes back, or a quote that is forgotten because it expired could be taken again.
    if state.now().max(meta.now) > quote.expires_at {
        return Err(plain(Refusal::QuoteExpired));
    }
    if state.quote_used(quote.id, quote.expires_at) {
        return Err(plain(Refusal::QuoteUsed));
    }
    Ok(quote.terms.clone())
}

fn admit_order<'a>(
    state: &'a State,
    rules: &'a Rules,
    meta: &Meta,
    place: &PlaceOrder,
    subscriber: &Subscriber,
    terms: Terms,
) -> Result<Draft<'a>, Refused> {
    let (books, opening) =
        Books::of(state, subscriber.telco, subscriber.person).ok_or(plain(Refusal::PartnerUnavailable))?;
    let profile = rules.contracts.of(Partner::Telco(subscriber.telco)).profile;
    let case = Case { telco: subscriber.telco, profile, terms: &terms, books };
    let steps = plan::expand(&case).ok_or(plain(Refusal::ProductNotOffered))?;
    let lots = take_lots(&rules.policy, subscriber, meta.requested_at, terms.amount);
    let counted = rules.policy.limits().counts.contains(place.product);
    let admission = Admission {
        order: place.order,
        person: subscriber.person,
        parties: vec![subscriber.id],
        counts_total: if counted { terms.amount } else { 0 },
        counts_refund: if place.product == Product::Refund { terms.amount } else { 0 },
        requested_at: meta.requested_at,
        steps,
        lots,
        quote: quoted(place.quote.as_ref()),
        seen_convertible: convertible(&rules.policy, subscriber, meta.requested_at),
        terms,
    };
    let order = Order::admitted(&admission, state.sequence() + 1, meta.now);
    let mut draft = Draft::new(state, rules, meta, order);
    let mut first: Vec<Fact> = opening.into_iter().collect();
    first.push(Fact::OrderAdmitted(Box::new(admission)));
    draft.precede(first);
    Ok(draft)
}

fn quoted(quote: Option<&Quote>) -> Quoted {
    quote.map_or(Quoted { id: QuoteId::default(), expires_at: Millis(0) }, |quote| Quoted {
        id: quote.id,
        expires_at: quote.expires_at,
    })
}

/// The oldest convertible lots that cover the amount; admission saw to it that they do.
fn take_lots(policy: &Policy, subscriber: &Subscriber, at: Millis, amount: u64) -> Vec<LotUse> {
    let mut missing = amount;
    let mut uses = Vec::new();
    for lot in subscriber.lots.iter().filter(|lot| leaves(policy, lot, at)) {
        let part = lot.remaining.min(missing);
        if part > 0 {
            uses.push(LotUse { taken: Lot { remaining: part, ..*lot } });
        }
        missing -= part;
    }
    uses
}

fn declined(rules: &Rules, meta: &Meta, place: &PlaceOrder, subscriber: &Subscriber, refused: Refused) -> Fact {
    let (found, allowed) = numbers(refused.detail);
    Fact::OrderDeclined {
        order: place.order,
        person: subscriber.person,
        subscriber: subscriber.id,
        product: place.product,
        amount: place.amount,
        refusal: refused.refusal,
        found,
        allowed,
        policy: rules.policy.version(),
        requested_at: meta.requested_at,
    }
}

/// What was found and what is allowed, as the fact carries it: units follow from the refusal's code.
fn numbers(detail: Detail) -> (u64, u64) {
    match detail {
        Detail::Plain => (0, 0),
        Detail::Age { from_years } => (0, u64::from(from_years)),
        Detail::Province { found, allowed } => (u64::from(found.code()), u64::from(allowed.code())),
        Detail::Amount { asked, nearest, .. } => (asked, nearest),
        Detail::Limit { used, limit, .. } => (used, limit),
        Detail::Balance { convertible, needed } => (u64::try_from(convertible).unwrap_or(0), needed),
        Detail::Calendar { last_year } => (0, u64::from(last_year)),
    }
}

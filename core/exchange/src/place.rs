//! Placing an order: admission, the lots it takes, and the plan that is stored with it.

use crate::book::{Books, promotion};
use crate::command::{Asker, ClientKey, Decision, Doors, Funds, PlaceOrder, Recipient, Reply, Rules};
use crate::draft::Draft;
use crate::plan::{self, Case, Receiving, Shelf, Source};
use crate::quote::Quote;
use crate::rules::{
    Candidate, Detail, Holder, Line, NumberRefusal, Occasion, Policy, Receiver, Refused, Request, Subjects, admit,
    counts, reward_counts,
};
use facts::{
    Admission, CallRef, Count, Counters, Due, Fact, Gate, Key16, KeyUse, LearnedPrice, LimitHit, Lot, LotUse, Made,
    Meta, Millis, Order, Partner, PersonId, Product, QuoteId, Quoted, Refusal, Reward, Shared, State, StepPlan,
    Subscriber, SubscriberId, Terms,
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

/// What an order would cost and bring now, with the reward of a campaign if there is one, and moved by a learned
/// price where the policy lets it.
///
/// Errors: the refusal that asking for it would meet.
pub fn quote(
    state: &State,
    rules: &Rules,
    meta: &Meta,
    place: &PlaceOrder,
    learned: Option<&LearnedPrice>,
) -> Result<Terms, Refused> {
    let terms = judge(state, rules, meta, place, learned)?;
    let holder = place.asker.subscriber().and_then(|subscriber| state.subscriber(subscriber));
    if let Some(holder) = holder {
        check_restricted(state, holder)?;
        let source = source(rules, holder, place)?;
        let planned = plan_of(state, rules, holder, meta, (place, source), &terms);
        // What nobody delivers yet is priced all the same.
        planned.map_or(Ok(()), |planned| check_partners(state, rules, &planned.steps))?;
    }
    let reward = holder.and_then(|subscriber| reward(state, rules, meta, subscriber, &terms)).map(Box::new);
    Ok(Terms { reward, ..terms })
}

fn reward(state: &State, rules: &Rules, meta: &Meta, subscriber: &Subscriber, terms: &Terms) -> Option<Reward> {
    let Terms { product, amount, arrives_on, .. } = *terms;
    let Subscriber { telco, province: home, person, .. } = *subscriber;
    let candidate = Candidate { product, amount, on: meta.requested_at.day(), arrives_on, telco, home, person };
    rules.policy_at(state, meta.requested_at).reward(&candidate, state.counters())
}

/// What an order would cost and bring now, without any reward: nobody takes one that they were not shown.
fn judge(
    state: &State,
    rules: &Rules,
    meta: &Meta,
    place: &PlaceOrder,
    learned: Option<&LearnedPrice>,
) -> Result<Terms, Refused> {
    let policy = rules.policy_at(state, meta.requested_at);
    match place.asker {
        Asker::Holder(subscriber) => {
            let subscriber = state.subscriber(subscriber).ok_or(plain(Refusal::NumberUnknown))?;
            let line = Line { province: subscriber.province, telco: subscriber.telco };
            let request = request(meta, place, Ok(line), Holder::Registered, who(meta, subscriber));
            let held = i128::from(convertible(policy, subscriber, meta.requested_at));
            admit(policy, &request, state.counters(), held, learned)
        }
        Asker::Stranger { number, .. } => {
            let request = request(meta, place, number, Holder::Other, Subjects::default());
            let refused = admit(policy, &request, &Counters::default(), 0, None).err();
            // A stranger is refused before anything of the holder's is looked at.
            Err(refused.unwrap_or(plain(Refusal::NotTheHolder)))
        }
    }
}

fn request(
    meta: &Meta,
    place: &PlaceOrder,
    number: Result<Line, NumberRefusal>,
    holder: Holder,
    who: Subjects,
) -> Request {
    Request {
        product: place.product,
        amount: place.amount,
        requested_at: meta.requested_at,
        channel_province: place.channel_province,
        identity: place.identity,
        number,
        holder,
        instrument: place.instrument,
        receiver: receiver(place),
        who,
    }
}

const fn who(meta: &Meta, subscriber: &Subscriber) -> Subjects {
    Subjects { person: subscriber.person, number: subscriber.id, agent: meta.agent, device: meta.device }
}

fn receiver(place: &PlaceOrder) -> Receiver {
    match place.recipient {
        Recipient::Nobody => Receiver::NotAsked,
        Recipient::Number { subscriber, .. } if place.asker == Asker::Holder(subscriber) => Receiver::Giver,
        Recipient::Number { line, .. } => Receiver::AtHomeIn(line.province),
        Recipient::Unreachable(NumberRefusal::Unknown) => Receiver::Unknown,
        Recipient::Unreachable(NumberRefusal::Virtual) => Receiver::Virtual,
    }
}

const fn plain(refusal: Refusal) -> Refused {
    Refused { refusal, detail: Detail::Plain }
}

/// An order is refused while a partner that it asks at once is closed, or one that it asks at all has too long a queue:
/// said before, not found out after.
fn check_partners(state: &State, rules: &Rules, steps: &[StepPlan]) -> Result<(), Refused> {
    for StepPlan { partner, due, .. } in steps {
        let load = state.load(*partner);
        let closed = load.window == 0 && *due == Due::AtOnce;
        if closed || load.queued >= rules.contracts.of(*partner).queue_most {
            return Err(plain(Refusal::PartnerUnavailable));
        }
    }
    Ok(())
}

/// Whoever asked to be erased is only kept: nothing new begins for them.
fn check_restricted(state: &State, subscriber: &Subscriber) -> Result<(), Refused> {
    if state.custody().is_restricted(subscriber.person) { Err(plain(Refusal::PersonRestricted)) } else { Ok(()) }
}

/// An order for a product whose partners are not connected yet is priced, and not placed.
fn check_doors(rules: &Rules, product: Product) -> Result<(), Refused> {
    match rules.doors {
        Doors::Served if !plan::is_served(product) => Err(plain(Refusal::PartnerUnavailable)),
        Doors::Served | Doors::EveryPlan => Ok(()),
    }
}

pub(crate) fn place(state: &State, rules: &Rules, meta: &Meta, key: Option<ClientKey>, place: &PlaceOrder) -> Decision {
    let person = match place.asker {
        Asker::Holder(subscriber) => match state.subscriber(subscriber) {
            Some(subscriber) => subscriber.person,
            None => return Decision::only(Reply::NotFound),
        },
        Asker::Stranger { person, .. } => person,
    };
    if state.order(place.order).is_some() {
        return Decision::only(Reply::NotNow);
    }
    let made = Made::Order(place.order);
    match admit_order(state, rules, meta, place) {
        Ok(mut draft) => {
            if let Some(used) = key_taken(key, made) {
                draft.add(used);
            }
            draft.advance();
            draft.into_decision(Reply::Made(made))
        }
        Err(refused) => {
            let mut facts = vec![declined(rules.policy_at(state, meta.requested_at), meta, place, person, refused)];
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
        (Some(quote.subscriber), terms.product, terms.amount) == (place.asker.subscriber(), place.product, place.amount)
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

fn admit_order<'a>(state: &'a State, rules: &'a Rules, meta: &Meta, place: &PlaceOrder) -> Result<Draft<'a>, Refused> {
    if !quotes_this(place) {
        return Err(plain(Refusal::QuoteMismatch));
    }
    // Without a quote the price is that of the list.
    let terms = judge(state, rules, meta, place, None)?;
    let holder = place.asker.subscriber().and_then(|subscriber| state.subscriber(subscriber));
    let subscriber = holder.ok_or(plain(Refusal::NotTheHolder))?;
    check_doors(rules, place.product)?;
    let terms = take_quote(state, meta, place, terms)?;
    let policy = rules.policy_at(state, meta.requested_at);
    if let Some(reward) = &terms.reward {
        policy.check_reward(reward, subscriber.person, state.counters())?;
    }
    check_restricted(state, subscriber)?;
    let source = source(rules, subscriber, place)?;
    let planned = plan_of(state, rules, subscriber, meta, (place, source), &terms);
    let planned = planned.ok_or(plain(Refusal::PartnerUnavailable))?;
    check_partners(state, rules, &planned.steps)?;
    let admission = Admission {
        order: place.order,
        person: subscriber.person,
        parties: [subscriber.id].into_iter().chain(planned.receiver).collect(),
        counts: counted(policy, meta, place, subscriber, terms.reward.as_deref()),
        requested_at: meta.requested_at,
        steps: planned.steps,
        lots: match source {
            Source::Recharge(payment) => take_lots(brought_by(subscriber, payment), terms.amount),
            Source::Own | Source::Payer(_) => {
                let leaving = subscriber.lots.iter().filter(|lot| leaves(policy, lot, meta.requested_at));
                take_lots(leaving, terms.drawn)
            }
        },
        payment: match place.funds {
            Funds::PaidBy(payment, _) => Some(payment),
            Funds::Own | Funds::Recharge(_) => None,
        },
        quote: quoted(place.quote.as_ref()),
        seen_convertible: convertible(policy, subscriber, meta.requested_at),
        terms,
    };
    let order = Order::admitted(&admission, state.sequence() + 1, meta.now);
    let mut draft = Draft::new(state, rules, meta, order);
    let mut first = planned.opened;
    first.push(Fact::OrderAdmitted(Box::new(admission)));
    draft.precede(first);
    Ok(draft)
}

/// What an order will do, and the accounts that are opened for it.
struct Planned {
    opened: Vec<Fact>,
    receiver: Option<SubscriberId>,
    steps: Vec<StepPlan>,
}

/// What the order is paid with. A refund names a recharge, and takes what is unused of it; the world of an order file
/// presumes that.
///
/// Errors: there is no such recharge, or less is left of it.
fn source(rules: &Rules, subscriber: &Subscriber, place: &PlaceOrder) -> Result<Source, Refused> {
    let order = match place.funds {
        Funds::PaidBy(_, provenance) => return Ok(Source::Payer(provenance)),
        Funds::Own if place.product != Product::Refund || rules.doors == Doors::EveryPlan => return Ok(Source::Own),
        Funds::Own => None,
        Funds::Recharge(order) => Some(order),
    };
    let payment = subscriber.lots.iter().filter_map(|lot| lot.payment).find(|payment| Some(payment.order) == order);
    let payment = payment.ok_or(plain(Refusal::RechargeUnknown))?;
    let left = brought_by(subscriber, payment).fold(0, |sum: u64, lot| sum.saturating_add(lot.remaining));
    if left < place.amount {
        let detail = Detail::Balance { convertible: i128::from(left), needed: place.amount };
        return Err(Refused { refusal: Refusal::BalanceInsufficient, detail });
    }
    Ok(Source::Recharge(payment))
}

/// Whether a person looks at an order of this worth before anybody is asked. In the world of an order file there is none.
fn is_reviewed(state: &State, rules: &Rules, subscriber: &Subscriber, meta: &Meta, terms: &Terms) -> bool {
    let region = rules.policy_at(state, meta.requested_at).region(subscriber.province);
    let from = region.and_then(|region| region.verification.person_reviews_from);
    rules.doors == Doors::Served && from.is_some_and(|from| terms.payout.saturating_add(terms.fee) >= from)
}

/// `None` while the product has no plan, or the house accounts are not open.
fn plan_of(
    state: &State,
    rules: &Rules,
    subscriber: &Subscriber,
    meta: &Meta,
    (place, source): (&PlaceOrder, Source),
    terms: &Terms,
) -> Option<Planned> {
    let (books, opening) = Books::of(state, subscriber.telco, subscriber.person)?;
    let mut opened: Vec<Fact> = opening.into_iter().collect();
    let promotion = terms.reward.as_ref().map(|reward| promotion(state, reward.campaign, opened.len()));
    opened.extend(promotion.iter().flat_map(|(_, opening)| opening.clone()));
    let declines_within = match rules.doors {
        Doors::Served => Some(rules.policy_at(state, meta.requested_at).receiver_declines_within_ms()),
        Doors::EveryPlan => None,
    };
    let (shelf, receiver) = receiving(state, place);
    let receiving = shelf.map(|shelf| Receiving { shelf, declines_within });
    let profile = rules.contracts.of(Partner::Telco(subscriber.telco)).profile;
    let promotion = promotion.map(|(account, _)| account);
    let case = Case { state, telco: subscriber.telco, profile, terms, books, receiver: receiving, source, promotion };
    let mut steps = plan::expand(&case)?;
    if let (Some(first), true) = (steps.first_mut(), is_reviewed(state, rules, subscriber, meta, terms)) {
        first.gate = Some(Gate::Review);
    }
    Some(Planned { opened, receiver, steps })
}

/// What an admitted order counts: against limits by its amount, and against a campaign by its reward.
fn counted(
    policy: &Policy,
    meta: &Meta,
    place: &PlaceOrder,
    subscriber: &Subscriber,
    reward: Option<&Reward>,
) -> Vec<Count> {
    let (product, amount, at) = (place.product, place.amount, meta.requested_at);
    let occasion = Occasion { product, amount, at, home: subscriber.province, who: who(meta, subscriber) };
    let mut counted = counts(policy, &occasion);
    counted.extend(reward.iter().flat_map(|reward| reward_counts(reward, subscriber.person, shared(meta, place))));
    counted
}

/// What the person who takes a reward shares with others, as far as it is known.
fn shared(meta: &Meta, place: &PlaceOrder) -> impl Iterator<Item = Shared> {
    let marks = place.quote.as_ref().and_then(|quote| quote.marks).unwrap_or_default();
    let known = |kind: fn(Key16) -> Shared, key: Key16| (!key.is_empty()).then(|| kind(key));
    let shared = [
        known(Shared::Device, meta.device),
        known(Shared::Agent, meta.agent),
        known(Shared::Card, marks.card),
        known(Shared::Block, marks.block),
    ];
    shared.into_iter().flatten()
}

/// Where a receiver's airtime is, and who it is.
fn receiving(state: &State, place: &PlaceOrder) -> (Option<Shelf>, Option<SubscriberId>) {
    match place.recipient {
        Recipient::Number { subscriber, line } => (Shelf::of(state, line.telco), Some(subscriber)),
        Recipient::Nobody | Recipient::Unreachable(_) => (None, None),
    }
}

fn quoted(quote: Option<&Quote>) -> Quoted {
    quote.map_or(Quoted { id: QuoteId::default(), expires_at: Millis(0) }, |quote| Quoted {
        id: quote.id,
        expires_at: quote.expires_at,
    })
}

/// The lots that a payment brought: one as a rule, and one more for each part in which the airtime came.
fn brought_by(subscriber: &Subscriber, payment: CallRef) -> impl Iterator<Item = &Lot> {
    subscriber.lots.iter().filter(move |lot| lot.payment == Some(payment))
}

/// The oldest of these lots that cover the amount; it was looked at before that they do.
fn take_lots<'l>(lots: impl Iterator<Item = &'l Lot>, amount: u64) -> Vec<LotUse> {
    let mut missing = amount;
    let mut uses = Vec::new();
    for lot in lots {
        let part = lot.remaining.min(missing);
        if part > 0 {
            uses.push(LotUse { taken: Lot { remaining: part, ..*lot } });
        }
        missing -= part;
    }
    uses
}

fn declined(policy: &Policy, meta: &Meta, place: &PlaceOrder, person: PersonId, refused: Refused) -> Fact {
    let (found, allowed) = numbers(&refused.detail);
    Fact::OrderDeclined {
        order: place.order,
        person,
        subscriber: place.asker.subscriber(),
        product: place.product,
        amount: place.amount,
        refusal: refused.refusal,
        found,
        allowed,
        policy: policy.version(),
        requested_at: meta.requested_at,
        limit: hit(refused.detail),
    }
}

/// What was found and what is allowed, as the fact carries it: units follow from the refusal's code.
fn numbers(detail: &Detail) -> (u64, u64) {
    match *detail {
        Detail::Plain => (0, 0),
        Detail::Age { from_years } => (0, u64::from(from_years)),
        Detail::Province { found, allowed } => (u64::from(found.code()), u64::from(allowed.code())),
        Detail::Amount { asked, nearest, .. } => (asked, nearest),
        Detail::Limit { used, limit, .. } => (used, limit),
        Detail::Balance { convertible, needed } => (u64::try_from(convertible).unwrap_or(0), needed),
        Detail::Reward { shown, left } => (shown, left),
        Detail::Calendar { last_year } => (0, u64::from(last_year)),
    }
}

fn hit(detail: Detail) -> Option<Box<LimitHit>> {
    match detail {
        Detail::Limit { hit, .. } => Some(hit),
        Detail::Plain
        | Detail::Age { .. }
        | Detail::Province { .. }
        | Detail::Amount { .. }
        | Detail::Balance { .. }
        | Detail::Reward { .. }
        | Detail::Calendar { .. } => None,
    }
}

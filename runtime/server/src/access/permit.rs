//! What a caller may do with this request, and the check that what it touches is theirs.

use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use access::{Principal, Scope, Session};
use facts::{ActorKind, Key16, Order, PersonId, State, Subscriber, SubscriberId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whose a thing is.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// A subscriber's.
    Subscriber {
        /// Which one.
        id: SubscriberId,
        /// The partner who brought it in; all zero when none did.
        partner: Key16,
    },
    /// A client's, by the name under which it sends.
    Client(&'a str),
    /// The institution's that runs this.
    House,
}

impl<'a> Owner<'a> {
    /// Of what belongs to a subscriber.
    pub const fn of(subscriber: &Subscriber) -> Owner<'a> {
        Owner::Subscriber { id: subscriber.id, partner: subscriber.partner }
    }
}

/// Who calls, for one request.
#[derive(Clone, Debug)]
pub struct Permit {
    /// None for a visitor.
    pub who: Option<Arc<Principal>>,
    /// The session that they came with, if it was one.
    pub session: Option<Session>,
    /// Whether things of others are open to the caller, too.
    pub anybodys: bool,
    /// Whether somebody looked whose the thing is.
    looked: Arc<AtomicBool>,
}

impl Permit {
    /// For a caller whom the policies let do this with anybody's things, or with their own alone.
    pub fn new(who: Option<Arc<Principal>>, session: Option<Session>, anybodys: bool) -> Permit {
        Permit { who, session, anybodys, looked: Arc::default() }
    }

    /// Whoever calls and is no visitor.
    ///
    /// Errors: a visitor calls.
    pub fn principal(&self) -> Result<&Arc<Principal>, Problem> {
        self.who.as_ref().ok_or_else(|| Problem::new(Code::CredentialsMissing))
    }

    /// The subscriber who calls, if one does.
    pub fn subscriber(&self) -> Option<SubscriberId> {
        match self.who.as_ref()?.scope() {
            Scope::Subscriber { id } => Some(*id),
            Scope::Staff { .. } | Scope::Federated { .. } | Scope::Partner { .. } | Scope::Agent { .. } => None,
        }
    }

    /// Whether the answer may leave: what only an owner may have was looked at.
    pub fn is_settled(&self) -> bool {
        self.anybodys || self.looked.load(Ordering::Acquire)
    }

    /// Whether a thing of this owner is open to the caller.
    pub fn covers(&self, owner: Owner<'_>) -> bool {
        self.looked.store(true, Ordering::Release);
        self.anybodys || self.who.as_ref().is_some_and(|who| owns(who, owner))
    }

    /// The same for what only the handler knows to be the caller's own.
    ///
    /// Errors: `unknown`, as where there is no such thing.
    pub fn check_own(&self, own: bool, unknown: Code) -> Result<(), Problem> {
        self.looked.store(true, Ordering::Release);
        if self.anybodys || own { Ok(()) } else { Err(Problem::new(unknown)) }
    }

    /// Errors: `unknown`, as where there is no such thing: that there is one is not theirs to know.
    pub fn check(&self, owner: Owner<'_>, unknown: Code) -> Result<(), Problem> {
        if self.covers(owner) { Ok(()) } else { Err(Problem::new(unknown)) }
    }
}

fn owns(who: &Principal, owner: Owner<'_>) -> bool {
    match (who.scope(), owner) {
        (Scope::Subscriber { id }, Owner::Subscriber { id: owner, .. }) => *id == owner,
        (Scope::Partner { .. }, Owner::Subscriber { partner, .. }) => Key16(who.id().0) == partner,
        (Scope::Partner { name } | Scope::Agent { name, .. }, Owner::Client(owner)) => name == owner,
        (Scope::Staff { .. } | Scope::Federated { .. }, _)
        | (Scope::Subscriber { .. }, Owner::Client(_) | Owner::House)
        | (Scope::Partner { .. }, Owner::House)
        | (Scope::Agent { .. }, Owner::Subscriber { .. } | Owner::House) => false,
    }
}

impl Context {
    /// Whether a person is the subscriber who calls.
    ///
    /// Errors: it is somebody else, which is told as where there is no such person.
    pub async fn check_person(&self, permit: &Permit, person: PersonId) -> Result<(), Problem> {
        if permit.anybodys {
            return Ok(());
        }
        let own = permit.subscriber();
        let read = move |state: &State| {
            own.and_then(|own| state.subscriber(own)).filter(|own| own.person == person).map(Owner::of)
        };
        let (owner, _) = self.read(read).await?;
        permit.check(owner.unwrap_or(Owner::House), Code::PersonUnknown)
    }

    /// Whether a subscriber is the caller's.
    ///
    /// Errors: it is somebody else's, or there is none: which one is not said.
    pub async fn check_subscriber(&self, permit: &Permit, id: SubscriberId) -> Result<(), Problem> {
        if permit.anybodys {
            return Ok(());
        }
        let (partner, _) = self.read(move |state| state.subscriber(id).map(|found| found.partner)).await?;
        let partner = partner.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
        permit.check(Owner::Subscriber { id, partner }, Code::SubscriberUnknown)
    }

    /// Whether an order is the caller's: one of its parties is, or it was placed at the till that calls.
    ///
    /// Errors: it is somebody else's, which is told as where there is no such order.
    pub async fn check_order(&self, caller: &Caller, order: &Order) -> Result<(), Problem> {
        let permit = &caller.permit;
        if permit.anybodys {
            return Ok(());
        }
        if let Some(till) = caller.till() {
            let record = self.record(order.admitted_in).await?;
            let by = record.open.meta;
            return permit.check_own(by.actor.kind == ActorKind::Agent && by.device == till, Code::OrderUnknown);
        }
        let parties = order.parties.clone();
        let found = move |state: &State| -> Vec<(SubscriberId, Key16)> {
            let parties = parties.iter().filter_map(|id| state.subscriber(*id));
            parties.map(|party| (party.id, party.partner)).collect()
        };
        let (parties, _) = self.read(found).await?;
        let is_theirs = |(id, partner)| permit.covers(Owner::Subscriber { id, partner });
        if parties.into_iter().any(is_theirs) { Ok(()) } else { Err(Problem::new(Code::OrderUnknown)) }
    }
}

//! Who somebody is, once it was proved: kind, id, roles, and what they own.

use facts::{Actor, ActorKind, Key16, SubscriberId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// A member of staff.
    Staff,
    /// A partner's programme.
    Partner,
    /// A subscriber.
    Subscriber,
    /// An agent's till.
    Agent,
}

impl PrincipalKind {
    /// The public word.
    pub const fn text(self) -> &'static str {
        match self {
            PrincipalKind::Staff => "staff",
            PrincipalKind::Partner => "partner",
            PrincipalKind::Subscriber => "subscriber",
            PrincipalKind::Agent => "agent",
        }
    }
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        /// What somebody may be trusted with. A role's number is written into records and never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$doc])* $name = $bit,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Role] = &[$(Role::$name,)*];

            /// The public word.
            pub const fn text(self) -> &'static str {
                match self { $(Role::$name => $text,)* }
            }
        }
    };
}

roles! {
    /// Works on orders, partners and breaks.
    Operator = 0, "operator";
    /// Judges risk and keeps its rules.
    Risk = 1, "risk";
    /// Settles, reconciles, answers for the books.
    Finance = 2, "finance";
    /// Reads everything and changes nothing.
    Auditor = 3, "auditor";
    /// Lets staff, partners and agents in.
    Admin = 4, "admin";
    /// A partner's programme.
    Partner = 5, "partner";
    /// An agent's till.
    Agent = 6, "agent";
    /// A subscriber.
    Subscriber = 7, "subscriber";
}

impl Role {
    /// The role of a public word.
    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.text() == text)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The roles that staff may hold.
const OF_STAFF: u16 =
    Role::Operator.bit() | Role::Risk.bit() | Role::Finance.bit() | Role::Auditor.bit() | Role::Admin.bit();

/// A set of roles; its number goes into records as [`Actor::role`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Roles(u16);

impl Roles {
    /// These roles.
    pub fn of(roles: &[Role]) -> Roles {
        Roles(roles.iter().fold(0, |bits, role| bits | role.bit()))
    }

    /// Whether a role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }

    /// The number that goes into records and the store.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The roles of a number, as records and the store have it.
    pub const fn of_number(number: u16) -> Roles {
        Roles(number)
    }

    /// At least one role, and of staff's alone.
    pub(crate) const fn fit_staff(self) -> bool {
        self.0 != 0 && self.0 & !OF_STAFF == 0
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Role::text)).finish()
    }
}

/// An id of 128 bits: random for staff, partners and agents, a subscriber's own for a subscriber.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PrincipalId(pub [u8; 16]);

impl fmt::Debug for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::secret::hex(&self.0))
    }
}

impl PrincipalId {
    /// The id of 32 hexadecimal digits, as printed.
    pub fn parse(text: &str) -> Option<PrincipalId> {
        let known = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = known.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
        Some(PrincipalId(bits.to_be_bytes()))
    }
}

/// What somebody owns, which also says of what kind they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Nothing of their own: roles decide. The name they sign in with.
    Staff {
        /// Sign-in name.
        name: String,
    },
    /// The same, for somebody of an institution whose identity provider vouches for them; no account is here.
    Federated {
        /// The provider's issuer.
        issuer: String,
        /// Who they are there.
        subject: String,
    },
    /// What a partner's programme brought in.
    Partner {
        /// The partner's name, which is its client name in signatures.
        name: String,
    },
    /// One subscriber.
    Subscriber {
        /// Its id as text.
        #[serde(with = "subscriber_text")]
        id: SubscriberId,
    },
    /// One till of an agent, through the one device that it has.
    Agent {
        /// The agent's name.
        name: String,
        /// The till.
        till: String,
        /// The serial of the device.
        device: String,
    },
}

mod subscriber_text {
    use facts::SubscriberId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &SubscriberId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SubscriberId, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Somebody who proved who they are. Made by this crate alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    id: PrincipalId,
    roles: Roles,
    scope: Scope,
}

impl Principal {
    pub(crate) fn staff(id: PrincipalId, name: &str, roles: Roles) -> Principal {
        Principal { id, roles: Roles(roles.0 & OF_STAFF), scope: Scope::Staff { name: name.to_owned() } }
    }

    pub(crate) fn federated(id: PrincipalId, issuer: &str, subject: &str, roles: Roles) -> Principal {
        let scope = Scope::Federated { issuer: issuer.to_owned(), subject: subject.to_owned() };
        Principal { id, roles: Roles(roles.0 & OF_STAFF), scope }
    }

    pub(crate) fn partner(id: PrincipalId, name: &str) -> Principal {
        Principal { id, roles: Roles::of(&[Role::Partner]), scope: Scope::Partner { name: name.to_owned() } }
    }

    pub(crate) fn subscriber(id: SubscriberId) -> Principal {
        let roles = Roles::of(&[Role::Subscriber]);
        Principal { id: PrincipalId(id.bits().to_be_bytes()), roles, scope: Scope::Subscriber { id } }
    }

    pub(crate) fn agent(id: PrincipalId, name: &str, till: &str, device: &str) -> Principal {
        let scope = Scope::Agent { name: name.to_owned(), till: till.to_owned(), device: device.to_owned() };
        Principal { id, roles: Roles::of(&[Role::Agent]), scope }
    }

    /// Of what kind.
    pub const fn kind(&self) -> PrincipalKind {
        match self.scope {
            Scope::Staff { .. } | Scope::Federated { .. } => PrincipalKind::Staff,
            Scope::Partner { .. } => PrincipalKind::Partner,
            Scope::Subscriber { .. } => PrincipalKind::Subscriber,
            Scope::Agent { .. } => PrincipalKind::Agent,
        }
    }

    /// Which one.
    pub const fn id(&self) -> PrincipalId {
        self.id
    }

    /// In which roles.
    pub const fn roles(&self) -> Roles {
        self.roles
    }

    /// What they own.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The actor that records name.
    pub fn actor(&self) -> Actor {
        let kind = match self.kind() {
            PrincipalKind::Staff => ActorKind::Staff,
            PrincipalKind::Partner => ActorKind::Partner,
            PrincipalKind::Subscriber => ActorKind::Subscriber,
            PrincipalKind::Agent => ActorKind::Agent,
        };
        Actor { kind, id: Key16(self.id.0), role: self.roles.number() }
    }

    /// Whose sessions and keys end together: kind and id.
    pub(crate) fn owner(&self) -> String {
        format!("{}:{}", self.kind().text(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_may_hold_several_roles_and_the_others_exactly_theirs() {
        let several = Roles::of(&[Role::Risk, Role::Admin]);
        assert!(several.fit_staff() && several.has(Role::Risk) && !several.has(Role::Finance));
        assert!(!Roles::of(&[]).fit_staff() && !Roles::of(&[Role::Admin, Role::Partner]).fit_staff());
        let smuggled = Principal::staff(PrincipalId([1; 16]), "wang", Roles::of(&[Role::Admin, Role::Subscriber]));
        assert_eq!(smuggled.roles(), Roles::of(&[Role::Admin]));
        let agent = Principal::agent(PrincipalId([2; 16]), "shop", "till-1", "d1");
        assert_eq!((agent.kind(), agent.roles()), (PrincipalKind::Agent, Roles::of(&[Role::Agent])));
    }

    #[test]
    fn a_record_names_kind_id_and_roles() {
        let actor = Principal::staff(PrincipalId([3; 16]), "li", Roles::of(&[Role::Operator, Role::Admin])).actor();
        assert_eq!((actor.kind, actor.id, actor.role), (ActorKind::Staff, Key16([3; 16]), 0b1_0001));
    }

    #[test]
    fn a_principal_is_read_back_as_it_was_written() {
        let id = SubscriberId::from_bits(7);
        let all = [
            Principal::subscriber(id),
            Principal::partner(PrincipalId([1; 16]), "bank"),
            Principal::agent(PrincipalId([2; 16]), "shop", "till-1", "d1"),
        ];
        for principal in all {
            let text = serde_json::to_string(&principal).unwrap();
            assert_eq!(serde_json::from_str::<Principal>(&text).unwrap(), principal, "{text}");
        }
        assert_eq!(PrincipalId::parse(&PrincipalId([9; 16]).to_string()), Some(PrincipalId([9; 16])));
        assert_eq!(PrincipalId::parse("+1"), None);
    }
}

//! Whom a credential that did not hold claims to be: for the record of the attempt, never for access.

use crate::signature::client_of;
use crate::{Access, AccessError, ApiKeyText, api_key, sql, staff};
use facts::{Actor, ActorKind, Key16};

/// Whom a credential names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The holder of the API key with this id.
    Key(String),
    /// A client that signs.
    Client(String),
    /// A member of staff.
    Staff(String),
}

impl Claim {
    /// Whom an API key names; nobody when it does not read as one.
    pub fn of_key(text: &ApiKeyText) -> Option<Claim> {
        api_key::id_of(text.expose()).map(|id| Claim::Key(id.to_owned()))
    }

    /// Whom the header of a signature names.
    pub fn of_signature(header: &str) -> Option<Claim> {
        client_of(header).map(|client| Claim::Client(client.to_owned()))
    }
}

impl Access {
    /// Who that is; nobody when there is no such key, client or name. Reads the store: not where a caller waits, who
    /// would see by the time it takes whether a name is known.
    pub fn claimed(&self, claim: &Claim) -> Result<Option<Actor>, AccessError> {
        self.store.read(|rows| match claim {
            Claim::Key(id) => api_key::actor_of(rows, id),
            Claim::Staff(name) => staff::actor_of(rows, name),
            Claim::Client(name) => rows.one(sql::CLIENT, [name], |row| {
                let kind = if row.get::<_, u8>(0)? == 1 { ActorKind::Agent } else { ActorKind::Partner };
                Ok(Actor { kind, id: Key16(row.get(1)?), role: 0 })
            }),
        })
    }
}

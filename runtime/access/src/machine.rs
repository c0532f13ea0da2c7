//! What commands on the node's machine did to identities and keys. It is kept in the transaction that does it, until the
//! node has told it to the journal: a command has no journal to write to, which has one writer.

use crate::access::lock;
use crate::secret::random;
use crate::store::{At, Rows, unreadable};
use crate::{Access, AccessError, PrincipalId, Role, Roles, sql};
use facts::{Actor, ActorKind, Key16, Millis, StaffAct};
use std::io;
use std::os::unix::fs::MetadataExt;

/// What the ids of a machine's users begin with; the user's number follows.
const PREFIX: [u8; 12] = *b"machine user";

/// A user of the node's machine, by number: names may be people's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineUser(pub u32);

impl MachineUser {
    /// Whoever runs this process.
    ///
    /// Errors: the system does not say.
    pub fn running() -> io::Result<MachineUser> {
        std::fs::metadata("/proc/self").map(|process| MachineUser(process.uid()))
    }

    /// Who it is, as records name it. Whoever holds the node's key file may let anybody in, as an administrator may.
    pub fn actor(self) -> Actor {
        let mut id = [0; 16];
        id[..12].copy_from_slice(&PREFIX);
        id[12..].copy_from_slice(&self.0.to_be_bytes());
        Actor { kind: ActorKind::Staff, id: Key16(id), role: Roles::of(&[Role::Admin]).number() }
    }

    /// The user that a record names, if it names one.
    pub fn of(id: Key16) -> Option<MachineUser> {
        let (prefix, number) = id.0.split_at(12);
        let number: [u8; 4] = number.try_into().ok()?;
        (prefix == PREFIX).then(|| MachineUser(u32::from_be_bytes(number)))
    }
}

impl From<MachineUser> for PrincipalId {
    fn from(user: MachineUser) -> PrincipalId {
        PrincipalId(user.actor().id.0)
    }
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineAct {
    /// Who runs it.
    pub by: MachineUser,
    /// What.
    pub act: StaffAct,
    /// To what: a name of the institution's own.
    pub on: String,
    /// Why, in their words; empty where no reason is asked for.
    pub why: String,
    /// When, by the wall.
    pub at: Millis,
}

/// What a command did, which the journal does not tell yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntoldAct {
    /// Under which key the journal tells of it, once.
    pub id: Key16,
    /// What was done.
    pub act: MachineAct,
}

impl Access {
    /// Does something by a command: what is done and what is kept of it are one transaction. Nobody else works with this
    /// meanwhile, so that nobody else's change is taken for the command's.
    ///
    /// Errors: a reason is needed, and there is none; or it is refused, and then nothing is kept.
    pub fn by_machine<T>(
        &mut self,
        act: MachineAct,
        work: impl FnOnce(&Access) -> Result<T, AccessError>,
    ) -> Result<T, AccessError> {
        if act.act.takes_away() && act.why.trim().is_empty() {
            return Err(AccessError::NoReason);
        }
        let id = Key16(*random()?);
        *lock(&self.store.announced) = Some(UntoldAct { id, act });
        let done = work(self);
        *lock(&self.store.announced) = None;
        done
    }

    /// Keeps what a command is about to do to something else.
    ///
    /// Errors: as for [`Access::by_machine`].
    pub fn announce(&mut self, act: MachineAct) -> Result<(), AccessError> {
        self.by_machine(act, |access| access.store.write(|_| Ok(())))
    }

    /// What the journal does not tell yet, oldest first.
    pub fn untold(&self) -> Result<Vec<UntoldAct>, AccessError> {
        self.store.read(|rows| {
            rows.all(sql::ACTS_UNTOLD, [], |row| {
                let act = row.get::<_, String>(1)?.parse().map_err(unreadable)?;
                let (on, why, by, at) = (row.get(2)?, row.get(3)?, MachineUser(row.get(4)?), row.get::<_, At>(5)?.0);
                Ok(UntoldAct { id: Key16(row.get(0)?), act: MachineAct { by, act, on, why, at } })
            })
        })
    }

    /// The journal tells of an act, durably.
    pub fn told(&self, id: Key16) -> Result<(), AccessError> {
        self.store.write(|rows| rows.change(sql::ACT_TOLD, [&id.0[..]]).map(drop))
    }
}

/// Keeps an act until it is told.
pub fn put(rows: &Rows<'_>, UntoldAct { id, act }: &UntoldAct) -> Result<(), AccessError> {
    let MachineAct { by, act, on, why, at } = act;
    rows.change(sql::ACT_PUT, (&id.0[..], act.code(), on, why, by.0, At(*at))).map(drop)
}

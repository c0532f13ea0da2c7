//! What members of staff do that the books know nothing of: noted, so that the journal says who did it, and why.

use crate::approve::check_actor;
use crate::command::{ClientKey, Decision, Denied, Reply};
use crate::place::key_taken;
use facts::{ActorKind, Fact, Made, Meta, StaffAct};

/// The greatest name of what an act is done to.
const ON_BYTES_MAX: usize = 256;

/// Who acts has a name, and who takes something away a reason. By a key it is noted once.
pub(crate) fn note_act(meta: &Meta, key: Option<ClientKey>, act: StaffAct, on: &str, why: &str) -> Decision {
    match check_actor(meta.actor, why) {
        Err(Denied::NoReason) if !act.takes_away() => {}
        Err(denied) => return Decision::only(Reply::Denied(denied)),
        Ok(()) => {}
    }
    if on.len() > ON_BYTES_MAX {
        return Decision::only(Reply::NotNow);
    }
    let facts = [acted(act, on, why)].into_iter().chain(key_taken(key, Made::Act)).collect();
    Decision { facts, reply: Reply::Done }
}

/// What was about to be done was refused: the record that announced it does not stand alone.
pub(crate) fn note_refusal(meta: &Meta, record: u64, code: &str) -> Decision {
    if meta.actor.kind != ActorKind::Staff {
        return Decision::only(Reply::Denied(Denied::Unnamed));
    }
    Decision { facts: vec![Fact::StaffActRefused { record, code: code.to_owned() }], reply: Reply::Done }
}

pub(crate) fn acted(act: StaffAct, on: &str, why: &str) -> Fact {
    Fact::StaffActed { act, on: on.to_owned(), why: why.to_owned() }
}

//! What members of staff do, noted in the journal: who, from where, what and why.
//!
//! What takes effect at once is durable in the journal before it is done; what is made and then shown, before it is
//! shown. So nothing was done, and nobody was shown anything, that the journal does not tell.

use crate::access::denied;
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use ::access::{Access, AccessError};
use exchange::{Command, Envelope, Reply};
use facts::{Key16, StaffAct, State};
use node::Lane;

/// Something that a member of staff does.
#[derive(Clone, Debug)]
pub struct Act {
    /// What.
    pub what: StaffAct,
    /// To what: an id or a name of the institution's own, never of a person.
    pub on: String,
    /// Why, in their words; empty where no reason is asked for.
    pub why: String,
}

impl Act {
    /// Without a reason.
    pub fn of(what: StaffAct, on: impl Into<String>) -> Act {
        Act { what, on: on.into(), why: String::new() }
    }
}

impl Context {
    /// Notes an act; durable on return. The place of its record.
    ///
    /// Errors: there is no reason where one is needed; the outcome is not known.
    pub async fn note(&self, caller: &Caller, act: Act) -> Result<u64, Problem> {
        let Act { what, on, why } = act;
        self.tell(caller, Command::NoteAct { act: what, on, why }).await
    }

    /// Notes an act and then does it to the identities. What is refused after all is noted, too.
    ///
    /// Errors: it is not noted, and then not done; or refused.
    pub async fn act_on_access<T: Send + 'static>(
        &self,
        caller: &Caller,
        act: Act,
        work: impl FnOnce(&Access) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, Problem> {
        let record = self.note(caller, act).await?;
        match self.in_access(move |access| Ok(work(access))).await? {
            Ok(done) => Ok(done),
            Err(error) => {
                let problem = denied(&error);
                let code = problem.code().to_owned();
                self.tell(caller, Command::NoteRefusal { record, code }).await?;
                Err(problem)
            }
        }
    }

    async fn tell(&self, caller: &Caller, command: Command) -> Result<u64, Problem> {
        let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
        let told = |state: &State, reply: Reply| match reply {
            Reply::Done => Ok(state.sequence()),
            Reply::Denied(denied) => Err(denied.into()),
            Reply::Made(_)
            | Reply::Replayed(_)
            | Reply::KeyConflict
            | Reply::Nothing
            | Reply::NotFound
            | Reply::NotNow
            | Reply::Exists(_) => Err(Problem::new(Code::Internal)),
        };
        let (record, _) = self.outcome(self.node.submit(Lane::Operators, envelope, told)).await?;
        record
    }
}

/// A name as a record may tell it: what could be none of ours, and so be anything, is not repeated.
pub fn told(name: &str) -> &str {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let short = name.len() <= 64 && name.bytes().all(known);
    // A number of somebody's has nothing but digits.
    let number = name.bytes().filter(u8::is_ascii_digit).count() > 10 && name.len() < 16;
    if short && !number { name } else { "malformed" }
}

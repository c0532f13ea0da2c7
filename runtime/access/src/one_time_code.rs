//! One-time codes for subscribers: six digits, bound to number, action and amount, good for minutes and few tries.
//!
//! A number that nobody has gets a code too, which is sent to nobody: rows, answers and work are the same, so nothing
//! says who is registered. The store holds keyed digests of number and code; neither can be guessed from the file.

use crate::access::{let_through, network};
use crate::secret::{Digest, OneTimeCode, random};
use crate::session::Opened;
use crate::store::At;
use crate::{Access, AccessError, Denied, Principal, sql, tries};
use facts::{Millis, SubscriberId};
use money::Asset;
use std::fmt;
use std::net::IpAddr;

/// What a code confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAction {
    /// Signing in.
    SignIn,
    /// Placing an order.
    PlaceOrder,
    /// Registering or changing a card.
    ChangeInstrument,
    /// Asking for erasure.
    Erase,
}

impl CodeAction {
    /// The public word.
    pub const fn text(self) -> &'static str {
        match self {
            CodeAction::SignIn => "sign_in",
            CodeAction::PlaceOrder => "place_order",
            CodeAction::ChangeInstrument => "change_instrument",
            CodeAction::Erase => "erase",
        }
    }
}

/// What a code is for.
#[derive(Clone, Copy)]
pub struct CodeFor<'a> {
    /// The mobile number, as normalised by the vault. Kept as a keyed digest alone.
    pub number: &'a str,
    /// Whose it is; nobody's is asked for too.
    pub owner: Option<SubscriberId>,
    /// What it confirms.
    pub action: CodeAction,
    /// Of how much.
    pub amount: Option<(Asset, u64)>,
}

/// Without the number.
impl fmt::Debug for CodeFor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeFor({:?}, {:?}, …)", self.owner, self.action)
    }
}

/// What is to be sent.
#[derive(Debug)]
pub struct CodeMessage {
    /// To whom; to nobody when nobody has the number, and then nothing is delivered.
    pub to: Option<SubscriberId>,
    /// The code.
    pub code: OneTimeCode,
    /// What it confirms, which the text must say.
    pub action: CodeAction,
    /// Of how much, which the text must say too.
    pub amount: Option<(Asset, u64)>,
    /// Until when.
    pub until: Millis,
}

/// Delivers codes. It is to queue the message and return at once, for somebody and for nobody alike: an answer that
/// waited for a delivery would say that there was one.
pub trait CodeSender: Send + Sync {
    /// Takes a message.
    fn send(&self, message: CodeMessage);
}

/// The answer to whoever asked for a code: the same for every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// Until when the code is good.
    pub until: Millis,
    /// From when on another may be asked for.
    pub again_at: Millis,
}

/// The digests of what a code is for.
struct Bound {
    number: Digest,
    /// Number and action: what tries are counted for.
    tried: Digest,
}

impl Access {
    fn bound(&self, wanted: &CodeFor<'_>) -> Bound {
        let number = self.keys.digest(&[b"number", wanted.number.as_bytes()]);
        let tried = self.keys.digest(&[b"code tries", &number.0, wanted.action.text().as_bytes()]);
        Bound { number, tried }
    }

    /// Bound to whose number it is, too: one that changes hands meanwhile takes no code along.
    fn digest_of_code(&self, wanted: &CodeFor<'_>, number: &Digest, code: &OneTimeCode) -> Digest {
        let amount = wanted.amount.map(|(asset, units)| format!("{asset} {units}")).unwrap_or_default();
        let owner = wanted.owner.map(|owner| owner.bits().to_be_bytes()).unwrap_or_default();
        let action = wanted.action.text().as_bytes();
        self.keys.digest(&[b"code", &number.0, &owner, action, amount.as_bytes(), code.expose().as_bytes()])
    }

    /// Makes a code and gives it to the sender; the last one for the same number and action is good no more.
    ///
    /// Errors: the number or the address asked too often, or the number is locked after wrong codes.
    pub fn send_code(
        &self,
        wanted: &CodeFor<'_>,
        sender: &dyn CodeSender,
        from: IpAddr,
        now: Millis,
    ) -> Result<CodeSent, AccessError> {
        let settings = self.settings.codes;
        let bound = self.bound(wanted);
        let_through(self.code_addresses.check(&network(from), now))?;
        let_through(self.code_numbers.check(&bound.number.0, now))?;
        let code = fresh()?;
        let digest = self.digest_of_code(wanted, &bound.number, &code);
        let (until, again_at) = (now.plus(settings.lives_s * 1_000), now.plus(settings.resend_s * 1_000));
        self.store.write(|rows| {
            tries::check_lock(rows, &bound.tried, now)?;
            let action = wanted.action.text();
            let sent = rows.one(sql::CODE, (bound.number.0, action), |row| Ok(row.get::<_, At>(2)?.0))?;
            if let Some(again_at) = sent.map(|sent| sent.plus(settings.resend_s * 1_000)).filter(|at| now < *at) {
                return Err(Denied::TooManyTries { retry_after_ms: again_at.since(now) }.into());
            }
            rows.change(sql::CODE_PUT, (bound.number.0, action, digest.0, At(until), At(now)))
        })?;
        sender.send(CodeMessage { to: wanted.owner, code, action: wanted.action, amount: wanted.amount, until });
        Ok(CodeSent { until, again_at })
    }

    /// Uses up a code, and says whose number it was sent to.
    ///
    /// Errors: it is wrong, for another amount, or nobody's, which is not said; it has expired or was never asked for;
    /// there were too many wrong ones.
    pub fn redeem_code(
        &self,
        wanted: &CodeFor<'_>,
        code: &OneTimeCode,
        from: IpAddr,
        now: Millis,
    ) -> Result<SubscriberId, AccessError> {
        let bound = self.bound(wanted);
        self.admit(&bound.tried, from, now)?;
        let given = self.digest_of_code(wanted, &bound.number, code);
        let key = (bound.number.0, wanted.action.text());
        self.store.write(|rows| {
            let last = tries::charge(rows, &bound.tried, self.settings.codes.tries, now)?;
            let known = rows.one(sql::CODE, key, |row| Ok((Digest(row.get(0)?), row.get::<_, At>(1)?.0)))?;
            let (digest, until) = known.ok_or(Denied::CodeExpired)?;
            let right = given.is(&digest);
            if now >= until {
                rows.change(sql::CODE_END, key)?;
                return Err(Denied::CodeExpired.into());
            }
            if let (true, Some(owner)) = (right, wanted.owner) {
                rows.change(sql::CODE_END, key)?;
                tries::forgive(rows, &bound.tried)?;
                return Ok(owner);
            }
            if last {
                rows.change(sql::CODE_END, key)?;
            }
            Err(Denied::CodeWrong.into())
        })
    }

    /// Opens a session for the subscriber who has the code of a sign-in; the action asked for is not looked at.
    ///
    /// Errors: as of using a code.
    pub fn sign_in_by_code(
        &self,
        wanted: &CodeFor<'_>,
        code: &OneTimeCode,
        from: IpAddr,
        now: Millis,
    ) -> Result<Opened, AccessError> {
        let wanted = CodeFor { action: CodeAction::SignIn, amount: None, ..*wanted };
        let owner = self.redeem_code(&wanted, code, from, now)?;
        self.store.write(|rows| self.open_in(rows, &Principal::subscriber(owner), now))
    }
}

/// Six digits. Of 2^64 numbers the remainder favours none by more than one in ten million million.
fn fresh() -> Result<OneTimeCode, AccessError> {
    let number = u64::from_be_bytes(*random::<8>()?) % 1_000_000;
    Ok(OneTimeCode::new(format!("{number:06}")))
}

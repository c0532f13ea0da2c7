//! The one interface behind which every partner stands, real or simulated.

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner};
use money::Telco;
use std::fmt;
use std::sync::Arc;

/// A request of ours to a partner, with the personal data it needs: never logged, never stored.
#[derive(Clone)]
pub struct Request {
    /// Our reference: by it the partner is asked before anything is repeated.
    pub call: CallRef,
    /// Who is asked.
    pub partner: Partner,
    /// For what.
    pub action: Action,
    /// Minor units.
    pub amount: u64,
    /// What the partner knows the person by: the phone number, or the number of a card. Empty when `about` says enough.
    pub account: Arc<str>,
    /// The phone number that it moves value from, when it moves value between two.
    pub from: Option<Arc<str>>,
    /// The partner's own name of what the action acts on: the reservation to capture or release.
    pub acts_on: String,
    /// The request that it is about, perhaps of another order: for [`Action::ConfirmBilling`] the deduction whose billing
    /// record is awaited, for [`Action::RefundPayment`], [`Action::PayBack`] and [`Action::ReverseRedemption`] what is to be
    /// given back.
    pub about: Option<CallRef>,
    /// Node time, told to partners that keep business dates.
    pub now: Millis,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} at {}", self.call, self.action, self.amount, self.partner)
    }
}

/// What a line of a partner's record says was moved, seen from the subscriber's or our account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Set aside, to be taken or released later.
    SetAside,
    /// What was set aside was given back.
    Released,
    /// Taken for good; at the bank: paid out; at an issuer: a voucher issued on our account; at an acquirer: collected;
    /// at a programme: points redeemed.
    Taken,
    /// Given; at the bank: a payout that came back; at an issuer: a voucher cancelled; at an acquirer: a refund, or a
    /// payment that its payer took back; at a programme: points given back, or accrued.
    GivenBack,
    /// Moved from one subscriber to another.
    Transferred,
}

/// One final line of a partner's record that carries a reference of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementItem {
    /// Our reference.
    pub call: CallRef,
    /// What the line says was moved, or was to be moved.
    pub movement: Movement,
    /// What became of the movement: done or refused. What that means for a request, `answer_for` says.
    pub answer: Answer,
}

impl StatementItem {
    /// What the line means for a request that asked for `action`; `None` when it says nothing about it.
    ///
    /// A taking under the reference of a release is the opposite of what was asked. Three lines are no answer: a
    /// release under a reservation's own reference (it expired, which its capture is told by a refusal), what came back
    /// of a payout, a voucher, a payment or a redemption (it was paid, issued, collected, taken all the same), and anything about a
    /// confirmation, which has no lines of its own.
    pub fn answer_for(&self, action: Action) -> Option<Answer> {
        match (action, self.movement) {
            (Action::ReserveAirtime, Movement::SetAside)
            | (
                Action::CaptureAirtime
                | Action::DeductAirtime
                | Action::PayOut
                | Action::IssueVoucher
                | Action::CollectPayment
                | Action::RedeemPoints,
                Movement::Taken,
            )
            | (Action::ReleaseAirtime, Movement::Released)
            | (Action::TransferAirtime, Movement::Transferred)
            | (
                Action::CreditAirtime
                | Action::TopUpAirtime
                | Action::GrantReward
                | Action::RefundPayment
                | Action::PayBack
                | Action::ReverseRedemption
                | Action::AccruePoints,
                Movement::GivenBack,
            ) => Some(self.answer.clone()),
            (Action::ReleaseAirtime, Movement::Taken) => match &self.answer {
                Answer::Done { amount, external } => {
                    Some(Answer::Opposite { amount: *amount, external: external.clone() })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// A page of a partner's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPage {
    /// Its lines, oldest first; lines without a reference of ours are left out.
    pub items: Vec<StatementItem>,
    /// Where the next page starts; equal to the cursor asked for when there is nothing new.
    pub next: u64,
}

/// The partner's record could not be read now; ask again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record not readable: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The code of a voucher: shown to its holder once, never logged, never stored.
///
/// Neither `Debug` nor `Display` shows it, and there is no copying it by mistake.
pub struct VoucherCode(String);

impl VoucherCode {
    /// A code as its issuer told it.
    pub fn new(code: String) -> VoucherCode {
        VoucherCode(code)
    }

    /// The code itself, for the answer to its holder and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoucherCode(..)")
    }
}

/// What a partner says when it is asked for a voucher's code.
#[derive(Debug)]
pub enum Collected {
    /// Here it is. A lost answer may be asked for again as long as the partner allows.
    Code(VoucherCode),
    /// It was handed out before, and is not handed out again.
    Gone,
    /// There is none to hand out: nothing was issued, not yet or no longer.
    NotYet,
    /// No answer, or one that means nothing: whether it was handed out is not known, and asking again is safe.
    Silence,
}

/// A partner.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Asks for the action, once. Whatever is not a clear answer is [`Answer::Silence`].
    async fn call(&self, request: &Request) -> Answer;

    /// Who serves a number of this partner's segments now; `None` when it keeps no register of numbers.
    ///
    /// Errors: the register cannot be read now.
    async fn served_by(&self, _msisdn: &str) -> Result<Option<Telco>, Unreadable> {
        Ok(None)
    }

    /// Asks what became of an earlier request, by our reference.
    async fn inquire(&self, request: &Request) -> Answer;

    /// Asks for the code of what was issued under our reference, at a node time. A partner that issues nothing has none.
    async fn collect(&self, _call: CallRef, _now: Millis) -> Collected {
        Collected::NotYet
    }

    /// Reads the statement after a cursor.
    ///
    /// Errors: it could not be read now.
    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable>;
}

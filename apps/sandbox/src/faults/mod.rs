//! Which calls go wrong, and how.
//!
//! A decision depends on the seed and on what is asked, never on a clock or on the order of arrival,
//! so a run can be repeated although its calls interleave differently.

mod config;
mod dice;
mod mischief;

pub use config::{FaultChange, FaultsConfig, Preset};
pub(crate) use mischief::{Call, Mischief, Strike};

use serde::{Deserialize, Serialize};

/// A step that can be struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Telco: `POST reserveBalance`.
    Reserve,
    /// Telco: `PATCH reserveBalance/{id}`.
    Capture,
    /// Telco: `DELETE reserveBalance/{id}`.
    Release,
    /// Telco: `POST adjustBalance` with a negative amount.
    Deduct,
    /// Telco: `POST topupBalance`, or `POST adjustBalance` with a positive amount.
    Credit,
    /// Telco: `POST transferBalance`.
    Transfer,
    /// Bank: `POST payouts`.
    Payout,
    /// Messaging partner: `POST messages`.
    Send,
    /// Issuer: `POST vouchers`.
    Issue,
    /// Issuer: `POST vouchers/{reference}/cancel`.
    Cancel,
    /// Issuer: `POST vouchers/{reference}/collect`.
    Collect,
    /// Acquirer: `POST payments`.
    Pay,
    /// Acquirer: `POST refunds`.
    Refund,
    /// Programme: `POST redemptions`.
    Redeem,
    /// Programme: `POST accruals`.
    Accrue,
    /// Programme: `POST redemptions/{reference}/reversal`.
    Reverse,
    /// Every GET of a partner's own interface.
    Inquiry,
}

impl Action {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Action::Reserve => "reserve",
            Action::Capture => "capture",
            Action::Release => "release",
            Action::Deduct => "deduct",
            Action::Credit => "credit",
            Action::Transfer => "transfer",
            Action::Payout => "payout",
            Action::Send => "send",
            Action::Issue => "issue",
            Action::Cancel => "cancel",
            Action::Collect => "collect",
            Action::Pay => "pay",
            Action::Refund => "refund",
            Action::Redeem => "redeem",
            Action::Accrue => "accrue",
            Action::Reverse => "reverse",
            Action::Inquiry => "inquiry",
        }
    }
}

/// A way to go wrong; the README's table says what each one applies and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Right, but slow.
    Latency,
    /// Applied, and no answer.
    AppliedTimeout,
    /// Not applied, and no answer.
    NotAppliedTimeout,
    /// Applied, and a 503.
    ServerErrorApplied,
    /// Not applied, and a 503.
    ServerErrorNotApplied,
    /// Right, and the callback comes twice.
    DuplicateCallback,
    /// Queued: the success comes later, by callback.
    LateSuccess,
    /// Applied, and a refusal.
    Contradictory,
    /// One fen less is applied and answered.
    AmountMismatch,
    /// Applied, no answer, and inquiries by reference find nothing for a while.
    NotFoundThenFound,
    /// Not applied, no answer; the telco's billing run takes it later anyway.
    OwnSchedule,
    /// A message is taken and never delivered.
    Lost,
    /// A message is taken and delivered twice.
    Twice,
}

impl FaultKind {
    /// Every kind, in the order of the README's table.
    pub const ALL: [FaultKind; 13] = [
        FaultKind::Latency,
        FaultKind::AppliedTimeout,
        FaultKind::NotAppliedTimeout,
        FaultKind::ServerErrorApplied,
        FaultKind::ServerErrorNotApplied,
        FaultKind::DuplicateCallback,
        FaultKind::LateSuccess,
        FaultKind::Contradictory,
        FaultKind::AmountMismatch,
        FaultKind::NotFoundThenFound,
        FaultKind::OwnSchedule,
        FaultKind::Lost,
        FaultKind::Twice,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Latency => "latency",
            FaultKind::AppliedTimeout => "applied_timeout",
            FaultKind::NotAppliedTimeout => "not_applied_timeout",
            FaultKind::ServerErrorApplied => "server_error_applied",
            FaultKind::ServerErrorNotApplied => "server_error_not_applied",
            FaultKind::DuplicateCallback => "duplicate_callback",
            FaultKind::LateSuccess => "late_success",
            FaultKind::Contradictory => "contradictory",
            FaultKind::AmountMismatch => "amount_mismatch",
            FaultKind::NotFoundThenFound => "not_found_then_found",
            FaultKind::OwnSchedule => "own_schedule",
            FaultKind::Lost => "lost",
            FaultKind::Twice => "twice",
        }
    }

    /// Whether this kind can happen to this action at all.
    pub fn suits(self, action: Action) -> bool {
        let plain =
            matches!(self, FaultKind::Latency | FaultKind::NotAppliedTimeout | FaultKind::ServerErrorNotApplied);
        let of_messages = matches!(self, FaultKind::Lost | FaultKind::Twice);
        match action {
            Action::Inquiry => plain,
            Action::Send => {
                use FaultKind::{AmountMismatch, DuplicateCallback, OwnSchedule};
                !matches!(self, AmountMismatch | DuplicateCallback | OwnSchedule)
            }
            _ if of_messages => false,
            // What is done to a voucher that there is suffers from the line alone.
            Action::Cancel | Action::Collect => self.is_of_the_line(),
            Action::Release => self != FaultKind::AmountMismatch,
            // What is given back is what was taken, and nothing takes it on its own schedule.
            Action::Reverse => !matches!(self, FaultKind::AmountMismatch | FaultKind::OwnSchedule),
            Action::Capture | Action::Deduct => true,
            Action::Reserve
            | Action::Credit
            | Action::Transfer
            | Action::Payout
            | Action::Issue
            | Action::Pay
            | Action::Refund
            | Action::Redeem
            | Action::Accrue => self != FaultKind::OwnSchedule,
        }
    }

    /// Whether only the line suffers: such a fault can also strike a call that is refused or a repeat.
    pub(crate) fn is_of_the_line(self) -> bool {
        use FaultKind::{AppliedTimeout, Latency, NotAppliedTimeout, ServerErrorApplied, ServerErrorNotApplied};
        matches!(self, Latency | AppliedTimeout | NotAppliedTimeout | ServerErrorApplied | ServerErrorNotApplied)
    }
}

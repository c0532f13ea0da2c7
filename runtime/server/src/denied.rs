//! Why somebody may not do something, as problems.

use crate::phrases::Code;
use crate::problem::Problem;
use exchange::Denied;
use exchange::rules::{Detail, Refused};
use facts::Refusal;

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::Unnamed => Problem::new(Code::ActorUnnamed),
            Denied::NoReason => Problem::malformed("/why", "a reason"),
            Denied::MakerCannotCheck => Problem::new(Code::MakerCannotCheck),
            Denied::OnlyMakerWithdraws => Problem::new(Code::OnlyMakerWithdraws),
            Denied::NotIn(state) => Problem::new(Code::ApprovalStands).detail(format!("it is {state}")),
            Denied::InEffect => Problem::new(Code::ApprovalInEffect),
            Denied::PolicyUnknown => Problem::new(Code::Internal),
            Denied::NoTime => Problem::malformed("/expires_at", "a moment that has not passed"),
            Denied::OrderOpen => Problem::new(Code::ErasureOrderOpen),
            Denied::ValueHeld => Problem::new(Code::ErasureValueHeld),
            Denied::Restricted => {
                Problem::refused(Refused { refusal: Refusal::PersonRestricted, detail: Detail::Plain })
            }
            Denied::Erased => Problem::new(Code::PersonErased),
            Denied::NotTheFiler => Problem::new(Code::OnlyFilerWithdraws),
        }
    }
}

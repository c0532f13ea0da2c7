//! What is asked of any fact: which order it is about, what it posts, and who may see it. Every kind is named in each
//! answer, so that a new one does not compile until somebody has thought of it.

use super::{Fact, Made, Part};
use crate::OrderId;
use ledger::Transfer;

impl Fact {
    /// The order the fact is about.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Fact::AccountOpened { .. }
            | Fact::Posted { .. }
            | Fact::CreditsGranted { .. }
            | Fact::SubscriberRegistered { .. }
            | Fact::LotOpened { .. }
            | Fact::ApprovalProposed(_)
            | Fact::ApprovalActed { .. }
            | Fact::EndedLeaveAfter { .. }
            | Fact::NumberPorted { .. }
            | Fact::LegalHoldPlaced { .. }
            | Fact::LegalHoldLifted { .. }
            | Fact::ErasureRequested { .. }
            | Fact::PersonErased { .. }
            | Fact::Revealed { .. }
            | Fact::StaffActed { .. }
            | Fact::StaffActRefused { .. }
            | Fact::AttackNoted { .. } => None,
            Fact::KeyTaken { used, .. } => match used.made {
                Made::Order(order) => Some(order),
                Made::Subscriber(_) | Made::Lot(..) | Made::Act | Made::Complaint(_) => None,
            },
            Fact::OrderAdmitted(admission) => Some(admission.order),
            Fact::OrderRecalled(order) => Some(order.id),
            Fact::ComplaintFiled { order, .. } | Fact::ComplaintClosed { order, .. } => *order,
            Fact::OrderDeclined { order, .. }
            | Fact::StepPlanned { order, .. }
            | Fact::StepQueued { order, .. }
            | Fact::StepSent { order, .. }
            | Fact::StepUnknown { order, .. }
            | Fact::InquiryDeferred { order, .. }
            | Fact::StepDone { order, .. }
            | Fact::StepFailed { order, .. }
            | Fact::StepCompensated { order, .. }
            | Fact::StrayFound { order, .. }
            | Fact::SignalAbsorbed { order, .. }
            | Fact::OrderMoved { order, .. }
            | Fact::OrderUnwound { order, .. }
            | Fact::ValueReturned { order, .. }
            | Fact::RewardWithdrawn { order, .. }
            | Fact::CodeHandedOut { order, .. }
            | Fact::OrderReviewed { order, .. } => Some(*order),
        }
    }

    /// The postings the fact carries.
    pub fn transfers(&self) -> &[Transfer] {
        match self {
            Fact::Posted { transfers }
            | Fact::StepSent { transfers, .. }
            | Fact::StepUnknown { transfers, .. }
            | Fact::StepDone { transfers, .. }
            | Fact::StepFailed { transfers, .. }
            | Fact::StrayFound { transfers, .. } => transfers,
            Fact::AccountOpened { .. }
            | Fact::CreditsGranted { .. }
            | Fact::SubscriberRegistered { .. }
            | Fact::LotOpened { .. }
            | Fact::KeyTaken { .. }
            | Fact::OrderAdmitted(_)
            | Fact::OrderDeclined { .. }
            | Fact::StepPlanned { .. }
            | Fact::StepQueued { .. }
            | Fact::InquiryDeferred { .. }
            | Fact::StepCompensated { .. }
            | Fact::SignalAbsorbed { .. }
            | Fact::OrderMoved { .. }
            | Fact::OrderUnwound { .. }
            | Fact::ValueReturned { .. }
            | Fact::RewardWithdrawn { .. }
            | Fact::CodeHandedOut { .. }
            | Fact::OrderReviewed { .. }
            | Fact::ApprovalProposed(_)
            | Fact::ApprovalActed { .. }
            | Fact::EndedLeaveAfter { .. }
            | Fact::OrderRecalled(_)
            | Fact::NumberPorted { .. }
            | Fact::LegalHoldPlaced { .. }
            | Fact::LegalHoldLifted { .. }
            | Fact::ErasureRequested { .. }
            | Fact::PersonErased { .. }
            | Fact::Revealed { .. }
            | Fact::StaffActed { .. }
            | Fact::StaffActRefused { .. }
            | Fact::AttackNoted { .. }
            | Fact::ComplaintFiled { .. }
            | Fact::ComplaintClosed { .. } => &[],
        }
    }

    /// The part of its record that the fact belongs to.
    pub const fn part(&self) -> Part {
        match self {
            Fact::SubscriberRegistered { .. }
            | Fact::NumberPorted { .. }
            | Fact::LotOpened { .. }
            | Fact::OrderAdmitted(_)
            | Fact::OrderDeclined { .. }
            | Fact::StepPlanned { .. }
            | Fact::StepSent { .. }
            | Fact::StepUnknown { .. }
            | Fact::StepDone { .. }
            | Fact::StepFailed { .. }
            | Fact::StepCompensated { .. }
            | Fact::StrayFound { .. }
            | Fact::OrderMoved { .. }
            | Fact::OrderUnwound { .. }
            | Fact::ValueReturned { .. }
            | Fact::RewardWithdrawn { .. }
            | Fact::CodeHandedOut { .. }
            | Fact::ErasureRequested { .. }
            | Fact::PersonErased { .. }
            | Fact::ComplaintFiled { .. } => Part::Receipt,
            Fact::AccountOpened { .. }
            | Fact::Posted { .. }
            | Fact::CreditsGranted { .. }
            | Fact::KeyTaken { .. }
            | Fact::StepQueued { .. }
            | Fact::InquiryDeferred { .. }
            | Fact::SignalAbsorbed { .. }
            | Fact::ApprovalProposed(_)
            | Fact::ApprovalActed { .. }
            | Fact::EndedLeaveAfter { .. }
            | Fact::OrderRecalled(_)
            // Suspicion is not shown to its subject.
            | Fact::OrderReviewed { .. }
            | Fact::LegalHoldPlaced { .. }
            | Fact::LegalHoldLifted { .. }
            | Fact::Revealed { .. }
            | Fact::StaffActed { .. }
            | Fact::StaffActRefused { .. }
            | Fact::AttackNoted { .. }
            // It says why, in the words of staff; what the complainant is answered is in the vault.
            | Fact::ComplaintClosed { .. } => Part::Internal,
        }
    }
}

//! A complaint as answers show it.

use crate::moments;
use facts::{Complaint, Day, Purpose};
use serde::Serialize;
use utoipa::ToSchema;
use vault::{Side, Vault, VaultError};

/// A complaint.
#[derive(Serialize, ToSchema)]
#[schema(as = Complaint)]
pub struct ComplaintAnswer {
    /// Its identity.
    id: String,
    /// Whose.
    subscriber: String,
    /// About which order; none when it is about none.
    order: Option<String>,
    /// About what.
    about: &'static str,
    /// `open`, `upheld`, `partly_upheld`, `rejected` or `withdrawn`.
    state: &'static str,
    /// When it was filed.
    filed_at: String,
    /// The last day on which an answer is in time.
    due_on: String,
    /// Whether it is open and that day is past.
    overdue: bool,
    /// When it ended.
    closed_at: Option<String>,
    /// What was said; not in lists, and none when the person was erased.
    text: Option<String>,
    /// What was answered; as above.
    answer: Option<String>,
}

impl ComplaintAnswer {
    /// Without what was said.
    pub fn of(complaint: &Complaint, today: Day) -> ComplaintAnswer {
        ComplaintAnswer {
            id: complaint.id.to_string(),
            subscriber: complaint.subscriber.to_string(),
            order: complaint.order.map(|order| order.to_string()),
            about: complaint.about.code(),
            state: complaint.state().code(),
            filed_at: moments::text(complaint.filed_at),
            due_on: complaint.due_on.to_string(),
            overdue: complaint.is_overdue(today),
            closed_at: complaint.closing.map(|closing| moments::text(closing.at)),
            text: None,
            answer: None,
        }
    }

    /// With what was said, as far as its person was not erased.
    ///
    /// Errors: the vault does not answer.
    pub fn with_texts(vault: &Vault, complaint: &Complaint, today: Day) -> Result<ComplaintAnswer, VaultError> {
        let read = |side| match vault.reveal_text(complaint.id.bits(), side, Purpose::Complaint) {
            Err(VaultError::Erased { .. }) => Ok(None),
            read => read,
        };
        // What was put for an answer that was never given is not shown.
        let answer = if complaint.closing.is_some() { read(Side::Answered)? } else { None };
        Ok(ComplaintAnswer { text: read(Side::Asked)?, answer, ..ComplaintAnswer::of(complaint, today) })
    }
}

//! Order files that were sent, as answers show them.

use crate::batch::course::{Batch, BatchState};
use crate::moments;
use facts::Millis;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An order file as it was when it was received: nothing here changes later, so that a replay is equal byte by byte.
#[derive(Serialize, ToSchema)]
#[schema(as = ReceivedBatch)]
pub struct ReceivedAnswer {
    /// Its identity.
    id: String,
    /// Where it stood when it was received: `received`. Where it stands says `GET /v1/batches/{id}`.
    state: &'static str,
    /// `csv` or `ndjson`.
    form: &'static str,
    /// SHA-256 of what was sent.
    input_sha256: String,
    /// How many bytes were sent.
    input_bytes: u64,
    /// When it was here, whole; no row may have a later time.
    received_at: String,
}

/// An order file and what became of it so far.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub struct BatchAnswer {
    /// Its identity.
    id: String,
    /// `received`, `running`, `done`, or `stopped` when the node could not go on with it before its next start.
    state: &'static str,
    /// `csv` or `ndjson`.
    form: &'static str,
    /// SHA-256 of what was sent.
    input_sha256: String,
    /// How many bytes were sent.
    input_bytes: u64,
    /// The policy in force when its first row was looked at.
    policy: Option<String>,
    /// Rows read so far.
    rows_read: u64,
    /// Rows answered so far.
    rows_answered: u64,
    /// Accepted for the first time.
    accepted: u64,
    /// Refused for the first time.
    refused: u64,
    /// Those, by code.
    refused_by_code: BTreeMap<String, u64>,
    /// Answered as an earlier row of the file.
    duplicates: u64,
    /// When it was here, whole.
    received_at: String,
    /// When its first row was looked at.
    started_at: Option<String>,
    /// When its last row was answered.
    ended_at: Option<String>,
    /// Until when its rows and results are kept; none while rows are to be answered.
    kept_until: Option<String>,
    /// When its rows and results were removed; none while they are here.
    removed_at: Option<String>,
    /// Where the results are, for the rows answered.
    results: String,
}

impl From<&Batch> for ReceivedAnswer {
    fn from(batch: &Batch) -> ReceivedAnswer {
        ReceivedAnswer {
            id: batch.id.to_string(),
            state: BatchState::Received.code(),
            form: batch.sent.form.word(),
            input_sha256: batch.sent.sha256.clone(),
            input_bytes: batch.sent.bytes,
            received_at: moments::text(Millis(batch.sent.received_at)),
        }
    }
}

impl BatchAnswer {
    /// A file whose rows are kept for so many milliseconds.
    pub fn of(batch: &Batch, kept_ms: u64) -> BatchAnswer {
        let Batch { id, sent, course } = batch;
        let moment = |at: Option<u64>| at.map(|at| moments::text(Millis(at)));
        let by_code = |(code, rows): (&Cow<'static, str>, &u64)| (code.to_string(), *rows);
        BatchAnswer {
            id: id.to_string(),
            state: batch.state().code(),
            form: sent.form.word(),
            input_sha256: sent.sha256.clone(),
            input_bytes: sent.bytes,
            policy: (!course.policy.is_empty()).then(|| course.policy.clone()),
            rows_read: course.read,
            rows_answered: course.tally.rows,
            accepted: course.tally.accepted,
            refused: course.tally.refusals(),
            refused_by_code: course.tally.refused.iter().map(by_code).collect(),
            duplicates: course.tally.duplicates,
            received_at: moments::text(Millis(sent.received_at)),
            started_at: moment(course.started_at),
            ended_at: moment(course.ended_at),
            kept_until: batch.kept_until(kept_ms).map(moments::text),
            removed_at: moment(course.removed_at),
            results: format!("/v1/batches/{id}/results"),
        }
    }
}

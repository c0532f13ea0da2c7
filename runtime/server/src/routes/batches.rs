//! Order files over HTTP: sending one, looking at it, reading its results.

use crate::acts::Act;
use crate::answers::{BatchAnswer, Kept, ReceivedAnswer};
use crate::batch::course::{Batch, BatchState, Sent};
use crate::batch::form::{Form, result_as_json};
use crate::batch::spool::{self, Spooled, unstorable};
use crate::batch::spreadsheet;
use crate::caller::Caller;
use crate::context::Context;
use crate::idempotency::IdempotencyKey;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use crate::query::{Parameters, path_word};
use crate::routes::order_list::limit;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use facts::{BatchId, Key16, StaffAct};
use http_body::Frame;
use serde::Serialize;
use std::io::{self, BufRead};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use vault::SealedReader;

const ROUTE: &str = "POST /v1/batches";
/// How many files may wait for their turn.
const WAITING_MOST: usize = 64;
/// How many files a page has when the caller does not say, and at most.
const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 1_000;
/// How much of the results is read at once, and how often that waits for a slow reader.
const PIECE_BYTES: usize = 64 << 10;
const PIECES_AHEAD: usize = 4;

/// Send an order file.
///
/// The file is the contract's: CSV with its header, or one JSON object a row with the same names. It is taken in whole
/// or not at all; then its rows are answered in file order, each as the order that it is, at its own business time.
/// A file that was sent before is the same batch, whatever its key.
#[utoipa::path(
    post,
    path = "/v1/batches",
    tag = "batches",
    operation_id = "sendBatch",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters; kept for ever")),
    request_body(description = "The rows, at most 1 GiB", content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 202, description = "Received", body = ReceivedAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position when it was answered"),
            ("Idempotent-Replayed" = String, description = "`true` when the answer was given before"),
        )),
        (status = 408, description = "The file came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Neither CSV nor JSON rows", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The file is rejected, or the key was used with another", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing was done", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(context): State<Arc<Context>>,
    caller: Caller,
    key: IdempotencyKey,
    request: Request,
) -> Result<Kept<ReceivedAnswer>, Problem> {
    let form = Form::sent(request.headers()).ok_or_else(|| Problem::new(Code::OrderFileType).at("Content-Type"))?;
    let _place = context.uploads.try_acquire().map_err(|_| Problem::new(Code::Busy))?;
    // The body is as long as it is: its digest follows.
    let key = key.scoped(&context, &caller, &[], ROUTE, &[]);
    let _running = context.under_way.begin(key)?;
    if context.node.stopped().is_some() {
        return Err(Problem::new(Code::NodeStopped));
    }
    let spooled = spool::take_in(&context, form, request.into_body()).await?;
    let digests = &context.digests;
    let file = digests.of("order file", &[caller.client.as_bytes(), form.word().as_bytes(), &spooled.sha256]);
    match context.shelf.of_key(key.key) {
        Some(batch) if batch.file() == file => Ok(answer(&context, &batch, true)),
        Some(_) => Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        None => {
            let act = Act::of(StaffAct::SendBatch, hex(&spooled.sha256));
            context.note(&caller, act).await?;
            put(&context, spooled, form, file, key.key).await.map(|batch| answer(&context, &batch, false))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn put(context: &Arc<Context>, spooled: Spooled, form: Form, file: Key16, key: Key16) -> Result<Batch, Problem> {
    if context.shelf.count(BatchState::Received) >= WAITING_MOST {
        return Err(Problem::new(Code::Busy));
    }
    let sent = Sent {
        form,
        file: file.0,
        sha256: hex(&spooled.sha256),
        bytes: spooled.bytes,
        received_at: context.now().0,
        keys: vec![key.0],
    };
    let context = Arc::clone(context);
    let put = tokio::task::spawn_blocking(move || context.shelf.put(spooled.unfinished, sent)).await;
    put.map_err(|_| Problem::new(Code::Internal))?.map_err(unstorable)
}

fn answer(context: &Context, batch: &Batch, replayed: bool) -> Kept<ReceivedAnswer> {
    Kept {
        outcome: Ok(ReceivedAnswer::from(batch)),
        status: StatusCode::ACCEPTED,
        location: format!("/v1/batches/{}", batch.id),
        replayed,
        position: context.node.durable(),
    }
}

/// Look at an order file.
///
/// Shows how far it is and what its rows came to.
#[utoipa::path(
    get,
    path = "/v1/batches/{id}",
    tag = "batches",
    operation_id = "getBatch",
    params(("id" = String, Path, description = "The batch's id")),
    responses(
        (status = 200, description = "The batch", body = BatchAnswer),
        (status = 404, description = "No such batch", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(State(context): State<Arc<Context>>, id: BatchPath) -> Result<Json<BatchAnswer>, Problem> {
    let kept_ms = context.policy().order_files_kept_ms();
    Ok(Json(BatchAnswer::of(&id.find(&context)?, kept_ms)))
}

/// Read the results of an order file.
///
/// One row an input row, in order, as the contract has them: of the rows answered, complete when the batch is `done`.
/// CSV, or one JSON object a row when `Accept` names `application/x-ndjson`. A request id is repeated byte for byte, as
/// programmes compare it; `for=spreadsheet` puts an apostrophe before one that a spreadsheet would run as a formula.
#[utoipa::path(
    get,
    path = "/v1/batches/{id}/results",
    tag = "batches",
    operation_id = "getBatchResults",
    params(
        ("id" = String, Path, description = "The batch's id"),
        ("for" = Option<String>, Query, description = "`spreadsheet`: for people; CSV alone"),
    ),
    responses(
        (status = 200, description = "The results", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 404, description = "No such batch", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "They were removed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "They cannot be read now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn results(
    State(context): State<Arc<Context>>,
    id: BatchPath,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (batch, form) = (id.find(&context)?, Form::wanted(&headers));
    let shape = Shape::wanted(form, &parameters.only(&["for"])?)?;
    if batch.course.removed_at.is_some() {
        return Err(Problem::new(Code::BatchRemoved));
    }
    let opened = tokio::task::spawn_blocking(move || context.shelf.read_results(batch.id)).await;
    let reader = opened.map_err(|_| Problem::new(Code::Internal))?.map_err(unstorable)?;
    let (sender, pieces) = mpsc::channel(PIECES_AHEAD);
    if let Some(reader) = reader {
        tokio::spawn(tell(reader, shape, sender));
    }
    let headers = [(CONTENT_TYPE, form.media_type()), (CONTENT_DISPOSITION, "attachment")];
    Ok((headers, Body::new(Pieces(pieces))).into_response())
}

/// How rows of results are written.
#[derive(Clone, Copy)]
enum Shape {
    /// As the contract has them.
    Contract,
    /// As the contract has them, and no cell is a formula.
    Spreadsheet,
    /// One JSON object a row.
    Objects,
}

impl Shape {
    fn wanted(form: Form, parameters: &Parameters) -> Result<Shape, Problem> {
        const ALLOWED: &str = "`spreadsheet`, with CSV";
        match (form, parameters.word::<String>("for", ALLOWED)?.as_deref()) {
            (Form::Csv, None) => Ok(Shape::Contract),
            (Form::Csv, Some("spreadsheet")) => Ok(Shape::Spreadsheet),
            (Form::Ndjson, None) => Ok(Shape::Objects),
            (_, Some(_)) => Err(Problem::malformed("for", ALLOWED)),
        }
    }
}

type Piece = io::Result<Bytes>;

/// Reads piece by piece, each where blocking is allowed and only when the one before was taken.
async fn tell(mut reader: SealedReader, shape: Shape, sender: mpsc::Sender<Piece>) {
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let piece = next_piece(&mut reader, shape);
            (reader, piece)
        });
        let Ok((back, piece)) = read.await else { return };
        reader = back;
        match piece {
            Ok(bytes) if bytes.is_empty() => return,
            piece => {
                let failed = piece.is_err();
                // Who reads may have gone.
                if sender.send(piece).await.is_err() || failed {
                    return;
                }
            }
        }
    }
}

/// About so many bytes of whole rows; none at the end. A row that is still being written comes next time.
fn next_piece(reader: &mut SealedReader, shape: Shape) -> Piece {
    let (mut piece, mut line) = (Vec::new(), Vec::new());
    while piece.len() < PIECE_BYTES && reader.read_until(b'\n', &mut line)? > 0 {
        match (shape, line.strip_suffix(b"\n")) {
            (_, None) => {}
            (Shape::Contract, Some(_)) => piece.extend_from_slice(&line),
            (Shape::Spreadsheet, Some(_)) => piece.extend_from_slice(&spreadsheet::disarmed(&line)),
            (Shape::Objects, Some(row)) => piece.extend_from_slice(result_as_json(row).as_bytes()),
        }
        line.clear();
    }
    Ok(piece.into())
}

/// A body whose pieces come as they are read.
struct Pieces(mpsc::Receiver<Piece>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// Which order files.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct ListQuery {
    /// How many at most: 1 to 1000, by default 50.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of order files.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchPage)]
pub struct PageAnswer {
    /// The batches, newest first.
    batches: Vec<BatchAnswer>,
    /// Where the next page starts; none when this is the last.
    next: Option<String>,
}

/// List order files.
///
/// Newest first, in pages.
#[utoipa::path(
    get,
    path = "/v1/batches",
    tag = "batches",
    operation_id = "listBatches",
    params(ListQuery),
    responses(
        (status = 200, description = "A page", body = PageAnswer),
    )
)]
pub async fn list(State(context): State<Arc<Context>>, parameters: Parameters) -> Result<Json<PageAnswer>, Problem> {
    let parameters = parameters.only(&["limit", "after"])?;
    let after: Option<BatchId> = parameters.word("after", "the `next` of a page")?;
    let most = limit(&parameters, LIMIT, LIMIT_MAX)? as usize;
    let mut found = context.shelf.list(after, most + 1);
    let more = found.len() > most;
    found.truncate(most);
    let next = found.last().filter(|_| more).map(|batch| batch.id.to_string());
    let kept_ms = context.policy().order_files_kept_ms();
    let batches = found.iter().map(|batch| BatchAnswer::of(batch, kept_ms)).collect();
    Ok(Json(PageAnswer { batches, next }))
}

/// The batch that a path names.
pub struct BatchPath(BatchId);

impl BatchPath {
    fn find(&self, context: &Context) -> Result<Batch, Problem> {
        context.shelf.get(self.0).ok_or_else(|| Problem::new(Code::BatchUnknown))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for BatchPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<BatchPath, Problem> {
        path_word(parts, state).await.map(BatchPath).ok_or_else(|| Problem::new(Code::BatchUnknown))
    }
}

//! What all counterparties have in common, and how each is served.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::connection::{Cut, CutListener};
use crate::faults::{Action, Call, FaultKind, Mischief, Strike};
use crate::outbox::{self, Waiting};
use crate::refused::{Refused, unknown_route, wrong_method};
use crate::{control, request};

/// A simulated partner, as the shared parts see it.
pub(crate) trait Counterparty: Send + Sync + 'static {
    /// The body of `POST /sandbox/seed`.
    type Seed: DeserializeOwned + Send;

    /// Adds what the seed names, all or nothing; returns how many things.
    fn seed(&self, seed: Self::Seed) -> Result<usize, Refused>;
    /// The totals, integers in fen.
    fn books(&self) -> Value;
    /// The history as CSV.
    fn books_csv(&self) -> Result<Vec<u8>, csv::Error>;
    /// Works on the fault plan.
    fn with_mischief<R>(&self, work: impl FnOnce(&mut Mischief) -> R) -> R;
    /// Runs what is scheduled for later now; returns how many things.
    fn flush(&self) -> usize;
    /// Runs what is due; returns when the next thing is.
    fn run_due(&self) -> Option<Instant>;
    /// Told when something was scheduled.
    fn scheduled(&self) -> &Notify;
}

/// Serves a partner until its listener fails or the future is dropped, which also ends its background work.
pub(crate) async fn host<C: Counterparty>(
    partner: Arc<C>,
    interface: Router<Arc<C>>,
    (callbacks, authorization): (Waiting, Option<String>),
    listener: TcpListener,
) -> io::Result<()> {
    let mut background = JoinSet::new();
    background.spawn(outbox::deliver(callbacks, authorization));
    background.spawn(keep_agenda(partner.clone()));
    let inquiries = from_fn_with_state(partner.clone(), inquiry::<C>);
    let service = interface
        .route_layer(inquiries)
        .merge(control::router())
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(request::BODY_MAX))
        .with_state(partner)
        .into_make_service_with_connect_info::<Cut>();
    axum::serve(CutListener(listener), service).await
}

async fn keep_agenda<C: Counterparty>(partner: Arc<C>) {
    loop {
        let scheduled = partner.scheduled().notified();
        match partner.run_due() {
            Some(due) => drop(tokio::time::timeout_at(due, scheduled).await),
            None => scheduled.await,
        }
    }
}

/// Lets a GET of the partner's own interface suffer from the line; the books do not know about it.
async fn inquiry<C: Counterparty>(
    State(partner): State<Arc<C>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    // What is only for tests and demonstrations never suffers.
    if request.method() != Method::GET || request.uri().path().starts_with("/sandbox/") {
        return next.run(request).await;
    }
    let asked = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match partner.with_mischief(|mischief| trouble(mischief, asked)) {
        Trouble::None => next.run(request).await,
        Trouble::Slow(delay) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Trouble::Instead(answer) => answer.deliver(&cut).await,
    }
}

enum Trouble {
    None,
    Slow(std::time::Duration),
    Instead(Answer),
}

fn trouble(mischief: &mut Mischief, asked: &str) -> Trouble {
    let Some(strike) = mischief.judge(Call { action: Action::Inquiry, reference: asked }) else {
        return Trouble::None;
    };
    mischief.count(strike, Action::Inquiry);
    match strike.kind {
        FaultKind::Latency => Trouble::Slow(strike.latency(mischief.config())),
        _ => Trouble::Instead(no_answer(mischief, strike)),
    }
}

/// What a caller gets who gets no answer: silence or a 503, as the kind says, or as the dice say where it may be either.
pub(crate) fn no_answer(mischief: &Mischief, strike: Strike) -> Answer {
    let silent = match strike.kind {
        FaultKind::AppliedTimeout | FaultKind::NotAppliedTimeout => true,
        FaultKind::ServerErrorApplied | FaultKind::ServerErrorNotApplied => false,
        _ => strike.is_silent(),
    };
    if silent {
        return Answer::Never(std::time::Duration::from_millis(mischief.config().hang_ms));
    }
    Answer::refusal(Refused::server_error())
}

//! What all counterparties have in common, and how each is served.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
use crate::desk::Desk;
use crate::faults::{Action, Call, FaultKind, FaultsConfig, Mischief, Strike};
use crate::outbox::{self, Outbox, Waiting};
use crate::refused::{Refused, unknown_route, wrong_method};
use crate::{control, request};

/// Everything of a partner that changes.
pub(crate) struct Floor<B, D> {
    /// Its books.
    pub books: B,
    /// What it keeps beside them; `D` is what it may owe for later.
    pub desk: Desk<D>,
}

/// How any counterparty is started.
pub(crate) struct Start {
    /// Its name; also part of the fault plan's key.
    pub name: String,
    /// Where it calls back.
    pub callback_url: Option<String>,
    /// What callbacks carry as `Authorization`.
    pub callback_authorization: Option<String>,
    /// Whether magic numbers are obeyed.
    pub magic: bool,
    /// How calls go wrong.
    pub faults: FaultsConfig,
}

/// Callbacks that wait to leave, and what they carry as `Authorization`.
pub(crate) type Callbacks = (Waiting, Option<String>);

/// What every counterparty is: its name, whom it calls back, and the floor behind one lock, which is never held across
/// a wait.
pub(crate) struct House<B, D> {
    /// Its name.
    pub name: String,
    /// Where it calls back, if anywhere.
    pub callback_url: Option<Arc<str>>,
    /// Where callbacks are put.
    pub outbox: Outbox,
    floor: Mutex<Floor<B, D>>,
    /// The bell that tells of new work for later.
    scheduled: Notify,
}

impl<B, D> House<B, D> {
    /// A house with these books.
    ///
    /// Errors: `InvalidInput` when the fault configuration is out of range.
    pub fn open(start: Start, books: B) -> io::Result<(Self, Callbacks)> {
        start.faults.check().map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        let (outbox, callbacks) = Outbox::new();
        let desk = Desk::new(&start.name, start.faults, start.callback_url.is_some(), start.magic);
        let house = House {
            name: start.name,
            callback_url: start.callback_url.map(Arc::from),
            outbox,
            floor: Mutex::new(Floor { books, desk }),
            scheduled: Notify::new(),
        };
        Ok((house, (callbacks, start.callback_authorization)))
    }

    /// Calls back, when somebody wants to hear it.
    pub fn call_back(&self, body: Value) {
        if let Some(url) = &self.callback_url {
            self.outbox.post(std::slice::from_ref(url), body);
        }
    }
}

/// The floor of a counterparty.
pub(crate) type FloorOf<C> = Floor<<C as Counterparty>::Books, <C as Counterparty>::Due>;

/// A simulated partner, as the shared parts see it.
pub(crate) trait Counterparty: Send + Sync + 'static {
    /// The body of `POST /sandbox/seed`.
    type Seed: DeserializeOwned + Send;
    /// Its books.
    type Books: Send;
    /// What it may owe for later.
    type Due: Send;

    /// What it is.
    fn house(&self) -> &House<Self::Books, Self::Due>;

    /// Adds what the seed names, all or nothing; returns how many things.
    fn seed(&self, seed: Self::Seed) -> Result<usize, Refused>;
    /// The totals, integers in fen.
    fn books(&self) -> Value;
    /// The history as CSV.
    fn books_csv(&self) -> Result<Vec<u8>, csv::Error>;
    /// Does something that was scheduled for later.
    fn run(&self, floor: &mut FloorOf<Self>, due: Self::Due);

    /// Whether a flush leaves this its time, because it is owed to nobody.
    fn keeps_its_time(_due: &Self::Due) -> bool {
        false
    }

    /// The floor; a panic of another call leaves it usable, since the totals show whether the books still agree.
    fn floor(&self) -> MutexGuard<'_, FloorOf<Self>> {
        self.house().floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Schedules something.
    fn later(&self, floor: &mut FloorOf<Self>, delay: Duration, due: Self::Due) {
        floor.desk.agenda.put(delay, due);
        self.house().scheduled.notify_one();
    }

    /// Works on the fault plan.
    fn with_mischief<R>(&self, work: impl FnOnce(&mut Mischief) -> R) -> R {
        work(&mut self.floor().desk.mischief)
    }

    /// Runs what is scheduled for later now; returns how many things.
    fn flush(&self) -> usize {
        let mut floor = self.floor();
        let mut flushed = floor.desk.reveal_all();
        while let Some(due) = floor.desk.agenda.take_early(|due| !Self::keeps_its_time(due)) {
            self.run(&mut floor, due);
            flushed += 1;
        }
        flushed
    }

    /// Runs what is due; returns when the next thing is.
    fn run_due(&self) -> Option<Instant> {
        let mut floor = self.floor();
        while let Some(due) = floor.desk.agenda.take_due(Instant::now()) {
            self.run(&mut floor, due);
        }
        floor.desk.agenda.next_due()
    }
}

/// Serves a partner until its listener fails or the future is dropped, which also ends its background work.
pub(crate) async fn host<C: Counterparty>(
    partner: Arc<C>,
    interface: Router<Arc<C>>,
    (callbacks, authorization): Callbacks,
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
        let scheduled = partner.house().scheduled.notified();
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
    Slow(Duration),
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
        return Answer::Never(Duration::from_millis(mischief.config().hang_ms));
    }
    Answer::refusal(Refused::server_error())
}

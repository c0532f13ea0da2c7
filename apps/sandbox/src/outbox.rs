//! Callbacks: pushed at least once, given up after a few tries, since the statement still has everything.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

/// Callbacks that may wait; more are dropped.
const WAITING_MAX: usize = 65_536;
/// Callbacks under way at a time.
const FLYING_MAX: usize = 64;
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const TRY_TIMEOUT: Duration = Duration::from_secs(2);

/// One callback to one address.
#[derive(Debug)]
pub(crate) struct Callback {
    url: Arc<str>,
    body: Arc<Value>,
}

/// Where callbacks are put; never waits.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Callback>,
}

/// Where callbacks are taken from.
pub(crate) type Waiting = mpsc::Receiver<Callback>;

impl Outbox {
    /// An outbox and the queue behind it.
    pub fn new() -> (Self, Waiting) {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        (Outbox { queue }, waiting)
    }

    /// Puts one body in for every address.
    pub fn post(&self, urls: &[Arc<str>], body: Value) {
        let body = Arc::new(body);
        for url in urls {
            let callback = Callback { url: url.clone(), body: body.clone() };
            if self.queue.try_send(callback).is_err() {
                tracing::warn!(%url, "callback dropped: too many are waiting");
            }
        }
    }
}

/// Sends what waits, until the outbox is gone.
pub(crate) async fn deliver(mut waiting: Waiting, authorization: Option<String>) {
    // Callbacks go where the test listens: a proxy of the environment has no business there.
    let client = reqwest::Client::builder().no_proxy().timeout(TRY_TIMEOUT).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "cannot send callbacks");
            return;
        }
    };
    let slots = Arc::new(Semaphore::new(FLYING_MAX));
    while let Some(callback) = waiting.recv().await {
        let Ok(slot) = slots.clone().acquire_owned().await else {
            return;
        };
        let (client, authorization) = (client.clone(), authorization.clone());
        tokio::spawn(async move {
            push(&client, &callback, authorization.as_deref()).await;
            drop(slot);
        });
    }
}

async fn push(client: &reqwest::Client, callback: &Callback, authorization: Option<&str>) {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=TRIES {
        let mut request = client.post(&*callback.url).json(&*callback.body);
        if let Some(authorization) = authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization);
        }
        let sent = request.send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return,
            Err(error) => tracing::debug!(%error, attempt, "callback not accepted"),
        }
        if attempt < TRIES {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
    tracing::warn!(url = %callback.url, "callback given up");
}

//! Nothing that this crate logs or shows carries the number or card of a request.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use partners::Collected;
use sandbox::FaultKind;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::stage::{CARD, Kind, MSISDN, NOW, Stage};

/// Keeps everything that is logged, at any level, by any crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut log = self.0.lock().expect("not poisoned");
        writeln!(log, "{field}={value:?}").expect("writes");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[tokio::test]
async fn no_account_is_logged_or_shown() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let mut shown = String::new();
    for kind in Kind::ALL {
        for fault in [FaultKind::DuplicateCallback, FaultKind::AppliedTimeout, FaultKind::Contradictory] {
            let stage = Stage::struck(kind, fault).await;
            let request = stage.request(1);
            let told = (stage.gateway.call(&request).await, stage.gateway.inquire(&request).await);
            let page = stage.gateway.statement(0).await;
            stage.stop().await;
            let gone = (stage.gateway.call(&request).await, stage.gateway.statement(0).await);
            writeln!(shown, "{request:?} {told:?} {page:?} {gone:?}").expect("writes");
        }
    }
    let logged = log.0.lock().expect("not poisoned").clone();
    assert!(logged.contains("partner gave no answer"), "the log is listened to: {logged}");
    for text in [shown, logged] {
        assert!(!text.contains(MSISDN) && !text.contains(CARD), "{text}");
    }
}

#[tokio::test]
async fn no_code_of_a_voucher_is_logged_or_shown() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let stage = Stage::open(Kind::Issuer).await;
    let request = stage.request(1);
    stage.call_done(&request).await;
    let collected = stage.gateway.collect(request.call, NOW).await;
    let mut shown = format!("{collected:?} {:?}", stage.gateway.inquire(&request).await);
    write!(shown, "{:?}", stage.gateway.statement(0).await).expect("writes");
    stage.stop().await;
    write!(shown, "{:?}", stage.gateway.collect(request.call, NOW).await).expect("writes");
    let Collected::Code(code) = collected else { panic!("{collected:?}") };
    let logged = log.0.lock().expect("not poisoned").clone();
    assert!(logged.contains("partner gave no answer"), "the log is listened to: {logged}");
    for text in [shown, logged] {
        assert!(!text.contains(code.expose()) && !text.contains(MSISDN), "{text}");
    }
}

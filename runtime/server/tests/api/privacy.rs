//! No personal data in answers, metrics or logs.

use crate::batches::{HEADER, done, results, row_of, send};
use crate::support::{Person, Stage, direct};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Where logs go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_in_answers_metrics_or_logs() {
    let log = Log::default();
    let sink = log.clone();
    let logs = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || sink.clone());
    // Another test of the same process may have been first; then its logs are looked through.
    let _ = tracing::subscriber::set_global_default(logs.finish());
    let stage = Stage::start().await;
    let person = Person::adult(77);
    let subscriber = stage.register(&person, 100_000).await;
    let id = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    stage
        .post("/v1/subscribers", &[])
        .key("again")
        .json(&person.body(1))
        .reply()
        .await
        .refused(409, "subscriber_exists");
    let wrong = format!("{{\"{}\": \"{}\"}}", person.id_number, person.name);
    let wrong = stage.post("/v1/subscribers", &[]).key("wrong").text("application/json", wrong).reply().await;
    let who = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.field("person");
    let file = format!("{HEADER}{}", row_of("a", &person, 10_000));
    let batch = send(&stage, "file", "text/csv", &file).await.ok(202).field("id");
    done(&stage, &batch).await;
    let broken = format!("{HEADER}{}", "x".repeat(70_000) + &person.msisdn);
    let told = [
        wrong,
        send(&stage, "broken", "text/csv", &format!("{},{}", person.id_number, person.msisdn)).await,
        send(&stage, "long", "text/csv", &broken).await,
        stage.get("/v1/batches/{id}", &[&batch]).reply().await,
        results(&stage, &batch, "text/csv").await,
        stage.get("/v1/persons/{id}", &[&who]).reply().await,
        stage
            .get("/v1/persons/{id}/export", &[&person.id_number])
            .query(&[("purpose", "subject_export")])
            .reply()
            .await,
        stage.get("/v1/subscribers/{id}", &[&person.msisdn]).reply().await,
        stage.get("/v1/limits/{person}", &[&who]).reply().await,
        stage.get("/v1/subscribers/{id}/holdings", &[&subscriber]).reply().await,
        stage.post("/v1/quotes", &[]).key("quote").json(&direct(&person.msisdn, 1_000)).reply().await,
        stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await,
        stage.get("/v1/orders/{id}", &[&id]).reply().await,
        stage.get("/v1/orders/{id}/timeline", &[&id]).reply().await,
        stage.get("/v1/orders", &[]).reply().await,
        stage.get("/v1/ledger/accounts", &[]).reply().await,
        stage.get("/metrics", &[]).reply().await,
    ];
    let logged = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let texts = told.map(|reply| reply.text());
    for secret in person.secrets() {
        assert!(texts.iter().all(|text| !text.contains(secret)));
        // What the test's own client logs while it sends is not ours.
        let ours = String::from_utf8_lossy(&logged).lines().all(|line| is_of_client(line) || !line.contains(secret));
        assert!(ours, "logged");
    }
    assert!(!logged.is_empty());
}

fn is_of_client(line: &str) -> bool {
    line.contains(" reqwest::") || line.contains(" hyper_util::client")
}

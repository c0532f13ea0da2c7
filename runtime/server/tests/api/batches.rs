//! Order files over HTTP: taken in whole, answered row by row, once.

use crate::support::client::Reply;
use crate::support::{Person, Stage, StageOptions, direct};
use serde_json::{Value, json};
use server::Bounds;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub const HEADER: &str = "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\n";
const RESULTS_HEADER: &str = "request_id,outcome,code,fee_fen,payout,arrives_on\n";
/// An hour before the stage's morning, a working day.
const AT: &str = "2026-03-03T09:00:00+08:00";

pub async fn send(stage: &Stage, key: &str, kind: &str, file: &str) -> Reply {
    stage.post("/v1/batches", &[]).key(key).text(kind, file.to_owned()).reply().await
}

/// Looks at a batch until it is done.
pub async fn done(stage: &Stage, id: &str) -> Value {
    for _ in 0..2_000 {
        let batch = stage.get("/v1/batches/{id}", &[id]).reply().await.ok(200).json();
        if batch["state"] == "done" {
            return batch;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is not done");
}

pub async fn results(stage: &Stage, id: &str, accept: &str) -> Reply {
    stage.get("/v1/batches/{id}/results", &[id]).header("Accept", accept).reply().await.ok(200)
}

fn row(id: &str, person: &Person, product: &str, amount: u64, instrument: &str, target: &str) -> String {
    format!("{id},{AT},44,{},{},{product},{amount},{instrument},{target}\n", person.id_number, person.msisdn)
}

pub fn row_of(id: &str, person: &Person, amount: u64) -> String {
    row(id, person, "direct", amount, &person.card, "")
}

/// What is left below the node's `batches`.
fn kept(stage: &Stage) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(stage.node.dir().join("batches")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

pub async fn orders(stage: &Stage) -> usize {
    stage.node.read(|state| state.orders().count()).await.expect("the node runs").0
}

/// Rows of every kind, and what they are told.
fn every_kind(one: &Person, other: &Person, nobody: &Person) -> (String, String) {
    let rows = [
        (row_of("a", one, 10_000), "a,accepted,,400,9600,2026-03-04"),
        (row_of("a", one, 10_000), "a,duplicate,,400,9600,2026-03-04"),
        (row_of("a", one, 10_001), "a,refused,idempotency_conflict,,,"),
        (row_of("b", one, 999), "b,refused,amount_too_small,,,"),
        (row_of("b", one, 999), "b,duplicate,amount_too_small,,,"),
        (row_of("c", nobody, 10_000), "c,refused,not_the_holder,,,"),
        (
            row_of("d", &Person { id_number: other.id_number.clone(), ..one.clone() }, 10_000),
            "d,refused,not_the_holder,,,",
        ),
        (row("e", one, "direct", 10_000, &other.card, ""), "e,refused,instrument_not_own,,,"),
        (row("f", one, "gift", 10_000, "", &other.msisdn), "f,accepted,,100,10000,2026-03-03"),
        (row("g", one, "gift", 10_000, "", &one.msisdn), "g,refused,receiver_not_eligible,,,"),
        (row("h", one, "refund", 10_000, "paid:x;to:x", ""), "h,refused,recharge_unknown,,,"),
        (row("i", one, "points", 10_000, "cc_1", ""), "i,refused,instrument_not_own,,,"),
        (row("j", one, "voucher", 10_000, "", ""), "j,refused,malformed_request,,,"),
        (row_of("k", one, 10_000).replace(AT, "2026-03-04T09:00:00+08:00"), "k,refused,malformed_request,,,"),
        (row_of("l", one, 10_000).replace("2026-03-03", "2026-02-28"), "l,accepted,,400,9600,2026-03-02"),
        (row_of("m", other, 5_000), "m,accepted,,200,4800,2026-03-04"),
        (row_of("n", other, 5_000_000), "n,refused,amount_too_large,,,"),
    ];
    let file = rows.iter().fold(HEADER.to_owned(), |file, (row, _)| file + row);
    let told = rows.iter().fold(RESULTS_HEADER.to_owned(), |told, (_, result)| told + result + "\n");
    (file, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_answered_row_by_row_in_its_order() {
    let stage = Stage::start().await;
    let (one, other, nobody) = (Person::adult(1), Person::adult(2), Person::adult(3));
    for person in [&one, &other] {
        stage.register(person, 100_000).await;
    }
    let (file, told) = every_kind(&one, &other, &nobody);
    let file = format!("\u{feff}{}broken\"row,1\n\n", file.replace('\n', "\r\n"));
    let told = format!("{told},refused,malformed_request,,,\n");
    let received = send(&stage, "one", "text/csv; charset=utf-8", &file).await.ok(202);
    let id = received.field("id");
    assert!(id.starts_with("bat_") && received.field("state") == "received");
    assert_eq!(received.header("location"), Some(format!("/v1/batches/{id}").as_str()));
    let batch = done(&stage, &id).await;
    for (field, count) in
        [("rows_read", 18), ("rows_answered", 18), ("accepted", 4), ("duplicates", 2), ("refused", 12)]
    {
        assert_eq!(batch[field], count, "{field}: {batch}");
    }
    assert_eq!(batch["refused_by_code"]["malformed_request"], 3);
    assert_eq!(batch["input_bytes"], file.len());
    assert_eq!(batch["policy"], stage.get("/v1/policies", &[]).reply().await.ok(200).json()["in_force"]);
    assert!(batch["started_at"].is_string() && batch["ended_at"].is_string());

    let csv = results(&stage, &id, "*/*").await;
    assert_eq!((csv.header("content-type"), csv.text()), (Some("text/csv; charset=utf-8"), told.clone()));
    let lines = results(&stage, &id, "application/x-ndjson").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[0]["payout"], &lines[3]["code"]), (18, &json!(9_600), &json!("amount_too_small")));

    stage.finish().await;
    let position = stage.node.durable().to_string();
    let settled = stage.get("/v1/orders", &[]).query(&[("state", "settled"), ("min_position", &position)]);
    assert_eq!(settled.reply().await.ok(200).json()["orders"].as_array().map(Vec::len), Some(4));
    let metrics = stage.get("/metrics", &[]).reply().await.ok(200).text();
    for line in ["tongbao_batches{state=\"done\"} 1", "tongbao_batch_rows_total{outcome=\"refused\"} 12"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    stage.get("/v1/batches/{id}", &["bat_00000000000000000000000000"]).reply().await.refused(404, "batch_unknown");
    stage.get("/v1/batches/{id}/results", &["nothing"]).reply().await.refused(404, "batch_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_json_are_answered_as_rows_of_csv() {
    let stage = Stage::start().await;
    let (one, other, nobody) = (Person::adult(1), Person::adult(2), Person::adult(3));
    for person in [&one, &other] {
        stage.register(person, 100_000).await;
    }
    let (file, told) = every_kind(&one, &other, &nobody);
    let names: Vec<&str> = HEADER.trim_end().split(',').collect();
    let object = |line: &str| {
        let members = names.iter().zip(line.split(',')).map(|(name, value)| ((*name).to_owned(), json!(value)));
        Value::Object(members.collect()).to_string() + "\n"
    };
    let lines: String = file.lines().skip(1).map(object).collect();
    let file = lines + "{\"request_id\":\"x\",\"colour\":\"red\"}\n[]\n";
    let id = send(&stage, "one", "application/x-ndjson", &file).await.ok(202).field("id");
    done(&stage, &id).await;
    let told = told + "x,refused,malformed_request,,,\n,refused,malformed_request,,,\n";
    assert_eq!(results(&stage, &id, "text/csv").await.text(), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sends_one_file_and_a_file_is_run_once() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let file = HEADER.to_owned() + &row_of("a", &person, 10_000);
    let unkeyed = stage.post("/v1/batches", &[]).text("text/csv", file.clone()).reply().await;
    unkeyed.refused(400, "idempotency_key_missing");
    let first = send(&stage, "one", "text/csv", &file).await.ok(202);
    let id = first.field("id");
    done(&stage, &id).await;
    let stage = stage.restart().await;
    let again = send(&stage, "one", "text/csv", &file).await.ok(202);
    assert!(again.replayed() && !first.replayed());
    assert_eq!((again.bytes, again.headers.get("location")), (first.bytes, first.headers.get("location")));
    let other = file.replace(",10000,", ",10001,");
    send(&stage, "one", "text/csv", &other).await.refused(422, "idempotency_conflict");
    // The same file under another key is the same batch, and that key is used up by it.
    let same = send(&stage, "two", "text/csv", &file).await.ok(202);
    assert_eq!((same.field("id"), same.replayed()), (id.clone(), false));
    send(&stage, "two", "text/csv", &other).await.refused(422, "idempotency_conflict");
    assert_eq!((orders(&stage).await, kept(&stage).len()), (1, 1));
    // Another client's file is another file.
    let theirs = stage.post("/v1/batches", &[]).key("one").by(stage.key_of("li")).text("text/csv", file.clone());
    let theirs = theirs.reply().await.ok(202).field("id");
    done(&stage, &theirs).await;
    assert_eq!(orders(&stage).await, 2);

    let list = |query: Vec<(&'static str, String)>| {
        let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        stage.get("/v1/batches", &[]).query(&pairs).reply()
    };
    let page = list(vec![("limit", "1".to_owned())]).await.ok(200).json();
    assert_eq!((&page["batches"][0]["id"], &page["next"]), (&json!(theirs), &json!(theirs)));
    let page = list(vec![("limit", "1".to_owned()), ("after", theirs)]).await.ok(200).json();
    assert_eq!((&page["batches"][0]["id"], &page["next"]), (&json!(id), &Value::Null));
    list(vec![("limit", "0".to_owned())]).await.refused(400, "malformed_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_rejected_leaves_nothing() {
    let bounds = Bounds { batch_bytes: 200_000, ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let fine = HEADER.to_owned() + &row_of("a", &person, 10_000);
    let long = format!("{fine}{}\n", "x".repeat(70_000));
    for (file, named) in [
        (String::new(), "line 1, column 1"),
        (fine.replacen("amount", "amounts", 1), "line 1, column 7"),
        (fine.replacen(",target", "", 1), "line 1, column 9 `target`"),
        (long, "line 3, column 1"),
    ] {
        let problem = send(&stage, "one", "text/csv", &file).await.refused(422, "order_file_rejected");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with(named)), "{named}: {problem}");
    }
    send(&stage, "one", "application/json", "{}").await.refused(415, "order_file_type_unsupported");
    let large = fine.clone() + &"x\n".repeat(100_000);
    send(&stage, "one", "text/csv", &large).await.refused(413, "order_file_too_large");
    assert_eq!((orders(&stage).await, kept(&stage).len()), (0, 0));
    // None of them used the key up.
    let id = send(&stage, "one", "text/csv", &fine).await.ok(202).field("id");
    assert_eq!(done(&stage, &id).await["accepted"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_slow_or_breaks_off_leaves_nothing() {
    let bounds = Bounds { body_time: Duration::from_millis(200), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {}\r\nIdempotency-Key: one\r\n\
         Content-Type: text/csv\r\nContent-Length: 5000\r\n\r\n",
        stage.key_of("house")
    );
    let mut slow = tokio::net::TcpStream::connect(stage.address).await.expect("connected");
    slow.write_all(format!("{head}{HEADER}").as_bytes()).await.expect("sent");
    let mut said = String::new();
    slow.read_to_string(&mut said).await.expect("an answer");
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("body_too_slow"), "{said}");

    let mut broken = tokio::net::TcpStream::connect(stage.address).await.expect("connected");
    broken.write_all(format!("{head}{HEADER}").as_bytes()).await.expect("sent");
    drop(broken);
    for _ in 0..400 {
        if kept(&stage).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(kept(&stage), Vec::<PathBuf>::new());
    // What a kill left of an upload goes at the next start.
    std::fs::create_dir_all(stage.node.dir().join("batches/bat_00000000000000000000000000.new")).expect("made");
    let stage = stage.restart().await;
    assert_eq!(kept(&stage), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_started_again_goes_on_and_doubles_nothing() {
    const ROWS: usize = 4_000;
    let mut stage = Stage::start().await;
    let people: Vec<Person> = (1..=40).map(Person::adult).collect();
    for person in &people {
        stage.register(person, 200_000).await;
    }
    let rows = (0..ROWS).map(|row| {
        // Every tenth repeats the row before it, every seventh asks for too little.
        let (sent, amount) = (row - usize::from(row % 10 == 9), if row % 7 == 3 { 1 } else { 1_000 });
        let amount = if row % 10 == 9 && (row - 1) % 7 == 3 {
            1
        } else if row % 10 == 9 {
            1_000
        } else {
            amount
        };
        row_of(&format!("r{sent}"), &people[sent % people.len()], amount)
    });
    let file = rows.fold(HEADER.to_owned(), |file, row| file + &row);
    let id = send(&stage, "one", "text/csv", &file).await.ok(202).field("id");
    let mut stops = 0;
    for _ in 0..3 {
        let batch = stage.get("/v1/batches/{id}", &[&id]).reply().await.ok(200).json();
        stops += u32::from(batch["state"] != "done");
        stage.node.stop();
        stage.node.wait_stopped().await;
        stage = stage.again().await;
    }
    assert!(stops >= 1, "it was done before it could be stopped");
    let batch = done(&stage, &id).await;
    assert_eq!((&batch["rows_answered"], &batch["duplicates"]), (&json!(ROWS), &json!(ROWS / 10)));
    let told = results(&stage, &id, "text/csv").await.text();
    let accepted = told.lines().filter(|line| line.contains(",accepted,")).count();
    assert_eq!((json!(accepted), told.lines().count()), (batch["accepted"].clone(), ROWS + 1));
    for (place, line) in told.lines().skip(1).enumerate() {
        let sent = place - usize::from(place % 10 == 9);
        let outcome = if place % 10 == 9 {
            "duplicate"
        } else if sent % 7 == 3 {
            "refused"
        } else {
            "accepted"
        };
        assert!(line.starts_with(&format!("r{sent},{outcome},")), "row {place}: {line}");
    }
    assert_eq!(orders(&stage).await, ROWS - ROWS / 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_orders_are_answered_beside_a_long_file() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 50_000_000).await;
    let file = (0..20_000).fold(HEADER.to_owned(), |file, row| file + &row_of(&format!("r{row}"), &person, 1));
    let id = send(&stage, "one", "text/csv", &file).await.ok(202).field("id");
    for order in 0..20 {
        stage.place(&format!("live-{order}"), &direct(&subscriber, 1_000)).await.ok(201);
    }
    let batch = stage.get("/v1/batches/{id}", &[&id]).reply().await.ok(200).json();
    assert!(batch["rows_answered"].as_u64() < Some(20_000), "the file was faster: {batch}");
    assert_eq!(done(&stage, &id).await["refused_by_code"]["amount_too_small"], 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_orders_left_memory_keep_their_answers() {
    const ROWS: u64 = 12_000;
    let stage = Stage::start().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let row = |row: u64| row_of(&format!("r{}", row % ROWS), &person, 1);
    let file = (0..=ROWS).fold(HEADER.to_owned(), |file, place| file + &row(place));
    let id = send(&stage, "one", "text/csv", &file).await.ok(202).field("id");
    let reach = async |rows: u64| {
        let answered =
            async || stage.get("/v1/batches/{id}", &[&id]).reply().await.ok(200).json()["rows_answered"].as_u64();
        while answered().await < Some(rows) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    reach(ROWS / 12).await;
    stage.node.clock().advance_to(stage.node.clock().now().plus(3_600_000));
    reach(ROWS / 6).await;
    // Answered from the first row again, of which nothing is in memory.
    stage.node.stop();
    stage.node.wait_stopped().await;
    let stage = stage.again().await;
    let batch = done(&stage, &id).await;
    assert_eq!((&batch["refused"], &batch["duplicates"]), (&json!(ROWS), &json!(1)));
    assert!(orders(&stage).await < ROWS as usize, "none left");
    let told = results(&stage, &id, "text/csv").await.text();
    assert!(told.lines().skip(1).take(ROWS as usize).all(|line| line.ends_with(",refused,amount_too_small,,,")));
    assert_eq!(told.lines().last(), Some("r0,duplicate,amount_too_small,,,"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_in_a_file_is_found_on_the_disk() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let file = HEADER.to_owned() + &row_of("a", &person, 10_000);
    let id = send(&stage, "one", "text/csv", &file).await.ok(202).field("id");
    done(&stage, &id).await;
    let dir = stage.node.dir().join("batches").join(&id);
    let names = ["batch", "orders", "results"];
    let mut found: Vec<_> = std::fs::read_dir(&dir).expect("a directory").flatten().map(|file| file.path()).collect();
    found.sort();
    assert_eq!(found, names.map(|name| dir.join(name)));
    for path in found {
        let bytes = std::fs::read(&path).expect("bytes");
        for secret in person.secrets() {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
    }
}

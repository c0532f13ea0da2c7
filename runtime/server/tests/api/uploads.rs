//! Order files that are none, whatever their sender calls them; and results that a spreadsheet runs nothing of.

use crate::support::Stage;
use serde_json::json;
use std::time::Duration;

const HEADER: &str = "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_refused_by_its_first_bytes() {
    let stage = Stage::start().await;
    for (number, (bytes, found)) in [
        (&b"PK\x03\x04\x14\0\x06\0rest"[..], "ZIP"),
        (b"%PDF-1.7\nrest", "PDF"),
        (b"\x7fELF\x02\x01\x01\0", "executable"),
        (b"MZ\x90\0\x03\0", "executable"),
        (b"\xff\xfer\0e\0q\0u\0", "UTF-16"),
        (b"r\0e\0q\0u\0e\0s\0t\0", "UTF-16"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>", "XML"),
        (b"\x1f\x8b\x08\0\0", "gzip"),
        (b"#!/bin/sh\nrm -rf /", "script"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document"),
    ]
    .into_iter()
    .enumerate()
    {
        for kind in ["text/csv", "application/x-ndjson"] {
            let key = format!("file-{number}-{}", kind.len());
            let reply = stage.post("/v1/batches", &[]).key(&key).text(kind, bytes.to_vec()).reply().await;
            let problem = reply.refused(415, "order_file_not_text");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(found)), "{problem}");
        }
    }
    let list = stage.get("/v1/batches", &[]).reply().await.ok(200).json();
    assert_eq!(list["batches"], json!([]), "nothing of it stays");
    let kept = stage.dir().join("batches");
    let left = std::fs::read_dir(kept).map(|files| files.count()).unwrap_or_default();
    assert_eq!(left, 0, "nor on the disk");
    let announced = stage.post("/v1/batches", &[]).key("zip").text("application/zip", "PK").reply().await;
    announced.refused(415, "order_file_type_unsupported");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_repeat_ids_for_programmes_and_disarm_them_for_people() {
    let stage = Stage::start().await;
    let ids = ["=1+1", "@SUM(A1)", "+1", "-1", "\"=cmd|' /C calc'!A0,x\"", "plain"];
    let rows: String =
        ids.map(|id| format!("{id},2026-03-03T10:00:00+08:00,44,x,13300041000,direct,1000,,\n")).concat();
    let sent = stage.post("/v1/batches", &[]).key("one").text("text/csv", format!("{HEADER}{rows}")).reply().await;
    let id = sent.ok(202).field("id");
    for _ in 0..500 {
        let batch = stage.get("/v1/batches/{id}", &[&id]).reply().await.ok(200).json();
        if batch["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let results = |query: &[(&str, &str)]| stage.get("/v1/batches/{id}/results", &[&id]).query(query);
    let contract = results(&[]).reply().await.ok(200);
    assert_eq!(contract.header("content-disposition"), Some("attachment"));
    for (line, id) in contract.text().lines().skip(1).zip(ids) {
        assert!(line.starts_with(&format!("{id},refused,")), "byte for byte: {line}");
    }
    let people = results(&[("for", "spreadsheet")]).reply().await.ok(200).text();
    let first: Vec<&str> = people.lines().skip(1).map(|line| line.split(",refused,").next().expect("a cell")).collect();
    assert_eq!(first, ["'=1+1", "'@SUM(A1)", "'+1", "'-1", "\"'=cmd|' /C calc'!A0,x\"", "plain"]);
    results(&[("for", "nobody")]).reply().await.refused(400, "malformed_request");
    let rows = results(&[("for", "spreadsheet")]).header("Accept", "application/x-ndjson");
    rows.reply().await.refused(400, "malformed_request");
}

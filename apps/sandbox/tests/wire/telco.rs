//! A telco without faults.

use reqwest::Method;
use sandbox::{Profile, TelcoConfig};
use serde_json::json;

use crate::stage::{BASE, Ear, MSISDN, Stage, amount, create, reply, text};

async fn calm() -> Stage {
    Stage::telco(TelcoConfig::named("CTCC")).await
}

#[tokio::test]
async fn a_captured_reservation_is_taken_once_and_for_good() {
    let stage = calm().await;
    let reserved = stage.reserve("R1", "100.00").await;
    assert_eq!((reserved.status, text(&reserved.body["status"])), (201, "created".to_owned()));
    assert_eq!((stage.total("remaining").await, stage.total("reserved").await), (90_000, 10_000));
    let captured = stage.capture("rsv-1", "C1").await;
    assert_eq!((captured.status, text(&captured.body["status"])), (200, "completed".to_owned()));
    assert_eq!(text(&captured.body["amount"]["amount"]), "100.00");
    assert_eq!((stage.total("reserved").await, stage.total("taken_total").await), (0, 10_000));
    for again in [stage.capture("rsv-1", "C2").await, stage.release("rsv-1", "L1").await] {
        assert_eq!((again.status, text(&again.body["code"])), (409, "reservationNotHeld".to_owned()));
    }
    assert_eq!(stage.history("R1").await, [line("ReserveBalance", "completed", "-100.00")]);
    assert_eq!(stage.history("C1").await, [line("CaptureBalance", "completed", "-100.00")]);
    assert_eq!(stage.history("C2").await, [line("CaptureBalance", "failed", "-100.00")]);
    assert_eq!(stage.total("taken_total").await, 10_000);
}

#[tokio::test]
async fn a_released_reservation_is_given_back() {
    let stage = calm().await;
    stage.reserve("R1", "100").await;
    assert_eq!(stage.release("rsv-1", "L1").await.status, 204);
    assert_eq!((stage.total("remaining").await, stage.total("reserved").await), (100_000, 0));
    assert_eq!(stage.history("L1").await, [line("ReleaseBalance", "completed", "100.00")]);
    assert_eq!(text(&stage.ask("/reserveBalance/rsv-1").await["status"]), "cancelled");
}

#[tokio::test]
async fn a_capture_of_less_gives_the_rest_back_and_of_more_is_refused() {
    let stage = calm().await;
    stage.reserve("R1", "100").await;
    let path = format!("{BASE}/reserveBalance/rsv-1");
    let of = |yuan: &str| json!({"status": "completed", "reason": "x", "amount": amount(yuan)});
    assert_eq!(stage.send(Method::PATCH, &path, "C1", Some(of("100.01"))).await.status, 400);
    let captured = stage.send(Method::PATCH, &path, "C1", Some(of("30.5"))).await;
    assert_eq!((captured.status, text(&captured.body["amount"]["amount"])), (200, "30.50".to_owned()));
    assert_eq!((stage.total("remaining").await, stage.total("taken_total").await), (96_950, 3_050));
}

/// TMF654 has no idempotency key: a caller that repeats without asking pays for it.
#[tokio::test]
async fn the_same_post_twice_takes_twice() {
    let stage = calm().await;
    for _ in 0..2 {
        assert_eq!(stage.adjust("D1", "-100.00").await.status, 201);
        assert_eq!(stage.reserve("R1", "100.00").await.status, 201);
        assert_eq!(stage.post("/topupBalance", "T1", create("1.00")).await.status, 201);
    }
    assert_eq!(stage.total("taken_total").await, 20_000);
    assert_eq!(stage.total("reserved").await, 20_000);
    assert_eq!(stage.total("credited_total").await, 200);
    assert_eq!(stage.history("D1").await.len(), 2);
    assert_eq!(stage.ask("/adjustBalance?requestor.id=D1").await.as_array().expect("a list").len(), 2);
}

#[tokio::test]
async fn business_refusals_are_in_the_history_and_move_nothing() {
    let stage = calm().await;
    stage.seed(json!({"buckets": [{"msisdn": "13300000000", "remaining_fen": 500, "closed": true}]})).await;
    for (reference, refused) in
        [("R1", stage.reserve("R1", "1000.01").await), ("D1", stage.adjust("D1", "-1000.01").await)]
    {
        assert_eq!((refused.status, text(&refused.body["code"])), (409, "insufficientBalance".to_owned()));
        assert_eq!(stage.history(reference).await[0].1, "failed");
    }
    let closed = stage.post("/reserveBalance", "R2", crate::stage::create_for("13300000000", "1")).await;
    assert_eq!((closed.status, text(&closed.body["code"])), (409, "bucketClosed".to_owned()));
    assert_eq!(stage.total("remaining").await, 100_500);
    let items = stage.ask("/balanceActionHistory?status=failed").await;
    assert_eq!(items.as_array().expect("a list").len(), 3);
}

#[tokio::test]
async fn a_deduct_only_telco_cannot_reserve() {
    let config = TelcoConfig { profile: Profile::DeductOnly, ..TelcoConfig::named("CBN") };
    let stage = Stage::telco(config).await;
    let refused = stage.reserve("R1", "1").await;
    assert_eq!((refused.status, text(&refused.body["code"])), (405, "profileUnsupported".to_owned()));
    assert_eq!(stage.capture("rsv-1", "C1").await.status, 405);
    assert_eq!(stage.adjust("D1", "-1.00").await.status, 201);
    assert_eq!(stage.total("taken_total").await, 100);
}

#[tokio::test]
async fn the_statement_pages_by_sequence_and_filters_by_business_time() {
    let stage = calm().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (n, business_ms) in [(1, 1_000), (2, 5_000), (3, 3_000)] {
        let request = client
            .post(format!("{}{BASE}/adjustBalance", stage.url))
            .header("X-Correlation-ID", format!("D{n}"))
            .header("X-Business-Time-Ms", business_ms.to_string())
            .json(&create("-1.00"));
        let made = reply(request).await;
        assert_eq!(made.status, 201);
        assert_eq!(text(&made.body["confirmationDate"]), format!("1970-01-01T00:00:0{}.000Z", business_ms / 1_000));
    }
    let sequences = |items: &serde_json::Value| -> Vec<i64> {
        items.as_array().expect("a list").iter().map(|item| item["sequence"].as_i64().expect("a number")).collect()
    };
    let first = stage.ask("/balanceActionHistory?limit=2").await;
    assert_eq!(sequences(&first), [1, 2]);
    assert_eq!(sequences(&stage.ask("/balanceActionHistory?after=2&limit=2").await), [3]);
    assert_eq!(sequences(&stage.ask("/balanceActionHistory?after=3").await), [0i64; 0]);
    let range = "confirmationDate.gte=1970-01-01T00:00:03Z&confirmationDate.lt=1970-01-01T00:00:05Z";
    assert_eq!(sequences(&stage.ask(&format!("/balanceActionHistory?{range}")).await), [3]);
    assert_eq!(sequences(&stage.ask(&format!("/balanceActionHistory?bucket.id=bkt-{MSISDN}&after=1")).await), [2, 3]);
    assert_eq!(stage.ask("/balanceActionHistory/2").await["requestor"]["id"], "D2");
    let refused = stage.send(Method::GET, &format!("{BASE}/balanceActionHistory?limit=x"), "", None).await;
    assert_eq!((refused.status, text(&refused.body["code"])), (400, "invalidQuery".to_owned()));
}

#[tokio::test]
async fn a_reservation_expires_only_where_that_is_configured() {
    let ear = Ear::open(0).await;
    let config =
        TelcoConfig { reserve_validity_ms: Some(1), callback_url: Some(ear.url.clone()), ..TelcoConfig::named("CTCC") };
    let stage = Stage::telco(config).await;
    stage.reserve("R1", "10").await;
    let event = ear.hear().await;
    assert_eq!(event["event"]["reserveBalance"]["description"], "expired");
    assert_eq!((stage.total("reserved").await, stage.total("remaining").await), (0, 100_000));
}

#[tokio::test]
async fn amounts_on_the_wire_are_exact_or_refused() {
    let stage = calm().await;
    for (yuan, expected, code) in [
        ("0.01", 201, ""),
        ("100.5", 201, ""),
        ("1e2", 400, "invalidAmount"),
        ("0.001", 400, "invalidAmount"),
        ("0", 400, "invalidAmount"),
        ("-5.00", 400, "invalidAmount"),
        ("99999999999999", 400, "invalidAmount"),
        ("123456789012345678901234567890", 400, "invalidAmount"),
        ("\"1.00\"", 400, "invalidBody"),
    ] {
        let answered = stage.reserve("R1", yuan).await;
        assert_eq!((answered.status, answered.body["code"].as_str().unwrap_or("")), (expected, code), "{yuan}");
    }
    assert_eq!(stage.total("reserved").await, 10_051);
    assert_eq!(stage.adjust("D1", "-5.00").await.status, 201);
    assert_eq!(stage.total("taken_total").await, 500);
}

fn line(kind: &str, status: &str, amount: &str) -> (String, String, String) {
    (kind.to_owned(), status.to_owned(), amount.to_owned())
}

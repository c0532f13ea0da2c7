//! A points programme without faults.

use reqwest::Method;
use sandbox::ProgrammeConfig;
use serde_json::{Value, json};

use crate::stage::{CARD, Reply, Stage, text};

/// 2026-12-01 00:00 in Beijing.
const DECEMBER_MS: i64 = 1_796_054_400_000;
const DAY_MS: i64 = 86_400_000;

async fn calm() -> Stage {
    Stage::programme(ProgrammeConfig::named("BANK_POINTS")).await
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.body["code"]))
}

fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

/// A member with two lots; the first is dead on the first of December.
async fn with_lots() -> Stage {
    let stage = calm().await;
    let lots = json!([
        {"lot": "L1", "points": 300, "expires_on": "2027-06-01"},
        {"lot": "L2", "points": 100, "expires_on": "2026-12-01"},
    ]);
    stage.seed(json!({"members": [{"member": "m", "lots": lots}]})).await;
    stage
}

async fn lots(stage: &Stage) -> Vec<(String, i64)> {
    let balances = stage.get("/loyaltyBalance?loyaltyProgramMember.id=m").await;
    let line = |balance: &Value| (text(&balance["id"]), balance["quantity"]["amount"].as_i64().expect("points"));
    balances.as_array().expect("a list").iter().map(line).collect()
}

fn held(l2: i64, l1: i64) -> Vec<(String, i64)> {
    vec![("L2".to_owned(), l2), ("L1".to_owned(), l1)]
}

#[tokio::test]
async fn points_are_redeemed_once_however_often_it_is_asked_for() {
    let stage = calm().await;
    let first = stage.redeem("R1", CARD, 600).await;
    let expected = json!({
        "reference": "R1", "@type": "Redemption", "transaction": "BANK_POINTS-1", "status": "redeemed", "points": 600,
        "lots": [{"lot": "L1", "points": 600, "expires_on": "2099-01-01"}],
    });
    assert_eq!((first.status, &first.body), (201, &expected));
    assert_eq!(stage.redeem("R1", CARD, 600).await, first, "the same words as the first time");
    for (member, points) in [(CARD, 599), ("other", 600)] {
        assert_eq!(code(&stage.redeem("R1", member, points).await), refused("referenceInUse"));
    }
    assert_eq!(code(&stage.accrue("R1", CARD, 600).await), refused("referenceInUse"));
    assert_eq!((stage.total("redeemed_total").await, stage.total("caller").await), (600, 600));
    assert_eq!(stage.get("/redemptions/R1").await, first.body);
    assert_eq!(stage.points_status("/accruals/R1").await, "", "a redemption is no accrual");
}

#[tokio::test]
async fn what_expires_first_goes_first_and_what_is_not_covered_takes_nothing() {
    let stage = with_lots().await;
    let taken = stage.redeem_at("R1", "m", 150, DECEMBER_MS - 1).await;
    let used: Vec<_> = taken.body["lots"].as_array().expect("lots").iter().map(|lot| text(&lot["lot"])).collect();
    assert_eq!((used, lots(&stage).await), (vec!["L2".to_owned(), "L1".to_owned()], held(0, 250)));
    assert_eq!(code(&stage.redeem_at("R2", "m", 251, DECEMBER_MS - 1).await), refused("insufficientPoints"));
    assert_eq!(lots(&stage).await, held(0, 250), "all or nothing");
}

#[tokio::test]
async fn a_lot_is_dead_on_the_day_it_expires() {
    let stage = with_lots().await;
    assert_eq!(code(&stage.redeem_at("R1", "m", 301, DECEMBER_MS).await), refused("insufficientPoints"));
    assert_eq!(stage.redeem_at("R2", "m", 300, DECEMBER_MS).await.status, 201);
    assert_eq!(lots(&stage).await, held(100, 0));
    assert_eq!(stage.redeem_at("R3", "m", 100, DECEMBER_MS - 1).await.status, 201, "a day earlier it is alive");
    let ends: Vec<_> = ["L2", "L1"].into_iter().zip(["2026-12-01", "2027-06-01"]).collect();
    let balances = stage.get("/loyaltyBalance?loyaltyProgramMember.id=m").await;
    for (place, (lot, day)) in ends.into_iter().enumerate() {
        let end = json!(format!("{day}T00:00:00.000+08:00"));
        assert_eq!((&balances[place]["id"], &balances[place]["validFor"]["endDateTime"]), (&json!(lot), &end));
    }
}

#[tokio::test]
async fn a_reversal_gives_the_same_lots_back_with_their_days() {
    let stage = with_lots().await;
    stage.redeem_at("R1", "m", 150, DECEMBER_MS - 1).await;
    let back = stage.reverse("B1", "R1").await;
    let expected = json!({
        "reference": "B1", "@type": "Reversal", "redemption": "R1", "transaction": "BANK_POINTS-2",
        "status": "reversed", "points": 150,
        "lots": [
            {"lot": "L2", "points": 100, "expires_on": "2026-12-01"},
            {"lot": "L1", "points": 50, "expires_on": "2027-06-01"},
        ],
    });
    assert_eq!((back.status, &back.body), (201, &expected));
    assert_eq!(stage.reverse("B1", "R1").await, back, "and once");
    assert_eq!(lots(&stage).await, held(100, 300));
    assert_eq!(
        code(&stage.redeem_at("R2", "m", 301, DECEMBER_MS).await),
        refused("insufficientPoints"),
        "dead all the same"
    );
    for (reference, redemption, reason) in [
        ("B2", "R1", "alreadyReversed"),
        ("B3", "R2", "notRedeemed"),
        ("B4", "R9", "redemptionUnknown"),
        ("B5", "B1", "redemptionUnknown"),
    ] {
        for _ in 0..2 {
            assert_eq!(code(&stage.reverse(reference, redemption).await), refused(reason), "{reference}");
        }
        assert_eq!(stage.get(&format!("/reversals/{reference}")).await["reason"], reason);
    }
    assert_eq!(code(&stage.reverse("B1", "R2").await), refused("referenceInUse"));
    assert_eq!(stage.redeem("R1", "m", 150).await.body["status"], "reversed", "and it is not redeemed anew");
    assert_eq!((stage.total("reversed_total").await, stage.total("caller").await), (150, 0));
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn accrued_points_are_a_lot_of_their_own() {
    let stage = with_lots().await;
    let body = json!({"reference": "A1", "member": "m", "points": 70, "expires_on": "2026-12-02"});
    let accrued = stage.send_at("/accruals", body, DECEMBER_MS - DAY_MS).await;
    assert_eq!((accrued.status, &accrued.body["status"]), (201, &json!("accrued")));
    assert_eq!(accrued.body["lots"], json!([{"lot": "A1", "points": 70, "expires_on": "2026-12-02"}]));
    let own_term = json!({"reference": "A2", "member": "m", "points": 5});
    let own_term = stage.send_at("/accruals", own_term, DECEMBER_MS - 1).await;
    assert_eq!(own_term.body["lots"][0]["expires_on"], "2028-11-29", "two years after that day in Beijing");
    let late = json!({"reference": "A3", "member": "m", "points": 5, "expires_on": "2026-12-01"});
    assert_eq!(code(&stage.send_at("/accruals", late, DECEMBER_MS).await), refused("alreadyExpired"));
    let taken = stage.redeem_at("R1", "m", 71, DECEMBER_MS).await;
    assert_eq!((&taken.body["lots"][0]["lot"], &taken.body["lots"][1]["lot"]), (&json!("A1"), &json!("L1")));
    assert_eq!((stage.total("accrued_total").await, stage.total("caller").await), (75, -4));
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn refusals_are_kept_with_their_reason_and_not_on_the_statement() {
    let stage = calm().await;
    stage.seed(json!({"members": [{"member": "closed", "closed": true}]})).await;
    for (reference, member, points, reason) in [
        ("R1", "closed", 1, "memberClosed"),
        ("R2", "nobody", 1, "memberUnknown"),
        ("R3", CARD, 100_001, "insufficientPoints"),
    ] {
        for _ in 0..2 {
            assert_eq!(code(&stage.redeem(reference, member, points).await), refused(reason));
        }
        let told = stage.get(&format!("/redemptions/{reference}")).await;
        assert_eq!((&told["status"], &told["reason"]), (&json!("refused"), &json!(reason)));
    }
    assert_eq!(code(&stage.accrue("A1", "closed", 1).await), refused("memberClosed"));
    assert_eq!(stage.get("/statement").await["entries"], json!([]));
    assert_eq!((stage.total("refused").await, stage.total("imbalance").await), (4, 0));
    assert_eq!(stage.get("/loyaltyProgramMember/closed").await["status"], "closed");
}

#[tokio::test]
async fn the_statement_pages_by_sequence() {
    let stage = calm().await;
    stage.redeem("R1", CARD, 10).await;
    stage.accrue("A1", CARD, 20).await;
    stage.reverse("B1", "R1").await;
    let lines = |page: &Value| -> Vec<[String; 3]> {
        let line = |entry: &Value| [&entry["reference"], &entry["kind"], &entry["points"]].map(text);
        page["entries"].as_array().expect("a list").iter().map(line).collect()
    };
    let line = |texts: [&str; 3]| texts.map(str::to_owned);
    let first = stage.get("/statement?limit=2").await;
    assert_eq!(lines(&first), [line(["R1", "redeemed", "10"]), line(["A1", "accrued", "20"])]);
    let second = stage.get("/statement?after=2").await;
    assert_eq!(lines(&second), [line(["B1", "reversed", "10"])]);
    assert_eq!((&second["entries"][0]["transaction"], &second["next_after"]), (&json!("BANK_POINTS-3"), &json!(3)));
}

#[tokio::test]
async fn a_member_is_in_no_answer_about_a_transaction() {
    let stage = calm().await;
    let taken = stage.redeem("R1", CARD, 10).await;
    let back = stage.reverse("B1", "R1").await;
    for told in [taken.body, back.body, stage.get("/redemptions/R1").await, stage.get("/statement").await] {
        assert!(!told.to_string().contains(CARD), "{told}");
    }
}

#[tokio::test]
async fn malformed_transactions_are_refused_by_name() {
    let stage = calm().await;
    let redemption = json!({"reference": "R1", "member": CARD, "points": 1});
    let accrual = json!({"reference": "A1", "member": CARD, "points": 1, "expires_on": "2099-01-01"});
    for (path, good, key, value, expected) in [
        ("/redemptions", &redemption, "reference", json!(""), "invalidReference"),
        ("/redemptions", &redemption, "reference", json!("a b"), "invalidReference"),
        ("/redemptions", &redemption, "member", json!("a/b"), "invalidAccount"),
        ("/redemptions", &redemption, "points", json!(0), "invalidAmount"),
        ("/redemptions", &redemption, "points", json!(-1), "invalidAmount"),
        ("/redemptions", &redemption, "points", json!(1_000_000_000_001_i64), "invalidAmount"),
        ("/redemptions", &redemption, "points", json!(1.5), "invalidBody"),
        ("/redemptions", &redemption, "points", json!("1"), "invalidBody"),
        ("/redemptions", &redemption, "expires_on", json!("2099-01-01"), "invalidBody"),
        ("/accruals", &accrual, "expires_on", json!("2027-02-29"), "invalidDate"),
        ("/accruals", &accrual, "expires_on", json!("2027-1-01"), "invalidDate"),
        ("/accruals", &accrual, "expires_on", json!("soon"), "invalidDate"),
        ("/redemptions/R1/reversal", &json!({"reference": "B1"}), "reference", json!("B 1"), "invalidReference"),
        ("/redemptions/R1/reversal", &json!({"reference": "B1"}), "points", json!(1), "invalidBody"),
    ] {
        let mut body = good.clone();
        body[key] = value.clone();
        let refused = stage.send(Method::POST, path, "", Some(body)).await;
        assert_eq!(code(&refused), (400, expected.to_owned()), "{path} {key}={value}");
    }
    let counts = ["redemptions", "accruals", "reversals"];
    for name in counts {
        assert_eq!(stage.total(name).await, 0, "{name}");
    }
    assert_eq!(code(&stage.send(Method::GET, "/loyaltyBalance", "", None).await).1, "invalidQuery");
    assert_eq!(stage.send(Method::POST, "/redemptions", "", Some(redemption)).await.status, 201);
    assert_eq!(stage.send(Method::POST, "/accruals", "", Some(accrual)).await.status, 201);
}

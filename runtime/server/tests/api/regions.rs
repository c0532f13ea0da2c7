//! Three regions end to end, as far as they differ: what is offered, who looks first, and when the money comes.

use crate::support::{Person, Stage, direct, msisdn};
use serde_json::{Value, json};

/// Somebody with a China Telecom number of these segments.
fn at_home(segment: &str, serial: u32) -> Person {
    Person { msisdn: msisdn(segment, serial), ..Person::adult(serial) }
}

async fn settled(stage: &Stage, id: &str) -> Value {
    stage.finish().await;
    let order = stage.get("/v1/orders/{id}", &[id]).reply().await.ok(200).json();
    assert_eq!(order["state"], "settled", "{order}");
    order
}

fn of_product(subscriber: &str, product: &str, amount: u64, target: Option<&str>) -> Value {
    let mut body = direct(subscriber, amount);
    body["product"] = json!(product);
    if let Some(target) = target {
        body["target"] = json!(target);
    }
    body
}

/// The stage's clock stands on Tuesday, 3 March 2026; the next days are working days.
#[tokio::test(flavor = "multi_thread")]
async fn guangdong_pays_on_the_next_working_day_and_gives_across_provinces() {
    let stage = Stage::start().await;
    let giver = stage.register(&Person::adult(1), 1_000_000).await;
    let far = at_home("1330090", 2);
    stage.register(&far, 1).await;
    let placed = stage.place("one", &direct(&giver, 200_000)).await.ok(201);
    assert_eq!((placed.field("state").as_str(), placed.field("arrives_on").as_str()), ("created", "2026-03-04"));
    settled(&stage, &placed.field("id")).await;
    let gift = of_product(&giver, "gift", 10_000, Some(&far.msisdn));
    stage.post("/v1/quotes", &[]).json(&gift).reply().await.ok(200);
    let agent = of_product(&giver, "agent", 10_000, None);
    stage.post("/v1/quotes", &[]).json(&agent).reply().await.refused(422, "product_not_offered");
}

#[tokio::test(flavor = "multi_thread")]
async fn henan_reviews_large_orders_and_keeps_gifts_at_home() {
    let stage = Stage::start().await;
    let (person, near, far) = (at_home("1330090", 1), at_home("1330091", 2), Person::adult(3));
    let subscriber = stage.register(&person, 1_000_000).await;
    stage.register(&near, 1).await;
    stage.register(&far, 1).await;
    let small = stage.place("one", &direct(&subscriber, 199_999)).await.ok(201);
    assert_eq!((small.field("state").as_str(), small.field("arrives_on").as_str()), ("created", "2026-03-05"));
    settled(&stage, &small.field("id")).await;
    // A voucher of so much is reviewed as money is.
    let large = of_product(&subscriber, "voucher", 200_000, None);
    let id = stage.place("two", &large).await.ok(201).field("id");
    assert_eq!(stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).field("state"), "in_review");
    let approve = json!({"verdict": "approved", "reason": "documents compared"});
    let house = stage.key_of("house");
    stage.post("/v1/orders/{id}/review", &[&id]).by(house).json(&approve).reply().await.ok(200);
    settled(&stage, &id).await;
    let quote = |target: String| {
        stage.post("/v1/quotes", &[]).json(&of_product(&subscriber, "gift", 10_000, Some(&target))).reply()
    };
    quote(near.msisdn.clone()).await.ok(200);
    quote(far.msisdn.clone()).await.refused(422, "out_of_province");
    let agent = of_product(&subscriber, "agent", 10_000, None);
    stage.post("/v1/quotes", &[]).json(&agent).reply().await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tibet_pays_on_the_third_working_day_and_gives_nothing_away() {
    let stage = Stage::start().await;
    let (person, near) = (at_home("1330890", 1), at_home("1330891", 2));
    let subscriber = stage.register(&person, 1_000_000).await;
    stage.register(&near, 1).await;
    let placed = stage.place("one", &direct(&subscriber, 200_000)).await.ok(201);
    assert_eq!((placed.field("state").as_str(), placed.field("arrives_on").as_str()), ("created", "2026-03-06"));
    settled(&stage, &placed.field("id")).await;
    for product in ["gift", "agent"] {
        let asked = of_product(&subscriber, product, 10_000, (product == "gift").then_some(near.msisdn.as_str()));
        stage.post("/v1/quotes", &[]).json(&asked).reply().await.refused(422, "product_not_offered");
    }
}

//! Life, readiness and metrics.

use crate::support::{Stage, direct};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_runs_lives_and_is_ready() {
    let stage = Stage::start().await;
    stage.get("/livez", &[]).reply().await.ok(200);
    stage.get("/readyz", &[]).reply().await.ok(200);
    stage.distrust();
    let refused = stage.get("/readyz", &[]).reply().await.refused(503, "not_ready");
    assert!(refused["reasons"][0].as_str().is_some_and(|reason| reason.starts_with("the clock jumped")));
    stage.node.stop();
    stage.node.wait_stopped().await;
    let refused = stage.get("/readyz", &[]).reply().await.refused(503, "not_ready");
    assert_eq!(refused["reasons"].as_array().map(Vec::len), Some(2), "{refused}");
    stage.get("/livez", &[]).reply().await.ok(200);
    let metrics = stage.get("/metrics", &[]).reply().await.ok(200).text();
    assert!(metrics.contains("tongbao_node_running 0"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_orders_requests_and_replays() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    for _ in 0..3 {
        stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    }
    let declined = stage.place("two", &direct(&subscriber, 1)).await.ok(422);
    stage.finish().await;
    // What is durable now, the settlement included, and not only what was when the order was declined.
    let looked_at = stage.get("/v1/orders/{id}", &[&declined.field("order")]).reply().await.ok(200);
    let position = looked_at.position().to_string();
    stage.get("/v1/orders", &[]).query(&[("min_position", &position)]).reply().await.ok(200);
    let answer = stage.get("/metrics", &[]).reply().await.ok(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text")));
    let metrics = answer.text();
    for line in [
        "tongbao_orders{state=\"settled\"} 1",
        "tongbao_orders{state=\"declined\"} 1",
        "tongbao_http_requests_total{method=\"POST\",route=\"/v1/orders\",status=\"201\"} 3",
        "tongbao_http_requests_total{method=\"POST\",route=\"/v1/orders\",status=\"422\"} 1",
        "tongbao_http_replays_total{method=\"POST\",route=\"/v1/orders\"} 2",
        "tongbao_partner_window{partner=\"CTCC\"} 128",
        "tongbao_node_running 1",
        "tongbao_durable_sequence ",
        "tongbao_views_lag_records ",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(metrics.matches("# EOF").count(), 1);
    assert!(metrics.ends_with("# EOF\n"));
}

//! What every answer tells a browser, and that no other origin is let in.

use crate::support::{Reply, Stage, StageOptions};
use access::Settings;
use reqwest::Method;

#[track_caller]
fn protected(reply: &Reply) {
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    for name in reply.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_protected_whatever_it_is() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let asked = [
        (Method::GET, format!("/v1/subscribers/{subscriber}"), 200),
        (Method::GET, "/openapi.json".to_owned(), 200),
        (Method::GET, "/livez".to_owned(), 200),
        (Method::GET, "/no/such/route".to_owned(), 404),
        (Method::DELETE, "/v1/orders".to_owned(), 405),
        (Method::POST, "/v1/orders".to_owned(), 400),
    ];
    for (method, path, status) in asked {
        let reply = stage.request(method, &path).reply().await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        protected(&reply);
        // Over plain HTTP a browser must not be told to insist on TLS.
        assert_eq!(reply.header("strict-transport-security"), None);
    }
    protected(&stage.get("/v1/me", &[]).by("tb_test_0000000000000000_x").reply().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_origin_is_not_let_in() {
    let stage = Stage::start().await;
    let preflight = stage.request(Method::OPTIONS, "/v1/orders").by_nobody().header("Origin", "https://evil.example");
    let reply = preflight.header("Access-Control-Request-Method", "POST").reply().await;
    assert_eq!(reply.status, 405, "{}", reply.text());
    protected(&reply);
    let asked = stage.get("/v1/me", &[]).header("Origin", "https://evil.example").reply().await.ok(200);
    protected(&asked);
    let null = stage.get("/v1/me", &[]).header("Origin", "null").reply().await.ok(200);
    protected(&null);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_insist_on_tls_where_a_proxy_of_ours_speaks_it() {
    let mut settings = Settings::parse(Settings::SHIPPED).expect("the shipped settings");
    settings.usage.proxies = vec!["127.0.0.1".parse().expect("an address")];
    let stage = Stage::with(StageOptions { settings: Some(settings), ..StageOptions::default() }).await;
    let over = |scheme: &str| stage.get("/livez", &[]).header("X-Forwarded-Proto", scheme).reply();
    let told = over("https").await.ok(200);
    assert_eq!(told.header("strict-transport-security"), Some("max-age=63072000; includeSubDomains"));
    assert_eq!(over("http").await.ok(200).header("strict-transport-security"), None);
}

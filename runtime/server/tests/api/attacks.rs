//! Attempts to come in, to be somebody else, or to break something: each is refused, and nothing is done.

use crate::support::{Stage, direct};
use access::{ApiScope, ApiScopes, KeyMode, KeyTerms, SignedRequest, five_lines};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// A request as a partner signs it.
struct Signing<'a> {
    client: &'a str,
    secret: &'a [u8],
    nonce: &'a str,
    timestamp_s: u64,
}

impl Signing<'_> {
    fn header(&self, method: &str, target: &str, body: &str) -> String {
        let timestamp = self.timestamp_s.to_string();
        let lines = five_lines(&SignedRequest { method, target, body: body.as_bytes() }, &timestamp, self.nonce);
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret).expect("a key");
        mac.update(&lines);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        format!(
            "TONGBAO-HMAC-SHA256 client={},nonce={},timestamp={timestamp},serial=one,signature={signature}",
            self.client, self.nonce
        )
    }
}

fn now_s() -> u64 {
    server::wall_now().0 / 1_000
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_good_once_and_for_these_bytes_alone() {
    let stage = Stage::start().await;
    let (keeper, now) = (stage.access.keeper(), server::wall_now());
    let mut secrets = Vec::new();
    for client in ["app", "shop"] {
        let name = access::SignerName { client, serial: "one" };
        let key = stage.access.add_shared_key(&keeper, name, now.plus(86_400_000), now).expect("a key");
        secrets.push(STANDARD.decode(key.expose()).expect("base64"));
    }
    let (app, shop) = (&secrets[0][..], &secrets[1][..]);
    let subscriber = stage.subscriber().await;
    let body = direct(&subscriber, 10_000).to_string();
    let send = |header: String, body: &str, key: &str| {
        let sent = stage.post("/v1/orders", &[]).by_nobody().key(key).header("Authorization", &header);
        sent.text("application/json", body.to_owned()).reply()
    };
    let signing = Signing { client: "app", secret: app, nonce: "0123456789abcdef", timestamp_s: now_s() };
    let header = signing.header("POST", "/v1/orders", &body);
    send(header.clone(), &body, "one").await.ok(201);
    send(header.clone(), &body, "two").await.refused(401, "nonce_reused");
    let more = body.replace("10000", "90000");
    let fresh = |nonce: &'static str| Signing { nonce, timestamp_s: now_s(), ..signing };
    send(fresh("fedcba9876543210").header("POST", "/v1/orders", &body), &more, "three")
        .await
        .refused(401, "signature_wrong");
    send(fresh("fedcba9876543211").header("PUT", "/v1/orders", &body), &body, "four")
        .await
        .refused(401, "signature_wrong");
    send(fresh("fedcba9876543212").header("POST", "/v1/quotes", &body), &body, "five")
        .await
        .refused(401, "signature_wrong");
    // The two lines that the header itself says: a copy with another time or nonce does not fit.
    let signed = fresh("fedcba9876543216");
    let good = signed.header("POST", "/v1/orders", &body);
    let timestamp = format!("timestamp={}", signed.timestamp_s);
    for (line, another) in [
        (&*timestamp, format!("timestamp={}", signed.timestamp_s + 1)),
        ("nonce=fedcba9876543216", "nonce=fedcba9876543217".to_owned()),
        ("client=app", "client=shop".to_owned()),
    ] {
        let tampered = good.replace(line, &another);
        assert_ne!(tampered, good);
        send(tampered, &body, "tampered").await.refused(401, "signature_wrong");
    }
    let theirs = Signing { secret: shop, ..fresh("fedcba9876543213") };
    send(theirs.header("POST", "/v1/orders", &body), &body, "six").await.refused(401, "signature_wrong");
    let stranger = Signing { client: "stranger", ..fresh("fedcba9876543214") };
    send(stranger.header("POST", "/v1/orders", &body), &body, "seven").await.refused(401, "signature_wrong");
    for away in [now_s() - 301, now_s() + 302] {
        let late = Signing { timestamp_s: away, ..fresh("fedcba9876543215") };
        send(late.header("POST", "/v1/orders", &body), &body, "eight").await.refused(401, "clock_skewed");
    }
    stage.rest().await;
    let shown = stage.node.durable().to_string();
    let orders = stage.get("/v1/orders", &[]).query(&[("min_position", &shown)]).reply().await.ok(200).json();
    assert_eq!(orders["orders"].as_array().map(Vec::len), Some(1), "{orders}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_malformed_credential_is_never_passed_over() {
    let stage = Stage::start().await;
    let key = stage.key_of("app").to_owned();
    let (id, secret) = key.rsplit_once('_').expect("parts");
    let other = stage.key_of("shop").rsplit_once('_').expect("parts").1;
    let mut flipped = secret.to_owned();
    flipped.replace_range(0..1, if secret.starts_with('A') { "B" } else { "A" });
    for forged in [
        format!("{id}_{flipped}"),
        format!("{id}_{other}"),
        format!("{id}_"),
        key.replace("tb_test_", "tb_live_"),
        "tb_test_0000000000000000_x".to_owned(),
        "a".repeat(4_096),
    ] {
        stage.get("/v1/me", &[]).by(&forged).reply().await.refused(401, "credential_wrong");
    }
    // Also where a visitor may come: whoever means to be somebody is told.
    stage.get("/v1/prices", &[]).by("tb_test_wrong").reply().await.refused(401, "credential_wrong");
    for header in ["Basic YTpi", "Bearer", "bearer x", "TONGBAO-MD5 client=a", "Digest x"] {
        let sent = stage.get("/v1/me", &[]).by_nobody().header("Authorization", header).reply().await;
        assert!([400, 401].contains(&sent.status), "{header}: {}", sent.text());
    }
    for cookie in ["__Host-tongbao=x", "__Host-tongbao=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let sent = stage.get("/v1/me", &[]).by_nobody().header("Cookie", cookie).reply().await;
        sent.refused(401, "session_expired");
    }
    let expired =
        KeyTerms { mode: KeyMode::Test, scopes: ApiScopes::of(ApiScope::ALL), expires_at: server::wall_now() };
    let key = stage.access.issue_key(&stage.access.keeper(), "app", expired, server::wall_now()).expect("a key");
    stage.get("/v1/me", &[]).by(key.text.expose()).reply().await.refused(401, "key_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_parameters_carry_no_commands() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let order = direct(&subscriber, 10_000);
    for (field, value) in
        [("state", json!("settled")), ("fee_fen", json!(0)), ("partner", json!("x")), ("id", json!("x"))]
    {
        let mut more = order.clone();
        more[field] = value;
        let refused = stage.place("mass", &more).await.refused(400, "malformed_request");
        assert!(refused["param"].as_str().is_some_and(|param| param.contains(field)), "{refused}");
    }
    for sql in ["x' OR '1'='1", "1; DROP TABLE orders", "sub_' UNION SELECT 1--"] {
        let sent = stage.get("/v1/orders", &[]).query(&[("subscriber", &sql.replace(' ', "%20"))]).reply().await;
        sent.refused(400, "malformed_request");
        let body = json!({"name": sql, "password": sql, "code": sql});
        let refused = stage.post("/v1/sessions", &[]).by_nobody().json(&body).reply().await;
        assert!([401, 429].contains(&refused.status), "{}", refused.text());
    }
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let refused = stage.post("/v1/orders", &[]).key("deep").text("application/json", deep).reply().await;
    refused.refused(400, "malformed_request");
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
    let refused = stage.post("/v1/orders", &[]).key("xml").text("application/xml", bomb).reply().await;
    refused.refused(415, "content_type_unsupported");
    stage.place("well", &order).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_guesses_passwords_is_told_to_wait() {
    let stage = Stage::start().await;
    let mut limited = 0;
    for guess in 0..60 {
        let body = json!({"name": "wang", "password": format!("guess number {guess}"), "code": "123456"});
        let reply = stage.post("/v1/sessions", &[]).by_nobody().json(&body).reply().await;
        match reply.status {
            401 => assert_eq!(reply.refused(401, "credential_wrong")["code"], "credential_wrong"),
            429 => {
                assert!(reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0)));
                limited += 1;
            }
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert!(limited > 40, "only {limited} of 60 guesses were held up");
}

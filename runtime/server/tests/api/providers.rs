//! Institutions' staff come in through their own provider: a small real one, over HTTP and over TLS, honest and not.
//!
//! The private key in `keys_for_tests` was made for these tests and opens nothing.

use crate::support::{Stage, StageOptions};
use access::{ProviderReach, ProviderSettings};
use axum::extract::{Form, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use reqwest::redirect;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const SECRET: &str = "a secret of the institution";
const BACK: &str = "https://tongbao.example/v1/providers/bank/callback";

/// How a provider goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    OtherIssuer,
    OtherNonce,
    OtherKey,
    NoRole,
    KeysElsewhere,
    TokenRedirects,
    TokenIsLong,
}

/// A provider: what it was asked for and has not answered for yet.
struct Idp {
    issuer: String,
    fault: Fault,
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
}

async fn discovery(State(idp): State<Arc<Idp>>) -> Json<Value> {
    let issuer = &idp.issuer;
    let named = if idp.fault == Fault::OtherIssuer { "https://id.other.example" } else { issuer };
    let keys = if idp.fault == Fault::KeysElsewhere { "http://127.0.0.1:1" } else { issuer };
    Json(json!({
        "issuer": named, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{keys}/jwks"),
    }))
}

fn key(fault: Fault) -> SigningKey {
    SigningKey::from_bytes(if fault == Fault::OtherKey { &[2; 32] } else { &[1; 32] })
}

async fn jwks() -> Json<Value> {
    let x = URL_SAFE_NO_PAD.encode(key(Fault::None).verifying_key().as_bytes());
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "alg": "EdDSA", "x": x}]}))
}

/// Signs somebody in, and sends the browser back.
async fn authorize(State(idp): State<Arc<Idp>>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    let code = format!("code-{}", asked["state"]);
    let back = format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"]);
    idp.codes.lock().expect("kept").insert(code, asked);
    Redirect::to(&back)
}

/// Gives a token for a code, once, to the client that knows its secret and its verifier.
async fn token(
    State(idp): State<Arc<Idp>>,
    headers: HeaderMap,
    Form(given): Form<HashMap<String, String>>,
) -> Response {
    match idp.fault {
        Fault::TokenRedirects => return Redirect::temporary("/elsewhere").into_response(),
        Fault::TokenIsLong => return "x".repeat(1 << 20).into_response(),
        _ => {}
    }
    given_token(State(idp), headers, Form(given)).await
}

/// What the token endpoint does, and what a redirect of it leads to.
async fn given_token(
    State(idp): State<Arc<Idp>>,
    headers: HeaderMap,
    Form(given): Form<HashMap<String, String>>,
) -> Response {
    let secret = format!("Basic {}", STANDARD.encode(format!("tongbao:{}", SECRET.replace(' ', "%20"))));
    let client = headers.get(AUTHORIZATION).is_some_and(|shown| shown.as_bytes() == secret.as_bytes());
    let asked = idp.codes.lock().expect("kept").remove(&given["code"]);
    let Some(asked) = asked.filter(|_| client) else { return StatusCode::UNAUTHORIZED.into_response() };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&given["code_verifier"]));
    assert_eq!(challenge, asked["code_challenge"], "the verifier of this sign-in");
    assert_eq!((given["redirect_uri"].as_str(), given["grant_type"].as_str()), (BACK, "authorization_code"));
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token(&idp, &asked["nonce"])}))
        .into_response()
}

fn id_token(idp: &Idp, nonce: &str) -> String {
    let now = server::wall_now().0 / 1_000;
    let nonce = if idp.fault == Fault::OtherNonce { "another" } else { nonce };
    let groups = if idp.fault == Fault::NoRole { json!(["staff"]) } else { json!(["tb-risk", "staff"]) };
    let claims = json!({
        "iss": idp.issuer, "aud": "tongbao", "sub": "wang-7", "nonce": nonce, "iat": now, "exp": now + 300,
        "groups": groups,
    });
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(json!({"alg": "EdDSA", "kid": "one"})), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(key(idp.fault).sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

fn routes(issuer: String, fault: Fault) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/elsewhere", post(given_token))
        .with_state(Arc::new(Idp { issuer, fault, codes: Mutex::default() }))
}

/// A provider over plain HTTP on this machine; its issuer.
async fn provider(fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("http://{}", listener.local_addr().expect("an address"));
    let routes = routes(issuer.clone(), fault);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    issuer
}

fn kept(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/keys_for_tests").join(file)
}

/// The settings of an institution whose secret is in a file.
fn settings(issuer: &str, reach: ProviderReach, dir: &Path) -> ProviderSettings {
    let secret = dir.join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("a file");
    ProviderSettings {
        issuer: issuer.to_owned(),
        client_id: "tongbao".to_owned(),
        client_secret_env: None,
        client_secret_file: Some(secret),
        ca_file: Some(kept("ca.pem")),
        reach,
        redirect_uri: BACK.to_owned(),
        return_to: "/console".to_owned(),
        role_claim: "groups".to_owned(),
        roles: [("tb-risk".to_owned(), vec!["risk".to_owned()])].into(),
    }
}

/// A node that knows a provider, and a browser that follows nothing by itself.
struct House {
    stage: Stage,
    browser: reqwest::Client,
    _secret: tempfile::TempDir,
}

struct Went {
    status: u16,
    location: String,
    cookie: String,
    body: Value,
}

impl House {
    async fn of(issuer: &str) -> House {
        House::within(ProviderReach::Loopback, issuer).await
    }

    async fn within(reach: ProviderReach, issuer: &str) -> House {
        let dir = tempfile::tempdir().expect("a directory");
        let providers: BTreeMap<_, _> = [("bank".to_owned(), settings(issuer, reach, dir.path()))].into();
        let stage = Stage::with(StageOptions { providers, ..StageOptions::default() }).await;
        let browser = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        House { stage, browser: browser.expect("a browser"), _secret: dir }
    }

    async fn go(&self, address: &str, cookie: &str) -> Went {
        let address = address.replace("https://tongbao.example", &format!("http://{}", self.stage.address));
        let answer = self.browser.get(address).header("Cookie", cookie).send().await.expect("an answer");
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
        };
        let (status, cookie) = (answer.status().as_u16(), header("set-cookie"));
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let location = location.to_owned();
        let body = answer.bytes().await.expect("a body");
        Went { status, location, cookie, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
    }

    async fn begin(&self) -> Went {
        self.go("https://tongbao.example/v1/providers/bank/sign_in", "").await
    }

    /// Goes to the provider and comes back to the callback's address; with the cookie that binds the browser.
    async fn come_back(&self) -> (String, String) {
        self.come_back_from(|provider| provider.to_owned()).await
    }

    /// The same, where the browser has a way of its own to the provider.
    async fn come_back_from(&self, way: impl Fn(&str) -> String) -> (String, String) {
        let begun = self.begin().await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let authorized = self.go(&way(&begun.location), "").await;
        assert!(authorized.location.starts_with(BACK), "{}", authorized.location);
        (authorized.location, begun.cookie)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_of_an_institution_sign_in_through_its_provider() {
    let house = House::of(&provider(Fault::None).await).await;
    let (back, cookie) = house.come_back().await;
    let elsewhere = house.go(&back, "").await;
    assert_eq!((elsewhere.status, &elsewhere.body["code"]), (401, &json!("state_unknown")), "another browser");
    let home = house.go(&back, &cookie).await;
    assert_eq!((home.status, home.location.as_str()), (303, "/console"), "{}", home.body);
    let again = house.go(&back, &cookie).await;
    assert_eq!((again.status, &again.body["code"]), (401, &json!("state_unknown")), "once");
    let me = house.go("https://tongbao.example/v1/me", &home.cookie).await.body;
    assert_eq!((&me["kind"], &me["name"], &me["roles"]), (&json!("staff"), &json!("wang-7"), &json!(["risk"])));

    let id = me["id"].as_str().expect("an id");
    let position = house.stage.node.durable().to_string();
    let trail = house.stage.get("/v1/audit", &[]).by(house.stage.key_of("house"));
    let trail = trail.query(&[("actor", id), ("min_position", &position)]).reply().await.ok(200).json();
    assert_eq!(trail["acts"][0]["act"], json!("sign_in"), "{trail}");
    let end = house.stage.delete("/v1/staff/{id}/sessions", &[id]).by(house.stage.key_of("house"));
    end.json(&json!({"reason": "left the institution"})).reply().await.ok(204);
    assert_eq!(house.go("https://tongbao.example/v1/me", &home.cookie).await.status, 401);
    for other in [
        house.stage.get("/v1/providers/{name}/sign_in", &["other"]),
        house.stage.get("/v1/providers/{name}/callback", &["other"]),
    ] {
        other.by_nobody().reply().await.refused(404, "provider_unknown");
    }
    let bare = house.stage.get("/v1/providers/{name}/callback", &["bank"]).by_nobody();
    bare.reply().await.refused(400, "malformed_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_lies_lets_nobody_in() {
    for (fault, status, code) in [
        (Fault::OtherNonce, 401, "id_token_invalid"),
        (Fault::OtherKey, 401, "id_token_invalid"),
        (Fault::NoRole, 403, "not_permitted"),
        (Fault::TokenRedirects, 502, "provider_unavailable"),
        (Fault::TokenIsLong, 502, "provider_unavailable"),
    ] {
        let house = House::of(&provider(fault).await).await;
        let (back, cookie) = house.come_back().await;
        let home = house.go(&back, &cookie).await;
        assert_eq!((home.status, &home.body["code"]), (status, &json!(code)), "{fault:?}: {}", home.body);
        assert!(home.cookie.is_empty(), "{fault:?}: no session");
    }
    for fault in [Fault::OtherIssuer, Fault::KeysElsewhere] {
        let begun = House::of(&provider(fault).await).await.begin().await;
        assert_eq!((begun.status, &begun.body["code"]), (502, &json!("provider_unavailable")), "{fault:?}");
    }
}

fn der(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64.replace(char::is_whitespace, "")).expect("base64")
}

/// A provider over TLS whose certificate is of the roots that are configured: its issuer, and what is behind its TLS.
async fn private_provider() -> (String, String) {
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = vec![CertificateDer::from_pem_file(kept("provider.pem")).expect("a certificate")];
    let key = PrivateKeyDer::Pkcs8(der(include_str!("keys_for_tests/provider.b64")).into());
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("fits");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let inner = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = inner.local_addr().expect("an address");
    let routes = routes(issuer.clone(), Fault::None);
    tokio::spawn(async move { axum::serve(inner, routes).await });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                let Ok(mut plain) = tokio::net::TcpStream::connect(address).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut plain).await;
            });
        }
    });
    (issuer, format!("http://{address}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_over_tls_proves_who_it_is() {
    let (issuer, behind) = private_provider().await;
    let house = House::of(&issuer).await;
    // The browser of this test speaks no TLS; discovery, keys and the token go over it.
    let (back, cookie) = house.come_back_from(|provider| provider.replacen(&issuer, &behind, 1)).await;
    let home = house.go(&back, &cookie).await;
    assert_eq!((home.status, home.location.as_str()), (303, "/console"), "{}", home.body);
    let me = house.go("https://tongbao.example/v1/me", &home.cookie).await.body;
    assert_eq!((&me["name"], &me["roles"]), (&json!("wang-7"), &json!(["risk"])));
    // Its certificate is for another name than the one that is asked for.
    let other_name = issuer.replace("localhost", "127.0.0.1");
    let refused = House::of(&other_name).await.begin().await;
    assert_eq!((refused.status, &refused.body["code"]), (502, &json!("provider_unavailable")));
    // And one whose certificate nobody vouches for, or that speaks no TLS, is not spoken to.
    let plain = provider(Fault::None).await.replace("http://127.0.0.1", "https://localhost");
    assert_eq!(House::of(&plain).await.begin().await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_within_the_reach_of_its_settings_alone() {
    let (issuer, _) = private_provider().await;
    for (reach, allowed) in
        [(ProviderReach::Public, "public"), (ProviderReach::Private, "public or of private networks")]
    {
        for issuer in [issuer.clone(), "https://169.254.169.254".to_owned()] {
            let refused = House::within(reach, &issuer).await.begin().await;
            assert_eq!((refused.status, &refused.body["code"]), (502, &json!("provider_unavailable")), "{issuer}");
            let why = format!("the host is refused: allowed are hosts all of whose addresses are {allowed}");
            assert_eq!(refused.body["detail"], json!(why), "{issuer}");
        }
    }
}

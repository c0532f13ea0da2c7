//! Those who come in as people do: staff by invitation, subscribers by their phones, tills by their devices.

use super::client::{Reply, Sent};
use super::people::Person;
use super::stage::Stage;
use access::{EnrolmentCode, SignedRequest, TotpSeed, device_lines, five_lines};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

pub const PASSWORD: &str = "a long walk by the river";

/// A session: its cookie and the token that its pages send back.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub cookie: String,
    pub csrf: String,
}

impl SignedIn {
    /// Of an answer that opens one.
    #[track_caller]
    pub fn of(reply: &Reply) -> SignedIn {
        let cookie = reply.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        SignedIn { cookie, csrf: reply.field("csrf_token") }
    }

    /// A request in this session.
    pub fn sent(&self, sent: Sent) -> Sent {
        sent.by_nobody().header("Cookie", &self.cookie).header("X-CSRF-Token", &self.csrf)
    }
}

/// A member of staff who enrolled.
pub struct Member {
    pub id: String,
    pub seed: TotpSeed,
    pub name: String,
}

impl Member {
    /// What the authenticator shows so many steps from now.
    pub fn code(&self, steps: i64) -> String {
        let at = server::wall_now().0.cast_signed() + 30_000 * steps;
        self.seed.code_at(facts::Millis(at.cast_unsigned()))
    }
}

impl Stage {
    /// Invites somebody, who enrols.
    pub async fn member(&self, name: &str, roles: &[&str]) -> Member {
        let house = self.key_of("house");
        let body = json!({"name": name, "roles": roles});
        let invited = self.post("/v1/staff", &[]).by(house).json(&body).reply().await.ok(201);
        let member = self.enrol(name, &invited).await;
        Member { id: invited.field("id"), ..member }
    }

    /// Enrols whoever was invited. The code of the step before is used, so that the one of now is left.
    pub async fn enrol(&self, name: &str, invited: &Reply) -> Member {
        let token = invited.field("token");
        let body = json!({"token": token, "password": PASSWORD});
        let enrolled = self.post("/v1/staff/enrolments", &[]).by_nobody().json(&body).reply().await.ok(201);
        let seed = TotpSeed::new(enrolled.field("seed"));
        let member = Member { id: invited.field("id"), seed, name: name.to_owned() };
        let body = json!({"token": token, "code": member.code(-1)});
        self.post("/v1/staff/enrolments/confirm", &[]).by_nobody().json(&body).reply().await.ok(204);
        member
    }

    /// Tries to sign a member of staff in.
    pub async fn try_sign_in(&self, member: &Member, password: &str, steps: i64) -> Reply {
        let body = json!({"name": member.name, "password": password, "code": member.code(steps)});
        self.post("/v1/sessions", &[]).by_nobody().json(&body).reply().await
    }

    pub async fn sign_in(&self, member: &Member) -> SignedIn {
        SignedIn::of(&self.try_sign_in(member, PASSWORD, 0).await.ok(201))
    }

    /// Asks for a code and gives the one that comes to the phone.
    pub async fn code_for(&self, person: &Person, action: &str, amount: Option<u64>) -> String {
        let before = self.phones.inbox(&person.msisdn).await.len();
        let body = match amount {
            Some(fen) => json!({"msisdn": person.msisdn, "action": action, "amount_fen": fen}),
            None => json!({"msisdn": person.msisdn, "action": action}),
        };
        self.post("/v1/codes", &[]).by_nobody().json(&body).reply().await.ok(202);
        self.phones.code(&person.msisdn, before).await
    }

    /// Signs a subscriber in as people do.
    pub async fn subscriber_session(&self, person: &Person) -> SignedIn {
        let code = self.code_for(person, "sign_in", None).await;
        let body = json!({"msisdn": person.msisdn, "code": code});
        let reply = self.post("/v1/sessions/code", &[]).by_nobody().json(&body).reply().await.ok(201);
        SignedIn::of(&reply)
    }

    /// Lets in an agent; said again it does nothing.
    pub async fn agent(&self, name: &str) {
        let add = self.post("/v1/agents", &[]).by(self.key_of("house")).json(&json!({"name": name}));
        assert!([201, 409].contains(&add.reply().await.status));
    }

    /// A till of an agent, with a device that enrolled.
    pub async fn till(&self, agent: &str, till: &str) -> Till {
        self.agent(agent).await;
        let invite = self.post("/v1/agents/{name}/devices", &[agent]).by(self.key_of("house"));
        let code = invite.json(&json!({"till": till})).reply().await.ok(201).field("code");
        let key = SigningKey::from_bytes(&fresh());
        let enrolled = self.enrol_device(&code, &key).await.ok(201);
        assert_eq!((enrolled.field("agent"), enrolled.field("till")), (agent.to_owned(), till.to_owned()));
        Till { agent: agent.to_owned(), serial: enrolled.field("serial"), key }
    }

    pub async fn enrol_device(&self, code: &str, key: &SigningKey) -> Reply {
        let public_key = STANDARD.encode(key.verifying_key().as_bytes());
        let lines = device_lines(&EnrolmentCode::new(code), &public_key);
        let signature = STANDARD.encode(key.sign(&lines).to_bytes());
        let body = json!({"code": code, "public_key": public_key, "signature": signature});
        self.post("/v1/devices", &[]).by_nobody().json(&body).reply().await
    }
}

/// Numbers that no other key or nonce of this process has.
fn fresh() -> [u8; 32] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

/// A till, whose device signs what it sends.
pub struct Till {
    agent: String,
    pub serial: String,
    key: SigningKey,
}

impl Till {
    /// A signed request.
    pub fn sent(&self, stage: &Stage, method: Method, target: &str, body: Option<&Value>) -> Sent {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let said = SignedRequest { method: method.as_str(), target, body: &bytes };
        let at = (server::wall_now().0 / 1_000).to_string();
        let nonce = format!("nonce-{:016x}", u64::from_be_bytes(*fresh().first_chunk().expect("bytes")));
        let signature = STANDARD.encode(self.key.sign(&five_lines(&said, &at, &nonce)).to_bytes());
        let (client, serial) = (&self.agent, &self.serial);
        let shown = format!(
            "TONGBAO-ED25519 client={client},nonce={nonce},timestamp={at},serial={serial},signature={signature}"
        );
        let sent = stage.request(method, target).by_nobody().header("Authorization", &shown);
        if body.is_some() { sent.text("application/json", bytes) } else { sent }
    }

    /// Places an order for a customer who tells the code.
    pub async fn place(&self, stage: &Stage, key: &str, body: &Value) -> Reply {
        self.sent(stage, Method::POST, "/v1/till/orders", Some(body)).key(key).reply().await
    }
}

//! The phones of these tests: a messaging partner of the sandbox, over real HTTP, and its inbox.

use super::rules;
use exchange::Contract;
use partners::{SmsConfig, SmsGateway};
use serde_json::{Value, json};
use server::Messages;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A messaging partner.
pub struct Phones {
    pub url: String,
    server: JoinHandle<()>,
}

impl Drop for Phones {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Phones {
    pub async fn open() -> Phones {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = async move { sandbox::serve_sms(sandbox::SmsConfig::default(), listener).await.expect("serves") };
        Phones { url, server: tokio::spawn(served) }
    }

    /// What a node sends its messages by.
    pub fn messages(&self) -> Messages {
        let config = SmsConfig { base_url: self.url.clone(), reply_timeout: Duration::from_secs(5) };
        let messenger = Arc::new(SmsGateway::new(config).expect("usable"));
        let shipped = rules::shipped().contracts.messages().clone();
        Messages { messenger, contract: Contract { inquire_after_ms: 20, inquire_at_most_every_ms: 100, ..shipped } }
    }

    /// Has calls go wrong from now on.
    pub async fn go_wrong(&self, faults: &Value) {
        let asked = reqwest::Client::new().post(format!("{}/sandbox/faults", self.url)).json(faults).send();
        asked.await.expect("an answer").error_for_status().expect("faults are taken");
    }

    /// Takes messages and answers nothing, or does neither, from now on.
    pub async fn fall_silent(&self, after: &str) {
        let faults = json!({"rate_ppm": 1_000_000, "actions": ["send"], "weights": {after: 1}, "hang_ms": 5});
        self.go_wrong(&faults).await;
    }

    /// What a phone got about orders, oldest first: without codes.
    pub async fn notices(&self, number: &str) -> Vec<String> {
        let inbox = self.inbox(number).await;
        inbox.into_iter().filter(|text| !text.contains("验证码")).collect()
    }

    /// What a phone got so far, oldest first.
    pub async fn inbox(&self, number: &str) -> Vec<String> {
        let asked = reqwest::get(format!("{}/sandbox/inbox?to={number}", self.url)).await.expect("an answer");
        let inbox: Value = asked.json().await.expect("JSON");
        let messages = inbox["messages"].as_array().expect("a list");
        messages.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
    }

    /// The code of the message that comes after so many others.
    pub async fn code(&self, number: &str, after: usize) -> String {
        for _ in 0..2_000 {
            if let Some(text) = self.inbox(number).await.get(after) {
                let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect();
                assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
                return digits;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no message came to {number}");
    }
}

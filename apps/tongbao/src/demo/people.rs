//! What people do beside placing orders: a reviewer looks at those that wait for one, some of those who are given
//! something decline it, and whoever converted into a voucher collects its code.

use crate::demo::chance::Chance;
use crate::demo::client::Http;
use crate::failure::{Doing, Failure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};

/// How often it is tried what gets no answer.
const TRIES: u32 = 100;
/// Pause before the next try.
const AGAIN: Duration = Duration::from_millis(20);
/// How many orders' codes are collected at once.
const AT_ONCE: usize = 32;
/// How many of a hundred orders a reviewer lets run.
const APPROVED: u64 = 75;

/// Reviews every order that waits for it: the house sees them, somebody else decides.
pub async fn review(house: &Http, reviewer: &Http, chance: &mut Chance) -> Result<(), Failure> {
    loop {
        let waiting = house.get("/v1/orders?state=in_review").await?;
        let orders = waiting["orders"].as_array().cloned().unwrap_or_default();
        if orders.is_empty() {
            return Ok(());
        }
        for order in &orders {
            let id = order["id"].as_str().unwrap_or_default();
            let verdict = if chance.percent(APPROVED) { "approved" } else { "rejected" };
            let body = json!({ "verdict": verdict, "reason": "documents compared" });
            answered(reviewer, &format!("/v1/orders/{id}/review"), &body).await?;
        }
    }
}

/// Whoever is given something at these numbers and was told so declines it, with the code of the message.
pub async fn decline(http: &Http, sms: &Http, numbers: impl Iterator<Item = &str>) -> Result<(), Failure> {
    for number in numbers {
        let inbox = sms.get(&format!("/sandbox/inbox?to={number}")).await?;
        let texts = inbox["messages"].as_array().into_iter().flatten().filter_map(|message| message["text"].as_str());
        for (order, code) in texts.filter_map(offer) {
            answered(http, &format!("/v1/orders/{order}/decline"), &json!({ "code": code })).await?;
        }
    }
    Ok(())
}

/// The order and the code of a message that offers something.
fn offer(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("谢绝码 ")?;
    let (code, order) = rest.split_once("，订单 ")?;
    Some((order.strip_suffix('。')?, code))
}

/// Codes that were handed out, and orders of which they were.
#[derive(Default)]
pub struct Collected {
    /// How many orders had codes.
    pub orders: u64,
    /// The codes, each once.
    pub codes: BTreeSet<String>,
    /// How many codes came more than once.
    pub twice: u64,
}

/// Collects the codes of these orders, twice: an answer that got lost is asked for again.
pub async fn collect(programme: &Http, orders: impl Iterator<Item = String>) -> Result<Collected, Failure> {
    let (mut collected, mut asked) = (Collected::default(), JoinSet::new());
    for order in orders {
        if asked.len() >= AT_ONCE {
            collected.take(asked.join_next().await)?;
        }
        asked.spawn(codes_of(programme.clone(), order));
    }
    while !asked.is_empty() {
        collected.take(asked.join_next().await)?;
    }
    Ok(collected)
}

/// How an errand of its own ended.
type Ended = Option<Result<Result<Vec<String>, Failure>, JoinError>>;

impl Collected {
    fn take(&mut self, ended: Ended) -> Result<(), Failure> {
        let Some(ended) = ended else { return Ok(()) };
        let codes = ended.doing("collecting codes")??;
        self.orders += u64::from(!codes.is_empty());
        for code in codes {
            self.twice += u64::from(!self.codes.insert(code));
        }
        Ok(())
    }
}

async fn codes_of(programme: Http, order: String) -> Result<Vec<String>, Failure> {
    let path = format!("/v1/orders/{order}/codes");
    let (first, again) = (codes(&programme, &path).await?, codes(&programme, &path).await?);
    if first == again { Ok(first) } else { Err(Failure::breach(format!("{path} handed out other codes again"))) }
}

async fn codes(programme: &Http, path: &str) -> Result<Vec<String>, Failure> {
    let reply = answered(programme, path, &json!({})).await?;
    let code = |row: &Value| row["code"].as_str().map(str::to_owned);
    Ok(reply["codes"].as_array().into_iter().flatten().filter_map(code).collect())
}

/// The answer of a request that may be sent again; that something does not wait, or has no code, is one.
async fn answered(http: &Http, path: &str, body: &Value) -> Result<Value, Failure> {
    for _ in 0..TRIES {
        match http.send(Method::POST, path, None, body).await {
            Ok(reply) if reply.status.is_success() || reply.status == StatusCode::CONFLICT => return Ok(reply.body),
            Ok(reply) if reply.status.is_client_error() && reply.status != StatusCode::TOO_MANY_REQUESTS => {
                return Err(Failure::breach(format!("{path} answered {}: {}", reply.status, reply.body)));
            }
            Ok(_) | Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
    Err(Failure::unable(format!("{path} was not answered in {TRIES} tries")))
}

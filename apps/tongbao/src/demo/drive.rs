//! Placing orders, many at a time, each with a key, each until it is answered.

use crate::arguments::Products;
use crate::demo::chance::Chance;
use crate::demo::client::Http;
use crate::demo::town::Resident;
use crate::failure::{Doing, Failure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many orders are under way at once.
const CONCURRENCY: usize = 48;

/// One order to place.
#[derive(Clone)]
pub struct Wish {
    /// The client's key.
    pub key: String,
    /// The body.
    pub body: Value,
    /// The key of the recharge that it refunds, whose order is known by then.
    refunds: Option<String>,
}

/// What placing an order brought.
#[derive(Clone)]
pub struct Answered {
    /// The client's key.
    pub key: String,
    /// The order's id; empty when there is none.
    pub order: String,
    /// The answer's status.
    pub status: u16,
    /// How long the answering attempt took.
    pub took: Duration,
    /// How often it was sent.
    pub attempts: u32,
}

/// What is wished for.
#[derive(Clone, Copy)]
pub struct Mix {
    /// The products.
    pub products: Products,
    /// Everything random follows from this number.
    pub seed: u64,
}

/// Where a person reviews orders, and an amount at which one does.
const HENAN: &str = "41";
const REVIEWED_FEN: u64 = 200_000;
/// How the products of a mix spread.
const EVERY_PRODUCT: [&str; 5] = ["direct", "voucher", "gift", "recharge", "refund"];
/// How many waves orders come in at most: what one wished for has ended in the next.
pub const WAVES: u32 = 5;
/// What a gift has at least.
const GIFT_LEAST_FEN: u64 = 10_000;

/// Makes wishes of a few kinds: most are good, some break a rule.
pub fn wishes(count: u32, mix: Mix, residents: &[Resident], ids: &[String]) -> Vec<Wish> {
    let seed = mix.seed;
    let mut chance = Chance::new(seed, 2);
    let (mut wishes, mut recharges) = (Vec::with_capacity(count as usize), Vec::new());
    for number in 0..count {
        let place = usize::try_from(chance.below(residents.len() as u64)).unwrap_or_default();
        let home = residents[place].province.to_string();
        let amount = match () {
            () if chance.percent(3) => 500,
            () if mix.products == Products::All && home == HENAN && chance.percent(20) => REVIEWED_FEN,
            () => 1_000 + chance.below(190) * 100,
        };
        let province = if chance.percent(3) { other_province(&home) } else { home };
        let product = match mix.products {
            Products::Direct => "direct",
            Products::All => chance.one(&EVERY_PRODUCT),
        };
        let mut body = json!({
            "subscriber": ids[place], "product": product, "amount": amount, "channel_province": province,
        });
        let key = format!("order-{seed}-{number}");
        let mut refunds = None;
        match product {
            "gift" => {
                body["target"] = json!(chance.one(residents).msisdn);
                body["amount"] = json!(amount.max(GIFT_LEAST_FEN));
            }
            "refund" if let Some(Recharged { key, subscriber, amount }) = earlier(&recharges, number, count) => {
                body["subscriber"] = json!(subscriber);
                body["amount"] = json!(if chance.percent(50) { amount } else { amount / 2 });
                refunds = Some(key);
            }
            "recharge" | "refund" => {
                let payer = if chance.percent(30) { chance.one(residents) } else { &residents[place] };
                body["product"] = json!("recharge");
                body["paying_card"] = json!(payer.card);
                recharges.push((number, Recharged { key: key.clone(), subscriber: ids[place].clone(), amount }));
            }
            _ => {}
        }
        wishes.push(Wish { key, body, refunds });
    }
    wishes
}

/// A recharge that was wished for.
#[derive(Clone)]
struct Recharged {
    key: String,
    subscriber: String,
    amount: u64,
}

/// The last recharge that was wished for so long before that it has ended.
fn earlier(recharges: &[(u32, Recharged)], number: u32, count: u32) -> Option<Recharged> {
    let ended = |at: u32| at.saturating_add(count / WAVES + 1) <= number;
    recharges.iter().rev().find(|(at, _)| ended(*at)).map(|(_, recharged)| recharged.clone())
}

fn other_province(home: &str) -> String {
    if home == "44" { "41".to_owned() } else { "44".to_owned() }
}

/// A run of orders under way.
pub struct Drive {
    tasks: JoinSet<Answered>,
    limit: Arc<Semaphore>,
    http: Http,
    /// The answers so far, by key.
    pub answers: BTreeMap<String, Answered>,
}

impl Drive {
    /// A drive against a node.
    pub fn new(http: Http) -> Drive {
        Drive { tasks: JoinSet::new(), limit: Arc::new(Semaphore::new(CONCURRENCY)), http, answers: BTreeMap::new() }
    }

    /// Sends an order as soon as there is room, and gathers answers meanwhile.
    pub async fn send(&mut self, mut wish: Wish) -> Result<(), Failure> {
        if let Some(recharge) = &wish.refunds {
            let Some(answered) = self.answers.get(recharge) else { return Ok(()) };
            wish.body["recharge"] = json!(answered.order);
        }
        let room = Arc::clone(&self.limit).acquire_owned().await.doing("placing orders")?;
        let http = self.http.clone();
        self.tasks.spawn(async move {
            let reply = http.insist("/v1/orders", &wish.key, &wish.body).await;
            drop(room);
            let order = reply.body["id"].as_str().or(reply.body["order"].as_str()).unwrap_or_default();
            Answered {
                key: wish.key,
                order: order.to_owned(),
                status: reply.status.as_u16(),
                took: reply.took,
                attempts: reply.attempts,
            }
        });
        while let Some(done) = self.tasks.try_join_next() {
            self.take(done)?;
        }
        Ok(())
    }

    /// Waits until every order is answered.
    pub async fn finish(&mut self) -> Result<(), Failure> {
        while let Some(done) = self.tasks.join_next().await {
            self.take(done)?;
        }
        Ok(())
    }

    fn take(&mut self, done: Result<Answered, tokio::task::JoinError>) -> Result<(), Failure> {
        let answered = done.doing("placing orders")?;
        self.answers.insert(answered.key.clone(), answered);
        Ok(())
    }

    /// The time within which so many of a hundred answers came, in microseconds, answered at the first attempt.
    pub fn took_us(&self, percent: usize) -> u64 {
        let first = self.answers.values().filter(|answered| answered.attempts == 1);
        let mut times: Vec<Duration> = first.map(|answered| answered.took).collect();
        times.sort_unstable();
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0, |took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
    }
}

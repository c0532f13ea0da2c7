//! The stage of a run: counterparties, a node that can be killed and started again, and the people.

use crate::access::Keys;
use crate::arguments::Faults;
use crate::demo::chance::Chance;
use crate::demo::client::Http;
use crate::demo::processes::{NodeSettings, Running, World};
use crate::demo::town::Resident;
use crate::failure::{Doing, Failure};
use facts::Partner;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many registrations are under way at once.
const REGISTRATIONS: usize = 16;
/// How much node time passes beyond the next due moment, so that what is due close together is done together.
const STRIDE_MS: u64 = 1_000;
/// How often the node is looked at while it is busy.
const LOOK: Duration = Duration::from_millis(4);
/// How long the node may be busy without coming to rest: longer than any timeout and any closed breaker.
const BUSY_MOST: Duration = Duration::from_secs(240);

/// A running stage.
pub struct Stage {
    /// The counterparties.
    pub world: World,
    /// How the node is started.
    pub settings: NodeSettings,
    /// The node.
    pub node: Running,
    /// The keys that its callers have.
    pub keys: Keys,
    /// The programme whose subscribers convert.
    pub http: Http,
    /// Whoever runs the node.
    pub house: Http,
    /// Whoever reviews orders.
    pub reviewer: Http,
    /// Clients of the counterparties.
    pub partners: BTreeMap<Partner, Http>,
    /// How often the node was killed.
    pub kills: u32,
}

impl Stage {
    /// Starts everything and waits until the node is ready.
    pub async fn start(settings: NodeSettings, faults: Faults, seed: u64) -> Result<Stage, Failure> {
        let opening = i64::try_from(settings.funding).doing("funding the bank")?;
        let keys = Keys::make(&settings.dir)?;
        let world = World::start(faults, seed, (settings.listen, &keys), opening)?;
        let node = settings.start(&world)?;
        let base = format!("http://{}", settings.listen);
        let with_key = |key| Ok::<_, Failure>(Http::new(&base)?.with_key(key));
        let (http, house, reviewer) = (with_key(&keys.app)?, with_key(&keys.house)?, with_key(&keys.changers[0])?);
        let mut partners = BTreeMap::new();
        for (partner, url) in &world.urls {
            partners.insert(*partner, Http::new(url.clone())?);
        }
        let stage = Stage { world, settings, node, keys, http, house, reviewer, partners, kills: 0 };
        stage.http.ready().await?;
        Ok(stage)
    }

    /// Gives every resident a balance at the telco, a card at the bank, and an account here. Returns our ids.
    pub async fn settle_in(&mut self, residents: &[Resident]) -> Result<Vec<String>, Failure> {
        for (partner, http) in &self.partners {
            for chunk in residents.chunks(5_000) {
                http.post("/sandbox/seed", &seed_of(*partner, chunk)).await?;
            }
        }
        let mut ids = vec![String::new(); residents.len()];
        for (start, chunk) in (0..).step_by(REGISTRATIONS).zip(residents.chunks(REGISTRATIONS)) {
            let mut tasks = tokio::task::JoinSet::new();
            for (place, resident) in (start..).zip(chunk) {
                let (http, body) = (self.http.clone(), registration(resident));
                tasks.spawn(async move {
                    (place, http.insist("/v1/subscribers", &format!("resident-{place}"), &body).await)
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (place, reply) = done.doing("registering")?;
                let id = reply.body["id"].as_str().map(str::to_owned);
                ids[place] = id.ok_or_else(|| {
                    Failure::unable(format!("registration answered {}: {}", reply.status, reply.body))
                })?;
            }
        }
        Ok(ids)
    }

    /// Kills the node without warning and starts it again. Returns when it is ready.
    pub async fn kill_node(&mut self) -> Result<(), Failure> {
        self.node.kill();
        self.kills += 1;
        self.node = self.settings.start(&self.world)?;
        self.http.ready().await
    }

    /// Lets time pass, from one due moment to the next, until nothing is due and nothing is under way.
    /// `kill_at` says after how many moves of the clock the node is killed once.
    pub async fn rest(&mut self, kill_at: Option<u64>) -> Result<(), Failure> {
        let (mut moves, mut quiet, mut rested) = (0u64, 0, Instant::now());
        while quiet < 2 {
            if self.node.has_ended() {
                return Err(Failure::breach("the node stopped by itself"));
            }
            let clock = self.house.get("/v1/clock").await?;
            if clock["idle"] != json!(true) {
                if rested.elapsed() > BUSY_MOST {
                    let partners = self.house.get("/v1/partners").await?;
                    return Err(Failure::breach(format!("the node does not come to rest: {clock}, {partners}")));
                }
                tokio::time::sleep(LOOK).await;
                continue;
            }
            rested = Instant::now();
            if self.flush().await? > 0 {
                self.house.post("/v1/sweep", &json!({})).await?;
                quiet = 0;
                continue;
            }
            moves += 1;
            if kill_at == Some(moves) {
                self.kill_node().await?;
                continue;
            }
            quiet = self.pass(&clock, quiet).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, clock: &Value, quiet: u32) -> Result<u32, Failure> {
        let (now, due) = (clock["now_ms"].as_u64().unwrap_or_default(), clock["next_due_ms"].as_u64());
        let Some(due) = due else {
            self.house.post("/v1/sweep", &json!({})).await?;
            return Ok(quiet + 1);
        };
        let by_ms = due.saturating_sub(now) + STRIDE_MS;
        self.house.post("/v1/clock/advance", &json!({ "by_ms": by_ms })).await?;
        Ok(0)
    }

    /// Lets the counterparties do now what they would do later. Returns how much that was.
    async fn flush(&self) -> Result<u64, Failure> {
        let mut flushed = 0;
        for http in self.partners.values() {
            flushed += http.post("/sandbox/flush", &json!({})).await?["flushed"].as_u64().unwrap_or_default();
        }
        Ok(flushed)
    }

    /// Which moves of the clock to kill at, if any.
    pub fn some_move(chance: &mut Chance) -> Option<u64> {
        Some(1 + chance.below(12))
    }
}

/// What everybody's card has: more than anybody pays.
const PAYER_FEN: i64 = 100_000_000;

fn seed_of(partner: Partner, residents: &[Resident]) -> Value {
    match partner {
        Partner::Telco(telco) => {
            let of_telco = residents.iter().filter(|resident| resident.telco == telco);
            let bucket = |resident: &Resident| {
                let fen = resident.self_paid + resident.promotional;
                json!({ "msisdn": resident.msisdn, "remaining_fen": fen.saturating_sub(resident.used_meanwhile) })
            };
            json!({ "buckets": of_telco.map(bucket).collect::<Vec<_>>() })
        }
        Partner::Bank => {
            let account = |resident: &Resident| json!({ "card": resident.card, "closed": resident.card_closed });
            json!({ "accounts": residents.iter().map(account).collect::<Vec<_>>() })
        }
        // It issues to whoever is named.
        Partner::Issuer => json!({}),
        Partner::Acquirer => {
            let payer = |resident: &Resident| json!({ "instrument": resident.card, "balance_fen": PAYER_FEN, "closed": resident.card_closed });
            json!({ "payers": residents.iter().map(payer).collect::<Vec<_>>() })
        }
        // Nobody has points there: no product here redeems.
        Partner::Programme(_) => json!({}),
    }
}

fn registration(resident: &Resident) -> Value {
    let mut lots = vec![json!({ "provenance": "self_paid", "amount_fen": resident.self_paid })];
    if resident.promotional > 0 {
        lots.push(json!({ "provenance": "promotional", "amount_fen": resident.promotional }));
    }
    json!({
        "name": resident.name, "id_number": resident.id_number, "msisdn": resident.msisdn,
        "own_card": resident.card, "lots": lots,
    })
}

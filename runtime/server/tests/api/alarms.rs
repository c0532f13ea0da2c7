//! What attempts on known identities leave behind: one record of a kind and an hour, and numbers.

use crate::support::Stage;
use facts::{Attack, Fact, Record};
use journal::{Reader, SqliteReader};
use serde_json::json;
use std::time::Duration;

/// The attempts that the journal tells of.
fn noted(stage: &Stage) -> Vec<(Attack, facts::Actor, u32)> {
    let mut reader = SqliteReader::open(&stage.dir().join("journal")).expect("the journal");
    let (mut found, mut next) = (Vec::new(), 1);
    loop {
        let entries = reader.read_from(next, 4 << 20).expect("records");
        if entries.is_empty() {
            return found;
        }
        next += entries.len() as u64;
        for record in entries.iter().map(|entry| Record::decode(&entry.bytes).expect("a record")) {
            for fact in record.open.facts {
                if let Fact::AttackNoted { what, who, count, .. } = fact {
                    found.push((what, who, count));
                }
            }
        }
    }
}

async fn noted_once(stage: &Stage, most: usize) -> Vec<(Attack, facts::Actor, u32)> {
    for _ in 0..200 {
        if noted(stage).len() >= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    noted(stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_on_a_known_identity_are_one_record_and_those_on_nobody_are_a_number() {
    let stage = Stage::start().await;
    let key = stage.key_of("app").to_owned();
    let (id, _) = key.rsplit_once('_').expect("parts");
    for guess in 0..20 {
        stage.get("/v1/me", &[]).by(&format!("{id}_guess{guess}")).reply().await.refused(401, "credential_wrong");
        stage
            .get("/v1/me", &[])
            .by(&format!("tb_test_00000000000000{guess:02}_x"))
            .reply()
            .await
            .refused(401, "credential_wrong");
    }
    // Auditors' things are not for a programme of a partner, and another's subscriber is not there.
    let theirs = stage.subscriber().await;
    for _ in 0..3 {
        stage.get("/v1/ledger/trial-balance", &[]).by(&key).reply().await.refused(403, "not_permitted");
        let sent = stage.get("/v1/subscribers/{id}", &[&theirs]).by(stage.key_of("shop"));
        sent.reply().await.refused(404, "subscriber_unknown");
    }
    for _ in 0..3 {
        let body = json!({"name": "nobody.known", "password": "a guess of a password", "code": "123456"});
        stage.post("/v1/sessions", &[]).by_nobody().json(&body).reply().await;
    }
    let noted = noted_once(&stage, 3).await;
    let app = stage.access.api_key(&access::ApiKeyText::new(&*key), server::wall_now()).expect("the key").principal;
    let shop = access::ApiKeyText::new(stage.key_of("shop"));
    let shop = stage.access.api_key(&shop, server::wall_now()).expect("the key").principal;
    let mut found: Vec<_> = noted.iter().map(|(what, who, count)| (*what, who.id, *count)).collect();
    found.sort_by_key(|(what, ..)| *what);
    let expected = [
        (Attack::WrongSecret, app.actor().id, 1),
        (Attack::NotPermitted, app.actor().id, 1),
        (Attack::OthersThing, shop.actor().id, 1),
    ];
    assert_eq!(found, expected);
    let metrics = stage.get("/metrics", &[]).reply().await.ok(200).text();
    let count = |what: &str| {
        let begins = format!("tongbao_attacks_total{{what=\"{what}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&begins)).and_then(|text| text.parse::<u64>().ok())
    };
    assert!(count("wrong_secret").is_some_and(|count| count >= 40), "{metrics}");
    assert_eq!((count("not_permitted"), count("others_thing")), (Some(3), Some(3)));
    assert!(!metrics.contains("nobody.known") && !metrics.contains("guess"));
}

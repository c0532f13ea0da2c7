//! The live demonstration: a working day in ten minutes, orders trickling in, until it is interrupted.

use crate::arguments::{DemoOptions, Products};
use crate::demo::chance::Chance;
use crate::demo::drive::{Drive, Mix, wishes};
use crate::demo::processes::NodeSettings;
use crate::demo::stage::Stage;
use crate::demo::town::Resident;
use crate::demo::{BASE_MS, FUNDING_FEN, town};
use crate::failure::Failure;
use crate::site::Site;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// A day of 24 hours passes in ten minutes.
const RATE: u32 = 144;
/// How many people live in the demonstration.
const RESIDENTS: usize = 200;
/// The longest pause between two orders, in milliseconds.
const PAUSE_MOST_MS: u64 = 1_500;
/// How often the picture is printed.
const PICTURE_EVERY: u32 = 10;

/// Runs until interrupted.
pub async fn run(options: &DemoOptions, dir: &Path) -> Result<(), Failure> {
    let site = Site::find()?;
    let residents = town::residents(RESIDENTS, options.seed, true, &site.segments()?, &site.numbers()?)?;
    let settings = NodeSettings {
        dir: dir.to_owned(),
        listen: options.listen,
        funding: FUNDING_FEN,
        clock_base_ms: BASE_MS,
        clock_rate: RATE,
        sweep_every_s: 3,
    };
    let mut stage = Stage::start(settings, options.faults, options.seed).await?;
    let ids = stage.settle_in(&residents).await?;
    invite(options, &stage, &ids[0], &residents[0]);
    let mut drive = Drive::new(stage.http.clone());
    let mut chance = Chance::new(options.seed, 4);
    for (number, wish) in
        (1u32..).zip(wishes(u32::MAX / 1_024, Mix { products: Products::All, seed: options.seed }, &residents, &ids))
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = tokio::time::sleep(Duration::from_millis(chance.below(PAUSE_MOST_MS))) => {}
        }
        drive.send(wish).await?;
        if number.is_multiple_of(PICTURE_EVERY) {
            println!("{} orders placed, half acknowledged within {} us", drive.answers.len(), drive.took_us(50));
        }
        if stage.node.has_ended() {
            return Err(Failure::stopped("the node stopped by itself"));
        }
    }
    stage.node.terminate()
}

fn invite(options: &DemoOptions, stage: &Stage, subscriber: &str, resident: &Resident) {
    let (keys, province) = (&stage.keys, resident.province.to_string());
    let order = json!({
        "subscriber": subscriber, "product": "direct", "amount": 5_000, "channel_province": province,
    });
    println!("Tongbao 通宝 is up at http://{}", options.listen);
    println!("convert 50.00 CNY of airtime yourself (自己兑换 50 元话费):");
    println!(
        "  curl -i http://{}/v1/orders -H 'Authorization: Bearer {}' -H 'Idempotency-Key: mine-1' \\",
        options.listen, keys.app
    );
    println!("    -H 'Content-Type: application/json' -d '{order}'");
    let number = &resident.msisdn;
    println!(
        "or sign in as who has {number} (以用户身份登录): POST /v1/codes, POST /v1/sessions/code; the phone (手机收件箱):"
    );
    println!("  curl '{}/sandbox/inbox?to={number}'", stage.world.sms);
    println!("keys of whoever runs it (运营方密钥): {}", keys.house);
    println!("of two who change rules together (双人审批密钥): li {}, wang {}", keys.changers[0], keys.changers[1]);
    println!("Ctrl-C ends it. A day passes in ten minutes.");
}

//! Measures the vault: `cargo run --release -p vault --example register [COUNT]`.
//!
//! Registers persons with number and card in batches, then looks up and reveals each number,
//! first from disk and then from memory.

use std::error::Error;
use std::time::Instant;

use vault::{
    CardNumber, IdentityNumber, InstrumentId, Msisdn, NewPerson, PersonId, PersonName, Purpose, Registration,
    SubscriberId, Vault, VaultKey, VaultOptions,
};

/// As many as an order file's subscribers are put at once.
const BATCH: u128 = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u128 = std::env::args().nth(1).map_or(Ok(50_000), |count| count.parse())?;
    let path = std::env::temp_dir().join(format!("vault-register-{}.sqlite", std::process::id()));
    let options = VaultOptions { cache_rows: 4 * count as usize };
    let vault = Vault::open_with(&path, VaultKey::from_bytes([1; 32]), options)?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
    let started = Instant::now();
    for first in (1..=count).step_by(BATCH as usize) {
        let batch: Result<Vec<_>, _> = (first..=count.min(first + BATCH - 1)).map(registration).collect();
        vault.register(&batch?)?;
    }
    report("registered", count, started);
    for source in ["from disk", "from memory"] {
        let started = Instant::now();
        for n in 1..=count {
            let (subscriber, _) = vault.find_number(&msisdn(n)?)?.ok_or("a number is missing")?;
            vault.reveal_msisdn(subscriber, Purpose::OrderCheck)?;
        }
        report(&format!("found and revealed {source}"), count, started);
    }
    drop(vault);
    println!("{} bytes a person with number and card", u128::from(std::fs::metadata(&path)?.len()) / count);
    std::fs::remove_file(&path)?;
    Ok(())
}

fn report(what: &str, count: u128, started: Instant) {
    println!("{what}: {:.0} a second", count as f64 / started.elapsed().as_secs_f64());
}

fn msisdn(n: u128) -> Result<Msisdn, vault::PersonalError> {
    Msisdn::parse(&format!("138{n:08}"))
}

fn registration(n: u128) -> Result<Registration, vault::PersonalError> {
    let identity = IdentityNumber::parse(&format!("1101051949{n:07}X"))?;
    let person = NewPerson { id: PersonId(n), name: PersonName::parse("张三")?, identity };
    let card = Some((InstrumentId(n), CardNumber::parse(&format!("622202{n:013}"))?));
    Ok(Registration { person, number: (SubscriberId(n), msisdn(n)?), card, credit_card: None })
}

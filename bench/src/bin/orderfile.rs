//! Makes an order file to measure with: `subscribers.csv` and `orders.csv`, of which seven rows in twenty are accepted.
//!
//! `cargo run --release -p bench --bin orderfile -- --rows 1000000 --subscribers 200000 --to DIR`

use bench::root;
use clap::Parser;
use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

/// Fen that each number holds.
const BALANCE: u64 = 10_000_000;
/// The rows pass through so many days.
const DAYS: u64 = 14;
/// Provinces where the shipped policy offers direct, gift, refund and points; direct arrives at T+2.
const PROVINCES: [&str; 6] = ["31", "32", "42", "43", "51", "37"];

#[derive(Parser)]
struct Arguments {
    /// How many orders.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How many numbers.
    #[arg(long, default_value_t = 200_000)]
    subscribers: u64,
    /// The directory to write to.
    #[arg(long)]
    to: PathBuf,
}

struct Resident {
    id_number: String,
    msisdn: String,
    province: String,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.to)?;
    let residents = residents(arguments.subscribers);
    let mut file = BufWriter::new(File::create(arguments.to.join("subscribers.csv"))?);
    writeln!(file, "id_number,msisdn,balance_fen,promo_fen,third_party_30d_fen,advance_fen,own_card,credit_card")?;
    for (place, Resident { id_number, msisdn, .. }) in residents.iter().enumerate() {
        writeln!(file, "{id_number},{msisdn},{BALANCE},500,300,200,card_{place:06x},cc_{place:06x}")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(arguments.to.join("orders.csv"))?);
    writeln!(file, "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target")?;
    for row in 0..arguments.rows {
        // One in twenty is sent again.
        let sent = if row % 20 == 19 { row - 9 } else { row };
        writeln!(file, "{}", order(&residents, sent, arguments.rows))?;
    }
    file.flush()
}

fn residents(count: u64) -> Vec<Resident> {
    let packed = File::open(root().join("data/number_segments_cn.csv.gz")).expect("the segments");
    let mut segments = String::new();
    GzDecoder::new(packed).read_to_string(&mut segments).expect("they unpack");
    let lines = segments.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let connected: Vec<_> = lines.filter(|line| PROVINCES.contains(&line[1]) && line[0].starts_with("13")).collect();
    let resident = |serial: u64| {
        let line = &connected[usize::try_from(serial).unwrap_or_default() % connected.len()];
        let msisdn = format!("{}{:04}", line[0], serial / connected.len() as u64);
        Resident { id_number: id_number(serial), msisdn, province: line[1].to_owned() }
    };
    (0..count).map(resident).collect()
}

/// GB 11643, with the serial spread over regions, days and serials.
fn id_number(serial: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (region, rest) = (110_000 + serial / 250_000, serial % 250_000);
    let body = format!("{region:06}1980{:02}{:02}{:03}", 1 + rest / 25_000, 1 + rest / 1_000 % 25, rest % 1_000);
    let sum: u64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    let check = b"10X98765432"[usize::try_from(sum % 11).unwrap_or_default()];
    format!("{body}{}", char::from(check))
}

/// A row: seven kinds that are accepted, then those that are not, each for its own reason.
fn order(residents: &[Resident], row: u64, rows: u64) -> String {
    let place = usize::try_from(row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20).unwrap_or_default() % residents.len();
    let (giver, other) = (&residents[place], &residents[(place + 1) % residents.len()]);
    let (card, own) = (format!("card_{place:06x}"), giver.msisdn.as_str());
    let (product, amount, instrument, number, target) = match row % 20 {
        0..=2 => ("direct", 10_000 + row % 977, card, own, ""),
        3 | 4 => ("gift", 10_000 + row % 977, String::new(), own, other.msisdn.as_str()),
        5 => ("refund", 100 + row % 97, "paid:p1;to:p1".to_owned(), own, ""),
        6 => ("points", 1_000 + row % 977, format!("cc_{place:06x}"), own, ""),
        7 => ("direct", 10, card, own, ""),
        8 => ("direct", 500_001, card, own, ""),
        9 | 10 => ("direct", 10_000, "card_of_another".to_owned(), own, ""),
        11 | 12 => ("agent", 10_000, card, own, ""),
        13 => ("direct", 10_000, card, other.msisdn.as_str(), ""),
        14 => ("direct", 10_000, card, "17000000000", ""),
        15 => ("gift", 10_000, String::new(), own, own),
        16 => ("gift", 9_999, String::new(), own, other.msisdn.as_str()),
        17 => ("refund", 100, "paid:p1;to:p2".to_owned(), own, ""),
        _ => ("direct", 10_000, String::new(), own, ""),
    };
    let second = row * DAYS * 86_400 / rows.max(1);
    let (day, hour, rest) = (10 + second / 86_400, second / 3_600 % 24, second % 3_600);
    let at = format!("2025-11-{day:02}T{hour:02}:{:02}:{:02}+08:00", rest / 60, rest % 60);
    let (id_number, province) = (&giver.id_number, &giver.province);
    format!("r{row:07},{at},{province},{id_number},{number},{product},{amount},{instrument},{target}")
}

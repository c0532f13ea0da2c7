//! An order file made up for the tests: every product, repeats, conflicts, strangers and broken lines.

use flate2::read::GzDecoder;
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Rows a subscriber, on average.
const ROWS_EACH: usize = 8;
/// Provinces where most products are offered in the shipped policy.
const PROVINCES: [&str; 4] = ["31", "32", "42", "44"];

/// Where an order file lies.
pub struct OrderFile {
    pub subscribers: PathBuf,
    pub orders: PathBuf,
    pub out: PathBuf,
}

struct Resident {
    id_number: String,
    msisdn: String,
    province: String,
}

impl OrderFile {
    /// Writes a file of about so many rows into a directory; always the same.
    pub fn write(dir: &Path, rows: usize) -> OrderFile {
        fs::create_dir_all(dir).expect("a directory");
        let file = OrderFile {
            subscribers: dir.join("subscribers.csv"),
            orders: dir.join("orders.csv"),
            out: dir.join("results.csv"),
        };
        let residents = residents(rows / ROWS_EACH + 2);
        fs::write(&file.subscribers, subscribers(&residents)).expect("written");
        fs::write(&file.orders, orders(&residents, rows)).expect("written");
        file
    }
}

fn residents(count: usize) -> Vec<Resident> {
    let packed = fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/number_segments_cn.csv.gz"));
    let mut segments = String::new();
    GzDecoder::new(packed.expect("the segments")).read_to_string(&mut segments).expect("they unpack");
    let lines = segments.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let connected =
        lines.filter(|line| PROVINCES.contains(&line[1]) && line[5].len() <= 4 && line[0].starts_with("13"));
    let residents = connected.step_by(7).zip(0..).map(|(line, serial)| Resident {
        id_number: id_number(serial),
        msisdn: format!("{}{serial:04}", line[0]),
        province: line[1].to_owned(),
    });
    residents.take(count).collect()
}

/// A valid identity number; every twentieth is of a child.
fn id_number(serial: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let year = if serial % 20 == 19 { 2015 } else { 1980 };
    let body = format!("440103{year}{:02}{:02}{:03}", 1 + serial % 12, 1 + serial / 12 % 28, serial / 336);
    let sum: u64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][usize::try_from(sum % 11).unwrap_or(0)])
}

fn subscribers(residents: &[Resident]) -> String {
    let header = "id_number,msisdn,balance_fen,promo_fen,third_party_30d_fen,advance_fen,own_card,credit_card\n";
    residents.iter().zip(0..).fold(header.to_owned(), |mut text, (resident, place)| {
        let Resident { id_number, msisdn, .. } = resident;
        // A token may be anything: some are none that a bank would know.
        let card = if place % 3 == 0 { format!("\"卡 {place}\"") } else { format!("card_{place:06}") };
        let _ = writeln!(text, "{id_number},{msisdn},{},500,300,{},{card},cc_{place}", 20_000 + place, place % 5 * 100);
        text
    })
}

fn orders(residents: &[Resident], rows: usize) -> String {
    let mut text =
        "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\r\n".to_owned();
    for place in 0..rows {
        let row = order(residents, place);
        match place % 17 {
            // The id is used by a malformed row first, which does not use it up, and repeated after it has its answer.
            3 => text.push_str(&row.replacen(",2025-", ",x2025-", 1)),
            5 => text.push_str("broken\"line,\n\n"),
            7 => text.push_str(&order(residents, place - 2)),
            9 => text.push_str(&order(residents, place - 1).replacen(",44,", ",33,", 1).replacen(",31,", ",33,", 1)),
            11 => {
                let other = &residents[residents.len() - 1].msisdn;
                text.push_str(&row.replacen(&residents[place * 7_919 % (residents.len() - 1)].msisdn, other, 1));
            }
            _ => {}
        }
        text.push_str(&row);
    }
    text
}

fn order(residents: &[Resident], place: usize) -> String {
    let spread = place * 7_919 % (residents.len() - 1);
    let (giver, other) = (&residents[spread], &residents[spread + 1]);
    let Resident { id_number, msisdn, province } = giver;
    let (product, amount, instrument, target) = match place % 5 {
        0 => ("direct", 1_000 + place % 9 * 2_500, format!("card_{spread:06}"), ""),
        1 => ("gift", 10_000 + place % 3 * 1_000, String::new(), other.msisdn.as_str()),
        2 => ("refund", 100 + place % 7 * 3_000, "paid:p1;to:p1".to_owned(), ""),
        3 => ("points", 1_000 + place % 11, format!("cc_{spread}"), ""),
        _ => ("agent", 2_000, format!("card_{spread:06}"), ""),
    };
    let (day, minute) = (1 + place / 400 % 28, place % 400);
    let at = format!("2025-09-{day:02}T{:02}:{:02}:00+08:00", 8 + minute / 60, minute % 60);
    format!("r{place},{at},{province},{id_number},{msisdn},{product},{amount},{instrument},{target}\n")
}

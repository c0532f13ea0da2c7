//! People and numbers that do not exist, well formed.

use serde_json::{Value, json};

/// Somebody with a number.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub id_number: String,
    pub msisdn: String,
    pub card: String,
}

impl Person {
    /// An adult with a China Telecom number at home in Guangdong.
    pub fn adult(serial: u32) -> Person {
        Person {
            name: "欧阳测试".to_owned(),
            id_number: identity_number("19900307", serial),
            msisdn: msisdn("1330004", serial),
            card: format!("62220212345{serial:08}"),
        }
    }

    /// The body that registers them, with airtime they paid for.
    pub fn body(&self, held_fen: u64) -> Value {
        json!({
            "name": self.name,
            "id_number": self.id_number,
            "msisdn": self.msisdn,
            "own_card": self.card,
            "lots": [{"provenance": "self_paid", "amount_fen": held_fen}],
        })
    }

    /// Whatever must appear nowhere.
    pub fn secrets(&self) -> [&str; 4] {
        [&self.name, &self.id_number, &self.msisdn, &self.card]
    }
}

/// A number of a segment.
pub fn msisdn(segment: &str, serial: u32) -> String {
    format!("{segment}{serial:04}")
}

/// A resident identity number with its check character.
pub fn identity_number(born: &str, serial: u32) -> String {
    let digits = format!("440106{born}{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

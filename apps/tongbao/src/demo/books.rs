//! The counterparties' own books, read as CSV, and what they say about each order of ours.

use crate::demo::stage::Stage;
use crate::failure::{Doing, Failure};
use facts::{OrderId, Partner};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A line of a telco's book.
#[derive(Clone, Debug, Deserialize)]
pub struct TelcoLine {
    /// Our reference, if it carries one.
    pub correlation_id: String,
    /// What was done.
    pub kind: String,
    /// Fen, minus taking from the subscriber.
    pub amount_fen: i64,
    /// Only `completed` moved value.
    pub status: String,
}

/// A line of the bank's book.
#[derive(Clone, Debug, Deserialize)]
pub struct BankLine {
    /// Our reference.
    pub end_to_end_id: String,
    /// Fen.
    pub amount_fen: i64,
    /// `DBIT` is paid, `CRDT` came back.
    pub direction: String,
}

/// A line of the issuer's book.
#[derive(Clone, Debug, Deserialize)]
pub struct IssuerLine {
    /// Our reference.
    pub reference: String,
    /// Fen.
    pub amount_fen: i64,
    /// `issued`, or `cancelled` again.
    pub kind: String,
}

/// A line of the acquirer's book.
#[derive(Clone, Debug, Deserialize)]
pub struct AcquirerLine {
    /// Our reference: of a payment, or of a refund.
    pub end_to_end_id: String,
    /// Fen.
    pub amount_fen: i64,
    /// `collected`; `refunded` and `returned` went back to the payer.
    pub kind: String,
}

/// A line of a programme's book.
#[derive(Clone, Debug, Deserialize)]
pub struct ProgrammeLine {
    /// Our reference.
    pub reference: String,
    /// Points.
    pub points: i64,
    /// `redeemed`; `reversed` and `accrued` went to the member.
    pub kind: String,
}

/// What all counterparties' books say.
#[derive(Default)]
pub struct Books {
    /// The raw CSV of each.
    pub csv: BTreeMap<Partner, String>,
    /// Fen, or points, that a partner took for good less what it gave, by order: minus is what it paid, issued or gave back.
    pub moved: BTreeMap<(Partner, OrderId), i64>,
    /// Fen that a telco moved from one subscriber to another, by order.
    pub transferred: BTreeMap<(Partner, OrderId), i64>,
    /// What moved for all orders.
    pub net: BTreeMap<Partner, i64>,
    /// What was transferred for all orders, by telco.
    pub net_transferred: BTreeMap<Partner, i64>,
    /// Fen set aside now, by telco.
    pub reserved: BTreeMap<Partner, i64>,
    /// Faults by kind and step, over all counterparties.
    pub faults: BTreeMap<String, u64>,
    /// Calls over all counterparties.
    pub calls: u64,
    /// Calls that went wrong.
    pub faulted: u64,
    /// Differences that the counterparties find in their own books.
    pub own_imbalance: i64,
}

impl Books {
    /// Reads every counterparty's books.
    pub async fn read(stage: &Stage) -> Result<Books, Failure> {
        let mut books = Books::default();
        for (partner, http) in &stage.partners {
            let totals = http.get("/sandbox/books").await?;
            books.own_imbalance += totals["imbalance"].as_i64().unwrap_or_default();
            let csv = http.text("/sandbox/books.csv").await?;
            match partner {
                Partner::Telco(_) => {
                    books.reserved.insert(*partner, totals["reserved"].as_i64().unwrap_or_default());
                    books.add_telco(*partner, &csv)?;
                }
                Partner::Bank => books.add_bank(&csv)?,
                Partner::Issuer => books.add_issuer(&csv)?,
                Partner::Acquirer => books.add_acquirer(&csv)?,
                Partner::Programme(_) => books.add_programme(*partner, &csv)?,
            }
            books.csv.insert(*partner, csv);
            books.add_faults(&http.get("/sandbox/faults").await?);
        }
        Ok(books)
    }

    fn add_telco(&mut self, partner: Partner, csv: &str) -> Result<(), Failure> {
        for line in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
            let line: TelcoLine = line.doing(&format!("reading the books of {partner}"))?;
            match line.kind.as_str() {
                _ if line.status != "completed" => {}
                "CaptureBalance" | "AdjustBalance" | "TopupBalance" => {
                    self.add(partner, &line.correlation_id, -line.amount_fen);
                }
                "TransferBalance" => self.add_transfer(partner, &line.correlation_id, -line.amount_fen),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_bank(&mut self, csv: &str) -> Result<(), Failure> {
        for line in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
            let line: BankLine = line.doing("reading the books of the bank")?;
            let paid = if line.direction == "DBIT" { line.amount_fen.abs() } else { -line.amount_fen.abs() };
            self.add(Partner::Bank, &line.end_to_end_id, -paid);
        }
        Ok(())
    }

    fn add_issuer(&mut self, csv: &str) -> Result<(), Failure> {
        for line in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
            let line: IssuerLine = line.doing("reading the books of the issuer")?;
            let issued = if line.kind == "issued" { line.amount_fen.abs() } else { -line.amount_fen.abs() };
            self.add(Partner::Issuer, &line.reference, -issued);
        }
        Ok(())
    }

    fn add_acquirer(&mut self, csv: &str) -> Result<(), Failure> {
        for line in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
            let line: AcquirerLine = line.doing("reading the books of the acquirer")?;
            let collected = if line.kind == "collected" { line.amount_fen.abs() } else { -line.amount_fen.abs() };
            self.add(Partner::Acquirer, &line.end_to_end_id, collected);
        }
        Ok(())
    }

    fn add_programme(&mut self, partner: Partner, csv: &str) -> Result<(), Failure> {
        for line in csv::Reader::from_reader(csv.as_bytes()).deserialize() {
            let line: ProgrammeLine = line.doing(&format!("reading the books of {partner}"))?;
            let redeemed = if line.kind == "redeemed" { line.points.abs() } else { -line.points.abs() };
            self.add(partner, &line.reference, redeemed);
        }
        Ok(())
    }

    fn add(&mut self, partner: Partner, reference: &str, moved: i64) {
        *self.net.entry(partner).or_default() += moved;
        if let Some(order) = order_of(reference) {
            *self.moved.entry((partner, order)).or_default() += moved;
        }
    }

    fn add_transfer(&mut self, partner: Partner, reference: &str, transferred: i64) {
        *self.net_transferred.entry(partner).or_default() += transferred;
        if let Some(order) = order_of(reference) {
            *self.transferred.entry((partner, order)).or_default() += transferred;
        }
    }

    fn add_faults(&mut self, faults: &serde_json::Value) {
        for (name, count) in faults.as_object().into_iter().flatten() {
            let count = count.as_u64().unwrap_or_default();
            match name.as_str() {
                "calls" => self.calls += count,
                "faulted" => self.faulted += count,
                _ => *self.faults.entry(name.clone()).or_default() += count,
            }
        }
    }
}

/// The order that a reference of ours names.
fn order_of(reference: &str) -> Option<OrderId> {
    let order = reference.split('-').next()?;
    format!("{}{order}", OrderId::PREFIX).parse().ok()
}

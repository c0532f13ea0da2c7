//! A statement as CSV (RFC 4180), for people and their spreadsheets, in two languages.
//!
//! Amounts that come and amounts that go have a column each: no cell begins with a sign, which a spreadsheet may take
//! for a formula, and every other cell is a date, an id or a word of ours.

use super::statements::{MovementAnswer, StatementAnswer};
use crate::language::Language;
use crate::words::Word;
use std::fmt::Write;
use views::MovementKind;

/// Without it a spreadsheet takes Chinese for Latin letters.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The words of the file: header, opening, totals, closing.
const fn words(language: Language) -> [&'static str; 4] {
    match language {
        Language::English => {
            ["date,time,order,what,in_fen,out_fen,fee_fen,balance_fen", "opening", "totals", "closing"]
        }
        Language::Chinese => {
            ["日期,时间,订单,事项,收入（分）,支出（分）,手续费（分）,余额（分）", "期初余额", "合计", "期末余额"]
        }
    }
}

/// What a movement is called.
pub fn said(kind: MovementKind, language: Language) -> &'static str {
    kind.said(language)
}

/// The file: header, opening, movements, totals, closing.
pub fn csv(statement: &StatementAnswer, language: Language) -> String {
    let [header, opening, totals, closing] = words(language);
    let StatementAnswer { from, until, opening_fen, in_fen, out_fen, fee_fen, closing_fen, .. } = statement;
    let mut out = String::new();
    if language == Language::Chinese {
        out.push(BYTE_ORDER_MARK);
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "{header}\r\n{from},,,{opening},,,,{opening_fen}\r\n");
    for movement in &statement.movements {
        let MovementAnswer { day, at, text, order, in_fen, out_fen, fee_fen, balance_fen, .. } = movement;
        let order = order.as_deref().unwrap_or_default();
        let _ = write!(out, "{day},{at},{order},{text},{in_fen},{out_fen},{fee_fen},{balance_fen}\r\n");
    }
    // Fees that only came back, of orders from before, are told in their rows: a sum below zero would have a sign.
    let fees = u64::try_from(*fee_fen).map(|fees| fees.to_string()).unwrap_or_default();
    let _ = write!(out, "{until},,,{totals},{in_fen},{out_fen},{fees},\r\n{until},,,{closing},,,,{closing_fen}\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> StatementAnswer {
        let movement = |what: MovementKind, amounts: [u64; 4], order: Option<&str>| MovementAnswer {
            day: "2026-11-02".to_owned(),
            at: "2026-11-02T10:00:00.000+08:00".to_owned(),
            what: what.code(),
            text: said(what, Language::Chinese),
            order: order.map(str::to_owned),
            in_fen: amounts[0],
            out_fen: amounts[1],
            fee_fen: amounts[2],
            balance_fen: amounts[3],
        };
        StatementAnswer {
            subscriber: "sub_1".to_owned(),
            from: "2026-11-01".to_owned(),
            until: "2026-11-30".to_owned(),
            opening_fen: 50,
            movements: vec![
                movement(MovementKind::Recharged, [1_000, 0, 0, 1_050], None),
                movement(MovementKind::Returned, [200, 0, 6, 1_250], Some("ord_1")),
            ],
            in_fen: 1_200,
            out_fen: 0,
            fee_fen: -6,
            closing_fen: 1_250,
            as_of: 9,
        }
    }

    #[test]
    fn a_statement_is_written_row_by_row() {
        let expected = "\u{feff}日期,时间,订单,事项,收入（分）,支出（分）,手续费（分）,余额（分）\r\n\
            2026-11-01,,,期初余额,,,,50\r\n\
            2026-11-02,2026-11-02T10:00:00.000+08:00,,充值,1000,0,0,1050\r\n\
            2026-11-02,2026-11-02T10:00:00.000+08:00,ord_1,订单退回,200,0,6,1250\r\n\
            2026-11-30,,,合计,1200,0,,\r\n\
            2026-11-30,,,期末余额,,,,1250\r\n";
        assert_eq!(csv(&statement(), Language::Chinese), expected);
    }

    #[test]
    fn no_cell_of_any_language_begins_as_a_formula_and_all_rows_are_as_wide() {
        for language in [Language::English, Language::Chinese] {
            let text = csv(&statement(), language);
            for row in text.trim_start_matches(BYTE_ORDER_MARK).split_terminator("\r\n") {
                assert_eq!(row.split(',').count(), 8, "{row}");
                let starts = row.split(',').filter_map(|cell| cell.trim_start().chars().next());
                assert!(starts.into_iter().all(char::is_alphanumeric), "{row}");
            }
        }
    }
}

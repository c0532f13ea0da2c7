//! What views refuse, and what a refused batch leaves behind: nothing.

use std::sync::Arc;

use facts::{Fact, OrderId, Partner, Refusal};
use money::Telco;
use views::{OrderFilter, Projected, ViewError, Views};

use crate::history::{Picture, history};

#[test]
fn a_gap_is_refused_and_nothing_is_applied() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let records = history(1, 50);
    views.apply(&records[..20]).expect("applies");
    let refused = views.apply(&records[21..]);
    assert!(matches!(refused, Err(ViewError::Gap { expected: 21, found: 22 })), "{refused:?}");
    let mut holed = records[20..30].to_vec();
    holed.remove(5);
    let refused = views.apply(&holed);
    assert!(matches!(refused, Err(ViewError::Gap { expected: 26, found: 27 })), "{refused:?}");
    assert_eq!(Picture::shown(&views.reader()), Picture::of(&records[..20]));
    views.apply(&records[20..]).expect("goes on");
    assert_eq!(Picture::shown(&views.reader()), Picture::of(&records));
}

#[test]
fn a_second_writer_is_fenced_off_by_the_first_that_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("views.db");
    let records = history(2, 40);
    let (mut first, mut second) = (Views::open(&path).expect("opens"), Views::open(&path).expect("opens"));
    first.apply(&records[..10]).expect("applies");
    let refused = second.apply(&records[..20]);
    assert!(matches!(refused, Err(ViewError::OtherWriter)), "{refused:?}");
    assert_eq!(second.position(), 0);
    first.apply(&records).expect("goes on");
    assert_eq!(Picture::shown(&first.reader()), Picture::of(&records));
}

#[test]
fn amounts_that_leave_a_column_are_refused_and_nothing_is_applied() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let mut records = history(3, 10);
    records[9].posted.push(ledger::Entry {
        debit: ledger::AccountId::new(1),
        credit: ledger::AccountId::new(2),
        amount: u64::MAX,
    });
    assert!(matches!(views.apply(&records), Err(ViewError::OutOfRange(u64::MAX))));
    views.apply(&records[..9]).expect("applies");
    assert_eq!(Picture::shown(&views.reader()), Picture::of(&records[..9]));
}

/// Whoever asks for too much is declined, and must not stop the projection by it.
#[test]
fn a_declined_amount_beyond_the_column_is_shown_as_its_greatest() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let order = OrderId::from_bits(7);
    let mut record = facts::OpenRecord::clone(&history(4, 1)[0].record);
    record.facts = vec![Fact::OrderDeclined {
        order,
        person: Default::default(),
        subscriber: Default::default(),
        product: facts::Product::Direct,
        amount: u64::MAX,
        refusal: Refusal::AmountTooLarge,
        found: 0,
        allowed: 0,
        policy: Default::default(),
        requested_at: record.meta.now,
        limit: None,
    }];
    views.apply(&[Projected { record: Arc::new(record), posted: Vec::new() }]).expect("applies");
    let row = views.reader().order_row(order).expect("reads").expect("is there");
    assert_eq!((row.amount, row.refusal), (i64::MAX.unsigned_abs(), Some(Refusal::AmountTooLarge)));
}

#[test]
fn cursors_are_kept_per_partner() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("views.db");
    let telco = Partner::Telco(Telco::Ctcc);
    let mut views = Views::open(&path).expect("opens");
    assert_eq!(views.cursor(telco).expect("reads"), 0);
    views.set_cursor(telco, 5).expect("writes");
    views.set_cursor(telco, 9).expect("writes");
    views.set_cursor(Partner::Bank, 1).expect("writes");
    assert!(matches!(views.set_cursor(telco, u64::MAX), Err(ViewError::OutOfRange(u64::MAX))));
    drop(views);
    let views = Views::open(&path).expect("opens");
    assert_eq!((views.cursor(telco).expect("reads"), views.cursor(Partner::Bank).expect("reads")), (9, 1));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("views.db");
    std::fs::write(&path, vec![b'x'; 8_192]).expect("writes");
    assert!(Views::open(&path).is_err());
    let mut views = {
        Views::remove(&path).expect("removes");
        Views::open(&path).expect("opens")
    };
    views.apply(&history(6, 20)).expect("applies");
    assert!(views.reader().orders(OrderFilter::default(), None, 0).expect("reads").is_empty());
}

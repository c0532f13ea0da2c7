//! Pages: filtered, newest first, and stable while writes go on.

use facts::OrderState;
use views::{OrderFilter, OrderRow, ViewReader, Views};

use crate::history::{Picture, history, person, subscriber};

const PAGE: u32 = 7;

fn all_pages(reader: &ViewReader, filter: OrderFilter, mut between: impl FnMut()) -> Vec<OrderRow> {
    let mut rows: Vec<OrderRow> = Vec::new();
    loop {
        let page = reader.orders(filter, rows.last().map(|row| row.id), PAGE).expect("reads");
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
        between();
    }
}

#[test]
fn every_filter_gives_what_it_names_newest_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let records = history(7, 500);
    views.apply(&records).expect("applies");
    let expected = Picture::of(&records);
    let settled = OrderFilter { state: Some(OrderState::Settled), ..OrderFilter::default() };
    for filter in [
        OrderFilter::default(),
        settled,
        OrderFilter { person: Some(person(1)), ..OrderFilter::default() },
        OrderFilter { subscriber: Some(subscriber(2)), ..OrderFilter::default() },
        OrderFilter { person: Some(person(1)), ..settled },
        OrderFilter { subscriber: Some(subscriber(2)), ..settled },
        OrderFilter { person: Some(person(1)), subscriber: Some(subscriber(2)), ..settled },
        OrderFilter { person: Some(person(77)), ..OrderFilter::default() },
    ] {
        let named = |row: &&OrderRow| {
            filter.state.is_none_or(|state| row.state == state)
                && filter.person.is_none_or(|person| row.person == person)
                && filter.subscriber.is_none_or(|subscriber| row.subscriber == Some(subscriber))
        };
        let rows: Vec<_> = expected.orders.values().rev().map(|(row, _)| row).filter(named).cloned().collect();
        assert_eq!(all_pages(&views.reader(), filter, || ()), rows, "{filter:?}");
    }
}

/// Hypothesis: whoever pages while orders come and change sees each order that was there once.
#[test]
fn paging_is_stable_while_writes_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let records = history(8, 800);
    let (before, mut after) = records.split_at(400);
    views.apply(before).expect("applies");
    let reader = views.reader();
    let there: Vec<_> = Picture::of(before).orders.into_keys().rev().collect();
    let shown = all_pages(&reader, OrderFilter::default(), || {
        let (batch, later) = after.split_at(after.len().min(20));
        views.apply(batch).expect("applies");
        after = later;
    });
    let newest = there[0];
    // An order made in the same millisecond as the newest may sort below it, and is then shown too.
    let shown: Vec<_> = shown.iter().map(|row| row.id).filter(|id| there.contains(id) || *id > newest).collect();
    assert_eq!(shown, there);
}

#[test]
fn readers_on_other_threads_see_what_the_position_promises() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    let records = history(9, 600);
    // By position: the last record up to it that changed an order.
    let last_change: Vec<u64> = (0..=records.len())
        .map(|position| Picture::of(&records[..position]).orders.values().map(|(row, _)| row.changed_in).max())
        .map(|last| last.unwrap_or(0))
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (reader, last_change) = (views.reader(), &last_change);
            scope.spawn(move || {
                while reader.position() < 600 {
                    let promised = reader.position();
                    let rows = reader.orders(OrderFilter::default(), None, 1_000).expect("reads");
                    let seen = rows.iter().map(|row| row.changed_in).max().unwrap_or(0);
                    assert!(seen >= last_change[promised as usize], "saw {seen}, promised {promised}");
                }
            });
        }
        for batch in records.chunks(11) {
            views.apply(batch).expect("applies");
        }
    });
    assert_eq!(Picture::shown(&views.reader()), Picture::of(&records));
}

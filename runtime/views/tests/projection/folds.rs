//! However records are split into batches, repeated or cut off: the views are their fold.

use std::path::Path;

use views::{Projected, Views};

use crate::history::{Dice, Picture, history};

const RECORDS: u64 = 600;

fn apply_in_batches(views: &mut Views, records: &[Projected], dice: &mut Dice) {
    let mut rest = records;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(dice.batch(rest.len()));
        views.apply(batch).expect("applies");
        rest = later;
    }
}

fn projected(path: &Path, records: &[Projected], seed: u64) -> Picture {
    let mut views = Views::open(path).expect("opens");
    apply_in_batches(&mut views, records, &mut Dice(seed));
    Picture::shown(&views.reader())
}

#[test]
fn views_are_the_fold_of_the_records_however_they_are_split() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().expect("a directory");
        let records = history(seed, RECORDS);
        let shown = projected(&dir.path().join("views.db"), &records, seed + 1_000);
        assert_eq!(shown, Picture::of(&records), "seed {seed}");
    }
}

#[test]
fn records_told_again_after_reopening_are_applied_once() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("views.db");
        let records = history(seed, RECORDS);
        let mut dice = Dice(seed + 2_000);
        let mut told = 0;
        while told < records.len() {
            let mut views = Views::open(&path).expect("opens");
            assert_eq!(views.position(), told as u64, "seed {seed}");
            // What was told before is told again, from anywhere before the position on.
            let from = usize::try_from(dice.roll(told as u64 + 1)).expect("small");
            let to = told + dice.batch(records.len() - told);
            apply_in_batches(&mut views, &records[from..to], &mut dice);
            assert_eq!(Picture::shown(&views.reader()), Picture::of(&records[..to]), "seed {seed}");
            told = to;
        }
    }
}

#[test]
fn views_rebuilt_from_scratch_equal_those_that_grew() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("views.db");
    let records = history(99, RECORDS);
    let grown = projected(&path, &records, 1);
    Views::remove(&path).expect("removes");
    Views::remove(&path).expect("removes what is not there");
    let mut views = Views::open(&path).expect("opens");
    assert_eq!(Picture::shown(&views.reader()), Picture::default());
    views.apply(&records).expect("applies");
    assert_eq!(Picture::shown(&views.reader()), grown);
}

#[test]
fn another_process_reads_what_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("views.db");
    let records = history(5, RECORDS);
    let mut views = Views::open(&path).expect("opens");
    views.apply(&records).expect("applies");
    let reader = views::ViewReader::open(&path).expect("opens");
    assert_eq!(Picture::shown(&reader), Picture::of(&records));
}

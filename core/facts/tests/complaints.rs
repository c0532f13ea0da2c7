//! The list of complaints: open ones by the day that is due, then those that ended; and it goes on from any place.

use facts::{
    Broken, Complaint, ComplaintAbout, ComplaintFilter, ComplaintId, ComplaintOutcome, ComplaintState, Day, Fact, Meta,
    Millis, OpenRecord, State, SubscriberId,
};

fn apply(state: &mut State, fact: Fact) -> Result<(), Broken> {
    let sequence = state.sequence() + 1;
    state.apply(&OpenRecord { sequence, shard: 0, epoch: 1, meta: Meta::system(Millis(sequence)), facts: vec![fact] })
}

fn file(state: &mut State, id: u128, due: u32) {
    let (complaint, subscriber) = (ComplaintId::from_bits(id), SubscriberId::from_bits(1 + id % 2));
    let (about, due_on) = (ComplaintAbout::Fee, Day::from_count(due));
    apply(state, Fact::ComplaintFiled { complaint, subscriber, order: None, about, due_on }).expect("fits");
}

fn close(state: &mut State, id: u128, outcome: ComplaintOutcome) -> Result<(), Broken> {
    let (complaint, why) = (ComplaintId::from_bits(id), String::new());
    apply(state, Fact::ComplaintClosed { complaint, order: None, outcome, why })
}

fn ids<'c>(complaints: impl Iterator<Item = &'c Complaint>) -> Vec<u128> {
    complaints.map(|complaint| complaint.id.bits()).collect()
}

/// Five complaints, of which the second and the fourth ended.
fn five() -> State {
    let mut state = State::default();
    for (id, due) in [(1, 30), (2, 10), (3, 20), (4, 20), (5, 20)] {
        file(&mut state, id, due);
    }
    close(&mut state, 2, ComplaintOutcome::Upheld).expect("fits");
    close(&mut state, 4, ComplaintOutcome::Rejected).expect("fits");
    state
}

#[test]
fn open_ones_come_by_their_day_and_then_those_that_ended_the_latest_first() {
    let state = five();
    let all = ids(state.complaints().after(None));
    assert_eq!(all, [3, 5, 1, 4, 2]);
    for (at, id) in all.iter().enumerate() {
        let place = state.complaints().get(ComplaintId::from_bits(*id)).expect("there").place();
        assert_eq!(ids(state.complaints().after(Some(place))), all[at + 1..], "behind {id}");
    }
    assert_eq!(state.complaints().open_and_overdue(Day::from_count(20)), (3, 0), "the last day is in time");
    assert_eq!(state.complaints().open_and_overdue(Day::from_count(21)), (3, 2));
    assert_eq!(state.complaints().open_and_overdue(Day::from_count(31)), (3, 3));
}

#[test]
fn a_page_goes_on_when_the_last_that_was_shown_has_ended_meanwhile() {
    let mut state = five();
    let place = state.complaints().get(ComplaintId::from_bits(3)).expect("there").place();
    close(&mut state, 3, ComplaintOutcome::Withdrawn).expect("fits");
    assert_eq!(ids(state.complaints().after(Some(place))), [5, 1, 4, 3, 2], "none that is open is passed over");
}

#[test]
fn a_filter_takes_what_it_names() {
    let state = five();
    let taken = |filter: ComplaintFilter| ids(state.complaints().after(None).filter(move |one| filter.takes(one)));
    let all = ComplaintFilter::default();
    assert_eq!(taken(ComplaintFilter { state: Some(ComplaintState::Open), ..all }), [3, 5, 1]);
    let rejected = Some(ComplaintState::Ended(ComplaintOutcome::Rejected));
    assert_eq!(taken(ComplaintFilter { state: rejected, ..all }), [4]);
    assert_eq!(taken(ComplaintFilter { subscriber: Some(SubscriberId::from_bits(1)), ..all }), [4, 2]);
    assert_eq!(taken(ComplaintFilter { due_before: Some(Day::from_count(20)), ..all }), [2]);
    for word in ["open", "upheld", "partly_upheld", "rejected", "withdrawn"] {
        assert_eq!(word.parse::<ComplaintState>().expect("a word").code(), word);
    }
    assert!("ended".parse::<ComplaintState>().is_err());
}

#[test]
fn a_complaint_ends_once_and_one_that_is_not_there_never() {
    let mut state = five();
    let again = close(&mut state, 2, ComplaintOutcome::Rejected);
    assert_eq!(again, Err(Broken::Complaint(ComplaintId::from_bits(2))));
    let nobody = close(&mut five(), 9, ComplaintOutcome::Rejected);
    assert_eq!(nobody, Err(Broken::Complaint(ComplaintId::from_bits(9))));
}

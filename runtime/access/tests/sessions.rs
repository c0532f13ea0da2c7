//! Sessions: how long they last, how their tokens are replaced, and how they end.

mod common;

use access::{CsrfToken, Denied, PrincipalKind, Role, Roles, SessionToken};
use common::{NOW, Place, denied};
use facts::Millis;

const MINUTE_MS: u64 = 60_000;
/// When `admin` signed in.
const START: Millis = NOW.plus(30_000);

#[test]
fn a_session_ends_when_it_is_idle() {
    let place = Place::new();
    let token = place.admin().opened.token;
    let mut now = START.plus(30 * MINUTE_MS - 1);
    let token = place.access.session(&token, now).unwrap().replaced.unwrap_or(token);
    now = now.plus(30 * MINUTE_MS);
    assert_eq!(denied(place.access.session(&token, now)), Denied::SessionExpired);
    assert_eq!(denied(place.access.session(&token, START)), Denied::SessionExpired, "and does not come back");
}

#[test]
fn a_session_ends_after_twelve_hours_however_busy_it_is() {
    let place = Place::new();
    let mut token = place.admin().opened.token;
    let mut now = START;
    let (mut minutes, mut replaced) = (0, 0);
    while let Ok(session) = place.access.session(&token, now) {
        if let Some(fresh) = session.replaced {
            (token, replaced) = (fresh, replaced + 1);
        }
        (now, minutes) = (now.plus(MINUTE_MS), minutes + 1);
    }
    assert_eq!((minutes, replaced), (12 * 60, 12 * 4 - 1), "a token a quarter of an hour");
}

#[test]
fn a_replaced_token_serves_requests_under_way_and_then_ends_the_session() {
    let place = Place::new();
    let old = place.admin().opened.token;
    let now = START.plus(15 * MINUTE_MS);
    let fresh = place.access.session(&old, now).unwrap().replaced.expect("a fresh token");
    for (after_ms, token) in [(1, &old), (2, &fresh), (29_999, &old), (29_999, &fresh)] {
        assert!(place.access.session(token, now.plus(after_ms)).unwrap().replaced.is_none());
    }
    // Somebody kept a copy: neither is good any more.
    let later = now.plus(30_000);
    assert_eq!(denied(place.access.session(&old, later)), Denied::SessionExpired);
    assert_eq!(denied(place.access.session(&fresh, later)), Denied::SessionExpired);
}

#[test]
fn a_replaced_token_is_known_after_a_restart_too() {
    let place = Place::new();
    let old = place.admin().opened.token;
    let now = START.plus(15 * MINUTE_MS);
    let fresh = place.access.session(&old, now).unwrap().replaced.expect("a fresh token");
    let place = place.reopened();
    place.access.session(&old, now.plus(1)).unwrap();
    place.access.session(&fresh, now.plus(1)).unwrap();
    assert_eq!(denied(place.access.session(&old, now.plus(30_000))), Denied::SessionExpired);
    let place = place.reopened();
    assert_eq!(denied(place.access.session(&fresh, now.plus(30_000))), Denied::SessionExpired);
}

#[test]
fn use_is_remembered_over_a_restart() {
    let place = Place::new();
    let token = place.admin().opened.token;
    let now = START.plus(14 * MINUTE_MS);
    place.access.session(&token, now).unwrap();
    place.access.tend(now).unwrap();
    let place = place.reopened();
    place.access.session(&token, now.plus(29 * MINUTE_MS)).unwrap();
    let place = place.reopened();
    let late = now.plus(71 * MINUTE_MS);
    place.access.tend(late).unwrap();
    assert_eq!(denied(place.access.session(&token, now)), Denied::SessionExpired, "what is over is forgotten");
}

#[test]
fn tending_takes_no_session_that_memory_knows_to_be_live() {
    let place = Place::new();
    let token = place.admin().opened.token;
    let mut now = START;
    let mut token = place.access.session(&token, now).unwrap().replaced.unwrap_or(token);
    // Used again within the minute in which a use is not stored anew, then idle almost as long as allowed.
    for _ in 0..20 {
        for pause_ms in [59_000, 29 * MINUTE_MS + 59_000] {
            now = now.plus(pause_ms);
            place.access.tend(now).unwrap();
            token = place.access.session(&token, now).unwrap().replaced.unwrap_or(token);
        }
    }
    place.reopened().access.session(&token, now).unwrap();
}

#[test]
fn one_session_ends_or_all_of_somebody_do() {
    let place = Place::new();
    let admin = place.admin();
    let wang = place.staff(&admin.principal, "wang", Roles::of(&[Role::Risk]));
    let now = NOW.plus(120_000);
    let second = place.sign_in("wang", common::PASSWORD, &wang.seed.code_at(now), now).unwrap();
    let id = wang.principal.id();
    let listed = place.access.sessions_of(PrincipalKind::Staff, id).unwrap();
    assert_eq!(listed.iter().map(|session| session.opened_at).collect::<Vec<_>>(), [START, now]);
    for token in [&wang.opened.token, &second.token, &admin.opened.token] {
        place.access.session(token, now).unwrap();
    }
    place.access.end(wang.opened.session.id).unwrap();
    assert_eq!(denied(place.access.session(&wang.opened.token, now)), Denied::SessionExpired);
    place.access.session(&second.token, now).unwrap();
    place.access.end_all(PrincipalKind::Staff, id).unwrap();
    assert_eq!(denied(place.access.session(&second.token, now)), Denied::SessionExpired);
    place.access.session(&admin.opened.token, now).unwrap();
}

#[test]
fn what_another_process_revokes_is_seen_at_the_next_tending() {
    let place = Place::new();
    let admin = place.admin();
    place.access.session(&admin.opened.token, START).unwrap();
    place.beside().end(admin.opened.session.id).unwrap();
    place.access.tend(START).unwrap();
    assert_eq!(denied(place.access.session(&admin.opened.token, START)), Denied::SessionExpired);
}

#[test]
fn a_change_of_privilege_makes_another_session() {
    let place = Place::new();
    let admin = place.admin();
    let old = &admin.opened.session;
    let renewed = place.access.renew(old, START).unwrap();
    assert_ne!(renewed.session.id, old.id);
    assert_eq!(renewed.session.principal, old.principal);
    assert_eq!(denied(place.access.session(&admin.opened.token, START)), Denied::SessionExpired);
    assert_eq!(denied(place.access.renew(old, START)), Denied::SessionExpired);
    let (of_old, of_new) = (place.access.csrf_token(old), place.access.csrf_token(&renewed.session));
    assert_eq!(place.access.check_csrf(&renewed.session, Some(&of_old)), Err(Denied::CsrfWrong));
    assert_eq!(place.access.check_csrf(&renewed.session, Some(&of_new)), Ok(()));
}

#[test]
fn a_csrf_token_is_its_sessions_alone_and_stays_while_the_session_lives() {
    let place = Place::new();
    let admin = place.admin();
    let other = place.staff(&admin.principal, "wang", Roles::of(&[Role::Risk])).opened;
    let token = place.access.csrf_token(&admin.opened.session);
    let later = START.plus(15 * MINUTE_MS);
    let rotated = place.access.session(&admin.opened.token, later).unwrap();
    assert!(rotated.replaced.is_some());
    assert_eq!(place.access.check_csrf(&rotated, Some(&token)), Ok(()));
    assert_eq!(place.access.check_csrf(&other.session, Some(&token)), Err(Denied::CsrfWrong));
    assert_eq!(place.access.check_csrf(&rotated, None), Err(Denied::CsrfMissing));
    for text in ["", "x", &token.expose()[1..], admin.opened.token.expose()] {
        assert_eq!(place.access.check_csrf(&rotated, Some(&CsrfToken::new(text))), Err(Denied::CsrfWrong));
    }
}

#[test]
fn a_made_up_token_opens_nothing() {
    let place = Place::new();
    let token = place.admin().opened.token;
    let changed = format!("{}A", &token.expose()[..42]);
    for text in ["", "x", &changed] {
        if text != token.expose() {
            assert_eq!(denied(place.access.session(&SessionToken::new(text), START)), Denied::SessionExpired);
        }
    }
}

#[test]
fn of_requests_at_once_one_gets_the_fresh_token_and_none_is_lost() {
    let place = Place::new();
    let token = place.admin().opened.token;
    let now = START.plus(15 * MINUTE_MS);
    let fresh = std::thread::scope(|scope| {
        let request = || place.access.session(&token, now).unwrap().replaced.is_some();
        let requests: Vec<_> = (0..8).map(|_| scope.spawn(request)).collect();
        requests.into_iter().map(|request| u32::from(request.join().unwrap())).sum::<u32>()
    });
    assert_eq!(fresh, 1);
}

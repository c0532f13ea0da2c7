//! One-time codes for subscribers.

mod common;

use access::{Access, CodeAction, CodeFor, CodeMessage, CodeSender, Denied, OneTimeCode, PrincipalKind, Scope};
use common::{HERE, NOW, Place, changed, denied};
use facts::{Millis, SubscriberId};
use money::Asset;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

/// Keeps what was to be sent.
#[derive(Default)]
struct Kept(Mutex<Vec<CodeMessage>>);

impl CodeSender for Kept {
    fn send(&self, message: CodeMessage) {
        self.0.lock().unwrap().push(message);
    }
}

impl Kept {
    fn last(&self) -> OneTimeCode {
        self.0.lock().unwrap().last().unwrap().code.clone()
    }
}

fn owner() -> SubscriberId {
    SubscriberId::from_bits(42)
}

fn order(fen: u64) -> CodeFor<'static> {
    let amount = Some((Asset::Cny, fen));
    CodeFor { number: "13812345678", owner: Some(owner()), action: CodeAction::PlaceOrder, amount }
}

fn sign_in() -> CodeFor<'static> {
    CodeFor { action: CodeAction::SignIn, amount: None, ..order(0) }
}

fn wrong(code: &OneTimeCode) -> OneTimeCode {
    OneTimeCode::new(if code.expose() == "000000" { "000001" } else { "000000" })
}

/// As many addresses as are wanted, so that none is limited.
fn address(number: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number as u32))
}

fn sent(access: &Access, wanted: &CodeFor<'_>, now: Millis) -> OneTimeCode {
    let kept = Kept::default();
    access.send_code(wanted, &kept, HERE, now).unwrap();
    kept.last()
}

#[test]
fn a_code_is_good_once_for_its_action_and_amount() {
    let place = Place::new();
    let code = sent(&place.access, &order(10_000), NOW);
    assert!(code.expose().len() == 6 && code.expose().bytes().all(|byte| byte.is_ascii_digit()));
    let other_number = CodeFor { number: "13812345679", ..order(10_000) };
    let other_asset = CodeFor { amount: Some((Asset::Green, 10_000)), ..order(10_000) };
    let rows = [
        (order(10_001), Denied::CodeWrong),
        (CodeFor { amount: None, ..order(0) }, Denied::CodeWrong),
        (other_asset, Denied::CodeWrong),
        (sign_in(), Denied::CodeExpired),
        (other_number, Denied::CodeExpired),
    ];
    for (wanted, expected) in rows {
        assert_eq!(denied(place.access.redeem_code(&wanted, &code, HERE, NOW)), expected, "{wanted:?}");
    }
    assert_eq!(place.access.redeem_code(&order(10_000), &code, HERE, NOW).unwrap(), owner());
    assert_eq!(denied(place.access.redeem_code(&order(10_000), &code, HERE, NOW)), Denied::CodeExpired);
}

#[test]
fn a_code_lives_five_minutes_and_the_last_one_sent_is_the_good_one() {
    let place = Place::new();
    let first = sent(&place.access, &sign_in(), NOW);
    let later = NOW.plus(60_000);
    let second = sent(&place.access, &sign_in(), later);
    if first.expose() != second.expose() {
        assert_eq!(denied(place.access.redeem_code(&sign_in(), &first, HERE, later)), Denied::CodeWrong);
    }
    let end = later.plus(300_000);
    assert_eq!(denied(place.access.redeem_code(&sign_in(), &second, HERE, end)), Denied::CodeExpired);
    let third = sent(&place.access, &sign_in(), end);
    let last_moment = Millis(end.plus(300_000).0 - 1);
    place.access.redeem_code(&sign_in(), &third, HERE, last_moment).unwrap();
}

#[test]
fn five_wrong_codes_lock_for_longer_each_time_and_end_the_code() {
    let place = Place::new();
    let mut now = NOW;
    for lock_s in [900, 1_800, 3_600] {
        let code = sent(&place.access, &sign_in(), now);
        for _ in 0..5 {
            let tried = place.access.redeem_code(&sign_in(), &wrong(&code), HERE, now);
            assert_eq!(denied(tried), Denied::CodeWrong);
        }
        let locked = Denied::AccountLocked { retry_after_ms: lock_s * 1_000 };
        assert_eq!(denied(place.access.redeem_code(&sign_in(), &code, HERE, now)), locked);
        let again = now.plus(60_000);
        let refused = place.access.send_code(&sign_in(), &Kept::default(), HERE, again);
        assert_eq!(denied(refused), Denied::AccountLocked { retry_after_ms: lock_s * 1_000 - 60_000 });
        now = now.plus(lock_s * 1_000);
    }
    let code = sent(&place.access, &sign_in(), now);
    place.access.redeem_code(&sign_in(), &code, HERE, now).unwrap();
}

#[test]
fn a_code_that_was_guessed_at_is_not_good_after_a_short_lock_either() {
    let place = Place::with(changed(&[("first_lock_s = 900", "first_lock_s = 10")]));
    let code = sent(&place.access, &sign_in(), NOW);
    (0..5).for_each(|_| drop(place.access.redeem_code(&sign_in(), &wrong(&code), HERE, NOW)));
    let unlocked = NOW.plus(10_000);
    assert_eq!(denied(place.access.redeem_code(&sign_in(), &code, HERE, unlocked)), Denied::CodeExpired);
}

#[test]
fn the_fifth_try_may_be_the_right_one() {
    let place = Place::new();
    let code = sent(&place.access, &sign_in(), NOW);
    (0..4).for_each(|_| drop(place.access.redeem_code(&sign_in(), &wrong(&code), HERE, NOW)));
    place.access.redeem_code(&sign_in(), &code, HERE, NOW).unwrap();
}

#[test]
fn ten_thousand_guesses_succeed_no_more_often_than_chance_and_lock() {
    let place = Place::new();
    let (mut looked_at, mut hits, mut locked) = (0u32, 0u32, 0u32);
    let mut now = NOW;
    for guess in 0..10_000u64 {
        let from = address(guess);
        // The guesser asks for a fresh code whenever one may be sent.
        let _ = place.access.send_code(&sign_in(), &Kept::default(), from, now);
        let guessed = OneTimeCode::new(format!("{:06}", guess * 97 % 1_000_000));
        match place.access.redeem_code(&sign_in(), &guessed, from, now) {
            Ok(_) => hits += 1,
            Err(error) => match error.denied().expect("a denial") {
                Denied::CodeWrong => looked_at += 1,
                Denied::AccountLocked { .. } => locked += 1,
                _ => {}
            },
        }
        now = now.plus(6_000);
    }
    // Sixteen hours of guessing: fewer than forty guesses were looked at, so two hits are one chance in a thousand million.
    assert!(looked_at <= 40, "{looked_at} guesses were looked at");
    assert!(hits <= 1, "{hits} hits");
    assert!(locked > 9_000, "{locked} were told that it is locked");
}

#[test]
fn a_number_that_nobody_has_gets_the_same_answers() {
    let (real, nobody) = (Place::new(), Place::new());
    let unknown = CodeFor { owner: None, ..sign_in() };
    let mut answers = Vec::new();
    for (place, wanted) in [(&real, sign_in()), (&nobody, unknown)] {
        let kept = Kept::default();
        let mut said = vec![format!("{:?}", place.access.send_code(&wanted, &kept, HERE, NOW))];
        said.push(format!("{:?}", place.access.send_code(&wanted, &kept, HERE, NOW)));
        let code = kept.last();
        for _ in 0..6 {
            said.push(format!("{:?}", place.access.redeem_code(&wanted, &wrong(&code), HERE, NOW)));
        }
        let message = &kept.0.lock().unwrap()[0];
        assert_eq!(message.to, wanted.owner, "nothing is delivered to nobody");
        answers.push(said);
    }
    assert_eq!(answers[0], answers[1]);
    // Even the right code lets nobody in.
    let other = CodeFor { number: "13900000000", ..unknown };
    let code = sent(&nobody.access, &other, NOW);
    assert_eq!(denied(nobody.access.redeem_code(&other, &code, HERE, NOW)), Denied::CodeWrong);
}

#[test]
fn sending_is_limited_by_pause_by_number_and_by_address() {
    let place = Place::new();
    let kept = Kept::default();
    let send = |wanted: &CodeFor<'_>, from, now| place.access.send_code(wanted, &kept, from, now);
    send(&sign_in(), HERE, NOW).unwrap();
    let soon = denied(send(&sign_in(), HERE, NOW.plus(59_000)));
    assert_eq!(soon, Denied::TooManyTries { retry_after_ms: 1_000 });
    for minute in 1..4 {
        send(&sign_in(), address(minute), NOW.plus(minute * 60_000)).unwrap();
    }
    let sixth = denied(send(&sign_in(), address(9), NOW.plus(240_000)));
    assert!(matches!(sixth, Denied::TooManyTries { .. }), "five an hour for a number: {sixth:?}");
    let numbers: Vec<String> = (0..20).map(|number| format!("139{number:08}")).collect();
    let results = numbers.iter().map(|number| send(&CodeFor { number, ..sign_in() }, HERE, NOW));
    assert_eq!(results.filter(Result::is_ok).count(), 18, "two of twenty for the address were used above");
}

#[test]
fn a_code_opens_a_subscribers_session_and_its_file_names_no_number() {
    let place = Place::new();
    let code = sent(&place.access, &sign_in(), NOW);
    let wrong_action = CodeFor { action: CodeAction::Erase, ..sign_in() };
    let opened = place.access.sign_in_by_code(&wrong_action, &code, HERE, NOW).unwrap();
    let session = place.access.session(&opened.token, NOW).unwrap();
    assert_eq!(session.principal.kind(), PrincipalKind::Subscriber);
    assert_eq!(session.principal.scope(), &Scope::Subscriber { id: owner() });
    let bytes = place.bytes();
    for secret in ["13812345678", code.expose()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    assert_eq!(denied(place.access.sign_in_by_code(&sign_in(), &code, HERE, NOW)), Denied::CodeExpired);
}

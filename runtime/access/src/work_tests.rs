//! A wrong secret is as much work with a name that is known as with one that is not: the statements of the store are
//! counted, since a bound on time would fail on a busy machine. That a password is hashed for nobody, too, is shown in
//! `password.rs`, and that a signature is checked for nobody, too, in `signature.rs`.

use crate::store::STATEMENTS;
use crate::{
    Access, AccessKey, ApiKeyText, ApiScope, ApiScopes, CodeAction, CodeFor, CodeMessage, CodeSender, Credentials,
    Denied, KeyMode, KeyTerms, Password, Settings, SignedRequest, SignerName,
};
use facts::{Bucket, Millis, SubscriberId};
use std::net::{IpAddr, Ipv4Addr};

const NOW: Millis = Millis(1_790_000_000_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn access() -> (tempfile::TempDir, Access) {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::parse(Settings::SHIPPED).unwrap();
    (settings.passwords.memory_kib, settings.passwords.passes) = (8, 1);
    let access = Access::open(&dir.path().join("access.sqlite"), &AccessKey::from_bytes([1; 32]), settings).unwrap();
    (dir, access)
}

/// How many statements something takes.
fn work<T>(doing: impl FnOnce() -> T) -> (u64, T) {
    let before = STATEMENTS.get();
    let done = doing();
    (STATEMENTS.get() - before, done)
}

#[test]
fn a_key_that_is_known_and_wrong_takes_as_long_as_one_that_is_not_there() {
    let (_dir, access) = access();
    let keeper = access.keeper();
    access.add_partner(&keeper, "app", NOW).unwrap();
    let terms =
        KeyTerms { mode: KeyMode::Test, scopes: ApiScopes::of(ApiScope::ALL), expires_at: NOW.plus(86_400_000) };
    let key = access.issue_key(&keeper, "app", terms, NOW).unwrap();
    let tried = |text: String| {
        let (work, answer) = work(|| access.api_key(&ApiKeyText::new(text), NOW));
        assert_eq!(answer.unwrap_err().denied(), Some(&Denied::CredentialWrong));
        work
    };
    let (known, unknown) = (format!("tb_test_{}_wrong", key.id), "tb_test_0123456789abcdef_wrong".to_owned());
    let fresh = [tried(known.clone()), tried(unknown.clone())];
    access.api_key(&key.text, NOW).unwrap();
    assert_eq!(work(|| access.api_key(&key.text, NOW).map(drop)).0, 0, "from here on it is remembered");
    let remembered = [tried(known), tried(unknown)];
    assert_eq!((fresh, remembered), ([1, 1], [1, 1]));
}

#[test]
fn a_signature_of_a_known_client_takes_as_long_as_one_of_nobody() {
    let (_dir, access) = access();
    let keeper = access.keeper();
    access.add_partner(&keeper, "app", NOW).unwrap();
    let name = SignerName { client: "app", serial: "one" };
    access.add_shared_key(&keeper, name, NOW.plus(86_400_000), NOW).unwrap();
    let tried = |client: &str| {
        let seconds = NOW.0 / 1_000;
        let header = format!(
            "TONGBAO-HMAC-SHA256 client={client},nonce=0123456789abcdef,timestamp={seconds},serial=one,signature=AAAA"
        );
        let request = SignedRequest { method: "GET", target: "/", body: b"" };
        let (work, answer) = work(|| access.signed(&header, &request, NOW));
        assert_eq!(answer.unwrap_err().denied(), Some(&Denied::SignatureWrong));
        work
    };
    let first = [tried("app"), tried("nobody")];
    assert!(access.is_remembered(name));
    assert_eq!((first, [tried("app"), tried("nobody")]), ([1, 1], [1, 1]));
}

#[test]
fn a_known_name_with_a_wrong_password_takes_as_long_as_an_unknown_one() {
    let (_dir, access) = access();
    let password = Password::new("a long walk by the river");
    let invited = access.bootstrap("zhao", NOW).unwrap();
    let enrolment = access.enrol(&invited.token, &password, HERE, NOW).unwrap();
    access.confirm(&invited.token, &enrolment.seed.code_at(NOW), HERE, NOW).unwrap();
    let wrong = Password::new("not the river at all");
    let tried = |name: &str| {
        let (work, answer) =
            work(|| access.sign_in(&Credentials { name, password: &wrong, code: "123456" }, HERE, NOW));
        assert_eq!(answer.map(drop).unwrap_err().denied(), Some(&Denied::CredentialWrong));
        work
    };
    let (known, unknown) = (tried("zhao"), tried("nobody"));
    assert!(known > 0);
    assert_eq!(known, unknown);
}

struct Nowhere;

impl CodeSender for Nowhere {
    fn send(&self, _message: CodeMessage) {}
}

fn wanted<'a>(number: &'a str, owner: Option<SubscriberId>) -> CodeFor<'a> {
    CodeFor { number, owner, action: CodeAction::SignIn, amount: None }
}

#[test]
fn a_number_that_is_known_takes_as_long_as_one_that_is_not() {
    let (_dir, access) = access();
    let owner = SubscriberId::new(NOW.0, Bucket::of_hash(1), 1);
    let send = |number, owner| work(|| access.send_code(&wanted(number, owner), &Nowhere, HERE, NOW).unwrap());
    let (known, unknown) = (send("13300040001", Some(owner)), send("13300040002", None));
    assert!(known.0 > 0);
    assert_eq!(known, unknown);
    let code = crate::OneTimeCode::new("12345x");
    let redeem = |number, owner| work(|| access.redeem_code(&wanted(number, owner), &code, HERE, NOW).unwrap_err());
    let (known, unknown) = (redeem("13300040001", Some(owner)), redeem("13300040002", None));
    assert_eq!((known.0, known.1.denied()), (unknown.0, unknown.1.denied()));
    assert_eq!(known.1.denied(), Some(&Denied::CodeWrong));
}

/// Ten thousand guesses at a code, as fast as they come: few are looked at before the number is locked.
#[test]
fn ten_thousand_guesses_at_a_code_come_to_five() {
    let (_dir, access) = access();
    let owner = SubscriberId::new(NOW.0, Bucket::of_hash(1), 1);
    access.send_code(&wanted("13300040001", Some(owner)), &Nowhere, HERE, NOW).unwrap();
    let (mut looked_at, mut held_up) = (0, 0);
    for guess in 0..10_000_u64 {
        // Over ten minutes, from ten thousand addresses.
        let (from, now) = (IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + guess as u32)), NOW.plus(guess * 60));
        let code = crate::OneTimeCode::new(format!("{guess:06}"));
        match access.redeem_code(&wanted("13300040001", Some(owner)), &code, from, now) {
            Ok(_) => panic!("guess {guess} came in"),
            Err(error) => match error.denied() {
                Some(Denied::CodeWrong | Denied::CodeExpired) => looked_at += 1,
                Some(Denied::AccountLocked { .. } | Denied::TooManyTries { .. }) => held_up += 1,
                other => panic!("{other:?}"),
            },
        }
    }
    assert_eq!((looked_at, held_up), (5, 9_995));
}

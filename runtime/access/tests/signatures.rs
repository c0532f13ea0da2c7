//! Signed requests of partners and of agents' devices: every line counts, and each signature once.

mod common;

use access::{
    Access, AccessError, AccessKey, Denied, DeviceProof, EnrolmentCode, Principal, Scope, SignedRequest, SignerName,
    device_lines, five_lines,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{HERE, NOW, Place, changed, denied};
use ed25519_dalek::{Signer, SigningKey};
use facts::Millis;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

const DAY_MS: u64 = 86_400_000;
const ORDER: SignedRequest<'_> =
    SignedRequest { method: "POST", target: "/v1/orders?expand=steps", body: b"{\"a\":1}\n" };

/// A client that signs.
#[derive(Clone)]
enum Key {
    Hmac(Vec<u8>),
    Ed25519(SigningKey),
}

#[derive(Clone)]
struct Client {
    name: String,
    serial: String,
    key: Key,
}

impl Client {
    fn sign(&self, lines: &[u8]) -> (&'static str, Vec<u8>) {
        match &self.key {
            Key::Hmac(key) => {
                let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
                mac.update(lines);
                ("TONGBAO-HMAC-SHA256", mac.finalize().into_bytes().to_vec())
            }
            Key::Ed25519(key) => ("TONGBAO-ED25519", key.sign(lines).to_bytes().to_vec()),
        }
    }

    fn header(&self, request: &SignedRequest<'_>, at: Millis, nonce: &str) -> String {
        let seconds = (at.0 / 1_000).to_string();
        let (scheme, signature) = self.sign(&five_lines(request, &seconds, nonce));
        let (client, serial, signature) = (&self.name, &self.serial, STANDARD.encode(signature));
        format!("{scheme} client={client},nonce={nonce},timestamp={seconds},serial={serial},signature={signature}")
    }
}

fn nonce(number: u64) -> String {
    format!("nonce-{number:016}")
}

fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().as_bytes())
}

fn shared(place: &Place, admin: &Principal, client: &str, serial: &str) -> Client {
    let name = SignerName { client, serial };
    let key = place.access.add_shared_key(admin, name, NOW.plus(DAY_MS), NOW).unwrap();
    Client { name: client.into(), serial: serial.into(), key: Key::Hmac(STANDARD.decode(key.expose()).unwrap()) }
}

fn keyed(place: &Place, admin: &Principal, client: &str, serial: &str, seed: u8) -> Client {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let name = SignerName { client, serial };
    place.access.add_public_key(admin, name, &public(&key), NOW.plus(DAY_MS), NOW).unwrap();
    Client { name: client.into(), serial: serial.into(), key: Key::Ed25519(key) }
}

/// A bank with a key of each kind, and a mall with one.
fn place() -> (Place, Principal, [Client; 3]) {
    let place = Place::new();
    let admin = place.admin().principal;
    for name in ["bank", "mall"] {
        place.access.add_partner(&admin, name, NOW).unwrap();
    }
    let clients = [
        shared(&place, &admin, "bank", "h1"),
        keyed(&place, &admin, "bank", "e1", 1),
        shared(&place, &admin, "mall", "h1"),
    ];
    (place, admin, clients)
}

#[test]
fn a_signed_request_says_who_signed_it_and_is_good_once() {
    let (place, _, clients) = place();
    for (number, client) in clients.iter().enumerate() {
        let header = client.header(&ORDER, NOW, &nonce(number as u64));
        let principal = place.access.signed(&header, &ORDER, NOW).unwrap();
        assert_eq!(principal.scope(), &Scope::Partner { name: client.name.clone() });
        assert_eq!(denied(place.access.signed(&header, &ORDER, NOW)), Denied::NonceReused);
    }
}

#[test]
fn every_line_counts() {
    let (place, _, clients) = place();
    for (number, client) in clients[..2].iter().enumerate() {
        let (own, other) = (nonce(number as u64), nonce(99));
        let header = client.header(&ORDER, NOW, &own);
        let later = format!("timestamp={}", NOW.0 / 1_000 + 1);
        let now = format!("timestamp={}", NOW.0 / 1_000);
        let rows = [
            (header.clone(), SignedRequest { method: "PUT", ..ORDER }),
            (header.clone(), SignedRequest { target: "/v1/orders?expand=step", ..ORDER }),
            (header.clone(), SignedRequest { target: "/v1/orders", ..ORDER }),
            (header.clone(), SignedRequest { body: b"{\"a\":2}\n", ..ORDER }),
            (header.clone(), SignedRequest { body: b"{\"a\":1}", ..ORDER }),
            (header.clone(), SignedRequest { body: b"", ..ORDER }),
            (header.replace(&now, &later), ORDER),
            (header.replace(&own, &other), ORDER),
            (header.replace("client=bank", "client=mall"), ORDER),
            (header.replace("client=bank", "client=nobody"), ORDER),
            (header.replace("serial=", "serial=x"), ORDER),
        ];
        for (header, request) in rows {
            assert_eq!(denied(place.access.signed(&header, &request, NOW)), Denied::SignatureWrong, "{header}");
        }
        // None of that used up the nonce.
        place.access.signed(&header, &ORDER, NOW).unwrap();
    }
}

#[test]
fn a_line_cannot_be_moved_over_a_line_feed() {
    let (place, _, [client, ..]) = place();
    let header = client.header(&SignedRequest { method: "POST", target: "/v1/orders", body: b"x" }, NOW, &nonce(1));
    let smuggled = SignedRequest { method: "POST\n/v1/orders", target: "x", body: b"" };
    assert_eq!(denied(place.access.signed(&header, &smuggled, NOW)), Denied::SignatureWrong);
    let whole = format!("/v1/orders\n{}\n{}\nx", NOW.0 / 1_000, nonce(1));
    let signed = client.header(&SignedRequest { method: "POST", target: &whole, body: b"" }, NOW, &nonce(1));
    let target = SignedRequest { method: "POST", target: &whole, body: b"" };
    assert_eq!(denied(place.access.signed(&signed, &target, NOW)), Denied::SignatureWrong);
}

#[test]
fn one_scheme_is_not_the_other_and_one_clients_key_is_not_anothers() {
    let (place, _, [bank, bank_key, mall]) = place();
    // The public key as an HMAC secret, under the serial of the Ed25519 key.
    let Key::Ed25519(key) = &bank_key.key else { panic!("no public key") };
    let confused = Client { key: Key::Hmac(key.verifying_key().as_bytes().to_vec()), ..bank_key.clone() };
    // What stands in for a key that is not there, under serials of the other scheme.
    let zeros = Client { key: Key::Hmac(vec![0; 32]), ..bank_key.clone() };
    let sevens = Client { key: Key::Ed25519(SigningKey::from_bytes(&[7; 32])), ..bank.clone() };
    let as_bank = Client { name: bank.name.clone(), ..mall.clone() };
    let other_serial = Client { serial: "h2".into(), ..bank.clone() };
    let forged = Client { key: Key::Ed25519(SigningKey::from_bytes(&[9; 32])), ..bank_key.clone() };
    for client in [confused, zeros, sevens, as_bank, other_serial, forged] {
        let header = client.header(&ORDER, NOW, &nonce(1));
        assert_eq!(denied(place.access.signed(&header, &ORDER, NOW)), Denied::SignatureWrong, "{header}");
    }
    // What an unknown client's signature is checked with is no key of anybody.
    let nobody = Client { name: "nobody".into(), serial: "x".into(), key: Key::Hmac(vec![0; 32]) };
    let stand_in = Client { key: Key::Ed25519(SigningKey::from_bytes(&[7; 32])), ..nobody.clone() };
    for client in [nobody, stand_in] {
        let header = client.header(&ORDER, NOW, &nonce(1));
        assert_eq!(denied(place.access.signed(&header, &ORDER, NOW)), Denied::SignatureWrong);
    }
}

#[test]
fn a_nonce_is_a_clients_own_over_all_of_its_keys() {
    let (place, _, [bank, bank_key, mall]) = place();
    place.access.signed(&bank.header(&ORDER, NOW, &nonce(1)), &ORDER, NOW).unwrap();
    place.access.signed(&mall.header(&ORDER, NOW, &nonce(1)), &ORDER, NOW).unwrap();
    let again = bank_key.header(&ORDER, NOW.plus(9_000), &nonce(1));
    assert_eq!(denied(place.access.signed(&again, &ORDER, NOW.plus(9_000))), Denied::NonceReused);
}

#[test]
fn the_clock_may_be_five_minutes_off() {
    let (place, _, [client, ..]) = place();
    for (number, (shift, fits)) in
        [(-301i64, false), (-300, true), (0, true), (300, true), (301, false)].iter().enumerate()
    {
        let at = Millis(NOW.0.saturating_add_signed(shift * 1_000));
        let result = place.access.signed(&client.header(&ORDER, at, &nonce(number as u64)), &ORDER, NOW);
        match fits {
            true => drop(result.unwrap()),
            false => assert_eq!(denied(result), Denied::ClockSkewed { seconds: 301, window_s: 300 }),
        }
    }
}

#[test]
fn while_a_request_is_within_the_window_its_nonce_is_remembered() {
    let (place, _, [client, ..]) = place();
    // As early as it may come, and again as late as it may.
    let header = client.header(&ORDER, NOW.plus(300_000), &nonce(1));
    place.access.signed(&header, &ORDER, NOW).unwrap();
    for after_s in (0..=600).step_by(30) {
        let now = NOW.plus(after_s * 1_000);
        place.access.tend(now).unwrap();
        assert_eq!(denied(place.access.signed(&header, &ORDER, now)), Denied::NonceReused, "{after_s}");
    }
    let late = place.access.signed(&header, &ORDER, NOW.plus(601_000));
    assert_eq!(denied(late), Denied::ClockSkewed { seconds: 301, window_s: 300 });
}

#[test]
fn no_request_is_good_again_after_a_restart() {
    let (mut place, _, [client, _, mall]) = place();
    let mut taken = Vec::new();
    // Clocks behind, right and ahead.
    for (number, shift) in [-200i64, -3, 0, 4, 7, 250].into_iter().enumerate() {
        let at = Millis(NOW.0.saturating_add_signed(shift * 1_000));
        let header = client.header(&ORDER, at, &nonce(number as u64));
        place.access.signed(&header, &ORDER, NOW).unwrap();
        taken.push(header);
    }
    for after_s in [0, 1, 240, 260, 290] {
        place = place.reopened();
        for header in &taken {
            let result = place.access.signed(header, &ORDER, NOW.plus(after_s * 1_000));
            assert!(matches!(denied(result), Denied::ClockSkewed { .. } | Denied::NonceReused), "{after_s}: {header}");
        }
    }
    // Another client, whose clock was right, is not held up; and this one is not, once its clock has passed the mark.
    place.access.signed(&mall.header(&ORDER, NOW, &nonce(0)), &ORDER, NOW).unwrap();
    let now = NOW.plus(256_000);
    place.access.signed(&client.header(&ORDER, now, &nonce(99)), &ORDER, now).unwrap();
}

#[test]
fn keys_overlap_expire_and_are_revoked() {
    let (place, admin, [old, ..]) = place();
    let new = shared(&place, &admin, "bank", "h2");
    for (number, client) in [&old, &new].into_iter().enumerate() {
        place.access.signed(&client.header(&ORDER, NOW, &nonce(number as u64)), &ORDER, NOW).unwrap();
    }
    place.access.revoke_signer(&admin, SignerName { client: "bank", serial: "h1" }).unwrap();
    assert_eq!(denied(place.access.signed(&old.header(&ORDER, NOW, &nonce(3)), &ORDER, NOW)), Denied::SignatureWrong);
    place.access.signed(&new.header(&ORDER, NOW, &nonce(4)), &ORDER, NOW).unwrap();
    let end = NOW.plus(DAY_MS);
    assert_eq!(denied(place.access.signed(&new.header(&ORDER, end, &nonce(5)), &ORDER, end)), Denied::KeyExpired);
    let taken = place.access.add_shared_key(&admin, SignerName { client: "bank", serial: "h2" }, end, NOW);
    assert_eq!(denied(taken), Denied::SerialTaken);
    let listed = place.access.signers_of("bank").unwrap();
    assert_eq!(listed.iter().map(|key| key.revoked).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn a_store_under_another_key_knows_everybody_whom_it_knew() {
    let place = Place::new();
    let admin = place.admin();
    place.access.add_partner(&admin.principal, "bank", NOW).unwrap();
    let client = shared(&place, &admin.principal, "bank", "h1");
    let file = place.file();
    let closed = place.closed();
    let key = |byte| AccessKey::from_bytes([byte; 32]);
    assert!(matches!(Access::rekey(&file, &key(9), &key(8)), Err(AccessError::WrongKey)));
    for _ in 0..2 {
        Access::rekey(&file, &key(7), &key(8)).unwrap();
    }
    assert!(matches!(Access::open(&file, &key(7), common::settings()).map(drop), Err(AccessError::WrongKey)));
    let access = Access::open(&file, &key(8), common::settings()).unwrap();
    access.signed(&client.header(&ORDER, NOW, &nonce(1)), &ORDER, NOW).unwrap();
    let now = NOW.plus(120_000);
    access.confirm_again(&admin.principal, &admin.seed.code_at(now), now).unwrap();
    access.session(&admin.opened.token, now).unwrap();
    drop(closed);
}

#[test]
fn a_client_with_more_nonces_than_are_remembered_waits() {
    let place = Place::with(changed(&[("nonces_per_client = 600_000", "nonces_per_client = 3")]));
    let admin = place.admin().principal;
    place.access.add_partner(&admin, "bank", NOW).unwrap();
    let client = shared(&place, &admin, "bank", "h1");
    for number in 0..3 {
        place.access.signed(&client.header(&ORDER, NOW, &nonce(number)), &ORDER, NOW).unwrap();
    }
    let Denied::TooManyTries { retry_after_ms } =
        denied(place.access.signed(&client.header(&ORDER, NOW, &nonce(3)), &ORDER, NOW))
    else {
        panic!("the fourth was taken");
    };
    let now = NOW.plus(retry_after_ms);
    place.access.signed(&client.header(&ORDER, now, &nonce(3)), &ORDER, now).unwrap();
}

#[test]
fn a_public_key_under_which_forgeries_fit_is_refused() {
    let (place, admin, _) = place();
    let name = SignerName { client: "bank", serial: "weak" };
    let mut neutral = [0u8; 32];
    neutral[0] = 1;
    for text in [STANDARD.encode([0; 32]), STANDARD.encode(neutral), STANDARD.encode([1; 31]), "?".to_owned()] {
        let added = place.access.add_public_key(&admin, name, &text, NOW.plus(DAY_MS), NOW);
        assert_eq!(denied(added), Denied::PublicKeyMalformed, "{text}");
    }
}

/// Enrols a device for a till, as its program would.
fn enrol(place: &Place, code: &EnrolmentCode, key: &SigningKey) -> Result<Client, Denied> {
    let public_key = public(key);
    let signature = STANDARD.encode(key.sign(&device_lines(code, &public_key)).to_bytes());
    let proof = DeviceProof { code, public_key: &public_key, signature: &signature };
    match place.access.enrol_device(&proof, HERE, NOW) {
        Ok(device) => Ok(Client { name: device.agent, serial: device.serial, key: Key::Ed25519(key.clone()) }),
        error => Err(denied(error)),
    }
}

#[test]
fn a_till_has_one_device_and_an_agent_several_tills() {
    let place = Place::new();
    let admin = place.admin().principal;
    let id = place.access.add_agent(&admin, "shop", NOW).unwrap();
    let code = |till| place.access.invite_device(&admin, "shop", till, NOW).unwrap().code;
    let keys: Vec<SigningKey> = (1..=3).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
    let first = code("till-1");
    let one = enrol(&place, &first, &keys[0]).unwrap();
    let two = enrol(&place, &code("till-2"), &keys[1]).unwrap();
    assert_eq!(enrol(&place, &first, &keys[2]).err(), Some(Denied::InvitationInvalid), "a code is used once");
    for (number, (client, till)) in [(&one, "till-1"), (&two, "till-2")].into_iter().enumerate() {
        let header = client.header(&ORDER, NOW, &nonce(number as u64));
        let principal = place.access.signed(&header, &ORDER, NOW).unwrap();
        let scope = Scope::Agent { name: "shop".into(), till: till.into(), device: client.serial.clone() };
        assert_eq!((principal.id(), principal.scope()), (id, &scope));
    }
    let new = enrol(&place, &code("till-1"), &keys[2]).unwrap();
    let shut_out = place.access.signed(&one.header(&ORDER, NOW, &nonce(10)), &ORDER, NOW);
    assert_eq!(denied(shut_out), Denied::SignatureWrong);
    for (number, client) in [(11, &new), (12, &two)] {
        place.access.signed(&client.header(&ORDER, NOW, &nonce(number)), &ORDER, NOW).unwrap();
    }
}

#[test]
fn a_device_is_enrolled_by_its_own_key_with_a_fresh_code() {
    let place = Place::new();
    let admin = place.admin().principal;
    place.access.add_agent(&admin, "shop", NOW).unwrap();
    let code = || place.access.invite_device(&admin, "shop", "till-1", NOW).unwrap().code;
    let (replaced, good) = (code(), code());
    let key = SigningKey::from_bytes(&[1; 32]);
    assert_eq!(enrol(&place, &replaced, &key).err(), Some(Denied::InvitationInvalid), "another was made since");
    assert_eq!(enrol(&place, &EnrolmentCode::new("0000-0000-0000"), &key).err(), Some(Denied::InvitationInvalid));
    // Somebody else's public key, signed by one's own.
    let other = public(&SigningKey::from_bytes(&[2; 32]));
    let signature = STANDARD.encode(key.sign(&device_lines(&good, &other)).to_bytes());
    let proof = DeviceProof { code: &good, public_key: &other, signature: &signature };
    assert_eq!(denied(place.access.enrol_device(&proof, HERE, NOW)), Denied::SignatureWrong);
    // Typed without care.
    let typed = EnrolmentCode::new(good.expose().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
    enrol(&place, &typed, &key).unwrap();
    let late = place.access.invite_device(&admin, "shop", "till-1", NOW).unwrap();
    assert_eq!(late.until, NOW.plus(900_000));
    let own = public(&key);
    let signature = STANDARD.encode(key.sign(&device_lines(&late.code, &own)).to_bytes());
    let proof = DeviceProof { code: &late.code, public_key: &own, signature: &signature };
    assert_eq!(denied(place.access.enrol_device(&proof, HERE, late.until)), Denied::InvitationInvalid);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any method, target and body that HTTP can carry; and any change of one byte of what was signed.
    #[test]
    fn what_was_signed_fits_and_nothing_else_does(
        method in "[A-Z]{3,7}",
        target in "/[!-~]{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        at in any::<proptest::sample::Index>(),
        flip in 1u8..=255,
    ) {
        let (place, _, clients) = CLIENTS.with(|clients| clients.clone());
        let request = SignedRequest { method: &method, target: &target, body: &body };
        for client in clients.iter() {
            let number = COUNT.with(|count| { count.set(count.get() + 1); count.get() });
            let header = client.header(&request, NOW, &nonce(number));
            let mut changed = [method.as_bytes(), target.as_bytes(), &body].concat();
            let place_of_change = at.index(changed.len());
            changed[place_of_change] ^= flip;
            let (m, rest) = changed.split_at(method.len());
            let (t, b) = rest.split_at(target.len());
            if let (Ok(method), Ok(target)) = (std::str::from_utf8(m), std::str::from_utf8(t)) {
                let other = SignedRequest { method, target, body: b };
                prop_assert_eq!(denied(place.access.signed(&header, &other, NOW)), Denied::SignatureWrong);
            }
            prop_assert!(place.access.signed(&header, &request, NOW).is_ok());
        }
    }
}

type Shared = (std::rc::Rc<Place>, Principal, std::rc::Rc<[Client; 3]>);

thread_local! {
    static CLIENTS: Shared = {
        let (place, admin, clients) = place();
        (std::rc::Rc::new(place), admin, std::rc::Rc::new(clients))
    };
    static COUNT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

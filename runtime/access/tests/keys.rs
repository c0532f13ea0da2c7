//! API keys and client certificates.

mod common;

use access::{
    ApiKeyText, ApiScope, ApiScopes, Denied, KeyMode, KeyTerms, PrincipalKind, Role, Roles, Scope, SignerName,
};
use common::{NOW, Place, denied};

const DAY_MS: u64 = 86_400_000;

fn terms() -> KeyTerms {
    let scopes = ApiScopes::of(&[ApiScope::OrdersRead, ApiScope::OrdersWrite]);
    KeyTerms { mode: KeyMode::Live, scopes, expires_at: NOW.plus(90 * DAY_MS) }
}

#[test]
fn a_key_opens_for_its_partner_and_its_scopes() {
    let place = Place::new();
    let admin = place.admin().principal;
    let id = place.access.add_partner(&admin, "mall", NOW).unwrap();
    let issued = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap();
    assert!(issued.text.expose().starts_with(&format!("tb_live_{}_", issued.id)));
    let holder = place.access.api_key(&issued.text, NOW).unwrap();
    assert_eq!((holder.principal.kind(), holder.principal.id()), (PrincipalKind::Partner, id));
    assert_eq!(holder.principal.scope(), &Scope::Partner { name: "mall".to_owned() });
    assert_eq!(holder.needs(ApiScope::OrdersWrite), Ok(()));
    assert_eq!(holder.needs(ApiScope::BatchesWrite), Err(Denied::NotPermitted { needed: "batches:write" }));
    let bytes = place.bytes();
    let secret = &issued.text.expose().as_bytes()["tb_live_0123456789abcdef_".len()..];
    assert_eq!(secret.len(), 43);
    assert!(!bytes.windows(secret.len()).any(|window| window == secret), "the secret is in the file");
}

#[test]
fn a_key_that_is_changed_anywhere_opens_nothing() {
    let place = Place::new();
    let admin = place.admin().principal;
    place.access.add_partner(&admin, "mall", NOW).unwrap();
    let text = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap().text;
    for at in 0..text.expose().len() {
        let mut bytes = text.expose().as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let changed = ApiKeyText::new(String::from_utf8(bytes).unwrap());
        assert_eq!(denied(place.access.api_key(&changed, NOW)), Denied::CredentialWrong, "{at}");
    }
    let test = ApiKeyText::new(text.expose().replace("tb_live_", "tb_test_"));
    assert_eq!(denied(place.access.api_key(&test, NOW)), Denied::CredentialWrong);
    let longer = ApiKeyText::new(format!("{}A", text.expose()));
    assert_eq!(denied(place.access.api_key(&longer, NOW)), Denied::CredentialWrong);
    place.access.api_key(&text, NOW).unwrap();
}

#[test]
fn a_key_expires_and_is_revoked_at_once() {
    let place = Place::new();
    let admin = place.admin().principal;
    place.access.add_partner(&admin, "mall", NOW).unwrap();
    let issued = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap();
    let end = terms().expires_at;
    place.access.api_key(&issued.text, facts::Millis(end.0 - 1)).unwrap();
    assert_eq!(denied(place.access.api_key(&issued.text, end)), Denied::KeyExpired);
    place.access.api_key(&issued.text, NOW).unwrap();
    place.access.revoke_key(&admin, &issued.id).unwrap();
    assert_eq!(denied(place.access.api_key(&issued.text, NOW)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.revoke_key(&admin, "0123456789abcdef")), Denied::PrincipalUnknown);
    let place = place.reopened();
    assert_eq!(denied(place.access.api_key(&issued.text, NOW)), Denied::CredentialWrong);
}

#[test]
fn a_rotated_key_overlaps_with_its_successor() {
    let place = Place::new();
    let admin = place.admin().principal;
    place.access.add_partner(&admin, "mall", NOW).unwrap();
    let old = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap();
    place.access.api_key(&old.text, NOW).unwrap();
    let day = NOW.plus(DAY_MS);
    let new = place.access.rotate_key(&admin, &old.id, DAY_MS, day).unwrap();
    let holder = place.access.api_key(&new.text, day).unwrap();
    assert_eq!(holder.terms.expires_at, day.plus(90 * DAY_MS));
    assert!(holder.needs(ApiScope::OrdersWrite).is_ok());
    place.access.api_key(&old.text, day.plus(DAY_MS - 1)).unwrap();
    assert_eq!(denied(place.access.api_key(&old.text, day.plus(DAY_MS))), Denied::KeyExpired);
    let partner = holder.principal.id();
    assert_eq!(place.access.keys_of(partner).unwrap().len(), 2);
}

#[test]
fn last_use_is_noted_by_the_hour() {
    let place = Place::new();
    let admin = place.admin().principal;
    let partner = place.access.add_partner(&admin, "mall", NOW).unwrap();
    let issued = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap();
    let used = || place.access.keys_of(partner).unwrap()[0].used_at;
    for minute in 0..70 {
        place.access.api_key(&issued.text, NOW.plus(minute * 60_000)).unwrap();
    }
    place.access.tend(NOW).unwrap();
    assert_eq!(used(), NOW.plus(3_600_000));
}

#[test]
fn only_an_administrator_lets_partners_in_and_a_name_is_one_clients() {
    let place = Place::new();
    let admin = place.admin().principal;
    let wang = place.staff(&admin, "wang", Roles::of(&[Role::Operator])).principal;
    let needed = Denied::NotPermitted { needed: "admin" };
    assert_eq!(denied(place.access.add_partner(&wang, "mall", NOW)), needed);
    place.access.add_partner(&admin, "mall", NOW).unwrap();
    assert_eq!(denied(place.access.issue_key(&wang, "mall", terms(), NOW)), needed);
    assert_eq!(denied(place.access.add_agent(&admin, "mall", NOW)), Denied::NameTaken);
    assert_eq!(denied(place.access.issue_key(&admin, "nobody", terms(), NOW)), Denied::PrincipalUnknown);
    place.access.add_agent(&admin, "shop", NOW).unwrap();
    assert_eq!(denied(place.access.issue_key(&admin, "shop", terms(), NOW)), Denied::PrincipalUnknown);
}

#[test]
fn a_client_that_is_shut_out_has_no_key_left() {
    let place = Place::new();
    let admin = place.admin().principal;
    place.access.add_partner(&admin, "mall", NOW).unwrap();
    let issued = place.access.issue_key(&admin, "mall", terms(), NOW).unwrap();
    place.access.api_key(&issued.text, NOW).unwrap();
    let name = SignerName { client: "mall", serial: "tls-1" };
    place.access.add_certificate(&admin, name, b"certificate", NOW.plus(DAY_MS), NOW).unwrap();
    place.access.shut_out(&admin, "mall").unwrap();
    assert_eq!(denied(place.access.api_key(&issued.text, NOW)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.certificate(b"certificate", NOW)), Denied::CredentialWrong);
}

#[test]
fn a_certificate_is_its_partners_until_it_expires_or_is_revoked() {
    let place = Place::new();
    let admin = place.admin().principal;
    let id = place.access.add_partner(&admin, "bank", NOW).unwrap();
    let name = SignerName { client: "bank", serial: "tls-1" };
    place.access.add_certificate(&admin, name, b"certificate", NOW.plus(DAY_MS), NOW).unwrap();
    assert_eq!(place.access.certificate(b"certificate", NOW).unwrap().id(), id);
    assert_eq!(denied(place.access.certificate(b"certificatf", NOW)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.certificate(b"certificate", NOW.plus(DAY_MS))), Denied::KeyExpired);
    let again = place.access.add_certificate(&admin, name, b"other", NOW.plus(DAY_MS), NOW);
    assert_eq!(denied(again), Denied::SerialTaken);
    place.access.revoke_signer(&admin, name).unwrap();
    assert_eq!(denied(place.access.certificate(b"certificate", NOW)), Denied::CredentialWrong);
}

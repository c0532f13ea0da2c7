//! The life of a staff account.

mod common;

use access::{
    Access, AccessError, AccessKey, Denied, InvitationToken, Password, PrincipalKind, Role, Roles, StaffState,
};
use common::{HERE, NOW, PASSWORD, Place, changed, denied, settings};
use std::os::unix::fs::PermissionsExt;

const DAY_MS: u64 = 86_400_000;

fn only(role: Role) -> Roles {
    Roles::of(&[role])
}

#[test]
fn a_first_start_has_no_account_and_no_password() {
    let place = Place::new();
    assert_eq!(place.access.members().unwrap(), []);
    for (name, password) in [("admin", "admin"), ("root", ""), ("admin", "password"), ("", "")] {
        assert_eq!(denied(place.sign_in(name, password, "000000", NOW)), Denied::CredentialWrong);
    }
}

#[test]
fn the_first_administrator_comes_by_a_token_shown_once_and_the_last_one_is_good() {
    let place = Place::new();
    let (first, second) =
        (place.access.bootstrap("first", NOW).unwrap(), place.access.bootstrap("second", NOW).unwrap());
    let password = Password::new(PASSWORD);
    assert_eq!(denied(place.access.enrol(&first.token, &password, HERE, NOW)), Denied::InvitationInvalid);
    let admin = place.enrolled("second", &second.token);
    assert!(admin.principal.roles().has(Role::Admin) && admin.principal.kind() == PrincipalKind::Staff);
    assert_eq!(denied(place.access.bootstrap("third", NOW)), Denied::BootstrapClosed);
    assert_eq!(denied(place.access.enrol(&second.token, &password, HERE, NOW)), Denied::InvitationInvalid);
    let guessed = InvitationToken::new("");
    assert_eq!(denied(place.access.confirm(&guessed, "000000", HERE, NOW)), Denied::InvitationInvalid);
}

#[test]
fn an_invitation_expires_and_nobody_signs_in_before_the_authenticator_is_confirmed() {
    let place = Place::new();
    let invitation = place.access.bootstrap("admin", NOW).unwrap();
    assert_eq!(invitation.until, NOW.plus(DAY_MS));
    let password = Password::new(PASSWORD);
    let enrolment = place.access.enrol(&invitation.token, &password, HERE, NOW).unwrap();
    assert_eq!(place.access.members().unwrap()[0].state, StaffState::Enrolled);
    assert_eq!(denied(place.sign_in("admin", PASSWORD, &enrolment.seed.code_at(NOW), NOW)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.confirm(&invitation.token, "12345", HERE, NOW)), Denied::TotpWrong);
    let late = NOW.plus(DAY_MS);
    let code = enrolment.seed.code_at(late);
    assert_eq!(denied(place.access.confirm(&invitation.token, &code, HERE, late)), Denied::InvitationInvalid);
}

#[test]
fn a_weak_password_is_refused_at_enrolment_and_a_lost_page_can_be_asked_for_again() {
    let place = Place::new();
    let invitation = place.access.bootstrap("zhang.wei", NOW).unwrap();
    for weak in ["short", "password1234", "i-am-zhang.wei", "aaaaaaaaaaaaaaaa"] {
        let refused = denied(place.access.enrol(&invitation.token, &Password::new(weak), HERE, NOW));
        assert_eq!(refused.code(), "password_too_weak", "{weak}");
    }
    let password = Password::new(PASSWORD);
    let first = place.access.enrol(&invitation.token, &password, HERE, NOW).unwrap();
    let second = place.access.enrol(&invitation.token, &password, HERE, NOW).unwrap();
    let old = first.seed.code_at(NOW);
    assert_eq!(denied(place.access.confirm(&invitation.token, &old, HERE, NOW)), Denied::TotpWrong);
    place.access.confirm(&invitation.token, &second.seed.code_at(NOW), HERE, NOW).unwrap();
}

#[test]
fn what_is_wrong_is_not_said() {
    let place = Place::new();
    let admin = place.admin();
    let now = NOW.plus(120_000);
    let code = admin.seed.code_at(now);
    let wrong_code = if code == "000000" { "111111" } else { "000000" };
    let tries = [
        ("nobody", PASSWORD, code.as_str()),
        (admin.name, "correct horse batterz", &code),
        (admin.name, PASSWORD, wrong_code),
        (admin.name, PASSWORD, ""),
    ];
    for (name, password, code) in tries {
        assert_eq!(denied(place.sign_in(name, password, code, now)), Denied::CredentialWrong, "{name}");
    }
    place.sign_in(admin.name, PASSWORD, &code, now).unwrap();
}

#[test]
fn a_code_is_used_once() {
    let place = Place::new();
    let admin = place.admin();
    let now = NOW.plus(120_000);
    let code = admin.seed.code_at(now);
    place.sign_in(admin.name, PASSWORD, &code, now).unwrap();
    assert_eq!(denied(place.sign_in(admin.name, PASSWORD, &code, now)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.confirm_again(&admin.principal, &code, now)), Denied::TotpWrong);
    // One of an earlier step would still be within the drift.
    let earlier = admin.seed.code_at(NOW.plus(90_000));
    assert_eq!(denied(place.sign_in(admin.name, PASSWORD, &earlier, now)), Denied::CredentialWrong);
    let next = NOW.plus(150_000);
    place.access.confirm_again(&admin.principal, &admin.seed.code_at(next), next).unwrap();
}

#[test]
fn wrong_tries_lock_a_name_for_longer_each_time_whether_it_exists_or_not() {
    let place = Place::new();
    let admin = place.admin();
    let mut now = NOW.plus(10 * 60_000);
    for name in [admin.name, "nobody"] {
        for lock_s in [60, 120, 240] {
            for _ in 0..5 {
                let wrong = place.sign_in(name, "wrong password", "000000", now);
                assert_eq!(denied(wrong), Denied::CredentialWrong);
                now = now.plus(4_000);
            }
            let code = admin.seed.code_at(now);
            let Denied::AccountLocked { retry_after_ms } = denied(place.sign_in(name, PASSWORD, &code, now)) else {
                panic!("{name} is not locked");
            };
            assert_eq!(retry_after_ms, lock_s * 1_000 - 4_000);
            now = now.plus(retry_after_ms);
        }
    }
    (0..5).for_each(|_| drop(place.sign_in("nobody", "wrong password", "", now)));
    let place = place.reopened();
    let still = denied(place.sign_in("nobody", "x", "", now));
    assert_eq!(still, Denied::AccountLocked { retry_after_ms: 480_000 }, "a lock is durable");
    let later = NOW.plus(DAY_MS);
    place.sign_in(admin.name, PASSWORD, &admin.seed.code_at(later), later).unwrap();
}

#[test]
fn one_address_cannot_try_many_names_and_one_name_cannot_be_tried_from_many_addresses() {
    let place = Place::new();
    let mut limited = 0;
    for number in 0..100 {
        let refused = denied(place.sign_in(&format!("name{number}"), "x", "", NOW));
        limited += u32::from(matches!(refused, Denied::TooManyTries { .. }));
    }
    assert_eq!(limited, 40, "60 at once are allowed from one address");
}

#[test]
fn somebody_who_lost_everything_is_invited_again_which_ends_what_they_had() {
    let place = Place::new();
    let admin = place.admin();
    let wang = place.staff(&admin.principal, "wang", only(Role::Risk));
    let invitation = place.access.invite_again(&admin.principal, wang.principal.id(), NOW).unwrap();
    let now = NOW.plus(120_000);
    assert_eq!(denied(place.access.session(&wang.opened.token, now)), Denied::SessionExpired);
    let old = place.sign_in("wang", PASSWORD, &wang.seed.code_at(now), now);
    assert_eq!(denied(old), Denied::CredentialWrong);
    let again = place.access.enrol(&invitation.token, &Password::new("another long one 7"), HERE, now).unwrap();
    place.access.confirm(&invitation.token, &again.seed.code_at(now), HERE, now).unwrap();
    let later = now.plus(60_000);
    let opened = place.sign_in("wang", "another long one 7", &again.seed.code_at(later), later).unwrap();
    assert_eq!(opened.session.principal.id(), wang.principal.id(), "the same person as before");
}

#[test]
fn roles_take_effect_at_once_and_only_administrators_let_people_in() {
    let place = Place::new();
    let admin = place.admin();
    let wang = place.staff(&admin.principal, "wang", only(Role::Auditor));
    let by = &wang.principal;
    let needed = Denied::NotPermitted { needed: "admin" };
    assert_eq!(denied(place.access.invite(by, "li", only(Role::Risk), NOW)), needed);
    assert_eq!(denied(place.access.set_roles(by, by.id(), only(Role::Admin))), needed);
    assert_eq!(denied(place.access.disable(by, admin.principal.id())), needed);
    let both = Roles::of(&[Role::Auditor, Role::Finance]);
    place.access.set_roles(&admin.principal, by.id(), both).unwrap();
    let now = NOW.plus(120_000);
    assert_eq!(denied(place.access.session(&wang.opened.token, now)), Denied::SessionExpired);
    let opened = place.sign_in("wang", PASSWORD, &wang.seed.code_at(now), now).unwrap();
    assert_eq!(opened.session.principal.roles(), both);
    let wrong = [
        (place.access.set_roles(&admin.principal, by.id(), only(Role::Partner)), Denied::RolesNotAllowed),
        (place.access.set_roles(&admin.principal, by.id(), Roles::of(&[])), Denied::RolesNotAllowed),
        (place.access.invite(&admin.principal, "wang", both, NOW).map(drop), Denied::NameTaken),
        (place.access.invite(&admin.principal, "Wang Wu", both, NOW).map(drop), Denied::NameMalformed),
    ];
    for (result, expected) in wrong {
        assert_eq!(denied(result), expected);
    }
}

#[test]
fn the_last_administrator_stays() {
    let place = Place::new();
    let admin = place.admin();
    let (by, id) = (&admin.principal, admin.principal.id());
    assert_eq!(denied(place.access.disable(by, id)), Denied::LastAdministrator);
    assert_eq!(denied(place.access.set_roles(by, id, only(Role::Risk))), Denied::LastAdministrator);
    assert_eq!(denied(place.access.invite_again(by, id, NOW)), Denied::LastAdministrator);
    let second = place.staff(by, "second", only(Role::Admin));
    place.access.disable(&second.principal, id).unwrap();
    let now = NOW.plus(120_000);
    assert_eq!(denied(place.access.session(&admin.opened.token, now)), Denied::SessionExpired);
    assert_eq!(denied(place.sign_in(admin.name, PASSWORD, &admin.seed.code_at(now), now)), Denied::CredentialWrong);
    assert_eq!(denied(place.access.disable(by, second.principal.id())), Denied::LastAdministrator);
}

#[test]
fn a_changed_password_ends_every_session_but_the_fresh_one() {
    let place = Place::new();
    let admin = place.admin();
    let (old, new) = (Password::new(PASSWORD), Password::new("a better one, says she"));
    let wrong = place.access.change_password(&admin.principal, &new, &old, NOW);
    assert_eq!(denied(wrong), Denied::CredentialWrong);
    let weak = place.access.change_password(&admin.principal, &old, &Password::new("password1234"), NOW);
    assert_eq!(denied(weak).code(), "password_too_weak");
    let opened = place.access.change_password(&admin.principal, &old, &new, NOW).unwrap();
    assert_eq!(denied(place.access.session(&admin.opened.token, NOW)), Denied::SessionExpired);
    place.access.session(&opened.token, NOW).unwrap();
    let now = NOW.plus(120_000);
    assert_eq!(denied(place.sign_in(admin.name, PASSWORD, &admin.seed.code_at(now), now)), Denied::CredentialWrong);
}

#[test]
fn a_hash_is_made_again_at_the_costs_of_now_when_its_owner_signs_in() {
    let place = Place::new();
    let admin = place.admin();
    let place = place.reopened_with(changed(&[("memory_kib = 8", "memory_kib = 16")]));
    let holds = |place: &Place, text: &str| place.bytes().windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&place, "m=8,t=1") && !holds(&place, "m=16,t=1"));
    for minutes in [2, 4] {
        let now = NOW.plus(minutes * 60_000);
        place.sign_in(admin.name, PASSWORD, &admin.seed.code_at(now), now).unwrap();
        assert!(holds(&place, "m=16,t=1"));
    }
}

#[test]
fn a_copy_opens_elsewhere_and_revives_no_session() {
    let place = Place::new();
    let admin = place.admin();
    let elsewhere = tempfile::TempDir::new().unwrap();
    let file = elsewhere.path().join("access.sqlite");
    place.access.backup(&file).unwrap();
    assert!(place.access.backup(&file).is_err(), "nothing is written over");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    place.access.end(admin.opened.session.id).unwrap();
    let copy = Access::open(&file, &AccessKey::from_bytes([7; 32]), settings()).unwrap();
    let now = NOW.plus(120_000);
    copy.session(&admin.opened.token, now).unwrap();
    copy.after_restore().unwrap();
    assert_eq!(denied(copy.session(&admin.opened.token, now)), Denied::SessionExpired);
    assert_eq!(copy.members().unwrap(), place.access.members().unwrap());
}

#[test]
fn the_file_is_private_knows_its_key_and_holds_no_secret() {
    let place = Place::new();
    let admin = place.admin();
    let mode = |mode| std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(place.file().metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let with = |key: u8| Access::open(&place.file(), &AccessKey::from_bytes([key; 32]), settings()).map(drop);
    assert!(matches!(with(8), Err(AccessError::WrongKey)));
    mode(0o640);
    assert!(matches!(with(7), Err(AccessError::Exposed { mode: 0o640, .. })));
    mode(0o600);
    let bytes = place.bytes();
    let found = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(found("root.admin") && found("$argon2id$"), "the bytes are those of the store");
    for secret in [PASSWORD, admin.seed.expose(), admin.opened.token.expose()] {
        assert!(!found(secret), "a secret is in the file");
    }
    let printed = format!("{:?} {:?}", admin.opened, admin.seed);
    assert!(!printed.contains(admin.opened.token.expose()) && !printed.contains(admin.seed.expose()), "{printed}");
}

//! What commands on the machine do is kept with it, until the journal tells of it.

mod common;

use access::{AccessError, Denied, MachineAct, MachineUser, Roles, SignerName};
use common::{NOW, Place};
use facts::{ActorKind, Key16, StaffAct};

fn act(act: StaffAct, on: &str, why: &str) -> MachineAct {
    MachineAct { by: MachineUser(1_000), act, on: on.to_owned(), why: why.to_owned(), at: NOW }
}

fn untold(place: &Place) -> Vec<MachineAct> {
    place.access.untold().unwrap().into_iter().map(|untold| untold.act).collect()
}

#[test]
fn a_change_and_what_is_kept_of_it_are_one() {
    let mut place = Place::new();
    let keeper = place.access.keeper();
    let let_in = act(StaffAct::AddClient, "shop", "");
    let added = place.access.by_machine(let_in.clone(), |access| access.add_partner(&keeper, "shop", NOW));
    assert!(added.is_ok());
    assert_eq!(untold(&place).len(), 1);

    let again = place
        .access
        .by_machine(act(StaffAct::AddClient, "shop", "twice"), |access| access.add_partner(&keeper, "shop", NOW));
    assert!(matches!(again, Err(AccessError::Denied(Denied::NameTaken))));
    let none = SignerName { client: "shop", serial: "none" };
    let revoked = place
        .access
        .by_machine(act(StaffAct::RevokeSigner, "shop none", "lost"), |access| access.revoke_signer(&keeper, none));
    assert!(revoked.is_err());
    place.access.add_partner(&keeper, "later", NOW).unwrap();
    assert_eq!(untold(&place), [let_in], "what is refused is not kept, and no later change is taken for it");
}

#[test]
fn what_takes_away_needs_a_reason_before_anything_is_done() {
    let mut place = Place::new();
    let done = place.access.by_machine(act(StaffAct::RevokeSigner, "shop one", " "), |_| -> Result<(), AccessError> {
        panic!("it is not done")
    });
    assert!(matches!(done, Err(AccessError::NoReason)));
    assert!(untold(&place).is_empty());
}

#[test]
fn what_is_told_stays_told_until_a_restore() {
    let mut place = Place::new();
    place.access.announce(act(StaffAct::RotateVault, "vault", "")).unwrap();
    let id = place.access.untold().unwrap()[0].id;
    place.access.told(id).unwrap();
    let place = place.reopened();
    assert!(untold(&place).is_empty());
    place.access.after_restore().unwrap();
    assert_eq!(place.access.untold().unwrap()[0].id, id, "the journal beside it may not tell of it");
}

#[test]
fn a_store_from_before_acts_were_kept_keeps_them_now() {
    let place = Place::new();
    let file = place.file();
    rusqlite::Connection::open(&file).unwrap().execute_batch("DROP TABLE acts").unwrap();
    let mut place = place.reopened();
    place.access.announce(act(StaffAct::RotateVault, "vault", "")).unwrap();
    assert_eq!(untold(&place).len(), 1);
}

#[test]
fn a_machines_user_is_staff_by_number_and_nobody_else() {
    let actor = MachineUser(1_000).actor();
    assert_eq!((actor.kind, actor.role), (ActorKind::Staff, Roles::of(&[access::Role::Admin]).number()));
    assert_eq!(MachineUser::of(actor.id), Some(MachineUser(1_000)));
    assert_eq!(MachineUser::of(Key16([0xff; 16])), None);
    assert!(MachineUser::running().is_ok());
}

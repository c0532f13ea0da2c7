//! By what each partner is told whom a request is about.

use facts::{Action, Bucket, CallRef, InstrumentId, Millis, OrderId, Partner, Programme, SubscriberId};
use money::Telco;
use node::{Ask, AskKind, Directory};
use tempfile::TempDir;
use vault::{CardNumber, IdentityNumber, Msisdn, NewPerson, PersonName, Registration, Vault, VaultKey};

const NUMBER: &str = "13812345678";
const CARD: &str = "6222021234567890123";

/// A vault with one number and one card.
fn seeded(dir: &TempDir) -> Vault {
    let vault = Vault::open(&dir.path().join("vault.sqlite"), VaultKey::from_bytes([1; 32])).expect("a vault");
    let registration = Registration {
        person: NewPerson {
            id: vault::PersonId(1),
            name: PersonName::parse("张三").expect("a name"),
            identity: IdentityNumber::parse("11010519491231002X").expect("an identity"),
        },
        number: (vault::SubscriberId(10), Msisdn::parse(NUMBER).expect("a number")),
        card: Some((vault::InstrumentId(20), CardNumber::parse(CARD).expect("a card"))),
        credit_card: None,
    };
    vault.register(&[registration]).expect("written");
    vault
}

fn ask(partner: Partner, action: Action, instrument: Option<u128>) -> Ask {
    let order = OrderId::new(1_795_338_000_000, Bucket::of_hash(7), 1);
    Ask {
        kind: AskKind::Call,
        call: CallRef { order, step: 0, attempt: 1 },
        partner,
        action,
        amount: 100,
        subscriber: SubscriberId::from_bits(10),
        from: None,
        instrument: instrument.map(InstrumentId::from_bits),
        acts_on: String::new(),
        about: None,
        now: Millis(0),
    }
}

#[test]
fn each_partner_is_told_what_it_knows_a_person_by() {
    let dir = tempfile::tempdir().expect("a folder");
    let vault = seeded(&dir);
    for (partner, action, instrument, told) in [
        (Partner::Telco(Telco::Ctcc), Action::ReserveAirtime, None, Ok(NUMBER)),
        (Partner::Issuer, Action::IssueVoucher, None, Ok(NUMBER)),
        (Partner::Bank, Action::PayOut, Some(20), Ok(CARD)),
        (Partner::Bank, Action::PayOut, None, Err("no card is bound")),
        (Partner::Acquirer, Action::CollectPayment, Some(20), Ok(CARD)),
        (Partner::Acquirer, Action::CollectPayment, None, Err("no instrument that pays is bound to the order")),
        // What gives back goes by what it gives back.
        (Partner::Acquirer, Action::RefundPayment, None, Ok("")),
        (Partner::Programme(Programme::Airline), Action::RedeemPoints, None, Ok(NUMBER)),
        (Partner::Programme(Programme::Bank), Action::AccruePoints, Some(20), Ok(CARD)),
        (Partner::Programme(Programme::Bank), Action::RedeemPoints, None, Err("no credit card is bound")),
        (Partner::Programme(Programme::Bank), Action::ReverseRedemption, None, Ok("")),
    ] {
        let account = vault.account(&ask(partner, action, instrument)).map_err(|missing| missing.0);
        assert_eq!(account.as_deref().map_err(String::as_str), told, "{partner} {action}");
    }
}

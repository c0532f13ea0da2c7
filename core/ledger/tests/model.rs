//! The ledger against a naive model: a list of everything that ever happened, summed anew for each question.
//!
//! The model shares no code with the ledger and no idea either: it keeps no sums and no drafts. It copies
//! itself before a chain and throws the copy away when the chain is refused.

mod naive;

use ledger::{Account, Action, Bound, Entry, HoldState, Ledger, Side, Transfer, TransferId};
use money::{Asset, Telco};
use naive::{End, Model};
use proptest::prelude::*;

/// Two assets, each with an account of every bound. Handle 6 is nobody's.
const ACCOUNTS: [(Asset, Bound); 6] = [
    (Asset::Cny, Bound::Free),
    (Asset::Cny, Bound::DebitsWithinCredits),
    (Asset::Cny, Bound::CreditsWithinDebits),
    (Asset::Airtime(Telco::Ctcc), Bound::Free),
    (Asset::Airtime(Telco::Ctcc), Bound::DebitsWithinCredits),
    (Asset::Airtime(Telco::Ctcc), Bound::CreditsWithinDebits),
];

fn opened() -> (Ledger, Model) {
    let (mut ledger, mut model) = (Ledger::default(), Model::default());
    for (asset, bound) in ACCOUNTS {
        ledger.open(asset, bound);
        model.accounts.push((asset, bound));
    }
    (ledger, model)
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![
        10 => 1u64..=20,
        1 => Just(0),
        1 => prop_oneof![Just(u64::MAX), Just(u64::MAX - 10), Just(1 << 63)],
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let wild = (0u32..7, 0u32..7);
    let of_one_asset = (0u32..3, 0u32..3, prop_oneof![2 => Just(0u32), 1 => Just(3)]);
    let of_one_asset = of_one_asset.prop_map(|(debit, credit, first)| (debit + first, credit + first));
    (prop_oneof![1 => wild, 6 => of_one_asset], amount()).prop_map(|((debit, credit), amount)| Entry {
        debit: ledger::AccountId::new(debit),
        credit: ledger::AccountId::new(credit),
        amount,
    })
}

fn action() -> impl Strategy<Value = Action> {
    let hold = (1u64..30).prop_map(TransferId::new);
    prop_oneof![
        4 => entry().prop_map(Action::Post),
        4 => (entry(), 0u64..4).prop_map(|(entry, expires_at)| Action::Hold { entry, expires_at }),
        3 => (hold.clone(), amount()).prop_map(|(hold, amount)| Action::PostHold { hold, amount }),
        2 => hold.clone().prop_map(|hold| Action::VoidHold { hold }),
        2 => (hold, 0u64..4).prop_map(|(hold, now)| Action::ExpireHold { hold, now }),
    ]
}

/// Chains with ids relative to the last one: mostly the next, at times an old one.
fn chains() -> impl Strategy<Value = Vec<Vec<(i64, Action)>>> {
    let step = prop_oneof![12 => Just(1i64), 1 => Just(2), 1 => -3i64..=0];
    proptest::collection::vec(proptest::collection::vec((step, action()), 1..4), 1..40)
}

fn numbered(last: u64, steps: &[(i64, Action)]) -> Vec<Transfer> {
    let mut id = last;
    let number = |(step, action): &(i64, Action)| {
        id = id.saturating_add_signed(*step);
        Transfer { id: TransferId::new(id), action: *action }
    };
    steps.iter().map(number).collect()
}

fn assert_same(ledger: &Ledger, model: &Model) {
    for (id, account) in ledger.accounts() {
        let sums = |account: &Account, side| [account.pending(side), account.posted(side)].map(u128::from);
        assert_eq!(sums(account, Side::Debit), model.debits(id), "debits of {id:?}");
        assert_eq!(sums(account, Side::Credit), model.credits(id), "credits of {id:?}");
    }
    for hold in &model.holds {
        let end = match ledger.hold(hold.id).expect("known").state {
            HoldState::Pending => End::Open,
            HoldState::Posted(amount) => End::Posted(amount),
            HoldState::Voided => End::Voided,
            HoldState::Expired => End::Expired,
        };
        assert_eq!(end, hold.end, "hold {:?}", hold.id);
    }
    assert_eq!(ledger.last_id().number(), model.last_id);
}

fn assert_sound(ledger: &Ledger) {
    for (asset, totals) in ledger.trial_balance() {
        assert!(totals.balance(), "{asset}: {totals:?}");
    }
    for (id, account) in ledger.accounts() {
        let held = |side| i128::from(account.pending(side)) + i128::from(account.posted(side));
        let (debits, credits) = (i128::from(account.posted(Side::Debit)), i128::from(account.posted(Side::Credit)));
        match account.bound() {
            Bound::Free => {}
            Bound::DebitsWithinCredits => assert!(credits - held(Side::Debit) >= 0, "{id:?} is negative"),
            Bound::CreditsWithinDebits => assert!(debits - held(Side::Credit) >= 0, "{id:?} is negative"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_ledger_does_what_the_model_does(chains in chains()) {
        let (mut ledger, mut model) = opened();
        for steps in &chains {
            let chain = numbered(ledger.last_id().number(), steps);
            let before = ledger.clone();
            let expected = model.apply(&chain);
            prop_assert_eq!(ledger.check(&chain), expected);
            prop_assert_eq!(&ledger, &before);
            prop_assert_eq!(ledger.apply(&chain), expected, "{:?}", chain);
            if expected.is_err() {
                prop_assert_eq!(&ledger, &before);
            }
            assert_same(&ledger, &model);
            assert_sound(&ledger);
        }
    }

    #[test]
    fn a_replayed_chain_changes_nothing(chains in chains()) {
        let (mut ledger, _) = opened();
        let mut applied = Vec::new();
        for steps in &chains {
            let chain = numbered(ledger.last_id().number(), steps);
            if ledger.apply(&chain).is_ok() {
                applied.push(chain);
            }
        }
        let end = ledger.clone();
        for chain in &applied {
            let refused = ledger.apply(chain).expect_err("a replay");
            let told = matches!(refused.refusal, ledger::Refusal::Exists | ledger::Refusal::IdAlreadyUsed);
            prop_assert!(told && refused.index == 0, "{:?}", refused);
            prop_assert_eq!(&ledger, &end);
        }
    }

    #[test]
    fn an_open_hold_can_always_end_either_way(chains in chains()) {
        let (mut ledger, _) = opened();
        let mut holds = Vec::new();
        for steps in &chains {
            let chain = numbered(ledger.last_id().number(), steps);
            if ledger.apply(&chain).is_ok() {
                holds.extend(chain.iter().filter(|transfer| matches!(transfer.action, Action::Hold { .. })).map(|transfer| transfer.id));
            }
        }
        for id in holds {
            let Some(hold) = ledger.hold(id).copied().filter(|hold| hold.state == HoldState::Pending) else { continue };
            let next = TransferId::new(ledger.last_id().number() + 1);
            let ends = [Action::PostHold { hold: id, amount: hold.entry.amount }, Action::VoidHold { hold: id }];
            for action in ends {
                prop_assert_eq!(ledger.check(&[Transfer { id: next, action }]), Ok(()));
            }
        }
    }

    #[test]
    fn a_ledger_reads_back_from_its_bytes(chains in chains()) {
        let (mut ledger, _) = opened();
        for steps in &chains {
            let chain = numbered(ledger.last_id().number(), steps);
            let _ = ledger.apply(&chain);
        }
        let bytes = minicbor::to_vec(&ledger).expect("encodes");
        let read: Ledger = minicbor::decode(&bytes).expect("decodes");
        prop_assert_eq!(read, ledger);
    }
}

/// Memory does not grow with history: the ends of 4,096 holds are remembered and no more.
#[test]
fn old_ends_are_forgotten_and_open_holds_are_not() {
    let (mut ledger, _) = opened();
    let entry = Entry { debit: ledger::AccountId::new(0), credit: ledger::AccountId::new(1), amount: 1 };
    let mut id = 0;
    let mut give = |ledger: &mut Ledger, action| {
        id += 1;
        ledger.apply(&[Transfer { id: TransferId::new(id), action }]).map_err(|refused| refused.refusal)
    };
    let hold = Action::Hold { entry, expires_at: 0 };
    give(&mut ledger, hold).expect("open");
    for _ in 0..4_097u64 {
        give(&mut ledger, hold).expect("open");
        let opened = ledger.last_id();
        give(&mut ledger, Action::VoidHold { hold: opened }).expect("voided");
    }
    let (open, forgotten, remembered) = (TransferId::new(1), TransferId::new(2), TransferId::new(4));
    assert_eq!(give(&mut ledger, Action::VoidHold { hold: forgotten }), Err(ledger::Refusal::HoldNotOpen));
    assert_eq!(give(&mut ledger, Action::VoidHold { hold: remembered }), Err(ledger::Refusal::HoldAlreadyVoided));
    let replay = Transfer { id: forgotten, action: hold };
    let refusal = ledger.apply(&[replay]).expect_err("a replay").refusal;
    assert_eq!(refusal, ledger::Refusal::IdAlreadyUsed);
    assert_eq!(give(&mut ledger, Action::PostHold { hold: open, amount: 1 }), Ok(()));
}

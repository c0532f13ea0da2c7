//! What holds for every amount, rate and text of money.

use minicbor::{decode, to_vec};
use money::{Airtime, Amount, AmountError, Asset, Cny, Code, Ppm, Telco, fen_from_yuan, yuan};
use proptest::prelude::*;

fn asset() -> impl Strategy<Value = Asset> {
    let telco = proptest::sample::select(&Telco::ALL[..]);
    let code = "[A-Z0-9]{1,8}".prop_map(|text| text.parse::<Code>().expect("well formed"));
    prop_oneof![
        Just(Asset::Cny),
        Just(Asset::Green),
        telco.clone().prop_map(Asset::Airtime),
        telco.clone().prop_map(Asset::Data),
        telco.clone().prop_map(Asset::Voice),
        telco.prop_map(Asset::Sms),
        code.clone().prop_map(Asset::Points),
        code.prop_map(Asset::Fund),
    ]
}

proptest! {
    #[test]
    fn every_number_of_fen_reads_back_from_its_text(fen in any::<u64>()) {
        prop_assert_eq!(fen_from_yuan(&yuan(fen).to_string()), Ok(fen));
    }

    #[test]
    fn no_text_makes_reading_yuan_panic(text in "\\PC{0,24}") {
        let _ = fen_from_yuan(&text);
    }

    #[test]
    fn what_is_added_can_be_taken_away(left in any::<u64>(), right in any::<u64>()) {
        let (a, b) = (Amount::<Cny>::fen(left), Amount::fen(right));
        match a.plus(b) {
            Ok(sum) => prop_assert_eq!(sum.minus(b), Ok(a)),
            Err(error) => prop_assert_eq!((error, left.checked_add(right)), (AmountError::Overflow, None)),
        }
    }

    #[test]
    fn an_amount_never_falls_below_zero(left in any::<u64>(), right in any::<u64>()) {
        let difference = Amount::<Airtime>::new(Telco::Cbn, left).minus(Amount::new(Telco::Cbn, right));
        prop_assert_eq!(difference.map(Amount::units).ok(), left.checked_sub(right));
    }

    #[test]
    fn a_share_grows_with_the_amount_and_the_rate(units in 0u64..1 << 60, more in 0u64..1_000, ppm in 0u32..2_000_000) {
        let share = |ppm, units| Ppm::new(ppm).of_half_up(units).expect("in range");
        prop_assert!(share(ppm, units) <= share(ppm, units + more));
        prop_assert!(share(ppm, units) <= share(ppm + 1, units));
    }

    #[test]
    fn an_asset_reads_back_from_its_code_and_its_bytes(asset in asset()) {
        prop_assert_eq!(asset.to_string().parse(), Ok(asset));
        prop_assert_eq!(decode::<Asset>(&to_vec(asset).expect("encodes")).expect("decodes"), asset);
    }

    #[test]
    fn no_text_makes_reading_an_asset_panic(text in "\\PC{0,16}") {
        if let Ok(asset) = text.parse::<Asset>() {
            prop_assert_eq!(asset.to_string(), text);
        }
    }
}

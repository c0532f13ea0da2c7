//! Each kind of fault at an acquirer, for payments and refunds, and the repeat that a caller may always make there.

use sandbox::{AcquirerConfig, Action, FaultKind, FaultsConfig};
use serde_json::json;

use crate::stage::{CARD, Ear, Reply, Stage, always};

/// What is struck: a payment of 1.00, or the refund of one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deal {
    Payment,
    Refund,
}

impl Deal {
    const BOTH: [Deal; 2] = [Deal::Payment, Deal::Refund];

    fn action(self) -> Action {
        if self == Deal::Payment { Action::Pay } else { Action::Refund }
    }

    /// An acquirer that strikes this, after the payment that a refund needs.
    async fn stage(self, kind: FaultKind, callback_url: Option<String>) -> Stage {
        let faults = FaultsConfig { actions: [self.action()].into(), ..always(kind) };
        let stage = Stage::acquirer(AcquirerConfig { faults, callback_url, ..AcquirerConfig::default() }).await;
        if self == Deal::Refund {
            assert_eq!(stage.charge("P", "1.00", CARD).await.body["TxSts"], "ACSC");
        }
        stage
    }

    async fn ask(self, stage: &Stage) -> Reply {
        self.ask_as(stage, "X").await
    }

    async fn ask_as(self, stage: &Stage, id: &str) -> Reply {
        match self {
            Deal::Payment => stage.charge(id, "1.00", CARD).await,
            Deal::Refund => stage.refund(id, "P", "1.00").await,
        }
    }

    async fn status(self, stage: &Stage) -> String {
        stage.status(if self == Deal::Payment { "/payments/X" } else { "/refunds/X" }).await
    }

    /// What was booked of it, fen.
    async fn booked(self, stage: &Stage) -> i64 {
        stage.total(if self == Deal::Payment { "collected_total" } else { "refunded_total" }).await
    }
}

#[tokio::test]
async fn what_is_not_answered_may_or_may_not_be_booked() {
    for deal in Deal::BOTH {
        for (kind, status, booked) in [
            (FaultKind::AppliedTimeout, 0, 100),
            (FaultKind::NotAppliedTimeout, 0, 0),
            (FaultKind::ServerErrorApplied, 503, 100),
            (FaultKind::ServerErrorNotApplied, 503, 0),
        ] {
            let stage = deal.stage(kind, None).await;
            assert_eq!(deal.ask(&stage).await.status, status, "{deal:?} {kind:?}");
            assert_eq!(deal.booked(&stage).await, booked, "{deal:?} {kind:?}");
            assert_eq!(deal.status(&stage).await.is_empty(), booked == 0, "{deal:?} {kind:?}");
            stage.change_faults(json!({"preset": "none"})).await;
            assert_eq!(deal.ask(&stage).await.body["TxSts"], "ACSC", "{deal:?} {kind:?}");
            assert_eq!(deal.booked(&stage).await, 100, "{deal:?} {kind:?}: a repeat moves it once");
        }
    }
}

#[tokio::test]
async fn a_duplicate_callback_tells_the_same_thing_twice() {
    for deal in Deal::BOTH {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::DuplicateCallback, Some(ear.url.clone())).await;
        let answer = deal.ask(&stage).await;
        let (first, second) = (ear.hear().await, ear.hear().await);
        assert_eq!(first, second);
        let name = answer.body["AcctSvcrRef"].as_str().expect("a name");
        assert_eq!((&first["EndToEndId"], &first["eventId"]), (&json!("X"), &json!(format!("{name}-ACSC"))));
    }
}

#[tokio::test]
async fn a_late_success_is_pending_first() {
    for deal in Deal::BOTH {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::LateSuccess, Some(ear.url.clone())).await;
        let answer = deal.ask(&stage).await;
        assert!(answer.status == 503 || answer.body["TxSts"] == "PDNG", "{answer:?}");
        assert_eq!((deal.status(&stage).await.as_str(), deal.booked(&stage).await), ("PDNG", 0));
        assert_eq!(deal.ask(&stage).await.body["TxSts"], "PDNG", "a repeat is not a second one");
        assert_eq!(stage.flush().await, 1);
        assert_eq!((ear.hear().await["TxSts"].as_str(), deal.booked(&stage).await), (Some("ACSC"), 100));
    }
}

#[tokio::test]
async fn a_pending_payment_is_not_given_back_and_a_pending_refund_counts() {
    let stage = Deal::Payment.stage(FaultKind::LateSuccess, None).await;
    Deal::Payment.ask(&stage).await;
    assert_eq!(stage.refund("R1", "X", "1.00").await.body["StsRsnInf"]["Rsn"]["Cd"], "ED05");
    let stage = Deal::Refund.stage(FaultKind::LateSuccess, None).await;
    Deal::Refund.ask(&stage).await;
    stage.change_faults(json!({"preset": "none"})).await;
    assert_eq!(Deal::Refund.ask_as(&stage, "Y").await.body["StsRsnInf"]["Rsn"]["Cd"], "ARDT");
    stage.flush().await;
    assert_eq!((Deal::Refund.booked(&stage).await, stage.total("imbalance").await), (100, 0));
}

#[tokio::test]
async fn a_late_payment_is_refused_when_its_payer_has_nothing_left() {
    let stage = Deal::Payment.stage(FaultKind::LateSuccess, None).await;
    stage.charge("P1", "600.00", CARD).await;
    stage.charge("P2", "600.00", CARD).await;
    assert_eq!(stage.flush().await, 2);
    let told = [stage.status("/payments/P1").await, stage.status("/payments/P2").await];
    assert_eq!(
        (told.map(|status| status.to_string()), stage.total("imbalance").await),
        (["ACSC", "RJCT"].map(str::to_owned), 0)
    );
}

#[tokio::test]
async fn a_contradiction_refuses_what_it_booked() {
    for deal in Deal::BOTH {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::Contradictory, Some(ear.url.clone())).await;
        assert_eq!(deal.ask(&stage).await.body["TxSts"], "RJCT", "{deal:?}");
        assert_eq!((deal.booked(&stage).await, stage.total("rejected").await), (100, 0), "{deal:?}");
        assert_eq!((deal.status(&stage).await, &ear.hear().await["TxSts"]), ("ACSC".to_owned(), &json!("ACSC")));
    }
}

#[tokio::test]
async fn an_amount_mismatch_moves_what_it_says() {
    for deal in Deal::BOTH {
        let stage = deal.stage(FaultKind::AmountMismatch, None).await;
        assert_eq!(deal.ask(&stage).await.body["InstdAmt"], "0.99", "{deal:?}");
        assert_eq!((deal.booked(&stage).await, stage.total("imbalance").await), (99, 0), "{deal:?}");
        let again = deal.ask(&stage).await;
        assert_eq!((again.status, &again.body["InstdAmt"]), (201, &json!("0.99")), "recognised by what was asked");
    }
}

#[tokio::test]
async fn not_found_then_found_hides_it_from_inquiries_alone() {
    for deal in Deal::BOTH {
        let stage = deal.stage(FaultKind::NotFoundThenFound, None).await;
        let answer = deal.ask(&stage).await;
        assert!(answer.status == 0 || answer.status == 503, "{answer:?}");
        assert_eq!((deal.status(&stage).await.as_str(), deal.booked(&stage).await), ("", 100), "{deal:?}");
        assert_eq!(deal.ask(&stage).await.body["TxSts"], "ACSC", "a repeat finds it");
        stage.flush().await;
        assert_eq!(deal.status(&stage).await, "ACSC", "{deal:?}");
    }
}

#[tokio::test]
async fn what_is_refused_anyway_is_not_made_worse() {
    let stage = Deal::Payment.stage(FaultKind::Contradictory, None).await;
    assert_eq!(stage.charge("P1", "1.00", "nobody").await.body["StsRsnInf"]["Rsn"]["Cd"], "AC01");
    assert_eq!(stage.injected("contradictory/pay").await, 0);
}

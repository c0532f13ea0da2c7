//! Each kind of fault at a programme, for everything that moves points, and the repeat that a caller may always make.

use sandbox::{Action, FaultKind, FaultsConfig, ProgrammeConfig};
use serde_json::json;

use crate::stage::{CARD, Ear, Reply, Stage, always};

/// What is struck, of 100 points.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deal {
    Redemption,
    Accrual,
    Reversal,
}

impl Deal {
    const ALL: [Deal; 3] = [Deal::Redemption, Deal::Accrual, Deal::Reversal];

    fn action(self) -> Action {
        match self {
            Deal::Redemption => Action::Redeem,
            Deal::Accrual => Action::Accrue,
            Deal::Reversal => Action::Reverse,
        }
    }

    /// The word for it once it is done.
    fn done(self) -> &'static str {
        match self {
            Deal::Redemption => "redeemed",
            Deal::Accrual => "accrued",
            Deal::Reversal => "reversed",
        }
    }

    /// A programme that strikes this, after the redemption that a reversal needs.
    async fn stage(self, kind: FaultKind, callback_url: Option<String>) -> Stage {
        let faults = FaultsConfig { actions: [self.action()].into(), ..always(kind) };
        let config = ProgrammeConfig { faults, callback_url, ..ProgrammeConfig::named("BANK_POINTS") };
        let stage = Stage::programme(config).await;
        if self == Deal::Reversal {
            assert_eq!(stage.redeem("R", CARD, 100).await.status, 201);
        }
        stage
    }

    async fn ask(self, stage: &Stage) -> Reply {
        match self {
            Deal::Redemption => stage.redeem("X", CARD, 100).await,
            Deal::Accrual => stage.accrue("X", CARD, 100).await,
            Deal::Reversal => stage.reverse("X", "R").await,
        }
    }

    async fn status(self, stage: &Stage) -> String {
        let path = match self {
            Deal::Redemption => "/redemptions/X",
            Deal::Accrual => "/accruals/X",
            Deal::Reversal => "/reversals/X",
        };
        stage.points_status(path).await
    }

    /// What was booked of it.
    async fn booked(self, stage: &Stage) -> i64 {
        stage.total(&format!("{}_total", self.done())).await
    }
}

#[tokio::test]
async fn what_is_not_answered_may_or_may_not_be_booked() {
    for deal in Deal::ALL {
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
            assert_eq!(deal.ask(&stage).await.body["status"], deal.done(), "{kind:?}");
            assert_eq!(deal.booked(&stage).await, 100, "{deal:?} {kind:?}: a repeat moves it once");
            assert_eq!(stage.total("imbalance").await, 0, "{deal:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_duplicate_callback_tells_the_same_thing_twice() {
    for deal in Deal::ALL {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::DuplicateCallback, Some(ear.url.clone())).await;
        let answer = deal.ask(&stage).await;
        let (first, second) = (ear.hear().await, ear.hear().await);
        assert_eq!(first, second);
        let name = answer.body["transaction"].as_str().expect("a name");
        assert_eq!((&first["reference"], &first["eventId"]), (&json!("X"), &json!(format!("{name}-{}", deal.done()))));
    }
}

#[tokio::test]
async fn a_late_success_is_pending_first() {
    for deal in Deal::ALL {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::LateSuccess, Some(ear.url.clone())).await;
        let answer = deal.ask(&stage).await;
        assert!(answer.status == 503 || answer.status == 202, "{answer:?}");
        assert_eq!((deal.status(&stage).await.as_str(), deal.booked(&stage).await), ("pending", 0));
        assert_eq!(deal.ask(&stage).await.status, 202, "a repeat is not a second one");
        assert_eq!(stage.flush().await, 1);
        assert_eq!((ear.hear().await["status"].as_str(), deal.booked(&stage).await), (Some(deal.done()), 100));
    }
}

#[tokio::test]
async fn a_pending_redemption_is_not_reversed_and_a_pending_reversal_counts() {
    let stage = Deal::Redemption.stage(FaultKind::LateSuccess, None).await;
    Deal::Redemption.ask(&stage).await;
    assert_eq!(stage.reverse("B1", "X").await.body["code"], "notRedeemed");
    let stage = Deal::Reversal.stage(FaultKind::LateSuccess, None).await;
    Deal::Reversal.ask(&stage).await;
    stage.change_faults(json!({"preset": "none"})).await;
    assert_eq!(stage.reverse("Y", "R").await.body["code"], "alreadyReversed");
    stage.flush().await;
    assert_eq!((Deal::Reversal.booked(&stage).await, stage.total("imbalance").await), (100, 0));
}

#[tokio::test]
async fn a_late_redemption_is_refused_when_the_points_are_gone() {
    let stage = Deal::Redemption.stage(FaultKind::LateSuccess, None).await;
    stage.redeem("R1", CARD, 60_000).await;
    stage.redeem("R2", CARD, 60_000).await;
    assert_eq!(stage.flush().await, 2);
    assert_eq!(stage.points_status("/redemptions/R1").await, "redeemed");
    assert_eq!(stage.get("/redemptions/R2").await["reason"], "insufficientPoints");
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn a_contradiction_refuses_what_it_booked() {
    for deal in Deal::ALL {
        let ear = Ear::open(0).await;
        let stage = deal.stage(FaultKind::Contradictory, Some(ear.url.clone())).await;
        let refused = deal.ask(&stage).await;
        assert_eq!((refused.status, &refused.body["code"]), (409, &json!("memberClosed")), "{deal:?}");
        assert_eq!((deal.booked(&stage).await, stage.total("refused").await), (100, 0), "{deal:?}");
        assert_eq!(
            (deal.status(&stage).await.as_str(), &ear.hear().await["status"]),
            (deal.done(), &json!(deal.done()))
        );
    }
}

#[tokio::test]
async fn an_amount_mismatch_moves_what_it_says() {
    for deal in [Deal::Redemption, Deal::Accrual] {
        let stage = deal.stage(FaultKind::AmountMismatch, None).await;
        assert_eq!(deal.ask(&stage).await.body["points"], 99, "{deal:?}");
        assert_eq!((deal.booked(&stage).await, stage.total("imbalance").await), (99, 0), "{deal:?}");
        let again = deal.ask(&stage).await;
        assert_eq!((again.status, &again.body["points"]), (201, &json!(99)), "recognised by what was asked");
    }
    let stage = Deal::Redemption.stage(FaultKind::AmountMismatch, None).await;
    Deal::Redemption.ask(&stage).await;
    assert_eq!(stage.reverse("B1", "X").await.body["points"], 99, "what was taken goes back");
    let stage = Deal::Reversal.stage(FaultKind::AmountMismatch, None).await;
    assert_eq!(Deal::Reversal.ask(&stage).await.body["points"], 100, "the same lots, whole");
    assert_eq!(stage.injected("amount_mismatch/reverse").await, 0);
}

#[tokio::test]
async fn not_found_then_found_hides_it_from_inquiries_alone() {
    for deal in Deal::ALL {
        let stage = deal.stage(FaultKind::NotFoundThenFound, None).await;
        let answer = deal.ask(&stage).await;
        assert!(answer.status == 0 || answer.status == 503, "{answer:?}");
        assert_eq!((deal.status(&stage).await.as_str(), deal.booked(&stage).await), ("", 100), "{deal:?}");
        assert_eq!(deal.ask(&stage).await.body["status"], deal.done(), "a repeat finds it");
        stage.flush().await;
        assert_eq!(deal.status(&stage).await, deal.done());
    }
}

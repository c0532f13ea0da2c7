//! Handing a message over as the contract says: asked about when there is doubt, repeated only where that is safe or
//! the last was finally not taken, given up when it would come too late.

use std::time::{Duration, Instant};

use exchange::{Contract, Refusals, Repeats};

use super::{Message, Messenger, SmsAnswer};

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The partner took it, or will.
    Taken,
    /// It does not.
    Refused,
    /// Nobody knows, and it would come too late now.
    Unknown,
}

/// Hands a message over, until it is taken or refused, or until `give_up`.
pub async fn deliver(messenger: &dyn Messenger, contract: &Contract, message: &Message, give_up: Instant) -> Delivered {
    let mut message = message.clone();
    for attempt in 1..=contract.attempts_most {
        if attempt > 1 {
            // The last attempt was finally not taken: this is another, under a reference of its own.
            message.reference = format!("{}-{attempt}", message.reference);
            tokio::time::sleep(Duration::from_millis(contract.retry_after_ms)).await;
        }
        if let Some(outcome) = attempted(messenger, contract, &message, give_up).await {
            return outcome;
        }
    }
    Delivered::Unknown
}

/// One attempt; nothing when it was finally not taken.
async fn attempted(
    messenger: &dyn Messenger,
    contract: &Contract,
    message: &Message,
    give_up: Instant,
) -> Option<Delivered> {
    let sent_at = Instant::now();
    let mut told = messenger.send(message).await;
    let mut inquiries = 0;
    loop {
        match told {
            SmsAnswer::Taken { .. } | SmsAnswer::Pending => return Some(Delivered::Taken),
            SmsAnswer::Refused { .. } if contract.refusals == Refusals::Final || inquiries > 0 => {
                return Some(Delivered::Refused);
            }
            SmsAnswer::NotFound if sent_at.elapsed() >= Duration::from_millis(contract.finality_ms) => return None,
            SmsAnswer::Refused { .. } | SmsAnswer::NotFound | SmsAnswer::Silence => {}
        }
        let refused = matches!(told, SmsAnswer::Refused { .. });
        let missing = told == SmsAnswer::NotFound;
        tokio::time::sleep(pause(contract, inquiries)).await;
        if Instant::now() >= give_up {
            return Some(Delivered::Unknown);
        }
        inquiries += 1;
        told = if missing && contract.repeats == Repeats::AnsweredAgain {
            messenger.send(message).await
        } else {
            confirmed(messenger.inquire(message).await, refused)
        };
    }
}

/// What the record says after a refusal: that it has nothing confirms it.
fn confirmed(told: SmsAnswer, refused: bool) -> SmsAnswer {
    match told {
        SmsAnswer::NotFound if refused => SmsAnswer::Refused { code: "refused".to_owned() },
        told => told,
    }
}

fn pause(contract: &Contract, inquiries: u32) -> Duration {
    let doubled = contract.inquire_after_ms.saturating_mul(1 << inquiries.min(16));
    Duration::from_millis(doubled.min(contract.inquire_at_most_every_ms))
}

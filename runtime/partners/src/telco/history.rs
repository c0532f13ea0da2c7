//! What a telco's action history says about one reference.
//!
//! The history is append-only: a queued action has a `created` item and a final one later, so the last item of a
//! reference is the truth about it. That holds until a reference has more than one final item; then what moved
//! value counts before what did not, and what cannot be said in one answer is silence, so that a person looks:
//!
//! | asked for | completed items of its reference | answer |
//! |---|---|---|
//! | release | any taking, with a release or without | opposite, for what was taken |
//! | reserve | a reservation and its release (it expired) | refused: nothing is set aside any more |
//! | reserve | two reservations | silence: only one of them could be named |
//! | capture | a taking and a release of the rest | done, for what was taken |
//! | deduct, credit | several of the asked sign | done, for their sum |
//! | deduct, credit | any of the other sign | silence |
//! | transfer | several transfers | done, for their sum |
//!
//! A release counts as opposite even where it was released too: the release moved nothing of value, since what
//! was set aside is the subscriber's either way, and the taking has to be given back.

use exchange::Answer;
use facts::{Action, CallRef};
use serde_json::Value;

use crate::Movement;
use crate::line::Reply;
use crate::words::{Sign, call, code, name, quantity, refused, text};

/// Most items of one reference that are read; as many or more are not the whole truth.
pub(super) const ITEMS_MAX: usize = 100;

/// A line of the history about a request of ours.
pub(super) struct Item {
    pub call: CallRef,
    pub movement: Movement,
    pub fate: Fate,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Queued,
    Completed { amount: u64, external: String },
    Failed { code: String },
}

/// Why a line is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotRead {
    /// It carries no reference of ours.
    Foreign,
    /// Its type or status is none that we know.
    UnknownWord,
    /// Something is missing or contradicts itself.
    Broken,
}

impl Item {
    /// Reads a line.
    pub fn read(line: &Value) -> Result<Item, NotRead> {
        let call = call(line, "/requestor/id").ok_or(NotRead::Foreign)?;
        let (sign, amount) = quantity(line, "/amount").ok_or(NotRead::Broken)?;
        let movement = movement(text(line, "/@type").ok_or(NotRead::Broken)?, sign)?;
        let fate = match text(line, "/status").ok_or(NotRead::Broken)? {
            "created" => Fate::Queued,
            "failed" => Fate::Failed { code: failure(line) },
            "completed" => Fate::Completed { amount, external: external(line).ok_or(NotRead::Broken)? },
            _ => return Err(NotRead::UnknownWord),
        };
        Ok(Item { call, movement, fate })
    }

    fn completed(&self) -> Option<(Movement, u64, &str)> {
        match &self.fate {
            Fate::Completed { amount, external } => Some((self.movement, *amount, external)),
            Fate::Queued | Fate::Failed { .. } => None,
        }
    }
}

fn movement(kind: &str, sign: Sign) -> Result<Movement, NotRead> {
    match (kind, sign) {
        ("ReserveBalance", Sign::Minus) => Ok(Movement::SetAside),
        ("ReleaseBalance", Sign::Plus) => Ok(Movement::Released),
        ("CaptureBalance" | "AdjustBalance", Sign::Minus) => Ok(Movement::Taken),
        ("TopupBalance" | "AdjustBalance", Sign::Plus) => Ok(Movement::GivenBack),
        ("TransferBalance", Sign::Minus) => Ok(Movement::Transferred),
        ("ReserveBalance" | "ReleaseBalance" | "CaptureBalance" | "TopupBalance" | "TransferBalance", _) => {
            Err(NotRead::Broken)
        }
        _ => Err(NotRead::UnknownWord),
    }
}

fn failure(line: &Value) -> String {
    text(line, "/reason").and_then(code).unwrap_or_else(|| "failed".to_owned())
}

fn external(line: &Value) -> Option<String> {
    let account = text(line, "/logicalResource/0/id").unwrap_or_default();
    name(text(line, "/actionId")?, account)
}

/// The refusal of a release that says that nothing is set aside any more.
const NOTHING_HELD: &str = "reservationNotHeld";

/// Reads the answer to an inquiry about a reference that asked for `action`.
pub(super) fn answer(action: Action, about: CallRef, reply: &Reply) -> Answer {
    if reply.status != 200 {
        return Answer::Silence;
    }
    match items(about, &reply.body) {
        Some(items) => verdict(action, &items),
        None => Answer::Silence,
    }
}

/// The items of one reference; `None` when one is unclear, is another's, or when there may be more.
fn items(about: CallRef, body: &[u8]) -> Option<Vec<Item>> {
    let lines: Vec<Value> = serde_json::from_slice(body).ok()?;
    if lines.len() >= ITEMS_MAX {
        return None;
    }
    let items: Option<Vec<Item>> = lines.iter().map(|line| Item::read(line).ok()).collect();
    items.filter(|items| items.iter().all(|item| item.call == about))
}

fn verdict(action: Action, items: &[Item]) -> Answer {
    let completed: Vec<_> = items.iter().filter_map(Item::completed).collect();
    if completed.is_empty() {
        return unmoved(action, items);
    }
    moved(action, &completed).unwrap_or(Answer::Silence)
}

/// Nothing moved: what the last item says.
fn unmoved(action: Action, items: &[Item]) -> Answer {
    match items.last().map(|item| &item.fate) {
        None => Answer::NotFound,
        Some(Fate::Queued) => Answer::Pending,
        // A deduction that was told as done and is recorded as failed is not confirmed, and nothing is to be undone.
        Some(Fate::Failed { .. }) if action == Action::ConfirmBilling => Answer::NotFound,
        // The core takes a refused release for "nothing is set aside any more". Only one refusal says that; after
        // any other the value may still be held, so it stays in doubt until a person looks.
        Some(Fate::Failed { code }) if action == Action::ReleaseAirtime && code != NOTHING_HELD => Answer::Silence,
        Some(Fate::Failed { code }) => refused(code.clone()),
        Some(Fate::Completed { .. }) => Answer::Silence,
    }
}

/// Something moved: the table at the top of this module.
fn moved(action: Action, completed: &[(Movement, u64, &str)]) -> Option<Answer> {
    let has = |movement: Movement| completed.iter().any(|(found, ..)| *found == movement);
    let only = |movement: Movement| completed.iter().all(|(found, ..)| *found == movement);
    match action {
        Action::ReleaseAirtime if has(Movement::Taken) => {
            let (amount, external) = sum(completed, Movement::Taken)?;
            Some(Answer::Opposite { amount, external })
        }
        Action::ReleaseAirtime if only(Movement::Released) => done(completed, Movement::Released),
        Action::ReserveAirtime if has(Movement::SetAside) && has(Movement::Released) && completed.len() == 2 => {
            Some(refused("expired"))
        }
        Action::ReserveAirtime if completed.len() == 1 => done(completed, Movement::SetAside),
        Action::CaptureAirtime if !has(Movement::SetAside) && !has(Movement::GivenBack) => {
            done(completed, Movement::Taken)
        }
        Action::DeductAirtime | Action::ConfirmBilling if only(Movement::Taken) => done(completed, Movement::Taken),
        Action::CreditAirtime | Action::TopUpAirtime | Action::GrantReward if only(Movement::GivenBack) => {
            done(completed, Movement::GivenBack)
        }
        Action::TransferAirtime if only(Movement::Transferred) => done(completed, Movement::Transferred),
        _ => None,
    }
}

fn done(completed: &[(Movement, u64, &str)], movement: Movement) -> Option<Answer> {
    let (amount, external) = sum(completed, movement)?;
    Some(Answer::Done { amount, external })
}

/// The sum of a movement and the last name of it; `None` when there is none, or it leaves 64 bits.
fn sum(completed: &[(Movement, u64, &str)], movement: Movement) -> Option<(u64, String)> {
    let mut total = None;
    for (_, amount, external) in completed.iter().filter(|(found, ..)| *found == movement) {
        let so_far = total.map_or(0, |(so_far, _)| so_far);
        total = Some((amount.checked_add(so_far)?, *external));
    }
    total.map(|(amount, external)| (amount, external.to_owned()))
}

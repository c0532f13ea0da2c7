//! An honest partner in memory, with books of its own: it does what it is asked, once a reference.

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, CallRef, Millis};
use money::Telco;
use partners::{Collected, Gateway, Movement, Request, StatementItem, StatementPage, Unreadable, VoucherCode};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What may be switched on for all partners.
#[derive(Default)]
pub struct Moods {
    /// Requests are neither done nor answered.
    pub silent: AtomicBool,
    /// Statements panic.
    pub panics: AtomicBool,
    /// Codes were handed out long ago.
    pub handed_out: AtomicBool,
    /// Who serves every number; nobody keeps a register while there is none.
    pub serves: Mutex<Option<Telco>>,
    /// Which numbers and cards were named: what for, from whom, to whom.
    pub named: Mutex<Vec<(Action, Option<String>, String)>>,
}

/// A partner.
pub struct Partner {
    moods: std::sync::Arc<Moods>,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    lines: Vec<StatementItem>,
    by_reference: BTreeMap<CallRef, Answer>,
}

impl Partner {
    pub fn new(moods: std::sync::Arc<Moods>) -> Partner {
        Partner { moods, books: Mutex::default() }
    }
}

impl Books {
    fn perform(&mut self, request: &Request) -> Answer {
        if let Some(before) = self.by_reference.get(&request.call) {
            return before.clone();
        }
        let movement = match request.action {
            Action::ConfirmBilling => {
                let about = request.about.and_then(|call| self.by_reference.get(&call));
                return about.cloned().unwrap_or(Answer::NotFound);
            }
            Action::ReserveAirtime => Movement::SetAside,
            Action::CaptureAirtime
            | Action::DeductAirtime
            | Action::PayOut
            | Action::IssueVoucher
            | Action::CollectPayment
            | Action::RedeemPoints => Movement::Taken,
            Action::ReleaseAirtime => Movement::Released,
            Action::CreditAirtime
            | Action::TopUpAirtime
            | Action::GrantReward
            | Action::RefundPayment
            | Action::PayBack
            | Action::ReverseRedemption
            | Action::AccruePoints => Movement::GivenBack,
            Action::TransferAirtime => Movement::Transferred,
        };
        let answer = Answer::Done { amount: request.amount, external: format!("line-{}", self.lines.len()) };
        self.lines.push(StatementItem { call: request.call, movement, answer: answer.clone() });
        self.by_reference.insert(request.call, answer.clone());
        answer
    }
}

#[async_trait]
impl Gateway for Partner {
    async fn call(&self, request: &Request) -> Answer {
        if self.moods.silent.load(Ordering::SeqCst) {
            return Answer::Silence;
        }
        let (from, to) = (request.from.as_deref().map(str::to_owned), request.account.to_string());
        self.moods.named.lock().unwrap_or_else(PoisonError::into_inner).push((request.action, from, to));
        self.books.lock().unwrap_or_else(PoisonError::into_inner).perform(request)
    }

    async fn served_by(&self, _msisdn: &str) -> Result<Option<Telco>, Unreadable> {
        if self.moods.silent.load(Ordering::SeqCst) {
            return Err(Unreadable("silent".to_owned()));
        }
        Ok(*self.moods.serves.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn inquire(&self, request: &Request) -> Answer {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.by_reference.get(&request.call).cloned().unwrap_or(Answer::NotFound)
    }

    async fn collect(&self, call: CallRef, _now: Millis) -> Collected {
        if self.moods.silent.load(Ordering::SeqCst) {
            return Collected::Silence;
        }
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        match books.by_reference.get(&call) {
            Some(_) if self.moods.handed_out.load(Ordering::SeqCst) => Collected::Gone,
            Some(_) => Collected::Code(VoucherCode::new(format!("QTRZ-{:04}-WXKM", call.step))),
            None => Collected::NotYet,
        }
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        assert!(!self.moods.panics.load(Ordering::SeqCst), "a statement that panics");
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let items = books.lines.iter().skip(after as usize).cloned().collect();
        Ok(StatementPage { items, next: books.lines.len() as u64 })
    }
}

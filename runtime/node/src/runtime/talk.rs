//! Talking to partners: requests, inquiries, and the breaker that closes a door nobody answers.

use super::shared::Shared;
use crate::breaker::BreakerMove;
use crate::core::{Ask, AskKind};
use crate::desk::{Job, Lane, heard};
use crate::directory::NotKnown;
use exchange::{Answer, Command, Envelope, Signal, Via};
use facts::{Meta, Millis, Partner};
use partners::Request;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

impl Shared {
    /// Asks a partner and brings what it says back to the desk.
    pub(super) async fn ask_partner(self: Arc<Shared>, ask: Ask) {
        let (shared, asked) = (Arc::clone(&self), ask.clone());
        // In a task of its own: a connector that panics has said nothing, and its call ends all the same.
        let answer = self.runtime.spawn(async move { shared.answer_to(&asked).await }).await;
        let answer = answer.unwrap_or(Answer::Silence);
        if ask.kind == AskKind::Call {
            self.note(ask.partner, &answer);
        }
        let via = match ask.kind {
            AskKind::Call => Via::Reply,
            AskKind::Inquire => Via::Inquiry,
        };
        self.push(Lane::Results, heard(Signal { call: ask.call, answer, via }));
        self.asks_under_way.fetch_sub(1, Ordering::AcqRel);
    }

    async fn answer_to(&self, ask: &Ask) -> Answer {
        match self.request(ask) {
            Ok(_) if self.is_late(ask) => {
                tracing::warn!(call = %ask.call, "a request is not made: it would arrive when it counts as lost");
                Answer::Silence
            }
            Ok(request) => self.talk(ask, &request).await,
            Err(error) => {
                tracing::error!(call = %ask.call, %error, "a request could not be made");
                Answer::Silence
            }
        }
    }

    /// Whether a request leaves so long after its record that the partner's ignorance of it would soon be final.
    /// A stalled disk or a paused machine may come between the two; the next attempt would then be a second one.
    fn is_late(&self, ask: &Ask) -> bool {
        let waited_ms = self.clock.now().since(ask.now);
        ask.kind == AskKind::Call && waited_ms > self.rules().contracts.of(ask.partner).finality_ms / 2
    }

    pub(super) fn request(&self, ask: &Ask) -> Result<Request, NotKnown> {
        Ok(Request {
            call: ask.call,
            partner: ask.partner,
            action: ask.action,
            amount: ask.amount,
            account: self.directory.account(ask)?,
            from: self.directory.from(ask)?,
            acts_on: ask.acts_on.clone(),
            about: ask.about,
            now: ask.now,
        })
    }

    pub(super) async fn talk(&self, ask: &Ask, request: &Request) -> Answer {
        let Some(gateway) = self.gateways.get(&ask.partner) else { return Answer::Silence };
        let asked = async {
            match ask.kind {
                AskKind::Call => gateway.call(request).await,
                AskKind::Inquire => gateway.inquire(request).await,
            }
        };
        let most = Duration::from_millis(self.rules().contracts.of(ask.partner).reply_timeout_ms);
        tokio::time::timeout(most, asked).await.unwrap_or(Answer::Silence)
    }

    pub(super) fn note(&self, partner: Partner, answer: &Answer) {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(partner).or_default();
        let wanted = match answer {
            Answer::Silence => breaker.silent(Instant::now()),
            _ => breaker.spoke(),
        };
        // Under the lock, so that the core hears of moves in the order in which they were made.
        self.move_breaker(partner, wanted);
    }

    pub(super) fn tick_breakers(&self) {
        for partner in Partner::ALL {
            let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
            let wanted = breakers.entry(partner).or_default().tick(Instant::now());
            self.move_breaker(partner, wanted);
        }
    }

    pub(super) fn move_breaker(&self, partner: Partner, wanted: Option<BreakerMove>) {
        let window = match wanted {
            None => return,
            Some(BreakerMove::Close) => 0,
            Some(BreakerMove::Probe) => 1,
            Some(BreakerMove::Open) => self.rules().contracts.of(partner).window,
        };
        tracing::warn!(%partner, window, "the breaker moved");
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        let command = Command::GrantCredits { partner, window };
        self.push(Lane::Results, Job { envelope: Some(Envelope { meta, key: None, command }), answer: None });
    }
}

//! Handing notices over: each that is due is sent, or asked about when it may have left, once a turn.

use super::address::{Address, Topic};
use super::{Teller, words};
use crate::access::wall_now;
use crate::language::Language;
use exchange::{Contract, Refusals, Repeats};
use facts::{Millis, SubscriberId};
use partners::{Message, SmsAnswer};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vault::Msisdn;
use views::{Notice, Outcome, Stand, Then, Waiting};

/// How many notices are looked at in a turn.
const AT_ONCE: u32 = 64;

/// A notice that leaves, or is asked about.
struct Letter {
    waiting: Waiting,
    message: Message,
}

impl Teller {
    /// Hands over what is due. Says whether there was as much as is looked at in a turn.
    pub(super) async fn send(&self) -> Result<bool, String> {
        let now = wall_now();
        let due = self.in_file(move |file| file.due(now, AT_ONCE)).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let full = due.len() == AT_ONCE as usize;
        let (over, due): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|waiting| now.since(waiting.made_at) >= self.give_up_ms());
        let mut went: Vec<(Notice, Then)> =
            over.iter().map(|waiting| (waiting.notice, Then::Over(Outcome::GivenUp))).collect();
        let letters = self.letters(due, now, &mut went).await?;
        went.extend(self.hand_over(letters).await);
        let forget_at = now.plus(self.give_up_ms());
        self.in_file(move |file| file.note(&went, forget_at)).await?;
        Ok(full)
    }

    /// The letters of those that may leave or are asked about; what comes of the others is put with what `went`.
    async fn letters(
        &self,
        due: Vec<Waiting>,
        now: Millis,
        went: &mut Vec<(Notice, Then)>,
    ) -> Result<Vec<Letter>, String> {
        let topics = self.context.topics(&due).await;
        let addresses = self.context.addresses(&due, &topics).await;
        let (mut letters, mut leaving) = (Vec::new(), Vec::new());
        for (waiting, address) in due.into_iter().zip(addresses) {
            match (address, topics.get(&waiting.notice.about)) {
                (Address::To(subscriber, number), Some(topic)) => {
                    if waiting.stand == Stand::Ready {
                        // One that was tried before was counted then.
                        leaving.push((waiting.notice, (waiting.tries == 0).then_some(subscriber)));
                    }
                    letters.push(self.letter(waiting, &number, topic));
                }
                (Address::Nobody, _) => went.push((waiting.notice, Then::Over(Outcome::Nobody))),
                (Address::Moot, _) => went.push((waiting.notice, Then::Moot)),
                _ => went.push((waiting.notice, self.later(waiting.stand, waiting.tries, now))),
            }
        }
        self.leave(letters, leaving, now, went).await
    }

    fn letter(&self, waiting: Waiting, number: &Msisdn, topic: &Topic) -> Letter {
        let text = words::text(&self.context, waiting.notice.kind, topic, Language::Chinese);
        let reference = reference(&waiting.notice);
        Letter { waiting, message: Message { reference, to: number.expose().into(), text: text.into() } }
    }

    /// Notes what leaves before it does, and takes out what a number gets no more of on this day.
    async fn leave(
        &self,
        letters: Vec<Letter>,
        leaving: Vec<(Notice, Option<SubscriberId>)>,
        now: Millis,
        went: &mut Vec<(Notice, Then)>,
    ) -> Result<Vec<Letter>, String> {
        let most = self.context.access.notices().per_number_day;
        let beyond = self.in_file(move |file| file.begin(&leaving, now, most)).await?;
        let (stay, leave): (Vec<_>, Vec<_>) =
            letters.into_iter().partition(|letter| beyond.contains(&letter.waiting.notice));
        went.extend(stay.iter().map(|letter| (letter.waiting.notice, Then::Over(Outcome::TooMany))));
        Ok(leave)
    }

    async fn hand_over(&self, letters: Vec<Letter>) -> Vec<(Notice, Then)> {
        let window = Arc::new(Semaphore::new(self.messages.notices_at_once()));
        let mut under_way = JoinSet::new();
        for letter in letters {
            let (messages, window) = (self.messages.clone(), Arc::clone(&window));
            under_way.spawn(async move {
                let _place = window.acquire_owned().await;
                let answer = match letter.waiting.stand {
                    Stand::Ready => messages.messenger.send(&letter.message).await,
                    Stand::Sent | Stand::Denied => messages.messenger.inquire(&letter.message).await,
                };
                (letter.waiting, answer)
            });
        }
        let mut went = Vec::new();
        while let Some(done) = under_way.join_next().await {
            // One whose task panics may have left, and the file says so.
            let Ok((waiting, answer)) = done else { continue };
            let now = wall_now();
            let then = match judged(&self.messages.contract, &waiting, &answer, now) {
                Judged::Over(outcome) => Then::Over(outcome),
                Judged::Again => Then::Later(Stand::Ready, now),
                Judged::Later(stand) => self.later(stand, waiting.tries, now),
            };
            went.push((waiting.notice, then));
        }
        went
    }

    fn later(&self, stand: Stand, tries: u64, now: Millis) -> Then {
        let contract = &self.messages.contract;
        let doubled = contract.inquire_after_ms.saturating_mul(1 << tries.min(16));
        Then::Later(stand, now.plus(doubled.min(contract.inquire_at_most_every_ms)))
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Over(Outcome),
    /// It is finally not with the partner, or a repeat is safe: it is sent again, under the same reference.
    Again,
    Later(Stand),
}

fn judged(contract: &Contract, waiting: &Waiting, answer: &SmsAnswer, now: Millis) -> Judged {
    match (answer, waiting.stand) {
        (SmsAnswer::Taken { .. } | SmsAnswer::Pending, _) => Judged::Over(Outcome::Told),
        (SmsAnswer::Refused { .. }, Stand::Ready) if contract.refusals == Refusals::Confirm => {
            Judged::Later(Stand::Denied)
        }
        // That the record has nothing of it confirms a refusal.
        (SmsAnswer::Refused { .. }, _) | (SmsAnswer::NotFound, Stand::Denied) => Judged::Over(Outcome::Refused),
        (SmsAnswer::NotFound, Stand::Sent)
            if contract.repeats == Repeats::AnsweredAgain || now.since(waiting.sent_at) >= contract.finality_ms =>
        {
            Judged::Again
        }
        (SmsAnswer::Silence, Stand::Denied) => Judged::Later(Stand::Denied),
        (SmsAnswer::NotFound | SmsAnswer::Silence, _) => Judged::Later(Stand::Sent),
    }
}

/// The same for the same thing and kind, whatever happened meanwhile.
fn reference(notice: &Notice) -> String {
    format!("note-{}-{}", notice.kind.code(), notice.about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::Contracts;
    use facts::OrderId;
    use views::{About, NoticeKind};

    const SENT_AT: Millis = Millis(1_000);

    fn contract() -> Contract {
        Contracts::parse(include_str!("../../../../policies/partners.toml"))
            .expect("the shipped ones")
            .messages()
            .clone()
    }

    fn waiting(stand: Stand) -> Waiting {
        let notice = Notice { sequence: 1, about: About::Order(OrderId::from_bits(1)), kind: NoticeKind::Settled };
        Waiting { notice, stand, tries: 0, made_at: SENT_AT, sent_at: SENT_AT }
    }

    #[test]
    fn what_an_answer_means_depends_on_what_may_have_left() {
        let taken = || SmsAnswer::Taken { external: "SMS-1".to_owned() };
        let refused = || SmsAnswer::Refused { code: "blocked".to_owned() };
        let (over, later) = (Judged::Over, Judged::Later);
        for (stand, answer, expected) in [
            (Stand::Ready, taken(), over(Outcome::Told)),
            (Stand::Ready, SmsAnswer::Pending, over(Outcome::Told)),
            (Stand::Ready, refused(), later(Stand::Denied)),
            (Stand::Ready, SmsAnswer::Silence, later(Stand::Sent)),
            (Stand::Sent, taken(), over(Outcome::Told)),
            (Stand::Sent, refused(), over(Outcome::Refused)),
            (Stand::Sent, SmsAnswer::Silence, later(Stand::Sent)),
            (Stand::Sent, SmsAnswer::NotFound, Judged::Again),
            (Stand::Denied, taken(), over(Outcome::Told)),
            (Stand::Denied, refused(), over(Outcome::Refused)),
            (Stand::Denied, SmsAnswer::NotFound, over(Outcome::Refused)),
            (Stand::Denied, SmsAnswer::Silence, later(Stand::Denied)),
        ] {
            assert_eq!(judged(&contract(), &waiting(stand), &answer, SENT_AT), expected, "{stand:?} {answer:?}");
        }
    }

    #[test]
    fn where_a_repeat_is_done_again_only_what_is_finally_not_there_is_sent_again() {
        let contract = Contract { repeats: Repeats::DoneAgain, ..contract() };
        let at = |ms| judged(&contract, &waiting(Stand::Sent), &SmsAnswer::NotFound, SENT_AT.plus(ms));
        assert_eq!(at(contract.finality_ms - 1), Judged::Later(Stand::Sent));
        assert_eq!(at(contract.finality_ms), Judged::Again);
        let final_at_once = Contract { refusals: Refusals::Final, ..contract };
        let refused = SmsAnswer::Refused { code: "blocked".to_owned() };
        assert_eq!(judged(&final_at_once, &waiting(Stand::Ready), &refused, SENT_AT), Judged::Over(Outcome::Refused));
    }
}

//! One-time codes on their way to phones: a queue that answers never wait for, and the messages that leave it.
//!
//! A code for a number that nobody has takes the same way and ends here, so that no answer tells who is registered.

use crate::access::wall_now;
use crate::context::Context;
use crate::problem::Problem;
use ::access::{CodeAction, CodeMessage, CodeSender};
use exchange::Contract;
use facts::{Purpose, State, SubscriberId};
use partners::{Delivered, Message, Messenger, deliver};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use vault::Msisdn;

/// Whoever sends messages, and what they promise.
#[derive(Clone)]
pub struct Messages {
    /// The connector.
    pub messenger: Arc<dyn Messenger>,
    /// The contract, by the wall clock.
    pub contract: Contract,
}

impl Messages {
    /// How many codes may be under way at once: what notices, which can wait, leave of the partner's window.
    fn codes_at_once(&self) -> usize {
        (self.contract.window as usize).saturating_sub(self.notices_at_once()).max(1)
    }

    /// How many notices may be under way at once.
    pub fn notices_at_once(&self) -> usize {
        (self.contract.window as usize / 4).max(1)
    }
}

/// Where codes are put; never waits.
pub struct Courier(mpsc::Sender<CodeMessage>);

/// Where codes are taken from.
pub type Post = mpsc::Receiver<CodeMessage>;

impl Courier {
    /// A courier of these messages, and the queue behind it.
    pub fn of(messages: &Messages) -> (Courier, Post) {
        let (courier, post) = mpsc::channel(messages.contract.queue_most.max(1) as usize);
        (Courier(courier), post)
    }
}

impl CodeSender for Courier {
    fn send(&self, message: CodeMessage) {
        if self.0.try_send(message).is_err() {
            tracing::warn!("a code is not sent: too many wait");
        }
    }
}

/// Hands over what waits, until the node stops.
pub async fn run(context: Arc<Context>, messages: Messages, mut post: Post) {
    let window = Arc::new(Semaphore::new(messages.codes_at_once()));
    loop {
        let message = tokio::select! {
            message = post.recv() => message,
            _ = context.node.wait_stopped() => None,
        };
        let Some(message) = message else { return };
        let Ok(place) = Arc::clone(&window).acquire_owned().await else { return };
        let (context, messages) = (Arc::clone(&context), messages.clone());
        tokio::spawn(async move {
            hand_over(&context, &messages, &message).await;
            drop(place);
        });
    }
}

async fn hand_over(context: &Context, messages: &Messages, message: &CodeMessage) {
    let Some(to) = message.to else { return };
    let number = vault::SubscriberId(to.bits());
    let number = context.in_vault(move |vault| vault.reveal_msisdn(number, Purpose::OneTimeCode)).await;
    let (Ok(number), Ok(reference)) = (number, crate::chance::bits()) else {
        tracing::warn!("a code is not sent: its number cannot be read");
        return;
    };
    let text = text(message).into();
    let message_out = Message { reference: format!("code-{reference:032x}"), to: number.expose().into(), text };
    let left = Duration::from_millis(message.until.since(wall_now()));
    match deliver(&*messages.messenger, &messages.contract, &message_out, Instant::now() + left).await {
        Delivered::Taken => tracing::debug!("a code was handed over"),
        outcome => tracing::warn!(?outcome, "a code was not handed over"),
    }
}

/// What the phone shows: the code, what it is for and of how much, in Chinese and English.
fn text(message: &CodeMessage) -> String {
    let code = message.code.expose();
    let (chinese, english) = match message.action {
        CodeAction::SignIn => ("登录", "sign in"),
        CodeAction::PlaceOrder => ("兑换话费", "convert airtime"),
        CodeAction::ChangeInstrument => ("更换银行卡", "change your card"),
        CodeAction::Erase => ("删除个人信息", "erase your data"),
    };
    let amount = message.amount.map(|(asset, units)| match asset {
        money::Asset::Cny | money::Asset::Airtime(_) => {
            (format!(" {} 元", money::yuan(units)), format!(" of {} CNY", money::yuan(units)))
        }
        other => (format!(" {units} {other}"), format!(" of {units} {other}")),
    });
    let (how_much, of) = amount.unwrap_or_default();
    let minutes = message.until.since(wall_now()).div_ceil(60_000);
    format!(
        "【通宝】验证码 {code}，用于{chinese}{how_much}，{minutes} 分钟内有效。切勿告诉他人。\
         Tongbao: {code} is your code to {english}{of}, good for {minutes} minutes. Tell nobody."
    )
}

impl Context {
    /// The subscriber who has a number, as far as vault and journal know. As much work for a number that nobody has.
    ///
    /// Errors: vault or node do not answer.
    pub async fn holder(&self, number: &Msisdn) -> Result<Option<SubscriberId>, Problem> {
        let number = number.clone();
        let found = self.in_vault(move |vault| vault.find_number(&number)).await?;
        let id = found.map_or(SubscriberId::default(), |(id, _)| SubscriberId::from_bits(id.0));
        let (there, _) = self.read(move |state: &State| state.subscriber(id).is_some()).await?;
        Ok(there.then_some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::access::OneTimeCode;
    use money::Asset;

    fn message(action: CodeAction, amount: Option<(Asset, u64)>) -> CodeMessage {
        CodeMessage { to: None, code: OneTimeCode::new("123456"), action, amount, until: wall_now().plus(299_000) }
    }

    #[test]
    fn a_message_says_what_the_code_is_for_and_of_how_much() {
        let sign_in = text(&message(CodeAction::SignIn, None));
        assert!(sign_in.contains("验证码 123456，用于登录，5 分钟内有效"), "{sign_in}");
        assert!(sign_in.contains("123456 is your code to sign in, good for 5 minutes"), "{sign_in}");
        let order = text(&message(CodeAction::PlaceOrder, Some((Asset::Cny, 12_345))));
        assert!(order.contains("兑换话费 123.45 元") && order.contains("convert airtime of 123.45 CNY"), "{order}");
        for action in [CodeAction::ChangeInstrument, CodeAction::Erase] {
            assert!(text(&message(action, None)).contains("切勿告诉他人"));
        }
    }
}

//! A messaging partner behind the interface of the suite: what is asked for there is a message here.
//!
//! A request stands for the message that says how much it is of, and a taken message for the amount.

use async_trait::async_trait;
use facts::Action;
use partners::{
    Answer, Gateway, Message, Messenger, Movement, Request, SmsAnswer, SmsGateway, StatementItem, StatementPage,
    Unreadable,
};

use crate::stage::{HUNDRED_YUAN, Kind};

/// The connector, dressed up.
pub struct Texting(pub SmsGateway);

fn message(request: &Request) -> Message {
    let text = if request.amount == 0 { String::new() } else { format!("{} fen", request.amount) };
    Message { reference: request.call.to_string(), to: request.account.clone(), text: text.into() }
}

fn answer(request: &Request, told: SmsAnswer) -> Answer {
    match told {
        SmsAnswer::Taken { external } => Answer::Done { amount: request.amount, external },
        SmsAnswer::Pending => Answer::Pending,
        // The empty text stands for the empty amount.
        SmsAnswer::Refused { code } if code == "invalidText" => Answer::Refused { code: "invalidAmount".to_owned() },
        SmsAnswer::Refused { code } => Answer::Refused { code },
        SmsAnswer::NotFound => Answer::NotFound,
        SmsAnswer::Silence => Answer::Silence,
    }
}

#[async_trait]
impl Gateway for Texting {
    async fn call(&self, request: &Request) -> Answer {
        if request.action != Kind::Sms.action() {
            return Answer::Silence;
        }
        answer(request, self.0.send(&message(request)).await)
    }

    async fn inquire(&self, request: &Request) -> Answer {
        answer(request, self.0.inquire(&message(request)).await)
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        let page = self.0.statement(after).await?;
        let item = |item: &partners::SentItem| StatementItem {
            call: item.reference.parse().expect("a reference of the suite"),
            movement: Movement::GivenBack,
            answer: Answer::Done { amount: HUNDRED_YUAN, external: item.external.clone() },
        };
        Ok(StatementPage { items: page.items.iter().map(item).collect(), next: page.next })
    }
}

/// What a message stands for in the suite.
pub const ACTION: Action = Action::TopUpAirtime;

//! The reward of a campaign as answers show it: how much, on what condition, and how far it is.

use exchange::rules::Campaign;
use facts::{Order, Reward};
use money::yuan;
use serde::Serialize;
use utoipa::ToSchema;

/// Words in both languages.
#[derive(Serialize, ToSchema)]
#[schema(as = Words)]
pub struct WordsAnswer {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What a campaign would give with the order; taking the quote accepts it.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotedReward)]
pub struct QuotedRewardAnswer {
    /// The campaign's number; `GET /v1/campaigns/{number}` says more.
    campaign: u16,
    /// What it is called.
    title: Option<WordsAnswer>,
    /// Fen of airtime.
    amount_fen: u64,
    /// The first day on which it can be used, if the order is settled by then.
    usable_from: String,
    /// What must be true before it can be used.
    condition: WordsAnswer,
}

impl QuotedRewardAnswer {
    pub fn of(reward: &Reward, campaign: Option<&Campaign>) -> QuotedRewardAnswer {
        let title = |campaign: &Campaign| WordsAnswer { zh: campaign.title.zh.clone(), en: campaign.title.en.clone() };
        QuotedRewardAnswer {
            campaign: reward.campaign,
            title: campaign.map(title),
            amount_fen: reward.amount,
            usable_from: reward.usable_from.to_string(),
            condition: condition(reward),
        }
    }
}

fn condition(reward: &Reward) -> WordsAnswer {
    let (amount, day) = (yuan(reward.amount), reward.usable_from);
    WordsAnswer {
        zh: format!("订单结清后，自 {day} 起可使用 {amount} 元话费；仅限使用，不可转出；订单撤销或退还则不予赠送"),
        en: format!(
            "{amount} CNY of airtime can be used from {day} on, once the order is settled; it does not leave as money, and an order that is withdrawn or refunded brings none"
        ),
    }
}

/// What a campaign gives with the order, as the quote showed.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedReward)]
pub struct PlacedRewardAnswer {
    /// The campaign's number.
    campaign: u16,
    /// Fen of airtime.
    amount_fen: u64,
    /// The first day on which it can be used, if the order is settled by then.
    usable_from: String,
}

impl From<&Reward> for PlacedRewardAnswer {
    fn from(reward: &Reward) -> PlacedRewardAnswer {
        let usable_from = reward.usable_from.to_string();
        PlacedRewardAnswer { campaign: reward.campaign, amount_fen: reward.amount, usable_from }
    }
}

/// What a campaign gives with the order, and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Reward)]
pub struct RewardAnswer {
    /// The campaign's number.
    campaign: u16,
    /// Fen of airtime.
    amount_fen: u64,
    /// The first day on which it can be used, if the order is settled by then.
    usable_from: String,
    /// `promised`, `usable` or `withdrawn`.
    state: &'static str,
}

impl RewardAnswer {
    /// The reward of an order, if it has one.
    pub fn of(order: &Order) -> Option<RewardAnswer> {
        let (reward, state) = order.reward()?;
        let PlacedRewardAnswer { campaign, amount_fen, usable_from } = PlacedRewardAnswer::from(reward);
        Some(RewardAnswer { campaign, amount_fen, usable_from, state: state.code() })
    }
}

//! What notices say, in English and Chinese: one row a kind. No name, no number, amounts in yuan.

use super::address::Topic;
use crate::context::Context;
use crate::language::Language;
use crate::routes::decline::decline_code;
use crate::words::Word;
use exchange::rules::Moment;
use facts::{Millis, Order, Product};
use money::yuan;
use views::NoticeKind;

/// What a notice brings besides its text.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// A code, for `{code}`.
    pub code: Option<String>,
    /// A moment, for `{until}`.
    pub until: Option<Millis>,
    /// The order, for `{order}`.
    pub order: Option<String>,
}

/// What is said, and what goes with it.
struct Row {
    /// With `{product}`, `{amount}`, `{paid}`, `{code}` and `{until}` where they belong.
    texts: [&'static str; 2],
    /// Makes what a notice about an order carries; the same for the same order, so that a repeat says the same.
    carries: fn(&Context, &Order) -> Carried,
}

fn row(kind: NoticeKind) -> Row {
    let texts = match kind {
        NoticeKind::Settled => [
            "[Tongbao] Your order ({product}, {amount}) is complete{paid}. If it was not yours, please contact us.",
            "【通宝】您的订单（{product}，{amount}）已完成{paid}。如非本人办理，请联系客服。",
        ],
        NoticeKind::Refunded => [
            "[Tongbao] Your order ({product}, {amount}) could not be completed. What was taken was given back, fee included.",
            "【通宝】您的订单（{product}，{amount}）未能完成，所扣话费及手续费已全部退还。",
        ],
        NoticeKind::Declined => [
            "[Tongbao] Your order ({product}, {amount}) could not be carried out. Nothing was taken.",
            "【通宝】您的订单（{product}，{amount}）未能办理，未扣款。",
        ],
        NoticeKind::InReview => [
            "[Tongbao] Your order ({product}, {amount}) is being reviewed. Nothing was taken yet; we will tell you.",
            "【通宝】您的订单（{product}，{amount}）正在人工审核，尚未扣款，结果将另行通知。",
        ],
        NoticeKind::Suspended => [
            "[Tongbao] Your order ({product}, {amount}) needs a person to look at it. You need do nothing; we will tell you.",
            "【通宝】您的订单（{product}，{amount}）需人工处理，您无需操作，结果将另行通知。",
        ],
        NoticeKind::Offered => {
            let texts = [
                "[Tongbao] Somebody gives you {amount}. It arrives after {until}. To decline it: code {code}, order {order}.",
                "【通宝】他人向您转赠 {amount}，{until} 后到账。如需谢绝：谢绝码 {code}，订单 {order}。",
            ];
            return Row { texts, carries: offer };
        }
        NoticeKind::Received => {
            ["[Tongbao] You were given {amount}. It has arrived.", "【通宝】您收到他人转赠的 {amount}，现已到账。"]
        }
        NoticeKind::ComplaintAnswered => [
            "[Tongbao] Your complaint has been answered. Sign in to read the answer.",
            "【通宝】您的投诉已有答复，请登录后查看。",
        ],
    };
    Row { texts, carries: |_, _| Carried::default() }
}

/// What whoever is given something needs to decline it.
fn offer(context: &Context, order: &Order) -> Carried {
    Carried {
        code: Some(decline_code(&context.digests, order.id)),
        until: order.declinable_until(),
        order: Some(order.id.to_string()),
    }
}

/// What a notice says.
pub fn text(context: &Context, kind: NoticeKind, topic: &Topic, language: Language) -> String {
    let row = row(kind);
    let Topic::Order(order) = topic else { return row.texts[language as usize].to_owned() };
    filled(row.texts[language as usize], order, &(row.carries)(context, order), language)
}

fn filled(text: &str, order: &Order, carried: &Carried, language: Language) -> String {
    let until = carried.until.map(|until| Moment(until).to_string()).unwrap_or_default();
    text.replace("{product}", order.terms.product.said(language))
        .replace("{amount}", &amount(order, language))
        .replace("{paid}", &paid(order, language))
        .replace("{code}", carried.code.as_deref().unwrap_or_default())
        .replace("{until}", &until)
        .replace("{order}", carried.order.as_deref().unwrap_or_default())
}

fn amount(order: &Order, language: Language) -> String {
    let amount = order.terms.amount;
    match (order.terms.product, language) {
        (Product::Points, Language::English) => format!("{amount} points"),
        (Product::Points, Language::Chinese) => format!("{amount} 积分"),
        (Product::BundleGift | Product::BundleSale, Language::English) => format!("{amount} KiB of data"),
        (Product::BundleGift | Product::BundleSale, Language::Chinese) => format!("{amount} KiB 流量"),
        (_, Language::English) => format!("{} CNY", yuan(amount)),
        (_, Language::Chinese) => format!("{} 元", yuan(amount)),
    }
}

/// What arrives as money, where money arrives.
fn paid(order: &Order, language: Language) -> String {
    let payout = yuan(order.terms.payout);
    match (order.terms.product, language) {
        (Product::Direct | Product::Agent | Product::Refund, Language::English) => format!("; {payout} CNY was paid"),
        (Product::Direct | Product::Agent | Product::Refund, Language::Chinese) => format!("，到账 {payout} 元"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::{Day, OrderId, PersonId, PolicyVersion, SubscriberId, Terms};

    /// Fen of an amount that no limit lets through.
    const LONGEST: u64 = 99_999_999;

    fn order(product: Product, amount: u64) -> Order {
        let terms = Terms {
            product,
            amount,
            fee: 400,
            fee_lines: Vec::new(),
            payout: amount - 400,
            arrives_on: Day::from_date(2026, 3, 4).expect("a date"),
            policy: PolicyVersion::default(),
            drawn: amount,
            reward: None,
            learned: None,
        };
        let admission = facts::Admission {
            order: OrderId::from_bits(1),
            person: PersonId::from_bits(2),
            parties: vec![SubscriberId::from_bits(3), SubscriberId::from_bits(4)],
            terms,
            requested_at: Millis(0),
            steps: Vec::new(),
            lots: Vec::new(),
            quote: facts::Quoted::default(),
            seen_convertible: 0,
            counts: Vec::new(),
            payment: None,
        };
        Order::admitted(&admission, 1, Millis(0))
    }

    fn said(kind: NoticeKind, order: &Order, language: Language) -> String {
        let carried = Carried {
            code: Some("12345678".to_owned()),
            until: Some(Millis(1_772_413_200_000)),
            order: Some("ord_01KJT70YB5MNK1KBW5RBB6ENF1".to_owned()),
        };
        filled(row(kind).texts[language as usize], order, &carried, language)
    }

    #[test]
    fn every_kind_is_told_in_both_languages_and_in_one_part() {
        for (kind, product) in NoticeKind::ALL.iter().flat_map(|kind| Product::ALL.iter().map(move |of| (*kind, *of))) {
            let order = order(product, LONGEST);
            let (english, chinese) = (said(kind, &order, Language::English), said(kind, &order, Language::Chinese));
            // A part is 160 characters of English and 70 of Chinese; of two that belong together 153 and 67 each.
            let (most_english, most_chinese) = if kind == NoticeKind::Offered { (306, 134) } else { (160, 70) };
            assert!(english.is_ascii() && english.len() <= most_english, "{} characters: {english}", english.len());
            assert!(chinese.starts_with("【通宝】") && english.starts_with("[Tongbao] "), "{chinese} {english}");
            assert!(chinese.chars().count() <= most_chinese, "{} characters: {chinese}", chinese.chars().count());
            for text in [english, chinese] {
                assert!(!text.contains(['{', '}']), "a blank is left: {text}");
                let longest = text.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max();
                assert!(longest < Some(11), "a number: {text}");
            }
        }
    }

    #[test]
    fn amounts_are_in_yuan_and_what_arrives_as_money_is_said() {
        let direct = said(NoticeKind::Settled, &order(Product::Direct, 12_345), Language::Chinese);
        assert_eq!(
            direct,
            "【通宝】您的订单（官方渠道直连，123.45 元）已完成，到账 119.45 元。如非本人办理，请联系客服。"
        );
        let voucher = said(NoticeKind::Settled, &order(Product::Voucher, 12_345), Language::Chinese);
        assert!(voucher.contains("（购物券，123.45 元）已完成。"), "{voucher}");
        let given = said(NoticeKind::Received, &order(Product::BundleGift, 1_024), Language::English);
        assert_eq!(given, "[Tongbao] You were given 1024 KiB of data. It has arrived.");
    }

    #[test]
    fn a_notice_may_carry_a_code_and_a_moment() {
        let (code, until) = (Some("123456".to_owned()), Some(Millis(1_772_413_200_000)));
        let carried = Carried { code, until, order: None };
        let text = filled("{code}, {until}", &order(Product::Gift, 500), &carried, Language::Chinese);
        assert_eq!(text, "123456, 2026-03-02 09:00:00");
    }
}

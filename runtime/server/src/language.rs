//! The two languages of titles and hints, and how a caller asks for one.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use exchange::rules::{Detail, Moment, Refused, Unit};
use facts::Measure;
use money::yuan;

/// A language that titles and hints are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// The language that `Accept-Language` likes best; English when it likes none of the two.
    pub fn of(headers: &HeaderMap) -> Language {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let [mut english, mut chinese] = [0, 0];
        for (range, quality) in wanted.split(',').filter_map(range) {
            match range.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "en" => english = english.max(quality),
                "zh" => chinese = chinese.max(quality),
                _ => {}
            }
        }
        // Of two that are liked equally, the one that is named first would be the better guess; a caller who
        // names both reads both.
        if chinese > english { Language::Chinese } else { Language::English }
    }

    /// The tag of the answer's `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// What the asker can do about a refusal, when its numbers say it.
    pub fn hint(self, refused: &Refused) -> Option<String> {
        match self {
            Language::English => refused.hint(),
            Language::Chinese => chinese_hint(&refused.detail),
        }
    }
}

/// A language range and its quality in thousandths.
fn range(text: &str) -> Option<(&str, u32)> {
    let mut parts = text.trim().split(';');
    let range = parts.next()?.trim();
    let quality = parts.find_map(|part| part.trim().strip_prefix("q="));
    Some((range, quality.map_or(Some(1_000), thousandths)?))
}

fn thousandths(quality: &str) -> Option<u32> {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    let padded = format!("{part}000");
    let whole: u32 = whole.parse().ok()?;
    let part: u32 = padded.get(..3)?.parse().ok()?;
    Some(whole.min(1) * 1_000 + part)
}

fn chinese_hint(detail: &Detail) -> Option<String> {
    match detail {
        Detail::Plain => None,
        Detail::Age { from_years } => Some(format!("请在年满{from_years}周岁之后再申请")),
        Detail::Province { allowed, .. } => Some(format!("请在省份 {allowed} 办理")),
        Detail::Amount { unit: Unit::Fen, nearest, .. } => Some(format!("请改为 {} 元", yuan(*nearest))),
        Detail::Amount { unit: Unit::Kib, nearest, .. } => Some(format!("请改为 {nearest} KiB 流量")),
        Detail::Amount { unit: Unit::Points, nearest, .. } => Some(format!("请改为 {nearest} 积分")),
        Detail::Limit { used, limit, hit, .. } => {
            let (left, again) = (limit.saturating_sub(*used), Moment(hit.frees_at));
            Some(match hit.measure {
                _ if left == 0 => format!("限额 {} 已用完，请于北京时间 {again} 起再试", hit.name),
                Measure::Fen => format!("最多还可办理 {} 元，或于北京时间 {again} 起再试", yuan(left)),
                Measure::Orders => format!("最多还可办理 {left} 笔，或于北京时间 {again} 起再试"),
            })
        }
        Detail::Balance { convertible, .. } => match u64::try_from(*convertible) {
            Ok(most) if most > 0 => Some(format!("最多可转出 {} 元（含另收的手续费）", yuan(most))),
            _ => Some("只有本人充值的余额可以转出".to_owned()),
        },
        Detail::Reward { .. } => Some("请重新询价，新报价将列明现可享受的优惠".to_owned()),
        Detail::Calendar { .. } => Some("请在次年放假安排公布之后再试".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best_is_spoken() {
        for (wanted, language) in [
            ("", Language::English),
            ("zh", Language::Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("ZH-hans", Language::Chinese),
            ("en-GB,zh;q=0.5", Language::English),
            ("en;q=0.2, zh;q=0.25", Language::Chinese),
            ("fr, zh;q=0", Language::English),
            ("de", Language::English),
            ("zh;q=x", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, wanted.parse().expect("a header"));
            assert_eq!(Language::of(&headers), language, "{wanted}");
        }
    }
}

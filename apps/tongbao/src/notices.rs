//! What an operator should know about the policy before its subscribers do: what ends soon, and what is missing.

use exchange::rules::{NumberTable, Policy};
use facts::{Day, Millis};
use std::time::{SystemTime, UNIX_EPOCH};

/// Today in Asia/Shanghai, by this machine's clock.
pub fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)).day()
}

/// Which policy and data are in use, by hash.
pub fn versions(policy: &Policy, numbers: &NumberTable) -> String {
    let calendar = policy.calendar();
    format!(
        "policy {}; calendar {} up to {}; {} number segments {}",
        policy.version(),
        calendar.version(),
        calendar.last_year(),
        numbers.segments(),
        numbers.version()
    )
}

/// What needs somebody soon, as of a day; empty when nothing does.
pub fn notices(policy: &Policy, on: Day) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(unpublished) = policy.calendar_ends_soon(on) {
        notices.push(format!(
            "the calendar ends with {}: arrivals after it are refused; put the next year into `data/workdays_cn.csv`",
            unpublished.last_year
        ));
    }
    for soon in policy.licences_expiring(on) {
        let licence = soon.licence;
        notices.push(format!(
            "licence `{}` of {} ends on {}, in {} days: renew it in `policies/licences.toml`",
            licence.number, licence.holder, licence.valid_to, soon.days_left
        ));
    }
    let missing = policy.unlicensed(on, on);
    if let Some(first) = missing.first() {
        notices.push(format!(
            "{} offers are without a licence today, such as {} in province {}: orders are refused",
            missing.len(),
            first.product,
            first.home
        ));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Site;

    #[test]
    fn the_shipped_policy_is_quiet_until_its_calendar_and_licences_end() {
        let site = Site::at(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")));
        let policy = site.rules().expect("the shipped rules").policy;
        let counts = ["2026-08-31", "2026-09-01", "2026-10-02", "2027-01-01"].map(|day| {
            let notices = notices(&policy, day.parse().expect("a date"));
            (day, notices.len())
        });
        let licences = policy.licences().len();
        let expected = [("2026-08-31", 0), ("2026-09-01", 1), ("2026-10-02", 1 + licences), ("2027-01-01", 2)];
        assert_eq!(counts, expected);
    }
}

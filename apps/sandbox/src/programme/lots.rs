//! A member's points as lots: what expires first is used first, then by the lot's name.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A lot by the day on and after which it cannot be used, as `2027-01-01`, and its name: the order in which lots go.
pub(super) type LotKey = (Arc<str>, Arc<str>);

/// How many points of which lot.
pub(super) type Portion = (LotKey, i64);

/// The lots of one member.
#[derive(Clone, Debug, Default)]
pub(super) struct Lots(BTreeMap<LotKey, i64>);

impl Lots {
    /// Every lot with what is in it, expired and used up ones too, in the order in which they go.
    pub fn all(&self) -> impl Iterator<Item = (&LotKey, i64)> {
        self.0.iter().map(|(key, points)| (key, *points))
    }

    /// Points that can be used on a day.
    pub fn usable(&self, day: &str) -> i64 {
        self.all().filter(|((expires_on, _), _)| **expires_on > *day).map(|(_, points)| points).sum()
    }

    /// All points, expired ones too.
    pub fn total(&self) -> i64 {
        self.0.values().sum()
    }

    /// Puts points into a lot.
    pub fn put(&mut self, (lot, points): Portion) {
        *self.0.entry(lot).or_default() += points;
    }

    /// Takes points that can be used on a day: all of them, or none.
    pub fn draw(&mut self, points: i64, day: &str) -> Option<Vec<Portion>> {
        if self.usable(day) < points {
            return None;
        }
        let mut wanted = points;
        let mut drawn = Vec::new();
        for (lot, left) in self.0.iter_mut().filter(|((expires_on, _), _)| **expires_on > *day) {
            let taken = wanted.min(*left);
            if taken > 0 {
                *left -= taken;
                wanted -= taken;
                drawn.push((lot.clone(), taken));
            }
        }
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::Lots;

    /// The lots' part of the vectors: which are used, and what is left. What points are worth is not a programme's matter.
    #[test]
    fn lots_go_as_the_vectors_say() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/data/points_vectors.json")).expect("JSON");
        let mut lots = Lots::default();
        let text = |event: &Value, key: &str| event[key].as_str().expect("text").to_owned();
        let events = vectors["events"].as_array().expect("a list");
        assert_eq!(events.len(), 8);
        for event in events {
            let (day, points) = (text(event, "date"), event["points"].as_i64().unwrap_or_default());
            match text(event, "type").as_str() {
                "earn" => lots.put(((text(event, "expires").into(), text(event, "lot").into()), points)),
                "redeem" => {
                    let drawn = lots.draw(points, &day);
                    let used = drawn.map(|drawn| -> BTreeMap<String, i64> {
                        drawn.into_iter().map(|((_, lot), points)| (lot.to_string(), points)).collect()
                    });
                    let used = used.map_or(Value::Null, |used| serde_json::to_value(used).expect("JSON"));
                    assert_eq!(used, event["used_lots"], "{event}");
                    assert_eq!(used.is_null(), !event["result"].is_null(), "{event}");
                }
                // Nothing of a lot that is used up can expire.
                "expire_run" => assert_eq!(lots.total() - lots.usable(&day), 0, "{event}"),
                other => panic!("{other}"),
            }
            assert_eq!(lots.usable(&day), event["balance"].as_i64().expect("points"), "{event}");
        }
    }

    #[test]
    fn of_one_day_lots_go_by_name_and_a_lot_is_dead_on_its_day() {
        let mut lots = Lots::default();
        for (expires_on, name) in [("2027-01-01", "b"), ("2027-01-01", "a"), ("2026-12-31", "c")] {
            lots.put(((expires_on.into(), name.into()), 10));
        }
        assert_eq!((lots.usable("2026-12-30"), lots.usable("2026-12-31"), lots.usable("2027-01-01")), (30, 20, 0));
        let drawn = lots.clone().draw(15, "2026-12-31").expect("enough");
        let used: Vec<(&str, i64)> = drawn.iter().map(|((_, name), points)| (&**name, *points)).collect();
        assert_eq!(used, [("a", 10), ("b", 5)]);
        assert_eq!(lots.draw(21, "2026-12-31"), None, "all or none");
        assert_eq!(lots.total(), 30);
    }
}

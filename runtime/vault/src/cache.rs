//! A bounded map of what was used lately.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps at least the last `capacity / 2` and at most `capacity` entries that were put or used.
///
/// Two generations instead of a list of uses: when the young one is full it becomes the old one,
/// and what was in the old one and not used since goes.
pub struct Cache<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: capacity / 2 }
    }

    /// The value of a key, which counts as a use.
    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.put(key.clone(), value.clone());
        Some(value)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    /// Puts a value.
    pub fn put(&mut self, key: K, value: V) {
        if self.half == 0 {
            return;
        }
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let mut cache = Cache::new(10);
        for key in 0..100 {
            cache.put(key, key * 2);
            assert_eq!(cache.get(&0), Some(0));
            assert!(cache.young.len() + cache.old.len() <= 10);
        }
        assert_eq!(cache.get(&99), Some(198));
        assert_eq!(cache.get(&50), None);
    }

    #[test]
    fn no_capacity_keeps_nothing() {
        let mut cache = Cache::new(0);
        cache.put(1, 1);
        assert_eq!(cache.get(&1), None);
    }
}

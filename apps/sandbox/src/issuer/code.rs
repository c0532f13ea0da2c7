//! The codes of vouchers: made when they are handed out, and kept nowhere.

use std::hash::{BuildHasher, RandomState};

/// Letters and digits that nobody confuses when reading aloud: 32, so that five bits make one.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// The secret of one issuer's process, from which every code follows; it shows nothing of itself.
#[derive(Default)]
pub(super) struct Codes {
    keys: RandomState,
}

impl Codes {
    /// The code of a voucher, such as `7K2M-PQ4R-99AB-XY3Z`.
    pub fn of(&self, voucher: usize) -> String {
        let half = |part: u8| u128::from(self.keys.hash_one((voucher, part)));
        let mut bits = half(0) << 64 | half(1);
        let mut symbol = || {
            let symbol = char::from(ALPHABET[(bits % 32) as usize]);
            bits /= 32;
            symbol
        };
        let groups: Vec<String> = (0..GROUPS).map(|_| (0..GROUP).map(|_| symbol()).collect()).collect();
        groups.join("-")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Codes;

    #[test]
    fn a_voucher_has_one_code_and_no_two_share_theirs() {
        let codes = Codes::default();
        let all: HashSet<String> = (1..=10_000).map(|voucher| codes.of(voucher)).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.contains(&codes.of(7)));
        assert_ne!(codes.of(7), Codes::default().of(7), "another process has other codes");
        let shaped = |code: &String| code.len() == 19 && code.split('-').all(|group| group.len() == 4);
        assert!(all.iter().all(shaped));
    }
}

//! Keyed, stable pseudo-random numbers.
//!
//! The standard hasher may change between compiler releases; a fault plan must not.

/// A source of numbers that depends on its key alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Keys the dice by a seed and parts; each part is closed by its length, so `ab`,`c` differs from `a`,`bc`.
    pub fn keyed(seed: u64, parts: &[&str]) -> Self {
        let mut state = mix(seed);
        for part in parts {
            for byte in part.bytes() {
                // FNV-1a: exclusive or, then multiply.
                state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
            state = mix(state ^ part.len() as u64);
        }
        Dice(state)
    }

    /// The dice of the `nth` repetition.
    pub fn repeat(self, nth: u32) -> Self {
        Dice(mix(self.0 ^ u64::from(nth).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number below `bound`, uniform to within one part in 2^32 for the bounds used here; 0 when `bound` is 0.
    /// `purpose` makes the draws of one call independent.
    pub fn below(self, purpose: u64, bound: u64) -> u64 {
        let drawn = mix(self.0.wrapping_add(purpose.wrapping_mul(0xd1b5_4a32_d192_ed03)));
        ((u128::from(drawn) * u128::from(bound)) >> 64) as u64
    }

    /// The raw key, for counting repetitions without keeping the text.
    pub fn key(self) -> u64 {
        self.0
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn numbers_are_fixed_for_ever() {
        let dice = Dice::keyed(7, &["CTCC", "capture", "C1"]);
        assert_eq!((dice.below(1, 1_000_000), dice.repeat(1).below(1, 1_000_000)), PINNED);
    }

    /// A changed value here changes every recorded run.
    const PINNED: (u64, u64) = (664_612, 278_599);

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Dice::keyed(1, &["ab", "c"]), Dice::keyed(1, &["a", "bc"]));
        assert_ne!(Dice::keyed(1, &["a"]), Dice::keyed(2, &["a"]));
    }

    #[test]
    fn draws_are_about_uniform() {
        let hits = (0..100_000u32).filter(|n| Dice::keyed(3, &[&n.to_string()]).below(1, 1_000_000) < 250_000).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
    }
}

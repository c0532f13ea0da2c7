//! Licence expressions: SPDX, and the older `MIT/Apache-2.0`.

use std::collections::BTreeSet;

/// Whether an expression can be met with allowed licences alone. What cannot be read is not allowed.
pub fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut reader = Reader { words: spaced.split_whitespace().peekable(), allowed };
    let met = reader.either();
    met == Some(true) && reader.words.next().is_none()
}

struct Reader<'a, I: Iterator<Item = &'a str>> {
    words: std::iter::Peekable<I>,
    allowed: &'a BTreeSet<String>,
}

impl<'a, I: Iterator<Item = &'a str>> Reader<'a, I> {
    fn either(&mut self) -> Option<bool> {
        let mut met = self.both()?;
        while self.words.next_if_eq(&"OR").is_some() {
            met |= self.both()?;
        }
        Some(met)
    }

    fn both(&mut self) -> Option<bool> {
        let mut met = self.single()?;
        while self.words.next_if_eq(&"AND").is_some() {
            met &= self.single()?;
        }
        Some(met)
    }

    fn single(&mut self) -> Option<bool> {
        let word = self.words.next()?;
        if word == "(" {
            let met = self.either()?;
            return self.words.next_if_eq(&")").map(|_| met);
        }
        // An exception only permits more.
        if self.words.next_if_eq(&"WITH").is_some() {
            self.words.next()?;
        }
        let is_name = !matches!(word, ")" | "OR" | "AND" | "WITH");
        is_name.then(|| self.allowed.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_either_and_all_of_both() {
        let allowed: BTreeSet<String> = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
        for (expression, expected) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("MIT OR LGPL-2.1-or-later", true),
            ("LGPL-2.1-or-later OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR Apache-2.0) AND SSPL-1.0", false),
            ("AGPL-3.0-only", false),
            ("BUSL-1.1", false),
            ("Elastic-2.0", false),
            ("", false),
            ("MIT OR", false),
            ("MIT MIT", false),
            ("(MIT", false),
            (") MIT", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
        }
    }
}

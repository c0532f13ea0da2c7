//! Whether a crate's sources hold unsafe code: looked for in the text, since cargo does not say.

use crate::failure::{Failure, Outcome};
use std::path::Path;

/// What was found in a crate's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// The crate forbids it.
    Forbidden,
    /// There is none, and nothing forbids it.
    NoneFound,
    /// There is some.
    Used,
}

impl Unsafe {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Unsafe::Forbidden => "forbidden",
            Unsafe::NoneFound => "none",
            Unsafe::Used => "used",
        }
    }
}

/// What the sources of a crate hold, below its `src`, or beside its manifest where it has none.
///
/// Errors: they cannot be read.
pub fn unsafe_code(place: &Path) -> Outcome<Unsafe> {
    let src = place.join("src");
    let mut text = String::new();
    collect(if src.is_dir() { &src } else { place }, &mut text)?;
    Ok(judge(&text))
}

fn collect(folder: &Path, text: &mut String) -> Outcome {
    let failed = |error| Failure::new(format!("cannot read `{}`: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, text)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).map_err(failed)?));
        }
    }
    Ok(())
}

/// Features and platforms are not told apart, and a word in a long comment counts: rather one too many.
fn judge(text: &str) -> Unsafe {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut used = false;
    for line in code {
        if line.contains("forbid(unsafe_code") {
            return Unsafe::Forbidden;
        }
        let mut words = line.split(|char: char| !char.is_alphanumeric() && char != '_');
        used |= words.any(|word| word == "unsafe");
    }
    if used { Unsafe::Used } else { Unsafe::NoneFound }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_is_found_and_talk_of_it_is_not() {
        assert_eq!(judge("fn a() { unsafe { b() } }"), Unsafe::Used);
        assert_eq!(judge("pub unsafe fn a() {}"), Unsafe::Used);
        assert_eq!(judge("// unsafe\nfn a() {} // unsafe too\n#![deny(unsafe_code)]"), Unsafe::NoneFound);
        assert_eq!(judge("#![forbid(unsafe_code)]\nfn a() {}"), Unsafe::Forbidden);
        assert_eq!(judge("let unsafely = 1;"), Unsafe::NoneFound);
    }
}

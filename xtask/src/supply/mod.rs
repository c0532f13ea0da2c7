//! What we build on: whether it may be (`cargo xtask deny`), and a bill of it (`cargo xtask sbom`).

mod bill;
mod deny;
mod linked;
mod sources;

pub use deny::run as deny;

use crate::args::{Args, unknown};
use crate::exec::root;
use crate::failure::{Failure, Outcome};

/// `cargo xtask sbom`: prints the bill of materials of the binary, or writes it to a file.
pub fn sbom(words: &[String]) -> Outcome {
    let mut args = Args::new(words);
    let mut out = None;
    while let Some(word) = args.next() {
        match word {
            "--out" => out = Some(args.next().ok_or_else(|| Failure::usage("`--out` needs a file"))?.to_owned()),
            other => return Err(unknown("sbom", other)),
        }
    }
    let crates = linked::read()?;
    let text = bill::text(&crates);
    match out {
        None => print!("{text}"),
        Some(out) => std::fs::write(root().join(&out), text)
            .map_err(|error| Failure::new(format!("cannot write `{out}`: {error}")))?,
    }
    let of = |found| crates.iter().filter(|linked| !linked.is_ours() && linked.unsafe_code == found).count();
    eprintln!(
        "sbom: {} crates; of the {} that are not ours {} hold unsafe code, {} none, {} forbid it",
        crates.len(),
        crates.iter().filter(|linked| !linked.is_ours()).count(),
        of(sources::Unsafe::Used),
        of(sources::Unsafe::NoneFound),
        of(sources::Unsafe::Forbidden),
    );
    Ok(())
}

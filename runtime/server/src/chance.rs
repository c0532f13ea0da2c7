//! Randomness for ids and traces.

use crate::phrases::Code;
use crate::problem::Problem;

/// 128 random bits.
///
/// Errors: the system gives none.
pub fn bits() -> Result<u128, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Problem::new(Code::Internal))?;
    Ok(u128::from_be_bytes(bytes))
}

//! The key of a vault and what is derived from it.

use std::path::Path;

use crate::KeyError;

/// The 32 random bytes from which the sealing and look-up keys are derived. Never printed.
pub struct VaultKey {
    #[expect(dead_code, reason = "the skeleton has no body yet")]
    bytes: [u8; 32],
}

impl VaultKey {
    /// A key from its bytes, for tests and simulation.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// Reads the key file, or makes one with fresh random bytes and mode 0600 when there is none.
    ///
    /// Errors: a key file that its group or the world can read is refused.
    pub fn load_or_create(_file: &Path) -> Result<Self, KeyError> {
        unreachable!("not written yet")
    }
}

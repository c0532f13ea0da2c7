//! The keys that a demonstration's callers have: made before the node starts, and gone with its directory.

use super::{house_key, open, partner_key};
use crate::failure::Failure;
use crate::site::{NodeKeys, Site};
use ::access::{Role, Roles};
use facts::Partner;
use std::collections::BTreeMap;
use std::path::Path;

/// How long a demonstration may last.
const DAYS: u64 = 7;

/// The keys of everybody who calls.
pub struct Keys {
    /// Of the programme whose subscribers convert.
    pub app: String,
    /// Of whoever runs the node.
    pub house: String,
    /// Of two who change rules together.
    pub changers: [String; 2],
    /// Of the partners, for their callbacks.
    pub callbacks: BTreeMap<Partner, String>,
}

impl Keys {
    /// Makes them for a node in a directory.
    ///
    /// Errors: the identities cannot be opened or written.
    pub fn make(dir: &Path) -> Result<Keys, Failure> {
        let mut access = open(dir, &NodeKeys::load(dir)?, &Site::find()?)?;
        let mut callback = |partner: Partner| {
            let name = partner.to_string().to_ascii_lowercase();
            Ok((partner, partner_key(&mut access, &name, DAYS)?))
        };
        let callbacks = Partner::ALL.into_iter().map(&mut callback).collect::<Result<_, Failure>>()?;
        let mut changer = |name: &str| house_key(&mut access, name, Roles::of(&[Role::Risk]), DAYS);
        Ok(Keys {
            changers: [changer("li")?, changer("wang")?],
            app: partner_key(&mut access, "app", DAYS)?,
            house: house_key(&mut access, "house", Roles::of(&[Role::Operator, Role::Finance]), DAYS)?,
            callbacks,
        })
    }
}

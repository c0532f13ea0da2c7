//! Where data, policies and keys are: found once, loaded whole, refused with the file's name when they are wrong.

use crate::failure::{Doing, Failure};
use crate::policy::texts::Texts;
use access::{AccessKey, Settings};
use exchange::rules::{NumberTable, VirtualOperators};
use exchange::{Contracts, Doors, QuoteKey, Rules};
use facts::SaltKey;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use vault::{KeyRing, VaultKey};

/// The directory that holds `data/` and `policies/`.
pub struct Site {
    root: PathBuf,
    policies: PathBuf,
}

impl Site {
    /// Finds the site: the working directory, else a directory above the binary.
    ///
    /// Errors: none of them holds `data` and `policies`.
    pub fn find() -> Result<Site, Failure> {
        let binary = std::env::current_exe().ok();
        let here = std::env::current_dir().ok();
        let above = binary.iter().flat_map(|binary| binary.ancestors().skip(1));
        let candidates = here.iter().map(PathBuf::as_path).chain(above);
        for root in candidates {
            if root.join("data").is_dir() && root.join("policies").is_dir() {
                return Ok(Site { root: root.to_owned(), policies: root.join("policies") });
            }
        }
        Err(Failure::unable("no directory with `data` and `policies` was found here or above the binary")
            .hint("run from the repository's root"))
    }

    /// The site at a directory.
    #[cfg(test)]
    pub fn at(root: &Path) -> Site {
        Site { root: root.to_owned(), policies: root.join("policies") }
    }

    /// The same site with another directory of policy files, if one is named.
    pub fn with_policies(self, named: Option<&Path>) -> Site {
        Site { policies: named.map_or(self.policies, Path::to_owned), ..self }
    }

    /// The directory that holds `data` and `policies`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn text(&self, name: &str) -> Result<String, Failure> {
        let path = match name.strip_prefix("policies/") {
            Some(file) => self.policies.join(file),
            None => self.root.join(name),
        };
        fs::read_to_string(&path).doing(&format!("reading `{}`", path.display()))
    }

    /// The shipped rules.
    ///
    /// Errors: every fault of the policy, or a file that cannot be read.
    pub fn rules(&self) -> Result<Rules, Failure> {
        let policy = Texts::read(&self.root.join("policies"), &self.root.join("data"))?.policy()?;
        let contracts = Contracts::parse(&self.text("policies/partners.toml")?).doing("reading `policies`")?;
        Ok(Rules { policy: policy.into(), contracts, doors: Doors::Served, proposed: BTreeMap::new() })
    }

    /// Where the policies are that say who may do what.
    pub fn access_rules(&self) -> PathBuf {
        self.root.join("access")
    }

    /// How long sessions last, and what else says how identities are handled.
    pub fn access_settings(&self) -> Result<Settings, Failure> {
        Settings::parse(&self.text("policies/access.toml")?).doing("reading `policies/access.toml`")
    }

    /// The number segments, unpacked.
    pub fn segments(&self) -> Result<Vec<u8>, Failure> {
        let name = "data/number_segments_cn.csv.gz";
        let packed = fs::File::open(self.root.join(name)).doing(&format!("reading `{name}`"))?;
        let mut csv = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut csv).doing(&format!("unpacking `{name}`"))?;
        Ok(csv)
    }

    /// The number table.
    pub fn numbers(&self) -> Result<NumberTable, Failure> {
        let virtual_operators =
            VirtualOperators::parse(&self.text("policies/numbers.toml")?).doing("reading `policies/numbers.toml`")?;
        NumberTable::parse(&self.segments()?, &virtual_operators).doing("reading the number segments")
    }
}

/// The file of the vault's keys in a node's directory, from its first rotation on.
pub const VAULT_KEYS: &str = "vault.key";

/// The keys of a node: derived from one key file, and those of the vault once they were rotated.
pub struct NodeKeys {
    /// Wrap the data keys of personal data.
    pub vault: KeyRing,
    /// Salts the records' commitments.
    pub salts: SaltKey,
    /// Authenticates quotes.
    pub quotes: QuoteKey,
    /// Digests clients' keys and bodies.
    pub digests: [u8; 32],
    /// Seals and digests what proves who somebody is.
    pub access: AccessKey,
}

impl NodeKeys {
    /// Reads the key file of a node's directory, or makes one for a new node.
    ///
    /// Errors: the file cannot be read, others can read it, or it is missing where a node has been.
    pub fn load(dir: &Path) -> Result<NodeKeys, Failure> {
        fs::create_dir_all(dir).doing(&format!("making `{}`", dir.display()))?;
        let key = dir.join("node.key");
        let used = ["journal", "vault.sqlite"].iter().any(|name| dir.join(name).exists());
        if used && !key.exists() {
            return Err(Failure::unable(format!("the key `{}` is missing", key.display()))
                .hint("put it back from where it is kept: a new one opens neither journal nor vault"));
        }
        let node = VaultKey::load_or_create(&key).doing("reading the node's key")?;
        Ok(NodeKeys {
            salts: SaltKey::new(node.derive(b"record salts")),
            quotes: QuoteKey(node.derive(b"quotes")),
            digests: node.derive(b"request digests"),
            access: AccessKey::from_bytes(node.derive(b"access")),
            vault: KeyRing::load(&dir.join(VAULT_KEYS), &node).doing("reading the vault's keys")?,
        })
    }
}

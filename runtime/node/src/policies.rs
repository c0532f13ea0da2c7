//! The policies that a node came with or that were proposed to it, kept in its directory by version:
//! `policies/VERSION/FILE`.
//!
//! A policy is durable here before the record that proposes it, so that no journal names a policy that is lost.

use exchange::rules::{Policy, PolicyFault, PolicyFiles};
use facts::PolicyVersion;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Why kept policies are not usable.
#[derive(Debug, Error)]
pub enum PolicyStoreError {
    /// The directory does not do what it is asked.
    #[error("policies in `{path}`: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A kept policy does not compile any more.
    #[error("policy `{path}` does not hold: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults {
        /// Which policy.
        path: PathBuf,
        /// What is wrong with it.
        faults: Vec<PolicyFault>,
    },
    /// A kept policy is not the one its directory is named after.
    #[error("policy `{path}` was changed: its files make version {found}")]
    Changed {
        /// Which policy.
        path: PathBuf,
        /// The version of what is there.
        found: PolicyVersion,
    },
}

/// Keeps a policy. What is there under its version already is the same and stays.
///
/// Errors: it could not be made durable.
pub fn keep(dir: &Path, policy: &Policy) -> Result<(), PolicyStoreError> {
    let (policies, version) = (dir.join("policies"), policy.version());
    let target = policies.join(version.to_string());
    if target.is_dir() {
        return Ok(());
    }
    let unfinished = policies.join(format!("{version}.new"));
    let kept = write(&unfinished, &policy.files()).and_then(|()| fs::rename(&unfinished, &target));
    kept.and_then(|()| sync(&policies)).and_then(|()| sync(dir)).map_err(|source| io_at(&target, source))
}

fn write(dir: &Path, files: &PolicyFiles<'_>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for (name, text) in files.named() {
        fs::write(dir.join(name), text)?;
        sync(&dir.join(name))?;
    }
    sync(dir)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Every kept policy.
///
/// Errors: one that cannot be read, does not hold, or is not what its name says.
pub fn kept(dir: &Path) -> Result<BTreeMap<PolicyVersion, Arc<Policy>>, PolicyStoreError> {
    let mut all = BTreeMap::new();
    let policies = dir.join("policies");
    if !policies.is_dir() {
        return Ok(all);
    }
    for entry in fs::read_dir(&policies).map_err(|source| io_at(&policies, source))? {
        let path = entry.map_err(|source| io_at(&policies, source))?.path();
        // What was not finished was never proposed.
        if path.extension().is_none() {
            let policy = read(&path)?;
            all.insert(policy.version(), Arc::new(policy));
        }
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Policy, PolicyStoreError> {
    let mut texts = BTreeMap::new();
    for name in PolicyFiles::NAMES {
        match fs::read_to_string(path.join(name)) {
            Ok(text) => texts.insert(name, text),
            // It was kept before the file was known; what the policy cannot be without, its compiler says.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(io_at(&path.join(name), source)),
        };
    }
    let compiled = Policy::compile(&PolicyFiles::of(&texts));
    let policy = compiled.map_err(|faults| PolicyStoreError::Faults { path: path.to_owned(), faults })?;
    let (named, found) = (path.file_name().unwrap_or_default().to_string_lossy(), policy.version());
    if named == found.to_string() {
        Ok(policy)
    } else {
        Err(PolicyStoreError::Changed { path: path.to_owned(), found })
    }
}

fn io_at(path: &Path, source: io::Error) -> PolicyStoreError {
    PolicyStoreError::Io { path: path.to_owned(), source }
}

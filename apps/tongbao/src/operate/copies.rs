//! `tongbao backup` and `tongbao restore`: journal, policies, vault, identities and keys, copied consistently.

use crate::access;
use crate::arguments::{BackupOptions, RestoreOptions};
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use crate::site::{NodeKeys, Site, VAULT_KEYS};
use facts::StaffAct;
use serde::Serialize;
use std::fs;
use std::path::Path;
use vault::Vault;

/// The mark that a directory was restored; a node does not start on it without being told to.
pub const RESTORED: &str = "restored";

#[derive(Serialize)]
struct Copied {
    last_sequence: u64,
    segments: u64,
    bytes: u64,
}

/// Copies a node's directory while it may run.
///
/// The journal is copied first: policies and personal data are written before the record that mentions it, so
/// a later copy of them never lacks what an earlier record names.
pub fn backup(options: &BackupOptions, output: &Output) -> Result<(), Failure> {
    let (from, to) = (&options.dir, &options.to);
    refuse_existing(to)?;
    // Before anything is made: a mistyped directory holds no node.
    replay::open(from)?;
    let keys = NodeKeys::load(from)?;
    fs::create_dir_all(to).doing(&format!("making `{}`", to.display()))?;
    let report = journal::backup(&from.join("journal"), &to.join("journal")).doing("copying the journal")?;
    copy_policies(from, to)?;
    let vault = Vault::open(&from.join("vault.sqlite"), keys.vault).doing("opening the vault")?;
    let _held = vault.hold_keys().doing("copying the vault")?;
    vault.backup(&to.join("vault.sqlite")).doing("copying the vault")?;
    copy_identities(from, to)?;
    copy_keys(from, to)?;
    say(output, "backed up", &report);
    Ok(())
}

/// Makes a node's directory from a backup. The views are made again when the node starts.
pub fn restore(options: &RestoreOptions, output: &Output) -> Result<(), Failure> {
    let (from, to) = (&options.from, &options.dir);
    refuse_existing(to)?;
    fs::create_dir_all(to).doing(&format!("making `{}`", to.display()))?;
    let report = journal::restore(&from.join("journal"), &to.join("journal"), options.position)
        .doing("restoring the journal")?;
    copy_policies(from, to)?;
    fs::copy(from.join("vault.sqlite"), to.join("vault.sqlite")).doing("restoring the vault")?;
    copy_keys(from, to)?;
    restore_identities(from, to)?;
    fs::write(to.join(RESTORED), report.last_sequence.to_string()).doing("marking the restore")?;
    tracing::warn!("keys and certificates that were revoked after the backup are good again: revoke them again");
    say(output, "restored", &report);
    Ok(())
}

fn refuse_existing(to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Err(Failure::unable(format!("`{}` exists already", to.display())).hint("name a new directory"));
    }
    Ok(())
}

/// The policies that records name; like personal data they are written before the record that mentions them.
fn copy_policies(from: &Path, to: &Path) -> Result<(), Failure> {
    let kept = node::policies::kept(from).doing("reading the kept policies")?;
    kept.values().try_for_each(|policy| node::policies::keep(to, policy)).doing("copying the kept policies")
}

/// Who may come in. A node that never ran has none, and gets none by being copied.
fn copy_identities(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.join(access::FILE).exists() {
        return Ok(());
    }
    let identities = access::open(from, &NodeKeys::load(from)?, &Site::find()?)?;
    identities.backup(&to.join(access::FILE)).doing("copying the identities")
}

/// The copy does not know which sessions, codes and invitations were ended after it was made: all of them end.
fn restore_identities(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.join(access::FILE).exists() {
        return Ok(());
    }
    fs::copy(from.join(access::FILE), to.join(access::FILE)).doing("restoring the identities")?;
    let mut identities = access::open(to, &NodeKeys::load(to)?, &Site::find()?)?;
    let act = access::act(StaffAct::Restore, "node", "")?;
    identities.by_machine(act, ::access::Access::after_restore).doing("ending the sessions of the identities")
}

/// The node's key, and the vault's if they were rotated; after the vault, so that none is missing that it names.
fn copy_keys(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from.join("node.key"), to.join("node.key")).doing("copying the key")?;
    if from.join(VAULT_KEYS).exists() {
        fs::copy(from.join(VAULT_KEYS), to.join(VAULT_KEYS)).doing("copying the vault's keys")?;
    }
    Ok(())
}

fn say(output: &Output, done: &str, report: &journal::CopyReport) {
    let copied = Copied { last_sequence: report.last_sequence, segments: report.segments, bytes: report.bytes };
    let words = format!(
        "{done} {} records in {} segments, {} bytes; the key is part of the copy: keep it apart",
        copied.last_sequence, copied.segments, copied.bytes
    );
    output.result(&copied, &words);
}

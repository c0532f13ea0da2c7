//! `tongbao vault`: rotate the vault's keys, and say how it stands.

use crate::access;
use crate::arguments::{DirOptions, VaultCommand};
use crate::failure::{Doing, Failure};
use crate::output::Output;
use crate::site::{NodeKeys, Site};
use facts::StaffAct;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;
use vault::{Rotation, Vault};

#[derive(Serialize)]
struct Rotated {
    version: u32,
    data_keys: usize,
    look_ups: usize,
}

#[derive(Serialize)]
struct Standing {
    version: u32,
    to_move: u64,
    data_keys: u64,
    erased: u64,
    compared_at: u64,
}

/// Does what is asked of the vault of a directory, while its node may run.
pub fn vault(command: &VaultCommand, output: &Output) -> Result<(), Failure> {
    match command {
        VaultCommand::Rotate(options) => {
            let vault = open(options)?;
            announce(options)?;
            rotate(&vault, output)
        }
        VaultCommand::Status(options) => status(&open(options)?, output),
    }
}

fn open(options: &DirOptions) -> Result<Vault, Failure> {
    let path = options.dir.join("vault.sqlite");
    refuse_missing(&path)?;
    Vault::open(&path, NodeKeys::load(&options.dir)?.vault).doing("opening the vault")
}

/// A mistyped directory holds no vault, and gets none.
fn refuse_missing(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    Err(Failure::unable(format!("there is no vault `{}`", path.display())).hint("name a node's directory with --dir"))
}

/// Before it begins: the vault's keys are changed in many steps, and the last of them may be in another run.
fn announce(options: &DirOptions) -> Result<(), Failure> {
    let act = access::act(StaffAct::RotateVault, "vault", "")?;
    let mut identities = access::open(&options.dir, &NodeKeys::load(&options.dir)?, &Site::find()?)?;
    identities.announce(act).doing("keeping for the journal that the vault's keys are changed")
}

fn rotate(vault: &Vault, output: &Output) -> Result<(), Failure> {
    let (mut data_keys, mut look_ups) = (0, 0);
    let rotated = vault.rotate(|step| {
        match step {
            Rotation::KeysWrapped(count) => data_keys += count,
            Rotation::LookupsMoved(count) => look_ups += count,
            Rotation::KeyKept | Rotation::KeySeals | Rotation::KeyLeft => tracing::info!(?step, "rotating"),
        }
        ControlFlow::Continue(())
    });
    let ControlFlow::Continue(version) = rotated.doing("rotating the vault's keys")? else { return Ok(()) };
    let words = format!(
        "version {version} seals now: {data_keys} data keys wrapped anew, {look_ups} look-ups moved; \
         the old key opens nothing any more: keep the new `vault.key`, apart from the vault"
    );
    output.result(&Rotated { version, data_keys, look_ups }, &words);
    Ok(())
}

fn status(vault: &Vault, output: &Output) -> Result<(), Failure> {
    let status = vault.status().doing("looking at the vault")?;
    let standing = Standing {
        version: status.version,
        to_move: status.to_move,
        data_keys: status.data_keys,
        erased: status.erased,
        compared_at: status.compared_at,
    };
    let rotation = match status.to_move {
        0 => String::new(),
        left => format!("; a rotation is not ended: {left} keys and look-ups are left, run `tongbao vault rotate`"),
    };
    let words = format!(
        "version {} seals {} data keys; {} persons were erased; compared with the journal at record {}{rotation}",
        standing.version, standing.data_keys, standing.erased, standing.compared_at
    );
    output.result(&standing, &words);
    Ok(())
}

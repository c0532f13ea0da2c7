//! `tongbao access`: the first administrator, and keys for programmes. For whoever holds the node's key file.

mod arguments;
mod certificate;
mod keys;

pub use arguments::AccessCommand;
pub use keys::Keys;

use crate::failure::{Doing, Failure};
use crate::output::Output;
use crate::site::{NodeKeys, Site};
use ::access::{Access, ApiScope, ApiScopes, KeyMode, KeyTerms, MachineAct, MachineUser, Role, Roles};
use arguments::{BootstrapOptions, KeyOptions};
use facts::StaffAct;
use serde_json::json;
use std::path::Path;

/// The file of identities in a node's directory.
pub const FILE: &str = "access.sqlite";
/// A day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// Opens the identities of a node.
///
/// Errors: others can read the file, or it was made with another key.
pub fn open(dir: &Path, keys: &NodeKeys, site: &Site) -> Result<Access, Failure> {
    Access::open(&dir.join(FILE), &keys.access, site.access_settings()?).doing("opening the identities")
}

/// Runs a command.
pub fn access(command: &AccessCommand, output: &Output) -> Result<(), Failure> {
    match command {
        AccessCommand::Bootstrap(options) => bootstrap(options, output),
        AccessCommand::Key(options) => key(options, output),
        AccessCommand::Certificate(options) => certificate::register(options, output),
        AccessCommand::Revoke(options) => certificate::revoke(options, output),
    }
}

fn bootstrap(options: &BootstrapOptions, output: &Output) -> Result<(), Failure> {
    let mut access = of_node(&options.dir)?;
    let act = act(StaffAct::InviteStaff, &options.name, "")?;
    let invited = access.by_machine(act, |access| access.bootstrap(&options.name, server::wall_now()));
    let invitation = invited.doing("inviting the first administrator")?;
    let token = invitation.token.expose();
    let words = format!(
        "{} enrols with this token, shown once:\n  {token}\nPOST /v1/staff/enrolments with it and a password",
        options.name
    );
    output.result(&json!({ "name": options.name, "token": token, "until_ms": invitation.until.0 }), &words);
    Ok(())
}

fn key(options: &KeyOptions, output: &Output) -> Result<(), Failure> {
    let mut access = of_node(&options.dir)?;
    let roles = options.roles.iter().map(|word| Role::parse(word)).collect::<Option<Vec<Role>>>();
    let roles = roles.ok_or_else(|| {
        Failure::unable("not roles of staff").hint("name some of operator, risk, finance, auditor, admin")
    })?;
    let text = match &roles[..] {
        [] => partner_key(&mut access, &options.name, options.days)?,
        roles => house_key(&mut access, &options.name, Roles::of(roles), options.days)?,
    };
    let words = format!("the key of {}, shown once:\n  {text}", options.name);
    output.result(&json!({ "name": options.name, "key": text }), &words);
    Ok(())
}

/// What a command does, for the journal: whoever may start it, it is told who did.
///
/// Errors: the system does not say who runs this.
pub fn act(act: StaffAct, on: &str, why: &str) -> Result<MachineAct, Failure> {
    let by = MachineUser::running().doing("asking who runs this")?;
    Ok(MachineAct { by, act, on: on.to_owned(), why: why.to_owned(), at: server::wall_now() })
}

fn of_node(dir: &Path) -> Result<Access, Failure> {
    open(dir, &NodeKeys::load(dir)?, &Site::find()?)
}

fn terms(days: u64) -> KeyTerms {
    let expires_at = server::wall_now().plus(days.saturating_mul(DAY_MS));
    KeyTerms { mode: KeyMode::Test, scopes: ApiScopes::of(ApiScope::ALL), expires_at }
}

/// Lets in a partner, unless it is in.
fn let_in(access: &mut Access, name: &str) -> Result<(), Failure> {
    let act = act(StaffAct::AddClient, name, "")?;
    match access.by_machine(act, |access| access.add_partner(&access.keeper(), name, server::wall_now())) {
        Err(error) if !matches!(error.denied(), Some(::access::Denied::NameTaken)) => {
            Err(error).doing("letting in a partner")
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A key for a partner's programme; the partner is let in if it is not.
fn partner_key(access: &mut Access, name: &str, days: u64) -> Result<String, Failure> {
    let_in(access, name)?;
    let (act, now) = (act(StaffAct::IssueKey, name, "")?, server::wall_now());
    let issued = access.by_machine(act, |access| access.issue_key(&access.keeper(), name, terms(days), now));
    Ok(issued.doing("making a key")?.text.expose().to_owned())
}

/// A key for a programme of the house.
fn house_key(access: &mut Access, name: &str, roles: Roles, days: u64) -> Result<String, Failure> {
    let (act, now) = (act(StaffAct::IssueKey, name, "")?, server::wall_now());
    let issued = access.by_machine(act, |access| access.house_key(&access.keeper(), name, roles, terms(days), now));
    Ok(issued.doing("making a key")?.text.expose().to_owned())
}

//! `tongbao policy`: what the rules are, whether they hold, what changes them, and why they said what they said.

pub mod arguments;
mod diff;
mod explain;
mod figures;
mod lint;
mod past;
mod show;
pub mod texts;
mod what_if;

use crate::approval;
use crate::failure::Failure;
use crate::output::Output;
use crate::site::Site;
use arguments::PolicyCommand;
use std::path::Path;
use texts::Texts;

/// Does what was asked about the policy.
pub fn policy(command: &PolicyCommand, output: &Output) -> Result<(), Failure> {
    match command {
        PolicyCommand::Lint(options) => lint::lint(options, output),
        PolicyCommand::Show(options) => show::show(options, output),
        PolicyCommand::Diff(options) => diff::diff(options, output),
        PolicyCommand::Explain(options) => explain::explain(options, output),
        PolicyCommand::WhatIf(options) => what_if::what_if(options, output),
        PolicyCommand::Propose(options) => approval::propose(options, output),
    }
}

/// The files of a policy: of the directory named, else the shipped ones; with the shipped data.
fn texts(policy: Option<&Path>) -> Result<Texts, Failure> {
    let site = Site::find()?;
    let shipped = site.root().join("policies");
    Texts::read(policy.unwrap_or(&shipped), &site.root().join("data"))
}

//! The command line of `tongbao approval`, and of what else is asked of a running node, as data.

use crate::policy::texts::Moment;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The running node that is asked.
#[derive(Args)]
pub struct NodeOptions {
    /// The node's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// The API key of whoever acts. Better given in the variable, which no list of processes shows.
    #[arg(long, env = "TONGBAO_KEY", hide_env_values = true)]
    pub key: String,
}

/// What to do about the changes that two people make.
#[derive(Subcommand)]
pub enum ApprovalCommand {
    /// List all changes, the latest first.
    List(NodeOptions),
    /// Show one change.
    Show(ShowOptions),
    /// Say that it was looked at.
    Review(ActOptions),
    /// Agree to it.
    Approve(TimedActOptions),
    /// Refuse it.
    Reject(ActOptions),
    /// Set another time for what was agreed to.
    Schedule(TimedActOptions),
    /// Take it back.
    Withdraw(ActOptions),
}

/// Which change to show.
#[derive(Args)]
pub struct ShowOptions {
    /// Its id.
    pub id: String,
    /// The node.
    #[command(flatten)]
    pub node: NodeOptions,
}

/// Who does something about which change, and why.
#[derive(Args)]
pub struct ActOptions {
    /// Its id.
    pub id: String,
    /// Why.
    #[arg(long)]
    pub why: String,
    /// The node.
    #[command(flatten)]
    pub node: NodeOptions,
}

/// The same, with the time at which the change is to take effect.
#[derive(Args)]
pub struct TimedActOptions {
    /// Who, which, why.
    #[command(flatten)]
    pub act: ActOptions,
    /// When it is to take effect: a date, or a date and time as `2026-10-01T16:59` in Asia/Shanghai.
    #[arg(long)]
    pub effective_from: Option<Moment>,
}

/// Which policy to propose.
#[derive(Args)]
pub struct ProposeOptions {
    /// A directory with policy files; a file that is not there stays as it is.
    pub policy: PathBuf,
    /// Why.
    #[arg(long)]
    pub why: String,
    /// When it is to take effect: a date, or a date and time as `2026-10-01T16:59` in Asia/Shanghai; as soon as it is
    /// approved when that is later, or when it is left out.
    #[arg(long)]
    pub effective_from: Option<Moment>,
    /// The node.
    #[command(flatten)]
    pub node: NodeOptions,
}

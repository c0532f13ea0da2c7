//! The command line of `tongbao policy`, as data.

use super::texts::Moment;
use crate::approval::arguments::ProposeOptions;
use clap::{Args, Subcommand};
use facts::{Day, Product, Province};
use std::path::PathBuf;

/// What to do with the policy.
#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Find every fault of a policy, and what needs somebody soon.
    Lint(LintOptions),
    /// Show what holds: offers, amounts, fees, arrival, limits, licence, verification and evidence.
    Show(ShowOptions),
    /// Show what changes from one policy to another, rule by rule.
    Diff(DiffOptions),
    /// Show why an order got its answer.
    Explain(ExplainOptions),
    /// Decide past orders again under another policy and show what would change.
    WhatIf(WhatIfOptions),
    /// Propose a policy to a running node; another person must approve it.
    Propose(ProposeOptions),
}

/// Which policy to check.
#[derive(Args)]
pub struct LintOptions {
    /// A directory with the policy's files; the shipped one when not given.
    #[arg(long)]
    pub policy: Option<PathBuf>,
}

/// What to show.
#[derive(Args)]
pub struct ShowOptions {
    /// A directory with the policy's files; the shipped one when not given.
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// One product, such as `direct`; all when not given.
    #[arg(long)]
    pub product: Option<Product>,
    /// One home province, by two digits; one of each region when not given.
    #[arg(long)]
    pub province: Option<Province>,
    /// A date, or a date and time as `2026-10-01T16:59` in Asia/Shanghai; today when not given.
    #[arg(long)]
    pub at: Option<Moment>,
}

/// What to compare.
#[derive(Args)]
pub struct DiffOptions {
    /// The policy before: a directory with its files.
    pub before: PathBuf,
    /// The policy after.
    pub after: PathBuf,
}

/// What to explain.
#[derive(Args)]
pub struct ExplainOptions {
    /// The order.
    pub order: String,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// A directory with the policy's files, to name rows and figures; the shipped one when not given.
    #[arg(long)]
    pub policy: Option<PathBuf>,
}

/// What to decide again.
#[derive(Args)]
pub struct WhatIfOptions {
    /// The other policy: a directory with its files.
    #[arg(long)]
    pub policy: PathBuf,
    /// The first day, by the requests' own dates.
    #[arg(long)]
    pub from: Day,
    /// The last day.
    #[arg(long)]
    pub to: Day,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
}

//! The command line, as data.

use crate::access::AccessCommand;
use crate::approval::arguments::ApprovalCommand;
use crate::policy::arguments::PolicyCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// 通宝: the exchange and clearing core for prepaid telecom value.
#[derive(Parser)]
#[command(name = "tongbao", version, about, disable_help_subcommand = true)]
pub struct Arguments {
    /// Print one JSON object as the last line of stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only what went wrong.
    #[arg(long, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run a node.
    Serve(ServeOptions),
    /// Check, show, compare and explain the policy; propose another.
    Policy {
        /// What to do with it.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Let in the first administrator, and make keys for programmes.
    Access {
        /// What to do.
        #[command(subcommand)]
        command: AccessCommand,
    },
    /// Decide about the changes that two people make, at a running node.
    Approval {
        /// What to do about them.
        #[command(subcommand)]
        command: ApprovalCommand,
    },
    /// Run a node with simulated telcos and a bank, and convert.
    Demo(DemoOptions),
    /// Kill a node at random moments under load and show that nothing acknowledged is lost.
    CrashTest(CrashTestOptions),
    /// Run one simulated counterparty.
    #[command(hide = true)]
    Sandbox(SandboxOptions),
    /// Answer order files.
    Batch {
        /// What to do with them.
        #[command(subcommand)]
        command: BatchCommand,
    },
    /// Check books, journal chain, and views against the journal.
    Audit(DirOptions),
    /// Delete the views and make them again from the journal.
    RebuildViews(DirOptions),
    /// Look into the journal.
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Rotate the keys of personal data, and say how the vault stands.
    Vault {
        /// What to do with it.
        #[command(subcommand)]
        command: VaultCommand,
    },
    /// Copy journal and vault, consistently, while the node runs.
    Backup(BackupOptions),
    /// Make a node's directory from a backup, up to a journal position.
    Restore(RestoreOptions),
    /// Write a snapshot of the state from the journal.
    #[command(hide = true)]
    Snapshot(DirOptions),
    /// Check that this machine and this directory are fit to run a node.
    Doctor(DirOptions),
}

/// What to do with the journal.
#[derive(Subcommand)]
pub enum JournalCommand {
    /// Print records, decoded.
    Inspect(InspectOptions),
}

/// What to do with the vault.
#[derive(Subcommand)]
pub enum VaultCommand {
    /// Let a new key take over, while the node may run; one that was interrupted goes on.
    Rotate(DirOptions),
    /// Say which key seals, what is left of a rotation, and who was erased.
    Status(DirOptions),
}

/// What to do with order files.
#[derive(Subcommand)]
pub enum BatchCommand {
    /// Run an order file in a world of its own and write its results; a run that was interrupted goes on.
    Run(BatchRunOptions),
}

/// Which order file to run.
#[derive(Args)]
pub struct BatchRunOptions {
    /// The numbers with their holders and balances, as CSV.
    #[arg(long)]
    pub subscribers: PathBuf,
    /// The requests, as CSV.
    #[arg(long)]
    pub orders: PathBuf,
    /// Where the results go; the world's directory is beside it.
    #[arg(long)]
    pub out: PathBuf,
    /// A directory of policy files instead of `policies`.
    #[arg(long)]
    pub policy: Option<PathBuf>,
}

/// Where a node keeps its journal, views and vault.
#[derive(Args)]
pub struct DirOptions {
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
}

/// How to run a node.
#[derive(Args)]
pub struct ServeOptions {
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// Where to listen. Loopback only without TLS.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Speak TLS with this certificate, in PEM; read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM, readable by its owner alone.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Ask callers for a certificate from these roots, in PEM; a registered one says who calls.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub client_ca: Option<PathBuf>,
    /// A partner's address, as `CTCC=http://127.0.0.1:9001`; once for each of `CMCC`, `CUCC`, `CTCC`, `CBN`, `BANK`,
    /// `ISSUER`, `ACQUIRER`, `PROGRAMME_BANK`, `PROGRAMME_AIRLINE`.
    #[arg(long = "partner", value_name = "CODE=URL")]
    pub partners: Vec<String>,
    /// The address of whoever sends messages; without it subscribers get no codes.
    #[arg(long)]
    pub sms: Option<String>,
    /// Fen that fund the reserve at the bank when the books are opened.
    #[arg(long, default_value_t = 10_000_000_000)]
    pub funding: u64,
    /// Start node time at this many milliseconds since 1970 instead of the wall clock.
    #[arg(long)]
    pub clock_base_ms: Option<u64>,
    /// How many times as fast as real time node time runs; needs `--clock-base-ms`.
    #[arg(long, default_value_t = 1, requires = "clock_base_ms")]
    pub clock_rate: u32,
    /// Let `POST /v1/clock/advance` move node time. Never on a node that moves real value.
    #[arg(long)]
    pub test_clock: bool,
    /// Start although the directory was restored: what partners did after its last record has been settled by hand.
    #[arg(long)]
    pub restored_is_current: bool,
    /// Start although the wall clock is more than seven days ahead of the last record.
    #[arg(long)]
    pub clock_is_right: bool,
    /// Seconds between two readings of the partners' statements.
    #[arg(long, default_value_t = 5)]
    pub sweep_every_s: u64,
}

/// How much goes wrong outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Faults {
    /// Nothing.
    None,
    /// 2% of partner calls.
    Light,
    /// At least 20% of partner calls, every kind at every step, and the node is killed.
    Heavy,
}

/// How to run the demonstration.
#[derive(Args)]
pub struct DemoOptions {
    /// Run to the end as fast as possible, report, and exit.
    #[arg(long)]
    pub headless: bool,
    /// How many orders to place (headless).
    #[arg(long, default_value_t = 500)]
    pub orders: u32,
    /// What is converted into what (headless).
    #[arg(long, value_enum, default_value_t = Products::Direct)]
    pub products: Products,
    /// How much goes wrong outside.
    #[arg(long, value_enum, default_value_t = Faults::None)]
    pub faults: Faults,
    /// Everything random follows from this number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write postings, orders and the partners' books as CSV into this directory (headless).
    #[arg(long)]
    pub dump: Option<PathBuf>,
    /// Keep the node's directory here instead of a temporary one.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Where the node listens (not headless).
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// What the orders of a headless run are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Products {
    /// Money on the subscriber's own card.
    Direct,
    /// A mix of every product that is served.
    All,
}

/// How to run the crash test.
#[derive(Args)]
pub struct CrashTestOptions {
    /// How often the node is killed.
    #[arg(long, default_value_t = 200)]
    pub kills: u32,
    /// Everything random follows from this number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Which counterparty to simulate.
#[derive(Args)]
pub struct SandboxOptions {
    /// The counterparty and its configuration, as JSON.
    #[arg(long)]
    pub config: String,
}

/// What to print of the journal.
#[derive(Args)]
pub struct InspectOptions {
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// First sequence.
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// How many records.
    #[arg(long, default_value_t = 20)]
    pub limit: u64,
    /// Only records about this order.
    #[arg(long)]
    pub order: Option<String>,
}

/// Where to copy to.
#[derive(Args)]
pub struct BackupOptions {
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// A directory that does not exist yet.
    #[arg(long)]
    pub to: PathBuf,
}

/// Where to restore from and to.
#[derive(Args)]
pub struct RestoreOptions {
    /// The backup.
    #[arg(long)]
    pub from: PathBuf,
    /// A directory that does not exist yet.
    #[arg(long)]
    pub dir: PathBuf,
    /// The last record to restore; all when not given.
    #[arg(long)]
    pub position: Option<u64>,
}

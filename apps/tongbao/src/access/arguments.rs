//! The command line of `tongbao access`, as data.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do about who may come in.
#[derive(Subcommand)]
pub enum AccessCommand {
    /// Invite the first administrator: prints a token, once. There is no default password.
    Bootstrap(BootstrapOptions),
    /// Make an API key: prints it, once.
    Key(KeyOptions),
    /// Register a partner's client certificate, for mutual TLS.
    Certificate(CertificateOptions),
    /// End a partner's certificate or signing key, at once.
    Revoke(RevokeOptions),
}

/// Whom to invite.
#[derive(Args)]
pub struct BootstrapOptions {
    /// The sign-in name.
    pub name: String,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
}

/// For whom the key is.
#[derive(Args)]
pub struct KeyOptions {
    /// The partner's name, or that of a programme of the house.
    pub name: String,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// In which roles a programme of the house works, such as `operator,finance`. Without it the key is a partner's.
    #[arg(long, value_delimiter = ',')]
    pub roles: Vec<String>,
    /// How many days it is good for.
    #[arg(long, default_value_t = 90)]
    pub days: u64,
}

/// Whose certificate it is.
#[derive(Args)]
pub struct CertificateOptions {
    /// The partner's name.
    pub name: String,
    /// The certificate, in PEM; of several the first.
    #[arg(long, value_name = "FILE")]
    pub pem: PathBuf,
    /// The name that it is revoked by; made from its digest when not given.
    #[arg(long)]
    pub serial: Option<String>,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
    /// How many days the registration is good for, if the certificate is.
    #[arg(long, default_value_t = 90)]
    pub days: u64,
}

/// What to end.
#[derive(Args)]
pub struct RevokeOptions {
    /// The partner's name.
    pub name: String,
    /// The serial of its certificate or signing key.
    pub serial: String,
    /// Why: kept in the journal for good, so it names nobody.
    #[arg(long)]
    pub why: String,
    /// The node's directory.
    #[arg(long, default_value = "var/node")]
    pub dir: PathBuf,
}

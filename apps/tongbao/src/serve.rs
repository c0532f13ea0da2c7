//! `tongbao serve`: a node with its API, until it is told to stop or stops itself.

use crate::access;
use crate::arguments::ServeOptions;
use crate::failure::{Doing, Failure};
use crate::notices;
use crate::operate::copies::RESTORED;
use crate::site::{NodeKeys, Site};
use exchange::Rules;
use facts::{Millis, Partner};
use journal::Options;
use node::{Clock, Gateways, Node, NodeClock, NodeConfig, StartError};
use partners::{SmsConfig, SmsGateway};
use server::{Api, Bounds, DigestKey, Messages, Providers, Tls, TlsFiles};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use vault::Vault;

/// A snapshot is written when so many records have come since the last.
const SNAPSHOT_EVERY: u64 = 500_000;
/// How often that is looked at.
const SNAPSHOT_LOOK: Duration = Duration::from_secs(10);
/// How long an ended order stays in memory, in real time: statements are read every few seconds and tell of it meanwhile.
const ENDED_STAY: Duration = Duration::from_secs(300);
/// How long a command that shuts somebody out takes to be noticed at the most.
const TEND_EVERY: Duration = Duration::from_secs(5);
/// How far the wall clock may be ahead of the last record at a start.
const CLOCK_AHEAD_MOST: Duration = Duration::from_secs(7 * 86_400);
/// How long requests under way may take to end when the node stops in order.
const GOODBYE: Duration = Duration::from_millis(500);

/// Runs a node.
pub fn serve(options: ServeOptions) -> Result<(), Failure> {
    if options.tls_certificate.is_none() && !options.listen.ip().is_loopback() {
        return Err(Failure::unable(format!("`{}` is not a loopback address", options.listen)).hint(
            "requests carry secrets: name `--tls-certificate` and `--tls-key`, or listen on 127.0.0.1 behind a proxy \
             that speaks TLS",
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.doing("starting")?.block_on(run(options))
}

async fn run(options: ServeOptions) -> Result<(), Failure> {
    let site = Site::find()?;
    let shipped = site.rules()?;
    let rules = Rules { contracts: shipped.contracts.accelerated(options.clock_rate), ..shipped };
    refuse_restored(&options)?;
    let numbers = site.numbers()?;
    tracing::info!("{}", notices::versions(&rules.policy, &numbers));
    for notice in notices::notices(&rules.policy, notices::today()) {
        tracing::warn!("{notice}");
    }
    let tls = tls(&options)?;
    let keys = NodeKeys::load(&options.dir)?;
    let access = access::open(&options.dir, &keys, &site)?;
    let vault = Arc::new(Vault::open(&options.dir.join("vault.sqlite"), keys.vault).doing("opening the vault")?);
    let clock: Arc<dyn Clock> = match options.clock_base_ms {
        Some(base) => Arc::new(NodeClock::accelerated(Millis(base), options.clock_rate)),
        None => Arc::new(NodeClock::real(Millis(0))),
    };
    let messages = messages(&options, &rules)?;
    let providers = Providers::of(&site.access_settings()?.providers).doing("setting up identity providers")?;
    let config = NodeConfig {
        dir: options.dir.clone(),
        gateways: gateways(&options, &rules)?,
        rules,
        salts: keys.salts,
        funding: options.funding,
        clock,
        clock_ahead_most: clock_ahead_most(&options),
        directory: Arc::clone(&vault) as Arc<dyn node::Directory>,
        journal: Options::default(),
        views: node::Pace::PROMPT,
        ended_stay: ENDED_STAY.saturating_mul(options.clock_rate),
        sweep_every: Duration::from_secs(options.sweep_every_s.max(1)),
    };
    let node = tokio::task::block_in_place(|| Node::start(config)).map_err(start_failure)?;
    let listener = TcpListener::bind(options.listen).await.doing(&format!("listening on {}", options.listen))?;
    tracing::info!(address = %options.listen, tls = tls.is_some(), "ready");
    keep_snapshots(node.clone(), options.dir.clone());
    let (access, may) = (Arc::new(access), server::May::load(&site.access_rules()).doing("reading `access`")?);
    tend(Arc::clone(&access), tls.clone());
    let api = Api {
        node: node.clone(),
        vault,
        access,
        may,
        messages,
        providers,
        numbers: server::Numbers::new(numbers, Box::new(move || site.numbers().map_err(|error| error.to_string()))),
        quote_key: keys.quotes,
        digest_key: DigestKey::new(keys.digests),
        test_clock: options.test_clock,
        bounds: Bounds::default(),
    };
    let stopping = node.clone();
    let shutdown = async move {
        tokio::select! {
            () = told_to_stop() => {}
            _ = stopping.wait_stopped() => {}
        }
    };
    server::serve(listener, tls, server::router(api).doing("starting the API")?, shutdown).await.doing("serving")?;
    goodbye(&node).await
}

/// What TLS is made of, if it was asked for.
fn tls(options: &ServeOptions) -> Result<Option<Arc<Tls>>, Failure> {
    let (Some(certificate), Some(key)) = (&options.tls_certificate, &options.tls_key) else { return Ok(None) };
    let files = TlsFiles { certificate: certificate.clone(), key: key.clone(), client_ca: options.client_ca.clone() };
    Ok(Some(Arc::new(Tls::load(files).doing("beginning TLS")?)))
}

/// Writes down now and then who was here, looks whether a command let somebody in or shut somebody out, and whether
/// the certificate was renewed.
fn tend(access: Arc<::access::Access>, tls: Option<Arc<Tls>>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TEND_EVERY).await;
            let (access, tls) = (Arc::clone(&access), tls.clone());
            let tended = tokio::task::spawn_blocking(move || {
                if let Err(error) = access.tend(server::wall_now()) {
                    tracing::error!(%error, "identities could not be tended");
                }
                match tls.map(|tls| tls.refresh()) {
                    None | Some(Ok(false)) => {}
                    Some(Ok(true)) => tracing::info!("certificates were read again"),
                    Some(Err(error)) => tracing::error!(%error, "changed certificates are not used"),
                }
            });
            // It panics only where a fault of ours is logged already.
            let _ = tended.await;
        }
    });
}

/// A restored node does not know what partners did after its last record, and would do it again.
fn refuse_restored(options: &ServeOptions) -> Result<(), Failure> {
    let mark = options.dir.join(RESTORED);
    if !mark.exists() {
        return Ok(());
    }
    if options.restored_is_current {
        return std::fs::remove_file(&mark).doing("removing the mark of the restore");
    }
    Err(Failure::unable(format!("`{}` was restored from a backup", options.dir.display())).hint(
        "what partners did after its last record it would do again: compare their statements with the journal, \
         then start once with --restored-is-current",
    ))
}

fn clock_ahead_most(options: &ServeOptions) -> Duration {
    // A clock that is set by hand is not compared with the last record.
    let unlimited = options.clock_base_ms.is_some() || options.clock_is_right;
    if unlimited { Duration::MAX } else { CLOCK_AHEAD_MOST }
}

fn start_failure(error: StartError) -> Failure {
    let failure = Failure::unable(format!("starting the node: {error}"));
    match error {
        StartError::ClockAhead { .. } => failure
            .hint("payouts would leave at once: set the clock, or start once with --clock-is-right if it is right"),
        _ => failure,
    }
}

/// Ends in order, or says why the node ended itself.
async fn goodbye(node: &Node) -> Result<(), Failure> {
    if let Some(reason) = node.stopped() {
        return Err(Failure::stopped(format!("the node stopped itself: {reason}"))
            .hint("look at the log, run `tongbao audit`, then start it again; open outcomes are asked about"));
    }
    tokio::time::sleep(GOODBYE).await;
    node.stop();
    node.wait_stopped().await;
    Ok(())
}

async fn told_to_stop() {
    let terminate = signal(SignalKind::terminate());
    let Ok(mut terminate) = terminate else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn gateways(options: &ServeOptions, rules: &Rules) -> Result<Gateways, Failure> {
    let mut gateways = Gateways::new();
    for text in &options.partners {
        let parsed = text.split_once('=').and_then(|(code, url)| Some((code.parse::<Partner>().ok()?, url)));
        let (partner, url) = parsed.ok_or_else(|| {
            let codes = Partner::ALL.map(|partner| partner.to_string()).join(", ");
            Failure::unable(format!("`{text}` is no partner"))
                .hint(format!("write it as CTCC=http://127.0.0.1:9001, with one of {codes}"))
        })?;
        let reply_timeout = Duration::from_millis(rules.contracts.of(partner).reply_timeout_ms);
        gateways.insert(partner, partners::connect(partner, url.to_owned(), reply_timeout).doing(text)?);
    }
    Ok(gateways)
}

fn messages(options: &ServeOptions, rules: &Rules) -> Result<Option<Messages>, Failure> {
    let Some(url) = &options.sms else { return Ok(None) };
    let contract = rules.contracts.messages().clone();
    let reply_timeout = Duration::from_millis(contract.reply_timeout_ms);
    let gateway = SmsGateway::new(SmsConfig { base_url: url.clone(), reply_timeout }).doing(url)?;
    Ok(Some(Messages { messenger: Arc::new(gateway), contract }))
}

/// Has a child process write a snapshot now and then: the live node never stops for one.
fn keep_snapshots(node: Node, dir: PathBuf) {
    tokio::spawn(async move {
        let mut last = node.durable();
        while node.stopped().is_none() {
            tokio::time::sleep(SNAPSHOT_LOOK).await;
            let durable = node.durable();
            if durable.saturating_sub(last) < SNAPSHOT_EVERY {
                continue;
            }
            last = durable;
            let dir = dir.clone();
            // Writing takes a while; a failure costs only a longer start.
            let written = tokio::task::spawn_blocking(move || write_snapshot(&dir)).await;
            tracing::info!(ok = written.unwrap_or(false), "snapshot");
        }
    });
}

fn write_snapshot(dir: &Path) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let mut command = Command::new(program);
    command.args(["--quiet", "snapshot", "--dir"]).arg(dir).stdin(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

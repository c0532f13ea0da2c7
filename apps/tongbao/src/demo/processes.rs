//! Node and counterparties as child processes of this one, so that the node can be killed and nothing else is.

use crate::access::Keys;
use crate::arguments::Faults;
use crate::failure::{Doing, Failure};
use crate::sandboxes::{CALLBACK_AUTHORIZATION, Counterparty};
use facts::Partner;
use money::Telco;
use sandbox::{
    AcquirerConfig, Action, BankConfig, FaultsConfig, IssuerConfig, Preset, Profile, ProgrammeConfig, SmsConfig,
    TelcoConfig,
};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Milliseconds that faults take here: short, so that a run is not spent waiting. The contract's reply timeout
/// is longer than the longest latency and longer than a withheld answer, which ends with a closed connection.
const LATENCY_MS: [u64; 2] = [2, 25];
const HANG_MS: u64 = 100;
const LATE_MS: [u64; 2] = [20, 120];
const OWN_SCHEDULE_MS: [u64; 2] = [50, 250];
const NOT_FOUND_GRACE_MS: u64 = 100;

/// A child process that dies with its owner.
pub struct Running {
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Running {
    /// Ends the process at once, without a chance to tidy up.
    pub fn kill(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the process to end in order and waits for it.
    pub fn terminate(&mut self) -> Result<(), Failure> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().doing("ending the node")?;
        self.child.wait().doing("waiting for the node").map(drop)
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }
}

/// The counterparties and where they listen.
pub struct World {
    /// Kept so that they end with the world.
    _running: Vec<Running>,
    /// Base addresses.
    pub urls: BTreeMap<Partner, String>,
    /// Where messages go.
    pub sms: String,
}

/// What a telco can do here: the one that cannot reserve needs its billing record.
pub const fn profile(telco: Telco) -> Profile {
    match telco {
        Telco::Cmcc | Telco::Cucc | Telco::Ctcc => Profile::Reserve,
        Telco::Cbn => Profile::DeductOnly,
    }
}

impl World {
    /// Starts every partner and whoever sends messages, which misbehave as asked; partners call back to `node`.
    pub fn start(
        faults: Faults,
        seed: u64,
        (node, keys): (SocketAddr, &Keys),
        settlement_fen: i64,
    ) -> Result<World, Failure> {
        let mut world = World { _running: Vec::new(), urls: BTreeMap::new(), sms: String::new() };
        for partner in Partner::ALL {
            let told = Told {
                callback_url: Some(format!("http://{node}/v1/callbacks/{partner}")),
                faults: faults_config(faults, seed),
            };
            let url = world.run(&counterparty(partner, told, settlement_fen), keys.callbacks.get(&partner))?;
            world.urls.insert(partner, url);
        }
        let mut faults = faults_config(faults, seed);
        faults.actions.insert(Action::Send);
        world.sms = world.run(&Counterparty::Sms(SmsConfig { faults, ..SmsConfig::default() }), None)?;
        Ok(world)
    }

    /// Runs a counterparty, which calls back with a key if it does; its address.
    fn run(&mut self, counterparty: &Counterparty, callback_key: Option<&String>) -> Result<String, Failure> {
        let config = serde_json::to_string(counterparty).doing("writing a configuration")?;
        let mut command = this_program()?;
        command.args(["--quiet", "sandbox", "--config", &config]).stdout(Stdio::piped());
        if let Some(key) = callback_key {
            command.env(CALLBACK_AUTHORIZATION, format!("Bearer {key}"));
        }
        let mut child = command.spawn().doing("starting a counterparty")?;
        let stdout = child.stdout.take();
        self._running.push(Running { child });
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line).doing("starting a counterparty")?;
        }
        let address: SocketAddr = line.trim().parse().doing("starting a counterparty")?;
        Ok(format!("http://{address}"))
    }
}

/// What every counterparty is told.
struct Told {
    callback_url: Option<String>,
    faults: FaultsConfig,
}

/// The counterparty that plays a partner.
fn counterparty(partner: Partner, told: Told, settlement_fen: i64) -> Counterparty {
    let Told { callback_url, faults } = told;
    match partner {
        Partner::Telco(telco) => {
            let named = TelcoConfig::named(telco.code());
            Counterparty::Telco(TelcoConfig { profile: profile(telco), callback_url, faults, ..named })
        }
        Partner::Bank => {
            Counterparty::Bank(BankConfig { settlement_fen, callback_url, faults, ..BankConfig::default() })
        }
        Partner::Issuer => Counterparty::Issuer(IssuerConfig { callback_url, faults, ..IssuerConfig::default() }),
        Partner::Acquirer => {
            Counterparty::Acquirer(AcquirerConfig { callback_url, faults, ..AcquirerConfig::default() })
        }
        Partner::Programme(programme) => {
            let named = ProgrammeConfig::named(programme.code());
            Counterparty::Programme(ProgrammeConfig { callback_url, faults, ..named })
        }
    }
}

fn faults_config(faults: Faults, seed: u64) -> FaultsConfig {
    let preset = match faults {
        Faults::None => Preset::None,
        Faults::Light => Preset::Light,
        Faults::Heavy => Preset::Heavy,
    };
    FaultsConfig {
        latency_ms: LATENCY_MS,
        hang_ms: HANG_MS,
        late_delay_ms: LATE_MS,
        own_schedule_delay_ms: OWN_SCHEDULE_MS,
        not_found_grace_ms: NOT_FOUND_GRACE_MS,
        ..FaultsConfig::preset(preset, seed)
    }
}

/// How the node is started, again and again.
pub struct NodeSettings {
    /// Its directory.
    pub dir: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Fen in the reserve at the start.
    pub funding: u64,
    /// Node time at the first start.
    pub clock_base_ms: u64,
    /// How fast node time runs.
    pub clock_rate: u32,
    /// Seconds between two readings of statements.
    pub sweep_every_s: u64,
}

impl NodeSettings {
    /// Starts the node.
    pub fn start(&self, world: &World) -> Result<Running, Failure> {
        let mut command = this_program()?;
        command.args(["--quiet", "serve", "--test-clock"]);
        command.arg("--dir").arg(&self.dir);
        command.args(["--listen", &self.listen.to_string()]);
        command.args(["--funding", &self.funding.to_string()]);
        command.args(["--clock-base-ms", &self.clock_base_ms.to_string()]);
        command.args(["--clock-rate", &self.clock_rate.to_string()]);
        command.args(["--sweep-every-s", &self.sweep_every_s.to_string()]);
        for (partner, url) in &world.urls {
            command.args(["--partner", &format!("{partner}={url}")]);
        }
        command.args(["--sms", &world.sms]);
        let child = command.stdout(Stdio::null()).spawn().doing("starting the node")?;
        Ok(Running { child })
    }
}

fn this_program() -> Result<Command, Failure> {
    let program = std::env::current_exe().doing("finding this program")?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    Ok(command)
}

/// A free port on this machine. Another process may take it before we do: then the node says so.
pub fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").doing("finding a free port")?;
    listener.local_addr().doing("finding a free port")
}

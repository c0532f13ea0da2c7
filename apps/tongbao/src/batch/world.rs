//! The world of one order file: a node in a directory of its own, whose partners are in this process.

use crate::failure::{Doing, Failure};
use crate::site::NodeKeys;
use exchange::rules::NumberTable;
use exchange::{Doors, Rules};
use facts::{Day, Millis, OrderId, OrderState, Partner, PersonId, State};
use journal::Options;
use node::{Ask, Clock, Directory, Gateways, Node, NodeConfig, NotKnown};
use orderfile::Answer;
use partners::Willing;
use server::DigestKey;
use server::batch::answer_shown;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use vault::Vault;
use views::ViewReader;

/// Fen in the reserve: more than any file can pay out, and far from where sums end.
const FUNDING: u64 = 1_000_000_000_000_000_000;
/// How long an ended order stays in memory, in the time of the rows: its partners say nothing twice, and a row that
/// repeats an earlier one finds that one's answer in the results.
const ENDED_STAY: Duration = Duration::from_secs(60);
/// How often the world is looked at while it settles.
const LOOK: Duration = Duration::from_millis(4);
/// How long nothing may happen before a world that does not rest is given up.
const STILL_MOST: Duration = Duration::from_secs(60);
/// How long the views may take for what is left at the end.
const VIEWS_MOST: Duration = Duration::from_secs(600);
/// How much of a file is read at once.
const CHUNK_BYTES: usize = 1 << 18;

/// The input files: what a world is known by.
pub struct Inputs {
    /// The subscribers, whole.
    pub subscribers: Vec<u8>,
    /// How many line ends the orders have.
    pub lines: u64,
    orders: [u8; 32],
}

impl Inputs {
    /// Reads both files once; the orders only pass by.
    pub fn read(subscribers: &Path, orders: &Path) -> Result<Inputs, Failure> {
        let reading = format!("reading `{}`", orders.display());
        let mut file = fs::File::open(orders).doing(&reading)?;
        let (mut hash, mut lines, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
        loop {
            let read = file.read(&mut chunk).doing(&reading)?;
            if read == 0 {
                break;
            }
            hash.update(&chunk[..read]);
            lines += chunk[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        let subscribers = fs::read(subscribers).doing(&format!("reading `{}`", subscribers.display()))?;
        Ok(Inputs { subscribers, lines, orders: hash.finalize().into() })
    }
}

/// The directory of the world of these inputs under these rules: beside the results, named after them.
pub fn directory(out: &Path, inputs: &Inputs, rules: &Rules, numbers: &NumberTable) -> Result<PathBuf, Failure> {
    let name = out.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Failure::unable(format!("`{}` names no file", out.display())).hint("name the file for the results with --out")
    })?;
    let mut hash = Sha256::new();
    hash.update(b"tongbao batch v4");
    hash.update(Sha256::digest(&inputs.subscribers));
    hash.update(inputs.orders);
    hash.update(rules.policy.version().0);
    hash.update(numbers.version().0);
    let key: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(out.with_file_name(format!("{name}.world-{key}")))
}

/// A running world.
pub struct World {
    /// Its node.
    pub node: Node,
    /// What its views show.
    views: ViewReader,
    /// Its vault.
    pub vault: Arc<Vault>,
    /// Digests of ids, keys and bodies.
    pub digests: DigestKey,
    /// Where its node time begins: with the calendar.
    pub base: Millis,
    /// When every row is past: the end of the calendar.
    pub end: Millis,
}

impl World {
    /// Starts the world in its directory, or goes on with it.
    pub fn open(dir: &Path, rules: Rules) -> Result<World, Failure> {
        let keys = NodeKeys::load(dir)?;
        let vault = Arc::new(Vault::open(&dir.join("vault.sqlite"), keys.vault).doing("opening the vault")?);
        let calendar = rules.policy.calendar();
        let (base, end) = (start_of(calendar.first_year()), start_of(calendar.last_year() + 1));
        let config = NodeConfig {
            dir: dir.to_owned(),
            rules: Rules { contracts: rules.contracts.boundless(), doors: Doors::EveryPlan, ..rules },
            salts: keys.salts,
            funding: FUNDING,
            clock: Arc::new(WorldClock(AtomicU64::new(base.0))),
            clock_ahead_most: Duration::MAX,
            gateways: Partner::ALL.into_iter().map(|partner| (partner, Arc::new(Willing) as _)).collect::<Gateways>(),
            directory: Arc::new(NoNumbers(Arc::clone(&vault))),
            journal: Options::default(),
            views: node::Pace::UNWATCHED,
            ended_stay: ENDED_STAY,
            sweep_every: Duration::from_secs(3_600),
        };
        let node = tokio::task::block_in_place(|| Node::start(config)).doing("starting the batch")?;
        let views = node.views().reader();
        Ok(World { node, views, vault, digests: DigestKey::new(keys.digests), base, end })
    }

    /// Waits until every order that was accepted has ended.
    ///
    /// Errors: the node stopped, or nothing moves any more although something is open.
    pub async fn come_to_rest(&self) -> Result<(), Failure> {
        let (mut durable, mut moved) = (0, Instant::now());
        loop {
            let idle = self.node.idle().await.doing("settling")?;
            match idle.next_due.filter(|_| idle.idle) {
                Some(due) => self.node.clock().advance_to(due),
                None if idle.idle => break,
                None => tokio::time::sleep(LOOK).await,
            }
            if self.node.durable() > durable {
                (durable, moved) = (self.node.durable(), Instant::now());
            } else if moved.elapsed() > STILL_MOST {
                return Err(Failure::unable("the results are written, and some orders do not settle")
                    .hint("run `tongbao audit` on the directory beside the results"));
            }
        }
        Ok(())
    }

    /// What the views say an order was answered.
    pub fn answer(&self, order: OrderId, position: u64) -> Result<Option<Answer>, Failure> {
        if !tokio::task::block_in_place(|| self.node.progress().wait_for(position, VIEWS_MOST)) {
            return Err(Failure::unable("the views do not follow").hint("run it again: it goes on where it stopped"));
        }
        let row = self.views.order_row(order).doing("reading the views")?;
        Ok(row.as_ref().map(answer_shown))
    }

    /// Stops in order, and waits until the views show everything. Returns how many orders settled.
    pub async fn close(self) -> Result<u64, Failure> {
        let (progress, durable) = (Arc::clone(self.node.progress()), self.node.durable());
        self.node.stop();
        let reason = self.node.wait_stopped().await;
        if reason != "stopped in order" {
            return Err(Failure::stopped(format!("the node stopped itself: {reason}")));
        }
        // Their thread goes on until it has what the node left.
        if tokio::task::block_in_place(|| progress.wait_for(durable, VIEWS_MOST)) {
            let counts = self.views.counts().doing("reading the views")?;
            let settled = counts.iter().find(|count| count.state == OrderState::Settled);
            return Ok(settled.map_or(0, |count| count.orders));
        }
        Err(Failure::unable("the results are written, and the views do not follow")
            .hint("run `tongbao rebuild-views` on the directory beside the results"))
    }
}

/// The first moment of a year.
fn start_of(year: u32) -> Millis {
    Day::from_date(year, 1, 1).unwrap_or_default().start()
}

/// Time that follows the rows: never back, and as far as the latest business time that a row had.
struct WorldClock(AtomicU64);

impl Clock for WorldClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Acquire))
    }

    fn is_trusted(&self) -> bool {
        true
    }

    fn wait_for(&self, _due: Millis) -> Duration {
        // It comes when a row or the end brings it.
        Duration::MAX
    }

    fn advance_to(&self, moment: Millis) {
        self.0.fetch_max(moment.0, Ordering::AcqRel);
    }
}

/// A partner inside the process is told no number: it keeps no accounts. What is in the vault is kept as anywhere.
struct NoNumbers(Arc<Vault>);

impl Directory for NoNumbers {
    fn account(&self, _ask: &Ask) -> Result<Arc<str>, NotKnown> {
        Ok(Arc::from(""))
    }

    fn compare(&self, state: &State) -> Result<(), NotKnown> {
        self.0.compare(state)
    }

    fn erase(&self, person: PersonId) -> Result<(), NotKnown> {
        Directory::erase(self.0.as_ref(), person)
    }
}

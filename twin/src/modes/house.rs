//! The members' door of a process: open from the start, owned behind once the core is promoted, and its control socket then.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cli::Args;
use super::core::Matching;
use super::feed::{Owner, serve_owned};
use super::json::Object;
use super::own::{Ended, House, own};
use super::promote::Promoted;
use super::steps::Steps;
use crate::door::desk::Desk;
use crate::door::logon::Terms;
use crate::door::mail::{Mailbox, Order, Works, mailbox};
use crate::door::places::Journal;
use crate::door::poll::raise_open_files;
use crate::door::shell::{Parts, Shell};
use crate::door::ticket::{Key, address_bytes, secret};
use crate::journal::trouble::Trouble;

const CONNECTIONS_MAX: usize = 2_500;
const HEARTBEAT_MS: u64 = 1_000;
const CONTROL_WITHIN: Duration = Duration::from_millis(200);

/// What the command line says of the door.
pub struct Plan {
    door: String,
    lines_at: Option<String>,
    secret: Key,
    rate: u32,
    heartbeat_ms: u32,
    relays: Vec<[u8; 16]>,
}

impl Plan {
    /// Reads the options; `None` where no door is wanted.
    pub fn read(args: &Args) -> Result<Option<Self>, String> {
        let Some(door) = args.text("--door") else {
            let alone = [
                "--secret",
                "--lines-at",
                "--rate",
                "--heartbeat-ms",
                "--relay",
            ];
            let lost = alone.into_iter().find(|option| args.text(option).is_some());
            return lost.map_or(Ok(None), |option| Err(format!("{option} wants --door")));
        };
        if args.text("--listen").is_some() {
            return Err("--door and --listen exclude each other".into());
        }
        let path = args.path("--secret").ok_or("--door wants --secret FILE")?;
        let number = |option: &str, usual: u64, least: u64| {
            let given = args.number(option)?.unwrap_or(usual);
            let fits = u32::try_from(given).ok().filter(|_| given >= least);
            fits.ok_or_else(|| format!("{option} is a number from {least} to {}", u32::MAX))
        };
        let relay = |text: &str| {
            let address: Result<IpAddr, _> = text.parse();
            address
                .map(address_bytes)
                .map_err(|_| format!("--relay wants an address, not {text}"))
        };
        Ok(Some(Self {
            door: door.to_string(),
            lines_at: args.text("--lines-at").map(String::from),
            secret: secret(&path)?,
            rate: number("--rate", 0, 0)?,
            heartbeat_ms: number("--heartbeat-ms", HEARTBEAT_MS, 1)?,
            relays: args.all("--relay").map(relay).collect::<Result<_, _>>()?,
        }))
    }
}

/// A door that is open; until somebody owns the market behind it, it says FENCED.
pub struct Open {
    plan: Plan,
    works: Arc<Works>,
    /// The door's orders.
    pub mailbox: Arc<Mailbox>,
    owner: Arc<OnceLock<Owner>>,
    shell: JoinHandle<Result<(), Trouble>>,
}

impl Open {
    /// Opens the door, and the port on which this core's journal, in `folder`, can be followed.
    pub fn new(plan: Plan, folder: &Path) -> io::Result<Self> {
        raise_open_files();
        let (mailbox, bell) = mailbox()?;
        let works = Arc::new(Works::default());
        let shell = Shell::new(Parts {
            listener: TcpListener::bind(&plan.door)?,
            mailbox: mailbox.clone(),
            bell,
            works: works.clone(),
            connections_max: CONNECTIONS_MAX,
        })?;
        let owner = Arc::new(OnceLock::new());
        if let Some(address) = &plan.lines_at {
            let (port, owner, folder) = (
                TcpListener::bind(address)?,
                owner.clone(),
                folder.to_owned(),
            );
            let lines = thread::Builder::new().name("lines".into());
            lines.spawn(move || {
                if let Err(error) = serve_owned(&folder, &port, &owner) {
                    eprintln!("lines: {error}");
                }
            })?;
        }
        let door = thread::Builder::new().name("door".into());
        let shell =
            door.spawn(move || shell.run().inspect_err(|trouble| eprintln!("{trouble}")))?;
        Ok(Self {
            plan,
            works,
            mailbox,
            owner,
            shell,
        })
    }

    /// Owns the market until the door is closed. Fenced, it goes on saying so.
    pub fn own<M: Matching>(
        self,
        promoted: Promoted<M>,
        control: Option<UnixListener>,
    ) -> Result<(), Trouble> {
        let Promoted {
            engine,
            writer,
            lock,
            epoch,
            known,
            folder,
            ..
        } = promoted;
        let terms = Terms {
            secret: self.plan.secret,
            trading_day: epoch.trading_day,
            epoch: epoch.epoch,
            owner: epoch.owner,
            rate: self.plan.rate,
            heartbeat_ms: self.plan.heartbeat_ms,
            relays: self.plan.relays,
        };
        let steps = Arc::new(Steps::new(epoch.epoch, epoch.position));
        let house = House {
            mailbox: self.mailbox.clone(),
            works: self.works,
            steps: steps.clone(),
        };
        let owner = Owner {
            steps,
            door: Some(self.mailbox),
        };
        let _ = self.owner.set(owner.clone());
        if let Some(control) = control {
            let hearing = thread::Builder::new().name("control".into());
            let heard = hearing.spawn(move || hear(&control, &owner));
            heard.map_err(|error| Trouble::System(format!("no thread: {error}")))?;
        }
        let next_order_no = known.flow.next_order_no();
        let journal = Box::new(Journal::new(&folder, known.places));
        let desk = Desk::new(terms, known.flow, journal);
        let ended = own(engine, next_order_no, writer, desk, &house)?;
        if ended == Ended::Fenced {
            // The journal is another core's to go on with.
            drop(lock);
        }
        let panicked = |_| Err(Trouble::System("the door panicked".into()));
        self.shell.join().unwrap_or_else(panicked)
    }
}

/// Answers the control socket of an owner until the process ends.
fn hear(control: &UnixListener, owner: &Owner) {
    if control.set_nonblocking(false).is_err() {
        return;
    }
    for line in control.incoming().flatten() {
        if let Err(error) = answer(line, owner) {
            eprintln!("control: {error}");
        }
    }
}

fn answer(mut line: UnixStream, owner: &Owner) -> io::Result<()> {
    line.set_read_timeout(Some(CONTROL_WITHIN))?;
    let mut text = String::new();
    BufReader::new(&line).read_line(&mut text)?;
    let done = obey(&text, owner);
    let refused = |why: String| Object::new().text("refused", &why).line();
    let answer = done.map_or_else(refused, |()| owner.steps.line());
    writeln!(line, "{answer}")
}

/// `status`, `fence EPOCH`, `require NAME`, `unrequire NAME`, `close`.
fn obey(text: &str, owner: &Owner) -> Result<(), String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["status"] => Ok(()),
        ["fence", epoch] => {
            let epoch = epoch.parse().map_err(|_| format!("no epoch {epoch}"))?;
            owner.fence(epoch);
            let fenced = owner.steps.fenced().is_some_and(|known| known >= epoch);
            let why = || format!("epoch {epoch} is not above this core's own");
            fenced.then_some(()).ok_or_else(why)
        }
        ["require", name] => owner.steps.require(name),
        ["unrequire", name] => owner.steps.unrequire(name),
        ["close"] => {
            if let Some(door) = &owner.door {
                door.put(Order::Close);
            }
            Ok(())
        }
        ["promise" | "promote", ..] => Err("this core owns the market already".into()),
        _ => Err("status | fence EPOCH | require NAME | unrequire NAME | close".into()),
    }
}

//! The members' door of a process: open from the start, owned behind once the core is promoted, and its control socket then.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use super::cli::Args;
use super::core::Matching;
use super::feed::serve_owned;
use super::own::{Ended, House, own};
use super::owner::{Owner, hear};
use super::promote::Promoted;
use super::status::say;
use crate::door::desk::Desk;
use crate::door::logon::Terms;
use crate::door::mail::{Mailbox, Works, mailbox};
use crate::door::places::Journal;
use crate::door::poll::raise_open_files;
use crate::door::shell::{Parts, Shell};
use crate::door::ticket::{Key, address_bytes, secret};
use crate::journal::trouble::Trouble;

const CONNECTIONS_MAX: usize = 2_500;
const HEARTBEAT_MS: u64 = 1_000;

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
                    say(format_args!("lines: {error}"));
                }
            })?;
        }
        let door = thread::Builder::new().name("door".into());
        let shell = door.spawn(move || shell.run().inspect_err(|trouble| say(trouble)))?;
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
        let owner = Owner::new(&promoted, Some(self.mailbox.clone()));
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
        let _ = self.owner.set(owner.clone());
        control.map_or(Ok(()), |control| hear(control, owner.clone()))?;
        let house = House {
            mailbox: self.mailbox,
            works: self.works,
            owner,
        };
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

//! An owner as its lines and its control socket see it: how far it is, who is there, what may be asked of it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::core::Matching;
use super::json::Object;
use super::promote::Promoted;
use super::serve::Engine;
use super::settling::Ledger;
use super::status::{clock_ns, say};
use super::steps::{At, Steps};
use crate::door::mail::{Mailbox, Order};
use crate::door::readiness::Row;
use crate::journal::cursor::Fault;
use crate::journal::trouble::Trouble;

const CONTROL_WITHIN: Duration = Duration::from_millis(200);

/// What a socket without a members' door, and one with it, can be asked.
const WORDS: &str = "status | settle";
const DOOR_WORDS: &str =
    "status | settle | board | open | fence EPOCH | require NAME | unrequire NAME | close";
/// How long the door's thread may take to answer.
const DOOR_WITHIN: Duration = Duration::from_secs(5);
const DOOR_SILENT: &str = "the door does not answer";

/// An owner.
#[derive(Clone)]
pub struct Owner {
    /// How far it is.
    pub steps: Arc<Steps>,
    /// Its settlement, if one is wanted.
    pub ledger: Ledger,
    /// Its door, to be told of a higher epoch.
    door: Option<Arc<Mailbox>>,
    /// Whether the comparison was clean when it followed.
    clean: bool,
}

const fn door_word(held: bool) -> &'static str {
    if held { "held" } else { "open" }
}

impl<M: Matching> Engine<M> {
    /// Where its market stands.
    pub(super) fn at(&self) -> At {
        At {
            position: self.core.position(),
            digest: self.core.digest(),
            live: self.core.live(),
        }
    }
}

impl Owner {
    /// What was just promoted, with the members' door if it has one.
    pub fn new<M: Matching>(promoted: &Promoted<M>, door: Option<Arc<Mailbox>>) -> Self {
        let epoch = &promoted.epoch;
        if let Some(door) = &door {
            door.held.store(promoted.held, Ordering::Relaxed);
        }
        let at = At {
            position: epoch.position,
            ..promoted.engine.at()
        };
        Self {
            steps: Arc::new(Steps::new(epoch.epoch, at)),
            ledger: promoted.ledger.clone(),
            door,
            clean: promoted.clean,
        }
    }

    /// A higher epoch is known: nothing more is released, all sessions end.
    pub fn fence(&self, epoch: u64) -> bool {
        let fenced = self.steps.fence(epoch);
        if let (true, Some(door)) = (fenced, &self.door) {
            door.put(Order::Fence(u32::try_from(epoch).unwrap_or(u32::MAX)));
        }
        fenced
    }

    /// The status as a line.
    fn line(&self) -> String {
        let count = |door: &Arc<Mailbox>| {
            let (connections, sessions) = (&door.connections, &door.sessions);
            (
                connections.load(Ordering::Relaxed),
                sessions.load(Ordering::Relaxed),
            )
        };
        let (connections, sessions) = self.door.as_ref().map_or((0, 0), count);
        let held = self
            .door
            .as_ref()
            .map(|door| door.held.load(Ordering::Relaxed));
        let facts = self.ledger.object();
        self.steps
            .object()
            .value("clean", self.clean)
            .value("sessions", sessions)
            .value("connections", connections)
            .maybe("door", held.map(|held| door_word(held).into()))
            .raw(
                "settlement",
                &facts.map_or("null".into(), |facts| facts.line()),
            )
            .value("at_ns", clock_ns())
            .line()
    }

    /// Lets every line in.
    fn open(&self, door: &Mailbox) -> Result<String, String> {
        if let Some(epoch) = self.steps.fenced() {
            return Err(format!("fenced by epoch {epoch}: this door lets nobody in"));
        }
        door.ask(Order::Open, DOOR_WITHIN).ok_or(DOOR_SILENT)?;
        Ok(Object::new()
            .text("door", door_word(door.held.load(Ordering::Relaxed)))
            .line())
    }

    /// Who is in, and how far.
    fn board(&self, door: &Mailbox) -> Result<String, String> {
        let rows = door.ask(Order::Board, DOOR_WITHIN).ok_or(DOOR_SILENT)?;
        let row = |lines: Object, row: &Row| {
            let shown = Object::new()
                .text("state", row.state)
                .text("why", &row.why)
                .value("received", row.received)
                .value("flow", row.flow)
                .value("since_ns", row.since_ns);
            lines.raw(&row.line.to_string(), &shown.line())
        };
        let lines = rows.iter().fold(Object::new(), row);
        Ok(Object::new()
            .raw("lines", &lines.line())
            .value("at_ns", clock_ns())
            .line())
    }

    /// Does what a line of the control socket asks; the answer.
    fn obey(&self, text: &str) -> Result<String, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match (&words[..], &self.door) {
            (["status"], _) => {}
            (["settle"], _) => {
                let facts = self.ledger.write().map_err(|why| why.to_string())?;
                return Ok(facts.line());
            }
            (["promise" | "promote", ..], _) => {
                return Err("this core owns the market already".into());
            }
            (_, None) => return Err(WORDS.into()),
            (["fence", epoch], _) => {
                let epoch = epoch.parse().map_err(|_| format!("no epoch {epoch}"))?;
                self.fence(epoch);
                if self.steps.fenced().is_none_or(|known| known < epoch) {
                    return Err(format!("epoch {epoch} is not above this core's own"));
                }
            }
            (["board"], Some(door)) => return self.board(door),
            (["open"], Some(door)) => return self.open(door),
            (["require", name], _) => self.steps.require(name)?,
            (["unrequire", name], _) => self.steps.unrequire(name)?,
            (["close"], Some(door)) => door.put(Order::Close),
            _ => return Err(DOOR_WORDS.into()),
        }
        Ok(self.line())
    }
}

/// Answers the control socket of an owner until the process ends, on a thread of its own.
pub fn hear(control: UnixListener, owner: Owner) -> Result<(), Trouble> {
    let hearing = thread::Builder::new().name("control".into());
    let heard = hearing.spawn(move || {
        if control.set_nonblocking(false).is_err() {
            return;
        }
        for line in control.incoming().flatten() {
            if let Err(error) = answer(line, &owner) {
                say(format_args!("control: {error}"));
            }
        }
    });
    heard
        .map(|_| ())
        .map_err(|error| Trouble::System(format!("no thread: {error}")))
}

fn answer(mut line: UnixStream, owner: &Owner) -> io::Result<()> {
    line.set_read_timeout(Some(CONTROL_WITHIN))?;
    // A board is longer than what a connection holds: who does not read it holds nobody up for long.
    line.set_write_timeout(Some(DOOR_WITHIN))?;
    let mut text = String::new();
    BufReader::new(&line).read_line(&mut text)?;
    let refused = |why: String| Object::new().text("refused", &why).line();
    writeln!(line, "{}", owner.obey(&text).unwrap_or_else(refused))
}

/// Tells what ended a settlement.
pub fn told(news: Option<(u64, Fault)>) {
    if let Some((position, fault)) = news {
        say(format_args!(
            "{}: behind position {position}: {}",
            fault.name, fault.what
        ));
    }
}

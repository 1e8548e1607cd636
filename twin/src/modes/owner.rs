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
use crate::journal::cursor::Fault;
use crate::journal::trouble::Trouble;

const CONTROL_WITHIN: Duration = Duration::from_millis(200);

/// What a socket without a members' door, and one with it, can be asked.
const WORDS: &str = "status | settle";
const DOOR_WORDS: &str = "status | settle | fence EPOCH | require NAME | unrequire NAME | close";

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
        let facts = self.ledger.object();
        self.steps
            .object()
            .value("clean", self.clean)
            .value("sessions", sessions)
            .value("connections", connections)
            .raw(
                "settlement",
                &facts.map_or("null".into(), |facts| facts.line()),
            )
            .value("at_ns", clock_ns())
            .line()
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

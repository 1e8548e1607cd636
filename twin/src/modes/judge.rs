//! The shadow on a thread of its own: what was acknowledged is worked and compared behind the follower's back, so that matching never
//! delays an acknowledgement. It also folds the settlement, and the flow of the lines for the day on which this core opens its door.

use std::sync::mpsc::{self, SyncSender, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::compare::{Difference, Shadow};
use super::core::Matching;
use super::keep::Kept;
use super::settling::Ledger;
use super::status::clock_ns;
use crate::door::flow::Flow;
use crate::door::places::{Place as BlockPlace, Places};
use crate::journal::cursor::{Cursor, Fault, Frame, fault};
use crate::journal::trouble::Trouble;

/// Frames that wait for the shadow at most; then the follower waits too.
const FRAMES_WAITING_MAX: usize = 512;

/// What a door needs to know of a journal.
#[derive(Default)]
pub struct Known {
    /// What it says of every line.
    pub flow: Flow,
    /// Where its blocks stand.
    pub places: Places,
}

/// What the shadow has to tell.
pub enum News {
    /// A block differs.
    Differs(Box<Difference>),
    /// Something about the stream itself, behind a position, and who is probably wrong.
    Fault(Fault, u64, &'static str),
}

/// How far the shadow is, and what it found.
#[allow(missing_docs)] // the names of the status file, docs/twin.md
pub struct Seen {
    pub frames: u64,
    /// Behind the last frame worked.
    pub worked: Cursor,
    pub digest: u64,
    pub live: u64,
    pub clean: bool,
    pub lag_ms: u64,
    pub commands: u64,
    pub blocks: u64,
    pub refused_by_owner: u64,
    pub news: Vec<News>,
}

struct Shared {
    seen: Mutex<Seen>,
    moved: Condvar,
}

struct Work<M> {
    shadow: Shadow<M>,
    known: Option<Known>,
    ledger: Ledger,
}

/// The shadow's handle.
pub struct Judge<M> {
    shared: Arc<Shared>,
    to: SyncSender<Kept>,
    thread: JoinHandle<Work<M>>,
    sent: u64,
}

fn lock(shared: &Shared) -> MutexGuard<'_, Seen> {
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<M: Matching + Send + 'static> Judge<M> {
    /// A shadow with an empty market; with `known`, it folds what a door needs.
    pub fn new(core: M, known: Option<Known>, ledger: Ledger) -> Result<Self, Trouble> {
        let seen = Seen {
            frames: 0,
            worked: Cursor::default(),
            digest: core.digest(),
            live: core.live(),
            clean: true,
            lag_ms: 0,
            commands: 0,
            blocks: 0,
            refused_by_owner: 0,
            news: Vec::new(),
        };
        let shared = Arc::new(Shared {
            seen: Mutex::new(seen),
            moved: Condvar::new(),
        });
        let (to, frames) = mpsc::sync_channel::<Kept>(FRAMES_WAITING_MAX);
        let (told, mut work) = (
            shared.clone(),
            Work {
                shadow: Shadow::new(core),
                known,
                ledger,
            },
        );
        let working = move || {
            loop {
                let next = match frames.try_recv() {
                    Err(TryRecvError::Empty) => {
                        work.rest(&told);
                        frames.recv().ok()
                    }
                    next => next.ok(),
                };
                let Some(kept) = next else {
                    return work;
                };
                work.judge(&kept, &told);
            }
        };
        let thread = thread::Builder::new().name("shadow".into()).spawn(working);
        let thread = thread.map_err(|error| Trouble::System(format!("no thread: {error}")))?;
        Ok(Self {
            shared,
            to,
            thread,
            sent: 0,
        })
    }

    /// Hands over a frame that is durable.
    pub fn send(&mut self, kept: Kept) -> Result<(), Trouble> {
        self.sent += 1;
        let gone = |_| Trouble::System("the shadow panicked".into());
        self.to.send(kept).map_err(gone)
    }

    /// What it has seen so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.shared)
    }

    /// Whether all that was handed over has been worked, and what it had to tell was heard.
    pub fn is_done(&self) -> bool {
        let seen = self.seen();
        self.thread.is_finished() || (seen.frames == self.sent && seen.news.is_empty())
    }

    /// Waits until all that was handed over has been worked.
    pub fn drain(&self) {
        let mut seen = self.seen();
        while seen.frames < self.sent && !self.thread.is_finished() {
            let moved = &self.shared.moved;
            let waited = moved.wait_timeout(seen, std::time::Duration::from_millis(20));
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Gives the shadow up, all its work done.
    pub fn into_parts(self) -> Result<(Shadow<M>, Option<Known>), Trouble> {
        drop(self.to);
        let panicked = |_| Trouble::System("the shadow panicked".into());
        let work = self.thread.join().map_err(panicked)?;
        Ok((work.shadow, work.known))
    }
}

impl<M: Matching> Work<M> {
    /// Nothing waits: the settlement of a day that is over is written.
    fn rest(&self, shared: &Shared) {
        if let Some((position, fault)) = self.ledger.write_if_due() {
            let news = News::Fault(fault, position, "unclear");
            lock(shared).news.push(news);
        }
    }

    /// Works a frame and tells what differs.
    fn judge(&mut self, (frame, raw, place): &Kept, shared: &Shared) {
        let (mut news, mut blocks, mut lag_ms) = (Vec::new(), 0, None);
        match frame {
            Frame::Block { block, void: false } => {
                let records = &raw[..raw.len() - 1];
                blocks = 1;
                let late = clock_ns().saturating_sub(self.shadow.last_time()) / 1_000_000;
                lag_ms = Some(late.max(0) as u64);
                let difference = self.shadow.compare(records, block);
                news.extend(difference.map(|difference| News::Differs(Box::new(difference))));
                let unsettled = self.ledger.fold(records);
                news.extend(unsettled.map(|(at, fault)| News::Fault(fault, at, "unclear")));
                if let Some(known) = &mut self.known {
                    known.flow.fold(records, &mut ());
                    known.places.push(BlockPlace {
                        last: block.position,
                        segment: place.segment,
                        slot: place.slot as u32,
                    });
                }
            }
            Frame::Block { block, void: true } => {
                let what = format!(
                    "a block of epoch {} behind a higher one is void",
                    block.epoch
                );
                let void = fault("epoch_regress", what);
                news.push(News::Fault(void, block.position, "owner"));
            }
            Frame::Epoch { epoch, void: true } => {
                let what = format!("epoch {} begins behind a higher one: void", epoch.epoch);
                let void = fault("epoch_regress", what);
                news.push(News::Fault(void, epoch.position, "owner"));
            }
            Frame::Epoch { .. } => {}
        }
        let core = self.shadow.core();
        let (digest, live) = (core.digest(), core.live());
        let mut seen = lock(shared);
        seen.worked = place.cursor;
        (seen.digest, seen.live, seen.clean) = (digest, live, self.shadow.clean);
        seen.commands = self.shadow.commands_worked;
        seen.refused_by_owner = self.shadow.refused_by_owner;
        seen.lag_ms = lag_ms.unwrap_or(seen.lag_ms);
        seen.frames += 1;
        seen.blocks += blocks;
        seen.news.extend(news);
        shared.moved.notify_all();
    }
}

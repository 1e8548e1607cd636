//! Following the owner: append, sync, acknowledge, hand to the shadow, which works it and compares.
//!
//! The own journal is the owner's, frame by frame and byte by byte in all but the segment headers; so its chain is the owner's
//! chain, and two copies are known to be equal up to a place by one hash. Invariants: nothing is acknowledged before it is
//! durable; no frame below a promised epoch is taken; a tail is cut only for an epoch that begins without it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Matching;
use super::features::Off;
use super::judge::{Judge, Known, News};
pub use super::settings::{Parts, Settings};
use super::source::{Arrival, Source};
use super::status::{State, Teller};
use crate::door::mail::Mailbox;
use crate::journal::cursor::{Cursor, Fault, Frame, fault};
use crate::journal::disk::Disk;
use crate::journal::lock::Lock;
use crate::journal::promise::{promise, promised};
use crate::journal::recovery::{Place, cut_back, recover};
use crate::journal::trouble::Trouble;
use crate::journal::writer::Writer;
use crate::records::Record;

/// Slots that are synced together at most, when there is more to take than one block.
const GROUP_SLOTS: usize = 16_384;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was taken or recognised.
    Busy,
    /// All there is has been taken.
    Idle,
    /// What comes next cannot be taken; it is tried again.
    Stalled,
    /// The own tail was cut: everything is to be read again.
    Again,
}

/// A follower's own side of things.
pub struct Follower<M> {
    folder: PathBuf,
    lock: Lock,
    disk: Arc<dyn Disk>,
    size_units: u32,
    off: Off,
    writer: Option<Writer>,
    judge: Judge<M>,
    door: Option<Arc<Mailbox>>,
    /// Every frame of the own journal; `matched` of them were seen in the present stream.
    held: Vec<Place>,
    matched: usize,
    promised: u64,
    group: Vec<(Frame, Vec<Record>, Place)>,
    heard: Instant,
    bad_since: Option<Instant>,
    silence: Duration,
    /// What it tells.
    pub teller: Teller,
    /// What its status says.
    pub state: State,
}

impl<M: Matching + Send + 'static> Follower<M> {
    /// Reads the own journal back and works it again: so the shadow stands where the journal ends.
    pub fn open(settings: Settings, core: M, teller: Teller) -> Result<Self, Trouble> {
        let Settings {
            folder,
            disk,
            size_units,
            silence,
            off,
            door,
        } = settings;
        std::fs::create_dir_all(&folder).map_err(crate::journal::trouble::about(&folder))?;
        let mut follower = Self {
            lock: Lock::take(&folder)?,
            promised: promised(&folder)?,
            folder,
            disk,
            size_units,
            off,
            writer: None,
            judge: Judge::new(core, door.as_ref().map(|_| Known::default()))?,
            door,
            held: Vec::new(),
            matched: 0,
            group: Vec::new(),
            heard: Instant::now(),
            bad_since: None,
            silence,
            teller,
            state: State {
                state: "RECOVER",
                clean: true,
                ..State::default()
            },
        };
        let (folder, disk) = (follower.folder.clone(), follower.disk.clone());
        let found = recover(&folder, &*disk, |frame, raw, place| {
            follower.held.push(place);
            follower.judge.send(*frame, raw.to_vec(), place)
        })?;
        if let Some(found) = &found {
            if let Some(side) = &found.cut {
                let what = format!("a torn tail was cut and kept in {}", side.display());
                follower
                    .teller
                    .fault(&fault("tail_cut", what), found.cursor.position, "own");
            }
            follower.writer = Some(Writer::resume(disk, &folder, found)?);
        }
        follower.refresh(true);
        Ok(follower)
    }

    /// Behind the last frame of the own journal.
    pub fn cursor(&self) -> Cursor {
        self.held
            .last()
            .map(|place| place.cursor)
            .unwrap_or_default()
    }

    /// The highest epoch promised.
    pub fn promised(&self) -> u64 {
        self.promised
    }

    /// Whether this core may be promoted (protocol rule 6).
    pub fn eligible(&self) -> bool {
        self.judge.drain();
        self.state.clean && self.judge.seen().clean && !self.state.stalled
    }

    /// Whether everything held was seen in the present stream too.
    pub fn in_step(&self) -> bool {
        self.matched == self.held.len()
    }

    /// Whether nothing bad is being waited for and everything held was recognised.
    pub fn settled(&self) -> bool {
        self.in_step() && self.bad_since.is_none() && self.judge.is_done()
    }

    /// Promises an epoch, durable when it returns.
    pub fn promise(&mut self, epoch: u64) -> Result<(), Trouble> {
        let highest = u64::from(self.cursor().epoch);
        if epoch <= highest {
            return Err(Trouble::Refused(format!(
                "epoch {highest} has begun, {epoch} is not higher"
            )));
        }
        promise(&*self.disk, &self.folder, epoch)?;
        self.promised = epoch;
        self.refresh(false);
        self.teller.state(&self.state, true);
        Ok(())
    }

    /// Gives up following: what a match needs.
    pub fn into_parts(self) -> Result<Parts<M>, Trouble> {
        let (mut shadow, known) = self.judge.into_parts()?;
        shadow.core().switch_off(self.off);
        Ok(Parts {
            shadow,
            writer: self.writer,
            lock: self.lock,
            known: known.unwrap_or_default(),
            folder: self.folder,
        })
    }

    /// Takes what there is, up to a group, and says how it went.
    pub fn step(
        &mut self,
        source: &mut impl Source,
        raw: &mut Vec<Record>,
    ) -> Result<Step, Trouble> {
        let (mut slots, mut recognised) = (0, 0);
        let arrival = loop {
            match source.next(raw)? {
                Arrival::Frame(frame) if self.matched < self.held.len() => {
                    if self.held[self.matched].cursor.chain != frame.chain() {
                        return self.diverged(source, &frame);
                    }
                    (self.matched, recognised) = (self.matched + 1, recognised + 1);
                }
                Arrival::Frame(frame) if self.below_promise(&frame) => {
                    let what = format!(
                        "epoch {} is promised: a frame of a lower one is refused",
                        self.promised
                    );
                    source.refuse(&what, self.promised);
                    break Arrival::Fault(fault("epoch_below_promise", what));
                }
                Arrival::Frame(frame) => {
                    self.append(source, &frame, raw)?;
                    slots += raw.len();
                }
                other => break other,
            }
            if slots >= GROUP_SLOTS || recognised >= GROUP_SLOTS {
                break Arrival::Nothing;
            }
        };
        let taken = slots > 0;
        self.settle(source)?;
        self.conclude(source, arrival, taken, recognised > 0)
    }

    fn below_promise(&self, frame: &Frame) -> bool {
        u64::from(frame.epoch()) < self.promised
    }

    fn append(
        &mut self,
        source: &impl Source,
        frame: &Frame,
        raw: &[Record],
    ) -> Result<(), Trouble> {
        if self.writer.is_none() {
            let unknown =
                || Trouble::Refused("frames came before the header of the journal".into());
            let day = source.day().ok_or_else(unknown)?;
            self.writer = Some(Writer::create(
                self.disk.clone(),
                &self.folder,
                day,
                self.size_units,
            )?);
        }
        if let Some(writer) = &mut self.writer {
            writer.append(raw, frame)?;
            let (cursor, segment, slot) = (
                writer.cursor(),
                writer.segment().number,
                writer.slot() - raw.len(),
            );
            let place = Place {
                cursor,
                segment,
                slot,
            };
            self.held.push(place);
            self.matched = self.held.len();
            self.group.push((*frame, raw.to_vec(), place));
        }
        Ok(())
    }

    /// Syncs and acknowledges the group, then hands it to the shadow.
    fn settle(&mut self, source: &mut impl Source) -> Result<(), Trouble> {
        let group = std::mem::take(&mut self.group);
        if let (Some(writer), false) = (&mut self.writer, group.is_empty()) {
            writer.sync()?;
            source.synced(&writer.cursor(), self.state.clean);
        }
        for (frame, raw, place) in group {
            self.judge.send(frame, raw, place)?;
        }
        Ok(())
    }

    fn conclude(
        &mut self,
        source: &impl Source,
        arrival: Arrival,
        taken: bool,
        recognised: bool,
    ) -> Result<Step, Trouble> {
        self.state.owner_position = source.owner_position();
        if taken || recognised || !matches!(arrival, Arrival::Silence) {
            (self.heard, self.state.silent) = (Instant::now(), false);
        }
        let mut step = if taken || recognised {
            Step::Busy
        } else {
            Step::Idle
        };
        match arrival {
            Arrival::Behind(place) => {
                self.matched = if place == Cursor::default() {
                    0
                } else {
                    self.held.len()
                };
                step = Step::Busy;
            }
            Arrival::Fault(fault) => {
                let since = *self.bad_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= source.patience() {
                    self.stall(&fault);
                    step = Step::Stalled;
                }
            }
            _ => {}
        }
        if taken {
            self.bad_since = None;
            self.state.stalled = false;
        }
        if self.heard.elapsed() >= self.silence && !self.state.silent {
            self.refresh(true);
            self.state.silent = true;
            let what = format!("no sign of the owner for {} ms", self.silence.as_millis());
            self.teller
                .fault(&fault("silence", what), self.cursor().position, "owner");
        }
        self.refresh(step != Step::Busy && taken);
        Ok(step)
    }

    fn stall(&mut self, fault: &Fault) {
        // What the shadow has against earlier frames is told first.
        self.refresh(true);
        // Refusing an old owner is what a promise is for; anything else spoils the comparison.
        let promised = fault.name == "epoch_below_promise";
        self.state.stalled |= !promised;
        self.state.clean &= promised;
        self.teller.fault(fault, self.cursor().position, "owner");
    }

    /// The owner's journal goes on differently from ours.
    fn diverged(&mut self, source: &mut impl Source, frame: &Frame) -> Result<Step, Trouble> {
        let from = self.held[self.matched];
        let begins = match frame {
            Frame::Epoch { epoch, void: false } if !self.below_promise(frame) => Some(epoch),
            _ => None,
        };
        let higher = begins.filter(|epoch| epoch.epoch > self.cursor().epoch);
        let Some(epoch) = higher else {
            let what =
                "the owner's journal is not the one we hold, and no higher epoch begins there";
            source.refuse(what, 0);
            self.stall(&fault("diverged", what));
            self.refresh(true);
            return Ok(Step::Stalled);
        };
        self.writer = None;
        let sides = cut_back(&self.folder, &*self.disk, from, epoch.position)?;
        let frames = self.held.len() - self.matched;
        let what = format!(
            "epoch {} begins without our last {frames} frames: kept in {sides:?}",
            epoch.epoch
        );
        self.teller
            .fault(&fault("tail_cut", what), epoch.position, "own");
        Ok(Step::Again)
    }

    /// Brings the status up to date, with `whole` up to the last frame taken.
    pub fn refresh(&mut self, whole: bool) {
        let cursor = self.cursor();
        if let Some(door) = &self.door {
            door.heard_of(cursor.epoch.max(self.promised as u32));
        }
        if whole {
            self.judge.drain();
        }
        let mut seen = self.judge.seen();
        let news = std::mem::take(&mut seen.news);
        self.state = State {
            position: cursor.position,
            epoch: cursor.epoch,
            promised: self.promised,
            digest: seen.digest,
            live: seen.live,
            clean: self.state.clean && seen.clean,
            lag_ms: seen.lag_ms,
            commands: seen.commands,
            blocks: seen.blocks,
            refused_by_owner: seen.refused_by_owner,
            ..self.state
        };
        drop(seen);
        for news in news {
            match news {
                News::Differs(difference) => self.teller.difference(&difference),
                News::Fault(fault, position) => self.teller.fault(&fault, position, "owner"),
            }
        }
        self.teller.state(&self.state, whole);
    }
}

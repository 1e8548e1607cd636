//! The journal's side of following: take what the owner sends, append, sync, acknowledge.
//!
//! The own journal is the owner's, frame by frame and byte by byte in all but the segment headers; so its chain is the owner's
//! chain, and two copies are known to be equal up to a place by one hash. Invariants: nothing is acknowledged before it is
//! durable; no frame below a promised epoch is taken; a tail is cut only for an epoch that begins without it. Nothing here
//! knows the market, so that a thread can keep one group while another works the one before.

use std::path::PathBuf;
use std::sync::Arc;

use super::settling::Settling;
use super::source::{Arrival, Source};
use crate::journal::cursor::{Cursor, Frame, fault};
use crate::journal::disk::Disk;
use crate::journal::lock::Lock;
use crate::journal::promise::{promise, promised};
use crate::journal::recovery::{Place, Recovered, cut_back, recover};
use crate::journal::trouble::{Trouble, about};
use crate::journal::writer::Writer;
use crate::records::Record;

/// Slots that are synced together at most, when there is more to take than one block.
const GROUP_SLOTS: usize = 16_384;

/// Frames that are synced together, to be worked once they are.
#[derive(Default)]
pub struct Group {
    slots: Vec<Record>,
    /// Each frame, and where it ends among the slots.
    frames: Vec<(Frame, usize)>,
}

impl Group {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.frames.clear();
    }

    /// Frames and their slots, in order.
    pub fn frames(&self) -> impl Iterator<Item = (&Frame, &[Record])> {
        let mut start = 0;
        self.frames.iter().map(move |(frame, end)| {
            let slots = &self.slots[start..*end];
            start = *end;
            (frame, slots)
        })
    }

    fn push(&mut self, frame: Frame, slots: &[Record]) {
        self.slots.extend_from_slice(slots);
        self.frames.push((frame, self.slots.len()));
    }
}

/// How a round of taking ended.
pub struct Taken {
    /// What came last.
    pub last: Last,
    /// Frames held already that were met again.
    pub recognised: usize,
    /// Whether there is likely more at once.
    pub full: bool,
}

/// The end of a round.
pub enum Last {
    /// What the source said.
    Arrival(Arrival),
    /// The owner's journal goes on differently from ours, with this frame.
    Another(Frame),
}

/// The own journal.
pub struct Keeper {
    folder: PathBuf,
    lock: Lock,
    disk: Arc<dyn Disk>,
    size_units: u32,
    writer: Option<Writer>,
    /// Every frame of the own journal; `matched` of them were seen in the present stream.
    held: Vec<Place>,
    matched: usize,
    promised: u64,
    /// The settlement of what is held, if one is wanted.
    pub settling: Option<Settling>,
}

/// What a keeper leaves to an owner.
pub struct Kept {
    /// The journal; none where no journal has begun.
    pub writer: Option<Writer>,
    /// The folder's lock.
    pub lock: Lock,
    /// The settlement so far.
    pub settling: Option<Settling>,
}

impl Keeper {
    /// Reads the own journal back and hands every frame to `each`; what recovery found, if there is a journal.
    pub fn open(
        folder: PathBuf,
        disk: Arc<dyn Disk>,
        size_units: u32,
        settling: Option<Settling>,
        mut each: impl FnMut(&Frame, &[Record]),
    ) -> Result<(Self, Option<Recovered>), Trouble> {
        std::fs::create_dir_all(&folder).map_err(about(&folder))?;
        let mut keeper = Self {
            lock: Lock::take(&folder)?,
            promised: promised(&folder)?,
            folder: folder.clone(),
            disk: disk.clone(),
            size_units,
            writer: None,
            held: Vec::new(),
            matched: 0,
            settling,
        };
        let found = recover(&folder, &*disk, |frame, raw, place| {
            keeper.held.push(place);
            keeper.fold(frame, raw);
            each(frame, raw);
            Ok(())
        })?;
        if let Some(found) = &found {
            keeper.writer = Some(Writer::resume(disk, &folder, found)?);
        }
        Ok((keeper, found))
    }

    /// Behind the last frame.
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

    /// Whether everything held was seen in the present stream too.
    pub fn in_step(&self) -> bool {
        self.matched == self.held.len()
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
        Ok(())
    }

    /// Gives up keeping.
    pub fn into_kept(self) -> Kept {
        Kept {
            writer: self.writer,
            lock: self.lock,
            settling: self.settling,
        }
    }

    /// The stream begins anew behind this place.
    pub fn stream_begins(&mut self, behind: &Cursor) {
        self.matched = match *behind == Cursor::default() {
            true => 0,
            false => self.held.len(),
        };
    }

    /// Takes what there is, up to a group, and returns when it is synced and acknowledged.
    pub fn take(
        &mut self,
        source: &mut impl Source,
        raw: &mut Vec<Record>,
        group: &mut Group,
        clean: bool,
    ) -> Result<Taken, Trouble> {
        let mut recognised = 0;
        let last = loop {
            match source.next(raw)? {
                Arrival::Frame(frame) if self.matched < self.held.len() => {
                    if self.held[self.matched].cursor.chain != frame.chain() {
                        break Last::Another(frame);
                    }
                    (self.matched, recognised) = (self.matched + 1, recognised + 1);
                }
                Arrival::Frame(frame) if self.is_below_promise(&frame) => {
                    let what = format!(
                        "epoch {} is promised: a frame of a lower one is refused",
                        self.promised
                    );
                    source.refuse(&what);
                    break Last::Arrival(Arrival::Fault(fault("epoch_below_promise", what)));
                }
                Arrival::Frame(frame) => {
                    self.append(source, &frame, raw)?;
                    group.push(frame, raw);
                }
                other => break Last::Arrival(other),
            }
            if group.slots.len() >= GROUP_SLOTS || recognised >= GROUP_SLOTS {
                break Last::Arrival(Arrival::Nothing);
            }
        };
        if let (Some(writer), false) = (&mut self.writer, group.is_empty()) {
            writer.sync()?;
            source.synced(&writer.cursor(), clean);
        }
        let full = group.slots.len() >= GROUP_SLOTS;
        Ok(Taken {
            last,
            recognised,
            full,
        })
    }

    /// Whether a promise forbids to take this frame.
    pub fn is_below_promise(&self, frame: &Frame) -> bool {
        u64::from(frame.epoch()) < self.promised
    }

    fn append(
        &mut self,
        source: &impl Source,
        frame: &Frame,
        raw: &[Record],
    ) -> Result<(), Trouble> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let unknown =
                    || Trouble::Refused("frames came before the header of the journal".into());
                let day = source.day().ok_or_else(unknown)?;
                let disk = self.disk.clone();
                none.insert(Writer::create(disk, &self.folder, day, self.size_units)?)
            }
        };
        writer.append(raw, frame)?;
        self.held.push(Place {
            cursor: writer.cursor(),
            segment: writer.segment().number,
            slot: writer.slot() - raw.len(),
        });
        self.matched = self.held.len();
        self.fold(frame, raw);
        Ok(())
    }

    fn fold(&mut self, frame: &Frame, raw: &[Record]) {
        if let (Some(settling), Frame::Block { void: false, .. }) = (&mut self.settling, frame) {
            settling.fold(&raw[..raw.len() - 1]);
        }
    }

    /// Cuts what an epoch that begins at `position` does not know of into side files; tells how many frames and which files.
    /// Nothing more can be taken after it.
    pub fn cut_tail(&mut self, position: u64) -> Result<(usize, Vec<PathBuf>), Trouble> {
        self.writer = None;
        let from = self.held[self.matched];
        let sides = cut_back(&self.folder, &*self.disk, from, position)?;
        Ok((self.held.len() - self.matched, sides))
    }
}

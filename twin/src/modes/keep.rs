//! The journal's side of following: take what the owner sends, append, sync, acknowledge.
//!
//! The own journal is the owner's, frame by frame and byte by byte in all but the segment headers; so its chain is the owner's
//! chain, and two copies are known to be equal up to a place by one hash. Invariants: nothing is acknowledged before it is
//! durable; no frame below a promised epoch is taken; a tail is cut only for an epoch that begins without it. Nothing here
//! knows the market: what is kept is worked on another thread.

use std::path::PathBuf;
use std::sync::Arc;

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

/// A frame that is durable, its slots, where it stands.
pub type Kept = (Frame, Vec<Record>, Place);

/// How a round of taking ended.
pub struct Taken {
    /// What came last.
    pub last: Last,
    /// Frames held already that were met again.
    pub recognised: usize,
    /// What was taken, durable and acknowledged.
    pub kept: Vec<Kept>,
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
}

impl Keeper {
    /// Reads the own journal back and hands every frame to `each`; what recovery found, if there is a journal.
    pub fn open(
        folder: PathBuf,
        disk: Arc<dyn Disk>,
        size_units: u32,
        mut each: impl FnMut(Kept) -> Result<(), Trouble>,
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
        };
        let found = recover(&folder, &*disk, |frame, raw, place| {
            keeper.held.push(place);
            each((*frame, raw.to_vec(), place))
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

    /// Gives up keeping: the journal, none where none has begun, and its folder's lock.
    pub fn into_parts(self) -> (Option<Writer>, Lock, PathBuf) {
        (self.writer, self.lock, self.folder)
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
        clean: bool,
    ) -> Result<Taken, Trouble> {
        let (mut kept, mut slots, mut recognised) = (Vec::new(), 0, 0);
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
                    source.refuse(&what, self.promised);
                    break Last::Arrival(Arrival::Fault(fault("epoch_below_promise", what)));
                }
                Arrival::Frame(frame) => {
                    kept.push(self.append(source, frame, raw)?);
                    slots += raw.len();
                }
                other => break Last::Arrival(other),
            }
            if slots >= GROUP_SLOTS || recognised >= GROUP_SLOTS {
                break Last::Arrival(Arrival::Nothing);
            }
        };
        if let (Some(writer), false) = (&mut self.writer, kept.is_empty()) {
            writer.sync()?;
            source.synced(&writer.cursor(), clean);
        } else if let (Last::Arrival(Arrival::Quiet), Some(place)) =
            (&last, self.held[..self.matched].last())
        {
            source.still(&place.cursor, clean);
        }
        Ok(Taken {
            last,
            recognised,
            kept,
        })
    }

    /// Whether a promise forbids to take this frame.
    pub fn is_below_promise(&self, frame: &Frame) -> bool {
        u64::from(frame.epoch()) < self.promised
    }

    fn append(
        &mut self,
        source: &impl Source,
        frame: Frame,
        raw: &[Record],
    ) -> Result<Kept, Trouble> {
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
        writer.append(raw, &frame)?;
        let place = Place {
            cursor: writer.cursor(),
            segment: writer.segment().number,
            slot: writer.slot() - raw.len(),
        };
        self.held.push(place);
        self.matched = self.held.len();
        Ok((frame, raw.to_vec(), place))
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

//! Reads a journal folder frame by frame, also while it grows.
//!
//! Every frame handed out has been checked (docs/format.md section 8). At the end of what is written `next` says `End` and may
//! be asked again; a frame that is bad stays bad only if it is bad on a fresh look, since a writer may be in the middle of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::bytes::{EMPTY, bytes_mut, kind};
use super::cursor::{Cursor, Fault, Frame, Head, delimit, fault};
use super::frame::{BLOCK, Block, EPOCH, Epoch, Segment, UNIT_BYTES};
use super::trouble::{Damage, Trouble, about};
use crate::records::{RECORD_BYTES, Record};

const SLOTS_A_READ_MIN: usize = 64;
const SLOTS_A_READ_MAX: usize = 16_384;

/// What a reader met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A good frame; its slots are in the caller's buffer.
    Frame(Frame),
    /// Nothing more at present.
    End,
}

/// A reader of one folder.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    file: File,
    segment: Segment,
    first: Segment,
    cursor: Cursor,
    /// Slot of the file that `window[used]` is.
    at: usize,
    window: Vec<Record>,
    used: usize,
    slots_a_read: usize,
}

/// The file of a segment.
pub fn segment_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.seg"))
}

impl Reader {
    /// Opens a folder at its beginning; `None` where no journal has begun.
    pub fn open(folder: &Path) -> Result<Option<Self>, Trouble> {
        no_segment_missing(folder)?;
        if !segment_path(folder, 1).exists() {
            return Ok(None);
        }
        let cursor = Cursor::default();
        let (file, segment) = open_segment(folder, 1, &cursor, None)?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            file,
            segment,
            first: segment,
            cursor,
            at: 1,
            window: Vec::new(),
            used: 0,
            slots_a_read: SLOTS_A_READ_MIN,
        }))
    }

    /// Goes forward to the beginning of the last segment that begins before a position, if the segment before it ends with a
    /// seal that says how it goes on; what lies between is not checked. Stays where it is otherwise.
    pub fn skip_towards(&mut self, position: u64) -> Result<(), Trouble> {
        let begins = |number| header(&self.folder, number).map(|(_, segment)| segment.position);
        let mut number = self.segment.number;
        while segment_path(&self.folder, number + 1).exists() && begins(number + 1)? < position {
            number += 1;
        }
        if number == self.segment.number {
            return Ok(());
        }
        let (file, before) = header(&self.folder, number - 1)?;
        let Some(cursor) = last_seal(&file, &before)
            .map_err(about(&segment_path(&self.folder, number - 1)))?
            .filter(|cursor| begins(number).is_ok_and(|begin| begin == cursor.position))
        else {
            return Ok(());
        };
        (self.file, self.segment) = open_segment(&self.folder, number, &cursor, Some(&self.first))?;
        (self.cursor, self.at) = (cursor, 1);
        self.forget();
        Ok(())
    }

    /// Where it stands.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The header of the first segment.
    pub fn first(&self) -> Segment {
        self.first
    }

    /// The header of the segment it reads.
    pub fn segment(&self) -> Segment {
        self.segment
    }

    /// The slot of the segment that comes next.
    pub fn slot(&self) -> usize {
        self.at
    }

    /// The next frame, its slots put into `raw`.
    pub fn next(&mut self, raw: &mut Vec<Record>) -> Result<Next, Trouble> {
        loop {
            let found = match self.look(raw) {
                // A slot seen empty or bad may have been written since: look again at the file itself.
                Ok(Next::End) | Err(_) if !self.window.is_empty() => {
                    self.forget();
                    self.look(raw)
                }
                found => found,
            };
            self.slots_a_read = match found {
                Ok(Next::Frame(_)) => (self.slots_a_read * 2).min(SLOTS_A_READ_MAX),
                _ => SLOTS_A_READ_MIN,
            };
            if found != Ok(Next::End) {
                return found;
            }
            self.forget();
            if !self.roll()? {
                return Ok(Next::End);
            }
        }
    }

    /// What stands from here to the end of the segment.
    pub fn rest(&self) -> Result<Vec<Record>, Trouble> {
        let mut slots = vec![EMPTY; self.segment.slots() - self.at];
        self.read(self.at, &mut slots)?;
        Ok(slots)
    }

    /// Whether a later segment exists.
    pub fn has_later(&self) -> bool {
        segment_path(&self.folder, self.segment.number + 1).exists()
    }

    /// Damage at the present place.
    pub fn damage(&self, fault: Fault) -> Trouble {
        Trouble::Damage(Damage {
            position: self.cursor.position,
            segment: self.segment.number,
            slot: self.at,
            fault,
        })
    }

    fn forget(&mut self) {
        self.window.clear();
        self.used = 0;
    }

    fn read(&self, slot: usize, into: &mut [Record]) -> Result<(), Trouble> {
        let offset_bytes = (slot * RECORD_BYTES) as u64;
        let path = segment_path(&self.folder, self.segment.number);
        self.file
            .read_exact_at(bytes_mut(into), offset_bytes)
            .map_err(about(&path))
    }

    /// Makes at least `want` slots from `at` on stand in the window, fewer at the segment's end.
    fn load(&mut self, want: usize) -> Result<(), Trouble> {
        let left = self.segment.slots() - self.at;
        let have = self.window.len() - self.used;
        if have >= want.min(left) {
            return Ok(());
        }
        self.window.drain(..self.used);
        self.used = 0;
        let want = want.max(self.slots_a_read).min(left);
        let mut window = std::mem::take(&mut self.window);
        window.resize(want, EMPTY);
        let read = self.read(self.at + have, &mut window[have..]);
        self.window = window;
        read
    }

    fn look(&mut self, raw: &mut Vec<Record>) -> Result<Next, Trouble> {
        let mut want = 1;
        let left = self.segment.slots() - self.at;
        let count = loop {
            if left == 0 {
                return Ok(Next::End);
            }
            self.load(want)?;
            let slots = &self.window[self.used..];
            match delimit(slots) {
                Head::Empty => return Ok(Next::End),
                Head::Frame(count) => break count,
                Head::Open if slots.len() < left => want = 2 * slots.len(),
                Head::Open => {
                    return Err(self.damage(fault("unfinished", "a block without an end")));
                }
                Head::Strange(i) => {
                    let what = format!("slot {} belongs to no block", self.at + i);
                    return Err(self.damage(fault("bad_kind", what)));
                }
            }
        };
        let slots = &self.window[self.used..self.used + count];
        let frame = self
            .cursor
            .check(slots)
            .map_err(|fault| self.damage(fault))?;
        raw.clear();
        raw.extend_from_slice(slots);
        self.cursor.pass(&frame);
        self.used += count;
        self.at += count;
        Ok(Next::Frame(frame))
    }

    /// Goes to the next segment if there is one; then this one must be over: zeros to its end.
    fn roll(&mut self) -> Result<bool, Trouble> {
        if !self.has_later() {
            return Ok(false);
        }
        let rest = self.rest()?;
        if let Some(i) = rest.iter().position(|slot| *slot != EMPTY) {
            // Written between the look and the next segment's coming: a frame, to be read first.
            if i == 0 && rest[0].0[16] != 0 {
                return Ok(true);
            }
            return Err(self.damage(fault(
                "bad_tail",
                "bytes behind the last block of an earlier segment",
            )));
        }
        let number = self.segment.number + 1;
        (self.file, self.segment) =
            open_segment(&self.folder, number, &self.cursor, Some(&self.first))?;
        self.at = 1;
        Ok(true)
    }
}

/// A journal's segments are numbered without a gap; one that is missing is damage, not an end.
fn no_segment_missing(folder: &Path) -> Result<(), Trouble> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let number = |name: String| {
        name.strip_suffix(".seg")
            .and_then(|stem| stem.parse::<u32>().ok())
    };
    let mut numbers: Vec<u32> = names.filter_map(number).collect();
    numbers.sort_unstable();
    let missing = (1..)
        .zip(&numbers)
        .find(|(expected, number)| expected != *number);
    missing.map_or(Ok(()), |(segment, _)| {
        let fault = fault("missing_segment", "a segment is not there, a later one is");
        Err(Trouble::Damage(Damage {
            position: 0,
            segment,
            slot: 0,
            fault,
        }))
    })
}

fn bad_header(number: u32, position: u64, what: &str) -> Trouble {
    Trouble::Damage(Damage {
        position,
        segment: number,
        slot: 0,
        fault: fault("bad_header", what),
    })
}

/// The file of a segment and what its header says.
fn header(folder: &Path, number: u32) -> Result<(File, Segment), Trouble> {
    let path = segment_path(folder, number);
    let bad = |what| bad_header(number, 0, what);
    let file = File::open(&path).map_err(about(&path))?;
    let mut head = [EMPTY];
    if file.read_exact_at(bytes_mut(&mut head), 0).is_err() {
        return Err(bad("the file is shorter than a header"));
    }
    let segment = Segment::read(&head[0]).ok_or_else(|| bad("the SEGMENT record is not whole"))?;
    let size_bytes = file.metadata().map_err(about(&path))?.len();
    if segment.size_units == 0 || size_bytes != u64::from(segment.size_units) * UNIT_BYTES {
        return Err(bad("the file is not as large as its header says"));
    }
    Ok((file, segment))
}

fn open_segment(
    folder: &Path,
    number: u32,
    cursor: &Cursor,
    first: Option<&Segment>,
) -> Result<(File, Segment), Trouble> {
    let (file, segment) = header(folder, number)?;
    let bad = |what| bad_header(number, cursor.position, what);
    if segment.number != number || segment.position != cursor.position {
        return Err(bad("number or position do not follow"));
    }
    if first.is_some_and(|first| !first.same_day(&segment)) {
        return Err(bad("it is of another day, partition or configuration"));
    }
    Ok((file, segment))
}

/// The place behind the last frame of a segment that is over, as its seal says; `None` if its last slot is no seal.
fn last_seal(file: &File, segment: &Segment) -> io::Result<Option<Cursor>> {
    let slot = |at: usize| {
        let mut slot = [EMPTY];
        file.read_exact_at(bytes_mut(&mut slot), (at * RECORD_BYTES) as u64)?;
        io::Result::Ok(slot[0])
    };
    // The last slot that is not empty: a segment is written from its beginning, and is zeros behind that.
    let (mut last, mut empty) = (0, segment.slots());
    while empty - last > 1 {
        let middle = usize::midpoint(last, empty);
        match slot(middle)? {
            EMPTY => empty = middle,
            _ => last = middle,
        }
    }
    let end = slot(last)?;
    let block = |block: Block| Cursor {
        position: block.position,
        epoch: block.epoch,
        chain: block.chain,
    };
    let epoch = |epoch: Epoch| Cursor {
        position: epoch.position,
        epoch: epoch.epoch,
        chain: epoch.chain,
    };
    Ok(match kind(&end) {
        BLOCK => Block::read(&end).map(block),
        EPOCH => Epoch::read(&end).map(epoch),
        _ => None,
    })
}

//! Brings a journal of one's own back: reads it to the last good block, cuts a torn tail, stops at damage.

use std::path::{Path, PathBuf};

use super::bytes::{EMPTY, bytes};
use super::cursor::{Cursor, Frame, fault, good_behind};
use super::disk::Disk;
use super::frame::Segment;
use super::reader::{Next, Reader, segment_path};
use super::trouble::{Trouble, about};
use crate::records::{RECORD_BYTES, Record};

/// A journal that may be written on.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Behind the last good frame.
    pub cursor: Cursor,
    /// The last segment's header.
    pub segment: Segment,
    /// The slot that is written next.
    pub slot: usize,
    /// The side file that took a torn tail.
    pub cut: Option<PathBuf>,
}

/// Where a frame of one's own journal stands, and the chain behind it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Behind the frame.
    pub cursor: Cursor,
    /// The segment's number and the frame's first slot.
    pub segment: u32,
    /// The first slot of the frame.
    pub slot: usize,
}

/// Reads the folder, handing every frame to `each`; `None` where no journal has begun.
pub fn recover(
    folder: &Path,
    disk: &dyn Disk,
    mut each: impl FnMut(&Frame, &[Record], Place) -> Result<(), Trouble>,
) -> Result<Option<Recovered>, Trouble> {
    let Some(mut reader) = Reader::open(folder)? else {
        return Ok(None);
    };
    let mut raw = Vec::new();
    let bad = loop {
        match reader.next(&mut raw) {
            Ok(Next::Frame(frame)) => {
                let (cursor, segment) = (reader.cursor(), reader.segment().number);
                each(
                    &frame,
                    &raw,
                    Place {
                        cursor,
                        segment,
                        slot: reader.slot() - raw.len(),
                    },
                )?;
            }
            Ok(Next::End) => break None,
            Err(trouble) => break Some(trouble),
        }
    };
    // A bad header or anything bad in an earlier segment is damage; `has_later` is false for the last one only.
    if let Some(trouble) = bad
        && (reader.has_later() || !matches!(trouble, Trouble::Damage(_)))
    {
        return Err(trouble);
    }
    let cut = cut_tail(&reader, folder, disk)?;
    let (cursor, segment, slot) = (reader.cursor(), reader.segment(), reader.slot());
    Ok(Some(Recovered {
        cursor,
        segment,
        slot,
        cut,
    }))
}

/// What follows the last good frame of the last segment goes into a side file and is zeroed, unless something good is behind it.
fn cut_tail(reader: &Reader, folder: &Path, disk: &dyn Disk) -> Result<Option<PathBuf>, Trouble> {
    let mut tail = reader.rest()?;
    while tail.last().is_some_and(|slot| *slot == EMPTY) {
        tail.pop();
    }
    if tail.is_empty() {
        return Ok(None);
    }
    if let Some(i) = good_behind(&tail) {
        let what = format!("bad, and good again at slot {}", reader.slot() + i);
        return Err(reader.damage(fault("bad_inside", what)));
    }
    let (position, segment) = (reader.cursor().position, reader.segment().number);
    let side = keep_aside(folder, disk, position, segment, &tail)?;
    zero(folder, disk, segment, reader.slot(), tail.len())?;
    Ok(Some(side))
}

/// Keeps records in `cut-POSITION-SEGMENT-N.bin`, durable when it returns.
fn keep_aside(
    folder: &Path,
    disk: &dyn Disk,
    position: u64,
    segment: u32,
    records: &[Record],
) -> Result<PathBuf, Trouble> {
    let name = |n: u32| folder.join(format!("cut-{position}-{segment}-{n}.bin"));
    let free = (1..).find(|&n| !name(n).exists()).unwrap_or(u32::MAX);
    let path = name(free);
    let write = || {
        let mut file = disk.create(&path)?;
        file.write_at(bytes(records), 0)?;
        file.sync()?;
        disk.sync_folder(folder)
    };
    write().map_err(about(&path))?;
    Ok(path)
}

fn zero(
    folder: &Path,
    disk: &dyn Disk,
    segment: u32,
    slot: usize,
    count: usize,
) -> Result<(), Trouble> {
    let path = segment_path(folder, segment);
    let write = || {
        let mut file = disk.open(&path)?;
        file.write_at(&vec![0; count * RECORD_BYTES], (slot * RECORD_BYTES) as u64)?;
        file.sync()
    };
    write().map_err(about(&path))
}

/// Takes everything from this place on out of a journal and into side files (protocol rule 8: the tail of a core whose owner
/// began an epoch without it). Later segments go first and from the last, so that a crash in between leaves a shorter, whole
/// journal. Returns the side files.
pub fn cut_back(
    folder: &Path,
    disk: &dyn Disk,
    from: Place,
    position: u64,
) -> Result<Vec<PathBuf>, Trouble> {
    let mut last = from.segment;
    while segment_path(folder, last + 1).exists() {
        last += 1;
    }
    let mut sides = Vec::new();
    for number in (from.segment..=last).rev() {
        let path = segment_path(folder, number);
        let whole = std::fs::read(&path).map_err(about(&path))?;
        let first = if number == from.segment { from.slot } else { 0 };
        let end = whole
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |i| i / RECORD_BYTES + 1);
        if end > first {
            let mut records = vec![EMPTY; end - first];
            super::bytes::bytes_mut(&mut records)
                .copy_from_slice(&whole[first * RECORD_BYTES..end * RECORD_BYTES]);
            sides.push(keep_aside(folder, disk, position, number, &records)?);
        }
        if number > from.segment {
            disk.remove(&path)
                .and_then(|()| disk.sync_folder(folder))
                .map_err(about(&path))?;
        } else if end > first {
            zero(folder, disk, number, first, end - first)?;
        }
    }
    Ok(sides)
}

//! Where a position stands in the own journal, and reading it back from there.
//!
//! Sixteen bytes a block. What is read comes in windows of 64 KiB, of which the latest used are kept (4 MiB): members that come
//! back after a switch all want the same few.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::journal::bytes::bytes_mut;
use crate::journal::reader::segment_path;
use crate::journal::trouble::{Trouble, about};
use crate::records::{RECORD_BYTES, Record};

const WINDOW_SLOTS: usize = 1024;
const WINDOWS: usize = 64;

/// Gives back a record of the journal by its position.
pub trait ReadBack: Send {
    /// The record at a position that is in the journal.
    fn read(&mut self, position: u64) -> Result<Record, Trouble>;
    /// A block was appended.
    fn appended(&mut self, block: Place);
}

/// Where a block stands: its last position, its segment, the slot of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Place {
    pub last: u64,
    pub segment: u32,
    pub slot: u32,
}

/// The blocks of a journal in order.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Last position, segment, first slot.
    blocks: Vec<(u64, u32, u32)>,
}

impl Places {
    /// The next block.
    pub fn push(&mut self, block: Place) {
        self.blocks.push((block.last, block.segment, block.slot));
    }

    /// Segment and slot of a position.
    pub fn find(&self, position: u64) -> Option<(u32, u32)> {
        let at = self.blocks.partition_point(|block| block.0 < position);
        let first = at
            .checked_sub(1)
            .map_or(1, |before| self.blocks[before].0 + 1);
        let (_, segment, slot) = *self.blocks.get(at)?;
        Some((segment, slot + position.checked_sub(first)? as u32))
    }
}

struct Window {
    slots: Vec<Record>,
    used: u64,
}

/// A journal's folder, read by position.
pub struct Journal {
    folder: PathBuf,
    places: Places,
    files: HashMap<u32, File>,
    windows: HashMap<(u32, u32), Window>,
    used: u64,
}

impl Journal {
    /// The journal in this folder, whose blocks so far stand there.
    pub fn new(folder: &Path, places: Places) -> Self {
        Self {
            folder: folder.to_owned(),
            places,
            files: HashMap::new(),
            windows: HashMap::new(),
            used: 0,
        }
    }

    /// Reads a window; a slot that was empty when it was read may have been written since, so it is read again.
    fn load(&mut self, segment: u32, window: u32) -> Result<(), Trouble> {
        let path = segment_path(&self.folder, segment);
        let file = match self.files.entry(segment) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(File::open(&path).map_err(about(&path))?)
            }
        };
        // A segment is a whole number of 64 KiB, so a window never ends beyond it.
        let mut slots = vec![Record::ZERO; WINDOW_SLOTS];
        let offset_bytes = u64::from(window) * (WINDOW_SLOTS * RECORD_BYTES) as u64;
        file.read_exact_at(bytes_mut(&mut slots), offset_bytes)
            .map_err(about(&path))?;
        if self.windows.len() >= WINDOWS {
            let oldest = self.windows.iter().min_by_key(|(_, window)| window.used);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| self.windows.remove(&key));
        }
        let used = self.used;
        self.windows
            .insert((segment, window), Window { slots, used });
        Ok(())
    }
}

impl ReadBack for Journal {
    fn read(&mut self, position: u64) -> Result<Record, Trouble> {
        let wrong = || {
            Trouble::System(format!(
                "position {position} does not stand where it should"
            ))
        };
        let (segment, slot) = self.places.find(position).ok_or_else(wrong)?;
        let key = (segment, slot / WINDOW_SLOTS as u32);
        let inside = slot as usize % WINDOW_SLOTS;
        self.used += 1;
        for fresh in [false, true] {
            if fresh {
                self.load(key.0, key.1)?;
            }
            if let Some(window) = self.windows.get_mut(&key) {
                window.used = self.used;
                let record = window.slots[inside];
                if record.position() == position && record.kind() != 0 {
                    return Ok(record);
                }
            }
        }
        Err(wrong())
    }

    fn appended(&mut self, block: Place) {
        self.places.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_found_in_its_block_and_none_beyond() {
        let mut places = Places::default();
        let mut expected = vec![];
        for (count, segment, slot) in [(3u32, 1, 2), (1, 1, 6), (5, 2, 1)] {
            let first = expected.len() as u64 + 1;
            expected.extend((0..count).map(|i| (segment, slot + i)));
            let last = first + u64::from(count) - 1;
            places.push(Place {
                last,
                segment,
                slot,
            });
        }
        for (position, place) in (1..).zip(&expected) {
            assert_eq!(places.find(position).as_ref(), Some(place));
        }
        assert_eq!(places.find(expected.len() as u64 + 1), None);
        assert_eq!(places.find(0), None);
    }
}

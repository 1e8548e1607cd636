//! Where a follower gets the owner's frames from: a folder on the same machine, or a line to the owner.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::journal::cursor::{Cursor, Fault, Frame};
use crate::journal::frame::Segment;
use crate::journal::reader::{Next, Reader};
use crate::journal::trouble::Trouble;
use crate::records::Record;

/// What a source has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A frame, checked; its slots are in the caller's buffer.
    Frame(Frame),
    /// Nothing more at present; the owner is there.
    Nothing,
    /// Nothing more, the owner says so, and wants to hear that we are there.
    Quiet,
    /// Nothing, and no sign of the owner.
    Silence,
    /// What comes next cannot be taken.
    Fault(Fault),
    /// The stream begins (again): what comes next follows this place, which is one we hold or the very beginning.
    Behind(Cursor),
}

/// A stream of frames.
pub trait Source {
    /// The next frame, its slots put into `raw`.
    fn next(&mut self, raw: &mut Vec<Record>) -> Result<Arrival, Trouble>;
    /// The header of the owner's journal, once known.
    fn day(&self) -> Option<Segment>;
    /// The owner's last position, where it tells it.
    fn owner_position(&self) -> Option<u64>;
    /// All up to here is durable with us.
    fn synced(&mut self, held: &Cursor, clean: bool);
    /// Nothing new is: what we have of the owner's journal is durable up to here, the comparison stands so.
    fn still(&mut self, held: &Cursor, clean: bool);
    /// What came will not be taken; the stream is to begin again. `promised` is the epoch that was promised, if that is why, else 0.
    fn refuse(&mut self, why: &str, promised: u64);
    /// How long to rest when there is nothing; nothing for a source that waits by itself.
    fn rest(&self) -> Duration;
    /// How long something bad may stay bad before it is called so: a writer may be in the middle of it.
    fn patience(&self) -> Duration;
}

/// A folder that the owner writes on this machine.
pub struct FolderSource {
    folder: PathBuf,
    reader: Option<Reader>,
}

impl FolderSource {
    /// Follows from the beginning of the folder: what is held already is recognised by its chain.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            reader: None,
        }
    }
}

impl Source for FolderSource {
    fn next(&mut self, raw: &mut Vec<Record>) -> Result<Arrival, Trouble> {
        if self.reader.is_none() {
            match Reader::open(&self.folder) {
                Ok(Some(reader)) => {
                    self.reader = Some(reader);
                    return Ok(Arrival::Behind(Cursor::default()));
                }
                Ok(None) => return Ok(Arrival::Silence),
                Err(Trouble::Damage(damage)) => return Ok(Arrival::Fault(damage.fault)),
                Err(trouble) => return Err(trouble),
            }
        }
        let Some(reader) = &mut self.reader else {
            return Ok(Arrival::Silence);
        };
        match reader.next(raw) {
            Ok(Next::Frame(frame)) => Ok(Arrival::Frame(frame)),
            Ok(Next::End) => Ok(Arrival::Silence),
            Err(Trouble::Damage(damage)) => Ok(Arrival::Fault(damage.fault)),
            Err(trouble) => Err(trouble),
        }
    }

    fn day(&self) -> Option<Segment> {
        self.reader.as_ref().map(Reader::segment)
    }

    fn owner_position(&self) -> Option<u64> {
        None
    }

    fn synced(&mut self, _held: &Cursor, _clean: bool) {}

    fn still(&mut self, _held: &Cursor, _clean: bool) {}

    fn refuse(&mut self, _why: &str, _promised: u64) {
        self.reader = None;
    }

    fn rest(&self) -> Duration {
        Duration::from_micros(200)
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(200)
    }
}

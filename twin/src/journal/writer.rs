//! Appends to a journal: blocks into segments written full of zeros ahead of time.
//!
//! The first write, sync or rename that fails is final: every later call answers with the same sentence, and nothing more is
//! acknowledged (protocol section 1). The next segment is prepared by a thread of its own while this one fills.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::bytes::bytes;
use super::cursor::{Cursor, Frame};
use super::disk::{Disk, DiskFile};
use super::frame::{Block, Epoch, Segment, UNIT_BYTES};
use super::reader::segment_path;
use super::recovery::Recovered;
use super::trouble::Trouble;
use crate::records::{RECORD_BYTES, Record};

/// 64 MiB, the default of docs/format.md.
pub const SIZE_UNITS: u32 = 1024;

type Prepared = io::Result<Box<dyn DiskFile>>;

/// A journal open for appending.
pub struct Writer {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    file: Box<dyn DiskFile>,
    segment: Segment,
    slot: usize,
    cursor: Cursor,
    next: Option<JoinHandle<Prepared>>,
    failed: Option<String>,
}

impl Writer {
    /// Begins a journal in a folder that has none. Of `day` its number, position and size are set here.
    pub fn create(
        disk: Arc<dyn Disk>,
        folder: &Path,
        day: Segment,
        size_units: u32,
    ) -> Result<Self, Trouble> {
        let fail = |error: io::Error| Trouble::System(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(fail)?;
        let segment = Segment {
            number: 1,
            position: 0,
            size_units,
            ..day
        };
        let file = prepare(&*disk, folder, 1, size_units).map_err(fail)?;
        let file = name_segment(&*disk, folder, file, &segment).map_err(fail)?;
        Ok(Self::at(disk, folder, file, segment, 1, Cursor::default()))
    }

    /// Goes on where recovery ended.
    pub fn resume(disk: Arc<dyn Disk>, folder: &Path, found: &Recovered) -> Result<Self, Trouble> {
        let path = segment_path(folder, found.segment.number);
        let file = disk.open(&path).map_err(super::trouble::about(&path))?;
        Ok(Self::at(
            disk,
            folder,
            file,
            found.segment,
            found.slot,
            found.cursor,
        ))
    }

    fn at(
        disk: Arc<dyn Disk>,
        folder: &Path,
        file: Box<dyn DiskFile>,
        segment: Segment,
        slot: usize,
        cursor: Cursor,
    ) -> Self {
        let folder = folder.to_owned();
        let mut writer = Self {
            disk,
            folder,
            file,
            segment,
            slot,
            cursor,
            next: None,
            failed: None,
        };
        writer.prepare_next();
        writer
    }

    /// Behind the last frame appended.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The present segment's header.
    pub fn segment(&self) -> Segment {
        self.segment
    }

    /// The slot written next.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Seals `records` into a block of the present epoch and appends it; its BLOCK record is pushed behind them.
    pub fn append_block(
        &mut self,
        records: &mut Vec<Record>,
        digest: u64,
    ) -> Result<Block, Trouble> {
        let block = Block::seal(records, digest, self.cursor.epoch, &self.cursor.chain);
        records.push(block.record());
        self.append(records, &Frame::Block { block, void: false })?;
        Ok(block)
    }

    /// Begins an epoch: appends its EPOCH record at the present position.
    pub fn append_epoch(&mut self, epoch: Epoch) -> Result<Epoch, Trouble> {
        let epoch = Epoch {
            position: self.cursor.position,
            ..epoch
        }
        .sealed(&self.cursor.chain);
        self.append(&[epoch.record()], &Frame::Epoch { epoch, void: false })?;
        Ok(epoch)
    }

    /// Appends a frame as another wrote it. The caller has checked that it may follow.
    pub fn append(&mut self, raw: &[Record], frame: &Frame) -> Result<(), Trouble> {
        self.alive()?;
        let done = self.write(raw);
        self.done(done)?;
        self.slot += raw.len();
        self.cursor.pass(frame);
        Ok(())
    }

    /// Returns when everything appended is durable.
    pub fn sync(&mut self) -> Result<(), Trouble> {
        self.alive()?;
        let done = self.file.sync();
        self.done(done)
    }

    fn alive(&self) -> Result<(), Trouble> {
        self.failed
            .as_ref()
            .map_or(Ok(()), |what| Err(Trouble::System(what.clone())))
    }

    fn done(&mut self, result: io::Result<()>) -> Result<(), Trouble> {
        result.map_err(|error| {
            let path = segment_path(&self.folder, self.segment.number);
            let what = format!(
                "{}: {error}; behind position {}",
                path.display(),
                self.cursor.position
            );
            self.failed = Some(what.clone());
            Trouble::System(what)
        })
    }

    fn write(&mut self, raw: &[Record]) -> io::Result<()> {
        if raw.len() >= self.segment.slots() {
            let what = format!("a block of {} slots is larger than a segment", raw.len());
            return Err(io::Error::other(what));
        }
        if self.slot + raw.len() > self.segment.slots() {
            self.roll()?;
        }
        self.file
            .write_at(bytes(raw), (self.slot * RECORD_BYTES) as u64)
    }

    /// Closes the present segment, durable, and gives the next one its name.
    fn roll(&mut self) -> io::Result<()> {
        self.file.sync()?;
        let number = self.segment.number + 1;
        let prepared = self.next.take().map(JoinHandle::join);
        let file = match prepared {
            Some(result) => {
                result.map_err(|_| io::Error::other("the preparing thread panicked"))??
            }
            None => prepare(&*self.disk, &self.folder, number, self.segment.size_units)?,
        };
        let segment = Segment {
            number,
            position: self.cursor.position,
            ..self.segment
        };
        self.file = name_segment(&*self.disk, &self.folder, file, &segment)?;
        (self.segment, self.slot) = (segment, 1);
        self.prepare_next();
        Ok(())
    }

    fn prepare_next(&mut self) {
        let (disk, folder) = (self.disk.clone(), self.folder.clone());
        let (number, size_units) = (self.segment.number + 1, self.segment.size_units);
        let work = move || prepare(&*disk, &folder, number, size_units);
        // Without a thread the next segment is prepared when it is needed.
        self.next = std::thread::Builder::new()
            .name("prepare".into())
            .spawn(work)
            .ok();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // So that no thread of a closed journal still writes in its folder.
        if let Some(preparing) = self.next.take() {
            let _ = preparing.join();
        }
    }
}

fn unfinished_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.seg.tmp"))
}

/// A file of zeros, durable, not yet part of the journal.
fn prepare(disk: &dyn Disk, folder: &Path, number: u32, size_units: u32) -> Prepared {
    let mut file = disk.create(&unfinished_path(folder, number))?;
    let zeros = vec![0; UNIT_BYTES as usize];
    for unit in 0..u64::from(size_units) {
        file.write_at(&zeros, unit * UNIT_BYTES)?;
    }
    file.sync()?;
    Ok(file)
}

/// Writes the header, makes it durable, then gives the file its name.
fn name_segment(
    disk: &dyn Disk,
    folder: &Path,
    mut file: Box<dyn DiskFile>,
    segment: &Segment,
) -> io::Result<Box<dyn DiskFile>> {
    file.write_at(&segment.record().0, 0)?;
    file.sync()?;
    disk.rename(
        &unfinished_path(folder, segment.number),
        &segment_path(folder, segment.number),
    )?;
    disk.sync_folder(folder)?;
    Ok(file)
}

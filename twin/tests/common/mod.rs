//! What several test files share: folders that vanish, journals to break, a disk that fails on purpose.
#![allow(dead_code)] // every test file uses a part of it

pub mod hall;
pub mod house;
pub mod market;
pub mod process;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use evermarket_twin::journal::bytes::{EMPTY, put};
use evermarket_twin::journal::disk::{Disk, DiskFile, SystemDisk};
use evermarket_twin::journal::frame::{Epoch, Segment};
use evermarket_twin::journal::writer::Writer;
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::records::Record;

/// A folder that is gone when the test is over.
pub struct Folder(pub PathBuf);

static FOLDERS: AtomicU64 = AtomicU64::new(0);

impl Folder {
    pub fn new(name: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let unique = format!("evermarket-twin-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A copy of `from` under this folder.
    pub fn copy_of(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.0.join(name);
        let _ = std::fs::remove_dir_all(&to);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        to
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The day all test journals are of.
pub fn day() -> Segment {
    Segment {
        trading_day: 20_260_105,
        partition: 1,
        config: 7,
        seed: 9,
        ..Segment::default()
    }
}

/// A command of a kind with numbers in it.
pub fn command(kind: u8, id: u64, time: i64) -> Record {
    let mut record = EMPTY;
    record.0[16] = kind;
    put(&mut record, 8, &time.to_le_bytes());
    put(&mut record, 18, &1u16.to_le_bytes());
    put(&mut record, 24, &id.to_le_bytes());
    put(
        &mut record,
        32,
        &(400_000 + (id as i64 * 37) % 5_000).to_le_bytes(),
    );
    put(&mut record, 40, &(1_000 + id as u32 % 9_000).to_le_bytes());
    record
}

/// The i-th batch of a made-up day: orders, cancels, now and then a phase.
pub fn batch(i: u64) -> Vec<Record> {
    let first = i * 10;
    let kinds = [1, 1, 4, 1, if i % 5 == 4 { 16 } else { 1 }];
    let many = 1 + (i * 7 % 5) as usize;
    let at = |k: usize| {
        command(
            kinds[k],
            first + k as u64 + 1,
            (first + k as u64 + 1) as i64,
        )
    };
    (0..many.max(if i % 5 == 4 { 5 } else { 1 }))
        .map(at)
        .collect()
}

/// A primary of toys: it works batches and appends their blocks.
pub struct Primary {
    pub core: Toy,
    pub writer: Writer,
    pub batches: u64,
}

impl Primary {
    pub fn begin(disk: Arc<dyn Disk>, folder: &Path) -> Result<Self, String> {
        let mut writer = Writer::create(disk, folder, day(), 1).map_err(|e| e.to_string())?;
        let epoch = Epoch {
            make: 1,
            epoch: 1,
            owner: 1,
            trading_day: 20_260_105,
            ..Epoch::default()
        };
        writer.append_epoch(epoch).map_err(|e| e.to_string())?;
        writer.sync().map_err(|e| e.to_string())?;
        Ok(Self {
            core: Toy::new(),
            writer,
            batches: 0,
        })
    }

    /// One more block, synced; its records and BLOCK record.
    pub fn step(&mut self) -> Result<Vec<Record>, String> {
        self.step_of(1)
    }

    /// One more block of so many batches.
    pub fn step_of(&mut self, batches: u64) -> Result<Vec<Record>, String> {
        let mut records = Vec::new();
        for _ in 0..batches {
            self.core.run(&batch(self.batches), &mut records)?;
            self.batches += 1;
        }
        let appended = self.writer.append_block(&mut records, self.core.digest());
        appended
            .and_then(|_| self.writer.sync())
            .map_err(|error| error.to_string())?;
        Ok(records)
    }
}

/// A journal of `blocks` blocks in segments of 64 KiB.
pub fn journal(folder: &Path, blocks: usize) -> Primary {
    let mut primary = Primary::begin(Arc::new(SystemDisk), folder).unwrap();
    for _ in 0..blocks {
        primary.step().unwrap();
    }
    primary
}

/// A disk whose n-th call fails, once: what is asked later succeeds again, as a careless system would have it.
pub struct FailingDisk {
    left: Arc<AtomicU64>,
}

impl FailingDisk {
    /// Fails the `n`-th call, from 1.
    pub fn new(n: u64) -> Self {
        Self {
            left: Arc::new(AtomicU64::new(n)),
        }
    }

    pub fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

fn count(left: &AtomicU64) -> io::Result<()> {
    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    if before == Ok(1) {
        Err(io::Error::other("planted"))
    } else {
        Ok(())
    }
}

struct FailingFile {
    file: Box<dyn DiskFile>,
    left: Arc<AtomicU64>,
}

impl DiskFile for FailingFile {
    fn write_at(&mut self, bytes: &[u8], offset_bytes: u64) -> io::Result<()> {
        count(&self.left).inspect_err(|_| {
            let _ = self.file.write_at(&bytes[..bytes.len() / 2], offset_bytes);
        })?;
        self.file.write_at(bytes, offset_bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        count(&self.left)?;
        self.file.sync()
    }
}

impl Disk for FailingDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        count(&self.left)?;
        Ok(Box::new(FailingFile {
            file: QuickDisk.create(path)?,
            left: self.left.clone(),
        }))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        count(&self.left)?;
        Ok(Box::new(FailingFile {
            file: QuickDisk.open(path)?,
            left: self.left.clone(),
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        count(&self.left)?;
        QuickDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        count(&self.left)?;
        QuickDisk.remove(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        count(&self.left)?;
        QuickDisk.sync_folder(path)
    }
}

/// The system's files without waiting for the platter: for tests of thousands of recoveries.
pub struct QuickDisk;

struct QuickFile(Box<dyn DiskFile>);

impl DiskFile for QuickFile {
    fn write_at(&mut self, bytes: &[u8], offset_bytes: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset_bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for QuickDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(QuickFile(SystemDisk.create(path)?)))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(QuickFile(SystemDisk.open(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

//! What the journal wants of a disk, so that a test can make the n-th call fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file open for writing.
pub trait DiskFile: Send {
    /// Writes all bytes at this offset.
    fn write_at(&mut self, bytes: &[u8], offset_bytes: u64) -> io::Result<()>;
    /// Returns when everything written is durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Files and folders.
pub trait Disk: Send + Sync {
    /// A new empty file; what stood under the name is gone.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// A file that exists.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file its name, replacing another.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the folder's names are durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl DiskFile for File {
    fn write_at(&mut self, bytes: &[u8], offset_bytes: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset_bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Disk for SystemDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::create(path)?))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().write(true).open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Writes a small file so that its name always stands for the whole of it.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = Path::new(&unfinished);
    let mut file = disk.create(unfinished)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(unfinished, path)?;
    disk.sync_folder(path.parent().unwrap_or(Path::new(".")))
}

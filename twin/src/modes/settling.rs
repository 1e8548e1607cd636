//! Settlement while the market runs: the official stream is folded as it comes, and at the end of the day the two files of
//! `docs/settlement-stream.md` are written.
//!
//! The day is over when at least one book has closed and every group of books that ever had a phase stands at CLOSED or ENDED.
//! A stream that does not fit (a trade without its orders) ends the settlement: no file at all is better than a wrong one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::json::Object;
use crate::journal::bytes::{hex, kind, position, u16_at};
use crate::journal::cursor::{Fault, fault};
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::sha256::Sha256;
use crate::journal::trouble::{Trouble, about};
use crate::records::Record;
use crate::settlement::rates::Rates;
use crate::settlement::{Settlement, Totals};

const PHASE_CHANGED: u8 = 80;
const CLOSED: u8 = 90;
/// Labels of phases in which a day has not begun or is over.
const SHUT: [u16; 2] = [1, 17];
const GROUP_AT: usize = 48;

/// The names of the two files.
pub const POSITIONS: &str = "positions.csv";
/// The totals, which name the positions' checksum.
pub const TOTALS: &str = "totals.csv";

/// A settlement, and the folder it is written to.
pub struct Settling {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    day: Settlement,
    /// Whether each group of books is shut.
    shut: BTreeMap<u16, bool>,
    closed: bool,
    position: u64,
    written: Option<(Totals, String)>,
    broken: Option<(u64, Fault)>,
    told: bool,
}

impl Settling {
    /// An empty day, to be written into this folder.
    pub fn new(folder: &Path, disk: Arc<dyn Disk>) -> Self {
        Self {
            folder: folder.to_owned(),
            disk,
            day: Settlement::new(Rates::default()),
            shut: BTreeMap::new(),
            closed: false,
            position: 0,
            written: None,
            broken: None,
            told: false,
        }
    }

    /// Takes the next records of the official stream.
    pub fn fold(&mut self, records: &[Record]) {
        if self.broken.is_some() {
            return;
        }
        for record in records {
            match kind(record) {
                CLOSED => self.closed = true,
                PHASE_CHANGED => {
                    let shut = SHUT.contains(&u16_at(record, 20));
                    self.shut.insert(u16_at(record, GROUP_AT), shut);
                }
                _ => {
                    if let Err(error) = self.day.take(record) {
                        self.broken =
                            Some((position(record), fault("unsettled", error.to_string())));
                        return;
                    }
                }
            }
        }
        self.position = records
            .iter()
            .map(position)
            .next_back()
            .unwrap_or(self.position);
    }

    /// What ended the settlement and has not been told yet, with its position.
    pub fn news(&mut self) -> Option<(u64, Fault)> {
        let news = self.broken.clone().filter(|_| !self.told);
        self.told |= news.is_some();
        news
    }

    /// Whether the market's day is over and its files are not written yet.
    pub fn is_due(&self) -> bool {
        // Group 0 is a phase of one instrument: it passes with the group's.
        let over = self.shut.iter().all(|(group, shut)| *shut || *group == 0);
        self.closed && over && self.written.is_none() && self.broken.is_none()
    }

    /// Whether trades came or were taken back since the files were written, or they were never written.
    pub fn is_stale(&self) -> bool {
        self.written.as_ref().map(|(totals, _)| totals) != Some(self.day.totals())
    }

    /// Whether files were written that lack something since.
    pub fn is_late(&self) -> bool {
        self.written.is_some() && self.is_stale() && self.broken.is_none()
    }

    /// Writes both files, each so that its name always stands for the whole of it: the positions, then the totals.
    pub fn write(&mut self) -> Result<(), Trouble> {
        if let Some((position, fault)) = &self.broken {
            let what = format!("not settled from position {position} on: {}", fault.what);
            return Err(Trouble::Refused(what));
        }
        std::fs::create_dir_all(&self.folder).map_err(about(&self.folder))?;
        let sha256 = self.replace(POSITIONS, |day, paper| day.write_positions(paper))?;
        self.replace(TOTALS, |day, paper| day.write_totals(paper, &sha256))?;
        self.written = Some((*self.day.totals(), sha256));
        Ok(())
    }

    /// The same where nobody waits for an answer: a failure ends the settlement and is told as news.
    pub fn write_or_break(&mut self) {
        if let Err(trouble) = self.write() {
            let why = (self.position, fault("unsettled", trouble.to_string()));
            self.broken.get_or_insert(why);
        }
    }

    fn replace(
        &self,
        name: &str,
        write: impl Fn(&Settlement, &mut Paper) -> io::Result<()>,
    ) -> Result<String, Trouble> {
        let path = self.folder.join(name);
        let unfinished = path.with_extension("tmp");
        let whole = || {
            let mut paper = Paper {
                file: self.disk.create(&unfinished)?,
                offset_bytes: 0,
                hash: Sha256::new(),
            };
            write(&self.day, &mut paper)?;
            paper.file.sync()?;
            self.disk.rename(&unfinished, &path)?;
            self.disk.sync_folder(&self.folder)?;
            Ok(hex(&paper.hash.finish()))
        };
        whole().map_err(about(&path))
    }

    /// As JSON: the sums, how far they go, and the checksum of the file if it says the same.
    pub fn object(&self) -> Object {
        let totals = self.day.totals();
        let fresh = self.written.as_ref().filter(|_| !self.is_stale());
        Object::new()
            .value("position", self.position)
            .value("positions", totals.positions)
            .value("trades", totals.trades)
            .value("voided", totals.voided)
            .value("fee", totals.fee)
            .value("tax", totals.tax)
            .maybe("positions_sha256", fresh.map(|(_, sha256)| sha256.clone()))
            .maybe(
                "broken",
                self.broken.as_ref().map(|(_, why)| why.what.clone()),
            )
    }
}

/// A settlement that one thread folds and others ask for; nothing where none is wanted.
#[derive(Clone, Default)]
pub struct Ledger(Option<Arc<Mutex<Settling>>>);

impl Ledger {
    /// An empty day, if there is a folder to write it into.
    pub fn new(folder: Option<&Path>, disk: Arc<dyn Disk>) -> Self {
        Self(folder.map(|folder| Arc::new(Mutex::new(Settling::new(folder, disk)))))
    }

    /// Whether there is one.
    pub fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Settling) -> T) -> Option<T> {
        let shared = self.0.as_ref()?;
        Some(work(
            &mut shared.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Takes the next records of the official stream; what ended the settlement, if that is news.
    pub fn fold(&self, records: &[Record]) -> Option<(u64, Fault)> {
        self.with(|settling| {
            settling.fold(records);
            settling.news()
        })?
    }

    /// Tells these records, then takes them: who was told of them and asks then finds them settled.
    pub fn told(&self, records: &[Record], tell: impl FnOnce()) -> Option<(u64, Fault)> {
        let Some(shared) = &self.0 else {
            tell();
            return None;
        };
        let mut settling = shared.lock().unwrap_or_else(PoisonError::into_inner);
        tell();
        settling.fold(records);
        settling.news()
    }

    /// Writes the files once the day is over; what went wrong, if that is news.
    pub fn write_if_due(&self) -> Option<(u64, Fault)> {
        self.with(|settling| {
            if settling.is_due() {
                settling.write_or_break();
            }
            settling.news()
        })?
    }

    /// Writes the files of a stream that is at its end, over or not; what went wrong, if that is news.
    pub fn write_at_end(&self) -> Option<(u64, Fault)> {
        self.with(|settling| {
            if settling.is_stale() {
                settling.write_or_break();
            }
            settling.news()
        })?
    }

    /// Writes the files again if they lack the last trades of a day that is over.
    pub fn write_if_late(&self) -> Result<(), Trouble> {
        let late = |settling: &mut Settling| match settling.is_late() {
            true => settling.write(),
            false => Ok(()),
        };
        self.with(late).unwrap_or(Ok(()))
    }

    /// Writes what is settled so far; its facts.
    pub fn write(&self) -> Result<Object, Trouble> {
        let unwanted = || Trouble::Refused("no --settlement FOLDER was given".into());
        let written = self.with(|settling| settling.write().map(|()| settling.object()));
        written.unwrap_or_else(|| Err(unwanted()))
    }

    /// The facts.
    pub fn object(&self) -> Option<Object> {
        self.with(|settling| settling.object())
    }
}

/// A file that is written from its beginning, and the hash of what was.
struct Paper {
    file: Box<dyn DiskFile>,
    offset_bytes: u64,
    hash: Sha256,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(bytes, self.offset_bytes)?;
        self.hash.update(bytes);
        self.offset_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

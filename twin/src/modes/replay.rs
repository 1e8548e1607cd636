//! `replay`: a whole journal through the core, compared record by record and digest by digest.

use std::path::Path;
use std::time::Instant;

use super::compare::{Difference, Shadow};
use super::core::Matching;
use super::json::Object;
use super::settling::Settling;
use crate::journal::bytes::kind;
use crate::journal::cursor::Frame;
use crate::journal::frame::{BLOCK, Block};
use crate::journal::reader::{Next, Reader};
use crate::journal::trouble::Trouble;
use crate::pipeline::stages::{Apart, run};
use crate::records::Record;

/// What a replay found.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Outcome {
    pub commands: u64,
    pub records: u64,
    pub blocks: u64,
    pub position: u64,
    pub digest: u64,
    pub live: u64,
    pub seconds: f64,
    pub differing_blocks: u64,
    pub difference: Option<Difference>,
    /// What stopped the reading before the end: a torn tail or damage.
    pub trouble: Option<Trouble>,
}

impl Outcome {
    /// The line that the mode prints.
    pub fn line(&self) -> String {
        let difference = self
            .difference
            .as_ref()
            .map_or("null".into(), |d| d.object().line());
        Object::new()
            .value("commands", self.commands)
            .value("records", self.records)
            .value("blocks", self.blocks)
            .value("position", self.position)
            .text("digest", &format!("{:016x}", self.digest))
            .value("live", self.live)
            .value("seconds", format!("{:.6}", self.seconds))
            .value(
                "commands_per_s",
                (self.commands as f64 / self.seconds.max(1e-9)) as u64,
            )
            .value("differing_blocks", self.differing_blocks)
            .raw("difference", &difference)
            .maybe(
                "trouble",
                self.trouble.as_ref().map(|trouble| trouble.to_string()),
            )
            .line()
    }
}

/// Replays a folder. With `two_threads` reading, verifying and settling goes on beside matching.
pub fn replay<M: Matching>(
    folder: &Path,
    core: M,
    compare: bool,
    two_threads: bool,
    settling: &mut Option<Settling>,
) -> Result<Outcome, Trouble> {
    let no_journal = || Trouble::Refused(format!("{}: no journal here", folder.display()));
    let mut reader = Reader::open(folder)?.ok_or_else(no_journal)?;
    let mut shadow = Shadow::new(core);
    let mut outcome = Outcome::default();
    let mut stopped = None;
    let began = Instant::now();
    let decode = |raw: &mut Vec<Record>| match reader.next(raw) {
        Ok(Next::End) => Ok(false),
        Ok(Next::Frame(Frame::Block { void: false, .. })) => {
            if let Some(settling) = settling.as_mut() {
                settling.fold(&raw[..raw.len() - 1]);
            }
            Ok(true)
        }
        Ok(Next::Frame(_)) => {
            raw.clear();
            Ok(true)
        }
        Err(trouble) => {
            stopped = Some(trouble);
            Ok(false)
        }
    };
    let work = |raw: &mut Vec<Record>| work_block(&mut shadow, raw, compare, &mut outcome);
    let apart = Apart {
        decode: two_threads,
        encode: false,
    };
    run(apart, decode, work, |_| Ok(())).map_err(Trouble::System)?;
    if let (Some(settling), None) = (settling.as_mut(), &stopped) {
        settling.write()?;
    }
    outcome.seconds = began.elapsed().as_secs_f64();
    outcome.trouble = stopped;
    outcome.commands = shadow.commands_worked;
    let core = shadow.into_core();
    (outcome.position, outcome.digest, outcome.live) =
        (core.position(), core.digest(), core.live());
    Ok(outcome)
}

/// One block, its BLOCK record at its end; an empty buffer stands for what does not count.
fn work_block<M: Matching>(
    shadow: &mut Shadow<M>,
    raw: &[Record],
    compare: bool,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let Some((end, records)) = raw.split_last().filter(|(end, _)| kind(end) == BLOCK) else {
        return Ok(());
    };
    outcome.blocks += 1;
    outcome.records += records.len() as u64;
    if !compare {
        return shadow.work(records);
    }
    let block = Block::read(end).ok_or("a block lost its end")?;
    if let Some(difference) = shadow.compare(records, &block) {
        outcome.differing_blocks += 1;
        outcome.difference.get_or_insert(difference);
    }
    Ok(())
}

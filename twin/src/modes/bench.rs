//! `bench`: raw commands from a file through the core, best of several runs, one line of figures.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use super::core::Matching;
use super::json::Object;
use crate::journal::bytes::{EMPTY, bytes, bytes_mut, kind};
use crate::journal::frame::{Block, TEXT};
use crate::journal::trouble::{Trouble, about};
use crate::pipeline::stages::{Apart, run};
use crate::records::{RECORD_BYTES, Record};

/// Commands a batch, a little more where a run would be cut.
const BATCH: usize = 4096;

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Figures {
    pub messages: u64,
    pub wall_s: f64,
    pub cpu_s: f64,
    pub live: u64,
    pub digest: u64,
}

impl Figures {
    /// The line that the mode prints.
    pub fn line(&self, threads: usize, sealed: bool) -> String {
        Object::new()
            .value("messages", self.messages)
            .value("wall_s", format!("{:.6}", self.wall_s))
            .value("cpu_s", format!("{:.6}", self.cpu_s))
            .value(
                "messages_per_s",
                (self.messages as f64 / self.wall_s.max(1e-9)) as u64,
            )
            .value("live", self.live)
            .text("digest", &format!("{:016x}", self.digest))
            .value("threads", threads)
            .value("sealed", sealed)
            .line()
    }
}

/// A file of raw records.
pub fn load(path: &Path) -> Result<Vec<Record>, Trouble> {
    let raw = std::fs::read(path).map_err(about(path))?;
    if !raw.len().is_multiple_of(RECORD_BYTES) {
        return Err(Trouble::Refused(format!(
            "{}: not whole records of 64 bytes",
            path.display()
        )));
    }
    let mut records = vec![EMPTY; raw.len() / RECORD_BYTES];
    bytes_mut(&mut records).copy_from_slice(&raw);
    Ok(records)
}

/// Cuts commands into batches; a head and its texts stay together.
pub fn batches(mut commands: &[Record]) -> impl Iterator<Item = &[Record]> {
    std::iter::from_fn(move || {
        let mut end = commands.len().min(BATCH);
        while end < commands.len() && kind(&commands[end]) == TEXT {
            end += 1;
        }
        let (batch, rest) = commands.split_at(end);
        commands = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

/// One run on the caller's thread: batches in, streams out, nothing else.
pub fn plain<M: Matching>(
    mut core: M,
    opening: &[Record],
    commands: &[Record],
) -> Result<Figures, String> {
    let mut stream = Vec::new();
    open(&mut core, opening, &mut stream)?;
    let (began, cpu) = (Instant::now(), cpu_s());
    for batch in batches(commands) {
        stream.clear();
        core.run(batch, &mut stream)?;
    }
    Ok(figures(&core, commands, began, cpu))
}

#[derive(Default)]
struct Item {
    commands: Vec<Record>,
    stream: Vec<Record>,
    digest: u64,
}

/// One run as a journal needs it: commands copied in, matched, sealed with crc and chain; over one to three threads.
pub fn staged<M: Matching>(
    mut core: M,
    opening: &[Record],
    commands: &[Record],
    threads: usize,
) -> Result<Figures, String> {
    open(&mut core, opening, &mut Vec::new())?;
    let mut left = batches(commands);
    let decode = |item: &mut Item| {
        let batch = left.next();
        item.commands.clear();
        item.commands.extend_from_slice(batch.unwrap_or_default());
        Ok(batch.is_some())
    };
    let (began, cpu) = (Instant::now(), cpu_s());
    let work = |item: &mut Item| {
        item.stream.clear();
        core.run(&item.commands, &mut item.stream)?;
        item.digest = core.digest();
        Ok(())
    };
    let mut chain = [0; 32];
    let encode = |item: &mut Item| {
        chain = Block::seal(&item.stream, item.digest, 1, &chain).chain;
        Ok(())
    };
    run(
        Apart {
            decode: threads > 2,
            encode: threads > 1,
        },
        decode,
        work,
        encode,
    )?;
    Ok(figures(&core, commands, began, cpu))
}

/// An extra run that writes the stream of `commands` (the opening's not) to a file.
pub fn write_stream<M: Matching>(
    mut core: M,
    opening: &[Record],
    commands: &[Record],
    path: &Path,
) -> Result<(), Trouble> {
    let mut stream = Vec::new();
    open(&mut core, opening, &mut stream).map_err(Trouble::Refused)?;
    let mut file = BufWriter::new(File::create(path).map_err(about(path))?);
    for batch in batches(commands) {
        stream.clear();
        core.run(batch, &mut stream).map_err(Trouble::Refused)?;
        file.write_all(bytes(&stream)).map_err(about(path))?;
    }
    file.flush().map_err(about(path))
}

fn open<M: Matching>(
    core: &mut M,
    opening: &[Record],
    stream: &mut Vec<Record>,
) -> Result<(), String> {
    for batch in batches(opening) {
        stream.clear();
        core.run(batch, stream)?;
    }
    Ok(())
}

fn figures<M: Matching>(core: &M, commands: &[Record], began: Instant, cpu: f64) -> Figures {
    Figures {
        messages: commands.len() as u64,
        wall_s: began.elapsed().as_secs_f64(),
        cpu_s: cpu_s() - cpu,
        live: core.live(),
        digest: core.digest(),
    }
}

/// Processor time of the whole process, ended threads too, as Linux tells it: in hundredths of a second.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |field: usize| {
        let word = behind_name.split_whitespace().nth(field);
        word.and_then(|word| word.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

#[cfg(test)]
mod tests {
    use super::super::toy::Toy;
    use super::*;

    #[test]
    fn batches_keep_runs_together_and_lose_nothing() {
        let mut commands = vec![EMPTY; 3 * BATCH];
        commands.iter_mut().for_each(|command| command.0[16] = 1);
        for text in &mut commands[BATCH..BATCH + 3] {
            text.0[16] = TEXT;
        }
        let sizes: Vec<usize> = batches(&commands).map(<[Record]>::len).collect();
        assert_eq!(sizes, [BATCH + 3, BATCH, BATCH - 3]);
    }

    #[test]
    fn every_number_of_threads_gives_the_same_state() {
        let mut commands = vec![EMPTY; 20_000];
        for (i, command) in commands.iter_mut().enumerate() {
            command.0[16] = if i % 7 == 0 { 4 } else { 1 };
            command.0[24] = i as u8;
        }
        let expected = plain(Toy::new(), &commands[..9], &commands[9..]).unwrap();
        for threads in 1..=3 {
            let found = staged(Toy::new(), &commands[..9], &commands[9..], threads).unwrap();
            assert_eq!((found.digest, found.live), (expected.digest, expected.live));
        }
    }
}

//! Owning the market: take requests, stamp, match, append, sync, and only then reply.
//!
//! Requests of all lines come through one channel to the engine, which keeps the core on its thread. What it worked goes to
//! the release stage: all that is waiting becomes one block, is appended and synced, and then its replies leave (protocol rule
//! 1). The release stage runs on a thread of its own, so that matching goes on during a sync, or in turn with the engine.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use super::core::Matching;
use super::guard::{Guard, run_length};
use super::owner::{Owner, told};
use super::pipe::{DEPTH, FRESH, RUN, Request, SETTLE, head, levels, read_batch, write_whole};
use super::status::{clock_ns, say};
use super::steps::At;
use crate::journal::bytes::{bytes, put};
use crate::journal::trouble::Trouble;
use crate::journal::writer::Writer;
use crate::pipeline::queue::{Receiver, queue};
use crate::records::Record;

/// Requests waiting at the engine at most.
const WAITING_MAX: usize = 4096;
/// Records after which a block is not made larger.
const BLOCK_RECORDS: usize = 16_384;

type Line = Box<dyn Write + Send>;

/// Where requests come from.
pub enum Door {
    /// Standard input and output, or anything like them: the market ends with the input.
    Pipe(Box<dyn Read + Send>, Line),
    /// A port; lines come and go.
    Port(TcpListener),
}

/// What the lines' threads tell the engine.
enum Job {
    Opened(u64, Line),
    Asked(u64, Request, Vec<Record>, bool),
    Closed(u64),
    Over,
}

/// What the engine hands to release.
enum Worked {
    Opened(u64, Line),
    Answer(Answer),
    Closed(u64),
}

struct Answer {
    line: u64,
    status: u32,
    at: At,
    /// Records to be journaled, and the reply's payload.
    stream: Vec<Record>,
    /// The payload of anything that is no stream.
    payload: Vec<u8>,
    /// Whether the settlement is to be written, its facts the payload.
    settles: bool,
}

/// A core in MATCH.
pub struct Engine<M> {
    /// The core.
    pub core: Guard<M>,
    /// The time of the last command.
    pub last_time: i64,
}

/// Serves until a pipe ends or something is final.
pub fn serve<M: Matching>(
    mut engine: Engine<M>,
    writer: Writer,
    owner: &Owner,
    door: Door,
    threads: usize,
) -> Result<(), Trouble> {
    let (to_engine, jobs) = mpsc::sync_channel(WAITING_MAX);
    open_door(door, to_engine)?;
    let mut release = Release {
        writer,
        lines: HashMap::new(),
        block: Vec::new(),
        owner: owner.clone(),
    };
    if threads < 2 {
        loop {
            let mut batch = Vec::new();
            let over = gather(
                &jobs,
                &mut engine,
                |worked| batch.push(worked),
                Duration::from_secs(3600),
            )?;
            release.write(batch)?;
            if over {
                return release.owner.ledger.write_if_late();
            }
        }
    }
    let (mut to_release, worked) = queue::<Worked>(WAITING_MAX);
    thread::scope(|scope| {
        let releasing = scope.spawn(move || release.run(worked));
        let ended = loop {
            let mut gone = false;
            let send = |worked| gone |= to_release.send(worked).is_err();
            let over = gather(&jobs, &mut engine, send, Duration::from_millis(50));
            // A release that is gone has failed; its own word on it is told below.
            if gone || releasing.is_finished() || !matches!(over, Ok(false)) {
                break over.map(|_| ());
            }
        };
        drop(to_release);
        let panicked = |_| Err(Trouble::System("the release stage panicked".into()));
        releasing.join().unwrap_or_else(panicked).and(ended)
    })
}

/// Works what is waiting, at least one job unless the time is over; true when the market is over.
fn gather<M: Matching>(
    jobs: &mpsc::Receiver<Job>,
    engine: &mut Engine<M>,
    mut send: impl FnMut(Worked),
    patience: Duration,
) -> Result<bool, Trouble> {
    let mut job = match jobs.recv_timeout(patience) {
        Ok(job) => job,
        Err(RecvTimeoutError::Timeout) => return Ok(false),
        Err(RecvTimeoutError::Disconnected) => return Ok(true),
    };
    let mut records = 0;
    loop {
        match job {
            Job::Opened(line, writer) => send(Worked::Opened(line, writer)),
            Job::Closed(line) => send(Worked::Closed(line)),
            Job::Over => return Ok(true),
            Job::Asked(line, request, batch, whole) => {
                let answer = engine.answer(line, &request, batch, whole)?;
                records += answer.stream.len();
                send(Worked::Answer(answer));
            }
        }
        if records >= BLOCK_RECORDS {
            return Ok(false);
        }
        match jobs.try_recv() {
            Ok(next) => job = next,
            Err(_) => return Ok(false),
        }
    }
}

impl<M: Matching> Engine<M> {
    fn answer(
        &mut self,
        line: u64,
        request: &Request,
        mut batch: Vec<Record>,
        whole: bool,
    ) -> Result<Answer, Trouble> {
        let (mut stream, mut payload) = (Vec::new(), Vec::new());
        let before = self.core.position();
        let done = match request.op {
            RUN if !whole => Err("a batch is whole records of 64 bytes".to_string()),
            RUN => {
                self.stamp(&mut batch);
                self.core.run(&batch, &mut stream)
            }
            DEPTH | super::pipe::UNFILLED => levels(request, &self.core).map(|rows| payload = rows),
            FRESH => Err("a market that is owned is not emptied".to_string()),
            SETTLE => Ok(()),
            op => Err(format!(
                "op {op} is not one of 1 RUN, 2 DEPTH, 3 UNFILLED, 5 SETTLE"
            )),
        };
        if let Err(sentence) = &done {
            if self.core.position() != before || self.core.broken().is_some() {
                return Err(Trouble::System(format!(
                    "a batch could not be worked: {sentence}"
                )));
            }
            stream.clear();
            payload = sentence.as_bytes().to_vec();
        }
        Ok(Answer {
            line,
            status: u32::from(done.is_err()),
            at: self.at(),
            stream,
            payload,
            settles: request.op == SETTLE,
        })
    }

    /// Every command its own time, never smaller than the one before (protocol rule 10); the texts of a run have their head's.
    pub(super) fn stamp(&mut self, batch: &mut [Record]) {
        let clock = clock_ns();
        let mut at = 0;
        while at < batch.len() {
            let end = at + run_length(&batch[at..]);
            self.last_time = clock.max(self.last_time.saturating_add(1));
            for record in &mut batch[at..end] {
                put(record, 8, &self.last_time.to_le_bytes());
            }
            at = end;
        }
    }
}

/// Journals what was worked, then lets the answers out.
struct Release {
    writer: Writer,
    lines: HashMap<u64, Line>,
    block: Vec<Record>,
    owner: Owner,
}

impl Release {
    fn run(mut self, mut worked: Receiver<Worked>) -> Result<(), Trouble> {
        while let Some(first) = worked.receive() {
            let mut batch = vec![first];
            let mut records = 0;
            while records < BLOCK_RECORDS {
                let Some(next) = worked.try_receive() else {
                    break;
                };
                if let Worked::Answer(answer) = &next {
                    records += answer.stream.len();
                }
                batch.push(next);
            }
            self.write(batch)?;
        }
        self.owner.ledger.write_if_late()
    }

    /// One block of all streams, synced; then every reply.
    fn write(&mut self, batch: Vec<Worked>) -> Result<(), Trouble> {
        self.block.clear();
        let mut at = At::default();
        for worked in &batch {
            if let Worked::Answer(answer) = worked {
                self.block.extend_from_slice(&answer.stream);
                at = answer.at;
            }
        }
        if !self.block.is_empty() {
            self.writer.append_block(&mut self.block, at.digest)?;
            self.owner.steps.appended(at);
            self.writer.sync()?;
            self.owner.steps.release(at.position);
        }
        // Settled first: who has a reply and asks then finds it settled.
        told(self.owner.ledger.fold(&self.block));
        let mut asked = Vec::new();
        for worked in batch {
            match worked {
                Worked::Opened(line, writer) => drop(self.lines.insert(line, writer)),
                Worked::Closed(line) => drop(self.lines.remove(&line)),
                Worked::Answer(answer) if answer.settles => asked.push(answer),
                Worked::Answer(answer) => self.reply(&answer),
            }
        }
        told(self.owner.ledger.write_if_due());
        asked.into_iter().for_each(|answer| self.settle(answer));
        Ok(())
    }

    /// Writes what is settled so far and answers with its facts.
    fn settle(&mut self, mut answer: Answer) {
        let written = self.owner.ledger.write();
        answer.status = u32::from(written.is_err());
        let line = written.map_or_else(|why| why.to_string(), |facts| facts.line());
        answer.payload = line.into_bytes();
        self.reply(&answer);
    }

    /// A line that does not take its reply is dropped; what it asked is done and in the journal.
    fn reply(&mut self, answer: &Answer) {
        let Some(line) = self.lines.get_mut(&answer.line) else {
            return;
        };
        let payload = if answer.payload.is_empty() {
            bytes(&answer.stream)
        } else {
            &answer.payload
        };
        let head = head(
            answer.status,
            payload.len() as u32,
            answer.at.position,
            answer.at.digest,
            answer.at.live,
        );
        if write_whole(line, &head, payload)
            .and_then(|()| line.flush())
            .is_err()
        {
            self.lines.remove(&answer.line);
        }
    }
}

fn open_door(door: Door, to_engine: SyncSender<Job>) -> Result<(), Trouble> {
    let started = match door {
        Door::Pipe(input, output) => {
            let opened = to_engine.send(Job::Opened(0, output));
            opened.map_err(|_| Trouble::System("the engine is gone".into()))?;
            thread::Builder::new().name("pipe".into()).spawn(move || {
                ask(0, input, &to_engine);
                let _ = to_engine.send(Job::Over);
            })
        }
        Door::Port(port) => thread::Builder::new()
            .name("door".into())
            .spawn(move || accept(&port, &to_engine)),
    };
    started
        .map(|_| ())
        .map_err(|error| Trouble::System(format!("no thread: {error}")))
}

fn accept(port: &TcpListener, to_engine: &SyncSender<Job>) {
    for (line, stream) in (1..).zip(port.incoming()) {
        let both = stream.and_then(|stream| {
            stream.set_nodelay(true)?;
            Ok((stream.try_clone()?, stream))
        });
        let Ok((input, output)) = both else { continue };
        if to_engine.send(Job::Opened(line, Box::new(output))).is_err() {
            return;
        }
        let to_engine = to_engine.clone();
        let asking = move || ask_line(line, input, &to_engine);
        if let Err(error) = thread::Builder::new().name("line".into()).spawn(asking) {
            say(format_args!("door: {error}"));
        }
    }
}

fn ask_line(line: u64, input: TcpStream, to_engine: &SyncSender<Job>) {
    ask(
        line,
        io::BufReader::with_capacity(1 << 16, input),
        to_engine,
    );
}

/// Reads requests until the line ends.
fn ask(line: u64, mut input: impl Read, to_engine: &SyncSender<Job>) {
    while let Ok(Some(request)) = Request::read(&mut input) {
        let mut batch = Vec::new();
        let Ok(whole) = read_batch(&mut input, request.payload_bytes, &mut batch) else {
            break;
        };
        if to_engine
            .send(Job::Asked(line, request, batch, whole.is_some()))
            .is_err()
        {
            return;
        }
    }
    let _ = to_engine.send(Job::Closed(line));
}

//! The shadow: works the owner's commands itself and compares every record and the digest of every block.
//!
//! The owner's results are official. A difference is told and remembered; the shadow goes on, so that its own opinion stays
//! known beside the official one (requirements R14, R15). After a first difference positions may be shifted against each other;
//! records are from then on compared without them.

use super::core::Matching;
use super::features::Off;
use super::guard::{GUARDED, Guard, SWITCHED_OFF};
use super::json::Object;
use crate::journal::bytes::{hex, i64_at, kind, position, u16_at};
use crate::journal::frame::{Block, FIRST_EVENT, TEXT};
use crate::records::Record;

const REJECTED: u8 = 65;

/// What a comparison found, with all that a person needs to judge it.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What kind of difference, for machines.
    pub name: &'static str,
    /// Where in the owner's stream.
    pub position: u64,
    /// Which record of the block.
    pub index: usize,
    /// What the shadow computed.
    pub expected: Option<Record>,
    /// What the owner wrote.
    pub found: Option<Record>,
    /// The command it came from.
    pub command: Option<Record>,
    /// A sentence.
    pub what: String,
}

impl Difference {
    /// As JSON.
    pub fn object(&self) -> Object {
        let record = |record: &Option<Record>| record.map(|record| hex(&record.0));
        Object::new()
            .text("name", self.name)
            .value("position", self.position)
            .value("index", self.index)
            .maybe("expected", record(&self.expected))
            .maybe("found", record(&self.found))
            .maybe("command", record(&self.command))
            .text("what", &self.what)
    }

    /// Who is probably wrong (requirement R18).
    pub fn verdict(&self) -> &'static str {
        match self.name {
            "time_backwards" => "owner",
            "panic" | "shadow_refused" => "twin",
            _ => "unclear",
        }
    }
}

/// A core that follows another's blocks.
pub struct Shadow<M> {
    core: Guard<M>,
    commands: Vec<Record>,
    stream: Vec<Record>,
    last_time: i64,
    /// Whether nothing differed so far.
    pub clean: bool,
    /// Commands worked.
    pub commands_worked: u64,
    /// Commands that the owner refused as switched off or guarded: followed, not judged.
    pub refused_by_owner: u64,
}

impl<M: Matching> Shadow<M> {
    /// A shadow with an empty market, every feature on.
    pub fn new(core: M) -> Self {
        Self {
            core: Guard::new(core, Off::default()),
            commands: Vec::new(),
            stream: Vec::new(),
            last_time: i64::MIN,
            clean: true,
            commands_worked: 0,
            refused_by_owner: 0,
        }
    }

    /// The core, to be asked or promoted.
    pub fn core(&mut self) -> &mut Guard<M> {
        &mut self.core
    }

    /// The core alone: the shadow is over.
    pub fn into_core(self) -> Guard<M> {
        self.core
    }

    /// The time of the last command.
    pub fn last_time(&self) -> i64 {
        self.last_time
    }

    /// Works the commands among `records` without looking at the events.
    pub fn work(&mut self, records: &[Record]) -> Result<(), String> {
        self.stream.clear();
        self.commands.clear();
        let (mut head, mut texts_left) = (0, 0);
        for record in records {
            if kind(record) < FIRST_EVENT {
                if kind(record) == TEXT && texts_left > 0 {
                    texts_left -= 1;
                } else {
                    head = self.commands.len();
                    texts_left = record.0[17] & 15;
                }
                self.commands.push(*record);
            } else if kind(record) == REJECTED
                && matches!(u16_at(record, 20), SWITCHED_OFF | GUARDED)
            {
                self.follow_refusal(head, u16_at(record, 20), i64_at(record, 32))?;
                head = 0;
            }
        }
        self.run()
    }

    /// Works the commands and compares; what differs first is told, if anything.
    pub fn compare(&mut self, records: &[Record], block: &Block) -> Option<Difference> {
        let late = self.time_backwards(records);
        let worked = self.work(records);
        let caught = self.core.take_caught().pop();
        let difference = match (late, worked, caught) {
            (Some(late), _, _) => Some(late),
            (_, Err(what), _) => Some(Difference {
                what,
                ..at("shadow_refused", records, 0)
            }),
            (_, _, Some(caught)) => Some(Difference {
                command: Some(caught.command),
                what: format!("the shadow panicked: {}", caught.said),
                ..at(
                    "panic",
                    records,
                    (caught.position - position(&records[0])) as usize,
                )
            }),
            _ => self
                .first_difference(records)
                .or_else(|| self.wrong_digest(records, block)),
        };
        self.clean &= difference.is_none();
        difference
    }

    fn run(&mut self) -> Result<(), String> {
        self.commands_worked += self.commands.len() as u64;
        self.core.run(&self.commands, &mut self.stream)?;
        self.commands.clear();
        Ok(())
    }

    /// The owner refused the last run by decision, not by rule: so does the shadow.
    fn follow_refusal(&mut self, head: usize, code: u16, value: i64) -> Result<(), String> {
        let run = self.commands.split_off(head);
        self.run()?;
        if run.is_empty() {
            return Ok(());
        }
        self.refused_by_owner += 1;
        self.core.refuse(&run, code, value, &mut self.stream)
    }

    /// Looks at commands only: events have their command's time, which the comparison sees to, and that of a run's head
    /// may be smaller than that of its texts.
    fn time_backwards(&mut self, records: &[Record]) -> Option<Difference> {
        for (index, record) in records.iter().enumerate() {
            if kind(record) >= FIRST_EVENT {
                continue;
            }
            let time = i64_at(record, 8);
            let before = self.last_time;
            self.last_time = before.max(time);
            if time < before {
                let what = format!("time {time} after {before}");
                return Some(Difference {
                    what,
                    ..at("time_backwards", records, index)
                });
            }
        }
        None
    }

    fn first_difference(&self, found: &[Record]) -> Option<Difference> {
        let expected = &self.stream[..];
        let equal = |a: &Record, b: &Record| {
            if self.clean {
                a == b
            } else {
                same_but_place(a, b)
            }
        };
        let index = match (self.clean, expected == found) {
            (_, true) => return None,
            _ => found.iter().zip(expected).position(|(f, e)| !equal(f, e)),
        };
        let shorter = expected.len().min(found.len());
        let index = match index {
            None if expected.len() == found.len() => return None,
            index => index.unwrap_or(shorter),
        };
        let name = name_of(&expected[index..], &found[index..]);
        let command = found[..found.len().min(index + 1)]
            .iter()
            .rfind(|r| kind(r) < FIRST_EVENT);
        Some(Difference {
            expected: expected.get(index).copied(),
            command: command.copied(),
            what: format!("{} records expected, {} found", expected.len(), found.len()),
            ..at(name, found, index)
        })
    }

    fn wrong_digest(&self, records: &[Record], block: &Block) -> Option<Difference> {
        let digest = self.core.digest();
        (digest != block.digest).then(|| Difference {
            what: format!("digest {digest:016x} expected, {:016x} found", block.digest),
            ..at("wrong_digest", records, records.len())
        })
    }
}

/// A difference at a record of a block, its position the owner's.
fn at(name: &'static str, records: &[Record], index: usize) -> Difference {
    let nearest = &records[index.min(records.len() - 1)];
    let command = records[..records.len().min(index + 1)]
        .iter()
        .rfind(|r| kind(r) < FIRST_EVENT);
    Difference {
        name,
        position: position(nearest),
        index,
        expected: None,
        found: records.get(index).copied(),
        command: command.copied(),
        what: String::new(),
    }
}

fn same_but_place(one: &Record, other: &Record) -> bool {
    one.0[8..] == other.0[8..]
}

/// Names what happened by looking one record further.
fn name_of(expected: &[Record], found: &[Record]) -> &'static str {
    let pair = |e: usize, f: usize| match (expected.get(e), found.get(f)) {
        (Some(e), Some(f)) => same_but_place(e, f),
        _ => false,
    };
    match (expected.len(), found.len()) {
        (_, 0) => "lost_event",
        (0, _) => "extra_event",
        _ if pair(0, 0) => "wrong_position",
        _ if pair(0, 1) && pair(1, 0) => "swapped_events",
        (e, f) if e > f && (pair(1, 0) || kind(&found[0]) < FIRST_EVENT) => "lost_event",
        (e, f) if e < f && (pair(0, 1) || kind(&expected[0]) < FIRST_EVENT) => "extra_event",
        _ if kind(&expected[0]) != kind(&found[0]) => "wrong_event",
        _ => "wrong_field",
    }
}

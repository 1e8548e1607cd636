//! A batch: runs, one transaction a command, and what happens when a command makes the core panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::core::{Answer, Core, Counters};
use super::unused::fills_unused;
use crate::records::Record;
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::kind;

/// A command as it stands in its batch.
#[derive(Clone, Copy)]
struct Run<'a> {
    head: &'a Record,
    texts: &'a [Record],
    /// Why its framing alone refuses it.
    broken: Option<Refusal>,
}

/// What the market was when the command at hand began to change it.
#[derive(Clone, Copy)]
pub struct Before {
    pub counters: Counters,
    pub told: usize,
}

impl Core {
    /// Runs every command of a batch. A panic takes back the command that caused it, refuses it
    /// and goes on with the next.
    pub fn run_batch(&mut self, batch: &[Record]) {
        self.out.reserve(3 * batch.len());
        let mut at = 0;
        while at < batch.len() {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                while at < batch.len() {
                    let run = frame(batch, at);
                    self.run_command(run);
                    at += 1 + run.texts.len();
                }
            }));
            if outcome.is_err() {
                let run = frame(batch, at);
                self.take_back(run.head);
                at += 1 + run.texts.len();
            }
        }
        self.settle_digest();
    }

    /// Begins the command's transaction. What comes before (the command itself in the stream, its
    /// numbers and its id) stays whatever becomes of it.
    #[inline]
    pub fn begin(&mut self) {
        self.before = Before {
            counters: self.now,
            told: self.out.len(),
        };
        self.db.begin();
    }

    /// Takes back whole a command that the core could not carry out for a defect of its own, and
    /// refuses it.
    #[cold]
    fn take_back(&mut self, command: &Record) {
        self.defects += 1;
        if self.db.in_transaction() {
            self.db.rollback();
        }
        self.now = self.before.counters;
        self.out.truncate(self.before.told);
        let value = i64::from(command.instrument());
        self.refuse(command, Refusal::of(refusals::STATE, value));
    }

    #[inline]
    fn write_run(&mut self, run: Run) {
        self.time = run.head.time();
        self.emit(*run.head);
        for text in run.texts {
            self.emit(*text);
        }
    }

    #[inline]
    fn run_command(&mut self, run: Run) {
        self.write_run(run);
        if let Err(refusal) = self.carry_out(run) {
            self.refuse(run.head, refusal);
        }
    }

    #[inline]
    fn carry_out(&mut self, run: Run) -> Answer {
        match run.broken {
            Some(refusal) => Err(refusal),
            None if run.head.kind() <= kind::VOID_TRADE => self.member_command(run.head),
            None if fills_unused(run.head) => Err(Refusal::of(refusals::UNUSED_BYTES, 0)),
            None => {
                self.begin();
                let answer = self.exchange_command(run.head);
                self.db.commit();
                answer
            }
        }
    }

    fn exchange_command(&mut self, command: &Record) -> Answer {
        match command.kind() {
            kind::PHASE => self.phase(command),
            kind::TIMER => self.timer(command),
            kind::INDICATE => self.indicate(command),
            kind::DRAW => self.draw(command),
            kind::HALT => self.halt(command),
            kind::RESUME => self.resume(command),
            kind::ANNOUNCE => self.announce(command),
            _ => self.reference_command(command),
        }
    }
}

/// The command at a place of a batch, with its texts (format.md 4.1).
#[inline]
fn frame(batch: &[Record], at: usize) -> Run<'_> {
    let head = &batch[at];
    let plain = Run {
        head,
        texts: &[],
        broken: None,
    };
    match head.kind() {
        kind::NEW..=kind::VOID_TRADE
        | kind::PHASE..=kind::RESUME
        | kind::REF_TICK..=kind::REF_STABILISATION
        | kind::REF_PRICES
        | kind::REF_CONTRACT => plain,
        kind::ANNOUNCE => frame_run(plain, &batch[at + 1..], 1..=15),
        kind::REF_INSTRUMENT => frame_run(plain, &batch[at + 1..], 0..=2),
        unknown => Run {
            broken: Some(Refusal::of(refusals::UNKNOWN_KIND, unknown.into())),
            ..plain
        },
    }
}

fn frame_run<'a>(
    plain: Run<'a>,
    rest: &'a [Record],
    legal: std::ops::RangeInclusive<usize>,
) -> Run<'a> {
    let announced = usize::from(plain.head.flags() & 15);
    let following = rest
        .iter()
        .take(announced)
        .take_while(|record| record.kind() == kind::TEXT)
        .count();
    if legal.contains(&announced) && following == announced {
        return Run {
            texts: &rest[..announced],
            ..plain
        };
    }
    let (value, bound) = (announced as i64, following as i64);
    Run {
        broken: Some(Refusal::bounded(refusals::BROKEN_RUN, value, bound)),
        ..plain
    }
}

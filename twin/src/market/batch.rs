//! A batch: runs, one transaction a command; going back where a command was not carried through,
//! and refusing one unworked.

use super::ahead::Next;
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

/// What the market was before the command at hand.
#[derive(Clone, Copy)]
pub struct Before {
    pub counters: Counters,
    pub told: usize,
}

impl Core {
    /// Runs every command of a batch.
    pub fn run_batch(&mut self, batch: &[Record]) {
        // What a plain command tells, and a little more.
        self.out.reserve(3 * batch.len());
        self.ahead = Next::NOTHING;
        let mut at = 0;
        while let Some(head) = batch.get(at) {
            self.before = Before {
                counters: self.now,
                told: self.out.len(),
            };
            self.db.begin();
            self.look_ahead(batch, at);
            self.hint = self.ahead[at % self.ahead.len()].level;
            at += if matches!(head.kind(), kind::NEW..=kind::VOID_TRADE) {
                self.run_plain(head);
                1
            } else {
                self.run_framed(frame(batch, at))
            };
            self.db.commit();
        }
        self.settle_digest();
    }

    /// Goes back to before the command at hand, which a panic has broken off.
    pub fn abort(&mut self) -> Result<(), &'static str> {
        if !self.db.in_transaction() {
            return Err("no command was at hand");
        }
        self.db.rollback();
        self.now = self.before.counters;
        self.out.truncate(self.before.told);
        self.settle_digest();
        Ok(())
    }

    /// Refuses a run unworked. A refusal that its bytes alone ask for goes before the one given;
    /// texts that are not its own are refused like any other.
    pub fn refuse_run(&mut self, batch: &[Record], refusal: Refusal) {
        let run = frame(batch, 0);
        self.write_run(run);
        let refusal = run.broken.unwrap_or_else(|| {
            let unused = self.use_up(run.head).err();
            unused.unwrap_or(refusal)
        });
        self.refuse(run.head, refusal);
        self.run_batch(&batch[1 + run.texts.len()..]);
    }

    /// A member's command: never more than one record.
    #[inline]
    fn run_plain(&mut self, command: &Record) {
        self.time = command.time();
        self.emit(command);
        if let Err(refusal) = self.member_command(command) {
            self.refuse(command, refusal);
        }
    }

    /// A command of the exchange, or none; how many records it has.
    #[inline(never)]
    fn run_framed(&mut self, run: Run) -> usize {
        self.write_run(run);
        let answer = match run.broken {
            Some(refusal) => Err(refusal),
            None if fills_unused(run.head) => Err(Refusal::of(refusals::UNUSED_BYTES, 0)),
            None => self.exchange_command(run.head),
        };
        if let Err(refusal) = answer {
            self.refuse(run.head, refusal);
        }
        1 + run.texts.len()
    }

    fn write_run(&mut self, run: Run) {
        self.time = run.head.time();
        self.emit(run.head);
        for text in run.texts {
            self.emit(text);
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

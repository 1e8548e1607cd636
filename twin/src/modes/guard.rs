//! Guarded execution (requirements R20, R21): one command cannot take the process with it.
//!
//! The guard stands in front of a core and is a core itself. A command that makes the core panic is undone by the core
//! (`abort`), refused with `GUARDED` and written down; those around it go on. A command that uses a feature switched off is
//! refused with `SWITCHED_OFF`. What is no panic but the end of the process (a stack overflow, no memory) cannot be caught.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::core::{Level, Matching};
use super::features::Off;
use crate::journal::bytes::kind;
use crate::journal::frame::{FIRST_EVENT, TEXT};
use crate::records::Record;

/// Refusal of a command that uses a feature switched off; value: the feature's number.
pub const SWITCHED_OFF: u16 = 4;
/// Refusal of a command that this core could not work; value: its kind.
pub const GUARDED: u16 = 5;

/// A core that refuses what it cannot work.
#[derive(Debug)]
pub struct Guard<M> {
    core: M,
    off: Off,
    caught: Vec<Caught>,
    broken: Option<String>,
}

/// A command that made the core panic.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Where the command stands in the stream.
    pub position: u64,
    /// The command.
    pub command: Record,
    /// What the panic said.
    pub said: String,
}

impl<M: Matching> Guard<M> {
    /// A guard with these features off.
    pub fn new(core: M, off: Off) -> Self {
        Self {
            core,
            off,
            caught: Vec::new(),
            broken: None,
        }
    }

    /// Switches features off from here on; before, the owner's decisions were followed.
    pub fn switch_off(&mut self, off: Off) {
        self.off = off;
    }

    /// Why the core cannot be used any more: it panicked and its state could not be put right.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    fn whole(&self) -> Result<(), String> {
        self.broken
            .as_ref()
            .map_or(Ok(()), |why| Err(format!("the core is broken: {why}")))
    }

    /// Puts the core's state right after a panic.
    fn undo(&mut self, out: &mut Vec<Record>, written: usize, position: u64) -> Result<(), String> {
        let undone = self.core.abort(out).and_then(|()| {
            let whole = Some((self.core.position() - position) as usize);
            let lost = || "the core lost records when it panicked".to_string();
            (out.len().checked_sub(written) == whole)
                .then_some(())
                .ok_or_else(lost)
        });
        undone.inspect_err(|why| self.broken = Some(why.clone()))
    }

    /// The commands that made the core panic since last asked.
    pub fn take_caught(&mut self) -> Vec<Caught> {
        std::mem::take(&mut self.caught)
    }

    /// Works commands that use nothing switched off.
    fn stretch(&mut self, mut batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        while !batch.is_empty() {
            let (written, position) = (out.len(), self.core.position());
            let core = &mut self.core;
            // Unwind safety: after a panic the core is used only once `abort` has put its state right, and what the
            // broken run left in `out` is cut off by it.
            match catch_unwind(AssertUnwindSafe(|| core.run(batch, out))) {
                Ok(result) => return result,
                Err(panic) => {
                    self.undo(out, written, position)?;
                    let good = out[written..]
                        .iter()
                        .filter(|r| kind(r) < FIRST_EVENT)
                        .count();
                    batch = &batch[good..];
                    let guilty = run_length(batch);
                    self.caught.push(Caught {
                        position: self.core.position() + 1,
                        command: batch[0],
                        said: said(panic.as_ref()),
                    });
                    let value = i64::from(kind(&batch[0]));
                    self.refuse(&batch[..guilty], GUARDED, value, out)?;
                    batch = &batch[guilty..];
                }
            }
        }
        Ok(())
    }
}

impl<M: Matching> Matching for Guard<M> {
    fn run(&mut self, mut batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        self.whole()?;
        while !self.off.is_empty() {
            let Some(at) = batch
                .iter()
                .position(|command| self.off.meets(command).is_some())
            else {
                break;
            };
            self.stretch(&batch[..at], out)?;
            let end = at + run_length(&batch[at..]);
            let value = self.off.meets(&batch[at]).unwrap_or(0);
            self.refuse(&batch[at..end], SWITCHED_OFF, value, out)?;
            batch = &batch[end..];
        }
        self.stretch(batch, out)
    }

    fn digest(&self) -> u64 {
        self.core.digest()
    }

    fn position(&self) -> u64 {
        self.core.position()
    }

    fn live(&self) -> u64 {
        self.core.live()
    }

    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.core.depth(instrument, segment, levels)
    }

    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.core.unfilled(instrument, segment, levels)
    }

    fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        self.core.abort(out)
    }

    fn refuse(
        &mut self,
        run: &[Record],
        code: u16,
        value: i64,
        out: &mut Vec<Record>,
    ) -> Result<(), String> {
        self.whole()?;
        let core = &mut self.core;
        let refused = catch_unwind(AssertUnwindSafe(|| core.refuse(run, code, value, out)));
        refused
            .unwrap_or_else(|panic| Err(format!("a panic: {}", said(panic.as_ref()))))
            .map_err(|why| {
                // Half a refusal may have been written: nothing can be built on that.
                let why = format!("a command could not be refused: {why}");
                self.broken = Some(why.clone());
                why
            })
    }
}

/// How many records the run at the head of `batch` has: a command, and the texts it announces if they are there.
pub fn run_length(batch: &[Record]) -> usize {
    let texts = usize::from(batch[0].0[17] & 15);
    let follow = batch[1..]
        .iter()
        .take(texts)
        .take_while(|record| kind(record) == TEXT)
        .count();
    if follow == texts { 1 + texts } else { 1 }
}

/// The sentence of a panic.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".into())
}

#[cfg(test)]
mod tests {
    use super::super::toy::{POISON_QTY, Toy};
    use super::*;
    use crate::journal::bytes::{EMPTY, position, put, u16_at};

    fn command(kind: u8, qty: u32) -> Record {
        let mut record = EMPTY;
        record.0[16] = kind;
        put(&mut record, 40, &qty.to_le_bytes());
        record
    }

    #[test]
    fn a_poison_command_is_refused_and_its_neighbours_go_on() {
        let mut guard = Guard::new(Toy::new(), Off::default());
        let batch = [command(1, 5), command(1, POISON_QTY), command(4, 0)];
        let mut out = vec![EMPTY];
        guard.run(&batch, &mut out).unwrap();
        let kinds: Vec<u8> = out[1..].iter().map(kind).collect();
        assert_eq!(kinds, [1, 64, 1, 65, 4, 68]);
        assert!(out[1..].iter().map(position).eq(1..=6));
        assert_eq!(u16_at(&out[4], 20), GUARDED);
        let caught = guard.take_caught();
        assert_eq!((caught.len(), caught[0].position), (1, 3));
        assert!(
            caught[0].said.contains("told to panic"),
            "{}",
            caught[0].said
        );
    }

    /// A core that panics and knows no way back.
    struct Brittle;

    impl Matching for Brittle {
        fn run(&mut self, _: &[Record], _: &mut Vec<Record>) -> Result<(), String> {
            panic!("brittle")
        }
        fn digest(&self) -> u64 {
            0
        }
        fn position(&self) -> u64 {
            0
        }
        fn live(&self) -> u64 {
            0
        }
        fn depth(&self, _: u32, _: u8, _: usize) -> [Vec<Level>; 2] {
            Default::default()
        }
        fn unfilled(&self, _: u32, _: u8, _: usize) -> [Vec<Level>; 2] {
            Default::default()
        }
    }

    #[test]
    fn a_core_that_cannot_go_back_is_never_used_again() {
        let mut guard = Guard::new(Brittle, Off::default());
        assert!(guard.run(&[command(1, 5)], &mut Vec::new()).is_err());
        assert!(guard.broken().is_some());
        let again = guard.run(&[], &mut Vec::new()).unwrap_err();
        assert!(again.contains("the core is broken"), "{again}");
    }

    #[test]
    fn what_is_switched_off_is_refused_with_its_number() {
        let mut off = Off::default();
        off.switch("cancel").unwrap();
        let mut guard = Guard::new(Toy::new(), off);
        let mut out = Vec::new();
        guard
            .run(&[command(1, 5), command(4, 0), command(1, 5)], &mut out)
            .unwrap();
        let kinds: Vec<u8> = out.iter().map(kind).collect();
        assert_eq!(kinds, [1, 64, 4, 65, 1, 64]);
        assert_eq!((u16_at(&out[3], 20), out[3].0[32]), (SWITCHED_OFF, 4));
    }

    #[test]
    fn a_run_is_as_long_as_its_texts_that_are_there() {
        let mut head = command(22, 0);
        head.0[17] = 2;
        let text = command(TEXT, 0);
        assert_eq!(run_length(&[head, text, text, text]), 3);
        assert_eq!(
            run_length(&[head, text]),
            1,
            "a broken run is the head alone"
        );
    }
}

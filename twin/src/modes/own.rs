//! Owning the market behind a members' door: match, append, sync, wait for whom that counts, then tell.
//!
//! Three threads: the door (sockets, sessions), the engine (the caller's thread: numbers, times, matching), release (journal). Each
//! takes all that waits for it, so that batches grow with the load and a lone order meets no batch.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use super::core::Matching;
use super::owner::{Owner, told};
use super::serve::Engine;
use super::status::say;
use super::steps::At;
use crate::door::desk::{Desk, Work};
use crate::door::mail::{Mailbox, Order, Works};
use crate::door::places::Place;
use crate::journal::trouble::Trouble;
use crate::journal::writer::Writer;
use crate::records::Record;
use crate::records::vocabulary::kind;

/// Commands worked at a time, and records of a block, at most.
const BATCH_COMMANDS: usize = 4_096;
const BLOCK_RECORDS: usize = 16_384;
/// Batches that wait for release at most.
const BATCHES_WAITING: usize = 32;

/// Records worked, and where the market stands behind them.
struct Worked {
    stream: Vec<Record>,
    at: At,
}

/// What the owner serves with.
pub struct House {
    /// The door's orders.
    pub mailbox: Arc<Mailbox>,
    /// The commands it takes.
    pub works: Arc<Works>,
    /// Whom to tell how far the journal is, and the settlement.
    pub owner: Owner,
}

/// How owning ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In good order.
    Closed,
    /// Another core has a higher epoch; the door goes on saying so.
    Fenced,
}

/// Lets members in and serves them until the door closes or another core owns the seat.
pub fn own<M: Matching>(
    mut engine: Engine<M>,
    next_order_no: u32,
    writer: Writer,
    desk: Desk,
    house: &House,
) -> Result<Ended, Trouble> {
    let (to_release, worked) = mpsc::sync_channel(BATCHES_WAITING);
    let slots = writer.segment().slots();
    let most = BATCH_COMMANDS.min(slots / 16);
    house.mailbox.put(Order::Own(Box::new(desk)));
    thread::scope(|scope| {
        let releasing = scope.spawn(move || {
            let released = release(writer, &worked, house);
            // Commands that nobody will answer are not worked either.
            house.works.end();
            released
        });
        let (mut work, mut order_no) = (Work::default(), next_order_no);
        let ended = loop {
            work.records.clear();
            work.alone.clear();
            if !house.works.take(&mut work) {
                break Ok(());
            }
            number(&mut work.records, &mut order_no);
            match engine.batches(&mut work, most, &to_release) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(trouble) => break Err(trouble),
            }
        };
        drop(to_release);
        let panicked = |_| Err(Trouble::System("the release stage panicked".into()));
        let released = releasing.join().unwrap_or_else(panicked);
        house.owner.steps.end();
        released?;
        ended.map(|()| match house.owner.steps.fenced() {
            Some(_) => Ended::Fenced,
            None => Ended::Closed,
        })
    })
}

/// Gives NEW one order number and QUOTE two, dense (docs/format.md 5.3).
fn number(commands: &mut [Record], next: &mut u32) {
    for command in commands {
        let count = match command.kind() {
            kind::NEW => 1,
            kind::QUOTE => 2,
            _ => continue,
        };
        command.put(48, *next);
        *next = next.saturating_add(count);
    }
}

impl<M: Matching> Engine<M> {
    /// Works commands in batches, those that are to be alone alone; false if nobody takes the results any more.
    fn batches(
        &mut self,
        work: &mut Work,
        most: usize,
        to_release: &SyncSender<Worked>,
    ) -> Result<bool, Trouble> {
        self.stamp(&mut work.records);
        let (records, mut alone) = (&work.records[..], work.alone.iter().copied().peekable());
        let (mut at, mut stream) = (0, Vec::new());
        while at < records.len() {
            let mut end = match alone.next_if_eq(&at) {
                Some(_) => at + 1,
                None => alone
                    .peek()
                    .map_or(records.len(), |&next| next)
                    .min(at + most),
            };
            // A run stays whole.
            while records
                .get(end)
                .is_some_and(|record| record.kind() == kind::TEXT)
            {
                end += 1;
            }
            let worked = self.core.run(&records[at..end], &mut stream);
            worked.map_err(|why| Trouble::System(format!("a batch could not be worked: {why}")))?;
            for caught in self.core.take_caught() {
                say(format_args!(
                    "door: position {}: {}",
                    caught.position, caught.said
                ));
            }
            at = end;
            if stream.len() >= most || at == records.len() {
                let (at, stream) = (self.at(), std::mem::take(&mut stream));
                if to_release.send(Worked { stream, at }).is_err() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Journals what was worked: all that waits is a block, is appended and synced, then told, then settled.
fn release(mut writer: Writer, worked: &Receiver<Worked>, house: &House) -> Result<(), Trouble> {
    let most = BLOCK_RECORDS.min(writer.segment().slots() / 4);
    let (steps, ledger) = (&house.owner.steps, &house.owner.ledger);
    loop {
        let Ok(first) = worked.try_recv().or_else(|_| {
            told(ledger.write_if_due());
            worked.recv()
        }) else {
            return ledger.write_if_late();
        };
        let (mut block, mut at) = (first.stream, first.at);
        while block.len() < most
            && let Ok(next) = worked.try_recv()
        {
            block.extend_from_slice(&next.stream);
            at = next.at;
        }
        if steps.fenced().is_some() {
            return Ok(());
        }
        let sealed = writer.append_block(&mut block, at.digest)?;
        steps.appended(at);
        writer.sync()?;
        if !steps.release(sealed.position) {
            return Ok(());
        }
        let place = Place {
            last: sealed.position,
            segment: writer.segment().number,
            slot: (writer.slot() - block.len()) as u32,
        };
        block.pop();
        let settled = ledger.is_wanted().then(|| block.clone());
        let tell = || house.mailbox.put(Order::Released(block, place));
        told(ledger.told(&settled.unwrap_or_default(), tell));
    }
}

//! The place a reader stands at in a journal, and the rules by which it takes the next frame.
//!
//! Source: docs/format.md section 8. Pure: records in, verdict out. Invariants: `chain` runs over everything passed, void or
//! not; `position` is that of the last block that counts; `epoch` is the highest begun.

use super::bytes::{kind, position};
use super::frame::{BLOCK, Block, Chain, EPOCH, Epoch};
use crate::records::Record;

/// Where a reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Cursor {
    pub position: u64,
    pub epoch: u32,
    pub chain: Chain,
}

/// What stands between two places: a block, or the beginning of an epoch. What is `void` has an epoch lower than one before it: its
/// chain counts, its records do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Frame {
    Block { block: Block, void: bool },
    Epoch { epoch: Epoch, void: bool },
}

impl Frame {
    /// The chain behind it.
    pub fn chain(&self) -> Chain {
        match self {
            Frame::Block { block, .. } => block.chain,
            Frame::Epoch { epoch, .. } => epoch.chain,
        }
    }

    /// The epoch it belongs to.
    pub fn epoch(&self) -> u32 {
        match self {
            Frame::Block { block, .. } => block.epoch,
            Frame::Epoch { epoch, .. } => epoch.epoch,
        }
    }
}

/// What is wrong with a frame: a name for machines, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Fault {
    pub name: &'static str,
    pub what: String,
}

/// A fault of this name.
pub fn fault(name: &'static str, what: impl Into<String>) -> Fault {
    Fault {
        name,
        what: what.into(),
    }
}

/// What a row of slots begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Nothing yet.
    Empty,
    /// A frame of so many slots (whether it is good remains to be seen).
    Frame(usize),
    /// Records, but no end of a block among these slots.
    Open,
    /// A slot inside a block that is neither record nor BLOCK.
    Strange(usize),
}

/// Finds where the first frame ends.
pub fn delimit(slots: &[Record]) -> Head {
    match slots.first().map(kind) {
        None => return Head::Open,
        Some(0) => return Head::Empty,
        Some(EPOCH) => return Head::Frame(1),
        Some(_) => {}
    }
    for (i, slot) in slots.iter().enumerate() {
        match kind(slot) {
            BLOCK => return Head::Frame(i + 1),
            0 | 201.. => return Head::Strange(i),
            _ => {}
        }
    }
    Head::Open
}

impl Cursor {
    /// Whether `raw` (records and their BLOCK, or an EPOCH alone) may follow here.
    pub fn check(&self, raw: &[Record]) -> Result<Frame, Fault> {
        match raw.split_last() {
            Some((end, [])) if kind(end) == EPOCH => self.check_epoch(end),
            Some((end, records)) if kind(end) == BLOCK => self.check_block(end, records),
            _ => Err(fault("bad_frame", "no frame ends here")),
        }
    }

    /// Steps over a frame that `check` found good.
    pub fn pass(&mut self, frame: &Frame) {
        match frame {
            Frame::Block { block, void } => {
                self.chain = block.chain;
                if !void {
                    self.position = block.position;
                }
            }
            Frame::Epoch { epoch, void } => {
                self.chain = epoch.chain;
                if !void {
                    self.epoch = epoch.epoch;
                }
            }
        }
    }

    fn check_epoch(&self, end: &Record) -> Result<Frame, Fault> {
        let epoch = Epoch::read(end)
            .ok_or_else(|| fault("bad_frame", "an EPOCH with a byte no field names"))?;
        let void = epoch.epoch < self.epoch;
        if epoch.epoch == self.epoch {
            return Err(fault(
                "epoch_twice",
                format!("epoch {} begins again", epoch.epoch),
            ));
        }
        if !void && epoch.position != self.position {
            let what = format!(
                "an EPOCH for position {} stands behind {}",
                epoch.position, self.position
            );
            return Err(fault(
                if epoch.position > self.position {
                    "gap"
                } else {
                    "duplicate"
                },
                what,
            ));
        }
        if epoch.sealed(&self.chain) != epoch {
            return Err(fault(
                "bad_chain",
                format!("the EPOCH record of epoch {} breaks the chain", epoch.epoch),
            ));
        }
        Ok(Frame::Epoch { epoch, void })
    }

    fn check_block(&self, end: &Record, records: &[Record]) -> Result<Frame, Fault> {
        let block = Block::read(end)
            .ok_or_else(|| fault("bad_frame", "a BLOCK with a byte no field names"))?;
        if records.is_empty() || block.count as usize != records.len() {
            return Err(fault(
                "bad_count",
                format!("count {} over {} records", block.count, records.len()),
            ));
        }
        if block.crc_over(records) != block.crc {
            return Err(fault(
                "bad_crc",
                format!("the block of {} records fails its CRC-32", block.count),
            ));
        }
        if block.epoch > self.epoch {
            let what = format!(
                "epoch {} was never begun, the last is {}",
                block.epoch, self.epoch
            );
            return Err(fault("epoch_unannounced", what));
        }
        let void = block.epoch < self.epoch;
        let before = if void {
            position(&records[0]).wrapping_sub(1)
        } else {
            self.position
        };
        positions_follow(before, records, block.position)?;
        if block.chain_over(records, &self.chain) != block.chain {
            return Err(fault(
                "bad_chain",
                format!(
                    "the block up to position {} breaks the chain",
                    block.position
                ),
            ));
        }
        Ok(Frame::Block { block, void })
    }
}

/// Positions go up by one from `before` to `last`.
fn positions_follow(before: u64, records: &[Record], last: u64) -> Result<(), Fault> {
    let mut expected = before;
    for record in records {
        expected = expected.wrapping_add(1);
        let found = position(record);
        if found != expected {
            let what = format!("position {found} where {expected} follows");
            return Err(fault(
                if found > expected { "gap" } else { "duplicate" },
                what,
            ));
        }
    }
    if expected != last {
        return Err(fault(
            "bad_position",
            format!("BLOCK says position {last}, its last record {expected}"),
        ));
    }
    Ok(())
}

/// Whether a good block or EPOCH stands among `slots` behind the bad frame that begins at their first slot. A BLOCK proves
/// itself by its CRC, an EPOCH by the chain of the frame right before it.
pub fn good_behind(slots: &[Record]) -> Option<usize> {
    (1..slots.len()).find(|&i| match kind(&slots[i]) {
        BLOCK => Block::read(&slots[i]).is_some_and(|block| {
            let count = block.count as usize;
            let start = i.wrapping_sub(count);
            let records = slots.get(start..i).unwrap_or(&[]);
            count > 0 && start > 0 && records.len() == count && block.crc_over(records) == block.crc
        }),
        EPOCH => Epoch::read(&slots[i]).is_some_and(|epoch| {
            let before = super::frame::chain_of(&slots[i - 1]);
            super::frame::ends_frame(&slots[i - 1]) && epoch.sealed(&before) == epoch
        }),
        _ => false,
    })
}

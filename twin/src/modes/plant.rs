//! Faults planted on purpose into an owner's stream, for drills: what a wrong, broken or malicious owner might write.
//!
//! A stream is a list of frames (a block with its BLOCK record, or an EPOCH). Faults of *content* are sealed again afterwards, as
//! an owner whose matching is wrong would seal them; faults of *framing* are left as they are.

use std::path::Path;
use std::sync::Arc;

use crate::journal::bytes::{i64_at, kind, put};
use crate::journal::cursor::{Cursor, Frame, delimit};
use crate::journal::disk::SystemDisk;
use crate::journal::frame::{BLOCK, Block, Epoch, FIRST_EVENT, Segment};
use crate::journal::reader::{Next, Reader};
use crate::journal::trouble::Trouble;
use crate::journal::writer::Writer;
use crate::records::Record;

/// A stream of frames.
pub type Frames = Vec<Vec<Record>>;

/// Breaks the stream at frame `at`; false if that frame has nothing to break in this way.
type Break = fn(&mut Frames, usize) -> bool;

/// A fault: its name, the alarm it must raise, how it is planted, whether the stream is sealed again.
pub struct Planted {
    /// The fault.
    pub name: &'static str,
    /// The alarm's name.
    pub alarm: &'static str,
    breaks: Break,
    sealed: bool,
}

const fn content(name: &'static str, alarm: &'static str, breaks: Break) -> Planted {
    Planted {
        name,
        alarm,
        breaks,
        sealed: true,
    }
}

const fn framing(name: &'static str, alarm: &'static str, breaks: Break) -> Planted {
    Planted {
        name,
        alarm,
        breaks,
        sealed: false,
    }
}

const NEW: u8 = 1;
const TRADED: u8 = 70;
const ACCEPTED: u8 = 64;
const REJECTED: u8 = 65;
const PHASE_CHANGED: u8 = 80;
const AUCTIONED: u8 = 82;

/// All faults there are.
pub const FAULTS: [Planted; 27] = [
    content("wrong_price", "wrong_field", |f, at| {
        change(f, at, TRADED, |r| bump(r, 24))
    }),
    content("wrong_quantity", "wrong_field", |f, at| {
        change(f, at, TRADED, |r| bump(r, 32))
    }),
    content("wrong_book", "wrong_field", |f, at| {
        change(f, at, ACCEPTED, |r| bump(r, 18))
    }),
    content("wrong_order_number", "wrong_field", |f, at| {
        change(f, at, ACCEPTED, |r| bump(r, 48))
    }),
    content("wrong_time_of_event", "wrong_field", |f, at| {
        change(f, at, ACCEPTED, |r| bump(r, 8))
    }),
    content("wrong_refusal", "wrong_event", |f, at| {
        change(f, at, ACCEPTED, |r| r.0[16] = REJECTED)
    }),
    content("lost_event", "lost_event", |f, at| remove(f, at, TRADED)),
    content("lost_acceptance", "lost_event", |f, at| {
        remove(f, at, ACCEPTED)
    }),
    content("missing_auction", "lost_event", |f, at| {
        remove(f, at, AUCTIONED)
    }),
    content("duplicate_event", "extra_event", |f, at| {
        double(f, at, ACCEPTED)
    }),
    content("phantom_trade", "extra_event", phantom_trade),
    content("early_phase", "extra_event", early_phase),
    content("wrong_phase", "wrong_field", |f, at| {
        change(f, at, PHASE_CHANGED, |r| bump(r, 20))
    }),
    content("wrong_priority", "swapped_events", swap_events),
    content("altered_command", "wrong_field", altered_command),
    content("wrong_digest", "wrong_digest", |f, at| {
        end(f, at, |block| block.digest ^= 1)
    }),
    content("time_backwards", "time_backwards", time_backwards),
    framing("wrong_position", "gap", wrong_position),
    framing("epoch_regress", "epoch_regress", |f, at| {
        reseal_one(f, at, |block| block.epoch = 0)
    }),
    framing("epoch_unannounced", "epoch_unannounced", |f, at| {
        reseal_one(f, at, |block| block.epoch += 1)
    }),
    framing("lost_block", "gap", |f, at| {
        at + 1 < f.len() && {
            f.remove(at);
            true
        }
    }),
    framing("duplicate_block", "duplicate", |f, at| {
        f.insert(at, f[at].clone());
        true
    }),
    framing("swapped_blocks", "gap", |f, at| {
        at + 1 < f.len() && {
            f.swap(at, at + 1);
            true
        }
    }),
    framing("flipped_bit", "bad_crc", |f, at| {
        f[at][0].0[40] ^= 4;
        true
    }),
    framing("wrong_chain", "bad_chain", |f, at| {
        end(f, at, |block| block.chain[7] ^= 1)
    }),
    framing("wrong_count", "bad_count", |f, at| {
        end(f, at, |block| block.count += 1)
    }),
    framing("silent_stop", "silence", |f, at| {
        f.truncate(at);
        true
    }),
];

/// Plants a fault in the first block from frame `from` on that can carry it; returns that frame's index.
pub fn plant(frames: &mut Frames, name: &str, from: usize) -> Result<usize, String> {
    let fault = FAULTS.iter().find(|fault| fault.name == name);
    let fault = fault.ok_or_else(|| format!("no fault {name}; there are: {}", names()))?;
    let is_block = |frame: &Vec<Record>| frame.last().is_some_and(|end| kind(end) == BLOCK);
    let blocks: Vec<usize> = (from..frames.len())
        .filter(|&at| is_block(&frames[at]))
        .collect();
    let planted = blocks.into_iter().find(|&at| (fault.breaks)(frames, at));
    let at = planted.ok_or_else(|| format!("no block from frame {from} on can carry {name}"))?;
    if fault.sealed {
        seal_again(frames);
    }
    Ok(at)
}

/// The names of all faults, for people.
pub fn names() -> String {
    FAULTS.map(|fault| fault.name).join(", ")
}

/// Positions, counts, checksums and chain as an owner would write them over these records.
pub fn seal_again(frames: &mut Frames) {
    let (mut chain, mut last) = ([0; 32], 0u64);
    for frame in frames {
        let Some(end) = frame.pop() else { continue };
        if let Some(epoch) = Epoch::read(&end) {
            let epoch = Epoch {
                position: last,
                ..epoch
            }
            .sealed(&chain);
            chain = epoch.chain;
            frame.push(epoch.record());
        } else if let Some(block) = Block::read(&end) {
            for record in frame.iter_mut() {
                last += 1;
                put(record, 0, &last.to_le_bytes());
            }
            let sealed = Block::seal(frame, block.digest, block.epoch, &chain);
            chain = sealed.chain;
            frame.push(sealed.record());
        }
    }
}

/// All frames of a folder, and the header of its first segment.
pub fn load(folder: &Path) -> Result<(Segment, Frames), Trouble> {
    let no_journal = || Trouble::Refused(format!("{}: no journal here", folder.display()));
    let mut reader = Reader::open(folder)?.ok_or_else(no_journal)?;
    let (day, mut frames, mut raw) = (reader.segment(), Vec::new(), Vec::new());
    while let Next::Frame(_) = reader.next(&mut raw)? {
        frames.push(raw.clone());
    }
    Ok((day, frames))
}

/// Writes frames into a new journal as they are, good or not.
pub fn store(folder: &Path, day: Segment, frames: &[Vec<Record>]) -> Result<(), Trouble> {
    let mut writer = Writer::create(Arc::new(SystemDisk), folder, day, day.size_units)?;
    for frame in frames {
        let block = frame.last().and_then(Block::read).unwrap_or_default();
        writer.append(
            frame,
            &Frame::Block {
                block,
                void: block.position == 0,
            },
        )?;
    }
    writer.sync()
}

/// Where the first frame stands that no reader takes, if any.
pub fn first_bad(frames: &[Vec<Record>]) -> Option<usize> {
    let mut cursor = Cursor::default();
    frames.iter().position(|frame| {
        let whole = delimit(frame) == crate::journal::cursor::Head::Frame(frame.len());
        let good = whole.then(|| cursor.check(frame).ok()).flatten();
        good.inspect(|frame| cursor.pass(frame)).is_none()
    })
}

fn find(frames: &Frames, at: usize, wanted: u8) -> Option<usize> {
    frames[at].iter().position(|record| kind(record) == wanted)
}

fn change(frames: &mut Frames, at: usize, wanted: u8, how: impl Fn(&mut Record)) -> bool {
    find(frames, at, wanted)
        .map(|i| how(&mut frames[at][i]))
        .is_some()
}

fn remove(frames: &mut Frames, at: usize, wanted: u8) -> bool {
    find(frames, at, wanted)
        .map(|i| frames[at].remove(i))
        .is_some()
}

fn double(frames: &mut Frames, at: usize, wanted: u8) -> bool {
    let Some(i) = find(frames, at, wanted) else {
        return false;
    };
    let twice = frames[at][i];
    frames[at].insert(i, twice);
    true
}

fn bump(record: &mut Record, field: usize) {
    record.0[field] = record.0[field].wrapping_add(1);
}

/// A trade at the end of the block that no command caused.
fn phantom_trade(frames: &mut Frames, at: usize) -> bool {
    let end = frames[at].len() - 1;
    let mut trade = frames[at][end - 1];
    trade.0[16] = TRADED;
    frames[at].insert(end, trade);
    true
}

/// The block's PHASE_CHANGED once more, behind the first command of the block.
fn early_phase(frames: &mut Frames, at: usize) -> bool {
    let Some(i) = find(frames, at, PHASE_CHANGED).filter(|&i| i > 2) else {
        return false;
    };
    let (mut early, time) = (frames[at][i], i64_at(&frames[at][0], 8));
    put(&mut early, 8, &time.to_le_bytes());
    frames[at].insert(1, early);
    true
}

/// Two different events of one command change places.
fn swap_events(frames: &mut Frames, at: usize) -> bool {
    let event = |record: &Record| (FIRST_EVENT..BLOCK).contains(&kind(record));
    let pair = frames[at]
        .windows(2)
        .position(|p| event(&p[0]) && event(&p[1]) && p[0].0[16..] != p[1].0[16..]);
    pair.map(|i| frames[at].swap(i, i + 1)).is_some()
}

/// The account of an order that was accepted: of one that was refused nobody could see it in what the market answered.
fn altered_command(frames: &mut Frames, at: usize) -> bool {
    let accepted = |pair: &[Record]| kind(&pair[0]) == NEW && kind(&pair[1]) == ACCEPTED;
    let order = frames[at].windows(2).position(accepted);
    order.map(|i| bump(&mut frames[at][i], 44)).is_some()
}

/// The last command of the block and its events to a second before what came before it.
fn time_backwards(frames: &mut Frames, at: usize) -> bool {
    let Some(last) = frames[at]
        .iter()
        .rposition(|r| kind(r) < FIRST_EVENT)
        .filter(|&i| i > 0)
    else {
        return false;
    };
    let end = frames[at].len() - 1;
    let time = i64_at(&frames[at][last - 1], 8) - 1_000_000_000;
    for record in &mut frames[at][last..end] {
        put(record, 8, &time.to_le_bytes());
    }
    true
}

fn end(frames: &mut Frames, at: usize, how: impl Fn(&mut Block)) -> bool {
    let Some(mut block) = frames[at].last().and_then(Block::read) else {
        return false;
    };
    how(&mut block);
    frames[at].pop();
    frames[at].push(block.record());
    true
}

/// Changes the BLOCK record and makes crc and chain of this one block fit again.
fn reseal_one(frames: &mut Frames, at: usize, how: impl Fn(&mut Block)) -> bool {
    let before = match at.checked_sub(1).and_then(|i| frames[i].last()) {
        Some(end) => crate::journal::frame::chain_of(end),
        None => [0; 32],
    };
    if !end(frames, at, how) {
        return false;
    }
    let Some(block) = frames[at].pop().and_then(|end| Block::read(&end)) else {
        return false;
    };
    let sealed = Block::seal(&frames[at], block.digest, block.epoch, &before);
    frames[at].push(sealed.record());
    true
}

/// The last record of the block claims a place one further; block and chain are sealed over it.
fn wrong_position(frames: &mut Frames, at: usize) -> bool {
    let last = frames[at].len() - 2;
    let position = crate::journal::bytes::position(&frames[at][last]) + 1;
    put(&mut frames[at][last], 0, &position.to_le_bytes());
    reseal_one(frames, at, |_| {})
}

//! The three records that frame a journal: SEGMENT heads a file, BLOCK ends a block, EPOCH begins an owner's time.
//!
//! Source: docs/format.md sections 4 and 8. A frame is read only if writing it again gives the same 64 bytes, so that no
//! unnamed byte slips through.

use super::bytes::{EMPTY, bytes, kind, put, u16_at, u32_at, u64_at};
use super::crc32::crc32;
use super::sha256::Sha256;
use crate::records::Record;

/// Kinds below are commands, from here on events.
pub const FIRST_EVENT: u8 = 64;
/// The kind of a TEXT record, the only one that follows another in a run.
pub const TEXT: u8 = 23;
/// Kinds from here on frame the journal and take no position.
pub const BLOCK: u8 = 200;
/// The kind of a record that begins an epoch.
pub const EPOCH: u8 = 201;
/// The kind of a segment file's first record.
pub const SEGMENT: u8 = 202;
/// This core's make, as EPOCH records name it.
pub const MAKE_TWIN: u16 = 2;
/// Segments come in units of this many bytes.
pub const UNIT_BYTES: u64 = 65_536;

const MAGIC: [u8; 8] = *b"EVERMKT1";
const VERSION: u16 = 1;

/// The hash that runs through all blocks of a day.
pub type Chain = [u8; 32];

/// What a SEGMENT record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names of docs/format.md
pub struct Segment {
    pub position: u64,
    pub trading_day: u32,
    pub partition: u16,
    pub primary_version: u16,
    pub twin_version: u16,
    pub rulebook_day: u32,
    pub number: u32,
    pub size_units: u32,
    pub config: u64,
    pub seed: u64,
}

impl Segment {
    /// The record that says this.
    pub fn record(&self) -> Record {
        let mut record = EMPTY;
        put(&mut record, 0, &self.position.to_le_bytes());
        put(&mut record, 8, &MAGIC);
        record.0[16] = SEGMENT;
        put(&mut record, 18, &VERSION.to_le_bytes());
        put(&mut record, 20, &self.trading_day.to_le_bytes());
        put(&mut record, 24, &self.partition.to_le_bytes());
        put(&mut record, 26, &self.primary_version.to_le_bytes());
        put(&mut record, 28, &self.twin_version.to_le_bytes());
        put(&mut record, 36, &self.rulebook_day.to_le_bytes());
        put(&mut record, 40, &self.number.to_le_bytes());
        put(&mut record, 44, &self.size_units.to_le_bytes());
        put(&mut record, 48, &self.config.to_le_bytes());
        put(&mut record, 56, &self.seed.to_le_bytes());
        let crc = crc32(0, &record.0);
        put(&mut record, 32, &crc.to_le_bytes());
        record
    }

    /// Reads a SEGMENT record; `None` if it is none or not whole.
    pub fn read(record: &Record) -> Option<Self> {
        let segment = Self {
            position: u64_at(record, 0),
            trading_day: u32_at(record, 20),
            partition: u16_at(record, 24),
            primary_version: u16_at(record, 26),
            twin_version: u16_at(record, 28),
            rulebook_day: u32_at(record, 36),
            number: u32_at(record, 40),
            size_units: u32_at(record, 44),
            config: u64_at(record, 48),
            seed: u64_at(record, 56),
        };
        (segment.record() == *record).then_some(segment)
    }

    /// How many slots of 64 bytes the file has.
    pub fn slots(&self) -> usize {
        self.size_units as usize * 1024
    }

    /// Whether `other` may stand in the same day's journal.
    pub fn same_day(&self, other: &Self) -> bool {
        let day = |s: &Self| Self {
            position: 0,
            number: 0,
            size_units: 0,
            ..*s
        };
        day(self) == day(other)
    }
}

/// What a BLOCK record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Block {
    pub position: u64,
    pub digest: u64,
    pub epoch: u32,
    pub count: u32,
    pub crc: u32,
    pub chain: Chain,
}

impl Block {
    /// The record that says this.
    pub fn record(&self) -> Record {
        let mut record = EMPTY;
        put(&mut record, 0, &self.position.to_le_bytes());
        put(&mut record, 8, &self.digest.to_le_bytes());
        record.0[16] = BLOCK;
        put(&mut record, 20, &self.epoch.to_le_bytes());
        put(&mut record, 24, &self.count.to_le_bytes());
        put(&mut record, 28, &self.crc.to_le_bytes());
        put(&mut record, 32, &self.chain);
        record
    }

    /// Reads a BLOCK record; `None` if it is none.
    pub fn read(record: &Record) -> Option<Self> {
        let block = Self {
            position: u64_at(record, 0),
            digest: u64_at(record, 8),
            epoch: u32_at(record, 20),
            count: u32_at(record, 24),
            crc: u32_at(record, 28),
            chain: chain_of(record),
        };
        (block.record() == *record).then_some(block)
    }

    /// The block that ends `records` (at least one), sealed with crc and chain.
    pub fn seal(records: &[Record], digest: u64, epoch: u32, before: &Chain) -> Self {
        let position = records.last().map_or(0, super::bytes::position);
        let count = records.len() as u32;
        let mut block = Self {
            position,
            digest,
            epoch,
            count,
            ..Self::default()
        };
        block.crc = block.crc_over(records);
        block.chain = block.chain_over(records, before);
        block
    }

    /// The CRC-32 that a good block of these records carries.
    pub fn crc_over(&self, records: &[Record]) -> u32 {
        let bare = Self {
            crc: 0,
            chain: [0; 32],
            ..*self
        };
        crc32(crc32(0, bytes(records)), &bare.record().0)
    }

    /// The chain that a good block of these records carries.
    pub fn chain_over(&self, records: &[Record], before: &Chain) -> Chain {
        let bare = Self {
            chain: [0; 32],
            ..*self
        };
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(bytes(records));
        hash.update(&bare.record().0);
        hash.finish()
    }
}

/// What an EPOCH record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Epoch {
    pub position: u64,
    pub time: i64,
    pub make: u16,
    pub epoch: u32,
    pub owner: u32,
    pub trading_day: u32,
    pub chain: Chain,
}

impl Epoch {
    /// The record that says this.
    pub fn record(&self) -> Record {
        let mut record = EMPTY;
        put(&mut record, 0, &self.position.to_le_bytes());
        put(&mut record, 8, &self.time.to_le_bytes());
        record.0[16] = EPOCH;
        put(&mut record, 18, &self.make.to_le_bytes());
        put(&mut record, 20, &self.epoch.to_le_bytes());
        put(&mut record, 24, &self.owner.to_le_bytes());
        put(&mut record, 28, &self.trading_day.to_le_bytes());
        put(&mut record, 32, &self.chain);
        record
    }

    /// Reads an EPOCH record; `None` if it is none.
    pub fn read(record: &Record) -> Option<Self> {
        let epoch = Self {
            position: u64_at(record, 0),
            time: u64_at(record, 8) as i64,
            make: u16_at(record, 18),
            epoch: u32_at(record, 20),
            owner: u32_at(record, 24),
            trading_day: u32_at(record, 28),
            chain: chain_of(record),
        };
        (epoch.record() == *record).then_some(epoch)
    }

    /// The same with the chain it carries behind `before`.
    pub fn sealed(&self, before: &Chain) -> Self {
        let bare = Self {
            chain: [0; 32],
            ..*self
        };
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(&bare.record().0);
        Self {
            chain: hash.finish(),
            ..bare
        }
    }
}

/// The chain a BLOCK or EPOCH record carries.
pub fn chain_of(record: &Record) -> Chain {
    std::array::from_fn(|i| record.0[32 + i])
}

/// Whether a record ends something that stands on its own between two blocks.
pub fn ends_frame(record: &Record) -> bool {
    matches!(kind(record), BLOCK | EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hex` of `tests/vectors/golden/KIND.json`.
    fn golden(kind: &str) -> Record {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/golden/");
        let text = std::fs::read_to_string(format!("{folder}{kind}.json")).unwrap();
        let hex = text.split("\"hex\": \"").nth(1).unwrap();
        let byte = |i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
        Record(std::array::from_fn(byte))
    }

    #[test]
    fn frames_lie_as_the_golden_vectors_say() {
        let block = Block::read(&golden("BLOCK")).expect("BLOCK");
        assert_eq!(
            (block.position, block.digest),
            (1590632741580768257, 3326796889694608409)
        );
        assert_eq!(
            (block.epoch, block.count, block.crc),
            (1178812477, 1380928585, 1583044693)
        );
        let epoch = Epoch::read(&golden("EPOCH")).expect("EPOCH");
        assert_eq!(
            (epoch.time, epoch.make, epoch.epoch),
            (3326796889694608409, 14903, 1178812477)
        );
        assert_eq!((epoch.owner, epoch.trading_day), (1380928585, 1583044693));
        let bad_crc = golden("SEGMENT");
        assert_eq!(
            Segment::read(&bad_crc),
            None,
            "the golden segment has magic and crc of no sense"
        );
        let row = [
            (20, 1178812477),
            (36, 1987276909),
            (40, 2189393017),
            (44, 2391509125),
        ];
        for (at, expected) in row {
            assert_eq!(u32_at(&bad_crc, at), expected);
        }
    }

    #[test]
    fn a_segment_comes_back_and_one_flipped_bit_does_not() {
        let segment = Segment {
            position: 7,
            trading_day: 20260105,
            number: 3,
            size_units: 1,
            ..Segment::default()
        };
        let record = segment.record();
        assert_eq!(Segment::read(&record), Some(segment));
        for bit in 0..512 {
            let mut flipped = record;
            flipped.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Segment::read(&flipped), None, "bit {bit}");
        }
    }
}

"""SEGMENT, EPOCH and BLOCK records as bytes (docs/format.md, section 8): packing, parsing, crc and chain.

The structs below are the dtypes of `records/layout.py` seen by `struct`, which is ten times faster for one record;
a test holds the two together. Units: positions, sizes in bytes, offsets in bytes from the start of a segment file.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evermarket.records import RECORD_BYTES, Kind, Records

Buffer = Any
"""Anything with the buffer protocol (collections.abc.Buffer comes with Python 3.12)."""

FORMAT_VERSION: Final = 1
MAGIC: Final = b"EVERMKT1"
SIZE_UNIT_BYTES: Final = 65_536
NO_CHAIN: Final = bytes(32)
"""The chain before the first block of a day."""

BLOCK_STRUCT: Final = struct.Struct("<QQB3xIII32s")
EPOCH_STRUCT: Final = struct.Struct("<QqBxHIII32s")
SEGMENT_STRUCT: Final = struct.Struct("<Q8sBxHIHHH2xIIIIQQ")
assert BLOCK_STRUCT.size == EPOCH_STRUCT.size == SEGMENT_STRUCT.size == RECORD_BYTES

_CRC_AT: Final = 28
_CHAIN_AT: Final = 32
_SEGMENT_CRC_AT: Final = 32


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What every segment of a journal says of its day. `config` is a hash of the configuration, `seed` the day's."""

    trading_day: int
    partition: int = 1
    primary_version: int = 0
    twin_version: int = 0
    rulebook_day: int = 0
    config: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """A SEGMENT record: `position` is the last one before this segment, 0 in the first."""

    number: int
    position: int
    size_bytes: int
    day: DayFacts
    version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Block:
    """One commit block. `records` is a view of the journal's bytes (layout HEADER), `raw` the same with its BLOCK."""

    position: int
    digest: int
    epoch: int
    chain: bytes
    records: Records = field(repr=False)
    raw: Buffer = field(repr=False)
    segment: int = 0
    offset_bytes: int = 0
    void: bool = False

    @property
    def count(self) -> int:
        return len(self.records)

    @property
    def first(self) -> int:
        """Position of the first record."""
        return self.position - len(self.records) + 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """One EPOCH record; it stands after `position` and takes none itself."""

    position: int
    time: int
    make: int
    epoch: int
    owner: int
    trading_day: int
    chain: bytes
    raw: Buffer = field(repr=False)
    segment: int = 0
    offset_bytes: int = 0
    void: bool = False


def flat(records: Records) -> npt.NDArray[np.uint8]:
    """The bytes of contiguous records, without a copy."""
    return records.view(np.uint8)


def chosen(records: Records, mask: npt.NDArray[np.bool_]) -> Records:
    """A copy of the records where `mask` holds, all 64 bytes of each.

    Never `records[mask]`: NumPy copies the named fields alone, so the body of a record seen as HEADER would be garbage.
    """
    return flat(records).reshape(-1, RECORD_BYTES)[mask].reshape(-1).view(records.dtype)


def joined(parts: list[Records], dtype: np.dtype[np.void]) -> Records:
    """One array of all parts. Never np.concatenate of records: it packs the named fields and drops the rest."""
    if not parts:
        return np.zeros(0, dtype)
    return np.concatenate([flat(part) for part in parts]).view(dtype)


def block_crc(records: Buffer, frame: bytes) -> int:
    """CRC-32 of the records followed by the BLOCK record `frame` with `crc` and `chain` zero."""
    return zlib.crc32(frame[:_CRC_AT] + bytes(RECORD_BYTES - _CRC_AT), zlib.crc32(records))


def next_chain(chain: bytes, records: Buffer, frame: bytes) -> bytes:
    """SHA-256 of the chain before, the records (none for EPOCH) and the framing record with `chain` zero."""
    digest = hashlib.sha256(chain)
    digest.update(records)
    digest.update(frame[:_CHAIN_AT] + NO_CHAIN)
    return digest.digest()


def pack_block(
    records: Buffer, count: int, position: int, digest: int, epoch: int, chain: bytes
) -> tuple[bytes, bytes]:
    """The BLOCK record that ends `records`, and the new chain. `chain` is the one before this block."""
    bare = BLOCK_STRUCT.pack(position, digest, Kind.BLOCK, epoch, count, 0, NO_CHAIN)
    crc = block_crc(records, bare)
    summed = BLOCK_STRUCT.pack(position, digest, Kind.BLOCK, epoch, count, crc, NO_CHAIN)
    after = next_chain(chain, records, summed)
    return summed[:_CHAIN_AT] + after, after


def pack_epoch(
    *, position: int, time: int, make: int, epoch: int, owner: int, trading_day: int, chain: bytes
) -> tuple[bytes, bytes]:
    """An EPOCH record and the chain after it. `time` in ns since 1970; `chain` is the one before."""
    bare = EPOCH_STRUCT.pack(position, time, Kind.EPOCH, make, epoch, owner, trading_day, NO_CHAIN)
    after = next_chain(chain, b"", bare)
    return bare[:_CHAIN_AT] + after, after


def pack_segment(head: SegmentHead) -> bytes:
    """A SEGMENT record with its crc."""
    day = head.day
    fields: tuple[Any, ...] = (
        *(head.position, MAGIC, Kind.SEGMENT, head.version, day.trading_day, day.partition),
        *(day.primary_version, day.twin_version),
    )
    rest = (day.rulebook_day, head.number, head.size_bytes // SIZE_UNIT_BYTES, day.config, day.seed)
    crc = zlib.crc32(SEGMENT_STRUCT.pack(*fields, 0, *rest))
    return SEGMENT_STRUCT.pack(*fields, crc, *rest)


def parse_segment(raw: bytes) -> SegmentHead | str:
    """The header, or what is wrong with it. A foreign version is not wrong: the caller looks at `version`."""
    if len(raw) < RECORD_BYTES:
        return "the file is shorter than a segment header"
    (position, magic, kind, version, trading_day, partition, primary, twin, crc, *rest) = SEGMENT_STRUCT.unpack(raw)
    rulebook_day, number, size, config, seed = rest
    if magic != MAGIC or kind != Kind.SEGMENT:
        return "no segment header"
    if crc != zlib.crc32(raw[:_SEGMENT_CRC_AT] + bytes(4) + raw[_SEGMENT_CRC_AT + 4 :]):
        return "crc of the segment header"
    day = DayFacts(trading_day, partition, primary, twin, rulebook_day, config, seed)
    return SegmentHead(number, position, size * SIZE_UNIT_BYTES, day, version)

"""Check a frame before it is appended: the caller's own records, or what another core sent.

Rules: a lower epoch is refused (docs: protocol, rules 2 and readers' rule); everything else must follow exactly on what
this journal holds: chain, positions, count, crc.
"""

import numpy as np

from evermarket.journal.errors import AppendRefused, EpochRefused
from evermarket.journal.frames import BLOCK_STRUCT, EPOCH_STRUCT, Block, Buffer, Epoch, block_crc, flat, next_chain
from evermarket.journal.scan import Place, in_order
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import FIRST_FRAME


def check_records(records: Records, position: int, records_max: int) -> Records:
    """The records of a block to be, seen as HEADER. Errors: AppendRefused."""
    if records.dtype.itemsize != RECORD_BYTES or records.ndim != 1 or not records.flags.c_contiguous:
        raise AppendRefused("a block is a contiguous array of 64-byte records")
    rows = records if records.dtype is HEADER else records.view(HEADER)
    if not 0 < len(rows) <= records_max:
        raise AppendRefused(f"a block holds 1 to {records_max} records, not {len(rows)}")
    kinds = np.ascontiguousarray(rows["kind"])
    if not kinds.min() or kinds.max() >= FIRST_FRAME:
        raise AppendRefused("a record of a block has kind 0 or a framing kind")
    if not in_order(flat(rows).data, len(rows), position):
        raise AppendRefused(f"positions do not follow on {position}")
    return rows


def parse_received(raw: Buffer, place: Place, records_max: int) -> Block | Epoch:
    """The frame in `raw` (records and their BLOCK record, or one EPOCH record). `place` is left as it is.

    Errors: EpochRefused, AppendRefused; nothing is written by then.
    """
    data = memoryview(raw).cast("B")
    if not RECORD_BYTES <= data.nbytes <= (records_max + 1) * RECORD_BYTES or data.nbytes % RECORD_BYTES:
        raise AppendRefused(f"{data.nbytes} bytes are no frame of this journal")
    frame = bytes(data[-RECORD_BYTES:])
    if frame[16] == Kind.EPOCH and data.nbytes == RECORD_BYTES:
        return _epoch(frame, place)
    if frame[16] == Kind.BLOCK:
        return _block(data, frame, place, records_max)
    raise AppendRefused(f"kind {frame[16]} ends no frame")


def _epoch(frame: bytes, place: Place) -> Epoch:
    position, time, _, make, epoch, owner, trading_day, chain = EPOCH_STRUCT.unpack(frame)
    if epoch <= (place.epoch or 0):
        raise EpochRefused(f"epoch {epoch} is not higher than {place.epoch}")
    if position != place.position or chain != next_chain(place.chain or b"", b"", frame):
        raise AppendRefused(f"the EPOCH record of epoch {epoch} does not follow on position {place.position}")
    return Epoch(position, time, make, epoch, owner, trading_day, chain, frame)


def _block(data: memoryview, frame: bytes, place: Place, records_max: int) -> Block:
    position, digest, _, epoch, count, crc, chain = BLOCK_STRUCT.unpack(frame)
    if epoch != place.epoch:
        raise EpochRefused(f"the block is of epoch {epoch}, this journal of {place.epoch}")
    records = np.frombuffer(data[:-RECORD_BYTES], HEADER)
    if not count or count != len(records) or crc != block_crc(data[:-RECORD_BYTES], frame):
        raise AppendRefused(f"the block that ends at position {position} is not whole")
    check_records(records, place.position, records_max)
    if position != place.position + count or chain != next_chain(place.chain or b"", data[:-RECORD_BYTES], frame):
        raise AppendRefused(f"the block that ends at position {position} does not follow on {place.position}")
    return Block(position, digest, epoch, chain, records, data)

"""What a journal holds, as the protocol sees it: blocks and epoch marks, each with the record that seals it.

A frame is one entry of the journal; its *index* counts frames from 1, for an EPOCH mark takes no position. `seal` is
the BLOCK or EPOCH record of docs/format.md, section 8, as it stands in the journal; its last 32 bytes are the chain,
which stands for everything before the frame too: two journals with the same chain at an index are the same up to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from evermarket.journal.frames import NO_CHAIN as NO_CHAIN
from evermarket.journal.frames import flat, pack_block, pack_epoch
from evermarket.records import Records
from evermarket.records.kinds import Make

CHAIN_BYTES = len(NO_CHAIN)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The stream of one batch, positions `first` to `last`: each command with its events. `digest`: the state after it.

    `records` has the layout HEADER, lies in one piece and is never written to again.
    """

    epoch: int
    first: int
    last: int
    time_ns: int
    digest: int
    records: Records = field(repr=False)
    seal: bytes = field(default=b"", repr=False)

    @property
    def chain(self) -> bytes:
        return self.seal[-CHAIN_BYTES:]


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """An EPOCH record: who owns the epoch, and `last`, the last position of the one before (protocol 1)."""

    epoch: int
    last: int
    time_ns: int
    owner: str
    seal: bytes = field(default=b"", repr=False)

    @property
    def chain(self) -> bytes:
        return self.seal[-CHAIN_BYTES:]


Frame = Block | Mark
Seal = Callable[[bytes, Frame], bytes]
"""The record that seals a frame, from the chain before it and the frame's fields (its own `seal` is not looked at)."""


@dataclass(frozen=True, slots=True)
class CoreName:
    """What the journal and members know a core by."""

    number: int
    make: Make


class JournalSeal:
    """The seal of docs/format.md, section 8, for a day and its cores by name."""

    def __init__(self, trading_day: int, cores: Mapping[str, CoreName]) -> None:
        self.trading_day = trading_day
        self.cores = dict(cores)

    def __call__(self, before: bytes, frame: Frame) -> bytes:
        if isinstance(frame, Block):
            records = flat(frame.records)
            raw, _ = pack_block(records, len(frame.records), frame.last, frame.digest, frame.epoch, before)
            return raw
        core = self.cores[frame.owner]
        raw, _ = pack_epoch(
            position=frame.last,
            time=frame.time_ns,
            make=core.make,
            epoch=frame.epoch,
            owner=core.number,
            trading_day=self.trading_day,
            chain=before,
        )
        return raw


def sealed(frame: Frame, before: bytes, seal: Seal) -> Frame:
    """The frame with the seal that makes it the next one behind the chain `before`."""
    return replace(frame, seal=seal(before, frame))


def readable(frames: Iterable[Frame]) -> list[Frame]:
    """The readers' rule: what has a lower epoch than the highest before it in the same log is void."""
    kept: list[Frame] = []
    highest = 0
    for frame in frames:
        if frame.epoch >= highest:
            highest = frame.epoch
            kept.append(frame)
    return kept

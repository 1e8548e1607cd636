"""What a journal holds, as the protocol sees it: blocks and epoch marks, sealed by a running chain.

A frame is one entry of the journal; its *index* counts frames from 1, for an EPOCH mark takes no position. The chain
after a frame stands for everything before it too: two journals with the same chain at an index are the same up to it.
Contents are opaque bytes; what a line is told stands beside them, so that the protocol need not read records.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

NO_CHAIN = bytes(32)


@dataclass(frozen=True, slots=True)
class Order:
    """A command of a line. Its id only grows on its line. `is_resend`: the sender does not know what became of it."""

    line: int
    order_id: int
    payload: bytes
    is_resend: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a line is told, at its position. `order_id` 0: nobody asked, another order caused it."""

    line: int
    order_id: int
    position: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The commands and events of one batch, positions `first` to `last`, and the state digest after them."""

    epoch: int
    first: int
    last: int
    time_ns: int
    digest: int
    payload: bytes
    outcomes: tuple[Outcome, ...]
    is_quarantine: bool = False
    chain: bytes = b""


@dataclass(frozen=True, slots=True)
class Mark:
    """An EPOCH record: who owns the epoch, and `last`, the last position of the one before (protocol 1)."""

    epoch: int
    last: int
    time_ns: int
    owner: str
    chain: bytes = b""


Frame = Block | Mark
Chain = Callable[[bytes, Frame], bytes]
"""The chain after a frame, from the chain before it; for the real journal that of docs/format.md, section 8."""


def sha256_chain(before: bytes, frame: Frame) -> bytes:
    """A chain over every field; for frames that have no packed form."""
    return hashlib.sha256(before + repr(replace(frame, chain=b"")).encode()).digest()


def sealed(frame: Frame, before: bytes, chain: Chain) -> Frame:
    """The frame with the chain that makes it the next one behind `before`."""
    return replace(frame, chain=chain(before, frame))


def readable(frames: tuple[Frame, ...]) -> list[Frame]:
    """The readers' rule: what has a lower epoch than the highest before it in the same log is void."""
    kept: list[Frame] = []
    highest = 0
    for frame in frames:
        if frame.epoch >= highest:
            highest = frame.epoch
            kept.append(frame)
    return kept

"""The matching core as a node's shell uses it: a batch in, the stream out in one piece; a command refused unworked.

The core runs on the loop's thread: a batch of thousands takes a millisecond, and nothing can be said before it is done.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from evermarket.core import Core
from evermarket.records import HEADER, LAYOUT, NO_PRICE, Code, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.layout import ORDER, QUOTE, VOID
from evermarket.records.raw import WHOLE, join

REPLAYED_RECORDS: Final = 1 << 14
"""Records that are replayed in one call of the core; a block that has more goes alone."""

_FIRST_OF_EXCHANGE = Kind.PHASE
_RESERVED_FLAG = 128
"""Bit 7 of `flags`, which no command may set: UNUSED_BYTES (docs/format.md, 5.5)."""


class Market:
    """The core and how it comes to a state again."""

    def __init__(self) -> None:
        self.core = Core()

    def match(self, commands: Records) -> tuple[Records, int]:
        """The stream of a batch, which nobody writes to again, and the state digest after it.

        Whatever the core raises comes out: the caller's batch is then in doubt and the core must be restored.
        """
        stream = self.core.run(commands)
        return stream.view(WHOLE).copy().view(HEADER), self.core.digest

    def replay(self, blocks: Iterable[Records]) -> None:
        """Begin anew and work the commands in these streams; REJECTED with GUARDED is taken over, not found again."""
        self.core = Core()
        for stream in _together(blocks):
            for piece in _pieces(stream):
                if _is_guarded(piece):
                    self.refuse(_commands(piece))
                else:
                    self.core.run(_commands(piece))

    def refuse(self, run: Records) -> tuple[Records, int]:
        """The stream in which a run (a command with its texts) is refused as GUARDED: its number and client order id
        are used up, nothing else is looked at (docs/format.md, 4.2). Refusals of the record itself, codes 1, 2, stand.

        The core is given the run spoiled so that it must refuse it, and tells what it used up by doing so.
        """
        told, digest = self.match(_spoiled(run))
        told.view(WHOLE)[: len(run)] = run.view(WHOLE)
        told["position"][: len(run)] = int(told["position"][-1]) - len(run) + np.arange(len(run), dtype=np.uint64)
        rejected = told[-1:].view(LAYOUT[Kind.REJECTED])
        if int(rejected["code"][0]) > Code.BROKEN_RUN:
            rejected["code"], rejected["value"], rejected["bound"] = Code.GUARDED, run["kind"][0], NO_PRICE
        return told, digest


def _spoiled(run: Records) -> Records:
    """A copy with a field that no rule allows: the core refuses it and uses up what a refusal uses up.

    Commands of members are spoiled where unused bytes would keep their id; those of the exchange have no id.
    """
    copy = run.view(WHOLE).copy().view(HEADER)
    kind, head = int(copy["kind"][0]), copy[:1]
    if kind == Kind.NEW:
        head.view(ORDER)["side"] = 0
    elif kind == Kind.QUOTE:
        head.view(QUOTE)["tif"] = 0
    elif kind in (Kind.REDUCE, Kind.REPRICE, Kind.CANCEL):
        head.view(ORDER)["order_no"] = 0
    elif kind == Kind.VOID_TRADE:
        head.view(VOID)["trade_no"] = 0
    elif kind < _FIRST_OF_EXCHANGE:
        head["instrument"] = np.iinfo(np.uint16).max
    else:
        head["flags"] |= _RESERVED_FLAG
    return copy


def _together(blocks: Iterable[Records]) -> Iterator[Records]:
    """The same stream in fewer pieces: a call of the core costs as much as a hundred commands."""
    held: list[Records] = []
    count = 0
    for stream in blocks:
        if held and count + len(stream) > REPLAYED_RECORDS:
            yield join(held)
            held, count = [], 0
        held.append(stream)
        count += len(stream)
    if held:
        yield join(held)


def _pieces(stream: Records) -> Iterator[Records]:
    """The stream in pieces that hold one guarded refusal alone or none at all."""
    guarded = np.flatnonzero((stream["kind"] == Kind.REJECTED) & (stream["code"] == Code.GUARDED))
    items, at = stream.view(WHOLE), 0
    for end in guarded.tolist():
        kinds = stream["kind"][at:end]
        start = at + int(np.flatnonzero((kinds < FIRST_EVENT) & (kinds != Kind.TEXT))[-1])
        if start > at:
            yield items[at:start].view(HEADER)
        yield items[start : end + 1].view(HEADER)
        at = end + 1
    if at < len(stream):
        yield items[at:].view(HEADER)


def _is_guarded(piece: Records) -> bool:
    last = piece[-1]
    return bool(last["kind"] == Kind.REJECTED and last["code"] == Code.GUARDED)


def _commands(stream: Records) -> Records:
    commands: Records = stream.view(WHOLE)[stream["kind"] < FIRST_EVENT]
    return commands.view(HEADER)

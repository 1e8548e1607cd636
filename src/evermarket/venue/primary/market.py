"""The matching core as a node's shell uses it: a batch in, the stream out in one piece; a command refused unworked.

The core runs on the loop's thread: a batch of thousands takes a millisecond, and nothing can be said before it is done.
"""

from collections.abc import Iterable

import numpy as np

from evermarket.core import Core
from evermarket.records import HEADER, LAYOUT, NO_PRICE, RECORD_BYTES, Code, Kind, Records
from evermarket.records.layout import ORDER, QUOTE

_ITEM = np.dtype(f"V{RECORD_BYTES}")


class Market:
    """The core and how it comes to a state again."""

    def __init__(self) -> None:
        self.core = Core()

    def match(self, commands: Records) -> tuple[Records, int]:
        """The stream of a batch, which nobody writes to again, and the state digest after it.

        Whatever the core raises comes out: the caller's batch is then in doubt and the core must be restored.
        """
        stream = self.core.run(commands)
        return stream.view(_ITEM).copy().view(HEADER), self.core.digest

    def replay(self, blocks: Iterable[Records]) -> None:
        """Begin anew and work the commands in these streams; REJECTED with GUARDED is taken over, not found again."""
        self.core = Core()
        for stream in blocks:
            for piece in _pieces(stream):
                if _is_guarded(piece):
                    self.refuse(_commands(piece))
                else:
                    self.core.run(_commands(piece))

    def refuse(self, commands: Records) -> tuple[Records, int]:
        """The stream in which this run (a command with its texts) is refused as GUARDED: its number and client order
        id are used up, nothing else is looked at (docs/format.md, 4.2)."""
        head = commands[:1].view(_ITEM).copy().view(HEADER)
        kind = Kind(int(head["kind"][0]))
        told = self.core.run(_spoiled(head, kind)).view(_ITEM).copy().view(HEADER)
        first = int(told["position"][0])
        out = np.zeros(len(commands) + 1, _ITEM).view(HEADER)
        out.view(_ITEM)[:-1] = commands.view(_ITEM)
        out.view(_ITEM)[-1] = told.view(_ITEM)[-1]
        out["position"] = np.arange(first, first + len(out), dtype=np.uint64)
        rejected = out[-1:].view(LAYOUT[Kind.REJECTED])
        if int(rejected["code"][0]) > Code.UNUSED_BYTES:
            rejected["code"], rejected["value"], rejected["bound"] = Code.GUARDED, kind, NO_PRICE
        if len(commands) > 1:
            raise NotImplementedError("a run of texts cannot be quarantined")
        return out, self.core.digest


def _spoiled(head: Records, kind: Kind) -> Records:
    """The command with a field that no rule allows: the core refuses it and uses up what a refusal uses up."""
    if kind == Kind.NEW:
        head.view(ORDER)["side"] = 0
    elif kind == Kind.QUOTE:
        head.view(QUOTE)["tif"] = 0
    elif kind in (Kind.REDUCE, Kind.REPRICE, Kind.CANCEL):
        head.view(ORDER)["order_no"] = 0
    else:
        head["instrument"] = np.iinfo(np.uint16).max
    return head


def _pieces(stream: Records) -> Iterable[Records]:
    """The stream in pieces that hold one guarded refusal alone or none at all."""
    guarded = np.flatnonzero((stream["kind"] == Kind.REJECTED) & (stream["code"] == Code.GUARDED))
    items, at = stream.view(_ITEM), 0
    for end in guarded.tolist():
        heads = np.flatnonzero((stream["kind"][at:end] < Kind.ACCEPTED) & (stream["kind"][at:end] != Kind.TEXT))
        start = at + int(heads[-1])
        if start > at:
            yield items[at:start].view(HEADER)
        yield items[start : end + 1].view(HEADER)
        at = end + 1
    for start in range(at, len(stream), len(stream) or 1):
        yield items[start:].view(HEADER)


def _is_guarded(piece: Records) -> bool:
    last = piece[-1]
    return bool(last["kind"] == Kind.REJECTED and last["code"] == Code.GUARDED)


def _commands(stream: Records) -> Records:
    commands: Records = stream.view(_ITEM)[stream["kind"] < Kind.ACCEPTED]
    return commands.view(HEADER)

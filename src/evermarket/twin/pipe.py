"""One twin process and its pipe: requests out, replies in (docs/twin.md, "The pipe").

The same face as every core's: `run`, `digest`, `position`, `live`, `depth`, `unfilled`. One request at a time; the
twin reads a request whole before it answers, so neither side waits for the other with a full pipe.
"""

import struct
import subprocess
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from evermarket.records import HEADER, Records
from evermarket.twin.binary import find_binary

HEAD: Final = struct.Struct("<IIQQQ")
"""Request: op, payload bytes, three arguments. Reply: status, payload bytes, position, digest, live."""
PAIR: Final = struct.Struct("<II")
LEVEL: Final = struct.Struct("<qqq")
PIPE_BYTES: Final = 1 << 20

Level = tuple[int, int, int]
"""Price, quantity, orders."""


class Op(IntEnum):
    """What can be asked."""

    RUN = 1
    DEPTH = 2
    UNFILLED = 3
    FRESH = 4


class TwinRefused(ValueError):  # noqa: N818
    """The request itself was wrong, or a time went back; the market is unchanged."""


class TwinStopped(RuntimeError):  # noqa: N818
    """The process ended, or said something that is no reply."""


class Twin:
    """A market in a process of its own. Use it as a context, or `close` it."""

    def __init__(self, binary: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [binary or find_binary(), "pipe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=PIPE_BYTES
        )
        self.position = 0
        self.digest = 0
        self.live = 0
        self._ask(Op.FRESH)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()

    def run(self, commands: Records) -> Records:
        """Commands in, the stream out: each command with its position, followed by its events; read-only.

        Errors: TwinRefused (a ValueError) for a time before the last one, TwinStopped if the process is gone.
        """
        return np.frombuffer(self._ask(Op.RUN, np.ascontiguousarray(commands).tobytes()), HEADER)

    def depth(self, instrument: int, segment: int = 1, levels: int = 5) -> tuple[list[Level], list[Level]]:
        """Bids and asks as the orders stand, best first, each level (price, qty, count)."""
        return self._levels(Op.DEPTH, instrument, segment, levels)

    def unfilled(self, instrument: int, segment: int = 1, levels: int = 5) -> tuple[list[Level], list[Level]]:
        """Bids and asks as a match held now would leave them (docs/format.md, section 6.4)."""
        return self._levels(Op.UNFILLED, instrument, segment, levels)

    def fresh(self) -> None:
        """An empty market again."""
        self._ask(Op.FRESH)

    def close(self) -> None:
        """End the process; nothing is kept."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with suppress(BrokenPipeError):  # it ended before us: what was not yet sent has no reader
                    stream.close()
        self._process.wait()

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer is told that it stopped."""
        self._process.kill()

    def _levels(self, op: Op, instrument: int, segment: int, levels: int) -> tuple[list[Level], list[Level]]:
        raw = self._ask(op, b"", instrument, segment, levels)
        buys, _ = PAIR.unpack_from(raw)
        rows = [LEVEL.unpack_from(raw, at) for at in range(PAIR.size, len(raw), LEVEL.size)]
        return rows[:buys], rows[buys:]

    def _ask(self, op: Op, payload: bytes = b"", *arguments: int) -> bytes:
        asking, telling = self._process.stdin, self._process.stdout
        assert asking is not None
        assert telling is not None
        a, b, c = (*arguments, 0, 0, 0)[:3]
        try:
            asking.write(HEAD.pack(op, len(payload), a, b, c))
            asking.write(payload)
            asking.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._stopped() from error
        head = telling.read(HEAD.size)
        if len(head) < HEAD.size:
            raise self._stopped()
        status, size, self.position, self.digest, self.live = HEAD.unpack(head)
        body = telling.read(size)
        if len(body) < size:
            raise self._stopped()
        if status != 0:
            raise TwinRefused(body.decode("utf-8", "replace"))
        return body

    def _stopped(self) -> TwinStopped:
        self.close()
        return TwinStopped(f"the twin process ended with code {self._process.returncode}")

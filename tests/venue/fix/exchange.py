"""The owner of the market as a gateway sees it: the primary core behind a door that gives times and order numbers.

The door answers a repetition with nothing new (protocol, "exactly once"): a client order id that does not grow on its
line is passed over. What the core gives is released at once, in batches as they come.
"""

from collections.abc import Callable

import numpy as np

from evermarket.core import Core
from evermarket.records import HEADER, LAYOUT, RECORD_BYTES, Kind, Records, blank
from evermarket.records.kinds import FIRST_EVENT
from tests.models.builder import MIDNIGHT_NS, STEP_NS, Builder
from tests.models.words import join, split

OPEN_NS = MIDNIGHT_NS + 9 * 3600 * 1_000_000_000
_RAW = np.dtype(f"V{RECORD_BYTES}")


class Exchange:
    """Two members with lines 1 and 2 (line 3 has no rights), securities 2330 (100.0, limits 110 and 90) and 2317."""

    def __init__(self, phase: str = "CONTINUOUS") -> None:
        self.core = Core()
        self.released: list[Records] = []
        self.now = OPEN_NS
        self._waiting: list[bytes] = []
        self._next_order = 1
        self._last_ids: dict[int, int] = {}
        self.market(define)
        self.market(lambda day: day.phase(phase))

    @property
    def position(self) -> int:
        return self.core.position

    def submit(self, commands: Records) -> None:
        """The link: commands wait at the door until `work`."""
        self._waiting += split(commands)

    def lose(self) -> list[bytes]:
        """The owner dies with what waits at its door."""
        lost, self._waiting = self._waiting, []
        return lost

    def market(self, write: Callable[[Builder], None]) -> None:
        """Commands of the exchange itself."""
        day = Builder()
        write(day)
        self._run(split(day.records()))

    def work(self) -> bool:
        """Take what waits; whether there was anything."""
        commands, self._waiting = self._waiting, []
        new = [raw for raw in commands if self._is_new(raw)]
        if new:
            self._run(new)
        return bool(commands)

    def begin_epoch(self, number: int) -> None:
        """The mark that a switch leaves in the stream."""
        record = blank(Kind.EPOCH)
        record["epoch"], record["position"] = number, self.position
        self.released.append(record.view(HEADER))

    def _is_new(self, raw: bytes) -> bool:
        line, asked = int.from_bytes(raw[52:54], "little"), int.from_bytes(raw[24:32], "little")
        is_new = asked > self._last_ids.get(line, 0)
        self._last_ids[line] = max(asked, self._last_ids.get(line, 0))
        return is_new

    def _run(self, commands: list[bytes]) -> None:
        rows = np.frombuffer(bytearray(b"".join(commands)), LAYOUT[Kind.NEW])
        for row in rows:
            assert row["kind"] < FIRST_EVENT
            self.now += STEP_NS
            row["time"] = self.now
            if row["kind"] == Kind.NEW:
                row["order_no"] = self._next_order
                self._next_order += 1
        out = self.core.run(rows.view(HEADER))
        self.released.append(join(split(out)))


def define(day: Builder) -> None:
    """Reference data of the usual market."""
    day.tick_table(1, "stock")
    day.stabilisation(1)
    day.line(1, member=1, rights=1)
    day.line(2, member=2, rights=1)
    day.line(3, member=3, rights=0)
    for instrument, code in ((1, "2330"), (2, "2317")):
        day.book(instrument, texts=(code, "name"), qty_max=499_000)
        day.prices(instrument, "100", up="110", down="90")

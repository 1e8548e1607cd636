"""A body whose journal the test writes, and a reader of what its door tells."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from evermarket.records import HEADER, Records
from evermarket.records.kinds import Make
from evermarket.venue.protocol.actions import Close, Tell
from evermarket.venue.protocol.archive import Positions
from evermarket.venue.protocol.body import Body, Settings
from evermarket.venue.protocol.door import Door
from evermarket.venue.protocol.frames import Block, CoreName, Frame, JournalSeal

SEAL = JournalSeal(20_260_105, {"P": CoreName(1, Make.PRIMARY)})


class Journal:
    """All frames of a body; `archive` of its node."""

    def __init__(self) -> None:
        self.all: list[Frame] = []

    def frames(self, after: int, upto: int) -> Sequence[Frame]:
        return self.all[after:upto]

    def records(self, positions: Positions) -> Records:
        blocks = [frame for frame in self.all if isinstance(frame, Block)]
        whole = np.concatenate([block.records.view("V64") for block in blocks])
        return whole[positions - 1].view(HEADER)


class Market:
    """An owner's body and door. `records_kept_max`: so little is in memory that most must be read again."""

    def __init__(self, **limits: int) -> None:
        self.journal = Journal()
        self.body = Body(Settings("P", ("P",), SEAL, **limits), (), 1, self.journal)
        self.door = Door(self.body, 1)
        self.told: dict[str, list[bytes]] = defaultdict(list)
        self.closed: dict[str, object] = {}
        self.more: set[str] = set()

    def append(self, records: Records) -> None:
        """A block, synced here and not released."""
        last = int(records["position"][-1])
        block = Block(1, last - len(records) + 1, last, last, 0, records)
        self.journal.all.append(self.body.append_own(block))
        self.body.synced = self.body.log.end
        self.body.log.forget(self.body.synced)

    def release(self, upto: int) -> None:
        """Everything up to a frame."""
        before, self.body.released = self.body.released, upto
        frames = self.body.log.between(before, upto)
        self.door.release([frame for frame in frames if isinstance(frame, Block)])
        self.look()

    def look(self) -> list[Records]:
        """Take what was told; the records of the last Tells."""
        tells = []
        for action in self.body.take_actions():
            if isinstance(action, Tell):
                assert len(action.records) or not action.more
                tells.append(action.records)
                self.told[action.connection] += [row.tobytes() for row in action.records.view("V64")]
                if action.more:
                    self.more.add(action.connection)
            elif isinstance(action, Close):
                self.closed[action.connection] = action.parting
        return tells

    def drain(self) -> None:
        """Every connection has room again."""
        more, self.more = self.more, set()
        for connection in sorted(more):
            self.door.drained(connection)
        self.look()

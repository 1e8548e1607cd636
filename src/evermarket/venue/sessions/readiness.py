"""How far a line is, as its member says: what a core shows its operators (docs/sessions.md, Readiness)."""

from dataclasses import dataclass

import numpy as np

from evermarket.records import Records
from evermarket.records.session import READY, Readiness, SessionKind


@dataclass(slots=True)
class LineState:
    """Of one session, from its log-on at `since_ns`. `due_position`: the last position of its flow that was released
    then; `received`: the last one that the member said it has, -1 before it said any."""

    due_position: int
    since_ns: int
    received: int = -1
    said: Readiness | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """LOGGED_ON, CAUGHT_UP, READY or HAND_RAISED."""
        if self.said is not None:
            return self.said.name
        return "CAUGHT_UP" if self.received >= self.due_position else "LOGGED_ON"

    def hear(self, records: Records) -> None:
        """Take heartbeats and READY from what a member sent; every READY among it is a good one."""
        kinds = records["kind"]
        positions = records["position"][kinds == SessionKind.HEARTBEAT]
        if len(positions):
            self.received = max(self.received, int(positions.max()))
        said = np.flatnonzero(kinds == SessionKind.READY)
        if len(said):
            last = records[said[-1] :].view(READY)[0]
            self.said = Readiness(int(last["code"]))
            self.why = last["text"].partition(b"\0")[0].decode(errors="replace")

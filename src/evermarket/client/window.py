"""The commands of a line that have no outcome yet, in the order they were given.

A command's outcome is the first event with its client order id of a kind that answers it: an id that a line is told is
its own (docs/sessions.md, Masked). A MASS_CANCEL is answered by its last event only.
"""

import numpy as np
import numpy.typing as npt

from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.kinds import FIRST_EVENT, Flag
from evermarket.records.raw import WHOLE

_ORDER = LAYOUT[Kind.NEW]
_REJECT = LAYOUT[Kind.REJECTED]
_OUTCOME = {
    Kind.NEW: Kind.ACCEPTED,
    Kind.REDUCE: Kind.REDUCED,
    Kind.REPRICE: Kind.REPRICED,
    Kind.CANCEL: Kind.CANCELLED,
    Kind.QUOTE: Kind.QUOTED,
    Kind.MASS_CANCEL: Kind.MASS_CANCELLED,
    Kind.QUOTE_REQUEST: Kind.QUOTE_REQUESTED,
    Kind.OFF_BOOK_TRADE: Kind.OFF_BOOK_TRADED,
    Kind.VOID_TRADE: Kind.TRADE_VOIDED,
}
_OUTCOME_OF = np.zeros(FIRST_EVENT, np.uint8)
_OUTCOME_OF[list(_OUTCOME)] = list(_OUTCOME.values())
_REJECTED = int(Kind.REJECTED)

YesNo = npt.NDArray[np.bool_]


class Window:
    """Ids that grow (else ValueError); a command leaves when it is answered."""

    def __init__(self) -> None:
        self._rows = np.zeros(64, WHOLE)
        self._is_open = np.zeros(64, np.bool_)
        self._start = self._end = 0
        self.last_id = 0
        self.sent_id = 0

    def __len__(self) -> int:
        return int(self._is_open[self._start : self._end].sum())

    def add(self, commands: Records) -> None:
        ids = commands.view(_ORDER)["cl_ord_id"]
        before = np.concatenate([np.array([self.last_id], np.uint64), ids[:-1]])
        if not (ids > before).all():
            raise ValueError(f"client order ids must grow beyond {self.last_id}")
        self._make_room(len(commands))
        stop = self._end + len(commands)
        self._rows[self._end : stop] = commands.view(WHOLE)
        self._is_open[self._end : stop] = True
        self._end = stop
        self.last_id = int(ids[-1]) if len(ids) else self.last_id

    def put_back(self, commands: Records) -> None:
        """Commands that were sent before, here or in an earlier life, and have no outcome: each goes to the place of
        its id. Errors: ValueError if one is here already."""
        here = self._rows[self._start : self._end][self._is_open[self._start : self._end]]
        rows = np.concatenate([here, commands.view(WHOLE)])
        ids = rows.view(_ORDER)["cl_ord_id"]
        order = np.argsort(ids, kind="stable")
        if (ids[order][1:] == ids[order][:-1]).any():
            raise ValueError("a command that is under way already")
        self._rows, self._is_open = rows[order], np.ones(len(rows), np.bool_)
        self._start, self._end = 0, len(rows)
        self.last_id = max(self.last_id, int(ids.max(initial=0)))

    def sent(self) -> None:
        """Everything in the window has been written on a connection."""
        self.sent_id = max(self.sent_id, self.last_id)

    def again(self) -> Records:
        """All that have no outcome; flagged those that were written before: what became of them is not known."""
        part = slice(self._start, self._end)
        commands = self._rows[part][self._is_open[part]].view(_ORDER)
        commands["flags"] |= np.where(commands["cl_ord_id"] <= self.sent_id, Flag.POSS_RESEND, 0).astype(np.uint8)
        return commands.view(HEADER)

    def answer(self, events: Records) -> YesNo:
        """Which of these events are outcomes of commands in the window; those commands leave it."""
        is_answer = np.zeros(len(events), np.bool_)
        if self._start == self._end or not len(events):
            return is_answer
        rows = self._rows[self._start : self._end].view(_ORDER)
        seen = np.ascontiguousarray(events).view(_ORDER)
        at = np.searchsorted(rows["cl_ord_id"], seen["cl_ord_id"])
        at[at == len(rows)] = 0
        fits = rows["cl_ord_id"][at] == seen["cl_ord_id"]
        fits &= self._is_open[self._start + at]
        found = (fits & _answers(rows["kind"][at], seen)).nonzero()[0]
        if len(found) > 1:
            found = found[np.unique(at[found], return_index=True)[1]]
        is_answer[found] = True
        self._is_open[self._start + at[found]] = False
        still = self._is_open[self._start : self._end]
        first = int(still.argmax())
        self._start = self._start + first if still[first] else self._end
        return is_answer

    def give_up(self, cl_ord_id: int) -> bool:
        """A command that was never taken and will not be; False: it is not here."""
        rows = self._rows[self._start : self._end].view(_ORDER)
        at = np.flatnonzero((rows["cl_ord_id"] == np.uint64(cl_ord_id)) & self._is_open[self._start : self._end])
        self._is_open[self._start + at] = False
        return bool(len(at))

    def _make_room(self, n: int) -> None:
        if self._end + n <= len(self._rows):
            return
        kept = slice(self._start, self._end)
        size = max(2 * (self._end - self._start), 64) + n
        rows, is_open = np.zeros(size, WHOLE), np.zeros(size, np.bool_)
        rows[: self._end - self._start] = self._rows[kept]
        is_open[: self._end - self._start] = self._is_open[kept]
        self._rows, self._is_open = rows, is_open
        self._start, self._end = 0, self._end - self._start


def _answers(kinds: npt.NDArray[np.uint8], events: Records) -> YesNo:
    """Whether each event is the outcome of the command of its id, which is of the kind at the same place."""
    told = events["kind"]
    is_rejected = (told == _REJECTED) & (events.view(_REJECT)["command"] == kinds)
    found: YesNo = is_rejected | (told == _OUTCOME_OF[kinds])
    return found

"""The owner's door (docs/sessions.md): who is let in, what is taken, who is told what.

A door is an owner's and ends with its epoch. Invariants: only what is released is told; a line is told each position of
its flow once, in order, and repetitions only of what it was told; an id is taken once; one connection a line. A
connection is *live* when it has everything up to the last release; before, it is told old flow piece by piece, as it
has room.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evermarket.client.proof import address_text
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.raw import WHOLE
from evermarket.records.session import Parting, Resume, SessionKind, Wish, session_record
from evermarket.venue.protocol.actions import Close, Tell
from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.events import Opened, Said
from evermarket.venue.protocol.flow import Positions, words_of
from evermarket.venue.protocol.frames import Block
from evermarket.venue.protocol.kernels import taking, telling
from evermarket.venue.protocol.kernels.words import BYTE, WORDS, Words
from evermarket.venue.protocol.runs import split_runs
from evermarket.venue.protocol.waiting import Waiting, holds

NOTHING = np.zeros(0, HEADER)
_SEATS = 16
_PARTING = {taking.IS_BAD: Parting.BAD_RECORD, taking.IS_FOREIGN: Parting.FOREIGN_LINE}

YesNo = npt.NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Session:
    """Who speaks for a line. `seat`: its row in the door's arrays; `doubts`: resends of ids that were passed over, but
    not yet for certain; `unfinished`: the beginning of a run of line 0."""

    connection: str
    line: int
    seat: int
    wish: int
    received: int = 0
    doubts: list[tuple[int, int]] = field(default_factory=list)
    unfinished: Records = field(default_factory=lambda: NOTHING)


class Door:
    """Sessions of an owner; gone with its epoch, for members log on again."""

    def __init__(self, body: Body, epoch: int) -> None:
        self.body = body
        self.epoch = epoch
        self.waiting = Waiting()
        self.in_core = NOTHING
        self.sessions: dict[str, Session] = {}
        self.by_line: dict[int, Session] = {}
        self._seats = np.zeros((_SEATS, telling.SEATS), np.int64)
        self._free = list(range(_SEATS))
        self._names: list[str] = [""] * _SEATS
        self._doubtful: set[Session] = set()
        self._last_ids: dict[int, Words] = {}
        self._verdicts = np.zeros(1_024, np.uint8)
        self._spans = np.zeros((_SEATS, 3), np.int64)

    # --- coming and going -----------------------------------------------------------------------------------------

    def opened(self, event: Opened) -> None:
        """Let a member in, or say why not; then the flow that it does not have."""
        holder = self.by_line.get(event.line)
        if holder is not None:
            notice = session_record(SessionKind.NOTICE, code=Parting.LINE_TAKEN, address=event.address)
            self.body.do(Tell(holder.connection, notice))
            self._refuse(event.connection, Parting.LINE_TAKEN)
            return
        if event.after_position > self.told_position(event.line):
            who = f"line {event.line} at {address_text(event.address)}"
            self.body.alarm(f"{who} knows of position {event.after_position}, this core does not")
            self._refuse(event.connection, Parting.AHEAD)
            return
        session = Session(event.connection, event.line, self._free_seat(), event.wish)
        self.sessions[event.connection] = self.by_line[event.line] = session
        self._sit(session, event)
        self.body.do(Tell(event.connection, self._logged_on(event)))
        self.drained(event.connection)

    def gone(self, connection: str) -> None:
        session = self.sessions.get(connection)
        if session is not None:
            self._end(session)

    def close_all(self, fenced_by: int) -> None:
        """The epoch is over: everybody hears by which, and looks for the new owner."""
        fenced = session_record(SessionKind.FENCED, epoch=fenced_by)
        for connection in self.sessions:
            self.body.do(Tell(connection, fenced))
            self.body.do(Close(connection, None))
        self.sessions.clear()
        self.by_line.clear()

    def told_position(self, line: int) -> int:
        """The last position that a line can have been told."""
        upto = self.body.released_position
        flows = (self.body.flow.own(line), self.body.flow.public)
        return max(_last_upto(positions, upto) for positions in flows)

    def own_position(self, line: int) -> int:
        """The last released position of a line's own flow."""
        return _last_upto(self.body.flow.own(line), self.body.released_position)

    def heartbeat(self, connection: str) -> Records | None:
        """What the core's HEARTBEAT says on a connection; None if it has no session."""
        session = self.sessions.get(connection)
        if session is None:
            return None
        facts = {"position": self.own_position(session.line), "received": session.received, "epoch": self.epoch}
        return session_record(SessionKind.HEARTBEAT, **facts)

    # --- commands -------------------------------------------------------------------------------------------------

    def said(self, event: Said) -> None:
        """Take what is new, answer what is not."""
        session = self.sessions.get(event.connection)
        if session is None or not len(event.commands):
            return
        line, commands = session.line, event.commands
        if len(commands) > len(self._verdicts):
            self._verdicts = np.zeros(2 * len(commands), np.uint8)
        last_id = self._last_id(line)
        looked = taking.look(words_of(commands), line, last_id, self._verdicts)
        verdicts = self._verdicts[:looked]
        if line and looked == len(commands) and not verdicts.any():
            session.received += looked
            self.waiting.put(commands)
            return
        self._sort(session, commands[:looked], verdicts.copy())

    def is_new(self, line: int, cl_ord_id: int) -> bool:
        """One comparison: an id only grows on its line."""
        return cl_ord_id > int(self._last_id(line)[0])

    def _sort(self, session: Session, commands: Records, verdicts: npt.NDArray[np.uint8]) -> None:
        """Commands that are not all simply new, piece by piece."""
        if session.line == 0:
            self._take_runs(session, commands, verdicts)
            return
        edges = [0, *(np.flatnonzero(np.diff(verdicts)) + 1).tolist(), len(verdicts)]
        for start, stop in pairwise(edges):
            verdict, piece = int(verdicts[start]), commands[start:stop]
            if verdict == taking.IS_NEW:
                self._take(session, piece)
            elif verdict == taking.IS_ALONE:
                for i in range(len(piece)):
                    self._take(session, piece[i : i + 1], is_alone=True)
            elif verdict == taking.IS_RESEND:
                for words in words_of(piece):
                    self._answer_again(session, int(words[3]), int(words[2] & BYTE))
            else:
                self._part(session, _PARTING[verdict])

    def _take(self, session: Session, commands: Records, *, is_alone: bool = False) -> None:
        session.received += int((commands["kind"] != Kind.TEXT).sum())
        self.waiting.put(commands, is_alone=is_alone)

    def _take_runs(self, session: Session, commands: Records, verdicts: npt.NDArray[np.uint8]) -> None:
        """Line 0: whole runs only; what is not whole waits for its rest, what never will be ends the session."""
        good = int((verdicts < taking.IS_BAD).sum())
        runs, session.unfinished, is_broken = split_runs(session.unfinished, commands[:good])
        for run, is_alone in runs:
            self._take(session, run, is_alone=is_alone)
        if is_broken:
            self._part(session, Parting.BAD_RECORD)
        elif good < len(commands):
            self._part(session, _PARTING[int(verdicts[good])])

    def _answer_again(self, session: Session, cl_ord_id: int, command: int) -> None:
        """The first outcome if it is released; if it is not, it comes when it is."""
        body = self.body
        have, at = body.flow.first_from(session.line, cl_ord_id)
        if have == cl_ord_id and at:
            rows, position = body.flow.outcome(session.line, at)
            if position <= body.released_position and rows < self._seats[session.seat, telling.OWN_AT]:
                self._tell_again(session, position)
        elif have and at <= body.released_position:
            self._never_received(session, cl_ord_id, command)
        elif not have and (self.waiting.holds(session.line, cl_ord_id) or holds(self.in_core, session.line, cl_ord_id)):
            return
        else:
            session.doubts.append((cl_ord_id, command))
            self._doubtful.add(session)

    def _never_received(self, session: Session, cl_ord_id: int, command: int) -> None:
        """A larger id of the line is released, this one is in no journal: it can never be executed."""
        facts = {"cl_ord_id": cl_ord_id, "epoch": self.epoch, "line": session.line, "command": command}
        self.body.do(Tell(session.connection, session_record(SessionKind.NEVER_RECEIVED, **facts)))

    # --- telling --------------------------------------------------------------------------------------------------

    def release(self, blocks: list[Block]) -> None:
        """Tell live connections what has just been released, one Tell each."""
        if not self.sessions or not blocks:
            return
        parts = [block.records.view(WHOLE) for block in blocks]
        words = words_of(parts[0] if len(parts) == 1 else np.concatenate(parts))
        self._tell_live(words, blocks[0].first, blocks[-1].last)
        doubtful, self._doubtful = self._doubtful, set()
        for session in sorted(doubtful, key=lambda session: session.line):
            doubts, session.doubts = session.doubts, []
            for cl_ord_id, command in doubts:
                self._answer_again(session, cl_ord_id, command)

    def drained(self, connection: str) -> None:
        """Old flow, as much as one Tell takes; with the last of it the connection is live."""
        session = self.sessions.get(connection)
        if session is None or self._seats[session.seat, telling.IS_LIVE]:
            return
        positions, is_public, more = self._next_old(session)
        self._seats[session.seat, telling.IS_LIVE] = not more
        if len(positions):
            self.body.do(Tell(connection, self._dressed(session, positions, is_public), more))

    def _tell_live(self, words: Words, first: int, upto: int) -> None:
        flow, seats = self.body.flow, self._seats
        lists = (flow.heads, flow.positions, flow.public_positions, flow.public_end)
        rows = telling.count(seats, *lists, upto)
        if not rows:
            return
        heads, positions, public, public_end = lists
        out, spans = np.empty((rows, WORDS), np.uint64), self._spans
        whose = (flow.order_line, flow.senders)
        told = telling.tell(words, first, upto, seats, *whose, heads, positions, public, public_end, out, spans)
        records, names, body = out.reshape(-1).view(HEADER), self._names, self.body
        for seat, begin, end in spans[:told].tolist():
            body.do(Tell(names[seat], records[begin:end]))

    def _next_old(self, session: Session) -> tuple[Positions, YesNo, bool]:
        """The next positions of a line's own and public flow, which of them are public, whether more are left."""
        seat, flow, most = self._seats[session.seat], self.body.flow, self.body.settings.records_told_max
        upto = self.body.released_position
        own = _released(flow.own(session.line)[seat[telling.OWN_AT] :], upto)
        public = _released(flow.public[seat[telling.PUBLIC_AT] :], upto) if seat[telling.PUBLIC_AT] >= 0 else own[:0]
        positions = np.union1d(own[:most], public[:most])[:most]
        if not len(positions):
            return positions, np.zeros(0, np.bool_), False
        taken = int(np.searchsorted(own, positions[-1], side="right"))
        seat[telling.OWN_AT] += taken
        more = taken < len(own)
        if seat[telling.PUBLIC_AT] >= 0:
            public_taken = int(np.searchsorted(public, positions[-1], side="right"))
            seat[telling.PUBLIC_AT] += public_taken
            more = more or public_taken < len(public)
        return positions, ~np.isin(positions, own[:taken]), more

    def _tell_again(self, session: Session, position: int) -> None:
        """The answer to a resend."""
        positions = np.array([position], np.int64)
        self.body.do(Tell(session.connection, self._dressed(session, positions, np.zeros(1, np.bool_), position)))

    def _dressed(self, session: Session, positions: Positions, is_public: YesNo, repeat_upto: int = -1) -> Records:
        """Copies of released records as a line is told them."""
        records = self.body.log.records_at(positions)
        upto = max(repeat_upto, int(self._seats[session.seat, telling.REPEAT_UPTO]))
        flow = self.body.flow
        telling.dress_all(words_of(records), session.line, flow.order_line, flow.senders, is_public, upto)
        return records

    # --- inside -------------------------------------------------------------------------------------------------

    def _last_id(self, line: int) -> Words:
        """The largest id taken of a line, in an array of one."""
        last_id = self._last_ids.get(line)
        if last_id is None:
            last_id = self._last_ids[line] = np.array([self.body.flow.last_id(line)], np.uint64)
        return last_id

    def _sit(self, session: Session, event: Opened) -> None:
        """From where a connection is told: the start of the day, behind a position, or from now on."""
        upto = self.body.released_position
        after = {Resume.RESTART: 0, Resume.RESUME: event.after_position, Resume.QUICK: upto}[event.resume]
        flow = self.body.flow
        public = int(np.searchsorted(flow.public, after, side="right")) if event.wish & Wish.PUBLIC_FLOW else -1
        own = int(np.searchsorted(flow.own(event.line), after, side="right"))
        self._seats[session.seat] = (False, event.line, own, public, upto)
        self._names[session.seat] = session.connection

    def _free_seat(self) -> int:
        if not self._free:
            n = len(self._seats)
            grown = np.zeros((2 * n, telling.SEATS), np.int64)
            grown[:n] = self._seats
            self._seats, self._spans = grown, np.zeros((2 * n, 3), np.int64)
            self._names += [""] * n
            self._free = list(range(n, 2 * n))
        return self._free.pop()

    def _end(self, session: Session) -> None:
        """A session is over; with CANCEL_ON_DISCONNECT the exchange cancels all orders of its line."""
        del self.sessions[session.connection], self.by_line[session.line]
        self._seats[session.seat, telling.IS_LIVE] = False
        self._free.append(session.seat)
        self._doubtful.discard(session)
        if session.wish & Wish.CANCEL_ON_DISCONNECT and session.line:
            cancel = np.zeros(1, LAYOUT[Kind.MASS_CANCEL])
            cancel["kind"], cancel["of_line"] = Kind.MASS_CANCEL, session.line
            self.waiting.put(cancel.view(HEADER))

    def _part(self, session: Session, parting: Parting) -> None:
        self._end(session)
        self._refuse(session.connection, parting)

    def _refuse(self, connection: str, parting: Parting) -> None:
        self.body.do(Tell(connection, session_record(SessionKind.LOG_OFF, code=parting)))
        self.body.do(Close(connection, parting))

    def _logged_on(self, event: Opened) -> Records:
        body, settings = self.body, self.body.settings
        return session_record(
            SessionKind.LOGGED_ON,
            position=body.released_position,
            last_id=body.flow.last_id(event.line),
            flow_position=self.own_position(event.line),
            epoch=self.epoch,
            trading_day=settings.trading_day,
            heartbeat_ms=settings.heartbeat_ms,
            line=event.line,
            make=settings.make,
            rate=event.rate,
            owner=settings.number,
        )


def _released(positions: Positions, upto: int) -> Positions:
    return positions[: int(np.searchsorted(positions, upto, side="right"))]


def _last_upto(positions: Positions, upto: int) -> int:
    """The last of growing positions that is not above `upto`, 0 if there is none."""
    at = int(np.searchsorted(positions, upto, side="right"))
    return int(positions[at - 1]) if at else 0

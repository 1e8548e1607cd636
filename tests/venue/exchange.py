"""A small but honest exchange for sessions to stand before: the real core, one door, no journal, no other process.

What it works it may hold back (`hold`), as a core does whose journal is not safe yet, and lose it (`dies`).
"""

import time
from dataclasses import replace

import numpy as np

from evermarket.client.proof import address_text
from evermarket.core import Core
from evermarket.records import HEADER, LAYOUT, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, Phase, Product, Right
from evermarket.records.session import FlowFlag, Parting, Resume, SessionKind, Wish, session_record
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.sessions import Acceptor, Terms
from tests.venue.flow import Flows

PIECE = 16_384
"""Records of an old flow that are handed over at a time."""

LINES = 40
INSTRUMENTS = (1, 2)
REFERENCE = 1_000_000


def listed(lines: int = LINES) -> Records:
    """The commands of a morning: two instruments in continuous trading, `lines` lines of as many members."""
    rows: list[Records] = []

    def add(kind: Kind, **values: int) -> None:
        row = blank(kind)
        for name, value in values.items():
            row[name] = value
        rows.append(row)

    add(Kind.REF_TICK, from_price=0, tick=5_000, table=1)
    for line in range(1, lines + 1):
        add(Kind.REF_LINE, line=line, member=(line + 1) // 2, account=line, rights=Right.ORDERS | Right.PROVIDER)
        rows[-1]["rights"] = Right.ORDERS if line < lines else Right.ORDERS | Right.PROVIDER | Right.OFF_BOOK
    everything = int(ALLOW_CONTINUOUS)
    for instrument in INSTRUMENTS:
        where = {"instrument": instrument, "attributes": 1}
        facts = {"group": 1, "table": 1, "allow": everything, "product": Product.STOCK}
        add(Kind.REF_INSTRUMENT, **where, lot=1000, qty_max=499_000, **facts)
        add(Kind.REF_PRICES, **where, reference=REFERENCE, limit_up=1_100_000, limit_down=900_000)
    add(Kind.PHASE, code=Phase.CONTINUOUS, mode=Mode.CONTINUOUS, allow=everything, group=1)
    return np.frombuffer(b"".join(row.tobytes() for row in rows), HEADER)


class Reader:
    """Where the flow of one open session stands."""

    def __init__(self, opened: Opened, cursor: int, old: int) -> None:
        self.is_waiting = False
        self.received = 0
        self.line = opened.line
        self.wish = opened.wish
        self.cursor = cursor
        self.old = old


class Exchange:
    """`Behind` of a door. `rate` of every line; `is_held`: only line 0 is let in."""

    def __init__(self, terms: Terms, rate: int = 0, lines: int = LINES) -> None:
        self.core = Core()
        self.flows = Flows()
        self.stream: list[bytes] = []
        self.worked = self.released = 0
        self.is_holding = False
        self.is_held = False
        self.alarms: list[str] = []
        self.readers: dict[str, Reader] = {}
        self.door = Acceptor(replace(terms, rate=rate or terms.rate), self)
        self._next_no = 1
        self._time = 0
        self._asked: list[tuple[str, int]] = []
        self.work(listed(lines))

    # --- the core -------------------------------------------------------------------------------------------------

    def work(self, commands: Records) -> None:
        rows = np.frombuffer(bytearray(commands.tobytes()), HEADER)
        self._time = max(time.time_ns(), self._time + 1)
        rows["time"] = self._time
        for at in range(len(rows)):
            kind = int(rows[at]["kind"])
            if kind in (Kind.NEW, Kind.QUOTE):
                rows[at : at + 1].view(LAYOUT[Kind(kind)])["order_no"] = self._next_no
                self._next_no += 1 if kind == Kind.NEW else 2
        out = self.core.run(rows)
        self.stream.append(out.tobytes())
        self.worked = self.core.position
        self.flows.fold(np.frombuffer(self.stream[-1], HEADER))
        if not self.is_holding:
            self.release()

    def hold(self) -> None:
        """From now on nothing is told: the journal is not safe."""
        self.is_holding = True

    def release(self) -> None:
        self.is_holding = False
        self.released = self.worked
        for connection, reader in list(self.readers.items()):
            if not reader.is_waiting:
                self._feed(connection)
        asked, self._asked = self._asked, []
        for connection, position in asked:
            self._again(connection, position)

    def take_over(self, epoch: int) -> "Exchange":
        """Another core that knows what this one released, and no more; owner of a new epoch."""
        other = Exchange(replace(self.door.terms, epoch=epoch, is_owner=True), lines=0)
        other.core, other.flows, other._next_no, other.stream = Core(), Flows(), 1, []
        records = np.frombuffer(b"".join(self.stream), HEADER)
        whole, is_kept = records.view("V64"), records["position"] <= self.released
        commands = whole[(records["kind"] < Kind.ACCEPTED) & is_kept].view(HEADER)
        other._time = self._time
        if len(commands):
            other.core.run(commands)
        kept = whole[is_kept].view(HEADER)
        other.stream.append(kept.tobytes())
        other.flows.fold(kept)
        other.worked = other.released = self.released
        numbered = [int(row["kind"]) for row in commands]
        other._next_no = 1 + numbered.count(Kind.NEW) + 2 * numbered.count(Kind.QUOTE)
        return other

    # --- the door -------------------------------------------------------------------------------------------------

    def step(self, event: Opened | Said | Drained | Gone) -> None:
        if isinstance(event, Opened):
            self.opened(event)
        elif isinstance(event, Said):
            self.said(event)
        elif isinstance(event, Gone):
            self.gone(event)
        elif event.connection in self.readers:
            self._feed(event.connection)

    def heartbeat(self, connection: str) -> Records | None:
        reader = self.readers.get(connection)
        if reader is None:
            return None
        facts = {"received": reader.received, "epoch": self.door.terms.epoch}
        return session_record(SessionKind.HEARTBEAT, position=self.told(reader.line), **facts)

    def told(self, line: int) -> int:
        """Position of the last released record of a line's flow."""
        return max((position for position, _ in self.flows.of[line] if position <= self.released), default=0)

    def connection_of(self, line: int) -> str:
        """Who speaks for a line; "" if nobody does."""
        return next((name for name, reader in self.readers.items() if reader.line == line), "")

    def opened(self, event: Opened) -> None:
        """Let a line in, or say why not."""
        holder = self.connection_of(event.line)
        if self.is_held and event.line:
            self._refuse(event.connection, session_record(SessionKind.FENCED, epoch=self.door.terms.epoch))
        elif holder:
            notice = session_record(SessionKind.NOTICE, code=Parting.LINE_TAKEN, address=event.address)
            self.door.tell(holder, notice)
            self._refuse(event.connection, session_record(SessionKind.LOG_OFF, code=Parting.LINE_TAKEN))
        elif event.after_position > self.released:
            self.alarms.append(f"line {event.line} at {address_text(event.address)} knows of {event.after_position}")
            self._refuse(event.connection, session_record(SessionKind.LOG_OFF, code=Parting.AHEAD))
        else:
            start = {Resume.RESTART: 0, Resume.RESUME: event.after_position, Resume.QUICK: self.released}
            self.readers[event.connection] = Reader(event, start[event.resume], self.released)
            self.door.tell(event.connection, self._welcome(event))
            self._feed(event.connection)

    def said(self, event: Said) -> None:
        reader = self.readers[event.connection]
        for at in range(len(event.commands)):
            row = event.commands[at : at + 1]
            if reader.line and not self._is_new(event.connection, reader.line, row):
                continue
            reader.received += 1
            self.work(row)

    def gone(self, event: Gone) -> None:
        reader = self.readers.pop(event.connection)
        if reader.wish & Wish.CANCEL_ON_DISCONNECT:
            mass = blank(Kind.MASS_CANCEL)
            mass["of_line"] = reader.line
            self.work(mass)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _welcome(self, event: Opened) -> Records:
        terms = self.door.terms
        return session_record(
            SessionKind.LOGGED_ON,
            position=self.released,
            last_id=self.flows.last_id[event.line],
            flow_position=self.told(event.line),
            epoch=terms.epoch,
            trading_day=terms.trading_day,
            heartbeat_ms=terms.heartbeat_ms,
            line=event.line,
            make=terms.make,
            rate=event.rate,
            owner=1,
        )

    def _refuse(self, connection: str, why: Records) -> None:
        self.door.tell(connection, why)
        self.door.dismiss(connection)

    def _is_new(self, connection: str, line: int, row: Records) -> bool:
        one = row.view(LAYOUT[Kind(int(row[0]["kind"]))])
        cl_ord_id = int(one[0]["cl_ord_id"])
        if cl_ord_id > self.flows.last_id[line]:
            return True
        position = self.flows.first.get((line, cl_ord_id))
        if (line, cl_ord_id) not in self.flows.first:
            answer = session_record(
                SessionKind.NEVER_RECEIVED,
                cl_ord_id=cl_ord_id,
                epoch=self.door.terms.epoch,
                line=line,
                command=int(row[0]["kind"]),
            )
            self.door.tell(connection, answer)
        elif position is not None and position <= self.released:
            self._again(connection, position)
        elif position is not None:
            self._asked.append((connection, position))
        return False

    def _again(self, connection: str, position: int) -> None:
        """An outcome once more; in its time it comes by the flow itself, unless that has passed it."""
        reader = self.readers.get(connection)
        if reader is not None:
            found = dict(self.flows.of[reader.line])[position]
            self.door.tell(connection, flagged(found, FlowFlag.REPEAT))

    def _feed(self, connection: str) -> None:
        """What the line has not been told yet; old flow a piece at a time, the next when there is room."""
        reader = self.readers[connection]
        is_public = bool(reader.wish & Wish.PUBLIC_FLOW)
        rows = self.flows.wanted(reader.line, reader.cursor, self.released, is_public=is_public)
        reader.is_waiting = len(rows) > PIECE and rows[0][0] <= reader.old
        if reader.is_waiting:
            rows = rows[:PIECE]
        reader.cursor = rows[-1][0] if reader.is_waiting else max(reader.cursor, self.released)
        parts = [
            flagged(r, (FlowFlag.PUBLIC if public else 0) | (FlowFlag.REPEAT if p <= reader.old else 0)).view("V64")
            for p, r, public in rows
        ]
        if parts:
            self.door.tell(connection, np.concatenate(parts).view(HEADER), more=reader.is_waiting)


def flagged(record: bytes, flags: int) -> Records:
    row = np.frombuffer(bytearray(record), HEADER)
    row["flags"] |= np.uint8(flags)
    return row

"""One line's connection to the market, kept up: the asyncio shell round `Gate`. Whole arrays, no object an order.

Load generators use it as it is; `Client` puts orders and fills on top. It finds the core that owns the market among
the doors it knows, resumes the flow where it stood, and sends again what has no outcome yet.
"""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from evermarket.client.errors import ClientError, not_connected, of_parting, too_much_waits
from evermarket.client.framer import Framer
from evermarket.client.gate import (
    Action,
    AskedAgain,
    Beat,
    Connect,
    Declared,
    Deliver,
    Disconnect,
    Event,
    Gate,
    Heard,
    Lost,
    Ordered,
    Stopped,
    Write,
)
from evermarket.client.proof import proof_of
from evermarket.client.tickets import DayTicket
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.raw import WHOLE
from evermarket.records.session import (
    CHALLENGE,
    FIRST_SESSION_KIND,
    LOGGED_ON,
    READY,
    FlowFlag,
    Parting,
    Readiness,
    Resume,
    SessionKind,
    session_record,
)

BEAT_S: Final = 1.0
WINDOW_MAX: Final = 1_000_000
"""Commands that may wait while no core listens."""

WAITING_BYTES_MAX: Final = 64 * 2**20
"""Bytes that may wait for a core that reads slowly; `Line.drain` waits until they are fewer."""

_WHY_BYTES_MAX: Final = READY["text"].itemsize
_RETRY_S: Final = 0.002
_BUFFER_BYTES: Final = 2**20
_ORDER: Final = LAYOUT[Kind.NEW]


def address_of(door: str) -> tuple[str, int, bool]:
    """(host, port, whether TLS) of "host:port" or "tls://host:port". Raises ValueError."""
    bare = door.removeprefix("tls://")
    host, colon, port = bare.rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise ValueError(f"door {door!r} is not host:port")
    return host.strip("[]"), int(port), bare != door


class Line:
    """One line. `on_records` gets what `Gate` delivers: the next records of the flow, or session records that concern
    the member; arrays are read-only. `position` is where an earlier life of this member stood."""

    def __init__(
        self,
        ticket: DayTicket,
        on_records: Callable[[Records], None],
        *,
        doors: Sequence[str] = (),
        wish: int = 0,
        resume: Resume = Resume.RESUME,
        position: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.ticket = ticket
        self.on_records = on_records
        self.doors = tuple(doors) or ticket.doors
        for door in self.doors:
            address_of(door)
        facts = {"trading_day": ticket.trading_day, "wish": wish}
        self.gate = Gate(ticket.line, self.doors, self._prove, resume=resume, **facts)
        self.gate.last_position = position
        self.rate = 0
        self.last_parting: Parting | None = None
        self._tls = tls
        self._flow = hashlib.sha256()
        self._hashed_position = position
        self._beat_s, self._retry_s = BEAT_S, _RETRY_S
        self._wire: _Wire | None = None
        self._calling: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()
        self._has_logged_on = self._is_closed = False

    @property
    def is_open(self) -> bool:
        """Whether a core listens now."""
        return self.gate.is_open

    @property
    def flow_sha256(self) -> str:
        """SHA-256 of the flow received so far: every record once, in order, without the bit REPEAT."""
        return self._flow.hexdigest()

    @property
    def next_id(self) -> int:
        """The client order id of the next command. Raises Retryable before the first log-on."""
        if not self._has_logged_on:
            raise not_connected()
        return self.gate.window.last_id + 1

    async def open(self, timeout_s: float | None = None) -> None:
        """Connect and log on. Raises Refused if the core will never have us; on time-out Retryable with the last reason
        a core gave, or TimeoutError if none answered."""
        self._do(self.gate.start())
        self._beat_later()
        await self.wait_open(timeout_s)

    async def wait_open(self, timeout_s: float | None = None) -> None:
        """Wait until commands go straight to a core. Raises as `open`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._settled.wait()
        except TimeoutError:
            if self.last_parting is not None:
                raise of_parting(self.last_parting) from None
            raise TimeoutError(f"no core answered at {', '.join(self.doors)}") from None
        self._raise_if_stopped()

    def send(self, commands: Records) -> Records:
        """Send commands of any kinds 1-9; returns them as sent: with this line, and with ids where they had 0.

        While no core listens they wait in the window. Raises Retryable before the first log-on and when too much waits,
        Refused after a core has refused this line for good, ValueError for ids that do not grow; nothing is sent then.
        """
        self._raise_if_stopped()
        if self._is_overfull():
            raise too_much_waits()
        rows = np.ascontiguousarray(commands).view(WHOLE).copy().view(_ORDER)
        ids = rows["cl_ord_id"]
        first = self.next_id
        if not ids.any():
            rows["cl_ord_id"] = np.arange(first, first + len(rows), dtype=np.uint64)
        rows["line"] = self.ticket.line
        sent: Records = rows.view(HEADER)
        self._step(Ordered(sent))
        return sent

    def declare(self, readiness: Readiness, why: str = "") -> None:
        """Tell the core's operators whether this member can trade; told again after every log-on. Raises ValueError for
        a `why` that does not fit, Refused after a core has refused this line for good."""
        self._raise_if_stopped()
        text = why.encode()
        if len(text) > _WHY_BYTES_MAX or b"\0" in text:
            raise ValueError(f"why is {len(text)} bytes of UTF-8, at most {_WHY_BYTES_MAX} and none of them 0: {why!r}")
        self._step(Declared(readiness, text))

    def ask_again(self, commands: Records) -> None:
        """Send commands of this line whose outcome is not known, flagged POSS_RESEND: those of an earlier life of this
        member, and those that were THROTTLED. Their ids may be taken already; then the first outcome comes again, or
        NEVER_RECEIVED. Raises as `send`, ValueError for one that is under way."""
        self._raise_if_stopped()
        if not self._has_logged_on:
            raise not_connected()
        self._step(AskedAgain(np.ascontiguousarray(commands)))

    async def drain(self) -> None:
        """Wait until what was sent has mostly left this machine."""
        while self._wire is not None and self._wire.is_full:
            await self._wire.room.wait()

    async def close(self) -> None:
        """Log off and hang up. What has no outcome is left alone: its fate is in the flow of the next log-on."""
        self._is_closed = True
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        if self._calling is not None:
            self._calling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._calling
        if self._wire is not None:
            self._wire.write(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
            self._wire.hang_up()
            await self._wire.gone.wait()

    # --- the gate's world -----------------------------------------------------------------------------------------

    def _step(self, event: Event) -> None:
        if not self._is_closed:
            self._do(self.gate.step(event))

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Deliver):
                self._deliver(action.records)
            elif isinstance(action, Write):
                if self._wire is not None and self._wire.number == action.number:
                    self._wire.write(action.records)
            elif isinstance(action, Connect):
                self._calling = asyncio.get_running_loop().create_task(self._call(action))
            elif isinstance(action, Disconnect):
                self._hang_up()
            elif isinstance(action, Stopped):
                self.last_parting = action.parting
        if self.gate.is_open or self.gate.stopped is not None:
            self._settled.set()
        else:
            self._settled.clear()
            self._beat_soon_if_idle()

    async def _call(self, action: Connect) -> None:
        host, port, is_tls = address_of(action.address)
        tls = (self._tls or ssl.create_default_context()) if is_tls else None
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _Wire(self, action.number), host, port, ssl=tls)
        except OSError:
            self._step(Lost(action.number))

    def _hang_up(self) -> None:
        if self._calling is not None and self._calling is not asyncio.current_task():
            self._calling.cancel()
        if self._wire is not None:
            self._wire.hang_up()
            self._wire = None

    def _deliver(self, records: Records) -> None:
        is_new = (records["position"] > self._hashed_position) & (records["kind"] < FIRST_SESSION_KIND)
        if is_new.any():
            fresh = records.view(WHOLE)[is_new].view(HEADER)
            self._hashed_position = int(fresh["position"][-1])
            fresh["flags"] &= np.uint8(~FlowFlag.REPEAT & 0xFF)
            self._flow.update(fresh.view(np.uint8).data)
        self.on_records(records)

    def _prove(self, challenge: Records, log_on: Records) -> bytes:
        return proof_of(self.ticket.ticket, challenge.view(CHALLENGE)["nonce"][0].tobytes(), log_on)

    # --- what wires say -------------------------------------------------------------------------------------------

    def connected(self, wire: "_Wire") -> None:
        if wire.number == self.gate.number and not self._is_closed:
            self._wire = wire
        else:
            wire.hang_up()

    def heard(self, wire: "_Wire", records: Records) -> None:
        if wire is not self._wire:
            return
        for at in np.flatnonzero(records["kind"] >= FIRST_SESSION_KIND).tolist():
            self._note(records[at : at + 1])
        self._step(Heard(wire.number, records))

    def lost(self, wire: "_Wire") -> None:
        if wire is self._wire:
            self._wire = None
            self._step(Lost(wire.number))

    def _note(self, record: Records) -> None:
        """What the shell itself wants to know of the session's records."""
        kind = int(record["kind"][0])
        if kind == SessionKind.LOGGED_ON:
            welcome = record.view(LOGGED_ON)[0]
            self._beat_s, self._retry_s = int(welcome["heartbeat_ms"]) / 1_000, _RETRY_S
            self.rate = int(welcome["rate"])
            self._has_logged_on = True
            self.last_parting = None
            self._beat_later()
        elif kind == SessionKind.LOG_OFF and int(record["code"][0]) in list(Parting):
            self.last_parting = Parting(int(record["code"][0]))

    # --- time -----------------------------------------------------------------------------------------------------

    def _beat_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._beat_s, self._beat)

    def _beat_soon_if_idle(self) -> None:
        """No door would have us: the gate tries them again with its next beat, which need not be a whole one away. Once
        that is set it stands, whatever the member sends meanwhile."""
        if self._retry is None and not (self.gate.is_connected or self.gate.stopped or self._is_closed):
            self._retry = asyncio.get_running_loop().call_later(self._retry_s, self._try_again)
            self._retry_s = min(2 * self._retry_s, self._beat_s)

    def _try_again(self) -> None:
        self._retry = None
        if not self.gate.is_connected:
            self._beat()

    def _beat(self) -> None:
        self._beat_later()
        self._step(Beat())

    def _is_overfull(self) -> bool:
        if self.gate.is_open:
            return self._wire is not None and self._wire.transport.get_write_buffer_size() > WAITING_BYTES_MAX
        return len(self.gate.window) >= WINDOW_MAX

    def _raise_if_stopped(self) -> None:
        if self.gate.stopped is not None:
            error: ClientError = of_parting(self.gate.stopped)
            raise error


class _Wire(asyncio.Protocol):
    """One connection of a line, by the number the gate gave it."""

    transport: asyncio.Transport

    def __init__(self, line: Line, number: int) -> None:
        self.number = number
        self.gone = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()
        self._line = line
        self._framer = Framer()

    @property
    def is_full(self) -> bool:
        """Whether much waits to be sent."""
        return not self.room.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        self._line.connected(self)

    def data_received(self, data: bytes) -> None:
        records = self._framer.whole(data)
        if len(records):
            self._line.heard(self, records)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self.room.set()
        self._line.lost(self)

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def write(self, records: Records) -> None:
        self.transport.write(records.tobytes())

    def hang_up(self) -> None:
        self.transport.close()

"""The FIX gateway as a process: the released stream comes in and is folded, sessions are served, commands go to whoever
owns the market.

    stream -> facts -> flows -> desks -> acceptor <-> members
                                  '-> link -> the core that owns the seat

The stream and the link are given by whoever starts it. Nothing is accepted before all that was released at the start is
folded: a gateway before this one may have told it.
"""

import asyncio
import gc
import hmac
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
import numpy as np

from evermarket.records import HEADER, Records
from evermarket.records.kinds import Flag
from evermarket.records.units import LINE_MAX
from evermarket.venue.fix.acceptor import Acceptor
from evermarket.venue.fix.desk import Desk
from evermarket.venue.fix.events import Terms
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.fold import Facts
from evermarket.venue.fix.gateway import Gateway
from evermarket.venue.fix.kept import Kept, KeptFile
from evermarket.venue.fix.names import Names
from evermarket.venue.fix.orders import Command
from evermarket.venue.fix.reports import PrivateFlow
from evermarket.venue.fix.wire import Message

_FLAGS_AT = 17

CompId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,32}$")]
Line = Annotated[int, msgspec.Meta(ge=1, le=LINE_MAX)]


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order session. `password` none: whoever knows the CompID is let in (behind TLS with client certificates)."""

    comp_id: CompId
    line: Line
    password: str | None = None


class DropCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session that is told what some lines are told, and takes no requests."""

    comp_id: CompId
    lines: tuple[Line, ...]
    password: str | None = None


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files in PEM form. With `clients` a member must show a certificate that these authorities signed."""

    certificate: str
    key: str
    clients: str | None = None

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificate, self.key)
        if self.clients is not None:
            made.load_verify_locations(self.clients)
            made.verify_mode = ssl.CERT_REQUIRED
        return made


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One gateway and trading day. `kept`: the folder of the sessions' small journals; each day has its own."""

    comp_id: CompId
    trading_day: int
    kept: str
    members: tuple[Member, ...]
    drop_copies: tuple[DropCopy, ...] = ()
    accounts: dict[str, int] = {}
    host: str = "127.0.0.1"
    port: int = 0
    tls: Tls | None = None

    def __post_init__(self) -> None:
        names = [session.comp_id for session in self.sessions]
        lines = [member.line for member in self.members]
        if len(set(names)) != len(names) or len(set(lines)) != len(lines):
            raise ValueError("a CompID and a line have one session")

    @property
    def sessions(self) -> "tuple[Member | DropCopy, ...]":
        return *self.members, *self.drop_copies


class Stream(Protocol):
    """The released records of the day."""

    async def last_position(self) -> int:
        """Position of the last record that is released now; 0 if there is none."""
        ...

    def batches(self) -> AsyncIterator[Records]:
        """All commands and events from position 1 on, then what is released next, without end."""
        ...


class Link(Protocol):
    """The way to the core that owns the seat."""

    def submit(self, commands: Records) -> None:
        """Send these commands, each line's in their order. Whoever implements it waits where the owner says THROTTLED,
        comes back to the owner by itself and then first sends again what `FixProcess.under_way` gives, and hands
        NEVER_RECEIVED to `FixProcess.never_received` (docs/sessions.md)."""
        ...


class FixProcess:
    """Wires the parts from a configuration. `start`, then `close`, or `abort` as a crash would."""

    def __init__(self, config: Config, stream: Stream, link: Link, clock: Callable[[], int]) -> None:
        self._config = config
        self._stream = stream
        self._link = link
        self._clock = clock
        self._names = Names(config.accounts)
        self._facts = Facts()
        self._kept: list[KeptFile] = []
        self._desks = [self._member(member) for member in config.members]
        copies = [self._drop_copy(copy) for copy in config.drop_copies]
        passwords = {session.comp_id: session.password for session in config.sessions}
        self._acceptor = Acceptor([*self._desks, *copies], clock, Admission(passwords).admits)
        self._reading: asyncio.Task[None] | None = None
        self._folded = asyncio.Condition()

    def __repr__(self) -> str:
        return f"<FixProcess {self._config.comp_id} {self._facts!r}>"

    async def start(self) -> int:
        """Fold what is released, then accept; the port."""
        due = await self._stream.last_position()
        self._reading = asyncio.create_task(self._read())
        await self.until(due)
        tls = self._config.tls
        return await self._acceptor.listen(self._config.host, self._config.port, tls.context() if tls else None)

    async def until(self, position: int) -> None:
        """Return when the stream is folded up to a position; raise what ended the reading before."""
        async with self._folded:
            await self._folded.wait_for(lambda: self._facts.position >= position or self._is_over)
        if self._is_over and self._reading is not None:
            self._reading.result()

    def under_way(self) -> Records:
        """The commands that are sent and not answered, flagged POSS_RESEND, in the order of each line: to be sent again
        to another owner."""
        flag = int(Flag.POSS_RESEND)
        commands = [bytearray(command) for desk in self._desks for command in desk.under_way]
        for command in commands:
            command[_FLAGS_AT] |= flag
        return np.frombuffer(b"".join(commands), HEADER)

    def never_received(self, line: int, cl_ord_id: int) -> None:
        """The link was told that an id of a line was passed over (docs/sessions.md): the member is told so."""
        for member, desk in zip(self._config.members, self._desks, strict=True):
            if member.line == line:
                desk.never_received(self._clock(), cl_ord_id)

    async def close(self) -> None:
        """Log every session out and stop."""
        await self._acceptor.close()
        self.abort()

    def abort(self) -> None:
        """Stop without a word, as a crash would."""
        self._acceptor.abort()
        if self._reading is not None:
            self._reading.cancel()
        for kept in self._kept:
            kept.close()

    async def ended(self) -> None:
        """Return or raise when the stream does: a gateway that is not told any more has to stop."""
        if self._reading is not None:
            await self._reading

    @property
    def _is_over(self) -> bool:
        return self._reading is not None and self._reading.done()

    def _submit(self, commands: list[Command]) -> None:
        self._link.submit(np.frombuffer(b"".join(commands), HEADER))

    def _member(self, member: Member) -> Desk:
        flow = PrivateFlow(self._names, (member.line,))
        self._facts.tell(member.line, flow.add)
        gateway = Gateway(member.line, self._names, self._facts)
        return Desk(self._terms(member.comp_id), flow, self._kept_of(member.comp_id), gateway, self._submit)

    def _drop_copy(self, copy: DropCopy) -> Desk:
        flow = PrivateFlow(self._names, copy.lines, is_copy=True)
        for line in copy.lines:
            self._facts.tell(line, flow.add)
        return Desk(self._terms(copy.comp_id), flow, self._kept_of(copy.comp_id))

    def _terms(self, theirs: str) -> Terms:
        return Terms(self._config.comp_id, theirs)

    def _kept_of(self, comp_id: str) -> Kept:
        folder = Path(self._config.kept)
        folder.mkdir(parents=True, exist_ok=True)
        kept = KeptFile(folder / f"{self._config.trading_day}-{comp_id}.fix")
        self._kept.append(kept)
        return kept

    async def _read(self) -> None:
        try:
            async for records in self._stream.batches():
                self._names.fold(records)
                self._facts.fold(records)
                self._acceptor.grown()
                async with self._folded:
                    self._folded.notify_all()
        finally:
            async with self._folded:
                self._folded.notify_all()


def spare_collector() -> None:
    """For the process that runs a gateway: what a day keeps (orders, reports) grows all day and holds no cycles, and
    looking through it again and again costs a sixth of the speed."""
    gc.set_threshold(100_000, 50, 1_000)


class Admission:
    """Passwords by CompID, compared in constant time."""

    def __init__(self, passwords: dict[str, str | None]) -> None:
        self._passwords = passwords

    def admits(self, logon: Message) -> bool:
        """Whether a Logon brings its session's password."""
        wanted = self._passwords.get(logon.get(Tag.SENDER_COMP_ID) or "", "")
        given = logon.get(Tag.PASSWORD) or ""
        return wanted is None or hmac.compare_digest(wanted.encode(), given.encode())

"""The primary as a process: sockets, files, clock and core round `Node`, which decides everything.

Control socket, one line a connection, answered with a line of JSON: `status`; `board` (how far each line is);
`drop NAME BY` (go on without a follower); `stop` (end in good order).

One loop thread does what must be in order (sessions, node, core, telling); one thread writes the journal; one asks the
seat. What the node asks for is done in the order in which it asks. The first broken write ends the process.
"""

import asyncio
import contextlib
import logging
import signal
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from evermarket.journal import Journal, JournalWriter
from evermarket.journal.errors import JournalError
from evermarket.journal.segment import list_segments
from evermarket.records import RECORD_BYTES, Records
from evermarket.records.kinds import Make
from evermarket.venue.control import serve
from evermarket.venue.line.server import FromFollower, LineServer
from evermarket.venue.primary.disk import Answer, Disk, JournalArchive
from evermarket.venue.primary.door import PrimaryDoor
from evermarket.venue.primary.market import Market
from evermarket.venue.primary.memory import Ahead, forget_garbage, forget_the_compiler
from evermarket.venue.primary.settings import PrimarySettings, split_address
from evermarket.venue.primary.status import Status, digest_of, facts_of
from evermarket.venue.primary.warm import warm_up
from evermarket.venue.protocol.actions import (
    Action,
    Alarm,
    Close,
    CoreAction,
    Halt,
    Match,
    Quarantine,
    Release,
    Restore,
    Send,
    SetTimer,
    Shadow,
    Tell,
)
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.events import (
    Beat,
    DropRequested,
    Matched,
    MatchFailed,
    NodeEvent,
    Received,
    Started,
)
from evermarket.venue.protocol.frames import Block, CoreName, JournalSeal
from evermarket.venue.protocol.log import Log
from evermarket.venue.protocol.messages import Replicate
from evermarket.venue.protocol.node import Node
from evermarket.venue.protocol.seat import SEAT, SeatRequest
from evermarket.venue.protocol.seat_file import SeatFile

LOGGER = logging.getLogger(__name__)
HALTED = 4
"""Exit code of a core that stopped for good (conventions: not durable)."""


class Primary:
    """One life of the process. `await run()` returns its exit code."""

    def __init__(self, settings: PrimarySettings) -> None:
        self.settings = settings
        self.clock = settings.clock
        self.market = Market()
        self.node: Node
        self.door: PrimaryDoor
        self.lines: LineServer
        self._disk: Disk
        self._archive: JournalArchive
        self._seat = SeatFile(settings.seat)
        self._seat_thread = ThreadPoolExecutor(1, "seat")
        self._to_do: deque[Action] = deque()
        self._is_busy = False
        self._over: asyncio.Future[int]
        self._header = b""
        self._control: asyncio.Server | None = None
        self._ahead = Ahead()
        self.status = Status(settings.folder / "status.json")

    # --- what the line asks -----------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        return self.node.owner.epoch if self.node.owner is not None else 0

    @property
    def log(self) -> Log:
        return self.node.body.log

    @property
    def released(self) -> int:
        return self.node.body.released

    def header(self) -> bytes:
        return self._header

    def heard(self, follower: str, message: FromFollower) -> None:
        self.step(Received(follower, message))

    # --- life -------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Recover, open the doors, serve until something is final or SIGTERM comes."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, 0)
        self._recover(loop)
        forget_garbage()
        self._take_memory()
        settings = self.settings
        await self.lines.open(*split_address(settings.own.lines))
        await self.door.acceptor.open(*split_address(settings.own.door))
        self._control = await serve(settings.folder / "control", self._answer)
        self._perform(self.node.start())
        self.status.start(self.facts)
        try:
            return await self._over
        finally:
            await self._close()

    def step(self, event: NodeEvent) -> None:
        """The one way into the node."""
        self._perform(self.node.step(event, self.clock.now_ns()))

    def heartbeat(self, connection: str) -> Records | None:
        """See `Node.heartbeat`."""
        return self.node.heartbeat(connection)

    def _recover(self, loop: asyncio.AbstractEventLoop) -> None:
        settings = self.settings
        folder = settings.folder / "journal"
        has_journal = folder.is_dir() and bool(list_segments(folder))
        if has_journal:
            writer = JournalWriter.open(folder)
        else:
            writer = JournalWriter.create(folder, settings.day, segment_bytes=settings.segment_bytes)
        self._archive = JournalArchive(folder, {core.number: core.name for core in settings.cores})
        frames = self._archive.begin() if has_journal else iter(())
        started = Started(frames, writer.promised_epoch)
        self.node = Node(self.node_settings(), started, self._archive)
        self._header = Journal.open(folder).segment(1).data[:RECORD_BYTES]
        answer = self._from_thread(loop)
        self._disk = Disk(writer, self._archive.places, answer)
        self.lines = LineServer(self, settings.follower, self.clock.now_ns)
        self.door = PrimaryDoor(settings, self)

    def node_settings(self) -> Settings:
        settings, own = self.settings, self.settings.own
        names = {core.name: CoreName(core.number, Make(core.make)) for core in settings.cores}
        return Settings(
            name=settings.name,
            members=tuple(filter(None, (settings.name, settings.follower))),
            seal=JournalSeal(settings.trading_day, names),
            number=own.number,
            make=Make(own.make),
            trading_day=settings.trading_day,
            heartbeat_ms=settings.heartbeat_ms,
            beat_ms=settings.beat_ms,
            silent_beats_max=settings.silent_beats_max,
            batch_records_max=settings.batch_records_max,
            flow_rows=settings.flow_rows,
        )

    def _from_thread(self, loop: asyncio.AbstractEventLoop) -> Callable[[Answer], None]:
        def answer(event: Answer) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.step, event)

        return answer

    def end(self, code: int) -> None:
        if not self._over.done():
            self._over.set_result(code)

    async def _close(self) -> None:
        self.status.stop()
        if self._control is not None:
            self._control.close()
        await self.door.acceptor.close()
        self.lines.close()
        self._seat_thread.shutdown(cancel_futures=True)
        self._disk.close()
        self._ahead.close()

    # --- what the node asks -----------------------------------------------------------------------------------

    def _perform(self, actions: list[Action]) -> None:
        """In the order asked. What an action causes waits behind the actions that are already there."""
        self._to_do.extend(actions)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._to_do:
                self._do(self._to_do.popleft())
            self.door.follow_seat(self.epoch, self.node.epoch_known)
        finally:
            self._is_busy = False

    def _do(self, action: Action) -> None:
        match action:
            case Tell(connection, records, more):
                self.door.acceptor.tell(connection, records, more=more)
            case Match() | Quarantine() | Restore() | Shadow():
                self._work(action)
            case Send(to, message) if to == SEAT:
                self._ask_seat(message)  # type: ignore[arg-type]
            case Send(_, Replicate() as message):
                self.lines.replicate(message)
            case Send():
                pass  # this core follows nobody: what is said to another owner finds none
            case Release():
                self.lines.released()
            case SetTimer(delay_ms):
                asyncio.get_running_loop().call_later(delay_ms / 1_000, self._beat)
            case Close(connection, _):
                self.door.acceptor.dismiss(connection)
            case Alarm(text):
                self.status.alarm(text)
            case Halt(reason):
                self.status.alarm(f"{self.settings.name}: HALTED: {reason}")
                self.end(HALTED)
            case _:
                self._disk.do(action)

    def _take_memory(self) -> None:
        self._ahead.look(self.market.core.areas())
        self._ahead.look(self.node.body.flow.areas())

    def _beat(self) -> None:
        self._take_memory()
        self.lines.beat()
        self.step(Beat())

    def _work(self, action: CoreAction) -> None:
        match action:
            case Match(batch, commands, _):
                try:
                    records, digest = self.market.match(commands)
                except Exception as error:  # whatever a core does wrong, the protocol has an answer
                    self.status.alarm(f"{self.settings.name}: the core failed: {type(error).__name__}: {error}")
                    self.step(MatchFailed(batch))
                    return
                self.step(Matched(batch, records, digest))
            case Quarantine(batch, commands, _):
                records, digest = self.market.refuse(commands)
                self.step(Matched(batch, records, digest))
            case Restore(index):
                blocks = (frame.records for frame in self.log.between(0, index) if isinstance(frame, Block))
                self.market.replay(blocks)
            case Shadow():
                raise NotImplementedError("this core follows nobody")

    def _ask_seat(self, request: SeatRequest) -> None:
        loop = asyncio.get_running_loop()

        def asked() -> None:
            try:
                answer = self._seat.step(request)
            except (OSError, ValueError) as error:
                text = f"{self.settings.name}: the seat does not answer: {error}"
                loop.call_soon_threadsafe(self.status.alarm, text)
                return
            loop.call_soon_threadsafe(self.step, Received(SEAT, answer))

        self._seat_thread.submit(asked)

    # --- people -----------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """How this core stands."""
        return facts_of(self.node) | {
            "digest": f"{digest_of(self.node, self.market.core.digest):016x}",
            "live": self.market.core.live,
            "connections": len(self.door.acceptor),
            "market_ns": self.clock.now_ns(),
        }

    async def _answer(self, line: str) -> dict[str, Any]:
        """The control socket. The words are the twin's."""
        match line.split():
            case ["status"]:
                return self.status.facts()
            case ["board"]:
                return self.door.board(self.node.owner)
            case ["drop", member, by]:
                self.step(DropRequested(member, by))
                return {"asked": f"drop {member}"}
            case ["stop"]:
                self.end(0)
                return {"asked": "stop"}
            case _:
                return {"refused": f"{line!r} is none of status, board, drop NAME BY, stop"}


def main(settings: PrimarySettings) -> int:
    """Run until the end; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings.folder.mkdir(parents=True, exist_ok=True)
    primary = Primary(settings)
    warm_up(primary.node_settings())
    forget_the_compiler()
    try:
        import uvloop

        return uvloop.run(primary.run())
    except JournalError as error:  # before there was a loop to halt: the first broken write is final here, too
        LOGGER.error("%s", error)
        return HALTED

"""QuickFIX itself (quickfix-py) as initiator, with its own dictionary checking our messages."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.days.places import shared
from tests.venue.fix.floor import order, request
from tests.venue.fix.live import PATIENCE_S, STORY, Live, Told, beta_sells

quickfix = pytest.importorskip("quickfix", reason="quickfix-py has no wheel for this Python")

SETTINGS = """
[DEFAULT]
ConnectionType=initiator
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
ReconnectInterval=1
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
FileStorePath={folder}/store
FileLogPath={folder}/log
UseDataDictionary=Y
DataDictionary={folder}/FIX44.xml
ValidateUserDefinedFields=N
CheckLatency=N
[SESSION]
BeginString=FIX.4.4
SenderCompID=ALFA
TargetCompID=EVER
"""


class Application(quickfix.Application):  # type: ignore[misc, name-defined]
    """Called from QuickFIX's threads; everything goes to one queue in the test's loop."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.session: Any = None

    def _hear(self, what: Any) -> None:
        self.loop.call_soon_threadsafe(self.heard.put_nowait, what)

    def onCreate(self, session: Any) -> None:  # noqa: N802
        self.session = quickfix.SessionID("FIX.4.4", "ALFA", "EVER")

    def onLogon(self, session: Any) -> None:  # noqa: N802
        self._hear("on")

    def onLogout(self, session: Any) -> None:  # noqa: N802
        self._hear("off")

    def toAdmin(self, message: Any, session: Any) -> None:  # noqa: N802
        if message.getHeader().getField(35) == "A":
            message.setField(554, "secret")

    def fromAdmin(self, message: Any, session: Any) -> None:  # noqa: N802
        if message.getHeader().getField(35) == "3":
            self._hear(f"rejected {message}")

    def toApp(self, message: Any, session: Any) -> None:  # noqa: N802
        pass

    def fromApp(self, message: Any, session: Any) -> None:  # noqa: N802
        self._hear(tuple(message.getField(tag) for tag in (150, 11, 14)))

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await self.heard.get()

    def send(self, kind: str, fields: list[tuple[int, str]]) -> None:
        message = quickfix.Message()
        message.getHeader().setField(35, kind)
        for tag, value in fields:
            message.setField(tag, value)
        assert quickfix.Session.sendToTarget(message, self.session)


async def play(live: Live, folder: Path) -> list[Told]:
    packed = shared("fix/dictionaries") / "FIX44.xml.gz"
    (folder / "FIX44.xml").write_bytes(gzip.decompress(packed.read_bytes()))
    await live.open()
    (folder / "settings").write_text(SETTINGS.format(port=live.port, folder=folder), "ascii")
    settings = quickfix.SessionSettings(str(folder / "settings"))
    application = Application()
    stores, logs = quickfix.FileStoreFactory(settings), quickfix.FileLogFactory(settings)
    initiator = quickfix.SocketInitiator(application, stores, settings, logs)
    initiator.start()
    try:
        told = await story(live, application)
    finally:
        await asyncio.to_thread(initiator.stop)
    await live.close()
    return told


async def story(live: Live, application: Application) -> list[Told]:
    assert await application.next() == "on"
    application.send("D", order(1, qty=3_000))
    told = [await application.next()]
    live.market(beta_sells)
    told.append(await application.next())
    live.crash()
    assert await application.next() == "off"
    live.market(beta_sells)
    await live.open()
    assert await application.next() == "on"
    told.append(await application.next())
    application.send("F", request(2, 1))
    told.append(await application.next())
    assert application.heard.empty()
    return told


def test_quickfix_trades_and_resumes(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()

    async def run() -> list[Told]:
        return await play(Live(tmp_path / "kept"), tmp_path)

    assert asyncio.run(run()) == STORY

"""A FIX member of a venue: QuickFIX itself, started from the settings that the venue wrote for it."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evermarket.continuity.venue.fix_members import FixMember, fix_folder, fix_members
from evermarket.continuity.venue.plan import VenuePlan
from tests.days.places import shared
from tests.venue.fix.live import PATIENCE_S

quickfix = pytest.importorskip("quickfix", reason="quickfix-py has no wheel for this Python")

Fields = dict[int, str]
_CHECKING = """\
UseDataDictionary=Y
DataDictionary={folder}/FIX44.xml
ValidateUserDefinedFields=N
"""
TIMES = (9, 10, 52, 60)
"""Tags that hold real time, and length and sum, which hang on it."""


class FixTrader(quickfix.Application):  # type: ignore[misc, name-defined]
    """Called from QuickFIX's threads; all that is heard goes to the test's loop. `admin`: the session's own messages,
    both ways, as (direction, type)."""

    def __init__(self, member: FixMember) -> None:
        super().__init__()
        self.member = member
        self.told: list[Fields] = []
        self.admin: list[tuple[str, str]] = []
        self.log_ons = self.log_outs = self.resets = 0
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Condition()
        self._next = 0
        self._last_id = 0
        self._session = quickfix.SessionID("FIX.4.4", member.sender_comp_id, member.target_comp_id)

    # --- called by QuickFIX -------------------------------------------------------------------------------------

    def onCreate(self, session: Any) -> None:  # noqa: N802
        pass

    def onLogon(self, session: Any) -> None:  # noqa: N802
        self._hear(("on", {}))

    def onLogout(self, session: Any) -> None:  # noqa: N802
        self._hear(("off", {}))

    def toAdmin(self, message: Any, session: Any) -> None:  # noqa: N802
        if message.getHeader().getField(35) == "A":
            message.setField(554, self.member.password)
        self._hear(("out", fields_of(message)))

    def fromAdmin(self, message: Any, session: Any) -> None:  # noqa: N802
        self._hear(("in", fields_of(message)))

    def toApp(self, message: Any, session: Any) -> None:  # noqa: N802
        pass

    def fromApp(self, message: Any, session: Any) -> None:  # noqa: N802
        self._hear(("told", fields_of(message)))

    def _hear(self, what: tuple[str, Fields]) -> None:
        self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._take(*what)))

    async def _take(self, where: str, fields: Fields) -> None:
        async with self._news:
            self.log_ons += where == "on"
            self.log_outs += where == "off"
            if where == "told":
                self.told.append(fields)
            elif where in ("in", "out"):
                self.admin.append((where, fields[35]))
                self.resets += 141 in fields or (fields[35] == "4" and fields.get(123) != "Y")
            self._news.notify_all()

    # --- called by tests ----------------------------------------------------------------------------------------

    async def next(self) -> Fields:
        """The next application message."""
        await self.until(lambda: len(self.told) > self._next)
        self._next += 1
        return self.told[self._next - 1]

    async def until(self, is_so: Any) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(is_so)

    def send(self, kind: str, symbol: str, side: str, **tags: object) -> str:
        """A request with the next ClOrdID, which it gives back. `tags`: t44="100"."""
        self._last_id += 1
        message = quickfix.Message()
        message.getHeader().setField(35, kind)
        for tag, value in ((11, self._last_id), (55, symbol), (54, side), (60, "20261120-01:00:00")):
            message.setField(tag, str(value))
        for name, value in tags.items():
            message.setField(int(name[1:]), str(value))
        assert quickfix.Session.sendToTarget(message, self._session)
        return str(self._last_id)

    def order(self, symbol: str, side: str, price: object, qty: int = 1_000) -> str:
        """A limit order."""
        return self.send("D", symbol, side, t38=qty, t40=2, t44=price)

    @property
    def numbers(self) -> list[int]:
        """MsgSeqNum of what was told."""
        return [int(fields[34]) for fields in self.told]


def fields_of(message: Any) -> Fields:
    """A message's fields; none of ours has groups."""
    pairs = (field.split("=", 1) for field in message.toString().split("\x01") if field)
    return {int(tag): value for tag, value in pairs}


def without_times(fields: Fields) -> Fields:
    return {tag: value for tag, value in fields.items() if tag not in TIMES}


@asynccontextmanager
async def a_fix_member(plan: VenuePlan, folder: Path, **changes: object) -> AsyncIterator[FixTrader]:
    """The first FIX member of a venue, logged on. `changes`: other values in its settings."""
    member = fix_members(plan)[0]
    packed = shared("fix/dictionaries") / "FIX44.xml.gz"
    (folder / "FIX44.xml").write_bytes(gzip.decompress(packed.read_bytes()))
    text = (fix_folder(plan) / f"quickfix-{member.line:05d}.cfg").read_text("ascii")
    text = text.replace("UseDataDictionary=N\n", _CHECKING.format(folder=folder))
    for name, value in changes.items():
        text = "".join(f"{name}={value}\n" if row.startswith(f"{name}=") else row for row in text.splitlines(True))
    (folder / "settings").write_text(text, "ascii")
    settings = quickfix.SessionSettings(str(folder / "settings"))
    trader = FixTrader(member)
    stores, logs = quickfix.FileStoreFactory(settings), quickfix.FileLogFactory(settings)
    initiator = quickfix.SocketInitiator(trader, stores, settings, logs)
    initiator.start()
    try:
        await trader.until(lambda: trader.log_ons)
        yield trader
    finally:
        await asyncio.to_thread(initiator.stop)

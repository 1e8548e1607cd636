"""The guide runs: its programs, as printed, against a real exchange, print what it says they print."""

import asyncio
import contextlib
import io
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher

from evermarket.venue.identity.accounts import read_accounts
from evermarket.venue.identity.credentials import write_members
from evermarket.venue.identity.desk import Desk
from evermarket.venue.identity.passwords import PasswordChecker
from evermarket.venue.identity.service import DoorAddress, make_app
from evermarket.venue.web import server
from tests.client.market import PLAIN
from tests.tidy.tree import ROOT
from tests.venue.exchange import Exchange
from tests.venue.relay.authority import Authority
from tests.venue.sessions.machine import SECRET
from tests.venue.wire import HOST

BLOCKS = re.findall(r"```(python|text)\n(.*?)```", (ROOT / "docs" / "client.md").read_text("utf-8"), re.DOTALL)
PROGRAMS = [(code, said) for (_, code), (_, said) in zip(BLOCKS[::2], BLOCKS[1::2], strict=True)]
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Path]:
    """Identity service and core in a thread; gives the folder with what a member needs."""
    authority = Authority(tmp_path)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    core = Exchange(PLAIN)
    serving: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def started() -> None:
        door = DoorAddress(HOST, await core.door.open(HOST, 0))
        accounts = read_accounts(write_members(tmp_path, 2, "", QUICK))
        desk = Desk(PLAIN.trading_day, SECRET, accounts, PasswordChecker(QUICK))
        running = server(make_app(desk, [door]), HOST, 0, authority.certificate, authority.key)
        serving.append((running, loop.create_task(running.serve())))
        while not running.started:
            await asyncio.sleep(0)
        port = running.servers[0].sockets[0].getsockname()[1]
        for path in tmp_path.glob("member-*.json"):
            text = path.read_text("utf-8")
            path.write_text(text.replace('"identity_url": ""', f'"identity_url": "https://{HOST}:{port}"'), "utf-8")

    asyncio.run_coroutine_threadsafe(started(), loop).result()

    async def ended() -> None:
        for running, task in serving:
            running.should_exit = True
            await task
        await core.door.close()

    yield tmp_path
    asyncio.run_coroutine_threadsafe(ended(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.mark.parametrize(("code", "said"), PROGRAMS, ids=["blocking", "asyncio"])
def test_the_guides_programs_print_what_the_guide_says(exchange: Path, code: str, said: str) -> None:
    here, out = Path.cwd(), io.StringIO()
    os.chdir(exchange)
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(code, "docs/client.md", "exec"), {"__name__": "__main__"})
    finally:
        os.chdir(here)
    assert out.getvalue() == said

"""The page of a running venue: its key, its facts, and what a browser shows while the market is handed over."""

import asyncio
import json
import re
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from evermarket.client.line import Line
from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.keys import page_address, page_key
from evermarket.continuity.venue.opening import status_of
from evermarket.continuity.venue.plan import HOST, VenuePlan
from evermarket.journal import Journal
from evermarket.records import Kind
from evermarket.records.session import Readiness
from evermarket.venue.control import ask
from tests.systems.browser import CHROMIUM
from tests.systems.venue import PATIENCE_S, Venue, a_venue

WHY = "<img src=x onerror=alert(1)>"
PATIENCE_MS = 60_000


def facts(plan: VenuePlan, key: str, **query: str) -> dict[str, Any]:
    address = f"http://{HOST}:{plan.ports['page']}/facts?{urlencode({'key': key, **query})}"
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def refused(plan: VenuePlan, path: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as no:
        urllib.request.urlopen(f"http://{HOST}:{plan.ports['page']}{path}", timeout=PATIENCE_S)
    with no.value as answer:
        assert b"key" in answer.read()
    return no.value.code


@contextmanager
def a_raised_hand(plan: VenuePlan, why: str) -> Iterator[int]:
    """A guest is logged on and says why it cannot trade; its member's loop has a thread of its own."""
    number = next(iter(plan.guests))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def raised() -> Line:
        line = Line(plan.ticket(number), lambda records: None)
        await line.open()
        line.declare(Readiness.HAND_RAISED, why)
        await shown(plan, number)
        return line

    try:
        line = asyncio.run_coroutine_threadsafe(raised(), loop).result(PATIENCE_S)
        yield number
        asyncio.run_coroutine_threadsafe(line.close(), loop).result(PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def shown(plan: VenuePlan, line: int) -> None:
    """The owner shows the raised hand of a line."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            board = await ask(plan.own("P") / "control", "board")
            if board["lines"].get(str(line), {}).get("state") == "HAND_RAISED":
                return


@contextmanager
def a_browser(address: str, said: list[str]) -> Iterator[Page]:
    """The page at 1280 by 800; whatever its console says is noted."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        yield page
        browser.close()


def test_the_page_says_what_status_says_and_nothing_without_its_key(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=False, services=("crowd", "page"), speed=600) as venue:
        plan, key = venue.plan, page_key(venue.plan)
        listening(venue)
        for path in ("/", "/?key=", "/?key=wrong", "/facts", f"/facts?key={key}x", "/facts?key=%C3%A9"):
            assert refused(plan, path) == 403
        venue.wait_until_over()
        status = venue.wait("all is still", is_still)
        told = wait_for_position(plan, key, int(status["cores"]["P"]["released"]))
        status = status_of(plan)
        for core in told["cores"]:
            said = status["cores"][core["name"]]
            assert {name: core[name] for name in ("state", "epoch", "position", "digest", "live")} == {
                name: said[name] for name in ("state", "epoch", "position", "digest", "live")
            }
        assert told["seat"] == status["seat"]
        assert told["agreement"] == {"position": status["cores"]["T"]["position"], "equal": True}
        assert {one["name"]: one["pid"] for one in told["processes"]} == {
            name: process["pid"] for name, process in status["processes"].items()
        }
        assert [[step["step"] for step in steps] for steps in reversed(told["incidents"])] == [
            [step["step"] for step in steps] for steps in read_incidents(plan.folder / "incidents")
        ]
        journal = Journal.open(plan.own("P") / "journal")
        orders, trades = (len(journal.array(kind)) for kind in (Kind.ACCEPTED, Kind.TRADED))
        assert (told["trading"]["orders"], told["trading"]["trades"]) == (orders, trades)
        symbol = told["trading"]["most_traded"][-1]["symbol"]
        assert facts(plan, key, book=symbol)["trading"]["book"]["symbol"] == symbol


def is_still(status: dict[str, Any]) -> bool:
    primary, twin = status["cores"]["P"], status["cores"]["T"]
    return bool(primary.get("released") == primary.get("position") == twin.get("position"))


def listening(venue: Venue) -> None:
    """The page's process answers."""

    def answers(status: dict[str, Any]) -> bool:
        return bool(facts(venue.plan, page_key(venue.plan)))

    venue.wait("the page", answers)


def wait_for_position(plan: VenuePlan, key: str, position: int) -> dict[str, Any]:
    """The page has taken the released stream up to there, and has looked since."""
    while True:
        told = facts(plan, key)
        places = (told["trading"]["position"], told["cores"][0]["position"], told["agreement"]["position"])
        if told["stage"] == "day is over" and places == (position, position, position):
            return told


def test_a_browser_sees_the_market_handed_over(tmp_path: Path) -> None:
    said: list[str] = []
    with a_venue(tmp_path / "venue", unattended=True, services=("crowd", "page"), speed=300) as venue:
        plan = venue.plan
        listening(venue)
        with a_raised_hand(plan, WHY) as line, a_browser(page_address(plan), said) as page:
            expect(page.locator("#owner")).to_have_text("P · primary", timeout=PATIENCE_MS)
            expect(page.locator("#lines tr").first.locator("td").last).to_have_text(WHY, timeout=PATIENCE_MS)
            assert page.locator("#lines tr").first.locator("td").first.inner_text() == str(line)
            assert page.locator("#lines img").count() == 0
            expect(page.locator("#bar-sign")).to_have_text("▲ MIND", timeout=PATIENCE_MS)
            expect(page.locator("#agreement")).to_contain_text("Digests equal", timeout=PATIENCE_MS)
            third = page.locator("#traded tr").nth(2)
            expect(third).to_have_attribute("data-book", re.compile("."), timeout=PATIENCE_MS)
            chosen = third.get_attribute("data-book") or ""
            page.locator(f"#traded tr[data-book='{chosen}']").click()
            expect(page.locator("#book-name")).to_have_text(chosen, timeout=PATIENCE_MS)
            venue.signal("P", signal.SIGKILL)
            expect(page.locator("#bar")).to_have_class("bad", timeout=PATIENCE_MS)
            expect(page.locator("#owner")).to_have_text("T · twin", timeout=PATIENCE_MS)
            expect(page.locator("#epoch")).to_have_text("2", timeout=PATIENCE_MS)
            expect(page.locator("#incident-list")).to_contain_text("promoted", timeout=PATIENCE_MS)
            expect(page.locator("#core-rows tr").first.locator("td").first).to_have_text("out for the day")
            size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            assert size == [1280, 800], "the essentials need no scrolling"
            venue.signal("page", 9)  # type: ignore[arg-type]
            expect(page.locator("#process-rows")).to_contain_text("page", timeout=PATIENCE_MS)
        assert [
            text for text in said if "ERR_CONNECTION_REFUSED" not in text and "ERR_EMPTY_RESPONSE" not in text
        ] == []

"""What the owner's door answers to a log-on and to what it is sent: docs/sessions.md, case by case."""

import numpy as np
import pytest

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.session import HEARTBEAT, LOGGED_ON, NOTICE, Parting, SessionKind, Wish
from evermarket.venue.protocol.actions import Alarm
from evermarket.venue.protocol.events import Opened, Said
from tests.venue.protocol.market import Market
from tests.venue.protocol.streams import Step, batches
from tests.venue.sessions.machine import HOME, orders, texts

STEPS: list[Step] = [(Kind.NEW, 1 + n % 3, 1, [(Kind.ACCEPTED, 1 + n % 3, 1, True)]) for n in range(12)]


def market() -> Market:
    """Twelve orders of three lines, all released."""
    found = Market()
    found.append(batches(STEPS, 12)[0])
    found.release(1)
    return found


def told(market: Market, connection: str) -> list[int]:
    market.look()
    return [record[16] for record in market.told[connection]]


def say(market: Market, connection: str, *parts: Records) -> None:
    for part in parts:
        market.door.said(Said(connection, np.frombuffer(part.tobytes(), HEADER)))
    market.look()


def received(market: Market, connection: str) -> int:
    beat = market.door.heartbeat(connection)
    assert beat is not None
    return int(beat.view(HEARTBEAT)["received"][0])


def test_a_line_is_let_in_with_what_the_core_knows_of_it() -> None:
    found = market()
    found.door.opened(Opened("a", 1, after_position=9, rate=20))
    assert told(found, "a")[0] == SessionKind.LOGGED_ON
    welcome = np.frombuffer(found.told["a"][0], LOGGED_ON)[0]
    assert (welcome["line"], welcome["rate"], welcome["last_id"], welcome["epoch"]) == (1, 20, 4, 1)
    assert welcome["position"] == found.body.released_position
    beat = found.door.heartbeat("a")
    assert beat is not None
    assert beat["position"][0] == welcome["flow_position"] == found.door.own_position(1) < welcome["position"]


def test_a_line_that_is_taken_is_refused_and_its_holder_is_told_who_tried() -> None:
    found = market()
    found.door.opened(Opened("a", 1))
    found.door.opened(Opened("b", 1, address=HOME))
    assert told(found, "b") == [SessionKind.LOG_OFF]
    assert found.closed == {"b": Parting.LINE_TAKEN}
    notice = np.frombuffer(found.told["a"][-1], NOTICE)[0]
    assert (notice["kind"], notice["code"]) == (SessionKind.NOTICE, Parting.LINE_TAKEN)
    assert notice["address"].tobytes() == HOME
    found.door.gone("a")
    found.door.opened(Opened("c", 1))
    assert told(found, "c")[0] == SessionKind.LOGGED_ON


def test_who_knows_of_more_is_ahead_and_the_core_tells_its_alarm() -> None:
    found = market()
    found.door.opened(Opened("a", 1, after_position=found.door.told_position(1) + 1, address=HOME))
    (alarm,) = [action for action in found.body.take_actions() if isinstance(action, Alarm)]
    assert "line 1 at 10.0.0.7 knows of position" in alarm.text
    assert not found.door.sessions


def test_runs_of_the_exchange_are_taken_when_they_are_whole() -> None:
    found = market()
    found.door.opened(Opened("x", 0))
    run = texts(15)
    for at in range(15):
        say(found, "x", run[at : at + 1])
        assert found.door.waiting.records == 0
    say(found, "x", run[15:])
    assert found.door.waiting.records == 16
    say(found, "x", blank(Kind.PHASE), texts(2)[:2], texts(2)[2:], blank(Kind.PHASE))
    assert found.door.waiting.records == 21
    assert received(found, "x") == 4
    assert not found.closed


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([blank(Kind.TEXT)], 0),
        ([blank(Kind.PHASE), texts(3)[:3], blank(Kind.PHASE), blank(Kind.PHASE)], 1),
        ([texts(1), blank(Kind.TEXT)], 2),
        ([texts(2), texts(2)[:2], texts(2)], 3),
    ],
    ids=["text", "cut short", "one too many", "by another"],
)
@pytest.mark.parametrize("is_one_piece", [True, False])
def test_a_broken_run_ends_the_session_and_not_what_was_whole(
    parts: list[Records], whole: int, is_one_piece: bool
) -> None:
    found = market()
    found.door.opened(Opened("x", 0))
    say(found, "x", *([np.concatenate([part.view("V64") for part in parts])] if is_one_piece else parts))
    assert found.closed == {"x": Parting.BAD_RECORD}
    assert told(found, "x").count(SessionKind.LOG_OFF) == 1
    assert found.door.waiting.records == whole
    say(found, "x", blank(Kind.PHASE))
    assert found.door.waiting.records == whole


@pytest.mark.parametrize(
    ("line", "bad", "why"),
    [
        (1, blank(Kind.PHASE), Parting.BAD_RECORD),
        (1, orders(6, line=2), Parting.FOREIGN_LINE),
        (0, blank(Kind.ACCEPTED), Parting.BAD_RECORD),
        (0, orders(6, line=2), Parting.FOREIGN_LINE),
    ],
)
def test_what_a_line_may_not_send_ends_its_session(line: int, bad: Records, why: Parting) -> None:
    found = market()
    found.door.opened(Opened("a", line, wish=Wish.CANCEL_ON_DISCONNECT))
    say(found, "a", orders(5, line=line), bad)
    assert found.closed == {"a": why}
    assert found.door.waiting.records == 1 + (line > 0)  # the order, and the cancellation that a member wished


def test_only_new_commands_are_counted() -> None:
    found = market()
    found.door.opened(Opened("a", 1))
    say(found, "a", orders(5, 6, 6, 5, 2, 9, line=1))
    assert received(found, "a") == 3

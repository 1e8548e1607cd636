"""An interpreter of acceptance definitions: a script of what a member sends and what must come back.

`iCONNECT` and `iDISCONNECT` open and close, `I<message>` is sent, `E<message>` must come next, `eDISCONNECT` means that
we close. The clock is a number: while a script waits for a message, time jumps to the moment the session asked for.
"""

import re
from collections import deque
from pathlib import Path

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.events import (
    Action,
    Arrived,
    Connected,
    Disconnect,
    Disconnected,
    Event,
    Send,
    Terms,
    Tick,
    Wake,
)
from evermarket.venue.fix.numbers import Numbers
from evermarket.venue.fix.session import Session
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import SOH, Framer

START_NS = 1_767_571_200 * SECOND_NS
JUMPS_MAX = 10


class Failed(AssertionError):  # noqa: N818
    """A script's line was not met."""


class Acceptor:
    """One session under a jumping clock, with what it sent and where it wants to be woken."""

    def __init__(self, ours: str = "ISLD", theirs: str = "TW44") -> None:
        self.session = Session(Terms(ours, theirs), Numbers([]))
        self.framer = Framer()
        self.now = START_NS
        self.wake = START_NS
        self.sent: deque[str] = deque()
        self.closed: str | None = None

    def step(self, event: Event) -> list[Action]:
        actions = self.session.step(event)
        for action in actions:
            match action:
                case Send(data):
                    self.sent.append(data.decode("latin-1"))
                case Disconnect(reason):
                    self.closed = reason
                case Wake(time):
                    self.wake = time
                case _:
                    pass
        return actions

    def connect(self) -> None:
        self.framer, self.closed = Framer(), None
        self.step(Connected(self.now))

    def say(self, data: bytes) -> list[Action]:
        messages = self.framer.feed(data)
        return self.step(Arrived(self.now, messages))

    def disconnect(self) -> None:
        self.step(Disconnected(self.now))

    def wait(self) -> str:
        """The next message; time passes until there is one."""
        for _ in range(JUMPS_MAX):
            if self.sent:
                return self.sent.popleft()
            self.now = max(self.now, self.wake)
            self.step(Tick(self.now))
        raise Failed("nothing was sent")


def completed(text: str, now: int) -> bytes:
    """A script's message with its times, length and sum filled in."""

    def moment(found: re.Match[str]) -> str:
        return time_text(now + int(found[1] or 0) * SECOND_NS)[:-4]

    text = re.sub(r"<TIME([+-]\d+)?>", moment, text)
    if f"{SOH}9=" not in text:
        begin, _, body = text.partition(SOH)
        text = f"{begin}{SOH}9={len(body)}{SOH}{body}"
    if f"{SOH}10=" not in text:
        text += f"10={sum(text.encode('latin-1')) & 255:03}{SOH}"
    return text.encode("latin-1")


def patterns(path: Path) -> dict[str, re.Pattern[str]]:
    """Fields that are compared by a pattern."""
    rows = (line.partition("=") for line in path.read_text("latin-1").split())
    return {tag: re.compile(pattern) for tag, _, pattern in rows}


def run(script: Path, formats: dict[str, re.Pattern[str]]) -> None:
    """Play one definition; raises Failed with its line where what came is not what was expected."""
    acceptor = Acceptor()
    for number, line in enumerate(script.read_text("latin-1").split("\n"), 1):
        line = line.strip("\r")
        try:
            _play(acceptor, line, formats)
        except Failed as failed:
            raise Failed(f"{script.name}:{number}: {line.replace(SOH, '|')}: {failed}") from None
    if acceptor.sent:
        raise Failed(f"{script.name}: beyond the script: {acceptor.sent}")


def _play(acceptor: Acceptor, line: str, formats: dict[str, re.Pattern[str]]) -> None:
    match line[:1], line[1:]:
        case "i", "CONNECT":
            acceptor.connect()
        case "i", "DISCONNECT":
            acceptor.disconnect()
        case "e", "DISCONNECT":
            if acceptor.closed is None:
                raise Failed("not closed")
        case "I", text:
            acceptor.say(completed(text, acceptor.now))
        case "E", text:
            _compare(text, acceptor.wait(), formats)
        case mark, _ if mark in ("", "#"):
            pass
        case _:
            raise Failed("not understood")


def _compare(expected: str, got: str, formats: dict[str, re.Pattern[str]]) -> None:
    pairs = [[tuple(f.partition("=")[::2]) for f in text.split(SOH) if f] for text in (expected, got)]
    same = len(pairs[0]) == len(pairs[1]) and all(
        tag == there and (tag == "9" or value == is_value or _fits(formats.get(tag), value, is_value))
        for (tag, value), (there, is_value) in zip(*pairs, strict=True)
    )
    if not same:
        raise Failed(f"got {got.replace(SOH, '|')}")


def _fits(pattern: re.Pattern[str] | None, *values: str) -> bool:
    return pattern is not None and all(pattern.search(value) for value in values[1:])

"""A terminal recorded and played again: asciicast v2, a line of JSON for the screen, then one for each piece of output
with the seconds since the beginning (docs.asciinema.org/manual/asciicast/v2).

What is recorded are frames of a screen of fixed size; only lines that changed are written.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console, RenderableType

from evermarket.continuity.venue.terminal import printable

WIDTH: Final = 118
HEIGHT: Final = 26
EVERY_S: Final = 0.2
"""A frame at most so often, but what is said is shown at once."""

SAID_SHOWN: Final = 10


class BadRecordingError(ValueError):
    """A file that is no asciicast of version 2; the text says where it stops being one."""


class Recording:
    """Writes a recording; `now_s` is a clock that only goes on."""

    def __init__(self, file: TextIO, title: str, now_s: Callable[[], float], began_s: int) -> None:
        self._file = file
        self._now_s = now_s
        self._begun_s = now_s()
        self._shown_s = -EVERY_S
        self._view: list[str] = []
        self._said: list[str] = []
        self._screen = [""] * HEIGHT
        head = {"version": 2, "width": WIDTH, "height": HEIGHT, "timestamp": began_s, "title": title}
        self._put(head | {"env": {"TERM": "xterm-256color"}})
        self._out("\x1b[?25l\x1b[2J")

    @property
    def is_due(self) -> bool:
        """Whether a frame would be taken now."""
        return self._now_s() - self._begun_s - self._shown_s >= EVERY_S

    def show(self, view: RenderableType) -> None:
        """A frame."""
        self._view = _lines(view)
        self._draw()

    def say(self, text: str) -> None:
        """A line below the view."""
        self._said += [printable(line) for line in text.splitlines()]
        self._draw()

    def close(self) -> None:
        """The cursor comes back below the last line."""
        self._out(f"\x1b[{HEIGHT};1H\x1b[?25h\r\n")

    def _draw(self) -> None:
        self._shown_s = self._now_s() - self._begun_s
        said = [line[:WIDTH] for line in self._said[-SAID_SHOWN:]]
        screen = [*self._view[: HEIGHT - SAID_SHOWN - 1], "\x1b[2m" + "─" * WIDTH + "\x1b[0m", *said]
        screen += [""] * (HEIGHT - len(screen))
        changed = [at for at in range(HEIGHT) if screen[at] != self._screen[at]]
        self._screen = screen
        if changed:
            self._out("".join(f"\x1b[{at + 1};1H{screen[at]}\x1b[0m\x1b[K" for at in changed))

    def _out(self, text: str) -> None:
        self._put([round(self._now_s() - self._begun_s, 6), "o", text])

    def _put(self, thing: Any) -> None:
        self._file.write(json.dumps(thing, ensure_ascii=False) + "\n")
        self._file.flush()


@contextmanager
def recorded(path: Path, title: str) -> Iterator[Recording]:
    """A recording into a file, whole when the context ends."""
    with path.open("w", encoding="utf-8") as file:
        recording = Recording(file, title, time.monotonic, int(time.time()))
        try:
            yield recording
        finally:
            recording.close()


def play(
    lines: Iterable[str],
    speed: float = 1.0,
    write: Callable[[str], object] = sys.stdout.write,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show a recording, `speed` times as fast. Errors: BadRecordingError."""
    rows = iter(lines)
    _head(next(rows, ""))
    at_s = 0.0
    for number, row in enumerate(rows, 2):
        if row.strip():
            when_s, kind, text = _event(row, number)
            if when_s > at_s:
                sleep((when_s - at_s) / speed)
                at_s = when_s
            if kind == "o":
                write(text)


def _head(row: str) -> None:
    try:
        head = json.loads(row)
    except ValueError:
        head = None
    if not isinstance(head, dict) or head.get("version") != 2:
        raise BadRecordingError("line 1 is not the head of an asciicast of version 2")


def _event(row: str, number: int) -> tuple[float, str, str]:
    try:
        when_s, kind, text = json.loads(row)
        return float(when_s), str(kind), str(text)
    except (ValueError, TypeError) as error:
        raise BadRecordingError(f"line {number} is not [seconds, kind, text]") from error


def _lines(view: RenderableType) -> list[str]:
    """What a terminal of this size would be sent, line by line."""
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system="256", width=WIDTH, no_color=False, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(view, overflow="ellipsis")
    return [line.rstrip() for line in capture.get().splitlines()]

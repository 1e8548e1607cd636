"""A terminal that is recorded plays again as it was, at its pace; what is no recording is refused with its line."""

import io
import json
import re
from collections.abc import Iterator

import pytest

from evermarket.continuity.venue.recording import HEIGHT, WIDTH, BadRecordingError, Recording, play
from evermarket.continuity.venue.terminal import rendered
from tests.continuity.looks import a_look, a_step

PLACED = re.compile(r"\x1b\[(\d+);1H(.*?)\x1b\[0m\x1b\[K", re.DOTALL)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b[2J[red]mean[/red] <b>"


def made() -> str:
    """A recording of three seconds: all is well, the primary is killed, the twin owns the market."""
    file = io.StringIO()
    seconds: Iterator[float] = iter([100.0, *(at for at in (100.5, 101.0, 102.0, 103.0) for _ in range(3))])
    now = [next(seconds)]
    recording = Recording(file, "a drill", lambda: now[0], 1_795_000_000)
    for at, what in ((0.5, a_look()), (1.0, "the primary is killed"), (2.0, a_look(owner="T")), (3.0, "the end")):
        now[0] = 100.0 + at
        assert recording.is_due
        if isinstance(what, str):
            recording.say(what)
        else:
            recording.show(rendered(what, 4))
        assert not recording.is_due
    recording.close()
    return file.getvalue()


def screen_of(text: str) -> list[str]:
    """What a terminal would show in the end."""
    lines = [""] * HEIGHT
    for row, line in PLACED.findall(text):
        lines[int(row) - 1] = COLOUR.sub("", line)
    return lines


def test_it_is_an_asciicast_of_version_2() -> None:
    head, *events = [json.loads(line) for line in made().splitlines()]
    assert head == {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "timestamp": 1_795_000_000,
        "title": "a drill",
        "env": {"TERM": "xterm-256color"},
    }
    assert all(kind == "o" and isinstance(text, str) for _, kind, text in events)
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    assert [at for at in times if at] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_it_plays_at_its_pace_and_ends_as_it_was() -> None:
    shown: list[str] = []
    waited: list[float] = []
    play(made().splitlines(), 4.0, shown.append, waited.append)
    assert waited == [0.125, 0.125, 0.25, 0.25]
    lines = screen_of("".join(shown))
    assert lines[0].startswith("13:24:05  trading   owner T (twin)   epoch 2   level local   in step T")
    assert "▲ No second core: P (primary) stays out for the day (drill)" in lines
    assert "✔ nothing is wrong" not in lines
    said = [line for line in lines if line in ("the primary is killed", "the end")]
    assert said == ["the primary is killed", "the end"]
    assert all(len(line) <= WIDTH for line in lines)


def test_a_text_from_outside_moves_nothing_on_the_screen() -> None:
    file = io.StringIO()
    recording = Recording(file, "", lambda: 0.0, 0)
    recording.show(rendered(a_look(incidents=[[a_step("detected", what=HOSTILE)]]), 4))
    recording.say(HOSTILE)
    shown = "".join(json.loads(line)[2] for line in file.getvalue().splitlines()[2:])
    assert "\x1b[2J" not in shown
    assert "[red]mean[/red] <b>" in shown


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "line 1 "),
        (['{"version": 1}'], "line 1 "),
        (["[1]"], "line 1 "),
        (['{"version": 2}', '[0.5, "o", "x"]', "", "no"], "line 4 "),
        (['{"version": 2}', '[0.5, "o"]'], "line 2 "),
        (['{"version": 2}', '["soon", "o", "x"]'], "line 2 "),
    ],
)
def test_what_is_no_recording_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(BadRecordingError, match=why):
        play(lines, 1.0, lambda text: None, lambda seconds: None)

"""The loop: due times become TIMER commands before anything later, whatever the size of the batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evermarket.day import own_files
from evermarket.day.runner import Runner
from evermarket.day.slices import NEVER, piece_end, soonest_due
from evermarket.day.source import Batch, ReadSource
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.raw import duplicate, of, put_in
from tests.day.market import core, folder

INSTRUMENTS = (
    "code,tick,lot,reference,limit_up,limit_down,rules,band_permille,window_s,duration_s\n"
    "2330,0.5,1000,100,110,90,volatility,35,300,120\n"
)
HEAD = "time,verb,code,side,price,qty,ref,phase,match,actions\n"
CALL = (
    HEAD
    + "09:00:00,phase,,,,,,continuous,,first_match\n"
    + "09:00:01,new,2330,S,104,1000,s1,,,\n"
    + "09:00:02,new,2330,B,104,1000,b1,,,\n"
    + "09:02:01.999,new,2330,S,103.5,1000,s2,,,\n"
    + "09:02:02,new,2330,B,100,1000,b2,,,\n"
    + "13:30:00,phase,,,,,,ended,uncross,set_close|expire\n"
)


class Stream:
    """Keeps every record."""

    def __init__(self) -> None:
        self.parts: list[Records] = []

    def take(self, stream: Records, digest: int) -> None:
        self.parts.append(duplicate(stream))

    @property
    def whole(self) -> Records:
        return np.concatenate([part.view("V64") for part in self.parts]).view(HEADER)


class Cut:
    """A source whose batches have some few commands each."""

    def __init__(self, source: ReadSource, size: int) -> None:
        self._source = source
        self._size = size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def batches(self) -> Iterator[Batch]:
        whole = next(self._source.batches())
        for at in range(0, len(whole.seqs), self._size):
            yield Batch(whole.commands[at : at + self._size], whole.seqs[at : at + self._size])


def played(where: Path, cut: int | None = None) -> Records:
    source = own_files.read(where)
    kept = Stream()
    Runner(core(), [kept]).run(source if cut is None else Cut(source, cut))
    return kept.whole


def test_a_volatility_call_is_ended_by_a_timer_before_the_command_at_its_due_time(tmp_path: Path) -> None:
    stream = played(folder(tmp_path, CALL, INSTRUMENTS))
    timers = np.flatnonzero(stream["kind"] == Kind.TIMER)
    assert len(timers) == 1
    started = of(stream, Kind.STABILISATION_STARTED)
    assert of(stream, Kind.TIMER)["due"].tolist() == started["due"].tolist()
    after = stream["kind"][timers[0] :].tolist()
    assert after.index(Kind.STABILISATION_ENDED) < after.index(Kind.NEW)
    assert of(stream, Kind.TRADED)["price"].tolist() == [1_035_000]
    assert len(of(stream, Kind.REJECTED)) == 0


def test_the_stream_does_not_depend_on_how_the_day_is_batched(tmp_path: Path) -> None:
    where = folder(tmp_path, CALL, INSTRUMENTS)
    whole = played(where)
    for cut in (1, 2, 3):
        assert played(where, cut).tobytes() == whole.tobytes()


def test_a_timer_that_nobody_waits_for_any_more_is_not_sent(tmp_path: Path) -> None:
    halted = CALL.replace("09:02:01.999,new,2330,S,103.5,1000,s2,,,\n", "09:01:00,halt,2330,,,,,,,\n")
    stream = played(folder(tmp_path, halted, INSTRUMENTS))
    assert len(of(stream, Kind.TIMER)) == 0


def test_a_piece_ends_before_anything_it_could_make_due() -> None:
    commands = blank(Kind.NEW, 5)
    commands["time"] = [0, 5, 9, 10, 11]
    due = soonest_due(commands.view(HEADER), 10)
    assert due.tolist() == [10, 15, 19, 20, 21]
    assert piece_end(commands.view(HEADER), due, 0, 5, NEVER) == 3
    assert piece_end(commands.view(HEADER), due, 0, 5, 5) == 1
    assert piece_end(commands.view(HEADER), due, 3, 5, NEVER) == 5
    texts = put_in(commands.view(HEADER), [3, 3], blank(Kind.TEXT, 2))
    texts["time"][3:5] = 9
    assert piece_end(texts, soonest_due(texts, 10), 0, 7, NEVER) == 5

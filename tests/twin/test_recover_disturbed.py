"""`recover` disturbed while an owner goes on writing: killed, stopped, on a line that is cut or lies, in every phase.

The owner is a real writer that knows nothing of its follower; what a follower suffers costs it nothing but its lag.
After each disturbance the twin is promoted over its control socket, takes commands at its door, and the primary makes
of its journal's commands what its journal says.
"""

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from evermarket.records import Kind, blank
from tests.twin.drills import Owner, Worked, equal_journals, hold, primary_agrees
from tests.twin.followers import Feed, Follower
from tests.twin.relay import Relay, by_chance

SEED: Final = 3
COMMANDS: Final = 4_000
SEGMENT_BYTES: Final = 2 << 17
"""Small, so that the session has several segments; the twin's own are as small."""
OPTIONS: Final = ("--silence-ms", "60000")
LIVES: Final = 12


@pytest.fixture(scope="module")
def session(kernels: None) -> list[Worked]:
    return hold(SEED, COMMANDS)


@pytest.fixture
def owner(session: list[Worked], tmp_path: Path) -> Iterator[Owner]:
    with Owner(tmp_path / "owner", session) as writing:
        yield writing


@contextmanager
def going_on(owner: Owner, block_s: float = 0.005) -> Iterator[threading.Event]:
    """The owner writes a block every 5 ms until its session is over, whatever happens to its follower."""
    over = threading.Event()

    def write() -> None:
        before = -1
        while owner.position != before and not stop.wait(block_s):
            before = owner.position
            owner.write(blocks=1)
        over.set()

    stop = threading.Event()
    writing = threading.Thread(target=write)
    writing.start()
    try:
        yield over
    finally:
        stop.set()
        writing.join()


def promoted(follower: Follower, owner: Owner) -> None:
    """Equal to the owner, then its successor: epoch 2, a batch worked at the door, and the primary agrees."""
    status = follower.reached(owner.position)
    assert (status["position"], status["clean"], status["stalled"]) == (owner.position, True, False), follower.told
    equal_journals(owner.folder, follower.own)
    answer = follower.ask(f"promote 2 7 {owner.position}")
    assert (answer.get("state"), answer.get("position")) == ("MATCH", owner.position), answer
    with follower.door() as door:
        cancel = blank(Kind.MASS_CANCEL, 3)
        cancel["cl_ord_id"] = [2**62, 2**62 + 1, 2**62 + 2]
        stream = door.run(cancel.tobytes())
        assert door.position == owner.position + len(stream) // 64
    follower.kill()
    primary_agrees(follower.own)


def further(follower: Follower, owner: Owner, over: threading.Event, position: int) -> None:
    """Up to this position, or as far as the owner comes."""

    def there(status: dict[str, Any]) -> bool:
        end = min(position, owner.position) if over.is_set() else position
        return bool(status["position"] >= end)

    follower.until(f"position {position}", there)


def test_killed_again_and_again_it_comes_back_equal(owner: Owner, tmp_path: Path) -> None:
    own, chance = tmp_path / "own", random.Random(1)
    with going_on(owner) as over:
        for _ in range(LIVES):
            with Follower(own, "--file", owner.folder) as follower:
                further(follower, owner, over, owner.position + chance.randrange(1, 300))
        assert over.wait(60)
    with Follower(own, "--file", owner.folder) as follower:
        promoted(follower, owner)


def test_stopped_it_lags_and_catches_up(owner: Owner, tmp_path: Path) -> None:
    with Follower(tmp_path / "own", "--file", owner.folder) as follower:
        follower.reached(owner.write(blocks=20))
        for _ in range(3):
            follower.signal(signal.SIGSTOP)
            before = follower.status()
            position = owner.write(blocks=15)
            assert before is not None
            assert follower.status() == before
            follower.signal(signal.SIGCONT)
            follower.reached(position)
        owner.write()
        promoted(follower, owner)
        assert follower.alarms() == []


@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_cut_loses_and_doubles_nothing(owner: Owner, tmp_path: Path, seed: int) -> None:
    with (
        Feed(owner.folder) as feed,
        Relay(feed.address, by_chance(seed, 15, 60_000, "cut")) as relay,
        Follower(tmp_path / "own", "--tcp", relay.address) as follower,
    ):
        with going_on(owner, 0.002) as over:
            assert over.wait(60)
        promoted(follower, owner)
        assert relay.left < 12
        assert follower.alarms() == []


@pytest.mark.parametrize("seed", range(4))
def test_a_line_that_flips_bits_is_named_and_harms_nothing(owner: Owner, tmp_path: Path, seed: int) -> None:
    own = tmp_path / "own"
    with Feed(owner.folder) as feed:
        with Relay(feed.address, by_chance(seed, 15, 30_000)) as relay:
            with Follower(own, "--tcp", relay.address) as follower:
                with going_on(owner, 0.002) as over:
                    assert over.wait(60)
                status = follower.reached(owner.position)
                assert status["clean"] == (follower.alarms() == [])
                if not status["clean"]:
                    refused = follower.ask(f"promote 2 7 {owner.position}")["refused"]
                    assert "not clean" in refused
            equal_journals(owner.folder, own)
            assert relay.left < 12
        # What it holds is good, and a restart shows it: it works its own journal again.
        with Follower(own, "--tcp", feed.address) as follower:
            promoted(follower, owner)


@pytest.mark.parametrize("part", range(4))
def test_a_bit_flipped_anywhere_in_the_first_messages_stops_nothing(owner: Owner, tmp_path: Path, part: int) -> None:
    owner.write(blocks=20)
    with Feed(owner.folder) as feed:
        for at in range(part * 35, part * 35 + 35):
            with Relay(feed.address, [("flip", at)]) as relay:
                with Follower(tmp_path / f"own {at}", "--tcp", relay.address) as follower:
                    follower.reached(owner.position)
                equal_journals(owner.folder, follower.own)


def moments(session: list[Worked]) -> dict[str, int]:
    """The first block after which the market stands in each phase, call, halt and announcement of a price."""
    found: dict[str, int] = {}
    for number, block in enumerate(session, 1):
        for record in block.records:
            kind = Kind(int(record["kind"]))
            if kind == Kind.PHASE_CHANGED:
                found.setdefault(f"phase {record['code']}", number)
            elif kind in (Kind.STABILISATION_STARTED, Kind.HALTED, Kind.INDICATIVE, Kind.CLOSED, Kind.DRAWN):
                found.setdefault(f"{kind.name} {record['code']}", number)
    return found


@pytest.mark.parametrize("way", ["folder", "line"])
def test_in_every_phase_it_starts_cold_comes_back_and_finds_its_place(
    session: list[Worked], owner: Owner, tmp_path: Path, way: str
) -> None:
    places = moments(session)
    assert len(places) > 12
    written = 0
    with Feed(owner.folder) as feed:
        source: tuple[str, str | Path] = ("--file", owner.folder) if way == "folder" else ("--tcp", feed.address)
        for name, blocks in sorted(places.items(), key=lambda place: place[1]):
            position = owner.write(blocks - written)
            written = max(written, blocks)
            for own in (tmp_path / "warm", tmp_path / f"cold {name}"):
                with Follower(own, *source) as follower:
                    status = follower.reached(position)
                    assert (status["clean"], status["digest"]) == (True, f"{session[written - 1].digest:016x}"), name
                    assert follower.told == [], name
                equal_journals(owner.folder, own)
    owner.write()
    with Follower(tmp_path / "warm", "--file", owner.folder) as follower:
        promoted(follower, owner)


DISTURBANCES: Final[dict[str, Callable[[Follower], None]]] = {
    "kill": lambda follower: follower.kill(),
    "stop": lambda follower: follower.signal(signal.SIGSTOP),
}


@pytest.mark.parametrize("way", DISTURBANCES)
def test_the_owner_notices_nothing(owner: Owner, tmp_path: Path, way: str) -> None:
    with Feed(owner.folder) as feed, Follower(tmp_path / "own", "--tcp", feed.address) as follower:
        follower.reached(owner.write(blocks=10))
        DISTURBANCES[way](follower)
        position = owner.write()
        assert owner.position == position
        assert feed.alive
        with Follower(tmp_path / "another", "--tcp", feed.address) as another:
            promoted(another, owner)

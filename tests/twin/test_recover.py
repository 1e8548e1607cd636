"""`recover` on the primary's journal: followed to its end, and every planted fault found, named and placed.

The twin's binary and the primary's bytes are the real ones. How long an alarm took is logged, from the file's growth to
the line: `pytest tests/twin/test_recover.py -o log_cli=true -o log_cli_level=INFO`.
"""

import logging
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from evermarket.records import RECORD_BYTES
from evermarket.twin import find_binary
from tests.twin.drills import SIZE_UNITS, Owner, Slots, Worked, equal_journals, hold, position_of, written
from tests.twin.followers import Follower

LOG = logging.getLogger(__name__)
SEED: Final = 2
COMMANDS: Final = 4_000
FROM_FRAME: Final = 25

CONTENT: Final = {
    "wrong_price": "wrong_field",
    "wrong_quantity": "wrong_field",
    "wrong_book": "wrong_field",
    "wrong_order_number": "wrong_field",
    "wrong_time_of_event": "wrong_field",
    "wrong_refusal": "wrong_event",
    "lost_event": "lost_event",
    "lost_acceptance": "lost_event",
    "missing_auction": "lost_event",
    "duplicate_event": "extra_event",
    "phantom_trade": "extra_event",
    "early_phase": "extra_event",
    "wrong_phase": "wrong_field",
    "wrong_priority": "swapped_events",
    "altered_command": "wrong_field",
    "wrong_digest": "wrong_digest",
    "time_backwards": "time_backwards",
}
"""Faults of an owner whose market is wrong, and the alarm they raise."""

FRAMING: Final = {
    "wrong_position": "gap",
    "epoch_regress": "epoch_regress",
    "epoch_unannounced": "epoch_unannounced",
    "lost_block": "gap",
    "duplicate_block": "duplicate",
    "swapped_blocks": "gap",
    "flipped_bit": "bad_crc",
    "wrong_chain": "bad_chain",
    "wrong_count": "bad_count",
    "silent_stop": "silence",
}
"""Faults of an owner whose journal is wrong."""


class Original(NamedTuple):
    """A whole session, worked and written."""

    session: list[Worked]
    folder: Path
    slots: Slots


@pytest.fixture(scope="module")
def original(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Original:
    session = hold(SEED, COMMANDS)
    folder = written(tmp_path_factory.mktemp("original") / "owner", session)
    return Original(session, folder, Slots(folder))


def test_followed_to_the_end_the_copy_is_equal_to_the_byte(original: Original, tmp_path: Path) -> None:
    own = tmp_path / "own"
    words: list[str | Path] = ["recover", own, "--file", original.folder, "--once", "--size-units", SIZE_UNITS]
    for life in ("cold", "again over its own journal"):
        done = subprocess.run([find_binary(), *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), life
        equal_journals(original.folder, own)
    replayed = subprocess.run([find_binary(), "replay", own], capture_output=True, text=True, check=False)
    assert replayed.returncode == 0, replayed.stdout


def test_a_growing_journal_is_followed_block_by_block(original: Original, tmp_path: Path) -> None:
    with Owner(tmp_path / "owner", original.session) as owner:
        with Follower(tmp_path / "own", "--file", owner.folder) as follower:
            for _ in range(30):
                status = follower.reached(owner.write(blocks=3))
                assert (status["clean"], status["stalled"], status["position"]) == (True, False, owner.position)
            assert follower.reached(owner.write())["digest"] == f"{original.session[-1].digest:016x}"
        assert follower.told == []
        equal_journals(owner.folder, tmp_path / "own")


def planted(original: Original, fault: str, out: Path) -> tuple[Slots, int]:
    """The journal with a fault in it, and the frame it is in."""
    words: list[str | Path] = ["plant", original.folder, out, "--fault", fault, "--block", str(FROM_FRAME)]
    done = subprocess.run([find_binary(), *words], capture_output=True, text=True, check=True)
    return Slots(out), int(done.stdout.rsplit(" ", 1)[1].rstrip("}\n"))


def grown(slots: Slots, frame: int, folder: Path, silence_ms: str) -> tuple[float, dict[str, object]]:
    """The first alarm of a follower in whose sight the journal grows from `frame` on, and the seconds it took."""
    start = slots.frames[frame][0] if frame < len(slots.frames) else slots.frames[-1][1]
    path = slots.begin(folder / "grown", start)
    with Follower(folder / "own", "--file", folder / "grown", options=["--silence-ms", silence_ms]) as follower:
        follower.reached(position_of(slots.slot(start - 1)))
        began = time.monotonic()
        slots.go_on(path, start)
        at, alarm = follower.alarm()
    return at - began, alarm


@pytest.mark.parametrize("fault", CONTENT)
def test_a_wrong_market_is_named_with_its_position(original: Original, tmp_path: Path, fault: str) -> None:
    slots, frame = planted(original, fault, tmp_path / "planted")
    took_s, alarm = grown(slots, frame, tmp_path, "60000")
    LOG.info("%s: alarm %s after %.1f ms", fault, alarm["name"], took_s * 1e3)
    (here, end), (there, _) = slots.frames[frame], original.slots.frames[frame]
    without_place = slice(8, RECORD_BYTES)
    differs = [
        at
        for at in range(end - here)
        if slots.slot(here + at)[without_place] != original.slots.slot(there + at)[without_place]
    ]
    position = min(position_of(slots.slot(here + differs[0])), position_of(slots.slot(end - 1)))
    command = bytes.fromhex(str(alarm["command"]))
    assert alarm["name"] == CONTENT[fault]
    assert position == (position_of(command) if fault == "altered_command" else alarm["position"]), alarm


@pytest.mark.parametrize("fault", FRAMING)
def test_a_wrong_journal_is_named_with_its_position(original: Original, tmp_path: Path, fault: str) -> None:
    slots, frame = planted(original, fault, tmp_path / "planted")
    took_s, alarm = grown(slots, frame, tmp_path, "300" if fault == "silent_stop" else "60000")
    LOG.info("%s: alarm %s after %.1f ms", fault, alarm["name"], took_s * 1e3)
    good = frame + (fault in ("duplicate_block", "epoch_regress"))
    last = slots.frames[good - 1][1] - 1
    assert (alarm["name"], alarm["position"]) == (FRAMING[fault], position_of(slots.slot(last))), alarm


def test_these_are_all_the_faults_there_are() -> None:
    told = subprocess.run([find_binary(), "plant"], capture_output=True, text=True, check=True).stdout
    assert sorted(told.replace(",", " ").split()) == sorted([*CONTENT, *FRAMING])

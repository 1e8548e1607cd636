"""A difference is found where it begins, told with its command and the states before it, and cut down to its core."""

from pathlib import Path

import numpy as np
import pytest

from evermarket.continuity.case import VECTOR, Verdict, judge, keep, read
from evermarket.continuity.compare import compare
from evermarket.continuity.minimise import differ, minimise
from evermarket.continuity.runs import commands_of, first_unequal, runs_of
from evermarket.core import Core
from evermarket.day.runner import MatchingCore
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.raw import duplicate, join
from tests.continuity.journals import commands, write

SEED = 3
TRADED = LAYOUT[Kind.TRADED]


class Faulty(Core):
    """A core that writes a wrong price into every trade of more than 500."""

    def run(self, given: Records) -> Records:
        told = duplicate(super().run(given))
        rows = told.view(TRADED)
        wrong = (told["kind"] == Kind.TRADED) & (rows["qty"] > 500)
        rows["price"][wrong] += 1
        return told


def wrong_price(records: Records) -> Records:
    """The first trade of the block costs one unit more."""
    trades = np.flatnonzero(records["kind"] == Kind.TRADED)
    records.view(TRADED)["price"][trades[:1]] += 1
    return records


def test_a_journal_is_equal_to_itself_and_to_the_core_that_wrote_it(tmp_path: Path) -> None:
    written = write(tmp_path / "a", SEED)
    assert compare(written, str(write(tmp_path / "b", SEED))) is None
    assert compare(written, "primary") is None


@pytest.mark.parametrize("against", ["journal", "primary"])
def test_a_wrong_price_is_found_with_its_command_and_the_books_before(tmp_path: Path, against: str) -> None:
    wrong = write(tmp_path / "wrong", SEED, wrong_price)
    right = against if against == "primary" else str(write(tmp_path / "right", SEED))
    found = compare(wrong, right)
    assert found is not None
    assert found.what == "record"
    assert found.left is not None
    assert found.right is not None
    a, b = (np.frombuffer(raw, TRADED)[0] for raw in (found.left, found.right))
    assert (a["kind"], a["price"] - b["price"], a["position"]) == (Kind.TRADED, 1, found.position)
    head = np.frombuffer(found.command, TRADED)[0]
    assert head["position"] < found.position
    one, other = found.before
    assert (one.digest, one.bids, one.asks) == (other.digest, other.bids, other.asks)
    core = Core()
    core.run(join(runs_of(found.prefix)[:-1]))
    assert one.digest == core.digest


def test_a_wrong_digest_is_found_at_its_block(tmp_path: Path) -> None:
    found = compare(write(tmp_path / "a", SEED, wrong_digest_at=3), "primary")
    assert found is not None
    assert found.what == "digest"
    assert found.digests is not None
    assert found.digests[0] ^ found.digests[1] == 1


def test_the_smallest_commands_that_differ_cannot_lose_one_more() -> None:
    given = join(commands(SEED))
    assert differ(Core, Faulty, given)
    least = minimise(Core, Faulty, given)
    assert least is not None
    runs = runs_of(least)
    assert len(runs) < len(runs_of(given)) / 10
    assert differ(Core, Faulty, least)
    assert not any(differ(Core, Faulty, join(runs[:at] + runs[at + 1 :])) for at in range(len(runs)))


def test_cores_that_agree_have_nothing_to_minimise() -> None:
    assert minimise(Core, Core, join(commands(SEED))) is None


def test_a_case_keeps_both_answers_and_waits_for_a_reasoned_verdict(tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong", SEED, wrong_price)
    found = compare(wrong, "primary")
    assert found is not None
    cores: dict[str, type[MatchingCore]] = {"primary": Core, "faulty": Faulty}
    least = minimise(Core, Faulty, join(commands(SEED)))
    case = keep(tmp_path / "case", found, least, cores)
    assert case.verdict is Verdict.OPEN
    text = (tmp_path / "case" / VECTOR).read_text("utf-8")
    assert "# they differ" in text
    assert {"# primary: digest", "# faulty: digest"} <= {line.rsplit(" ", 1)[0] for line in text.splitlines()}
    with pytest.raises(FileExistsError):
        keep(tmp_path / "case", found, least, cores)
    with pytest.raises(ValueError, match="needs its reason"):
        judge(tmp_path / "case", Verdict.PRIMARY_WRONG, " ", "somebody")
    judge(tmp_path / "case", Verdict.PRIMARY_WRONG, "format.md 6.3", "somebody")
    assert read(tmp_path / "case").verdict is Verdict.PRIMARY_WRONG


def test_streams_of_unequal_length_differ_at_the_shorter_end() -> None:
    stream = commands(SEED)[0]
    assert first_unequal(stream, stream[:-2]) == len(stream) - 2
    assert first_unequal(stream, duplicate(stream)) is None
    assert len(commands_of(stream)) == len(stream)

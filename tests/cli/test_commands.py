"""The command line: help on a screen, exit codes, JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evermarket.day import own_files
from evermarket.day.journal_again import is_journal
from evermarket.day.whole import Wishes, hold_day
from tests.day.market import core, folder
from tests.day.test_own_files import SESSION

SCREEN_LINES = 40


def evermarket(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evermarket.cli.main", *words], capture_output=True, text=True, check=False
    )


def test_help_fits_a_screen_and_loads_nothing_heavy() -> None:
    answer = evermarket("--help")
    assert answer.returncode == 0
    assert len(answer.stdout.splitlines()) <= SCREEN_LINES
    for noun in ("day", "demo", "book", "version", "rules", "journal"):
        assert f" {noun} " in answer.stdout
    program = "import sys; from evermarket.cli.main import build; build(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "numpy", "polars", "plotly", "jinja2"} & set(loaded)


def test_version_is_json() -> None:
    found = json.loads(evermarket("version", "--json").stdout)
    assert found["format"] == 1
    assert set(found["cores"]) == {"primary", "twin"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["day"], 2, "Missing argument"),
        (["day", "nowhere", "--out", "x"], 2, "nowhere: no such file or folder"),
        (["day", "{bad}", "--out", "x"], 1, "commands.csv, line 3, column side: 'X' is none of B, S, buy, sell"),
        (["day", "{good}", "--out", "x", "--core", "third"], 2, "there is no core 'third'"),
        (["book", "at", "0", "--journal", "{good}"], 2, "greater than or equal to 1"),
    ],
)
def test_exit_codes_say_whose_fault_it_was(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    for where, text in ((good, SESSION), (bad, SESSION.replace(",S,", ",X,"))):
        where.mkdir()
        folder(where, text)
    answer = evermarket(*[word.format(good=good, bad=bad) for word in words])
    assert answer.returncode == code
    assert said in answer.stderr


def test_an_interrupted_day_says_so_and_keeps_its_journal(tmp_path: Path) -> None:
    source = own_files.read(folder(tmp_path, SESSION))
    market = core()

    class Impatient:
        """A core whose user gives up at the third call."""

        calls = 0
        digest = property(lambda self: market.digest)
        position = property(lambda self: market.position)
        depth = staticmethod(market.depth)

        def run(self, commands):  # type: ignore[no-untyped-def]
            Impatient.calls += 1
            if Impatient.calls == 3:
                raise KeyboardInterrupt
            return market.run(commands)

    facts = hold_day(source, Impatient(), Wishes(journal=tmp_path / "journal"))
    assert facts.run.interrupted
    assert is_journal(tmp_path / "journal")
    assert facts.journal_records == facts.run.position > 0

"""The three numbers follow from their evidence."""

import json
from pathlib import Path

import pytest

from evermarket.continuity.heterogeneity import EvidenceError, add_release, history, report

WEIGHTS = '[[layer]]\nname="a"\nweight=0.75\nshared=0.2\nwhy="x"\n[[layer]]\nname="b"\nweight=0.25\nshared=1\nwhy="y"\n'
DEFECTS = "found_by,wrong,stopped,what,kept_in\n"
MUTANTS = "file,line,operator,before,after,outcome,session,explanation\n"


def folder(where: Path, defects: str = "", primary: str = "", weights: str = WEIGHTS) -> Path:
    (where / "weights.toml").write_text(weights)
    (where / "defects.csv").write_text(DEFECTS + defects)
    (where / "mutants-primary.csv").write_text(MUTANTS + primary)
    return where


def test_the_structural_number_is_one_less_what_is_shared(tmp_path: Path) -> None:
    found = report(folder(tmp_path))
    assert found.structural == pytest.approx(1 - 0.75 * 0.2 - 0.25)
    assert (found.behavioural, found.fatal) == (None, None)


def test_the_behavioural_number_counts_an_unclear_rule_for_both(tmp_path: Path) -> None:
    rows = "f,primary,,w,t\nf,primary,,w,t\nf,twin,,w,t\nf,rule-unclear,,w,t\n"
    found = report(folder(tmp_path, rows))
    assert found.wrong == {"primary": 3, "twin": 2, "both": 1}
    assert found.behavioural == pytest.approx(1 - 1 / 4)


def test_the_fatal_number_counts_what_stops_the_primary(tmp_path: Path) -> None:
    rows = "f,primary,primary twin,w,t\n"
    mutants = "a,1,check,x,y,stop,3,\na,2,check,x,y,answer,3,\na,3,check,x,y,stop,1,\na,4,step,x,y,survived,,why\n"
    found = report(folder(tmp_path, rows, mutants))
    assert found.fatal == pytest.approx(1 - 1 / 3)
    assert found.mutants["primary"].killed_share == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("weights", "defects", "said"),
    [
        (WEIGHTS.replace("0.75", "0.5"), "", "add up to 0.75"),
        (WEIGHTS.replace("shared=1", "shared=2"), "", "'b' needs shared between 0 and 1"),
        (WEIGHTS, "f,nobody,,w,t\n", "line 2: wrong is 'nobody'"),
    ],
)
def test_wrong_evidence_is_refused(tmp_path: Path, weights: str, defects: str, said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        report(folder(tmp_path, defects, weights=weights))


def test_releases_are_kept_and_not_written_twice(tmp_path: Path) -> None:
    found = report(folder(tmp_path))
    add_release(tmp_path, "1.0", found)
    assert [row["release"] for row in history(tmp_path)] == ["1.0"]
    assert json.loads((tmp_path / "history.json").read_text())[0]["structural"] == pytest.approx(0.6)
    with pytest.raises(EvidenceError, match=r"already has a release '1\.0'"):
        add_release(tmp_path, "1.0", found)

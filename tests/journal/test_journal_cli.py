"""`evermarket journal`: what it prints and how it ends."""

import json
from pathlib import Path

import polars as pl
import pytest
from journal_days import write_day
from typer.testing import CliRunner

from evermarket.cli.journal import app

RUN = CliRunner()


@pytest.fixture
def day(tmp_path: Path) -> Path:
    write_day(tmp_path / "day", [3, 4])
    return tmp_path / "day"


def test_show_prints_a_record_a_line(day: Path) -> None:
    done = RUN.invoke(app, ["show", str(day), "--from", "2", "--count", "2"])
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "         2 09:00:00.000002000 TRADED                 i2 code=CONTINUOUS segment=REGULAR price=40.602 qty=1002"
        " trade_no=2",
        "         3 09:00:00.000003000 NEW                    i3 segment=REGULAR cl_ord_id=3 price=40.603 qty=1003"
        " order_no=3 line=1 side=BUY ord_type=LIMIT tif=ROD",
    ]


def test_show_of_one_kind_as_json(day: Path) -> None:
    done = RUN.invoke(app, ["show", str(day / "00000001.seg"), "--kind", "traded", "--json"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["position"] for row in rows] == [2, 4, 6]
    assert rows[0]["price"] == "40.602"
    assert rows[0]["time"] == "2026-11-20T09:00:00.000002000+08:00"


def test_verify_says_what_is_there(day: Path) -> None:
    done = RUN.invoke(app, ["verify", str(day), "--json"])
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    assert (facts["records"], facts["blocks"], facts["epoch"], facts["tail"], facts["damage"]) == (7, 2, 1, None, None)


def test_verify_of_a_torn_tail_and_of_damage_ends_with_4(day: Path) -> None:
    path = day / "00000001.seg"
    whole = path.read_bytes()
    for at, words in ((-1, "bytes behind the end"), (150, "damaged at segment 1, offset 128: crc of a block")):
        spoilt = bytearray(whole)
        spoilt[at] ^= 1
        path.write_bytes(spoilt)
        done = RUN.invoke(app, ["verify", str(day)])
        assert done.exit_code == 4
        assert words in done.stdout


def test_diff_names_the_fields_and_ends_with_3(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "other", [5, 2], change=(6, "price", 999_999))
    done = RUN.invoke(app, ["diff", str(day), str(tmp_path / "other"), "--json"])
    assert done.exit_code == 3
    found = json.loads(done.stdout)["difference"]
    assert (found["what"], found["position"], found["fields"]) == ("record", 6, {"price": ["40.606", "99.9999"]})
    same = RUN.invoke(app, ["diff", str(day), str(day)])
    assert (same.exit_code, same.stdout) == (0, "no difference\n")


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_export_writes_every_record_of_the_kind(day: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"trades.{form}"
    done = RUN.invoke(app, ["export", str(day), "--as", form, "--kind", "TRADED", "--out", str(out)])
    assert done.exit_code == 0
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}[form]
    assert read(out)["qty"].to_list() == [1_002, 1_004, 1_006]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nowhere"], 1, "no segment in nowhere"),
        (["verify", "nowhere"], 1, "no segment in nowhere"),
        (["show", "DAY", "--kind", "TRADE"], 2, "no kind TRADE; near: TRADED"),
        (["export", "DAY", "--out", "x.csv"], 2, "needs --kind"),
        (["show", "DAY", "--count", "0"], 2, "--count"),
    ],
)
def test_a_mistake_is_answered(day: Path, arguments: list[str], code: int, words: str) -> None:
    done = RUN.invoke(app, [str(day) if word == "DAY" else word for word in arguments])
    assert done.exit_code == code
    assert words in done.output

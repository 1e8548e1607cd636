"""The files of a day, its levels, its journal and its replay."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evermarket.day import journal_again, own_files
from evermarket.day.book_at import book_at
from evermarket.day.outputs import write_outputs
from evermarket.day.report import write_report
from evermarket.day.texts import price_text, price_texts
from evermarket.day.whole import Wishes, hold_day
from evermarket.records import NO_PRICE, Kind
from tests.day.market import core, folder
from tests.day.test_own_files import HEAD, OPEN, SESSION

FILES = {"trades.csv", "trades.parquet", "orders.csv", "orders.parquet", "closing.csv", "refusals.csv", "summary.json"}


def test_prices_are_exact_text() -> None:
    prices = [1, 10_000, 10_050, 10_001, 18_457_600, NO_PRICE]
    expected = ["0.0001", "1.00", "1.005", "1.0001", "1845.76", ""]
    assert price_texts(np.array(prices)).to_list() == expected
    assert [price_text(price) for price in prices] == expected


def test_all_files_are_written_and_agree(tmp_path: Path) -> None:
    source = own_files.read(folder(tmp_path, SESSION))
    wishes = Wishes(levels_after=np.array([2, 3, 7]), levels_codes=["2330", "2330", "2317"])
    facts = hold_day(source, core(), wishes)
    out = tmp_path / "out"
    found = write_outputs(facts, out)
    assert {path.name for path in out.iterdir()} == FILES | {"levels.csv"}
    assert json.loads((out / "summary.json").read_text()) == found
    assert found["order_outcomes"] == {
        "filled": 2, "part_filled": 0, "live": 0, "cancelled": 1, "expired": 1, "refused": 1,
    }  # fmt: skip
    assert found["refusals"] == {"ABOVE_LIMIT": 1}
    levels = pl.read_csv(out / "levels.csv", infer_schema=False).select("after_seq", "b1p", "b1q", "a1p", "a1q").rows()
    assert levels == [
        ("2", None, "0", "100.50", "2000"),
        ("3", None, "0", "100.50", "1000"),
        ("7", "49.95", "1000", None, "0"),
    ]
    closes = pl.read_csv(out / "closing.csv", infer_schema=False).select("code", "close", "volume", "turnover").rows()
    assert closes == [("2330", "100.50", "1000", "100500.00"), ("2317", None, "0", "0.00")]
    parquet = pl.read_parquet(out / "trades.parquet")
    assert str(parquet["price"][0]) == "100.5000"
    assert parquet.schema["time"] == pl.Datetime("ns", "Asia/Taipei")


def test_the_report_is_one_page_with_its_library_beside_it(tmp_path: Path) -> None:
    facts = hold_day(own_files.read(folder(tmp_path, SESSION)), core())
    out = tmp_path / "out"
    page = write_report(facts, write_outputs(facts, out), out).read_text(encoding="utf-8")
    assert (out / "plotly.min.js").stat().st_size > 1_000_000
    assert "http://" not in page
    assert "https://" not in page
    assert "price 120 is above the limit-up 110" in page


def test_a_journal_runs_again_to_the_same_bytes(tmp_path: Path) -> None:
    source = own_files.read(folder(tmp_path, SESSION))
    facts = hold_day(source, core(), Wishes(journal=tmp_path / "journal"))
    again = hold_day(journal_again.read(tmp_path / "journal"), core())
    assert again.compared is not None
    assert again.compared.first_difference is None
    assert again.compared.equal == facts.run.position
    assert (again.run.digest, again.stream_sha256) == (facts.run.digest, facts.stream_sha256)


def test_the_book_at_a_position_is_the_book_after_that_command(tmp_path: Path) -> None:
    facts = hold_day(own_files.read(folder(tmp_path, SESSION)), core(), Wishes(journal=tmp_path / "journal"))
    entered = int(facts.kept.of(Kind.TRADED)["position"][0]) - 3
    found = book_at(tmp_path / "journal", entered, core(), code="2330")
    assert found["asks"] == [{"price": "100.50", "qty": 2000, "orders": 1}]
    with pytest.raises(ValueError, match="2331 is no code of this journal; nearest: 2330, 2317"):
        book_at(tmp_path / "journal", entered, core(), code="2331")
    with pytest.raises(ValueError, match="the journal ends at position"):
        book_at(tmp_path / "journal", 10**6, core())


def test_the_book_of_a_collection_is_shown_as_a_match_would_leave_it(tmp_path: Path) -> None:
    crossing = "09:00:01,new,2330,S,100,2000,,,s1,,,\n09:00:02,new,2330,B,100.5,3000,,,b1,,,\n"
    close = "13:30:00,phase,,,,,,,,ended,uncross,set_close|expire\n"
    collecting = OPEN.replace("continuous", "open_call").replace("uncross", "")
    facts = hold_day(
        own_files.read(folder(tmp_path, HEAD + collecting + crossing + close)), core(), Wishes(tmp_path / "j")
    )
    entered = int(facts.kept.of(Kind.TRADED)["position"][0]) - 3
    assert book_at(tmp_path / "j", entered, core())["asks"] == [{"price": "100.00", "qty": 2000, "orders": 1}]
    left = book_at(tmp_path / "j", entered, core(), unfilled=True)
    assert (left["bids"], left["asks"]) == ([{"price": "100.50", "qty": 1000, "orders": 1}], [])

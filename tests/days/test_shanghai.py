"""Three real days of the Shanghai exchange: our trades are the exchange's, row by row; our levels are its snapshots."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evermarket.day import shanghai
from evermarket.day.tables import levels_frame, trades_frame
from evermarket.day.whole import DayFacts, Wishes, hold_day
from evermarket.records import Kind
from evermarket.rulebook.money import parse_price
from tests.days.places import real_core, shared

DAYS = ("2023-02-01_600519", "2023-07-11_600536", "2023-07-11_605580")
FACTS = ["buy_no", "sell_no", "price", "qty", "aggressor"]


def held(folder: Path, wishes: Wishes | None = None, core: str = "primary") -> DayFacts:
    return hold_day(shanghai.read(folder), real_core(core), wishes or Wishes(watch_books=False))


@pytest.mark.parametrize("core", ["primary", "twin"])
@pytest.mark.parametrize("name", DAYS)
def test_the_trades_are_those_of_the_exchange(name: str, core: str) -> None:
    folder = shared(f"l2_sse/{name}")
    facts = held(folder, core=core)
    ours = trades_frame(facts.kept.of(Kind.TRADED), facts.source)
    theirs = pl.read_csv(folder / "trades.csv.gz", infer_schema=False)
    texts = ours.select(pl.col(FACTS).cast(pl.String))
    assert texts.equals(theirs.select(FACTS))
    continuous = theirs["aggressor"] != "N"
    assert ours["time"].filter(continuous).equals(theirs["time"].filter(continuous))
    assert len(facts.kept.of(Kind.REJECTED)) == 0


@pytest.mark.parametrize("core", ["primary", "twin"])
def test_the_ten_levels_are_those_of_every_snapshot(core: str) -> None:
    folder = shared("l2_sse/2023-02-01_600519")
    told = pl.read_csv(folder / "snapshots.csv.gz", infer_schema=False)
    told = told.filter((pl.col("phase") == "TRADE") & pl.col("after_seq").is_not_null())
    after = told["after_seq"].cast(pl.Int64).to_numpy()
    facts = held(folder, Wishes(watch_books=False, levels_after=after), core)
    assert facts.levels is not None
    ours = levels_frame(facts.levels.after, facts.levels.rows).select(pl.all().cast(pl.String))
    columns = ours.columns[1:]
    unlike = (ours.select(columns) != told.select(columns)).sum_horizontal()
    assert ours.height == 4841
    assert unlike.sum() == 0


def test_the_indicative_prices_are_those_of_the_opening_call() -> None:
    folder = shared("l2_sse/2023-02-01_600519")
    told = pl.read_csv(folder / "snapshots.csv.gz", infer_schema=False)
    told = told.filter((pl.col("phase") == "OCALL") & pl.col("after_seq").is_not_null())
    after = told["after_seq"].cast(pl.Int64).to_list()
    facts = hold_day(shanghai.read(folder, indicate_after=after), real_core(), Wishes(watch_books=False))
    ours = indications(facts, after)
    theirs = [(parse_price(row["b1p"]), int(row["b1q"]), int(row["b2q"]), int(row["a2q"])) for row in told.to_dicts()]
    unlike = [n for n, (mine, other) in enumerate(zip(ours, theirs, strict=True)) if mine != other]
    assert unlike == []


def indications(facts: DayFacts, after: list[int]) -> list[tuple[int, int, int, int]]:
    """What the last INDICATIVE at or before each asked row said."""
    told = facts.kept.of(Kind.INDICATIVE)
    own = told[told["instrument"] == 1]
    rounds = told[told["instrument"] == 0]["position"]
    assert len(rounds) == len(after)
    at = np.searchsorted(own["position"], rounds) - 1
    chosen = own[at]
    return [(int(one["price"]), int(one["volume"]), int(one["buy_left"]), int(one["sell_left"])) for one in chosen]

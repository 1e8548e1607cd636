"""Our own files: what each row becomes, and how a wrong one is answered: file, line, column."""

from pathlib import Path

import polars as pl
import pytest

from evermarket.day import own_files
from evermarket.day.errors import SourceError
from evermarket.day.tables import orders_frame, trades_frame
from evermarket.records import Kind
from tests.day.market import DAY, INSTRUMENTS, folder, held

HEAD = "time,verb,code,side,price,qty,type,tif,ref,phase,match,actions\n"
OPEN = "09:00:00,phase,,,,,,,,continuous,,\n"
SESSION = (
    HEAD
    + OPEN
    + "09:00:01,new,2330,S,100.5,2000,,,s1,,,\n"
    + "09:00:02,new,2330,B,100.5,1000,limit,ROD,b1,,,\n"
    + "09:00:03,reduce,2330,,,1000,,,s1,,,\n"
    + "09:00:04.25,new,2330,B,120,1000,,,b2,,,\n"
    + "09:00:05,new,2317,B,,1000,market,IOC,b3,,,\n"
    + "09:00:06,new,2317,B,49.95,1000,,,b4,,,\n"
    + "13:30:00,phase,,,,,,,,ended,uncross,set_close|expire\n"
)


def test_a_small_day_has_its_trades_and_outcomes(tmp_path: Path) -> None:
    facts = held(folder(tmp_path, SESSION))
    trades = trades_frame(facts.kept.of(Kind.TRADED), facts.source).rows()
    assert trades == [
        (1, "09:00:02.000000", "b1", "s1", "100.50", 1000, "B", "2330", "regular", "continuous"),
    ]
    orders = orders_frame(facts.orders.rows, facts.source)
    shown = orders.select("order_no", "status", "filled", "reduced", "cancelled", "refusal", "cancel_reason").rows()
    assert shown == [
        ("s1", "filled", 1000, 1000, 0, "", ""),
        ("b1", "filled", 1000, 0, 0, "", ""),
        ("b2", "refused", 0, 0, 0, "ABOVE_LIMIT", ""),
        ("b3", "cancelled", 0, 0, 1000, "", "time_in_force"),
        ("b4", "expired", 0, 0, 1000, "", "end_of_session"),
    ]
    assert orders["refusal_text"][2] == "price 120 is above the limit-up 110"


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("09:00:01,new,2331,B,100,1000,,,,,,", "line 3, column code: '2331' is no code of the instruments; "
         "nearest: 2330, 2317"),
        ("09:00:01,new,2330,X,100,1000,,,,,,", "line 3, column side: 'X' is none of B, S, buy, sell"),
        ("09:00:01,new,2330,B,1e2,1000,,,,,,", "line 3, column price: '1e2' is not a decimal number "
         "with at most four decimals"),
        ("09:00:01,new,2330,B,100,ten,,,,,,", "line 3, column qty: 'ten' is not a whole number from 0 to 268435455"),
        ("08:00:01,new,2330,B,100,1000,,,,,,", "line 3, column time: '08:00:01' is earlier than the row before it"),
        ("25:00:01,new,2330,B,100,1000,,,,,,", "line 3, column time: '25:00:01' is not a time of day hh:mm:ss.fff"),
        ("09:00:01,cancel,2330,,,,,,zz,,,", "line 3, column ref: 'zz' is the ref of no order in this file"),
        ("09:00:01,buy,2330,,,,,,,,,", "line 3, column verb: 'buy' is none of new, reduce, reprice, cancel, quote, "
         "mass_cancel, phase, indicate, draw, halt, resume"),
        ("09:00:01,phase,,,,,,,,tea,,", "line 3, column phase: 'tea' is none of "),
        ("09:00:01,phase,,,,,,,,closed,,dance", "line 3, column actions: 'dance' holds 'dance', which is none of "),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(tmp_path: Path, row: str, answer: str) -> None:
    with pytest.raises(SourceError) as refused:
        own_files.read(folder(tmp_path, HEAD + OPEN + row + "\n"))
    assert str(refused.value).startswith(f"commands.csv, {answer}")


def test_a_row_with_too_many_fields_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"commands.csv, line 3: 3 fields, the header has 2"):
        own_files.read(folder(tmp_path, "time,verb\n09:00:00,draw\n09:00:01,draw,x\n"))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"commands.csv, line 1: column 'verb' is missing; there are time, code"):
        own_files.read(folder(tmp_path, "time,code\n09:00:00,2330\n"))


def test_a_wrong_tick_and_a_missing_day_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"instruments.csv, line 2, column tick: 'abc' is no tick"):
        own_files.read(folder(tmp_path, SESSION, "code,tick\n2330,abc\n"))
    (tmp_path / "day.toml").unlink()
    with pytest.raises(SourceError, match=r"day.toml is missing"):
        own_files.read(tmp_path)


def test_parquet_gives_the_same_day_and_floats_are_refused(tmp_path: Path) -> None:
    facts = held(folder(tmp_path, SESSION))
    frame = pl.read_csv(tmp_path / "commands.csv", infer_schema=False)
    (tmp_path / "commands.csv").unlink()
    exact = frame.with_columns(pl.col("price").replace("", None).cast(pl.Decimal(18, 4)))
    exact.write_parquet(tmp_path / "commands.parquet")
    assert held(tmp_path).stream_sha256 == facts.stream_sha256
    frame.with_columns(pl.col("price").replace("", None).cast(pl.Float64)).write_parquet(tmp_path / "commands.parquet")
    with pytest.raises(SourceError, match=r"commands.parquet, column price: Float64 is not exact"):
        own_files.read(tmp_path)


def test_the_zone_of_the_day_is_checked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"day.toml: zone 'Mars' is not known"):
        own_files.read(folder(tmp_path, SESSION, INSTRUMENTS, DAY.replace("Asia/Taipei", "Mars")))

"""The other file formats, on tiny files: what they become and how a wrong line is answered."""

from pathlib import Path

import numpy as np
import pytest

from evermarket.day import lobster, shanghai, taiwan_file
from evermarket.day.errors import SourceError, UnknownSource
from evermarket.day.opening import open_source
from evermarket.day.tables import trades_frame
from evermarket.day.whole import hold_day
from evermarket.records import Kind
from tests.day.market import core

ORDERS = """seq,time,action,order_no,side,price,qty,seen_as
11,09:15:00.020,N,90,S,10.00,400,full
12,09:16:00.000,N,95,B,10.02,200,full
15,09:30:00.500,N,99,B,10.00,100,full
20,09:31:00.000,C,90,S,,100,
"""
RECORD = "201612300050  S008300110u555840078.35+00000010004 0855J7003"
MESSAGES = """time,type,order_id,size,price,direction
34200.0,1,1,18,1000000,1
34201.5,4,7,10,1010000,-1
34202,3,1,18,1000000,1
"""
BOOK = "ask_price_1,ask_size_1,bid_price_1,bid_size_1\n1010000,25,1000000,18\n"


def shanghai_folder(where: Path, text: str = ORDERS) -> Path:
    folder = where / "2023-02-01_600000"
    folder.mkdir()
    (folder / "orders.csv").write_text(text)
    return folder


def test_a_shanghai_day_keeps_the_numbers_of_its_source(tmp_path: Path) -> None:
    facts = hold_day(shanghai.read(shanghai_folder(tmp_path)), core())
    shown = trades_frame(facts.kept.of(Kind.TRADED), facts.source)
    columns = ["seq", "time", "buy_no", "sell_no", "price", "qty", "aggressor", "kind"]
    assert shown.select(columns).rows() == [
        (1, "09:25:00.000", 95, 90, "10.00", 200, "N", "open"),
        (2, "09:30:00.500", 99, 90, "10.00", 100, "B", "continuous"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("20,09:31", "14,09:31", "orders.csv, line 5, column seq: '14' is smaller than the row before it"),
        ("C,90", "C,91", "orders.csv, line 5, column order_no: '91' is the number of no order in this file"),
        ("N,99", "N,95", "orders.csv, line 4, column order_no: '95' was given to an order before"),
        ("10.02", "10.00001", "orders.csv, line 3, column price: '10.00001' is not a decimal number with at most"),
        ("10.02", "", "orders.csv, line 3, column price: '' is missing: a new order has a price"),
        ("N,90", "M,90", "orders.csv, line 2, column action: 'M' is none of N, C"),
    ],
)
def test_a_wrong_shanghai_row_is_named(tmp_path: Path, old: str, new: str, answer: str) -> None:
    with pytest.raises(SourceError) as refused:
        shanghai.read(shanghai_folder(tmp_path, ORDERS.replace(old, new)))
    assert str(refused.value).startswith(answer)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (RECORD[:-1], "h1.txt, line 2: 58 bytes, a record has 59"),
        (RECORD.replace("S0083", "X0083"), "h1.txt, line 2, bytes 15-15 (side): 'X' is none of B, S"),
        (RECORD.replace("0078.35", "00a8.35"), "h1.txt, line 2, bytes 31-37 (price): '00a8.35' is not a decimal price"),
        (RECORD.replace("20161230", "20161231"), "h1.txt, line 2, bytes 1-8 (date): '20161231' is not the day of"),
        (RECORD.replace("08300110", "08300109"), "h1.txt, line 2, bytes 17-24 (time): '08300109' is earlier than"),
        (RECORD, "h1.txt, line 2, bytes 25-29 (number): 'u5558' was entered before"),
        (RECORD.replace("u55584", "u55596"), "h1.txt, line 2, bytes 25-29 (number): 'u5559' was never entered"),
    ],
)
def test_a_wrong_taiwan_record_is_named(tmp_path: Path, line: str, answer: str) -> None:
    path = tmp_path / "h1.txt"
    path.write_text(f"{RECORD}\n{line}\n")
    with pytest.raises(SourceError) as refused:
        taiwan_file.read(path)
    assert str(refused.value).startswith(answer)


def test_a_taiwan_order_can_be_reduced_and_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "h1.txt"
    change = RECORD.replace("u55584", "u55585").replace("+0000001000", "-0000001000")
    path.write_text(f"{RECORD.replace('+0000001000', '+0000003000')}\n{change}\n{RECORD.replace('u55584', 'u55586')}\n")
    facts = hold_day(taiwan_file.read(path), core())
    row = facts.orders.rows[1]
    assert (row["qty"], row["reduced"], row["cancelled"], row["reason"]) == (3000, 1000, 2000, 1)


def test_lobster_executions_hit_the_resting_side(tmp_path: Path) -> None:
    (tmp_path / "message_1.csv").write_text(MESSAGES)
    (tmp_path / "orderbook_1.csv").write_text(BOOK)
    source = lobster.read(tmp_path / "message_1.csv")
    facts = hold_day(source, core())
    traded = facts.kept.of(Kind.TRADED)
    assert (traded["price"].tolist(), traded["qty"].tolist(), traded["sell_leaves"].tolist()) == ([1010000], [10], [15])
    assert np.flatnonzero(facts.orders.rows["reduced"] == 18).size == 1


def test_an_unknown_source_says_what_a_source_is(tmp_path: Path) -> None:
    (tmp_path / "orders_of_today").mkdir()
    with pytest.raises(UnknownSource, match="no such file or folder; near it: orders_of_today"):
        open_source(str(tmp_path / "orders_of_toda"))
    with pytest.raises(UnknownSource, match="is no source; a source is sim: "):
        open_source(str(tmp_path / "orders_of_today"))

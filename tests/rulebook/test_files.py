"""Daily fixed-width files and the file of instruments: layouts, round trips, errors that name line and column."""

from datetime import date
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.rulebook.instrument_file import (
    Instrument,
    InstrumentFileError,
    parse_instruments,
    read_instruments,
    write_instruments,
)
from evermarket.rulebook.limits import NO_LIMITS, DailyLimits
from evermarket.rulebook.money import parse_price
from evermarket.rulebook.reference_file import (
    O60,
    T30,
    T32,
    OddLotBasics,
    ReferenceFileError,
    StockBasics,
    UnitBasics,
    read_records,
    write_records,
)

TODAY = date(2026, 11, 20)
T30_LINE = (
    b"2330  009960000009060000008150000202406121200240 Y"
    + "台積電".encode("cp950").ljust(16)
    + b"005000010000030100Y0X0"
    + b" " * 12
)
TSMC = StockBasics(
    code="2330",
    limit_up=parse_price("996"),
    opening_reference=parse_price("906"),
    limit_down=parse_price("815"),
    last_trade_date=date(2024, 6, 12),
    trade_method="1",
    disposition="2",
    attention="0",
    order_limited="0",
    industry="24",
    security_kind="0",
    short_below_reference="Y",
    name="台積電",
    match_interval_minutes=5,
    order_limit_lots=10,
    day_limit_lots=30,
    precollection_percent=100,
    sbl_below_reference="Y",
    par_value="0",
    day_trade="X",
    board="0",
)


def test_t30_is_a_hundred_bytes_with_the_fields_where_they_are_published() -> None:
    assert (T30.size, O60.size, T32.size) == (100, 50, 50)
    assert read_records(T30, T30_LINE + b"\r\n") == [TSMC]
    assert write_records(T30, [TSMC]) == T30_LINE + b"\n"


def test_o60_and_t32_have_their_own_layouts() -> None:
    odd = b"2330  009960000008150000009060000X" + b" " * 16
    assert read_records(O60, odd) == [OddLotBasics("2330", 9_960_000, 8_150_000, 9_060_000, "X")]
    unit = b"9105  00100USD" + b" " * 36
    assert read_records(T32, unit) == [UnitBasics("9105", 100, "USD")]


def test_a_price_of_zeros_is_no_price() -> None:
    row = msgspec.structs.replace(TSMC, limit_up=None, limit_down=None, last_trade_date=None)
    assert read_records(T30, write_records(T30, [row])) == [row]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (T30_LINE[:-1], "T30 line 2: 99 bytes, a record has 100"),
        (T30_LINE.replace(b"009060000", b"00906.000"), r"T30 line 2, columns 16-24 \(opening_reference\): .* 9 digits"),
        (T30_LINE.replace(b"20240612", b"20241301"), r"T30 line 2, columns 34-41 \(last_trade_date\): month"),
        (T30_LINE[:50] + b"\xff\xff" + T30_LINE[52:], r"T30 line 2, columns 51-66 \(name\)"),
        (b" " * 6 + T30_LINE[6:], r"T30 line 2, columns 1-6 \(code\): blank"),
    ],
)
def test_a_record_that_does_not_fit_says_line_and_columns(line: bytes, message: str) -> None:
    with pytest.raises(ReferenceFileError, match=message):
        read_records(T30, T30_LINE + b"\n" + line + b"\n")


def test_a_value_that_does_not_fit_its_field_is_not_written() -> None:
    with pytest.raises(ReferenceFileError, match=r"T30 line 1 \(name\).*does not fit 16 bytes"):
        write_records(T30, [msgspec.structs.replace(TSMC, name="一二三四五六七八九")])
    for price in (10**9, -1):
        with pytest.raises(ReferenceFileError, match=r"\(limit_up\).*does not fit 9 bytes"):
            write_records(T30, [msgspec.structs.replace(TSMC, limit_up=price)])
    with pytest.raises(ReferenceFileError, match=r"line 1 \(name\).*codec"):
        write_records(T30, [msgspec.structs.replace(TSMC, name="Ünlü")])


big5 = st.text(alphabet=st.sampled_from("台積電鴻海中鋼國巨-KY乙特ABC12"), max_size=7)
some_price = st.none() | st.integers(1, 10**9 - 1)


@given(
    st.lists(
        st.builds(
            msgspec.structs.replace,
            st.just(TSMC),
            name=big5,
            limit_up=some_price,
            limit_down=some_price,
            opening_reference=some_price,
            last_trade_date=st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
            order_limit_lots=st.integers(0, 999_999),
            day_trade=st.sampled_from(["", "Y", "X"]),
        )
    )
)
def test_daily_files_round_trip(rows: list[StockBasics]) -> None:
    data = write_records(T30, rows)
    assert read_records(T30, data) == rows
    assert write_records(T30, read_records(T30, data)) == data


CSV = """code,market,product,reference,limits,limit_up,limit_down,multiple,interval_s,name,without_check
2330,TWSE,stock,906,given,996,815,,,台積電,
1101,TWSE,stock,40.60,,,,,300,,yes
00631L,TWSE,etf,23.45,,,,2,,,no
0050,TWSE,etf,97,none,,,,,,
"""


def test_instruments_take_their_defaults_from_their_product(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(CSV, "utf-8")
    assert read_instruments(path, TODAY) == [
        Instrument("2330", "TWSE", "stock", 9_060_000, DailyLimits(9_960_000, 8_150_000), 1000, name="台積電"),
        Instrument(
            "1101", "TWSE", "stock", 406_000, DailyLimits(446_500, 365_500), 1000, interval_s=300, without_check=True
        ),
        Instrument("00631L", "TWSE", "etf", 234_500, DailyLimits(281_400, 187_600), 1000, multiple=2),
        Instrument("0050", "TWSE", "etf", 970_000, NO_LIMITS, 1000),
    ]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_instruments_round_trip(tmp_path: Path, ending: str) -> None:
    source, copy = tmp_path / "day.csv", tmp_path / f"copy{ending}"
    source.write_text(CSV, "utf-8")
    instruments = read_instruments(source, TODAY)
    write_instruments(copy, instruments)
    assert read_instruments(copy, TODAY) == instruments


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2330,TWSE,stock,906.5", "line 2, column reference: 906.50 is not on the tick of TWSE stock"),
        ("2330,TWSE,stock,", "line 2, column reference: is blank"),
        ("2330,TWSE,stock,-1", "line 2, column reference: -1.00 is not above 0"),
        ("2330,TWSE,stock,0", "line 2, column reference: 0.00 is not above 0"),
        ("2330,TWSE,stock,9e2", "line 2, column reference: '9e2' is not a plain decimal"),
        ("2330,TWSE,share,906", "line 2, column product: the rulebook has no row for product TWSE share"),
        ("2330,TWSE,stock,906,given,900,815", "line 2, column limits: the reference 906.00 is outside"),
        ("2330,TWSE,stock,906,maybe", "line 2, column limits: 'maybe' is none of compute, given, none"),
        ("03001P,TWSE,warrant_put,1.50", "line 2, column limits: limits of warrant_put come by formula: give them"),
        ("9105,TWSE,foreign_secondary,10", "line 2, column lot: TWSE foreign_secondary has no lot of its own"),
        ("2330,TWSE,stock,906,,,,x", "line 2, column multiple: 'x' is not a whole number"),
        ("2330,TWSE,stock,906,,,,,0", "line 2, column interval_s: 0 is not above 0"),
        ("2330,TWSE,stock,906,,,,,,,perhaps", "line 2, column without_check: 'perhaps' is neither yes nor no"),
        ("1101,TWSE,stock,40\n1101,TWSE,stock,40", "line 3, column code: '1101' is there twice"),
    ],
)
def test_a_wrong_cell_says_line_and_column(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(CSV.splitlines()[0] + "\n" + row + "\n", "utf-8")
    with pytest.raises(InstrumentFileError, match=message):
        read_instruments(path, TODAY)


def test_wrong_columns_and_endings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("code,market,product\n", "utf-8")
    with pytest.raises(InstrumentFileError, match="line 1: column reference is missing"):
        read_instruments(path, TODAY)
    path.write_text("code,market,product,reference,colour\n", "utf-8")
    with pytest.raises(InstrumentFileError, match="line 1, column colour: unknown"):
        read_instruments(path, TODAY)
    with pytest.raises(InstrumentFileError, match=r"ends in \.csv or \.parquet"):
        read_instruments(tmp_path / "day.xls", TODAY)
    floats = tmp_path / "day.parquet"
    pl.DataFrame({"code": ["1"], "market": ["TWSE"], "product": ["stock"], "reference": [40.6]}).write_parquet(floats)
    with pytest.raises(InstrumentFileError, match="column reference: a float column"):
        read_instruments(floats, TODAY)


def test_parquet_decimals_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    frame = pl.DataFrame({"code": ["1101"], "market": ["TWSE"], "product": ["stock"], "reference": ["40.60"]})
    frame.with_columns(pl.col("reference").cast(pl.Decimal(18, 4))).write_parquet(path)
    expected = parse_instruments([{"code": "1101", "market": "TWSE", "product": "stock", "reference": "40.6"}], TODAY)
    assert read_instruments(path, TODAY) == expected

"""Product rows and the classification of the published list of securities."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from evermarket.rulebook.classify import Classified, Unclassified, classify
from evermarket.rulebook.limits import LIMIT_RATES
from evermarket.rulebook.products import Product, product_row, products
from evermarket.rulebook.timetable import timetable

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("row", products(), ids=lambda row: f"{row.market}-{row.product}-{row.since}")
def test_every_row_points_to_ticks_limits_and_sessions_that_exist(row: Product) -> None:
    day = max(row.since, date(2020, 10, 26))  # the first day on which every session exists
    assert row.tick_table(row.since).market == row.market
    assert row.limit_kind in {rate.kind for rate in LIMIT_RATES if rate.market == row.market} | {"none", "formula"}
    assert set(row.sessions) <= {session.name for session in timetable(row.market).session if session.since <= day}
    assert row.odd_lot_intraday == ("odd_lot_intraday" in row.sessions)
    assert row.odd_lot_after_hours == ("odd_lot_after_hours" in row.sessions)
    assert row.source


def test_an_order_is_at_most_499_lots() -> None:
    assert product_row("TWSE", "stock", TODAY).quantity_max == 499_000
    assert product_row("TWSE", "foreign_secondary", TODAY).quantity_max is None
    assert product_row("SSE", "stock", TODAY).quantity_max == 1_000_000


def test_only_warrants_and_bonds_escape_the_interruption_on_twse() -> None:
    rows = [row for row in products() if row.market == "TWSE"]
    assert {row.product for row in rows if row.volatility_exempt} == {
        "warrant_call", "warrant_put", "stock_warrant", "corporate_bond", "government_bond",
    }  # fmt: skip
    assert {row.product for row in rows if row.check_exempt} == {"warrant_call", "warrant_put", "stock_warrant"}
    assert {row.product for row in rows if not row.market_order} == {
        "foreign_secondary", "corporate_bond", "government_bond",
    }  # fmt: skip


def test_innovation_board_gets_intraday_odd_lots_in_2025() -> None:
    assert not product_row("TWSE", "innovation", date(2025, 1, 5)).odd_lot_intraday
    assert product_row("TWSE", "innovation", date(2025, 1, 6)).odd_lot_intraday


@pytest.mark.parametrize(
    ("code", "type_text", "expected"),
    [
        ("2330", "股票", Classified("stock")),
        ("00631L", "ETF", Classified("etf", 2)),
        ("00632R", "ETF", Classified("etf", -1)),
        ("0050", "ETF", Classified("etf")),
        ("03001P", "上市認購(售)權證", Classified("warrant_put")),
        ("030001", "上市認購(售)權證", Classified("warrant_call")),
    ],
)
def test_code_and_type_name_a_product(code: str, type_text: str, expected: Classified) -> None:
    assert classify(code, type_text) == expected


@pytest.mark.parametrize(
    ("code", "type_text"), [("2330", "蓋牌"), ("03001Z", "上市認購(售)權證"), ("0300", "上市認購(售)權證")]
)
def test_what_names_no_product_is_refused_with_a_reason(code: str, type_text: str) -> None:
    refused = classify(code, type_text)
    assert isinstance(refused, Unclassified)
    assert code in refused.reason


def test_the_published_list_is_classified_whole_and_agrees_with_its_cfi_codes(
    shared_rows: Callable[[str], list[dict[str, str]]],
) -> None:
    counted: Counter[str] = Counter()
    for row in shared_rows("tw_reference/twse_securities.csv.gz"):
        found = classify(row["code"], row["type"])
        assert isinstance(found, Classified), row
        counted[found.product] += 1
        if row["CFI"].startswith("RW"):
            assert found.product == {"C": "warrant_call", "P": "warrant_put"}[row["CFI"][4]], row
    assert counted == {
        "warrant_call": 30_395, "warrant_put": 3_499, "stock": 1_045, "etf": 218, "preferred": 28, "innovation": 24,
        "etn": 16, "depositary_receipt": 10, "reit": 6,
    }  # fmt: skip

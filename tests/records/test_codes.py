"""Refusals: one ordered list, each with a sentence that a person can act on."""

import re
import string

import pytest

from evermarket.records import NO_PRICE, REFUSALS, Code, sentence

FIX_ORD_REJ_REASONS = {*range(19), 99}


def test_every_code_has_a_row_in_the_order_of_precedence() -> None:
    assert list(REFUSALS) == list(Code) == sorted(Code)
    assert [row.code for row in REFUSALS.values()] == list(Code)
    assert all(0 < code < 2**16 for code in Code)


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_a_row_says_all_that_it_should(code: Code) -> None:
    row = REFUSALS[code]
    named = {field for _, field, _, _ in string.Formatter().parse(row.sentence) if field is not None}
    assert named <= {"value", "bound"}
    assert row.fix in FIX_ORD_REJ_REASONS
    assert 0 < row.twse <= 99
    assert re.match(r"(TWSE|format) ", row.rule), "a rule names its article or section"
    assert row.sentence[0].islower()
    assert not row.sentence.endswith(".")


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_a_sentence_is_filled_with_any_numbers(code: Code) -> None:
    for value, bound in ((0, 0), (406_000, 12_345), (NO_PRICE, NO_PRICE), (2**63 - 1, -5)):
        text = sentence(code, value, bound)
        assert "{" not in text
        assert str(NO_PRICE) not in text, "a missing price is told by a word"


@pytest.mark.parametrize(
    ("code", "value", "bound", "text"),
    [
        (Code.UNKNOWN_LINE, 7, NO_PRICE, "line 7 is not defined"),
        (Code.ABOVE_LIMIT, 446_600, 446_500, "price 44.66 is above the limit-up 44.65"),
        (Code.PRICE_TICK, 1_000_001, 5_000, "price 100.0001 is not a multiple of the tick 0.5"),
        (Code.QUOTE_CROSSED, 1_000_000, 990_000, "bid 100 is not below ask 99"),
        (Code.PRICE_PRESENT, 10_000, NO_PRICE, "price 1 given where the rule takes none"),
        (Code.QTY_LOT, 1_500, 1_000, "qty 1500 is not a multiple of the lot 1000"),
        (Code.DUPLICATE_CL_ORD_ID, 5, 9, "cl_ord_id 5 is not larger than 9, the last one of this line"),
        (Code.QTY_ZERO, 0, NO_PRICE, "qty is 0"),
    ],
)
def test_prices_are_told_as_prices_and_counts_as_counts(code: Code, value: int, bound: int, text: str) -> None:
    assert sentence(code, value, bound) == text


def test_a_number_that_is_no_code_is_an_error() -> None:
    with pytest.raises(ValueError, match="9 is not a valid Code"):
        sentence(9, 0, 0)

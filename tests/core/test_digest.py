"""The kernels' mixer is the one of docs/format.md, section 7."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evermarket.core import digest
from evermarket.core.jit import entry
from evermarket.core.state import BOOK, LEVEL, ORDER
from evermarket.records import NO_PRICE, mixer

DOCUMENT = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")
U64 = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)


class Small(NamedTuple):
    """As much of a state as a term looks at: one book, one level, one order, each in row 1."""

    books: Any
    orders: Any
    levels: Any


@entry
def ranks(seeds: Any, numbers: Any, out: Any) -> Any:
    """Draw ranks, compiled: `draw_rank` and `finish` together."""
    for k in range(len(out)):
        out[k] = digest.draw_rank(seeds[k], numbers[k])


@entry
def terms(st: Any, out: Any) -> Any:
    """Terms of the order and of the book."""
    out[0] = digest.order_term(st, 1)
    out[1] = digest.book_term(st.books[1])


def rank_of(seed: int, number: int) -> int:
    out = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        ranks(np.array([seed], np.uint64), np.array([number], np.uint32), out)
    return int(out[0])


def terms_of(*, order: dict[str, int], book: dict[str, int], price: int, side: int) -> tuple[int, int]:
    small = Small(np.zeros(2, BOOK), np.zeros(2, ORDER), np.zeros(2, LEVEL))
    for name, value in order.items():
        small.orders[name][1] = value
    for name, value in book.items():
        small.books[name][1] = value
    small.orders["place"][1] = 2 + side - 1
    small.orders["level"][1] = 1
    small.levels["price"][1] = price
    out = np.zeros(2, np.uint64)
    with np.errstate(over="ignore"):
        terms(small, out)
    return int(out[0]), int(out[1])


def table() -> dict[str, int]:
    """The table of test values in the document."""
    rows = re.findall(r"^\| ([^|]+) \| ([0-9A-F]{16}) \|$", DOCUMENT, re.MULTILINE)
    return {name.strip(): int(value, 16) for name, value in rows}


def test_the_definition_gives_the_values_of_the_document() -> None:
    values = list(table().values())
    big = {"instrument": 65_000, "segment": 6, "side": 2, "price": NO_PRICE, "leaves": 1, "priority": 2**32 - 1}
    small = {"instrument": 2, "segment": 1, "side": 1, "price": 406_000, "leaves": 5_000, "priority": 7}
    assert values == [
        mixer.finish(1),
        mixer.order_term(order_no=1, **small),
        mixer.order_term(order_no=2**32 - 2, **big),
        mixer.book_term(instrument=2, segment=1, phase=4, reference=406_000, last=NO_PRICE, volume=0),
        mixer.draw_rank(12_345, 1),
    ]


def test_the_kernel_gives_the_value_of_the_document() -> None:
    assert rank_of(12_345, 1) == list(table().values())[-1]


@given(seed=U64, number=U32)
def test_the_kernel_ranks_as_the_definition_does(seed: int, number: int) -> None:
    assert rank_of(seed, number) == mixer.draw_rank(seed, number)


@given(
    numbers=st.tuples(U32, U32, U32),
    places=st.tuples(st.integers(1, 65_000), st.integers(1, 6), st.integers(1, 2), st.integers(1, 19)),
    prices=st.tuples(I64, I64, I64, I64),
)
def test_the_kernels_terms_are_those_of_the_definition(
    numbers: tuple[int, int, int], places: tuple[int, int, int, int], prices: tuple[int, int, int, int]
) -> None:
    (order_no, leaves, priority), (instrument, segment, side, phase), (price, reference, last, volume) = (
        numbers,
        places,
        prices,
    )
    where = {"instrument": instrument, "segment": segment}
    shown = {"phase": phase, "reference": reference, "last": last, "volume": abs(volume) // 2}
    order = {"order_no": order_no, "left": leaves, "priority": priority}
    assert terms_of(order=order, book=where | shown, price=price, side=side) == (
        mixer.order_term(order_no=order_no, side=side, price=price, leaves=leaves, priority=priority, **where),
        mixer.book_term(**where, **shown),
    )


def test_the_constants_of_the_document_are_the_constants_of_the_mixer() -> None:
    said = dict(re.findall(r"\b(K[0-6]) ([0-9A-F]{16})\b", DOCUMENT))
    assert said == {f"K{n}": f"{getattr(mixer, f'K{n}'):016X}" for n in range(7)}
    assert {f"K{n}": int(getattr(digest, f"K{n}")) for n in range(7)} == {k: int(v, 16) for k, v in said.items()}
    assert (int(digest.F1), int(digest.F2)) == (mixer.F1, mixer.F2)

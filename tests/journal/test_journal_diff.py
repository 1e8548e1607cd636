"""Two journals of a day: the first difference, whatever blocks the records are in."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_days import write_day

from evermarket.journal import Difference, Journal, first_difference


def compared(folder: Path, a: list[int], b: list[int], **change: object) -> Difference | None:
    write_day(folder / "a", a)
    write_day(folder / "b", b, **change)  # type: ignore[arg-type]
    return first_difference(Journal.open(folder / "a"), Journal.open(folder / "b"))


def test_other_blocks_are_no_difference(tmp_path: Path) -> None:
    assert compared(tmp_path, [1_000, 500, 30], [3, 700, 800, 27]) is None


def test_a_field_is_named_with_both_values(tmp_path: Path) -> None:
    found = compared(tmp_path, [9], [4, 5], change=(7, "price", 1))
    assert found is not None
    assert (found.what, found.position) == ("record", 7)
    assert found.fields == (("price", Decimal("40.607"), Decimal("0.0001")),)
    assert "price=40.607" in found.a_line
    assert "price=0.0001" in found.b_line


def test_the_shorter_one_is_named(tmp_path: Path) -> None:
    found = compared(tmp_path, [4], [4, 2])
    assert found is not None
    assert (found.what, found.position, found.a_line) == ("end of a", 5, "")
    turned = first_difference(Journal.open(tmp_path / "b"), Journal.open(tmp_path / "a"))
    assert turned is not None
    assert (turned.what, turned.position, turned.b_line) == ("end of b", 5, "")


def test_a_digest_is_compared_where_both_have_one(tmp_path: Path) -> None:
    found = compared(tmp_path, [2, 4, 3], [3, 3, 3], digest=1)
    assert found is not None
    assert (found.what, found.position) == ("digest", 6)
    assert found.fields == (("digest", f"{6:016x}", f"{7:016x}"),)


def test_a_difference_before_the_start_is_not_looked_at(tmp_path: Path) -> None:
    assert compared(tmp_path, [900, 900], [5, 900, 895], change=(7, "price", 1)) is not None
    a, b = Journal.open(tmp_path / "a"), Journal.open(tmp_path / "b")
    assert first_difference(a, b, from_position=1_000) is None


@settings(max_examples=20, deadline=None)
@given(at=st.integers(1, 300), cuts=st.lists(st.integers(1, 299), max_size=5, unique=True))
def test_one_changed_record_is_always_found(tmp_path_factory: pytest.TempPathFactory, at: int, cuts: list[int]) -> None:
    ends = [*sorted(cuts), 300]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    found = compared(tmp_path_factory.mktemp("days"), [100, 200], sizes, change=(at, "price", 77))
    assert found is not None
    assert found.position == at
    assert [name for name, *_ in found.fields] == ["price"]

"""The board and the schedule of the day."""

import numpy as np
import pytest

from evermarket.records import Kind, of_kind
from evermarket.records.kinds import Action, BookFlag, Match, Mode, Phase
from evermarket.records.layout import ORDER, PHASE, TEXT
from evermarket.rulebook.ticks import is_on_tick
from evermarket.sim.board import counts_of, make_board
from evermarket.sim.board_rules import family_table, rule_row
from evermarket.sim.config import preset
from evermarket.sim.day_steps import day_steps
from evermarket.sim.reference import Group
from tests.sim.conftest import Played, small

TAIPEI_NS = 8 * 3_600 * 10**9


def clock(time: int) -> str:
    seconds = (time + TAIPEI_NS) // 10**9 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def test_a_whole_board_has_every_kind_unique_codes_and_every_tick_band() -> None:
    config = preset("normal", seed=11)
    board = make_board(config)
    assert len(board) == config.instruments == sum(counts_of(1_200).values())
    assert len({one.code for one in board}) == len(board)
    assert [one.instrument for one in board] == list(range(1, len(board) + 1))
    assert {one.kind for one in board} == set(counts_of(1_200))
    bands = family_table("stock", config.day).bands
    stocks = [one.reference for one in board if one.kind == "stock"]
    ends = [band.from_price for band in bands[1:]] + [10**10]
    for band, end in zip(bands, ends, strict=True):
        assert any(band.from_price <= price < end for price in stocks), band


def test_references_lie_on_the_tick_and_inside_the_limits() -> None:
    for seed in (1, 2, 3):
        config = preset("quiet", seed=seed, instruments=300)
        for one in make_board(config):
            table = rule_row(one.product, config.day).tick_table(config.day)
            assert is_on_tick(table, one.reference)
            if not one.is_free:
                assert is_on_tick(table, one.limit_up or 0)
                assert is_on_tick(table, one.limit_down or 0)
                assert (one.limit_down or 0) <= one.reference <= (one.limit_up or 0)
            assert one.underlying < one.instrument
            assert len(one.name.encode()) <= 40


def test_code_and_name_follow_the_first_book_of_a_security(played: Played) -> None:
    heads = np.flatnonzero(played.reference["flags"] == 2)
    texts = [text.decode() if kind == Kind.TEXT else "" for kind, text in played.reference.view(TEXT)[["kind", "text"]]]
    assert len(heads) == len(played.day.instruments)
    for at, one in zip(heads, played.day.instruments, strict=True):
        assert (texts[at + 1], texts[at + 2]) == (one.code, one.name)


def test_what_has_no_limits_or_is_new_or_derived_has_the_right_checks(played: Played) -> None:
    books = of_kind(played.reference, Kind.REF_INSTRUMENT)
    regular = {int(book["instrument"]): BookFlag(int(book["rules"])) for book in books if book["attributes"] == 1}
    wanted = {"stock": True, "listing": False, "foreign": True, "call": False, "disposition": False, "bond": False}
    for one in played.day.instruments:
        if one.kind in wanted and one.reference >= 10_000:
            assert bool(regular[one.instrument] & BookFlag.VOLATILITY) is wanted[one.kind], one.kind


def test_the_regular_session_goes_through_the_phases_of_the_timetable() -> None:
    steps = day_steps(small())
    assert steps.dtype == ORDER
    rows = of_kind(steps, Kind.PHASE).view(PHASE)
    found = [
        (clock(int(row["time"])), Phase(int(row["code"])), Mode(int(row["mode"])), int(row["match"]))
        for row in rows
        if row["group"] == Group.REGULAR
    ]
    assert found == [
        ("08:30:00", Phase.PRE_OPEN, Mode.COLLECT, 0),
        ("08:59:00", Phase.PRE_OPEN, Mode.COLLECT, 0),
        ("09:00:00", Phase.CONTINUOUS, Mode.CONTINUOUS, Match.UNCROSS),
        ("13:25:00", Phase.CLOSE_CALL, Mode.COLLECT, 0),
        ("13:29:00", Phase.CLOSE_CALL, Mode.COLLECT, 0),
        ("13:30:00", Phase.POST_CLOSE, Mode.SHUT, Match.UNCROSS),
        ("13:33:00", Phase.ENDED, Mode.SHUT, 0),
    ]
    opening = next(row for row in rows if row["group"] == Group.REGULAR and row["code"] == Phase.CONTINUOUS)
    assert opening["actions"] == Action.FIRST_MATCH | Action.CHECK_PRICES | Action.CHECK_CANCELS
    assert opening["postpone_ns"] == 120 * 10**9


def test_odd_lots_match_first_at_ten_past_nine_and_then_every_five_seconds() -> None:
    rows = of_kind(day_steps(small()), Kind.PHASE).view(PHASE)
    odd = rows[(rows["group"] == Group.ODD_LOT) & (rows["match"] == Match.UNCROSS)]
    assert clock(int(odd["time"][0])) == "09:10:00"
    assert set(np.diff(odd["time"]).tolist()) == {5 * 10**9}
    assert odd["actions"][0] == Action.FIRST_MATCH
    assert (odd["actions"][1:-1] == Action.CHECK_LAST).all()


def test_no_simulated_prices_where_none_are_wanted() -> None:
    assert not len(of_kind(day_steps(small(indicate_s=0)), Kind.INDICATE))


@pytest.mark.parametrize(
    ("field", "value"),
    [("members", 0), ("members", 901), ("instruments", 39), ("orders", -1), ("seed", -1), ("trading_day", 20_210_719)],
)
def test_a_configuration_that_makes_no_sense_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=field):
        preset("normal", **{field: value})

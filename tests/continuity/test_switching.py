"""What refuses a switch before anything is changed (rule 6, R27, R33)."""

import pytest

from evermarket.continuity.venue.switching import refusal
from evermarket.venue.protocol.seat import Seat, SeatAnswer

TWIN = {"position": 100, "clean": True, "spoiled_by": None}


def seat(owner: str = "P", in_step: tuple[str, ...] = ("P", "T")) -> SeatAnswer:
    return SeatAnswer(3, Seat(1, owner, in_step, "twin", "admit T", "P", 1), False)


def test_a_twin_in_step_and_clean_may_take_over() -> None:
    assert refusal(seat(), TWIN, 100) is None


@pytest.mark.parametrize(
    ("answer", "twin", "released", "said"),
    [
        (SeatAnswer(0, None, False), TWIN, 0, "the seat is empty"),
        (seat(owner="T", in_step=("T",)), TWIN, 0, "no return that day"),
        (seat(in_step=("P",)), TWIN, 0, "not in step"),
        (seat(), TWIN | {"clean": False, "spoiled_by": "wrong_field"}, 0, "found a difference: wrong_field"),
        (seat(), TWIN, 101, "positions up to 100, 101 were released"),
    ],
)
def test_each_refusal_says_why(answer: SeatAnswer, twin: dict[str, object], released: int, said: str) -> None:
    assert said in (refusal(answer, twin, released) or "")

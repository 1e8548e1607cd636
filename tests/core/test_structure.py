"""The state keeps its promises after every command: sums, ladders, queues, slots, digest; quantities are conserved."""

from collections import defaultdict
from typing import Any

import pytest

from evermarket.core import Core
from evermarket.records import Kind
from tests.core.structure import check_structure
from tests.models.day import batches
from tests.models.generate import session
from tests.models.ladder import told
from tests.models.words import decode, join, split

SEEDS = range(100, 106)


def account(out: list[bytes], entered: dict[int, int], gone: dict[int, int]) -> None:
    """Add what one command's records say about quantities: entered with an order, and gone from it."""
    for raw in out:
        word = decode(raw)
        if word.kind == Kind.ACCEPTED:
            entered[word.order_no] += word.qty
        elif word.kind in (Kind.REDUCED, Kind.CANCELLED):
            gone[word.order_no] += word.qty
        elif word.kind == Kind.TRADED:
            gone[word.buy_no] += word.qty
            gone[word.sell_no] += word.qty


@pytest.mark.parametrize("seed", SEEDS)
def test_the_state_is_sound_after_each_command(seed: int) -> None:
    core = Core()
    entered: dict[int, int] = defaultdict(int)
    gone: dict[int, int] = defaultdict(int)
    for index, batch in enumerate(batches(split(session(seed, 200)))):
        account(split(core.run(join(batch))), entered, gone)
        live: Any = core._state.orders[core._state.slots[list(entered)]] if entered else []
        left = {number: int(row["left"]) for number, row in zip(entered, live, strict=True)}
        try:
            check_structure(core)
            assert left == {number: qty - gone[number] for number, qty in entered.items()}, "a quantity got lost"
        except AssertionError as error:
            error.add_note(f"seed {seed}, command {index}: {told(batch[0])}")
            raise


def test_a_broken_link_a_wrong_sum_and_a_lost_row_are_seen() -> None:
    for array, field in (("orders", "prev"), ("orders", "left"), ("levels", "qty"), ("levels", "tail")):
        core = Core()
        core.run(session(100, 200))
        state = core._state
        side = next(s for s in range(2, 2 * int(state.core[0]["books"]) + 2) if state.sides[s]["live"])
        best = int(state.sides[side]["best_page"]) * 64 + (int(state.sides[side]["best_key"]) & 63)
        row = best if array == "levels" else int(state.levels[best]["head"])
        getattr(state, array)[field][row] += 1
        with pytest.raises(AssertionError):
            check_structure(core)


def test_a_wrong_bit_a_wrong_best_and_a_wrong_digest_are_seen() -> None:
    for array, field in (("pages", "bits"), ("sides", "best_key"), ("core", "digest"), ("core", "live")):
        core = Core()
        core.run(session(100, 200))
        state = core._state
        side = next(s for s in range(2, 2 * int(state.core[0]["books"]) + 2) if state.sides[s]["live"])
        row = {"pages": int(state.sides[side]["best_page"]), "sides": side, "core": 0}[array]
        getattr(state, array)[field][row] ^= 1 << 40 if field in ("bits", "digest") else 1
        with pytest.raises(AssertionError):
            check_structure(core)

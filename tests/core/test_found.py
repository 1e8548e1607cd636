"""Commands that a core once answered wrongly: each stays here, told as it was found.

The answers come from the model.
"""

from collections.abc import Callable

import pytest

from evermarket.records.kinds import Action, BookFlag
from tests.core.test_against_model import compare
from tests.models.builder import Builder, market


def halt_names_a_group() -> Builder:
    """HALT and RESUME do not look at `group` (clarified)."""
    day = market()
    day.halt(1, group=1)
    day.resume(1, group=7)
    return day


def the_average_is_too_large_for_a_word() -> Builder:
    """Rule 3 of the band (6.1): sum(price x qty) is exact, also where four trades exceed 2^63."""
    day = market("whole", rules=BookFlag.VOLATILITY, reference="1000000")
    day.phase("CONTINUOUS", actions=Action.FIRST_MATCH)
    day.wait(1_000)
    for _ in range(5):
        day.sell(1, "1000000", 268_435_000)
        day.buy(1, "1000000", 268_435_000)
    return day


def ids_beyond_the_signed_range() -> Builder:
    """A refused duplicate shows the 64 bits of both ids (clarified)."""
    day = market()
    day.phase("CONTINUOUS")
    day.buy(1, "100", 1_000, cl_ord_id=2**64 - 1)
    day.buy(1, "100", 1_000, cl_ord_id=2**63 + 5)
    return day


def a_due_time_beyond_the_range() -> Builder:
    """Times that do not fit are the sum's 64 bits, in the event and for the timer (clarified)."""
    day = market(rules=BookFlag.PERIODIC_CHECK)
    day.phase("PERIODIC_CALL", match=1)
    day.buy(1, "100", 1_000)
    day.sell(1, "100", 1_000)
    day.phase("PERIODIC_CALL", match=1)
    day.buy(1, "105", 1_000)
    day.sell(1, "105", 1_000)
    day.phase("PERIODIC_CALL", match=1, actions=Action.CHECK_LAST, postpone_ns=2**63 - 1)
    return day


STORIES = [
    a_due_time_beyond_the_range,
    ids_beyond_the_signed_range,
    halt_names_a_group,
    the_average_is_too_large_for_a_word,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_was_found_stays_mended(story: Callable[[], Builder]) -> None:
    compare(story().records(), story.__name__)

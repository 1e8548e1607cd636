"""The scenarios of another order book, played to the model's end, through the real core: the same bytes."""

import pytest

from tests.core.test_against_model import compare
from tests.models.test_order_book_vectors import Play, Scenario, scenarios


@pytest.mark.parametrize("scenario", scenarios())
def test_the_core_plays_the_other_books_scenario_as_the_model_does(scenario: Scenario) -> None:
    play = Play(scenario)
    for step in scenario["steps"]:
        getattr(play, step["do"])(step)
    compare(play.day.records(), scenario["name"])

"""Scenarios of another order book's unit tests, as data: fills, costs, depth and order counts must agree.

The data are not part of the repository: EVERMARKET_SHARED names the folder they lie under (else ../shared). Their
prices are plain numbers, taken here as currency units; they know no reference price, and our book has none either.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evermarket.records import NO_PRICE, PRICE_SCALE, Kind
from evermarket.records.kinds import Side, Tif
from tests.models.builder import Builder
from tests.models.day import Day

SHARED = Path(os.environ.get("EVERMARKET_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "data" / "order_book_vectors" / "scenarios.json"
SIDES = {"buy": Side.BUY, "sell": Side.SELL}

Scenario = dict[str, Any]
Levels = list[list[int]]


def scenarios() -> list[Any]:
    if not FILE.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"no shared data at {FILE}"))]
    return [pytest.param(scenario, id=scenario["name"]) for scenario in json.loads(FILE.read_text("utf-8"))]


class Play:
    """One scenario on an empty book in continuous trading."""

    def __init__(self, scenario: Scenario) -> None:
        self.orders = {order["id"]: order for order in scenario["orders"]}
        self.numbers: dict[str, int] = {}
        self.day = Builder()
        self.day.tick_table(1, "unit")
        self.day.line(1, member=1)
        self.day.book(1, lot=1)
        self.day.phase("CONTINUOUS")
        self.run = Day(self.day)

    @staticmethod
    def price(order: Scenario) -> int | None:
        return None if order["price"] == "market" else order["price"] * PRICE_SCALE

    def add(self, step: Scenario) -> None:
        order = self.orders[step["order"]]
        tif = Tif[step.get("tif", "ROD")]
        self.numbers[step["order"]] = self.day.order(SIDES[order["side"]], 1, self.price(order), order["qty"], tif=tif)
        self.run.go(self.day)
        self.expect_fills(step)
        mine = self.run.model.market.orders[self.numbers[step["order"]]]
        assert (mine.cum > 0) == step["matched"]
        assert (mine.cum == order["qty"]) == step["complete"]

    def expect_fills(self, step: Scenario) -> None:
        """Quantity and cost of every order that traded in this step."""
        names = {number: name for name, number in self.numbers.items()}
        filled: Counter[str] = Counter()
        cost: Counter[str] = Counter()
        for trade in self.run.told(Kind.TRADED):
            for number in (trade.buy_no, trade.sell_no):
                filled[names[number]] += trade.qty
                cost[names[number]] += trade.qty * trade.price // PRICE_SCALE
        expected = {fill["order"]: (fill["filled"], fill["cost"]) for fill in step["fills"] if fill["filled"]}
        assert {name: (filled[name], cost[name]) for name in filled} == expected, self.run.read()

    def cancel(self, step: Scenario) -> None:
        self.day.cancel(self.numbers[step["order"]])
        self.run.go(self.day)
        self.expect_fills(step)
        assert bool(self.run.told(Kind.CANCELLED)) == (step["state"] == "cancelled"), self.run.read()

    def expect_depth(self, step: Scenario) -> None:
        bids, asks = self.run.model.depth(1, 1, 99)
        for name, levels in (("bid", bids), ("ask", asks)):
            shown = [[price // PRICE_SCALE, count, qty] for price, qty, count in levels if price != NO_PRICE]
            self.compare(shown, step[name])

    @staticmethod
    def compare(shown: Levels, expected: Levels) -> None:
        """[0, 0, 0] ends what is expected; without it only the levels given are looked at."""
        if [0, 0, 0] in expected:
            expected = expected[: expected.index([0, 0, 0])]
            assert shown == expected
        else:
            assert shown[: len(expected)] == expected

    def expect_bid_orders(self, step: Scenario) -> None:
        assert len(self.run.model.market.books[1, 1].queue(Side.BUY)) == step["n"]

    def expect_ask_orders(self, step: Scenario) -> None:
        assert len(self.run.model.market.books[1, 1].queue(Side.SELL)) == step["n"]


@pytest.mark.parametrize("scenario", scenarios())
def test_the_scenario_gives_the_fills_the_other_book_gives(scenario: Scenario) -> None:
    play = Play(scenario)
    for step in scenario["steps"]:
        getattr(play, step["do"])(step)


@pytest.mark.parametrize("scenario", [s for s in scenarios() if s.id == "TestBidsMultimapSortCorrect"])
def test_a_scenario_without_steps_tells_the_order_of_the_side(scenario: Scenario) -> None:
    """Its orders are added as listed: the market order stands first, then the dearest buy."""
    play = Play(scenario)
    for order in scenario["orders"]:
        play.day.order(SIDES[order["side"]], 1, play.price(order), order["qty"])
    play.run.go(play.day)
    prices = [order.price for order in play.run.model.market.books[1, 1].queue(Side.BUY)]
    assert prices == [NO_PRICE, *(price * PRICE_SCALE for price in (1255, 1250, 1245, 1240))]

"""What the stream looks like as a whole, against the calibration it is made from. Counts with wide bounds."""

import numpy as np

from evermarket.records import Kind, of_kind
from evermarket.records.kinds import Product, Segment, Side
from evermarket.records.units import SECOND_NS
from evermarket.sim.calibration import calibration
from tests.sim.conftest import Played


def test_all_products_and_segments_are_on_the_board(played: Played) -> None:
    books = of_kind(played.reference, Kind.REF_INSTRUMENT)
    assert set(books["product"].tolist()) == {
        Product.STOCK,
        Product.PREFERRED,
        Product.TDR,
        Product.ETF,
        Product.ETN,
        Product.REIT,
        Product.WARRANT_CALL,
        Product.WARRANT_PUT,
        Product.CONVERTIBLE,
        Product.CORPORATE_BOND,
    }
    assert set((books["attributes"] & 15).tolist()) == set(Segment)


def test_all_member_commands_occur(played: Played) -> None:
    kinds = set(played.commands["kind"].tolist())
    wanted = {Kind.NEW, Kind.REDUCE, Kind.REPRICE, Kind.CANCEL, Kind.QUOTE, Kind.QUOTE_REQUEST}
    assert wanted | {Kind.PHASE, Kind.INDICATE, Kind.DRAW} <= kinds


def test_arrivals_follow_the_day(played: Played) -> None:
    hours, real = played.day.hours, calibration()
    orders = of_kind(played.commands, Kind.NEW)
    orders = orders[orders["attributes"] & 15 == Segment.REGULAR]
    slots = (orders["time"] - hours.start_ns) // SECOND_NS
    opening = int((slots < hours.open).sum()) * 1000 // len(slots)
    first = int(((slots >= hours.open) & (slots < hours.open + 1_800)).sum())
    noon = int(((slots >= hours.open + 7_200) & (slots < hours.open + 9_000)).sum())
    assert real.opening_permille - 5 <= opening <= real.opening_permille + 5
    assert first > 2 * noon


def test_sizes_are_those_of_the_calibration(played: Played) -> None:
    lots = {one.instrument: one.lot for one in played.day.instruments}
    prices = {one.instrument: one.reference for one in played.day.instruments}
    orders = of_kind(played.commands, Kind.NEW)
    regular = orders[orders["attributes"] & 15 == Segment.REGULAR]
    sizes = [
        int(order["qty"]) // lots[int(order["instrument"])]
        for order in regular
        if int(order["instrument"]) in lots and 120_000 <= prices[int(order["instrument"])] < 1_500_000
    ]
    real = calibration().lots_middle
    for part in (50, 75, 90):
        assert abs(np.percentile(sizes, part) - np.percentile(real, part)) <= 2
    assert max(sizes) <= 500


def test_half_of_the_orders_buy(played: Played) -> None:
    buys = int((of_kind(played.commands, Kind.NEW)["side"] == Side.BUY).sum())
    assert 470 <= buys * 1000 // played.day.config.orders <= 530


def test_about_as_many_orders_are_withdrawn_as_the_calibration_says(played: Played) -> None:
    real = calibration()
    passive = 1000 - real.coarse.marketable_permille
    expected = real.cancelled_permille * passive // 1000  # less those at the end of the day and those known to trade
    changes = np.isin(played.commands["kind"], (Kind.CANCEL, Kind.REDUCE, Kind.REPRICE)).sum()
    share = int(changes) * 1000 // played.day.config.orders
    assert expected * 7 // 10 <= share <= expected * 15 // 10


def share_of_top_tenth(keys: list[int]) -> int:
    """Percent of all that the most frequent tenth of the keys makes."""
    counts = np.sort(np.unique(keys, return_counts=True)[1])[::-1]
    return int(counts[: max(1, len(counts) // 10)].sum()) * 100 // len(keys)


def test_a_few_securities_and_members_make_most_of_the_flow(played: Played) -> None:
    orders = of_kind(played.commands, Kind.NEW)
    member = {line.line: line.member for line in played.day.lines}
    assert share_of_top_tenth(orders["instrument"].tolist()) > 35
    assert share_of_top_tenth([member[line] for line in orders["line"].tolist()]) > 22


def test_every_quoted_security_is_quoted(played: Played) -> None:
    quoted = {one.instrument for one in played.day.instruments if one.provider}
    seen = set(of_kind(played.commands, Kind.QUOTE)["instrument"].tolist())
    assert quoted == seen

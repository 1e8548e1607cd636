"""Walks the arrays of a core and holds them against what they promise: queues, levels, ladders, slots, free rows.

The invariants are those named at the top of the kernel files; docs/format.md knows nothing of them. Whatever is derived
in the state (sums, bits, best levels, the digest) is derived here again, by the slowest way.
"""

from collections.abc import Iterator
from typing import Any

from evermarket.core import Core
from evermarket.core.state import State
from evermarket.core.words import NO_KEY
from evermarket.records import NO_PRICE, mixer
from evermarket.records.kinds import Mode, Segment


def check_structure(core: Core) -> None:
    """Raise AssertionError with what is broken; the state is not changed."""
    state = core._state
    standing: set[int] = set()
    for book in range(1, int(state.core[0]["books"]) + 1):
        for side in (2 * book, 2 * book + 1):
            found = check_side(state, side)
            assert not standing & found, f"rows {standing & found} stand twice"
            standing |= found
        check_not_crossed(state, book)
    check_rows(state, standing)
    assert core.digest == recomputed_digest(state, standing), "the digest is not the sum of its terms"


def check_side(state: State, side: int) -> set[int]:
    """One side of a book: ladder, levels, queues. The rows of its orders."""
    book = state.books[side >> 1]
    where = f"book {book['instrument']}/{book['segment']} side {side & 1}"
    levels = list(occupied(state, int(state.sides[side]["root"]), int(book["height"]), where))
    keys = [int(state.levels[level]["key"]) for level in levels]
    assert keys == sorted(set(keys)), f"{where}: levels out of order: {keys}"
    best = keys[0] if keys else NO_KEY
    assert int(state.sides[side]["best_key"]) == best, f"{where}: best key {state.sides[side]['best_key']}, not {best}"
    page = levels[0] >> 6 if levels else 0
    assert int(state.sides[side]["best_page"]) == page, f"{where}: best page"
    found: set[int] = set()
    for level in levels:
        found |= check_level(state, side, level, where)
    assert int(state.sides[side]["live"]) == len(found), f"{where}: live {state.sides[side]['live']}, not {len(found)}"
    return found


def occupied(state: State, root: int, height: int, where: str) -> Iterator[int]:
    """Rows of the levels that hold orders, best first; on the way, bits are set exactly where something stands."""
    if root == 0:
        return
    if height > 0:
        bits = int(state.nodes[root]["bits"])
        for place in range(64):
            below = int(state.child[root * 64 + place])
            if not below:
                assert not bits >> place & 1, f"{where}: node {root} has a bit for child {place} that does not exist"
                continue
            own = state.pages[below] if height == 1 else state.nodes[below]
            assert int(own["parent"]) == root, f"{where}: child {place} of node {root} has another parent"
            assert (int(own["base"]) & 63 if height == 1 else int(own["place"])) == place
            inside = list(occupied(state, below, height - 1, where))
            assert bool(inside) == bool(bits >> place & 1), f"{where}: node {root} bit {place} is wrong"
            yield from inside
        return
    bits, base = int(state.pages[root]["bits"]), int(state.pages[root]["base"])
    for place in range(64):
        row = state.levels[root * 64 + place]
        assert bool(bits >> place & 1) == bool(row["head"]), f"{where}: page {root} bit {place} is wrong"
        if row["head"]:
            assert int(row["key"]) == base * 64 + place, f"{where}: a level has the key of another"
            yield root * 64 + place


def check_level(state: State, side: int, level: int, where: str) -> set[int]:
    """One queue: linked both ways, in priority order, summed up in its level."""
    row = state.levels[level]
    assert (int(row["price"]) == NO_PRICE) == (int(row["key"]) == 0), f"{where}: key 0 is for orders without a price"
    slots: list[int] = []
    before = qty = 0
    slot = int(row["head"])
    while slot:
        order = state.orders[slot]
        assert len(slots) <= int(row["count"]), f"{where}: a queue longer than its count"
        assert int(order["prev"]) == before, f"{where}: row {slot} is linked one way only"
        assert int(order["left"]) > 0, f"{where}: row {slot} stands with nothing left"
        assert int(order["level"]) == level, f"{where}: row {slot} names another level"
        assert int(order["place"]) == side, f"{where}: row {slot} names another side"
        slots.append(slot)
        qty += int(order["left"])
        before, slot = slot, int(order["next"])
    assert int(row["tail"]) == before, f"{where}: the tail is not the last"
    assert (int(row["qty"]), int(row["count"])) == (qty, len(slots)), f"{where}: level sums differ from its queue"
    priorities = [int(state.orders[slot]["priority"]) for slot in slots]
    assert priorities == sorted(set(priorities)), f"{where}: not in priority order"
    return set(slots)


def check_not_crossed(state: State, number: int) -> None:
    """In continuous trading the best limit buy is below the best limit sell."""
    book = state.books[number]
    if int(book["mode"]) != Mode.CONTINUOUS or int(book["segment"]) == Segment.FIXED_PRICE:
        return
    best: list[int] = []
    for side in (0, 1):
        root = int(state.sides[2 * number + side]["root"])
        prices = [int(state.levels[at]["price"]) for at in occupied(state, root, int(book["height"]), "crossed?")]
        best += [price for price in prices if price != NO_PRICE][:1]
    assert len(best) < 2 or best[0] < best[1], f"book {book['instrument']} is crossed: {best}"


def check_rows(state: State, standing: set[int]) -> None:
    """Rows are standing or free, never both; slots and live rows are one to one."""
    core = state.core[0]
    free, row = set(), int(core["free_order"])
    while row:
        assert row not in free, f"row {row} is free twice"
        free.add(row)
        row = int(state.orders[row]["next"])
    assert not free & standing, f"rows {free & standing} are free and stand"
    assert free | standing == set(range(1, int(core["top_order"]) + 1)), "a row is neither free nor standing"
    assert int(core["live"]) == len(standing), f"live {core['live']}, not {len(standing)}"
    slots = state.slots[: int(core["order_no"]) + 1]
    named = {number: int(slots[number]) for number in slots.nonzero()[0].tolist()}
    assert named == {int(state.orders[row]["order_no"]): row for row in standing}, "slots and live rows differ"


def recomputed_digest(state: State, standing: set[int]) -> int:
    """The digest by its definition (docs/format.md, section 7)."""
    books = (book_term(state.books[book]) for book in range(1, int(state.core[0]["books"]) + 1))
    return (sum(books) + sum(order_term(state, row) for row in standing)) & mixer.MASK


def book_term(book: Any) -> int:
    names = ("instrument", "segment", "phase", "reference", "last", "volume")
    return mixer.book_term(**{name: int(book[name]) for name in names})


def order_term(state: State, row: int) -> int:
    order = state.orders[row]
    book = state.books[int(order["place"]) >> 1]
    return mixer.order_term(
        order_no=int(order["order_no"]),
        instrument=int(book["instrument"]),
        segment=int(book["segment"]),
        side=(int(order["place"]) & 1) + 1,
        price=int(state.levels[int(order["level"])]["price"]),
        leaves=int(order["left"]),
        priority=int(order["priority"]),
    )

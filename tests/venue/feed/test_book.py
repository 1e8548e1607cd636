"""The fold against the core that wrote the stream, and against itself on other cuts of the same stream."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.core import Core
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.feed import ORDERS_OF
from evermarket.records.kinds import FIRST_EVENT, Mode, Segment
from evermarket.venue.feed.book import BrokenStreamError, FeedFold, Told
from evermarket.venue.feed.views import Market
from tests.models.words import join, split
from tests.vectors.reader import read
from tests.venue.feed.streams import SEEDS, blocks, copied, whole

SCENARIOS = Path(__file__).parents[2] / "vectors" / "scenarios"


def seats(fold: FeedFold) -> list[tuple[int, int, int]]:
    """(row, instrument, segment) of every book."""
    rows = fold.state.books[1 : fold.books + 1]
    return [(n, int(b["instrument"]), int(b["segment"])) for n, b in enumerate(rows, 1)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_equal_the_cores_after_every_block(seed: int) -> None:
    core, fold = Core(), FeedFold()
    for block in blocks(core, seed):
        fold.take(block)
        for _, instrument, segment in seats(fold):
            where = f"seed {seed}, position {core.position}, instrument {instrument}, segment {segment}"
            assert fold.depth(instrument, segment, 40) == tuple(core.depth(instrument, segment, 40)), where
        assert fold.live == core.live
        assert fold.position == core.position


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_told_by_level_is_what_the_core_discloses(seed: int) -> None:
    core, fold = Core(), FeedFold()
    for block in blocks(core, seed):
        fold.take(block)
        looked = int(block["kind"][-1]) == Kind.INDICATIVE
        for row, instrument, segment in seats(fold):
            levels = int(fold.state.books[row]["shows_levels"])
            collects = int(fold.state.books[row]["mode"]) == Mode.COLLECT
            if collects and not (looked and of_indicate(block, fold, row)):
                continue
            view = core.unfilled if collects else core.depth
            want = view(instrument, segment, levels) if levels else ([], [])
            where = f"seed {seed}, position {core.position}, instrument {instrument}, segment {segment}"
            assert [prices(side) for side in fold.told(instrument, segment)] == [prices(side) for side in want], where


def of_indicate(block: Records, fold: FeedFold, row: int) -> bool:
    """Whether the block's INDICATE looks at the book."""
    command = block.view("V64")[block["kind"] < FIRST_EVENT].view(LAYOUT[Kind.PHASE])
    b = fold.state.books[row]
    if int(command["group"][0]):
        return bool(command["group"][0] == b["group"])
    segment = int(command["attributes"][0]) & 15
    return bool(command["instrument"][0] == b["instrument"] and segment in (0, int(b["segment"])))


def prices(side: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [(price, qty) for price, qty, _ in side]


def digest(parts: list[Told]) -> tuple[str, str]:
    orders = b"".join(part.by_order.tobytes() for part in parts)
    levels = b"".join(part.by_level.tobytes() for part in parts)
    return hashlib.sha256(orders).hexdigest(), hashlib.sha256(levels).hexdigest()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_records_do_not_depend_on_how_the_stream_is_cut(seed: int) -> None:
    one = FeedFold()
    by_command = digest([one.take(block) for block in whole(seed)])
    for size in (7, 10**6):
        other = FeedFold()
        assert digest([other.take(block) for block in whole(seed, size=size)]) == by_command
        assert other.sequences == one.sequences


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.data())
def test_any_cut_between_commands_gives_the_same_records(seed: int, data: st.DataObject) -> None:
    stream = np.concatenate([block.view("V64") for block in whole(seed, 60)])
    heads = np.flatnonzero(is_head(copied(stream)))
    cuts = sorted(data.draw(st.sets(st.sampled_from(heads.tolist()), max_size=8)) | {0, len(stream)})
    one, other = FeedFold(), FeedFold()
    pieces = [copied(stream[at:end]) for at, end in pairwise(cuts)]
    assert digest([other.take(piece) for piece in pieces]) == digest([one.take(copied(stream))])


def is_head(stream: Records) -> np.ndarray:
    return (stream["kind"] < FIRST_EVENT) & (stream["kind"] != Kind.TEXT)


@pytest.mark.parametrize("seed", SEEDS)
def test_sequences_run_from_one_without_a_gap(seed: int) -> None:
    fold = FeedFold()
    told = [fold.take(block) for block in whole(seed)]
    for channel in (0, 1):
        numbers = np.concatenate([part[channel]["position"] for part in told])
        assert numbers.tolist() == list(range(1, fold.sequences[channel] + 1))


def test_a_gap_in_the_stream_is_refused_and_stays_refused() -> None:
    stream = whole(SEEDS[0], 20)
    fold = FeedFold()
    fold.take(stream[0])
    for part in (stream[2], stream[1]):
        with pytest.raises(BrokenStreamError, match="follows"):
            fold.take(part)


def test_an_event_of_an_unknown_book_is_refused() -> None:
    stream = next(block for block in whole(SEEDS[0]) if Kind.ACCEPTED in block["kind"].tolist()).copy()
    rows = [bytearray(raw) for raw in split(stream)]
    for number, row in enumerate(rows, 1):
        row[0:8] = number.to_bytes(8, "little")
    with pytest.raises(BrokenStreamError, match="has no book"):
        FeedFold().take(join([bytes(row) for row in rows]))


def test_segments_show_what_their_rules_let_them() -> None:
    for seed in SEEDS:
        fold = FeedFold()
        for block in whole(seed):
            told = fold.take(block)
            hidden = np.isin(
                told.by_order["attributes"], (Segment.ODD_LOT_AFTER, Segment.FIXED_PRICE, Segment.BLOCK_PAIRED)
            )
            assert not np.any(hidden & (told.by_order["kind"] >= 144))
            closed = np.isin(told.by_level["attributes"], (Segment.FIXED_PRICE, Segment.BLOCK_PAIRED))
            assert not np.any(closed & (told.by_level["kind"] == 148))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_scenario_of_the_vectors_gives_the_cores_books(path: Path) -> None:
    core, fold, market = Core(), FeedFold(), Market()
    for number, step in enumerate(read(path.read_text("utf-8"))):
        if step.first:
            core, fold, market = Core(), FeedFold(), Market()
        market.apply(fold.take(copied(core.run(join(step.commands)))).by_order)
        for _, instrument, segment in seats(fold):
            want = tuple(core.depth(instrument, segment, 40))
            assert fold.depth(instrument, segment, 40) == want, f"{path.stem}, step {number}"
            if segment in ORDERS_OF:
                assert market.book(instrument, segment).depth(40) == want, f"{path.stem}, step {number}"

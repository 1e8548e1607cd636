"""Refusing a command unworked: of every kind, anywhere in a session, it uses up what a refusal uses up and no more."""

import pytest

from evermarket.records import LAYOUT, Code, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.venue.primary.market import Market
from tests.models.day import batches
from tests.models.generate import session
from tests.models.words import join, split

pytestmark = pytest.mark.usefixtures("kernels")
SESSIONS = range(6)
EVERY = 7


def runs(seed: int) -> list[Records]:
    """A session of all kinds, run by run."""
    return [join(run) for run in batches(split(session(seed, 250)))]


def last_ids(market: Market) -> bytes:
    """What the core keeps of its lines."""
    return market.core.save()["lines"].tobytes()


@pytest.mark.parametrize("seed", SESSIONS)
def test_a_refused_run_leaves_no_trace_but_its_number_and_id(seed: int) -> None:
    market, guarded = Market(), set[int]()
    for number, run in enumerate(runs(seed)):
        if number % EVERY:
            market.match(run)
            continue
        digest, live, position = market.core.digest, market.core.live, market.core.position
        told, after = market.refuse(run)
        assert (after, market.core.live) == (digest, live)
        assert told["position"].tolist() == list(range(position + 1, position + len(told) + 1))
        assert told[:-1].tobytes()[8:64] == run.tobytes()[8:64]
        assert told["kind"][-1] == Kind.REJECTED
        assert told["code"][-1] in (Code.UNKNOWN_KIND, Code.BROKEN_RUN, Code.GUARDED)
        if told["code"][-1] == Code.GUARDED:
            rejected = told[-1:].view(LAYOUT[Kind.REJECTED])
            assert rejected["value"][0] == rejected["command"][0] == run["kind"][0]
            guarded.add(int(run["kind"][0]))
    assert len(guarded) > 3


@pytest.mark.parametrize("seed", SESSIONS)
def test_a_replay_takes_refusals_over(seed: int) -> None:
    market, blocks = Market(), []
    for number, run in enumerate(runs(seed)):
        told, _ = market.match(run) if number % EVERY else market.refuse(run)
        blocks.append(told)
    again = Market()
    again.replay(
        [join([row for block in blocks[at : at + 9] for row in split(block)]) for at in range(0, len(blocks), 9)]
    )
    assert (again.core.digest, again.core.position) == (market.core.digest, market.core.position)
    assert last_ids(again) == last_ids(market)
    assert any(block["code"][-1] == Code.GUARDED for block in blocks)


def test_every_kind_can_be_refused() -> None:
    market, seen = Market(), set[int]()
    for seed in range(40):
        market = Market()
        for run in runs(seed):
            kind = int(run["kind"][0])
            if kind < FIRST_EVENT and kind not in seen and market.core.position:
                digest = market.core.digest
                told, after = market.refuse(run)
                assert after == digest, Kind(kind)
                seen |= {kind} if told["code"][-1] == Code.GUARDED else set()
            else:
                market.match(run)
    assert seen >= {kind for kind in Kind if kind < FIRST_EVENT} - {Kind.TEXT}

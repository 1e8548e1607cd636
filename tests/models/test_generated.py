"""Generated sessions keep the market's invariants, command by command, and reach what they aim at."""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from evermarket.records import Records
from evermarket.records.kinds import Kind
from tests.models.day import batches
from tests.models.generate import session, sessions
from tests.models.ladder import told
from tests.models.market import Model
from tests.models.words import decode, join, split

SEEDS = range(int(os.environ.get("EVERMARKET_SEEDS", "4")))


def run_checked(commands: Records) -> list[bytes]:
    """All records out, invariants checked after each command."""
    model, out = Model(), []
    for batch in batches(split(commands)):
        rows = split(model.run(join(batch)))
        try:
            model.check_invariants()
        except AssertionError as error:
            error.add_note("\n".join(told(raw) for raw in rows))
            raise
        out += rows
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_keeps_the_invariants_after_each_command(seed: int) -> None:
    out = run_checked(session(seed, 300))
    positions = [int.from_bytes(raw[:8], "little") for raw in out]
    assert positions == list(range(1, len(out) + 1))
    trades = [decode(raw).trade_no for raw in out if raw[16] in (Kind.TRADED, Kind.OFF_BOOK_TRADED)]
    assert trades == list(range(1, len(trades) + 1)), "trade numbers are dense"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(sessions())
def test_drawn_sessions_keep_the_invariants(commands: Records) -> None:
    run_checked(commands)


def test_a_seed_gives_the_same_session_again() -> None:
    assert split(session(3, 50)) == split(session(3, 50))
    assert split(session(3, 50)) != split(session(4, 50))


def test_the_batch_makes_no_difference() -> None:
    commands = session(5, 200)
    apart, at_once = Model(), Model()
    one_by_one = [raw for batch in batches(split(commands)) for raw in split(apart.run(join(batch)))]
    assert split(at_once.run(commands)) == one_by_one
    assert at_once.digest == apart.digest

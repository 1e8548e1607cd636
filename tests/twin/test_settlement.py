"""The twin's settlement equals its recomputation to the cent: at replay, while following, after a promotion.

The recomputation (settlement_check.py) is written from docs/settlement-stream.md and reads the journal's own bytes.
"""

import hashlib
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evermarket.day.cores import open_core
from evermarket.day.opening import open_source
from evermarket.day.whole import Wishes, hold_day
from evermarket.journal import Journal, JournalWriter
from evermarket.records import LAYOUT, RECORD_BYTES, Kind, Records, blank
from evermarket.records.kinds import Category, Product, Segment
from evermarket.records.raw import duplicate
from evermarket.twin import find_binary
from tests.twin.drills import DAY, Owner, hold, written
from tests.twin.followers import Follower, wait_for
from tests.twin.settlement_check import settle

SEEDS: Final = range(25)
BIG_ORDERS: Final = 250_000
OFF_BOOK: Final = 2_500
"""Trades without orders, and a fifth of them voided trades, behind each of the big day's blocks."""


def stream_of(journal: Path) -> bytes:
    return b"".join(part.tobytes() for part in Journal.open(journal).records())


def replayed(journal: Path, out: Path) -> dict[str, Any]:
    """The files of `replay --settlement`; they are what the check says. Returns the totals."""
    words: list[str | Path] = ["replay", journal, "--settlement", out]
    done = subprocess.run([find_binary(), *words], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done
    return agreed(out, stream_of(journal))


def agreed(out: Path, stream: bytes) -> dict[str, Any]:
    """Both files are those of the check, byte for byte."""
    positions, totals = settle(stream)
    assert (out / "totals.csv").read_bytes() == totals
    assert (out / "positions.csv").read_bytes() == positions
    names, facts = (line.split(",") for line in totals.decode().splitlines())
    assert facts[-1] == hashlib.sha256(positions).hexdigest()
    return dict(zip(names, facts, strict=True))


def test_generated_sessions_settle_to_the_cent(kernels: None, tmp_path: Path) -> None:
    traded = 0
    for seed in SEEDS:
        journal = written(tmp_path / f"{seed}", hold(seed, 300))
        traded += int(replayed(journal, tmp_path / f"out{seed}")["trades"])
    assert traded > 1_000


def at(rows: Records, position: int) -> Records:
    rows["position"] = np.arange(position + 1, position + 1 + len(rows))
    return rows


TRADES = st.lists(
    st.tuples(
        st.integers(1, 10**10) | st.integers(1, 10**6),
        st.integers(1, 2**28 - 1) | st.integers(1, 2_000),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from(list(Product)),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TRADES, st.sets(st.integers(1, 40)))
def test_any_prices_quantities_and_accounts_settle_to_the_cent(
    tmp_path_factory: pytest.TempPathFactory, trades: list[tuple[int, int, int, int, Product, bool]], voids: set[int]
) -> None:
    """Records made up, with no market behind them: what counts is what settlement makes of them."""
    parts = []
    for product in Product:
        definition, answer = blank(Kind.REF_INSTRUMENT), blank(Kind.REFERENCE_SET)
        definition["instrument"], definition["product"] = product, product
        answer["instrument"], answer["code"] = product, Kind.REF_INSTRUMENT
        parts += [definition, answer]
    for number, (price, qty, buyer, seller, product, off_book) in enumerate(trades, 1):
        trade = blank(Kind.OFF_BOOK_TRADED if off_book else Kind.TRADED)
        trade["instrument"], trade["price"], trade["qty"], trade["trade_no"] = product, price, qty, number
        if off_book:
            trade["buy_account"], trade["sell_account"] = buyer, seller
        else:
            for order_no, account in ((2 * number - 1, buyer), (2 * number, seller)):
                order = blank(Kind.ACCEPTED)
                order["order_no"], order["account"] = order_no, account
                category = Category.CASH if account < 3 else Category.MARGIN
                order["attributes"] = Segment.REGULAR | category << 4
                parts.append(order)
            trade["buy_no"], trade["sell_no"] = 2 * number - 1, 2 * number
        parts.append(trade)
    for number in sorted(voids):
        if number <= len(trades):
            void = blank(Kind.TRADE_VOIDED)
            void["trade_no"] = number
            parts.append(void)
    rows = np.concatenate([part.view("V64") for part in parts]).view(LAYOUT[Kind.REFERENCE_SET])
    folder = tmp_path_factory.mktemp("made up")
    with JournalWriter.create(folder / "journal", DAY, segment_bytes=1 << 16, background=False) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        writer.commit(at(rows, 0), 0)
    replayed(folder / "journal", folder / "out")


def more_trades(rng: np.random.Generator, instruments: Records, first_id: int, trades: int) -> Records:
    """Off-book trades of all instruments, and some of all trades so far taken back, by the exchange itself."""
    rows = blank(Kind.OFF_BOOK_TRADE, OFF_BOOK)
    chosen = rng.integers(0, len(instruments), OFF_BOOK)
    rows["instrument"] = instruments["instrument"][chosen]
    rows["attributes"] = instruments["attributes"][chosen] & 15
    rows["price"] = rng.integers(1, 10**8, OFF_BOOK)
    rows["qty"] = rng.integers(1, 10**6, OFF_BOOK)
    rows["buy_account"], rows["sell_account"] = rng.integers(1, 5_000, (2, OFF_BOOK))
    voids = blank(Kind.VOID_TRADE, min(OFF_BOOK // 5, trades))
    voids["trade_no"] = rng.integers(1, trades + 1, len(voids)) if trades else 0
    both = np.concatenate([rows.view("V64"), voids.view("V64")]).view(LAYOUT[Kind.OFF_BOOK_TRADE])
    both["cl_ord_id"] = np.arange(first_id, first_id + len(both))
    return both


def every_product(instruments: Records) -> Records:
    """One instrument more of each product, as the first one is."""
    rows = np.repeat(instruments[:1].view("V64"), len(Product)).view(LAYOUT[Kind.REF_INSTRUMENT])
    rows["instrument"] = 60_000 + np.arange(len(Product))
    rows["product"] = list(Product)
    rows["flags"] = 0
    return rows


def big_day(folder: Path) -> Path:
    """A simulated board, with trades of all products without orders and voids put in behind every block."""
    plain = folder / "plain"
    source = open_source("sim:", {"seed": 5, "orders": BIG_ORDERS, "instruments": 600})
    hold_day(source, open_core("primary"), Wishes(journal=plain, watch_books=False))
    core, rng, first_id, trades = open_core("primary"), np.random.default_rng(1), 1, 0
    defined = Journal.open(plain).array(Kind.REF_INSTRUMENT)
    defined = np.concatenate([defined.view("V64"), every_product(defined).view("V64")]).view(defined.dtype)
    with JournalWriter.create(folder / "big", DAY) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for number, commands in enumerate(Journal.open(plain).commands()):
            more = more_trades(rng, defined, first_id, trades)
            first_id += len(more)
            if number == 3:
                more = np.concatenate([every_product(defined).view("V64"), more.view("V64")]).view(more.dtype)
            more["time"] = commands["time"][-1]
            whole = np.concatenate([commands.view("V64"), more.view("V64")]).view(commands.dtype)
            told = duplicate(core.run(whole))
            trades += int(np.isin(told["kind"], (Kind.TRADED, Kind.OFF_BOOK_TRADED)).sum())
            writer.append(told, int(core.digest))
    return folder / "big"


def test_a_big_day_of_all_products_settles_to_the_cent(kernels: None, tmp_path: Path) -> None:
    journal = big_day(tmp_path)
    facts = replayed(journal, tmp_path / "out")
    assert int(facts["trades"]) + int(facts["voided"]) > 200_000
    assert int(facts["voided"]) > 5_000
    lines = (tmp_path / "out" / "positions.csv").read_text().splitlines()[1:]
    assert {int(line.split(",")[2]) for line in lines} == set(Product)


def test_while_following_it_settles_when_asked_after_a_restart_and_as_the_owner(kernels: None, tmp_path: Path) -> None:
    session, out, own = hold(3, 2_000), tmp_path / "out", tmp_path / "own"
    options = ["--silence-ms", "60000", "--settlement", str(out)]
    with Owner(tmp_path / "owner", session) as owner:
        for blocks in (10, 20, len(session)):
            with Follower(own, "--file", owner.folder, options=options) as follower:
                follower.reached(owner.write(blocks))
                facts = follower.ask("settle")
                assert facts["position"] == owner.position
                assert str(facts["trades"]) == agreed(out, stream_of(own))["trades"]
                assert follower.told == []
        with Follower(own, "--file", owner.folder, options=options) as follower:
            follower.reached(owner.position)
            follower.ask(f"promote 2 7 {owner.position}")
            with follower.door() as door:
                trade = blank(Kind.OFF_BOOK_TRADE)
                known = Journal.open(own).array(Kind.OFF_BOOK_TRADED)[-1:]
                for name in ("instrument", "attributes", "price", "qty", "buy_account", "sell_account"):
                    trade[name] = known[name]
                trade["cl_ord_id"] = 2**62
                stream = door.run(trade.tobytes())
                assert stream[RECORD_BYTES + 16] == Kind.OFF_BOOK_TRADED, stream[RECORD_BYTES:].hex()
                assert door.settle()["position"] == door.position
        agreed(out, stream_of(own))


def test_when_the_day_is_over_the_files_are_there(kernels: None, tmp_path: Path) -> None:
    day = tmp_path / "day"
    source = open_source("sim:", {"seed": 2, "orders": 3_000, "instruments": 60})
    hold_day(source, open_core("primary"), Wishes(journal=day, watch_books=False))
    out = tmp_path / "out"
    options = ["--silence-ms", "60000", "--settlement", str(out)]
    with Follower(tmp_path / "own", "--file", day, options=options):
        wait_for("totals.csv", lambda: (out / "totals.csv").exists() or None)
    assert int(agreed(out, stream_of(day))["trades"]) > 0


def test_a_stream_that_does_not_fit_is_told_and_no_file_is_written(kernels: None, tmp_path: Path) -> None:
    journal, wrong, out = written(tmp_path / "journal", hold(2, 2_000)), tmp_path / "wrong", tmp_path / "out"
    subprocess.run(
        [find_binary(), "plant", journal, wrong, "--fault", "lost_event", "--block", "10"],
        check=True,
        capture_output=True,
    )
    with Follower(tmp_path / "own", "--file", wrong, options=["--settlement", str(out)]) as follower:
        alarm = wait_for("alarm unsettled", lambda: {a["name"]: a for _, a in follower.alarms()}.get("unsettled"))
        assert "comes where" in alarm["what"]
        assert "not settled" in follower.ask("settle")["refused"]
    assert not out.exists()

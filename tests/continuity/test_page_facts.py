"""What the page is told: equal to what the cores say, whoever says it, and a comparison that no moment can fool."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evermarket.continuity.venue.board import READY, STATES, counts, member_lines, ready_lines
from evermarket.continuity.venue.keys import key_at, page_address
from evermarket.continuity.venue.page_facts import Agreement, PageFacts
from evermarket.continuity.venue.page_market import PageMarket
from evermarket.continuity.venue.plan import PORTS, VenuePlan
from evermarket.core import Core
from evermarket.records import Kind, Records
from evermarket.records.layout import BLOCK
from evermarket.records.raw import duplicate
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day import SimulatedDay
from evermarket.venue.clock import Clock
from evermarket.venue.line.reader import Piece, Place
from tests.continuity.looks import NOW_NS, TWIN, a_look, a_step

BOARD = SimulationConfig(seed=5, members=4, orders=1_500, instruments=40, bad_per_million=0, indicate_s=60)
WHY = "<script>alert(1)</script>"


def a_plan(folder: Path) -> VenuePlan:
    return VenuePlan(folder, Clock(0, 0, 60), BOARD, dict.fromkeys(PORTS, 9))


def pieces(core: Core) -> Iterator[Piece]:
    """The released stream of a small day."""
    day = SimulatedDay(BOARD)
    for commands in (day.reference(), *day.batches()):
        records = duplicate(core.run(commands))
        yield Piece(records, Place(core.position, 1, bytes(32), 1, 0), sealed(core.position, core.digest))


def sealed(position: int, digest: int) -> Records:
    block = np.zeros(1, BLOCK)
    block["position"], block["digest"], block["kind"] = position, digest, Kind.BLOCK
    return block


def test_a_day_is_shown_as_the_core_has_it(kernels: None, tmp_path: Path) -> None:
    core, market = Core(), PageMarket()
    kinds: list[int] = []
    facts = PageFacts(a_plan(tmp_path), market)
    for number, piece in enumerate(pieces(core)):
        market.take(piece, market.told(piece))
        facts.agreement.released(piece.blocks)
        kinds += piece.records["kind"].tolist()
        facts.see(a_look(cores__T=TWIN | {"position": core.position, "digest": f"{core.digest:016x}"}))
        facts.sample(float(number))
    told = facts.told("")
    trading = told["trading"]
    assert (trading["orders"], trading["trades"]) == (kinds.count(Kind.ACCEPTED), kinds.count(Kind.TRADED))
    assert trading["position"] == core.position
    assert trading["commands"] == sum(kind < Kind.ACCEPTED and kind != Kind.TEXT for kind in kinds)
    assert told["agreement"] == {"position": core.position, "equal": True}
    volumes = {row["symbol"]: row["volume"] for row in trading["most_traded"]}
    assert len(volumes) == 12
    assert trading["book"]["symbol"] == trading["most_traded"][0]["symbol"]
    other = trading["most_traded"][3]
    chosen = facts.told(other["symbol"])["trading"]["book"]
    assert (chosen["last_price"], chosen["change"]) == (other["last"], other["change"])
    assert chosen["total"]["volume"] == other["volume"]
    assert facts.told("NO SUCH")["trading"]["book"] is None
    assert told["members"]["ready_permille"] == 0
    assert sum(row["share"] for row in told["members"]["rows"]) in range(999_000, 1_000_001)
    assert sum(told["curves"]["commands"]) <= trading["commands"]
    msgspec.json.encode(told)


def test_all_that_a_look_has_is_told(tmp_path: Path) -> None:
    facts = PageFacts(a_plan(tmp_path), PageMarket())
    assert facts.told("")["starting"]
    line = {"state": "HAND_RAISED", "why": WHY, "received": 3, "flow": 9, "since_ns": NOW_NS}
    steps = [a_step("detected", what=WHY), a_step("halt announced", 0.3, by="policy", why="")]
    facts.see(a_look(board={"lines": {"0": {"state": "CAUGHT_UP", "why": ""}, "2": line}}, incidents=[steps]))
    told = facts.told("")
    primary, twin = told["cores"]
    assert (primary["role"], primary["position"], primary["released"], primary["lag_ms"]) == ("owner", 900, 890, None)
    assert (twin["role"], twin["position"], twin["lag_records"]) == ("follower, in step", 880, 20)
    assert twin["lag_ms"] == 10, "600 ms of a market that runs 60 times as fast"
    assert told["stage"] == "trading"
    assert told["members"]["rows"][0] | {"since": ""} == {
        "line": 2,
        "member": 1,
        "state": "HAND_RAISED",
        "why": WHY,
        "share": 0,
        "since_ns": NOW_NS,
        "since": "",
        "free": False,
    }
    assert told["members"]["counts"]["NOT_CONNECTED"] == told["members"]["lines"] - 1
    assert [step["step"] for step in told["incidents"][0]] == ["detected", "halt announced"]
    assert told["incidents"][0][1]["said"] == "by policy"
    facts.see(a_look(owner="T", board=None))
    told = facts.told("")
    assert [core["role"] for core in told["cores"]] == ["out for the day", "owner"]
    assert told["members"]["told"] is False


@given(st.permutations([(who, position) for who in "PT" for position in range(1, 8)]), st.integers(0, 8))
def test_the_order_in_which_cores_tell_changes_no_verdict(said: list[tuple[str, int]], differs_at: int) -> None:
    agreement = Agreement()
    for who, position in said:
        digest = position * 7 + (who == "T" and position == differs_at)
        if who == "P":
            agreement.released(sealed(position, digest))
        else:
            agreement.twin(position, digest)
    compared = [position for who, position in said if position == agreement.position]
    assert len(compared) in (0, 2)
    if not 0 < differs_at < 8:
        assert agreement.is_equal
        assert agreement.position == 7
    elif not agreement.is_equal:
        assert agreement.position == differs_at


def test_a_difference_is_wrong_and_stays_so(tmp_path: Path) -> None:
    facts = PageFacts(a_plan(tmp_path), PageMarket())
    facts.agreement.released(sealed(880, 1))
    facts.see(a_look())
    facts.agreement.released(sealed(900, 0xBB))
    facts.see(a_look(cores__T=TWIN | {"position": 900}))
    told = facts.told("")
    assert told["agreement"] == {"position": 880, "equal": False}
    assert told["wrongs"][0] == {"grade": "bad", "text": "The digests of both cores differ at position 880"}


def test_a_page_started_in_the_middle_shows_no_pace_before_it_has_read_the_day(tmp_path: Path) -> None:
    market = PageMarket()
    facts = PageFacts(a_plan(tmp_path), market)
    facts.see(a_look())
    facts.sample(1.0)
    market.position, market.commands = 890, 400
    facts.sample(2.0)
    assert facts.told("")["curves"]["commands"] == []
    market.commands = 420
    facts.sample(2.5)
    assert facts.told("")["curves"]["commands"] == [40]


LINES = st.dictionaries(
    st.integers(0, 12).map(str), st.sampled_from(STATES).filter(lambda state: state != "NOT_CONNECTED")
)


@given(LINES, st.dictionaries(st.integers(1, 12), st.integers(0, 10**9)))
def test_every_line_is_on_the_board_once_and_counted_once(told: dict[str, str], volume: dict[int, int]) -> None:
    answer = {"lines": {line: {"state": state, "why": "", "since_ns": 1} for line, state in told.items()}}
    members = {line: line % 3 for line in range(1, 13)}
    rows = member_lines(answer, members, volume)
    assert sorted(row.line for row in rows) == sorted(members)
    assert {row.line for row in rows if row.state in READY} == ready_lines(answer)
    found = counts(answer, len(members))
    assert found == {state: sum(row.state == state for row in rows) for state in STATES}
    assert sum(row.share for row in rows) <= 1_000_000


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    plan = a_plan(tmp_path)
    address = page_address(plan)
    key = key_at(tmp_path / "page-key")
    assert address == f"http://127.0.0.1:9/?key={key}"
    assert len(key) >= 24
    assert (tmp_path / "page-key").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "page-key"]
    assert key_at(tmp_path / "other") != key

"""A whole venue as processes: a day on the primary; a primary killed, hung, started again; the twin carries on."""

import asyncio
import os
import signal
from pathlib import Path

from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.opening import Status, is_owned_by
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.journal import Journal
from evermarket.records import Kind
from evermarket.venue.control import ask
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Seat
from tests.systems.venue import Venue, a_venue


def has_traded(status: Status) -> bool:
    """A good part of the members' orders is answered."""
    return int(status["crowd"]["answered"]) > 500


def check_day(venue: Venue, owner: str) -> None:
    """Nothing that a member was told is lost or doubled, and the owner's journal is whole and closed."""
    proof = venue.prove(owner)
    assert (proof.lost, proof.doubled) == (0, 0), proof
    assert proof.acknowledged > 2_000
    journal = Journal.open(venue.plan.own(owner) / "journal")
    report = journal.verify()
    assert (report.damage, report.cut) == (None, None)
    assert len(journal.array(Kind.CLOSED)) > 0


def take_seat(plan: VenuePlan) -> bool:
    """Steps 3 and 4 of the one key, if the twin is in step; whether they were done."""
    answer, control = plan.seat.step(ReadSeat()), plan.own("T") / "control"
    if answer.seat is None or "T" not in answer.seat.in_step:
        return False
    epoch = max(answer.seat.epoch, asyncio.run(ask(control, "status"))["promised"]) + 1
    assert asyncio.run(ask(control, f"promise {epoch}")) == {"promised": epoch}
    seat = Seat(epoch, "T", ("T",), "local", "broke off", "a test", plan.clock.now_ns())
    return plan.seat.step(CompareAndSet(answer.version, seat)).is_done


def test_a_day_on_the_primary_followed_by_the_twin(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=False) as venue:
        status = venue.wait_until_over()
        assert status["seat"]["owner"] == "P"
        assert status["seat"]["in_step"] == ["P", "T"]
        assert status["cores"]["T"]["clean"]
        check_day(venue, "P")


def test_a_primary_killed_in_trading_is_followed_by_the_twin(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=True) as venue:
        venue.wait("trading", has_traded)
        venue.signal("P", signal.SIGKILL)
        venue.wait("the twin owns the market", is_owned_by("T"))
        venue.wait_until_over()
        check_day(venue, "T")
        steps = [line["step"] for line in read_incidents(venue.plan.folder / "incidents")[0]]
        assert steps[:4] == ["detected", "halt announced", "positions", "primary fenced"]
        assert steps[4:6] == ["seat taken", "promoted"]
        assert {"doors of the twin open", "cancel only", "members back"} <= set(steps[6:])


def test_a_twin_killed_while_it_owns_the_market_goes_on_in_a_new_epoch(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=True) as venue:
        venue.wait("trading", has_traded)
        venue.signal("P", signal.SIGKILL)
        told = int(venue.wait("the twin owns the market", is_owned_by("T"))["crowd"]["answered"])
        venue.wait("trading goes on", lambda status: int(status["crowd"]["answered"]) > told)
        venue.signal("T", signal.SIGKILL)
        venue.wait("a third epoch", lambda status: status["seat"]["epoch"] == 3 and is_owned_by("T")(status))
        venue.wait_until_over()
        check_day(venue, "T")


def test_a_switch_that_broke_off_behind_the_seat_is_finished(tmp_path: Path) -> None:
    """The twin has promised and the seat is its own, and nobody promotes it."""
    with a_venue(tmp_path / "venue", unattended=False) as venue:
        venue.wait("trading", has_traded)
        venue.wait("the seat is the twin's", lambda status: take_seat(venue.plan))
        status = venue.wait("the twin owns the market", is_owned_by("T"))
        assert status["seat"]["by"] == "supervisor"
        venue.wait_until_over()
        check_day(venue, "T")


def test_a_switch_forced_to_a_twin_that_lacks_what_was_told_reads_the_market_anew(tmp_path: Path) -> None:
    """A twin that stood still is dropped, the primary goes on alone and hangs: what it told since is lost, as two
    people accept. Whoever had read it begins again with what the twin has, and the day goes on to its end."""
    with a_venue(tmp_path / "venue", unattended=False, speed=600, services=("feed",)) as venue:
        control = venue.plan.folder / "control"
        venue.signal("T", signal.SIGSTOP)
        alone = venue.wait("the primary is alone", lambda status: status["seat"]["in_step"] == ["P"])
        told = int(alone["cores"]["P"]["released"]) + 20
        venue.wait("it goes on", lambda status: int(status["cores"]["P"]["released"]) > told)
        venue.signal("P", signal.SIGSTOP)
        venue.signal("T", signal.SIGCONT)
        assert "not in step" in asyncio.run(ask(control, "switch A it_hangs", 30.0))["refused"]
        assert asyncio.run(ask(control, "switch A,B it_hangs", 30.0))["owner"] == "T"
        status = venue.wait("the day is over", lambda status: bool(status["processes"]["conductor"]["done"]))
        assert [status["processes"][name]["lives"] for name in ("conductor", "feed")] == [2, 2]
        theirs = Journal.open(venue.plan.own("T") / "journal")
        assert theirs.epochs()[-1].position < told
        assert len(theirs.array(Kind.CLOSED)) > 0


def test_a_primary_that_wakes_after_the_switch_says_nothing_more(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=True) as venue:
        venue.wait("trading", has_traded)
        pid = int((venue.plan.folder / "P.pid").read_text("utf-8"))
        os.kill(pid, signal.SIGSTOP)
        venue.wait("the twin owns the market", is_owned_by("T"))
        venue.wait_until_over()
        check_day(venue, "T")
        ours = Journal.open(venue.plan.own("P") / "journal").array()
        theirs = Journal.open(venue.plan.own("T") / "journal").array()
        assert Journal.open(venue.plan.own("P") / "journal").epochs()[-1].epoch == 1
        assert len(ours) <= len(theirs)


def test_a_primary_started_again_goes_on_in_a_new_epoch(tmp_path: Path) -> None:
    with a_venue(tmp_path / "venue", unattended=False) as venue:
        venue.wait("trading", has_traded)
        venue.signal("P", signal.SIGKILL)
        venue.wait("a new epoch", lambda status: status["seat"]["epoch"] == 2)
        venue.wait("the twin is in step again", lambda status: "T" in status["seat"]["in_step"])
        venue.wait_until_over()
        check_day(venue, "P")

"""What an owner does with its followers, message by message: cases that a simulation found."""

import numpy as np

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import Make
from evermarket.venue.protocol.actions import Release, Send
from evermarket.venue.protocol.body import Body, Settings
from evermarket.venue.protocol.frames import Block, CoreName, JournalSeal, Mark
from evermarket.venue.protocol.messages import Ack, Behind, Replicate
from evermarket.venue.protocol.owner import SILENT_BEATS, Owner
from evermarket.venue.protocol.seat import Seat, SeatAnswer
from tests.venue.protocol.market import Journal

SEAL = JournalSeal(20_260_105, {"P": CoreName(1, Make.PRIMARY), "T": CoreName(2, Make.TWIN)})
BLOCKS = 6


def stream(first: int) -> Records:
    records = np.concatenate([blank(Kind.PHASE).view("V64"), blank(Kind.PHASE_CHANGED).view("V64")]).view(HEADER)
    records["position"] = first, first + 1
    return records


def owner_of_six_blocks() -> Owner:
    body = Body(Settings("P", ("P", "T"), SEAL), (), 1, Journal())
    body.append_own(Mark(1, 0, 1, "P"))
    body.synced = 1
    owner = Owner(body, Seat(1, "P", ("P",), "local", "start", "P", 0), 1, 1, 0)
    for n in range(BLOCKS):
        body.append_own(Block(1, 2 * n + 1, 2 * n + 2, n + 2, 0, stream(2 * n + 1)))
    body.synced = body.log.end
    body.take_actions()
    return owner


def sent(owner: Owner) -> list[tuple[int, int]]:
    """After which index, and how many frames."""
    messages = [action.message for action in owner.body.take_actions() if isinstance(action, Send)]
    return [(m.after_index, len(m.frames)) for m in messages if isinstance(m, Replicate)]


def test_a_follower_that_has_less_is_sent_what_it_lacks() -> None:
    owner = owner_of_six_blocks()
    owner.behind("T", Behind(1, 3))
    assert sent(owner) == [(3, BLOCKS + 1 - 3)]


def test_a_follower_with_a_tail_of_its_own_behind_what_it_acknowledged_is_asked_there() -> None:
    """It says it has nine frames, then, the chains being different, that the two may part before the fourth."""
    owner = owner_of_six_blocks()
    chain = owner.body.log.chain_at(4)
    assert chain is not None
    owner.acked("T", Ack(1, 4, chain, True))
    sent(owner)
    owner.behind("T", Behind(1, 9))
    assert sent(owner) == [(7, 0)]
    owner.behind("T", Behind(1, 2))
    assert sent(owner) == [(4, 3)]


def test_a_follower_that_says_nothing_is_only_asked_whether_it_is_there() -> None:
    """The journal is not read for it at every beat; it is sent what it lacks once it has answered."""
    owner = owner_of_six_blocks()
    owner.behind("T", Behind(1, 0))
    for _ in range(SILENT_BEATS):
        sent(owner)
        owner.beat()
    assert sent(owner) == [(0, BLOCKS + 1)]
    owner.beat()
    assert sent(owner) == [(0, 0)]
    owner.behind("T", Behind(1, 0))
    assert sent(owner) == [(0, BLOCKS + 1)]


def test_what_waited_for_a_follower_that_is_dropped_is_released_without_another_command() -> None:
    """A market in which nobody says anything more until the last word was told: it stood still for ever."""
    owner = owner_of_six_blocks()
    owner.membership.seat = Seat(1, "P", ("P", "T"), "twin", "admit T", "P", 0)
    owner.release()
    assert owner.body.released == 1
    while owner.membership.asked is None:
        owner.beat()
    owner.body.take_actions()
    assert owner.seat_answered(SeatAnswer(2, owner.membership.asked.seat, True))
    assert owner.body.released == owner.body.log.end
    assert [len(action.frames) for action in owner.body.take_actions() if isinstance(action, Release)] == [BLOCKS]

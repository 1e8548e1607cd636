"""What the exchange still has to send, from what the released stream says."""

import numpy as np

from evermarket.continuity.venue.timetable import Timetable
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import Segment, Special
from evermarket.records.raw import of

NOW_NS = 1_795_140_555_417_003_601


def nothing() -> Records:
    return np.zeros(0, HEADER)


def test_a_call_whose_end_passed_while_it_was_under_way_ends_at_once() -> None:
    """A RESUME that came later than the end of its own auction, on a machine that is late."""
    timetable = Timetable(nothing(), nothing())
    resumed = blank(Kind.RESUMED)
    resumed["time"], resumed["until"] = NOW_NS, NOW_NS - 20_000_000_000
    resumed["instrument"], resumed["attributes"] = 1, Segment.REGULAR
    timetable.take(resumed.view(HEADER))
    assert timetable.next_ns <= NOW_NS
    (timer,) = of(timetable.due(NOW_NS), Kind.TIMER)
    assert (timer["instrument"], timer["code"], timer["due"]) == (1, Special.RESUMPTION, NOW_NS - 20_000_000_000)

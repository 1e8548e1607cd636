"""What the page of a running venue is told, as one JSON object: a look, the market's folds, and the last two minutes.

Pure but for the time of day in texts; whatever the browser shows is made here, so that a test can read it.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any, Final

from evermarket.continuity.venue.board import counts, member_lines, ready_lines
from evermarket.continuity.venue.look import Look, Status
from evermarket.continuity.venue.page_market import PageMarket
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.continuity.venue.reopening import clock
from evermarket.continuity.venue.wrongs import MAKE, Grade, Wrong, is_switched, stage_of, wrongs
from evermarket.records import Records
from evermarket.sim.members import make_lines

SAMPLES: Final = 240
"""Two minutes, twice a second."""

DIGESTS_KEPT: Final = 4_096
INCIDENTS_SHOWN: Final = 10
LINES_SHOWN: Final = 500
ALARMS_SHOWN: Final = 3


class Agreement:
    """Whether the twin, while it follows, has the owner's digest at the position where it stands: the released stream
    tells the owner's behind each block. What either said is kept a while, for they do not come there at one moment."""

    def __init__(self) -> None:
        self.position = 0
        """Of the last comparison."""
        self.is_equal = True
        """Once false, for good."""
        self._owner: OrderedDict[int, int] = OrderedDict()
        self._twin: OrderedDict[int, int] = OrderedDict()

    def released(self, blocks: Records) -> None:
        """BLOCK records of the owner."""
        for position, digest in zip(blocks["position"].tolist(), blocks["digest"].tolist(), strict=True):
            self._say(self._owner, self._twin, position, digest)

    def twin(self, position: int, digest: int) -> None:
        """The twin's digest behind this position."""
        self._say(self._twin, self._owner, position, digest)

    def _say(self, own: OrderedDict[int, int], other: OrderedDict[int, int], position: int, digest: int) -> None:
        own[position] = digest
        if len(own) > DIGESTS_KEPT:
            own.popitem(last=False)
        if self.is_equal and position >= self.position and position in other:
            self.position, self.is_equal = position, other[position] == digest


class PageFacts:
    """`see` each look, `sample` twice a second; `told` is what the browser gets."""

    def __init__(self, plan: VenuePlan, market: PageMarket) -> None:
        self.plan = plan
        self.market = market
        self.agreement = Agreement()
        self._members = {line.line: line.member for line in make_lines(plan.board.members)}
        self._free = plan.free_lines
        """Lines that simulated members leave to others: that nobody is there is no worry."""
        self._last: Look | None = None
        self._lags: deque[tuple[int | None, int | None]] = deque(maxlen=SAMPLES)
        self._rates: deque[int] = deque(maxlen=SAMPLES)
        self._sampled: tuple[float, int] | None = None

    def see(self, look: Look) -> None:
        """The latest look."""
        self._last = look
        twin = look.status["cores"][TWIN]
        if twin.get("position") and not is_switched(look.status):
            self.agreement.twin(int(twin["position"]), int(twin["digest"], 16))

    def sample(self, now_s: float) -> None:
        """A point of the curves; `now_s` of a clock that only goes on."""
        if self._last is not None:
            lag = lag_of(TWIN, self._last.status, self.plan.clock.speed)
            self._lags.append((lag["lag_records"], lag["lag_ms"]))
        if self._sampled is not None and now_s > self._sampled[0]:
            self._rates.append(round((self.market.commands - self._sampled[1]) / (now_s - self._sampled[0])))
        if self._sampled is not None or self._has_caught_up():
            self._sampled = (now_s, self.market.commands)

    def told(self, book: str) -> dict[str, Any]:
        """Everything. `book`: the symbol whose levels are wanted; nothing: the most traded one."""
        look = self._last
        if look is None:
            return {"market": clock(self.plan.clock.now_ns()), "starting": True}
        status = look.status
        seat = status["seat"] or {}
        return {
            "starting": False,
            "market": clock(self.plan.clock.now_ns()),
            "age_ms": (time.time_ns() - look.at_ns) // 1_000_000,
            "trading_day": self.plan.trading_day,
            "speed": self.plan.clock.speed,
            "seat": seat,
            "stage": stage_of(status),
            "wrongs": [{"grade": one.grade, "text": one.text} for one in self._wrongs(look)],
            "cores": [self._core(name, status) for name in (PRIMARY, TWIN)],
            "agreement": {"position": self.agreement.position, "equal": self.agreement.is_equal},
            "curves": {
                "lag_records": [records for records, _ in self._lags],
                "lag_ms": [ms for _, ms in self._lags],
                "commands": list(self._rates),
            },
            "probe": status.get("watch"),
            "trading": self._trading(book),
            "members": self._board(look),
            "processes": [{"name": name, **facts} for name, facts in status["processes"].items()],
            "incidents": [[_shown(step) for step in steps] for steps in look.incidents[:-INCIDENTS_SHOWN:-1]],
        }

    def _has_caught_up(self) -> bool:
        """A page that is started in the middle of a day first reads what was before: that is no pace of the market."""
        if self._last is None:
            return False
        released = max(int(core.get("released") or 0) for core in self._last.status["cores"].values())
        return 0 < released <= self.market.position

    def _wrongs(self, look: Look) -> list[Wrong]:
        found = wrongs(look)
        if not self.agreement.is_equal:
            found.insert(
                0, Wrong(Grade.BAD, f"The digests of both cores differ at position {self.agreement.position:,}")
            )
        return found

    def _core(self, name: str, status: Status) -> dict[str, Any]:
        core = status["cores"][name]
        alarms = core.get("alarms", 0)
        seat = status["seat"] or {}
        return {
            "name": name,
            "make": MAKE[name],
            "role": role_of(name, status),
            "state": core.get("state", "?"),
            "why": core.get("why", ""),
            "epoch": core.get("epoch"),
            "position": core.get("position"),
            "released": core.get("released"),
            "digest": core.get("digest"),
            "live": core.get("live"),
            "sessions": core.get("sessions"),
            "clean": core.get("clean"),
            "in_step": name in seat.get("in_step", ()),
            "alarms": len(alarms) if isinstance(alarms, list) else alarms,
            "last_alarms": _alarms(core),
            **lag_of(name, status, self.plan.clock.speed),
        }

    def _trading(self, name: str) -> dict[str, Any]:
        rows = self.market.most_traded()
        first = rows[0]["symbol"] if rows else ""
        return {
            "orders": self.market.orders,
            "trades": self.market.trades,
            "commands": self.market.commands,
            "position": self.market.position,
            "phase": self.market.phase(),
            "most_traded": rows,
            "book": self.market.book(name or first),
        }

    def _board(self, look: Look) -> dict[str, Any]:
        facts: dict[str, Any] = {"told": look.board is not None, "lines": len(self._members)}
        facts["threshold_permille"] = self.plan.policy.ready_permille
        if look.board is None:
            return facts
        rows = member_lines(look.board, self._members, self.market.volume())
        return facts | {
            "counts": counts(look.board, len(self._members)),
            "ready_permille": self.market.floor.share(ready_lines(look.board)),
            "rows": [
                row._asdict()
                | {"since": _real_clock(row.since_ns) if row.since_ns else "", "free": row.line in self._free}
                for row in rows[:LINES_SHOWN]
            ],
        }


def role_of(name: str, status: Status) -> str:
    """What a core is now: the owner, in step behind it, or out."""
    seat = status["seat"] or {}
    if seat.get("owner") == name:
        return "owner"
    if name == PRIMARY and is_switched(status):
        return "out for the day"
    return "follower, in step" if name in seat.get("in_step", ()) else "follower, out of step"


def lag_of(name: str, status: Status, speed: int) -> dict[str, int | None]:
    """How far a core is behind the owner, in records and real milliseconds (cores count the market's, which may run
    faster); None: it does not follow, or does not say."""
    core = status["cores"][name]
    lag_ms = core.get("lag_ms")
    return {"lag_records": core.get("lag_records"), "lag_ms": None if lag_ms is None else round(int(lag_ms) / speed)}


def _alarms(core: dict[str, Any]) -> list[str]:
    """The last ones, as text."""
    alarms: Iterable[Any] = core.get("alarms") or ()
    if isinstance(alarms, list):
        return [str(alarm["text"]) for alarm in alarms[-ALARMS_SHOWN:]]
    first = core.get("first_alarm")
    return [", ".join(f"{name} {value}" for name, value in first.items())] if isinstance(first, dict) else []


def _shown(step: dict[str, Any]) -> dict[str, str]:
    facts = {name: value for name, value in step.items() if name not in ("at_ns", "ms", "step")}
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value != "")
    return {"at": _real_clock(step["at_ns"]), "ms": f"{step['ms']:,.1f}", "step": step["step"], "said": said}


def _real_clock(real_ns: int) -> str:
    """The time of day where this machine stands."""
    return time.strftime("%H:%M:%S", time.localtime(real_ns / 1e9))

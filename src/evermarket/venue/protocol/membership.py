"""Who must have what is released: dropping and admitting followers (rules 4 and 5).

Invariants: a member leaves the count only after a compare-and-set took place; it counts before it is asked into the
seat. One request is under way at a time; a newer one for the same version replaces it, and which of the two the seat
heard is known only from the version that it shows.
"""

from dataclasses import dataclass, replace

from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.seat import CompareAndSet, Seat, SeatAnswer, level_of, was_heard


@dataclass(slots=True)
class Progress:
    """What the owner knows of a follower. `known`: the last index confirmed either way; `next_index`: to be sent."""

    known: int
    next_index: int
    acked: int = 0
    silent_beats: int = 0
    late_beats: int = 0
    is_clean: bool = True


class Membership:
    """The owner's view of the seat in its own epoch."""

    def __init__(self, body: Body, seat: Seat, version: int, mark_index: int) -> None:
        self.body = body
        self.seat = seat
        self.version = version
        self.mark_index = mark_index
        self.joining = ""
        self.asked: CompareAndSet | None = None

    def counted(self) -> set[str]:
        """Who must have acknowledged before a release, this core aside."""
        return {*self.seat.in_step, self.joining} - {self.body.name, ""}

    def consider(self, followers: dict[str, Progress]) -> None:
        """Drop who is late or different, admit who has caught up."""
        late = {name: why for name in sorted(self.counted()) if (why := self._complaint(followers[name]))}
        if any(not self._is_leaving(name) for name in late):
            self.drop(late, self.body.name)
        if self.asked is None:
            for member in self.body.others:
                if member not in self.counted() and self.is_caught_up(followers[member]):
                    self._admit(member)
                    return

    def is_caught_up(self, follower: Progress) -> bool:
        """Rule 5: everything up to this epoch's EPOCH record, and all released since."""
        return (
            follower.is_clean
            and follower.silent_beats <= 1
            and follower.acked >= max(self.mark_index, self.body.released)
        )

    def drop(self, late: dict[str, str], by: str) -> None:
        """Rule 4: first out of the seat; these members (and why) count until that is known to have happened."""
        in_step = tuple(name for name in self.seat.in_step if name not in late)
        self.ask(in_step, "drop " + ", ".join(f"{name}: {why}" for name, why in late.items()), by)

    def beat(self) -> None:
        if self.asked is not None:
            self.body.ask_seat(self.asked)

    def answered(self, answer: SeatAnswer) -> bool:
        """False: the seat has left this epoch."""
        if answer.version > self.version and answer.seat is not None:
            if answer.seat.epoch > self.seat.epoch:
                return False
            if self.asked is None or was_heard(self.asked, answer) is not None:
                self._adopt(answer.version, answer.seat)
        return True

    def ask(self, in_step: tuple[str, ...], reason: str, by: str) -> None:
        level = level_of(in_step)
        seat = replace(self.seat, in_step=in_step, level=level, reason=reason, by=by, time_ns=self.body.clock_ns)
        self.asked = CompareAndSet(self.version, seat)
        self.body.ask_seat(self.asked)

    def _adopt(self, version: int, seat: Seat) -> None:
        """Every request sent so far expected an older version: none of them is under way any more."""
        if len(seat.in_step) < len(self.seat.in_step):
            self.body.alarm(f"level {seat.level}: {seat.reason}")
        self.version, self.seat = version, seat
        self.asked, self.joining = None, ""

    def _admit(self, member: str) -> None:
        self.joining = member
        self.ask(tuple(sorted({*self.seat.in_step, member})), f"admit {member}", self.body.name)

    def _complaint(self, follower: Progress) -> str:
        beats_max = self.body.settings.silent_beats_max
        if not follower.is_clean:
            return "different"
        if follower.silent_beats > beats_max:
            return "silent"
        return "slow" if follower.late_beats > beats_max else ""

    def _is_leaving(self, member: str) -> bool:
        return self.asked is not None and member not in self.asked.seat.in_step

"""Taking over (rules 2, 3, 6; protocol 6, steps 2 to 5): read the seat, promise, compare-and-set, mark, sync.

The same steps for a follower, for an owner after a restart, and for an owner whose epoch was ended by a refusal: who
begins to match takes a new epoch. Nothing here is tried again with another value: a claim that was overtaken is over,
and says by whom. Only the same request is repeated, for an answer may be lost.
"""

from enum import Enum

from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.frames import Mark
from evermarket.venue.protocol.seat import CompareAndSet, Seat, SeatAnswer, level_of, was_heard
from evermarket.venue.protocol.stamp import stamp


class Stage(Enum):
    """What the claim waits for."""

    SEAT = 1
    PROMISE = 2
    COMPARE_AND_SET = 3
    MARK = 4
    OVER = 5


class Claim:
    """One attempt. `people`: who asked; two of them may overrule rule 6. `above`: an epoch that somebody promised."""

    def __init__(self, body: Body, people: tuple[str, ...], reason: str, above: int = 0) -> None:
        self.body = body
        self.people = people
        self.reason = reason
        self.above = above
        self.stage = Stage.SEAT
        self.epoch = 0
        self.expected_version = 0
        self.asked: CompareAndSet | None = None
        self.mark_index = 0
        body.read_seat()

    def beat(self) -> None:
        """Repeat what may have been lost."""
        if self.stage is Stage.SEAT:
            self.body.read_seat()
        elif self.stage is Stage.COMPARE_AND_SET and self.asked is not None:
            self.body.ask_seat(self.asked)

    def answered(self, answer: SeatAnswer) -> None:
        if self.stage is Stage.SEAT:
            self._consider(answer)
        elif self.stage is Stage.COMPARE_AND_SET and self.asked is not None:
            heard = was_heard(self.asked, answer)
            if heard:
                self._mark()
            elif heard is False:
                self._lose(answer)

    def refusal(self, seat: Seat) -> str | None:
        """Rule 6: why this core may not be promoted; None if it may."""
        if seat.owner == self.body.name:
            return None
        if len(set(self.people)) >= 2:
            self.body.alarm(f"forced by {' and '.join(self.people)}: {self._missing(seat)}")
            return None
        if self.body.name not in seat.in_step:
            return f"not in step: {self._missing(seat)}"
        return None if self.body.is_clean else "its comparison found a difference"

    def promised(self, epoch: int) -> None:
        """The promise is durable: only now may the seat be asked for."""
        if self.stage is Stage.PROMISE and epoch >= self.epoch:
            self.compare_and_set()

    def compare_and_set(self) -> None:
        body = self.body
        in_step = (body.name,)
        by = "+".join(self.people) or body.name
        seat = Seat(self.epoch, body.name, in_step, level_of(in_step), self.reason, by, body.clock_ns)
        self.asked = CompareAndSet(self.expected_version, seat)
        self.stage = Stage.COMPARE_AND_SET
        body.ask_seat(self.asked)

    @property
    def is_won(self) -> bool:
        """The mark is synced: the break point."""
        return self.stage is Stage.MARK and self.body.synced >= self.mark_index

    def _consider(self, answer: SeatAnswer) -> None:
        seat = answer.seat
        why = "the seat is empty" if seat is None else self.refusal(seat)
        if seat is None or why:
            self.body.alarm(f"does not take over: {why}")
            self.stage = Stage.OVER
            return
        self.expected_version = answer.version
        self.epoch = max(seat.epoch, self.body.promised, self.above) + 1
        self.stage = Stage.PROMISE
        self.body.promise(self.epoch)

    def _mark(self) -> None:
        body = self.body
        time_ns = stamp(body.clock_ns, body.log.time_ns)
        body.append_own(Mark(self.epoch, body.log.position, time_ns, body.name))
        self.mark_index = body.log.end
        self.stage = Stage.MARK
        body.sync()

    def _lose(self, answer: SeatAnswer) -> None:
        seat = answer.seat
        said = "nothing" if seat is None else f"epoch {seat.epoch}, owner {seat.owner}, by {seat.by}: {seat.reason}"
        self.body.alarm(f"was not first: the seat says {said}")
        self.stage = Stage.OVER

    def _missing(self, seat: Seat) -> str:
        have = self.body.log.position
        return f"has positions up to {have} of epoch {self.body.log.epoch}, the seat is at epoch {seat.epoch}"

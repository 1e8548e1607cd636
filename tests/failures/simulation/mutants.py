"""The rules, each taken out on purpose. A simulation that does not find them proves nothing.

A mutant is a Node or a Gate with one part put in another's place; the product's code has no hook for it.
"""

from typing import Any

from evermarket.client.gate import Gate
from evermarket.client.window import Window
from evermarket.records import HEADER, Records
from evermarket.records.kinds import Flag
from evermarket.records.session import Resume
from evermarket.venue.protocol.actions import Release, SideFile
from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.claim import Claim
from evermarket.venue.protocol.door import Door
from evermarket.venue.protocol.events import Matched, MatchFailed
from evermarket.venue.protocol.flow import Flow
from evermarket.venue.protocol.follower import Follower
from evermarket.venue.protocol.frames import Block
from evermarket.venue.protocol.kernels.telling import IS_LIVE
from evermarket.venue.protocol.membership import Membership, Progress
from evermarket.venue.protocol.node import Node
from evermarket.venue.protocol.owner import Owner
from evermarket.venue.protocol.seat import Seat, SeatAnswer

# --- cores ----------------------------------------------------------------------------------------------------------


class ReleasesBeforeItsSync(Owner):
    def safe_index(self) -> int:
        acked = [self.followers[name].acked for name in self.membership.counted()]
        return min([self.body.log.end, *acked])


class ReleasesBeforeFollowersSync(Owner):
    def safe_index(self) -> int:
        return self.body.synced


class NumbersFromItsOwnCount(Owner):
    """Order numbers begin anew with each owner."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._before = self.body.flow.order_no

    def next_order_no(self) -> int:
        return self.body.flow.order_no - self._before + 1


class PutsFlaggedIntoBatches(Owner):
    """A command whose fate is not known is worked with others."""

    def next_batch(self) -> tuple[Records, bool]:
        waiting = self.door.waiting
        for i, part in enumerate(waiting._parts):
            waiting._parts[i] = type(part)(part.records)
        return super().next_batch()


class LeavesTheCoreAhead(Owner):
    """What the core worked and the journal does not have is not undone when the epoch ends."""

    def end(self, fenced_by: int) -> None:
        self.door.close_all(fenced_by)


class AcceptsOldBatches(Owner):
    """A batch of an earlier epoch is taken for the one that is asked for."""

    def matched(self, event: Matched) -> None:
        super().matched(Matched(self.batches, event.records, event.digest))

    def match_failed(self, event: MatchFailed) -> str:
        return super().match_failed(MatchFailed(self.batches))


class TellsBeforeRelease(Owner):
    """The flow is told when the block is in the journal."""

    def release(self) -> None:
        before, upto = self.body.released, self.safe_index()
        end = self.body.log.end
        if upto > before:
            self.body.do(Release(self.epoch, self.body.log.between(before, upto)))
        told = getattr(self, "_told", before)
        self.body.released = end
        self.door.release([frame for frame in self.body.log.between(told, end) if isinstance(frame, Block)])
        self._told, self.body.released = end, max(upto, before)


class ExecutesRepetitions(Door):
    """No duplicate check: whatever comes is new."""

    def _last_id(self, line: int) -> Any:
        last_id = super()._last_id(line)
        last_id[0] = 0
        return last_id


class ForgetsIds(Flow):
    """Ids are not rebuilt from the journal: only those of this life count."""

    def last_id(self, line: int) -> int:
        return 0


class SaysNeverReceivedTooSoon(Door):
    """An id that is not in the journal now is said never to have been received."""

    def _answer_again(self, session: Any, cl_ord_id: int, command: int) -> None:
        have, _ = self.body.flow.first_from(session.line, cl_ord_id)
        if have == cl_ord_id:
            super()._answer_again(session, cl_ord_id, command)
        else:
            self._never_received(session, cl_ord_id, command)


class TellsLiveWhileBehind(Door):
    """A connection is told what is new before it has taken what is old."""

    def drained(self, connection: str) -> None:
        super().drained(connection)
        session = self.sessions.get(connection)
        if session is not None:
            self._seats[session.seat, IS_LIVE] = True


class DropsWithoutAsking(Membership):
    """A late follower does not count from the moment it is late."""

    def drop(self, late: dict[str, str], by: str) -> None:
        super().drop(late, by)
        self._dropped = {*getattr(self, "_dropped", set()), *late}

    def counted(self) -> set[str]:
        return super().counted() - getattr(self, "_dropped", set())


class AdmitsBeforeItCounts(Membership):
    """A follower is asked into the seat and counts only once that is known."""

    def counted(self) -> set[str]:
        return super().counted() - ({self.joining} - set(self.seat.in_step))


class AdmitsWhoIsBehind(Membership):
    """Rule 5 without its last sentence: what an earlier life released does not matter."""

    def is_caught_up(self, follower: Progress) -> bool:
        return follower.is_clean and follower.silent_beats <= 1 and follower.acked >= self.body.released - 3


class AdmitsAnybody(Membership):
    def is_caught_up(self, follower: Progress) -> bool:
        return follower.is_clean and follower.silent_beats <= 1


class ForgetsTheJoining(Membership):
    """A follower that was asked into the seat and fell silent is forgotten without a compare-and-set."""

    def consider(self, followers: dict[str, Progress]) -> None:
        if self.joining and followers[self.joining].silent_beats > 1:
            self.joining, self.asked = "", None
        super().consider(followers)


class AcknowledgesBeforeSync(Follower):
    def acknowledged_end(self) -> int:
        return self.body.log.end


class BelievesOldEpochs(Follower):
    """No fence: a lower epoch is appended, and its heartbeats count."""

    def refuses(self, epoch: int) -> bool:
        return False


class BelievesOldHeartbeats(Follower):
    """A heartbeat of an old epoch is believed; its frames are not."""

    def follow(self, sender: str, message: Any) -> None:
        if self.refuses(message.epoch) and not message.frames:
            self.owner, self.epoch = sender, message.epoch
            self.matched = max(self.matched, min(message.after_index, self.body.log.end))
            self.acknowledge()
            return
        super().follow(sender, message)


class KeepsItsTail(Follower):
    """What conflicts with the owner's history stays in the journal."""

    def cut(self, index: int, epoch: int) -> bool:
        return False


class ForgetsTheSideFile(Body):
    def do(self, action: Any) -> None:
        if not isinstance(action, SideFile):
            super().do(action)


class AsksBeforeItsPromise(Claim):
    """Compare-and-set first: the fence comes later, or never."""

    def _consider(self, answer: SeatAnswer) -> None:
        promise, self.body.promise = self.body.promise, lambda epoch: None  # type: ignore[method-assign]
        try:
            super()._consider(answer)
        finally:
            self.body.promise = promise  # type: ignore[method-assign]
        if self.epoch:
            self.compare_and_set()


class TakesOverThoughBehind(Claim):
    """Rule 6: whoever is asked takes over."""

    def refusal(self, seat: Seat) -> str | None:
        return None


class GoesOnInItsEpoch(Node):
    """Rule 3: the same core goes on after a restart, in the epoch it had."""

    def take_up(self) -> None:
        seat, log = self.body.seat.seat, self.body.log
        if seat is None or log.epoch != seat.epoch or log.owner != self.body.name:
            super().take_up()
            return
        mark = log.before_epoch_at(log.end) + 1
        self.state = type(self.state).MATCH
        self.owner = self.owner_type(self.body, seat, self.body.seat.version, mark, 0)


class HearsNoRefusal(Node):
    """Writers' rule: it goes on after a refusal."""

    def _refused(self, sender: str, message: Any) -> None:
        return None


def with_owner(owner: type[Owner]) -> type[Node]:
    return type(owner.__name__, (Node,), {"owner_type": owner})


def with_door(door: type[Door]) -> type[Node]:
    return with_owner(type(door.__name__, (Owner,), {"door_type": door}))


def with_membership(membership: type[Membership]) -> type[Node]:
    return with_owner(type(membership.__name__, (Owner,), {"membership_type": membership}))


def with_follower(follower: type[Follower]) -> type[Node]:
    return type(follower.__name__, (Node,), {"follower_type": follower})


def with_claim(claim: type[Claim]) -> type[Node]:
    return type(claim.__name__, (Node,), {"claim_type": claim})


def with_body(body: type[Body]) -> type[Node]:
    return type(body.__name__, (Node,), {"body_type": body})


def with_flow(flow: type[Flow]) -> type[Node]:
    return with_body(type(flow.__name__, (Body,), {"flow_type": flow}))


# --- gates ----------------------------------------------------------------------------------------------------------


class ListensToOldOwners(Gate):
    """No epoch filter."""

    def is_current(self, epoch: int) -> bool:
        return True


class NeverResends(Gate):
    def resend(self) -> None:
        self.window.sent()


class ForgetsTheFlag(Window):
    """A resend looks like a new command."""

    def again(self) -> Records:
        commands = super().again()
        commands["flags"] &= ~int(Flag.POSS_RESEND) & 0xFF
        return commands


class ResendsUnflagged(Gate):
    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.window = ForgetsTheFlag()


class ResendsTheLastFirst(Gate):
    """The window goes again, but not in order."""

    def resend(self) -> None:
        commands = self.window.again()
        if len(commands):
            self._write(commands.view("V64")[::-1].copy().view(HEADER))
            self.window.sent()


class LogsOnFromNow(Gate):
    """It does not say what it has."""

    def _challenge(self, record: Records) -> None:
        self.resume = Resume.QUICK
        super()._challenge(record)


MUTANTS: dict[str, tuple[type[Node], type[Gate]]] = {
    node.__name__: (node, Gate)
    for node in (
        *map(with_owner, (ReleasesBeforeItsSync, ReleasesBeforeFollowersSync, NumbersFromItsOwnCount)),
        *map(with_owner, (PutsFlaggedIntoBatches, LeavesTheCoreAhead, AcceptsOldBatches, TellsBeforeRelease)),
        *map(with_door, (ExecutesRepetitions, SaysNeverReceivedTooSoon, TellsLiveWhileBehind)),
        with_flow(ForgetsIds),
        *map(with_membership, (DropsWithoutAsking, AdmitsBeforeItCounts, AdmitsWhoIsBehind, AdmitsAnybody)),
        with_membership(ForgetsTheJoining),
        *map(with_follower, (AcknowledgesBeforeSync, BelievesOldEpochs, BelievesOldHeartbeats, KeepsItsTail)),
        with_body(ForgetsTheSideFile),
        *map(with_claim, (AsksBeforeItsPromise, TakesOverThoughBehind)),
        *(GoesOnInItsEpoch, HearsNoRefusal),
    )
} | {
    gate.__name__: (Node, gate)
    for gate in (ListensToOldOwners, NeverResends, ResendsUnflagged, ResendsTheLastFirst, LogsOnFromNow)
}
"""By name: the cores and gates of a market with one rule taken out."""

"""One core (protocol 3): RECOVER, MATCH, FENCED, HALTED, and what leads from one to the other.

`step(event, clock_ns)` decides and answers with actions; the caller's clock is stamped and compared, never decided on.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from evermarket.records import Records
from evermarket.records.session import SessionKind, session_record
from evermarket.venue.protocol.actions import Action, Close, Halt, Restore, SetTimer, Tell
from evermarket.venue.protocol.archive import Archive
from evermarket.venue.protocol.body import Body, Settings
from evermarket.venue.protocol.claim import Claim, Stage
from evermarket.venue.protocol.events import (
    Beat,
    DiskFailed,
    Drained,
    DropRequested,
    Gone,
    Matched,
    MatchFailed,
    NodeEvent,
    Opened,
    Promised,
    Received,
    Said,
    Shadowed,
    Started,
    SwitchForced,
    SwitchRequested,
    Synced,
)
from evermarket.venue.protocol.follower import Follower
from evermarket.venue.protocol.messages import Ack, Behind, Refused, Replicate
from evermarket.venue.protocol.owner import Owner
from evermarket.venue.protocol.seat import SeatAnswer


class State(Enum):
    """Only MATCH takes orders."""

    RECOVER = 1
    MATCH = 2
    FENCED = 3
    HALTED = 4


class Node:
    """One life of a core, from Started to its end. The newest frames stay in memory; `archive` reads the others."""

    body_type = Body
    follower_type = Follower
    owner_type = Owner
    claim_type = Claim

    def __init__(self, settings: Settings, started: Started, archive: Archive) -> None:
        self.body = self.body_type(settings, started.frames, started.promised, archive)
        self.state = State.RECOVER
        self.follower = self.follower_type(self.body)
        self.owner: Owner | None = None
        self.claim: Claim | None = None
        self._batches = 0
        self._on: dict[type, Callable[[Any], None]] = {
            Received: self._received,
            Beat: self._beat,
            Synced: self._synced,
            Promised: self._promised,
            DiskFailed: self._disk_failed,
            Matched: self._matched,
            MatchFailed: self._match_failed,
            Shadowed: self.follower.compare,
            SwitchRequested: self._switch_requested,
            SwitchForced: self._switch_forced,
            DropRequested: self._drop_requested,
            Opened: self._opened,
            Said: self._said,
            Drained: self._drained,
            Gone: self._gone,
        }
        self._on_message: dict[type, Callable[[str, Any], None]] = {
            Replicate: self._replicate,
            Ack: self._ack,
            Behind: self._behind,
            Refused: self._refused,
            SeatAnswer: self._seat_answer,
        }
        self.body.do(Restore(self.body.log.end))
        self.body.do(SetTimer(settings.beat_ms))
        self.body.read_seat()

    def start(self) -> list[Action]:
        """The first actions of this life."""
        return self.body.take_actions()

    def step(self, event: NodeEvent, clock_ns: int) -> list[Action]:
        """The one door. A halted core does and says nothing."""
        if self.state is State.HALTED:
            return []
        self.body.clock_ns = clock_ns
        self._on[type(event)](event)
        actions = self.body.take_actions()
        if any(isinstance(action, Halt) for action in actions):
            self.state = State.HALTED
        return actions

    # --- events ---------------------------------------------------------------------------------------------------

    def _received(self, event: Received) -> None:
        handler = self._on_message.get(type(event.message))
        if handler is not None:
            handler(event.sender, event.message)

    def _beat(self, _: Beat) -> None:
        if self.owner is not None:
            self.owner.beat()
            return
        if self.claim is not None:
            self.claim.beat()
        else:
            self._listen()
        self.body.do(SetTimer(self.body.settings.beat_ms))

    def _listen(self) -> None:
        """Nobody replicates: alarm, and look whether the seat names this core."""
        self.follower.silent_beats += 1
        if self.follower.silent_beats % self.body.settings.silent_beats_max == 0:
            self.body.alarm("the owner is silent")
            self.body.read_seat()

    def _synced(self, event: Synced) -> None:
        self.body.note_synced(event)
        if self.owner is not None:
            self.owner.synced()
        elif self.claim is not None:
            self._open_if_won(self.claim)
        else:
            self.follower.acknowledge()

    def _promised(self, event: Promised) -> None:
        self.body.note_promised(event.epoch)
        if self.claim is not None:
            self.claim.promised(event.epoch)
        elif self.owner is None:
            self.follower.acknowledge()

    def _disk_failed(self, event: DiskFailed) -> None:
        """Rule 9: the first broken write is the last."""
        self.body.do(Halt(event.what))

    def _matched(self, event: Matched) -> None:
        if self.owner is not None:
            self.owner.matched(event)

    def _match_failed(self, event: MatchFailed) -> None:
        why = self.owner.match_failed(event) if self.owner is not None else ""
        if why:
            self.body.do(Halt(why))

    def _switch_requested(self, event: SwitchRequested) -> None:
        if self.state is State.RECOVER and self.claim is None:
            self._claim((event.by,), "switch")

    def _switch_forced(self, event: SwitchForced) -> None:
        if self.state is not State.MATCH and self.claim is None and len(set(event.by)) == 2:
            self._claim(event.by, "forced switch")

    def _drop_requested(self, event: DropRequested) -> None:
        if self.owner is not None and event.member in self.owner.membership.counted():
            self.owner.membership.drop({event.member: "asked for"}, event.by)

    # --- messages -------------------------------------------------------------------------------------------------

    def _replicate(self, sender: str, message: Replicate) -> None:
        if self.owner is not None and message.epoch > self.owner.epoch:
            self._fence(message.epoch)
        if self.claim is not None and not self.follower.refuses(message.epoch):
            self.claim = None
        if self.owner is None or self.follower.refuses(message.epoch):
            self.follower.follow(sender, message)
            if self.state is State.FENCED and self.body.log.epoch == message.epoch:
                self.state = State.RECOVER
        else:
            self.body.do(Halt(f"{sender} speaks for epoch {message.epoch}, which is this core's"))

    def _ack(self, sender: str, message: Ack) -> None:
        if self.owner is not None and message.epoch == self.owner.epoch:
            self.owner.acked(sender, message)

    def _behind(self, sender: str, message: Behind) -> None:
        if self.owner is not None and message.epoch == self.owner.epoch:
            self.owner.behind(sender, message)

    def _refused(self, sender: str, message: Refused) -> None:
        """Writers' rule: the first refusal ends the epoch. If the seat is still this core's, it takes a higher one."""
        if self.owner is not None and message.epoch == self.owner.epoch:
            self._stop_owning(message.promised)
            self._claim((), f"{sender} has promised {message.promised}", above=message.promised)

    def _seat_answer(self, _: str, answer: SeatAnswer) -> None:
        if not self.body.note_seat(answer):
            return
        if self.owner is not None:
            if not self.owner.seat_answered(answer):
                self._fence(self.epoch_known)
        elif self.claim is not None:
            self.claim.answered(answer)
            if self.claim.stage is Stage.OVER:
                self.claim = None
                self._fence_if_old()
        elif self.names_this_core(answer):
            self.take_up()
        else:
            self._fence_if_old()

    # --- members --------------------------------------------------------------------------------------------------

    def heartbeat(self, connection: str) -> Records | None:
        """What this core says on a connection that was silent for `heartbeat_ms`; None if it has no session."""
        return self.owner.door.heartbeat(connection) if self.owner is not None else None

    def _opened(self, event: Opened) -> None:
        if self.owner is not None:
            self.owner.door.opened(event)
        else:
            self.body.do(Tell(event.connection, session_record(SessionKind.FENCED, epoch=self.epoch_known)))
            self.body.do(Close(event.connection, None))

    def _said(self, event: Said) -> None:
        if self.owner is not None:
            self.owner.said(event)

    def _drained(self, event: Drained) -> None:
        if self.owner is not None:
            self.owner.door.drained(event.connection)

    def _gone(self, event: Gone) -> None:
        if self.owner is not None:
            self.owner.door.gone(event.connection)
            self.owner.match_next()

    # --- from state to state --------------------------------------------------------------------------------------

    def names_this_core(self, answer: SeatAnswer) -> bool:
        """The seat is this core's, from an earlier life or a claim whose answer was lost."""
        return answer.seat is not None and answer.seat.owner == self.body.name

    def take_up(self) -> None:
        """Rule 3: also the same core takes a new epoch."""
        self._claim((), "start")

    def _claim(self, people: tuple[str, ...], reason: str, above: int = 0) -> None:
        self.follower.forget_owner()
        self.state = State.RECOVER
        self.claim = self.claim_type(self.body, people, reason, above)

    def _open_if_won(self, claim: Claim) -> None:
        if claim.is_won and claim.asked is not None:
            self.claim = None
            self.state = State.MATCH
            self.owner = self.owner_type(
                self.body, claim.asked.seat, claim.asked.expected_version + 1, claim.mark_index, self._batches
            )

    def _fence_if_old(self) -> None:
        """A core that matched last, in an epoch that is over: yesterday's owner starts FENCED."""
        if self.state is State.RECOVER and self.body.log.owner == self.body.name:
            seat = self.body.seat.seat
            if seat is not None and seat.epoch > self.body.log.epoch:
                self._fence(seat.epoch)

    def _stop_owning(self, epoch: int) -> None:
        if self.owner is not None:
            self._batches = self.owner.batches
            self.owner.end(epoch)
            self.owner = None

    def _fence(self, epoch: int) -> None:
        self._stop_owning(epoch)
        self.state = State.FENCED
        self.body.alarm(f"FENCED, epoch {epoch}")

    @property
    def epoch_known(self) -> int:
        """The highest epoch this core knows of: what FENCED says."""
        seat = self.body.seat.seat
        return max(self.follower.epoch, seat.epoch if seat is not None else 0)

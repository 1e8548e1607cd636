"""What a core is in every state: its journal, its lines' flow, its promise, and how much of it is durable.

Invariants: `promised` never falls and is at least the epoch of any frame appended here; `synced` and `released` are
indexes of the log, never beyond its end; a promise counts for the fence from the moment it is asked for, for others
only from the moment it is durable.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evermarket.records.kinds import Make
from evermarket.venue.protocol.actions import Action, Alarm, Append, Promise, Send, Sync
from evermarket.venue.protocol.archive import Archive
from evermarket.venue.protocol.events import Synced
from evermarket.venue.protocol.flow import FLOW_ROWS, Flow
from evermarket.venue.protocol.frames import Block, Frame, Seal, sealed
from evermarket.venue.protocol.log import Log
from evermarket.venue.protocol.messages import Message
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, ReadSeat, SeatAnswer


@dataclass(frozen=True, slots=True)
class Settings:
    """A core's name, all cores of the partition, and the limits. Three silent beats make a follower late (rule 4).

    `number`, `make`, `trading_day`, `heartbeat_ms` are what members are told; `seal` makes the journal's chain.
    `batch_records_max`: commands in one batch; `records_sent_max`: records in one Replicate, a larger block goes alone;
    `records_kept_max`: records of the journal in memory; `records_told_max`: records of old flow in one Tell;
    `flow_rows`: room for members' flows at the start (`Flow`).
    """

    name: str
    members: tuple[str, ...]
    seal: Seal
    number: int = 1
    make: Make = Make.PRIMARY
    trading_day: int = 0
    heartbeat_ms: int = 1_000
    beat_ms: int = 50
    silent_beats_max: int = 3
    batch_records_max: int = 4_096
    frames_sent_max: int = 64
    records_sent_max: int = 65_536
    records_kept_max: int = 1_000_000
    records_told_max: int = 16_384
    flow_rows: int = FLOW_ROWS
    skew_ns_max: int = 1_000_000_000


class Body:
    """Shared by the parts of a node; they ask for actions through it."""

    flow_type = Flow

    def __init__(self, settings: Settings, frames: Iterable[Frame], promised: int, archive: Archive) -> None:
        self.settings = settings
        self.log = Log(archive, settings.records_kept_max)
        self.flow = self.flow_type(settings.flow_rows)
        for frame in frames:
            self._add(frame)
            self.log.forget(self.log.end)
        self.promised = max(promised, self.log.epoch)
        self.promise_durable = self.promised
        self.synced = self.log.end
        self.released = 0
        self.is_clean = True
        self.seat = SeatAnswer(0, None, False)
        self.clock_ns = 0
        self._actions: list[Action] = []

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(member for member in self.settings.members if member != self.name)

    # --- asking for actions ---------------------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        self._actions.append(action)

    def take_actions(self) -> list[Action]:
        """What was asked for since the last call, in order."""
        actions, self._actions = self._actions, []
        return actions

    def send(self, to: str, message: Message) -> None:
        self.do(Send(to, message))

    def alarm(self, text: str) -> None:
        self.do(Alarm(f"{self.name}: {text}"))

    def read_seat(self) -> None:
        self.send(SEAT, ReadSeat())

    def ask_seat(self, request: CompareAndSet) -> None:
        self.send(SEAT, request)

    # --- the journal ----------------------------------------------------------------------------------------------

    @property
    def released_position(self) -> int:
        """The last position that may be told."""
        return self.log.position_at(self.released)

    def append_own(self, frame: Frame) -> Frame:
        """Seal a frame of this core behind the log's end and write it."""
        whole = sealed(frame, self.log.chain, self.settings.seal)
        self.append((whole,))
        return whole

    def append(self, frames: tuple[Frame, ...]) -> None:
        for frame in frames:
            self._add(frame)
        self.do(Append(frames))

    def _add(self, frame: Frame) -> None:
        self.log.append(frame)
        if isinstance(frame, Block):
            self.flow.fold(frame.records, frame.last)

    def cut_after(self, index: int) -> tuple[Frame, ...]:
        """Take a tail off log and flow; what was taken."""
        tail = tuple(self.log.cut_after(index))
        self.synced, self.released = min(self.synced, index), min(self.released, index)
        self.flow.cut(self.log.position)
        return tail

    def sync(self) -> None:
        """Ask for the log's end to be durable."""
        self.do(Sync(self.log.end, self.log.chain))

    def note_synced(self, event: Synced) -> None:
        """A sync of something that was cut meanwhile says nothing."""
        if self.log.chain_at(event.index) == event.chain:
            self.synced = max(self.synced, event.index)
            self.log.forget(self.synced)

    def promise(self, epoch: int) -> None:
        """Refuse every lower epoch from now on, and write that down (rule 2)."""
        assert epoch > self.promised, f"{self.name} has promised {self.promised}, not less than {epoch}"
        self.promised = epoch
        self.do(Promise(epoch))

    def note_promised(self, epoch: int) -> None:
        self.promise_durable = max(self.promise_durable, epoch)

    def note_seat(self, answer: SeatAnswer) -> bool:
        """Keep the newest value seen. False: an answer older than one before it, delayed on the way."""
        if answer.version < self.seat.version:
            return False
        self.seat = answer
        return True

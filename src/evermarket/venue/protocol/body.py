"""What a core is in every state: its journal, its line tables, its promise, and how much of it is durable.

Invariants: `promised` never falls and is at least the epoch of any frame appended here; `synced` and `released` are
indexes of the log, never beyond its end; a promise counts for the fence from the moment it is asked for, for others
only from the moment it is durable.
"""

from dataclasses import dataclass

from evermarket.venue.protocol.actions import Action, Alarm, Append, Promise, Send, Sync
from evermarket.venue.protocol.events import Synced
from evermarket.venue.protocol.frames import Chain, Frame, sealed, sha256_chain
from evermarket.venue.protocol.lines import Lines
from evermarket.venue.protocol.log import Log
from evermarket.venue.protocol.messages import Message
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, ReadSeat, SeatAnswer


@dataclass(frozen=True, slots=True)
class Settings:
    """A core's name, all cores of the partition, and the limits. Three silent beats make a follower late (rule 4)."""

    name: str
    members: tuple[str, ...]
    beat_ms: int = 50
    silent_beats_max: int = 3
    batch_orders_max: int = 256
    frames_sent_max: int = 64
    skew_ns_max: int = 1_000_000_000
    chain: Chain = sha256_chain


class Body:
    """Shared by the parts of a node; they ask for actions through it."""

    lines_type = Lines

    def __init__(self, settings: Settings, frames: tuple[Frame, ...], promised: int) -> None:
        self.settings = settings
        self.log = Log(frames)
        self.lines = self.lines_type()
        self.lines.rebuild(frames)
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

    def append_own(self, frame: Frame) -> Frame:
        """Seal a frame of this core behind the log's end and write it."""
        whole = sealed(frame, self.log.chain, self.settings.chain)
        self.append((whole,))
        return whole

    def append(self, frames: tuple[Frame, ...]) -> None:
        for frame in frames:
            self.log.append(frame)
            self.lines.fold(frame)
        self.do(Append(frames))

    def sync(self) -> None:
        """Ask for the log's end to be durable."""
        self.do(Sync(self.log.end, self.log.chain))

    def note_synced(self, event: Synced) -> None:
        """A sync of something that was cut meanwhile says nothing."""
        if self.log.chain_at(event.index) == event.chain:
            self.synced = max(self.synced, event.index)

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

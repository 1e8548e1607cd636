"""What must never happen, looked at while it runs and after healing. An error here is a Violation with its sentence."""

from evermarket.venue.protocol.actions import Alarm, Halt, Release
from evermarket.venue.protocol.frames import Block, Frame, Mark, Outcome
from evermarket.venue.protocol.messages import NeverReceived, Report


class Violation(AssertionError):
    """The market broke its word."""


class Oracle:
    """All that was released and told, by whom, in which epoch."""

    def __init__(self) -> None:
        self.owners: dict[int, tuple[str, int]] = {}
        self.at_position: dict[int, bytes] = {}
        self.marks: dict[int, int] = {}
        self.released_outcomes: dict[tuple[int, int], Outcome] = {}
        self.executed: dict[tuple[int, int], int] = {}
        self.sent: dict[int, int] = {}
        self.told_outcomes: dict[tuple[int, int], Outcome] = {}
        self.answered: dict[int, set[int]] = {}
        self.alarms = 0
        self._seen: set[bytes] = set()
        self._last_by_epoch: dict[int, int] = {}

    # --- while it runs --------------------------------------------------------------------------------------------

    def released(self, name: str, life: int, action: Release) -> None:
        owner = self.owners.setdefault(action.epoch, (name, life))
        if owner != (name, life):
            raise Violation(f"epoch {action.epoch} has two owners: {owner} and {(name, life)}")
        for frame in action.frames:
            if frame.chain in self._seen:
                continue
            self._seen.add(frame.chain)
            if isinstance(frame, Mark):
                self._mark(frame)
            else:
                self._block(frame, action.epoch)

    def said(self, name: str, action: Alarm | Halt) -> None:
        self.alarms += 1
        if isinstance(action, Halt) and not action.reason.endswith("failed"):
            raise Violation(f"{name} halts: {action.reason}")

    def ordered(self, line: int, order_id: int) -> None:
        self.sent[line] = order_id

    def told(self, line: int, message: Report | NeverReceived) -> None:
        if isinstance(message, NeverReceived):
            raise Violation(f"line {line} hears that order {message.order_id} was never received")
        outcome = message.outcome
        if self.released_outcomes.get((line, outcome.position)) != outcome:
            raise Violation(f"line {line} was told {outcome}, which nobody released")
        self.told_outcomes[line, outcome.position] = outcome
        if outcome.order_id in self.answered.setdefault(line, set()):
            raise Violation(f"line {line} was told twice of order {outcome.order_id}")
        if outcome.order_id:
            self.answered[line].add(outcome.order_id)

    def _mark(self, mark: Mark) -> None:
        self.marks[mark.epoch] = mark.last
        for epoch, last in self._last_by_epoch.items():
            if epoch < mark.epoch and last > mark.last:
                raise Violation(f"epoch {mark.epoch} begins behind {mark.last}, epoch {epoch} had released {last}")

    def _block(self, block: Block, epoch: int) -> None:
        for later, end in self.marks.items():
            if later > epoch and block.last > end:
                raise Violation(f"epoch {epoch} releases {block.last} beyond its end {end}")
        self._last_by_epoch[epoch] = max(self._last_by_epoch.get(epoch, 0), block.last)
        for position in range(block.first, block.last + 1):
            if self.at_position.setdefault(position, block.chain) != block.chain:
                raise Violation(f"position {position} was released twice with different content")
        for outcome in block.outcomes:
            self.released_outcomes[outcome.line, outcome.position] = outcome
            if outcome.order_id:
                key = outcome.line, outcome.order_id
                if self.executed.setdefault(key, outcome.position) != outcome.position:
                    raise Violation(f"order {outcome.order_id} of line {outcome.line} was executed twice")

    # --- after healing --------------------------------------------------------------------------------------------

    def unanswered(self) -> dict[int, list[int]]:
        """Orders that nobody answered, by line."""
        return {
            line: missing
            for line, last in self.sent.items()
            if (missing := [n for n in range(1, last + 1) if n not in self.answered.get(line, ())])
        }

    def check_journal(self, frames: tuple[Frame, ...]) -> None:
        """The surviving journal holds everything that was ever told or released, once, in order."""
        chains = {frame.chain for frame in frames}
        if not self._seen <= chains:
            raise Violation("something released has disappeared")
        outcomes = [outcome for frame in frames if isinstance(frame, Block) for outcome in frame.outcomes]
        there = {(outcome.line, outcome.position): outcome for outcome in outcomes}
        for key, outcome in self.told_outcomes.items():
            if there.get(key) != outcome:
                raise Violation(f"line {key[0]} was told {outcome}; the journal says {there.get(key)}")
        orders = [(outcome.line, outcome.order_id) for outcome in outcomes if outcome.order_id]
        if len(orders) != len(set(orders)):
            raise Violation("an order stands twice in the journal")
        self._check_order(frames)

    def _check_order(self, frames: tuple[Frame, ...]) -> None:
        position = time_ns = epoch = 0
        for frame in frames:
            first = frame.first if isinstance(frame, Block) else frame.last + 1
            if first != position + 1 or frame.time_ns <= time_ns or frame.epoch < epoch:
                raise Violation(f"frame {frame} does not follow position {position}, time {time_ns}, epoch {epoch}")
            position, time_ns, epoch = frame.last, frame.time_ns, frame.epoch

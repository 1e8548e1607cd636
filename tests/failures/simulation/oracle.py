"""What must never happen, looked at while it runs and after healing. An error here is a Violation with its sentence."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from tests.models.slow_flow import SlowFlow

from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.session import FIRST_SESSION_KIND, NEVER_RECEIVED, FlowFlag
from evermarket.venue.protocol.actions import Alarm, Halt, Release
from evermarket.venue.protocol.frames import Block, Frame, Mark

KNOWN_HALTS = ("failed", "the core broke on a batch")
REPEAT_AT = 17


class Violation(AssertionError):  # noqa: N818
    """The market broke its word."""


class Oracle:
    """All that was released and told, by whom, in which epoch."""

    def __init__(self) -> None:
        self.owners: dict[int, tuple[str, int]] = {}
        self.at_position: dict[int, bytes] = {}
        self.marks: dict[int, int] = {}
        self.executed: dict[tuple[int, int], int] = {}
        self.last_id: dict[int, int] = {}
        self.told_flow: dict[int, dict[int, bytes]] = defaultdict(dict)
        self.not_taken: dict[int, set[int]] = defaultdict(set)
        self.order_no = 0
        self.orders = 0
        self.alarms = 0
        self.quarantined = 0
        self._seen: set[bytes] = set()
        self._last_by_epoch: dict[int, int] = {}
        self._released = 0

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
        if isinstance(action, Halt) and not action.reason.endswith(KNOWN_HALTS):
            raise Violation(f"{name} halts: {action.reason}")
        if isinstance(action, Alarm) and "knows of position" in action.text:
            raise Violation(action.text)

    def ordered(self, line: int, last_id: int) -> None:
        self.last_id[line] = last_id
        self.orders += 1

    def told(self, line: int, records: Records) -> None:
        """What a gate gave its member."""
        told = self.told_flow[line]
        for raw in records.view("V64"):
            record = bytearray(raw.tobytes())
            if record[16] >= FIRST_SESSION_KIND:
                self._told_by_session(line, np.frombuffer(bytes(record), NEVER_RECEIVED))
                continue
            position = int.from_bytes(record[:8], "little")
            record[REPEAT_AT] &= ~FlowFlag.REPEAT & 0xFF
            if position > self._released:
                raise Violation(f"line {line} was told position {position}, {self._released} are released")
            if told and position <= next(reversed(told)):
                raise Violation(f"line {line} was told position {position} behind {next(reversed(told))}")
            told[position] = bytes(record)

    def _told_by_session(self, line: int, record: Records) -> None:
        cl_ord_id = int(record["cl_ord_id"][0])
        if (line, cl_ord_id) in self.executed:
            raise Violation(f"line {line} hears that {cl_ord_id} was not taken, and it was executed")
        self.not_taken[line].add(cl_ord_id)

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
        self._released = max(self._released, block.last)
        for position in range(block.first, block.last + 1):
            if self.at_position.setdefault(position, block.chain) != block.chain:
                raise Violation(f"position {position} was released twice with different content")
        for line, cl_ord_id, position in commands_of(block):
            if self.executed.setdefault((line, cl_ord_id), position) != position:
                raise Violation(f"command {cl_ord_id} of line {line} was executed twice")
            if cl_ord_id in self.not_taken[line]:
                raise Violation(f"command {cl_ord_id} of line {line} was executed, and told never to have been taken")
        is_new = block.records["kind"] == Kind.ACCEPTED
        self.order_no += int(is_new.sum())

    # --- after healing --------------------------------------------------------------------------------------------

    def check_journal(self, frames: Sequence[Frame], sent: dict[int, set[int]], public: set[int]) -> None:
        """The surviving journal holds everything that was ever told or released, once, in order; every line was told
        its flow, whole. `sent`: ids by line; `public`: lines that wished the public flow."""
        chains = {frame.chain for frame in frames}
        if not self._seen <= chains:
            raise Violation("something released has disappeared")
        self._check_order(frames)
        slow = SlowFlow()
        for frame in frames:
            if isinstance(frame, Block):
                slow.fold(frame.records)
        for line, ids in sent.items():
            self._check_line(line, ids, slow, wishes_public=line in public)

    def _check_line(self, line: int, ids: set[int], slow: SlowFlow, *, wishes_public: bool) -> None:
        should = slow.told(line, wishes_public=wishes_public)
        told = self.told_flow[line]
        for position in sorted(should.keys() | told.keys()):
            if should.get(position) != told.get(position):
                raise Violation(
                    f"line {line}, position {position}: told {told.get(position)!r}, journal {should.get(position)!r}"
                )
        executed = set(slow.ids[line])
        if executed & self.not_taken[line] or executed | self.not_taken[line] != ids:
            raise Violation(
                f"line {line}: nobody knows of {sorted(ids - executed - self.not_taken[line])}, "
                f"both executed and not: {sorted(executed & self.not_taken[line])}"
            )

    def _check_order(self, frames: Sequence[Frame]) -> None:
        position = time_ns = epoch = 0
        seen: set[tuple[int, int]] = set()
        for frame in frames:
            first = frame.first if isinstance(frame, Block) else frame.last + 1
            if first != position + 1 or frame.time_ns <= time_ns or frame.epoch < epoch:
                raise Violation(f"frame {frame} does not follow position {position}, time {time_ns}, epoch {epoch}")
            position, time_ns, epoch = frame.last, frame.time_ns, frame.epoch
            if isinstance(frame, Block):
                self.quarantined += int((frame.records["code"][frame.records["kind"] == Kind.REJECTED] == 5).sum())
                commands = {(line, cl_ord_id) for line, cl_ord_id, _ in commands_of(frame)}
                if commands & seen or len(commands) != len(list(commands_of(frame))):
                    raise Violation(f"a command stands twice in the journal, block {frame.first} to {frame.last}")
                seen |= commands


def commands_of(block: Block) -> list[tuple[int, int, int]]:
    """Line, id and position of every member's command in a block."""
    kinds = block.records["kind"]
    rows = block.records.view(LAYOUT[Kind.NEW])[(kinds < FIRST_EVENT) & (kinds <= Kind.VOID_TRADE)]
    return [(int(row["line"]), int(row["cl_ord_id"]), int(row["position"])) for row in rows if row["line"]]

"""The owner (protocol 3, MATCH): match, append, sync and replicate side by side, release (rules 1 and 7).

Invariants: one batch is in the core and one block in the disk at a time, the core a batch ahead of the disk at most;
what comes meanwhile is the next batch. `body.released` is synced here and acknowledged by everybody counted. One epoch
is one Owner.
"""

from typing import Final

from evermarket.records import HEADER, Records
from evermarket.venue.protocol.actions import Match, Quarantine, Release, Restore, SetTimer
from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.door import NOTHING, Door
from evermarket.venue.protocol.events import Matched, MatchFailed, Said
from evermarket.venue.protocol.flow import words_of
from evermarket.venue.protocol.frames import Block
from evermarket.venue.protocol.kernels.taking import stamp as stamp_commands
from evermarket.venue.protocol.membership import Membership, Progress
from evermarket.venue.protocol.messages import Ack, Behind, Replicate
from evermarket.venue.protocol.seat import Seat, SeatAnswer
from evermarket.venue.protocol.stamp import stamp

SILENT_BEATS: Final = 10
"""So many beats without a word, and a follower is sent heartbeats alone until it answers."""


class Owner:
    """Begins with its mark synced, alone in step: everything up to the mark is released. `batches`: numbers given to
    batches in this life of the core."""

    door_type = Door
    membership_type = Membership

    def __init__(self, body: Body, seat: Seat, version: int, mark_index: int, batches: int) -> None:
        self.body = body
        self.epoch = seat.epoch
        self.door = self.door_type(body, seat.epoch)
        self.membership = self.membership_type(body, seat, version, mark_index)
        self.followers = {name: Progress(mark_index - 1, mark_index) for name in body.others}
        self.batches = batches
        self.batch: Records = NOTHING
        self.matched_early: Matched | None = None
        self._is_alone = False
        self._is_clock_told = False
        self.release()
        for name in self.followers:
            self._replicate(name)

    # --- commands -------------------------------------------------------------------------------------------------

    def said(self, event: Said) -> None:
        self.door.said(event)
        self.match_next()

    def match_next(self) -> None:
        """Rule 7: one batch; a command whose fate its sender does not know alone, it may be what killed the core."""
        if len(self.batch) or not self.door.waiting.records:
            return
        self.batch, self._is_alone = self.next_batch()
        self.door.in_core = self.batch
        stamp_commands(words_of(self.batch), self._stamp(), self.next_order_no())
        self.batches += 1
        self.body.do(Match(self.batches, self.batch, self.body.log.position + 1))

    def next_batch(self) -> tuple[Records, bool]:
        return self.door.waiting.next_batch(self.body.settings.batch_records_max)

    def next_order_no(self) -> int:
        """Order numbers are dense over the day, whoever owned the market before (docs/format.md, 5.3)."""
        return self.body.flow.order_no + 1

    def match_failed(self, event: MatchFailed) -> str:
        """Quarantine what came alone; a batch that breaks the core halts it: its commands come back flagged."""
        if event.batch != self.batches or not len(self.batch):
            return ""
        if not self._is_alone:
            return "the core broke on a batch"
        self.body.alarm(f"a command at position {self.body.log.position + 1} is quarantined")
        self.body.do(Restore(self.body.log.end))
        self.batches += 1
        self._is_alone = False
        self.body.do(Quarantine(self.batches, self.batch, self.body.log.position + 1))
        return ""

    def matched(self, event: Matched) -> None:
        """A batch is ready for the journal as soon as the block before it is synced."""
        if event.batch != self.batches or not len(self.batch) or self.matched_early is not None:
            return
        assert len(event.records) > len(self.batch), "a batch without an event"
        if self.body.synced < self.body.log.end:
            self.matched_early = event
        else:
            self._append(event)

    def _append(self, event: Matched) -> None:
        """Append, then sync and replicate side by side; the core goes on meanwhile."""
        first = self.body.log.position + 1
        last = first + len(event.records) - 1
        records = event.records.view(HEADER)
        time_ns = int(self.batch["time"][0])
        self.body.append_own(Block(self.epoch, first, last, time_ns, event.digest, records))
        self.batch = self.door.in_core = NOTHING
        self.body.sync()
        for name in self.followers:
            self._replicate(name)
        self.release()
        self.match_next()

    # --- release --------------------------------------------------------------------------------------------------

    def synced(self) -> None:
        self.release()
        if self.matched_early is not None and self.body.synced >= self.body.log.end:
            event, self.matched_early = self.matched_early, None
            self._append(event)

    def safe_index(self) -> int:
        """Rule 1: synced here, and acknowledged as synced by everybody who counts."""
        return min([self.body.synced, *(self.followers[name].acked for name in self.membership.counted())])

    def release(self) -> None:
        before, upto = self.body.released, self.safe_index()
        if upto <= before:
            return
        self.body.released = upto
        frames = self.body.log.between(before, upto)
        self.body.do(Release(self.epoch, frames))
        self.door.release([frame for frame in frames if isinstance(frame, Block)])

    def seat_answered(self, answer: SeatAnswer) -> bool:
        """False: the seat has left this epoch. Whoever a release waited for may be out of it: nothing else would tell
        before the next command."""
        if not self.membership.answered(answer):
            return False
        self.release()
        return True

    def end(self, fenced_by: int) -> None:
        """The epoch is over for this owner. What the core worked and the journal does not have is undone."""
        self.door.close_all(fenced_by)
        if len(self.batch):
            self.body.do(Restore(self.body.log.end))

    # --- followers ------------------------------------------------------------------------------------------------

    def acked(self, name: str, ack: Ack) -> None:
        follower = self.followers[name]
        follower.silent_beats = 0
        follower.is_clean = ack.is_clean
        if self.body.log.chain_at(ack.index) != ack.chain:
            self.body.alarm(f"{name} acknowledges another history at frame {ack.index}")
            return
        if ack.index > follower.acked:
            follower.acked = follower.known = ack.index
            follower.late_beats = 0
            follower.next_index = max(follower.next_index, ack.index + 1)
        self.release()
        self.membership.consider(self.followers)
        if follower.next_index <= self.body.log.end:
            self._replicate(name)

    def behind(self, name: str, message: Behind) -> None:
        """Try where the follower says, but never before what it has acknowledged: up to there its log is this one, and
        what it has behind that may be a tail of its own."""
        follower = self.followers[name]
        follower.silent_beats = 0
        follower.known = max(follower.acked, min(message.have_index, self.body.log.end))
        follower.next_index = follower.known + 1
        self._replicate(name)

    def beat(self) -> None:
        """Heartbeats, repetition of what may be lost, and the patience with followers."""
        for name, follower in self.followers.items():
            follower.silent_beats += 1
            if follower.acked < self.body.log.end:
                follower.late_beats += 1
                follower.next_index = follower.known + 1
            self._replicate(name)
        self.membership.beat()
        self.membership.consider(self.followers)
        self.body.do(SetTimer(self.body.settings.beat_ms))

    # --- inside -------------------------------------------------------------------------------------------------

    def _replicate(self, name: str) -> None:
        follower, log, settings = self.followers[name], self.body.log, self.body.settings
        after = follower.next_index - 1
        chain = log.chain_at(after)
        assert chain is not None, f"{name} is expected beyond the log's end"
        upto = after  # who says nothing is only asked whether he is there: the journal is not read for nobody
        if follower.silent_beats <= SILENT_BEATS:
            upto = log.upto_records(after, settings.frames_sent_max, settings.records_sent_max)
        follower.next_index = upto + 1
        self.body.send(name, Replicate(self.epoch, after, chain, log.between(after, upto), self.body.released))

    def _stamp(self) -> int:
        """Rule 10."""
        last_ns = self.body.log.time_ns
        if self.body.clock_ns < last_ns - self.body.settings.skew_ns_max and not self._is_clock_told:
            self._is_clock_told = True
            self.body.alarm("its clock went back; time stands until the clock has caught up (rule 10)")
        return stamp(self.body.clock_ns, last_ns)

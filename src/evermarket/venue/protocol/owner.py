"""The owner (protocol 3, MATCH): match, append, sync and replicate side by side, release (rules 1 and 7).

Invariants: one batch is in the core and one block in the disk at a time (what comes meanwhile is the next batch);
`body.released` is synced here and acknowledged by everybody counted. One life of a core is one Owner.
"""

from collections import deque

from evermarket.venue.protocol.actions import Match, Quarantine, Release, Restore, SetTimer
from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.door import Door
from evermarket.venue.protocol.events import Matched
from evermarket.venue.protocol.frames import Block, Order
from evermarket.venue.protocol.membership import Membership, Progress
from evermarket.venue.protocol.messages import Ack, Behind, Replicate, Submit
from evermarket.venue.protocol.seat import Seat
from evermarket.venue.protocol.stamp import stamp


class Owner:
    """Begins with its mark synced, alone in step: everything up to the mark is released."""

    door_type = Door
    membership_type = Membership

    def __init__(self, body: Body, seat: Seat, version: int, mark_index: int) -> None:
        self.body = body
        self.epoch = seat.epoch
        self.door = self.door_type(body, seat.epoch)
        self.membership = self.membership_type(body, seat, version, mark_index)
        self.followers = {name: Progress(mark_index - 1, mark_index) for name in body.others}
        self.waiting: deque[Order] = deque()
        self.batch: tuple[Order, ...] = ()
        self.batch_time_ns = 0
        self._is_quarantine = False
        self._is_clock_told = False
        self.release()
        for name in self.followers:
            self._replicate(name)

    # --- orders ---------------------------------------------------------------------------------------------------

    def submit(self, message: Submit) -> None:
        order = self.door.submit(message)
        if order is not None:
            self.waiting.append(order)
            self.match_next()

    def match_next(self) -> None:
        """Rule 7: one batch; a flagged order alone, for it may be what killed the core before."""
        if self.batch or not self.waiting or self.body.synced < self.body.log.end:
            return
        self.batch = self.next_batch()
        self.batch_time_ns = self._stamp()
        self.body.do(Match(self.batch, self._first_position(), self.batch_time_ns))

    def next_batch(self) -> tuple[Order, ...]:
        batch = [self.waiting.popleft()]
        limit = 1 if batch[0].is_resend else self.body.settings.batch_orders_max
        while len(batch) < limit and self.waiting and not self.waiting[0].is_resend:
            batch.append(self.waiting.popleft())
        return tuple(batch)

    def match_failed(self) -> str:
        """Quarantine what came alone; a batch that breaks the core halts it: its orders come back flagged."""
        if len(self.batch) != 1 or not self.batch[0].is_resend:
            return "the core broke on a batch"
        order = self.batch[0]
        self._is_quarantine = True
        self.body.alarm(f"order {order.order_id} of line {order.line} is quarantined")
        self.body.do(Restore(self.body.log.end))
        self.body.do(Quarantine(order, self._first_position(), self.batch_time_ns))
        return ""

    def matched(self, event: Matched) -> None:
        """Append, then sync and replicate side by side."""
        first = self._first_position()
        assert event.last >= first, "a batch without a record"
        self.body.append_own(
            Block(
                self.epoch,
                first,
                event.last,
                self.batch_time_ns,
                event.digest,
                event.payload,
                event.outcomes,
                self._is_quarantine,
            )
        )
        self.batch, self._is_quarantine = (), False
        self.body.sync()
        for name in self.followers:
            self._replicate(name)
        self.release()

    # --- release --------------------------------------------------------------------------------------------------

    def synced(self) -> None:
        self.release()
        self.match_next()

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
        for frame in frames:
            for outcome in frame.outcomes if isinstance(frame, Block) else ():
                self.door.report(outcome, is_repeat=False)

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
        follower = self.followers[name]
        follower.silent_beats = 0
        if message.have_index >= follower.acked:
            follower.known = min(message.have_index, self.body.log.end)
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
        self.door.beat()
        self.body.do(SetTimer(self.body.settings.beat_ms))

    # --- inside -------------------------------------------------------------------------------------------------

    def _replicate(self, name: str) -> None:
        follower, log = self.followers[name], self.body.log
        after = follower.next_index - 1
        chain = log.chain_at(after)
        assert chain is not None, f"{name} is expected beyond the log's end"
        frames = log.between(after, min(log.end, after + self.body.settings.frames_sent_max))
        follower.next_index += len(frames)
        self.body.send(name, Replicate(self.epoch, after, chain, frames, self.body.released))

    def _first_position(self) -> int:
        return self.body.log.position_at(self.body.log.end) + 1

    def _stamp(self) -> int:
        """Rule 10."""
        last_ns = self.body.log.time_ns
        if self.body.clock_ns < last_ns - self.body.settings.skew_ns_max and not self._is_clock_told:
            self._is_clock_told = True
            self.body.alarm("its clock went back; time stands until the clock has caught up (rule 10)")
        return stamp(self.body.clock_ns, last_ns)

"""The follower (protocol 3, RECOVER): append what the owner sends, sync, acknowledge, match in the shadow, compare.

Invariants: nothing of an epoch below the promise is appended; an acknowledgement covers only what is synced here *and*
known to be the owner's history; what conflicts with the owner's history leaves the journal through the side file.
"""

from evermarket.venue.protocol.actions import CutTail, Halt, Restore, Shadow, SideFile
from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.events import Shadowed
from evermarket.venue.protocol.frames import Block, Frame
from evermarket.venue.protocol.messages import Ack, Behind, Refused, Replicate
from evermarket.venue.protocol.stamp import is_step


class Follower:
    """Follows one owner after the other. `matched`: up to where the log is known to be that of `epoch`'s owner."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.epoch = 0
        self.owner = ""
        self.matched = 0
        self.silent_beats = 0
        self._is_clock_told = False

    def refuses(self, epoch: int) -> bool:
        """Rule 2: the fence."""
        return epoch < self.body.promised

    def follow(self, sender: str, message: Replicate) -> None:
        """An append or a heartbeat from somebody who says that he owns an epoch."""
        if self.refuses(message.epoch):
            self.body.send(sender, Refused(message.epoch, self.body.promised))
            return
        self._turn_to(sender, message.epoch)
        self.silent_beats = 0
        if self.body.log.chain_at(message.after_index) != message.after_chain:
            self.body.send(sender, Behind(self.epoch, self._before(message.after_index)))
            return
        end = self._take(message)
        self.matched = max(self.matched, end)
        self.body.released = max(self.body.released, min(message.released_index, self.matched))
        if end == message.after_index + len(message.frames):
            self.acknowledge()

    def acknowledge(self) -> None:
        """Tell the owner what is safe here, once the promise of its epoch is."""
        index = min(self.matched, self.acknowledged_end())
        chain = self.body.log.chain_at(index)
        if self.owner and chain is not None and self.body.promise_durable >= self.epoch:
            self.body.send(self.owner, Ack(self.epoch, index, chain, self.body.is_clean))

    def acknowledged_end(self) -> int:
        """Only what is synced."""
        return self.body.synced

    def compare(self, event: Shadowed) -> None:
        """The shadow's digest against the owner's (protocol 5); of a frame that was cut meanwhile it says nothing."""
        if self.body.log.chain_at(event.index) != event.chain:
            return
        frame = self.body.log.frame(event.index)
        if isinstance(frame, Block) and frame.digest != event.digest and self.body.is_clean:
            self.body.is_clean = False
            self.body.alarm(f"differs from the owner at position {frame.last}")

    def forget_owner(self) -> None:
        """This core has promised an epoch of its own: what it knew of an owner's history is over."""
        self.owner, self.matched = "", 0

    # --- inside -------------------------------------------------------------------------------------------------

    def _turn_to(self, sender: str, epoch: int) -> None:
        if epoch > self.body.promised:
            self.body.promise(epoch)
        if (epoch, sender) != (self.epoch, self.owner):
            self.epoch, self.owner, self.matched = epoch, sender, 0
            self._is_clock_told = False

    def _before(self, index: int) -> int:
        """Where the owner should try: this log's end, or before the epoch in which the two part."""
        end = self.body.log.end
        return end if index > end else self.body.log.before_epoch_at(index)

    def _take(self, message: Replicate) -> int:
        """Append what is new; the index up to where the log is the owner's."""
        log, index = self.body.log, message.after_index
        for at, frame in enumerate(message.frames):
            have = log.chain_at(index + 1)
            if have != frame.chain:
                new = self._whole(log.chain_at(index) or b"", message.frames[at:])
                if new and (have is None or self.cut(index, message.epoch)):
                    self._append(new)
                    index += len(new)
                break
            index += 1
        return index

    def _whole(self, chain: bytes, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """The frames if each proves itself; nothing if one is damaged: it is sent again."""
        for frame in frames:
            if frame.seal != self.body.settings.seal(chain, frame):
                self.body.alarm(f"received a damaged frame, position {frame.last}")
                return ()
            chain = frame.chain
        return frames

    def cut(self, index: int, epoch: int) -> bool:
        """Rule 8: what lies beyond the owner's history goes to a side file. False: two histories of one epoch."""
        body = self.body
        if body.log.epoch >= epoch:
            body.do(Halt(f"two histories of epoch {body.log.epoch}"))
            return False
        tail = body.cut_after(index)
        body.do(SideFile(tail))
        body.do(CutTail(index, body.log.position))
        body.do(Restore(index))
        body.alarm(f"{len(tail)} frames behind position {body.log.position} went to a side file")
        return True

    def _append(self, frames: tuple[Frame, ...]) -> None:
        body = self.body
        start = body.log.end
        body.append(frames)
        for index, frame in enumerate(frames, start + 1):
            if isinstance(frame, Block):
                body.do(Shadow(index, frame))
            self._watch_clock(frame)
        body.sync()

    def _watch_clock(self, frame: Frame) -> None:
        if not self._is_clock_told and is_step(self.body.clock_ns, frame.time_ns, self.body.settings.skew_ns_max):
            self._is_clock_told = True
            self.body.alarm(f"its clock and the owner's stamp at position {frame.last} are far apart (rule 10)")

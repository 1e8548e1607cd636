"""A matching core small enough to be seen through: some orders rest, others trade with them, digests follow.

A state is a value, kept under the chain it was reached by, so that restoring is a look-up.
"""

import pickle
import zlib
from dataclasses import dataclass

from evermarket.venue.protocol.events import Matched
from evermarket.venue.protocol.frames import NO_CHAIN, Block, Frame, Order, Outcome

POISON = b"poison"


@dataclass(frozen=True, slots=True)
class State:
    """A digest over everything so far, and who rests."""

    digest: int = 0
    resting_line: int = 0


class Market:
    """One core's matching state."""

    def __init__(self, known: dict[bytes, State]) -> None:
        self._known = known
        known.setdefault(NO_CHAIN, State())
        self.state = State()
        self.is_wrong = False

    def match(self, orders: tuple[Order, ...], first: int, time_ns: int) -> Matched:
        outcomes: list[Outcome] = []
        state, position = self.state, first
        for order in orders:
            outcomes += self._one(order, position, state)
            position = outcomes[-1].position + 1
            state = self._after(state, order)
        self.state = state
        payload = pickle.dumps([(order.line, order.order_id, order.payload) for order in orders])
        return Matched(position - 1, self._digest(), payload, tuple(outcomes))

    def refuse(self, order: Order, first: int) -> Matched:
        """A quarantined order: refused without the core."""
        outcome = Outcome(order.line, order.order_id, first + 1, b"quarantined")
        return Matched(first + 1, self._digest(), b"", (outcome,))

    def shadow(self, block: Block) -> int:
        """The digest after matching a block of another core."""
        orders = tuple(Order(line, order_id, payload) for line, order_id, payload in pickle.loads(block.payload))
        return self.match(orders, block.first, block.time_ns).digest

    def remember(self, frame: Frame) -> None:
        if not self.is_wrong:
            self._known.setdefault(frame.chain, self.state)

    def restore(self, chain: bytes) -> None:
        self.state = self._known[chain]

    # --- inside -------------------------------------------------------------------------------------------------

    def _one(self, order: Order, position: int, state: State) -> list[Outcome]:
        """The command takes a position, then what it causes."""
        if order.order_id % 3 == 1 and state.resting_line not in (0, order.line):
            text = b"traded " + order.payload
            return [
                Outcome(order.line, order.order_id, position + 1, text),
                Outcome(state.resting_line, 0, position + 2, text),
            ]
        return [Outcome(order.line, order.order_id, position + 1, b"accepted " + order.payload)]

    def _after(self, state: State, order: Order) -> State:
        digest = zlib.crc32(order.payload, state.digest ^ order.line)
        if order.order_id % 3 == 1:
            return State(digest, 0)
        return State(digest, order.line)

    def _digest(self) -> int:
        return self.state.digest ^ int(self.is_wrong)

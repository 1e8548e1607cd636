"""Have every kernel of a core's process compiled or loaded before its doors open: a short market in memory.

A compiler at work on the loop's thread would look like a core that hangs.
"""

from collections import deque

import numpy as np

from evermarket.core import warm_up as warm_up_core
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import Right
from evermarket.records.session import Resume, Wish
from evermarket.venue.primary.market import Market
from evermarket.venue.protocol.actions import Action, Match, Promise, Send, Sync
from evermarket.venue.protocol.archive import Positions
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.events import Matched, NodeEvent, Opened, Promised, Received, Said, Started, Synced
from evermarket.venue.protocol.frames import Frame
from evermarket.venue.protocol.node import Node
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, ReadSeat, Register, Seat

_DAY_NS = 86_400_000_000_000


class _Nothing:
    """An archive of a journal that is all in memory."""

    def frames(self, after: int, upto: int) -> list[Frame]:
        raise LookupError(f"frames {after} to {upto} are in memory")

    def records(self, positions: Positions) -> Records:
        raise LookupError(f"{len(positions)} records are in memory")


def warm_up(settings: Settings) -> None:
    """A log-on, an order, its answer and a resend, through a node of these settings."""
    warm_up_core()
    register, market = Register(), Market()
    register.step(CompareAndSet(0, Seat(0, settings.name, (settings.name,), "local", "", "", 0)))
    node = Node(settings, Started((), 0), _Nothing())
    _carry_out(node, market, register, node.start())
    line = blank(Kind.REF_LINE)
    line["line"], line["member"], line["rights"] = 1, 1, Right.ORDERS
    order = blank(Kind.NEW)
    order["line"], order["cl_ord_id"] = 1, 1
    wish = Wish.PUBLIC_FLOW
    for event in (
        Opened("0", 0),
        Said("0", line.view(HEADER)),
        Opened("1", 1, Resume.RESTART, wish=wish),
        Said("1", order.view(HEADER)),
        Said("1", np.array(order).view(HEADER)),
    ):
        _carry_out(node, market, register, node.step(event, _DAY_NS))


def _carry_out(node: Node, market: Market, register: Register, actions: list[Action]) -> None:
    to_do = deque(actions)
    while to_do:
        event: NodeEvent
        match to_do.popleft():
            case Send(to, CompareAndSet() | ReadSeat() as request) if to == SEAT:
                event = Received(SEAT, register.step(request))
            case Promise(epoch):
                event = Promised(epoch)
            case Sync(index, chain):
                event = Synced(index, chain)
            case Match(batch, commands, _):
                event = Matched(batch, *market.match(commands))
            case _:
                continue
        to_do.extend(node.step(event, _DAY_NS))

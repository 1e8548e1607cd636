"""One client's conversation: what it says, what it is answered, what waits for it. Pure: time and texts come in.

Grammar (docs/feed.md, section 6): auth, subscribe, unsubscribe, subscriptions, ping. Bounds: states wait newest only,
one a topic; trades wait in a queue that a client which reads never fills; a client that does not is dropped.
"""

from collections import deque
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from evermarket.records.kinds import Segment
from evermarket.records.units import SECOND_NS
from evermarket.venue.feed.board import Board, Frame, Topic, WebChannel

SUBSCRIPTIONS_MAX: Final = 300
WAITING_TRADES_MAX: Final = 512
REQUESTS_A_SECOND_MAX: Final = 20
REQUEST_BYTES_MAX: Final = 16_384


class Request(msgspec.Struct):
    """What a client sends."""

    event: str
    data: dict[str, Any] = {}


class Refused(ValueError):  # noqa: N818
    """A request that is answered with an error event; the sentence says why."""


class Talk:
    """One client. `admits(apikey)` decides who may listen."""

    def __init__(self, board: Board, admits: Callable[[str], bool]) -> None:
        self._board, self._admits = board, admits
        self.is_admitted = False
        self.is_over = False
        """Nothing more is owed: it was refused, or it is too slow or too loud."""
        self.topics: dict[Topic, None] = {}
        self._states: dict[Topic, bytes] = {}
        self._trades: deque[bytes] = deque()
        self._second = (0, 0)

    def __repr__(self) -> str:
        return f"<Talk {len(self.topics)} topics, {len(self._states)} states and {len(self._trades)} trades wait>"

    def say(self, text: str | bytes, now_ns: int) -> list[bytes]:
        """The answers to one message."""
        try:
            self._count(now_ns)
            return self._answer(text, now_ns)
        except Refused as refused:
            return [_event("error", {"message": str(refused)})]

    def offer(self, frame: Frame) -> None:
        """Something happened on a topic; it waits until it is taken."""
        if frame.topic not in self.topics:
            return
        if frame.topic.channel != WebChannel.TRADES:
            self._states[frame.topic] = frame.data
        elif len(self._trades) < WAITING_TRADES_MAX:
            self._trades.append(frame.data)
        else:
            self.is_over = True

    def take(self) -> list[bytes]:
        """All that waits, trades first; nothing waits afterwards."""
        out = [*self._trades, *self._states.values()]
        self._trades.clear()
        self._states.clear()
        return out

    def _count(self, now_ns: int) -> None:
        second = now_ns // SECOND_NS
        count = self._second[1] + 1 if second == self._second[0] else 1
        self._second = (second, count)
        if count > REQUESTS_A_SECOND_MAX:
            self.is_over = True
            raise Refused(f"more than {REQUESTS_A_SECOND_MAX} requests in a second")

    def _answer(self, text: str | bytes, now_ns: int) -> list[bytes]:
        try:
            request = msgspec.json.decode(text, type=Request)
        except (msgspec.DecodeError, UnicodeError) as wrong:
            raise Refused(f"not a request: {wrong}") from None
        if request.event == "auth":
            return self._auth(request.data)
        if request.event == "ping":
            return [_event("pong", {"time": now_ns // 1_000, "state": request.data.get("state")})]
        if not self.is_admitted:
            raise Refused("auth comes first")
        if request.event == "subscribe":
            return self._subscribe(request.data)
        if request.event == "unsubscribe":
            return self._unsubscribe(request.data)
        if request.event == "subscriptions":
            return [_event("subscriptions", [_told(topic) for topic in self.topics])]
        raise Refused(f"event {request.event!r} is none of auth, subscribe, unsubscribe, subscriptions, ping")

    def _auth(self, data: dict[str, Any]) -> list[bytes]:
        key = data.get("apikey")
        if not isinstance(key, str) or not self._admits(key):
            self.is_over = True
            raise Refused("apikey opens nothing")
        self.is_admitted = True
        return [_event("authenticated", {"message": "Authenticated successfully"})]

    def _subscribe(self, data: dict[str, Any]) -> list[bytes]:
        topics = [self._topic(data, symbol) for symbol in _symbols(data)]
        if len({*self.topics, *topics}) > SUBSCRIPTIONS_MAX:
            raise Refused(f"more than {SUBSCRIPTIONS_MAX} subscriptions")
        for topic in topics:
            if topic.channel != WebChannel.SNAPSHOT:
                self.topics[topic] = None
        told: Any = [_told(topic) for topic in topics]
        first = [self._board.first(topic).data for topic in topics]
        return [_event("subscribed", told if "symbols" in data else told[0]), *first]

    def _topic(self, data: dict[str, Any], symbol: str) -> Topic:
        name = data.get("channel")
        channels = list(map(str, WebChannel))
        if name not in channels:
            raise Refused(f"channel {name!r} is none of {', '.join(channels)}")
        is_odd = data.get("intradayOddLot", data.get("intraday_odd_lot", False))
        segment = Segment.ODD_LOT if is_odd is True else Segment.REGULAR
        if self._board.find(symbol, segment) is None:
            near = get_close_matches(symbol, self._board.symbols(), 3)
            raise Refused(f"symbol {symbol!r} is not known" + (f"; near it: {', '.join(near)}" if near else ""))
        return Topic(WebChannel(name), symbol, segment)

    def _unsubscribe(self, data: dict[str, Any]) -> list[bytes]:
        ids = data.get("ids", [data.get("id")])
        by_id = {topic.id: topic for topic in self.topics}
        if not isinstance(ids, list) or not all(isinstance(one, str) and one in by_id for one in ids):
            raise Refused(f"id {ids!r} is no subscription of this connection")
        for one in dict.fromkeys(ids):
            del self.topics[by_id[one]]
            self._states.pop(by_id[one], None)
        told: Any = [_told(by_id[one]) for one in ids]
        return [_event("unsubscribed", told if "ids" in data else told[0])]


def _symbols(data: dict[str, Any]) -> list[str]:
    symbols = data.get("symbols", [data.get("symbol")])
    if not isinstance(symbols, list) or not symbols or not all(isinstance(one, str) for one in symbols):
        raise Refused("subscribe names a symbol, or a list of symbols")
    return symbols


def _told(topic: Topic) -> dict[str, Any]:
    is_odd = topic.segment == Segment.ODD_LOT
    return {"id": topic.id, "channel": topic.channel, "symbol": topic.symbol, "intraday_odd_lot": is_odd}


def _event(event: str, data: Any) -> bytes:
    return msgspec.json.encode({"event": event, "data": data})


def heartbeat(now_ns: int) -> bytes:
    """Sent when nothing else was for a while."""
    return _event("heartbeat", {"time": now_ns // 1_000})

"""A day written line by line: the commands of a test, readable aloud.

    day = Builder()
    day.tick_table(1, "stock")
    day.line(1, member=1)
    day.book(1, table=1)
    day.prices(1, "100", up="110", down="90")
    day.phase("CONTINUOUS")
    first = day.buy(1, "100.5", 5_000)
    day.cancel(first)
    records = day.records()

Times grow by a millisecond a command unless they are set; client order ids and order numbers are given in turn. Every
field can be overridden by name, so that a test can break exactly one rule: `day.buy(1, "100", 1_000, cl_ord_id=0)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from evermarket.records import NO_PRICE, PRICE_SCALE, Kind, Records
from evermarket.records.kinds import (
    ALLOW_CALL,
    ALLOW_CONTINUOUS,
    Action,
    Allow,
    Match,
    Mode,
    OrdType,
    Phase,
    Segment,
    Side,
    Special,
    Tif,
)
from evermarket.records.units import QTY_MAX, SECOND_NS
from tests.models.words import encode, join

MIDNIGHT_NS = 1_767_571_200 * SECOND_NS - 8 * 3600 * SECOND_NS
"""2026-01-05 00:00 in Taipei."""

STEP_NS = 1_000_000
TABLES = {
    "stock": [("0", "0.01"), ("10", "0.05"), ("50", "0.1"), ("100", "0.5"), ("500", "1"), ("1000", "5")],
    "fund": [("0", "0.01"), ("50", "0.05")],
    "cent": [("0", "0.01")],
    "unit": [("0", "0.0001")],
    "whole": [("0", "1")],
}
ALLOW_ALL = int(ALLOW_CONTINUOUS)
MODES = {
    "CONTINUOUS": (Mode.CONTINUOUS, ALLOW_CONTINUOUS),
    "LUNCH": (Mode.SHUT, Allow.CANCEL),
    "CLOSED": (Mode.SHUT, 0),
    "ENDED": (Mode.SHUT, 0),
    "POST_CLOSE": (Mode.SHUT, 0),
    "BLOCK": (Mode.CONTINUOUS, ALLOW_CONTINUOUS),
    "FIXED_PRICE": (Mode.COLLECT, ALLOW_CALL),
    "NO_CANCEL_CALL": (Mode.COLLECT, Allow.LIMIT_ROD),
}
"""Mode and allow that usually go with a label; any other label collects limit orders."""


def price(text: str | int | None) -> int:
    """ "100.5" in price units; an integer is price units already; None is the null."""
    if text is None:
        return NO_PRICE
    return text if isinstance(text, int) else int(Decimal(text) * PRICE_SCALE)


def seconds(value: float) -> int:
    return round(value * SECOND_NS)


class Builder:
    """Collects commands. `now` is the time the next command gets."""

    def __init__(self, clock: str = "09:00:00") -> None:
        self.rows: list[bytes] = []
        self.now = 0
        self.next_order = 1
        self.default_group = 1
        self.default_line = 1
        self.default_segment = int(Segment.REGULAR)
        self._ids: dict[int, int] = {}
        self.at(clock)

    # -- time and the raw record ----------------------------------------------------------------------------------

    def at(self, clock: str) -> None:
        """Set the time of the next command, "09:05:01" or "09:05:01.5" in Taipei."""
        hours, minutes, rest = clock.split(":")
        self.now = MIDNIGHT_NS + (int(hours) * 3600 + int(minutes) * 60) * SECOND_NS + seconds(float(rest))

    def wait(self, duration_s: float) -> None:
        self.now += seconds(duration_s)

    def raw(self, record: bytes) -> None:
        """A record as it is, time and all."""
        self.rows.append(record)

    def add(self, kind: Kind, **values: int | bytes) -> None:
        """Any command; `time` is filled in, for a TEXT that of the record before it: a run has one time."""
        if kind == Kind.TEXT and self.rows:
            values.setdefault("time", int.from_bytes(self.rows[-1][8:16], "little"))
        values.setdefault("time", self.now)
        self.now = max(self.now, int(values["time"])) + STEP_NS
        self.rows.append(encode(kind, **values))

    def records(self) -> Records:
        """All commands so far."""
        return join(self.rows)

    def take(self) -> Records:
        """The commands since the last `take`."""
        rows, self.rows = self.rows, []
        return join(rows)

    @contextmanager
    def from_line(self, line: int) -> Iterator[None]:
        """Commands inside come from another line."""
        before, self.default_line = self.default_line, line
        yield
        self.default_line = before

    # -- reference data -------------------------------------------------------------------------------------------

    def tick_table(self, table: int, bands: str | list[tuple[str, str]]) -> None:
        """The bands of a table by name (`TABLES`) or as (from, tick)."""
        for start, tick in TABLES[bands] if isinstance(bands, str) else bands:
            self.add(Kind.REF_TICK, table=table, from_price=price(start), tick=price(tick))

    def line(self, line: int, *, member: int, rights: int = 5, account: int = 0) -> None:
        self.add(Kind.REF_LINE, line=line, member=member, rights=rights, account=account)

    def stabilisation(
        self, number: int = 1, *, window_s: float = 300, duration_s: float = 120, **permilles: int
    ) -> None:
        """A set; permilles by name: band_permille 35, call_permille 35, cancel_permille 300, periodic_permille 35."""
        values = {"band_permille": 35, "call_permille": 35, "cancel_permille": 300, "periodic_permille": 35}
        windows = {"window_ns": seconds(window_s), "duration_ns": seconds(duration_s)}
        self.add(Kind.REF_STABILISATION, set=number, **windows, **{**values, **permilles})

    def book(self, instrument: int, *, segment: int | None = None, texts: tuple[str, ...] = (), **values: int) -> None:
        """REF_INSTRUMENT with the usual stock's values; `texts` are the code and the name."""
        usual = {
            "qty_min": 1,
            "lot": 1_000,
            "qty_max": 499_000,
            "group": self.default_group,
            "table": 1,
            "allow": ALLOW_ALL,
            "product": 1,
            "flags": len(texts),
            "attributes": self.default_segment if segment is None else segment,
        }
        self.add(Kind.REF_INSTRUMENT, instrument=instrument, **{**usual, **values})
        for text in texts:
            self.text(text)

    def text(self, text: str, **values: int) -> None:
        self.add(Kind.TEXT, text=text.encode()[:40], **values)

    def prices(
        self,
        instrument: int,
        reference: str | int,
        *,
        up: str | int | None = None,
        down: str | int | None = None,
        segment: int | None = None,
        **values: int,
    ) -> None:
        limits = {"limit_up": price(up), "limit_down": price(down), "previous_close": NO_PRICE}
        place = self._place(instrument, segment)
        self.add(Kind.REF_PRICES, **{**place, "reference": price(reference), **limits, **values})

    # -- members --------------------------------------------------------------------------------------------------

    def _place(self, instrument: int, segment: int | None) -> dict[str, int]:
        return {"instrument": instrument, "attributes": self.default_segment if segment is None else segment}

    def _asker(self, values: dict[str, int]) -> dict[str, int]:
        """Line and the next client order id of it."""
        line = values.get("line", self.default_line)
        if line and "cl_ord_id" not in values:
            self._ids[line] = self._ids.get(line, 0) + 1
        given = values.get("cl_ord_id", self._ids.get(line, 0) if line else 0)
        return {"line": line, "cl_ord_id": given}

    def follow_ids(self, last: dict[int, int]) -> None:
        """Go on after these client order ids, whatever was written before."""
        self._ids = dict(last)

    def _take_numbers(self, count: int) -> int:
        self.next_order += count
        return self.next_order - count

    def order(
        self, side: int, instrument: int, at: str | int | None, qty: int, *, segment: int | None = None, **values: int
    ) -> int:
        """NEW; a price of None is a market order. The order's number."""
        kind = OrdType.MARKET if at is None else OrdType.LIMIT
        number = values["order_no"] if "order_no" in values else self._take_numbers(1)
        usual = {"price": price(at), "qty": qty, "side": side, "ord_type": kind, "tif": Tif.ROD, "order_no": number}
        self.add(Kind.NEW, **{**self._place(instrument, segment), **usual, **self._asker(values), **values})
        return number

    def buy(self, instrument: int, at: str | int | None, qty: int, **values: int) -> int:
        return self.order(Side.BUY, instrument, at, qty, **values)

    def sell(self, instrument: int, at: str | int | None, qty: int, **values: int) -> int:
        return self.order(Side.SELL, instrument, at, qty, **values)

    def cancel(self, number: int, *, instrument: int = 1, segment: int | None = None, **values: int) -> None:
        place = self._place(instrument, segment)
        self.add(Kind.CANCEL, **{**place, "order_no": number, **self._asker(values), **values})

    def reduce(self, number: int, qty: int, *, instrument: int = 1, segment: int | None = None, **values: int) -> None:
        usual = {"order_no": number, "qty": qty, "price": NO_PRICE}
        self.add(Kind.REDUCE, **{**self._place(instrument, segment), **usual, **self._asker(values), **values})

    def reprice(
        self, number: int, at: str | int | None, *, instrument: int = 1, segment: int | None = None, **values: int
    ) -> None:
        usual = {"order_no": number, "price": price(at)}
        self.add(Kind.REPRICE, **{**self._place(instrument, segment), **usual, **self._asker(values), **values})

    def quote(
        self,
        instrument: int,
        bid: tuple[str | int, int] | None,
        ask: tuple[str | int, int] | None,
        *,
        segment: int | None = None,
        **values: int,
    ) -> tuple[int, int]:
        """Both sides as (price, quantity) or None; the two order numbers."""
        number = values["order_no"] if "order_no" in values else self._take_numbers(2)
        sides = {"bid_price": NO_PRICE, "ask_price": NO_PRICE}
        for name, side in (("bid", bid), ("ask", ask)):
            if side is not None:
                sides |= {f"{name}_price": price(side[0]), f"{name}_qty": side[1]}
        usual = {"order_no": number, "tif": Tif.ROD, **sides}
        self.add(Kind.QUOTE, **{**self._place(instrument, segment), **usual, **self._asker(values), **values})
        return number, number + 1

    def mass_cancel(self, *, instrument: int = 0, segment: int = 0, **values: int) -> None:
        place = {"instrument": instrument, "attributes": segment}
        self.add(Kind.MASS_CANCEL, **{**place, **self._asker(values), **values})

    def quote_request(self, instrument: int, *, segment: int | None = None, **values: int) -> None:
        self.add(Kind.QUOTE_REQUEST, **{**self._place(instrument, segment), **self._asker(values), **values})

    def off_book_trade(self, instrument: int, at: str, qty: int, *, segment: int | None = None, **values: int) -> None:
        usual = {"price": price(at), "qty": qty, "buy_line": 1, "sell_line": 1}
        self.add(Kind.OFF_BOOK_TRADE, **{**self._place(instrument, segment), **usual, **self._asker(values), **values})

    def void_trade(self, trade_no: int, **values: int) -> None:
        self.add(Kind.VOID_TRADE, **{"trade_no": trade_no, **self._asker(values), **values})

    # -- the exchange ---------------------------------------------------------------------------------------------

    def phase(
        self,
        label: str,
        *,
        match: int | Match = 0,
        actions: int | Action = 0,
        instrument: int = 0,
        segment: int = 0,
        **values: int,
    ) -> None:
        """PHASE for the default group, or for one instrument; mode and allow by the label unless given."""
        mode, allow = MODES.get(label, (Mode.COLLECT, ALLOW_CALL))
        scope = {"instrument": instrument, "attributes": segment, "group": 0 if instrument else self.default_group}
        usual = {"code": Phase[label], "mode": mode, "allow": allow, "match": match, "actions": actions}
        self.add(Kind.PHASE, **{**scope, **usual, **values})

    def timer(self, instrument: int, special: Special, due: int, *, segment: int | None = None, **values: int) -> None:
        """TIMER; sent at its due time unless it is later already."""
        self.now = max(self.now, due)
        self.add(Kind.TIMER, **{**self._place(instrument, segment), "code": special, "due": due, **values})

    def indicate(self, *, instrument: int = 0, segment: int = 0, **values: int) -> None:
        group = 0 if instrument else self.default_group
        self.add(Kind.INDICATE, **{"instrument": instrument, "attributes": segment, "group": group, **values})

    def draw(self, seed: int, *, instrument: int = 0, segment: int = 0, **values: int) -> None:
        group = 0 if instrument else self.default_group
        self.add(Kind.DRAW, **{"instrument": instrument, "attributes": segment, "group": group, "seed": seed, **values})

    def halt(self, instrument: int, *, segment: int = 0, allow: int = 0, **values: int) -> None:
        self.add(Kind.HALT, instrument=instrument, attributes=segment, allow=allow, **values)

    def resume(
        self, instrument: int, *, segment: int = 0, until: int = 0, allow: int = ALLOW_CALL, **values: int
    ) -> None:
        self.add(Kind.RESUME, instrument=instrument, attributes=segment, until=until, allow=allow, **values)

    def announce(self, *texts: str, **values: int) -> None:
        """ANNOUNCE and its texts."""
        self.add(Kind.ANNOUNCE, **{"flags": len(texts), "urgency": 1, **values})
        for text in texts:
            self.text(text)


def market(kind: str = "stock", *, clock: str = "09:00:00", rules: int = 0, **prices: str) -> Builder:
    """The usual start: one table, a set, two members with a line each, book 1 with a reference and limits."""
    day = Builder(clock)
    day.tick_table(1, kind)
    day.stabilisation(1)
    day.line(1, member=1)
    day.line(2, member=2, rights=1)
    day.book(1, rules=rules, set=1, qty_max=QTY_MAX // 1_000 * 1_000)
    day.prices(1, prices.get("reference", "100"), up=prices.get("up"), down=prices.get("down"))
    return day

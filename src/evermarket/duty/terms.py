"""How one instant is judged: is the duty excused, and is what the provider has standing a valid quote?

Source: the articles named in contract.py; the formulas are the rulebook's. Units: ns, prices 1/10 000, shares.
Unverified: that halts, and for notes and warrants postponed matching too, excuse (there is nothing to quote into).
"""

from bisect import bisect_right
from enum import Enum
from typing import Final

import msgspec

from evermarket.duty.contract import Contract, Family
from evermarket.duty.seen import Mark
from evermarket.duty.spans import Slice, seconds_down, seconds_up
from evermarket.records.kinds import Phase
from evermarket.records.units import SECOND_NS
from evermarket.rulebook import liquidity as law
from evermarket.rulebook.ticks import TickTable, tick_ordinal

POSTPONED: Final = frozenset(
    {Phase.VOLATILITY_CALL, Phase.POSTPONED_OPEN, Phase.POSTPONED_CLOSE, Phase.POSTPONED_PERIODIC}
)
"""Matching is postponed (58-3 paras 6 and 8, 58-9)."""
TRADING: Final = frozenset({Phase.OPEN_CALL, Phase.CONTINUOUS, Phase.CLOSE_CALL, Phase.PERIODIC_CALL, *POSTPONED})
TRADED_BY: Final = frozenset({Family.FUND, Family.MAKER})
"""Families whose limit-price and market-price times are not counted."""


class Excuse(Enum):
    """Why time does not count."""

    HALTED = "halted"
    POSTPONED = "matching postponed"
    FOREIGN_CLOSED = "foreign market closed"
    BID_AT_LIMIT_UP = "bid at limit-up"
    ASK_AT_LIMIT_DOWN = "ask at limit-down"
    MARKET_PRICE = "market price displayed"
    NO_DUTY = "first five minutes, underlying halted, or listed exception"


class Terms(msgspec.Struct):
    """One contract on one day: when its book opened and closed, and what its underlying did."""

    contract: Contract
    family: Family
    ticks: TickTable
    opened: int
    close_due: int
    underlying_halts: list[tuple[int, int]] = []
    underlying_moves: list[int] = []

    @property
    def cuts(self) -> list[int]:
        """Instants at which the rules themselves change."""
        halts = [edge for halt in self.underlying_halts for edge in halt]
        minutes = [self.opened + 300 * SECOND_NS, self.opened + 900 * SECOND_NS, self.close_due - 300 * SECOND_NS]
        return halts + minutes

    def excuse(self, part: Slice) -> Excuse | None:
        """The first reason for which this time does not count, or None."""
        if part.view.phase in POSTPONED:
            return Excuse.POSTPONED
        if part.view.phase not in TRADING:
            return Excuse.HALTED
        if self.family is Family.WARRANT and self.sides(part) is law.WarrantSides.NONE:
            return Excuse.NO_DUTY
        if self.family in TRADED_BY:
            return self._displayed(part.view.marks)
        return None

    def _displayed(self, marks: Mark) -> Excuse | None:
        if self.family is Family.FUND and self.contract.foreign_closed:
            return Excuse.FOREIGN_CLOSED
        for mark in Mark:
            if marks & mark:
                return Excuse[mark.name or ""]
        return None

    def sides(self, part: Slice) -> law.WarrantSides:
        """Which sides are owed; both for all but warrants."""
        if self.family is not Family.WARRANT:
            return law.WarrantSides.BOTH
        at = self._second(part)
        halted = any(first <= part.start < last for first, last in self.underlying_halts)
        one = self.contract
        return law.warrant_sides(
            law.WARRANT_DUTY,
            open_s=at,
            underlying_halted=halted,
            units_short=one.units_short,
            days_to_last=one.days_to_last,
            listed=one.listed,
        )

    def _second(self, part: Slice) -> int:
        return seconds_down(part.start - self.opened)

    def _to_close(self, part: Slice) -> int:
        return max(0, seconds_up(self.close_due - part.start))

    def is_valid(self, part: Slice) -> bool:
        """Whether what stands fulfils size and spread of the family."""
        own = part.own
        if self.family is Family.WARRANT:
            return self._is_warrant_valid(part)
        if own.bid is None or own.ask is None:
            return False
        if self.family is Family.MAKER:
            return law.is_maker_quote_valid(law.MAKER_DUTY, own.bid, own.bid_qty, own.ask, own.ask_qty)
        size, permille = self._size(part), self.spread_permille
        sized = size.is_met(own.bid, own.bid_qty) and size.is_met(own.ask, own.ask_qty)
        return sized and law.is_spread_kept(own.bid, own.ask, permille)

    @property
    def spread_permille(self) -> int:
        """The widest spread of an own quote of a fund or note."""
        foreign = self.contract.fund is law.FundKind.FOREIGN
        if self.family is Family.NOTE:
            return law.NOTE_DUTY.spread_foreign_permille if foreign else law.NOTE_DUTY.spread_domestic_permille
        own = self.contract.spread_permille
        return law.FUND_DUTIES[self.contract.fund].spread_permille if own is None else own

    def _size(self, part: Slice) -> law.QuoteSize:
        if self.family is Family.FUND:
            return law.QuoteSize(self.contract.lots)
        return law.note_quote_size(
            law.NOTE_DUTY,
            foreign_closed=self.contract.foreign_closed,
            seconds_to_close=self._to_close(part),
            premium_case=self.contract.premium_case,
        )

    def _is_warrant_valid(self, part: Slice) -> bool:
        own, one = part.own, self.contract
        size = law.warrant_bid_size(
            law.WARRANT_DUTY,
            underlying_restricted=one.underlying_restricted,
            open_s=self._second(part),
            seconds_to_close=self._to_close(part),
        )
        if own.bid is None or not size.is_met(own.bid, own.bid_qty):
            return False
        if self.sides(part) is law.WarrantSides.BID_ONLY:
            return True
        if own.ask is None or not law.WARRANT_DUTY.ask_size.is_met(own.ask, own.ask_qty):
            return False
        apart = tick_ordinal(self.ticks, own.ask) - tick_ordinal(self.ticks, own.bid)
        return one.spread_ticks is None or law.is_tick_spread_kept(apart, one.spread_ticks)

    def is_postponed_size_kept(self, part: Slice) -> bool:
        """Whether both sides are as large as the contract wants while matching is postponed."""
        least = self.contract.postponed_lots * law.LOT
        return part.own.bid_qty >= least and part.own.ask_qty >= least

    def has_value_moved(self, start: int, end: int) -> bool:
        """Whether the underlying's last price changed after `start`, up to `end`."""
        moves = self.underlying_moves
        return bisect_right(moves, end) > bisect_right(moves, start)

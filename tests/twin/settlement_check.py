"""The day's settlement once more, from docs/settlement-stream.md alone: plain integers, one trade at a time, slow and obvious.

`settle(records)` gives the two files as bytes. Nothing of the twin's is used and no intermediate sum is kept that the
page does not name: each figure is worked out from the list of an account's sides that stand.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from evermarket.records import LAYOUT, Kind, Records

COMMISSION_PPM: Final = 1_425
COMMISSION_MIN: Final = 200_000
STOCK: Final = 1
TAX_PPM: Final = {
    STOCK: 3_000,
    **dict.fromkeys((2, 3, 5, 7, 8), 1_000),  # ETF, ETN, TDR, warrants
    **dict.fromkeys((6, 12, 13, 14), 3_000),  # taken as stocks
    **dict.fromkeys((4, 9, 10, 11, 15, 16, 17), 0),  # REIT, bonds, derivatives
}
DAY_TRADE_TAX_PPM: Final = {**TAX_PPM, STOCK: 1_500}
CASH: Final = 1
DAY_TRADE_SEGMENTS: Final = (1, 4)

POSITION_COLUMNS: Final = (
    "account,instrument,product,trades,buy_qty,sell_qty,buy_amount,sell_amount,"
    "day_trade_qty,day_trade_amount,fee,tax,net_cash"
)
TOTAL_COLUMNS: Final = (
    "positions,trades,voided,buy_qty,sell_qty,buy_amount,sell_amount,fee,tax,net_cash,positions_sha256"
)


class Side(NamedTuple):
    """One side of one trade."""

    trade_no: int
    sells: bool
    qty: int
    amount: int
    may_be_day_trade: bool


class Day:
    """What the records said."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[int, bool]] = {}
        self.products: dict[int, int] = {}
        self.product_of: dict[tuple[int, int], int] = {}
        self.sides: dict[tuple[int, int], list[Side]] = {}
        self.trades: set[int] = set()
        self.voided: set[int] = set()
        self.defining: tuple[int, int] | None = None

    def take(self, record: Records) -> None:
        """One record; only the kinds of the page's table mean anything."""
        kind = int(record["kind"])
        named = LAYOUT.get(Kind(kind)) if kind in _MATTER else None
        fields = record.view(named) if named is not None else record
        if kind == Kind.REF_INSTRUMENT:
            self.defining = (int(fields["instrument"]), int(fields["product"]))
        elif kind == Kind.REFERENCE_SET:
            if int(fields["code"]) == Kind.REF_INSTRUMENT and self.defining is not None:
                self.products[self.defining[0]] = self.defining[1]
            self.defining = None
        elif kind == Kind.ACCEPTED:
            attributes = int(fields["attributes"])
            day_trade = attributes >> 4 & 7 == CASH and attributes & 15 in DAY_TRADE_SEGMENTS
            self.orders[int(fields["order_no"])] = (int(fields["account"]), day_trade)
        elif kind == Kind.TRADED:
            buyer, seller = self.orders[int(fields["buy_no"])], self.orders[int(fields["sell_no"])]
            self.trade(fields, buyer, seller)
        elif kind == Kind.OFF_BOOK_TRADED:
            self.trade(fields, (int(fields["buy_account"]), False), (int(fields["sell_account"]), False))
        elif kind == Kind.TRADE_VOIDED:
            self.voided.add(int(fields["trade_no"]))

    def trade(self, fields: Records, buyer: tuple[int, bool], seller: tuple[int, bool]) -> None:
        """Both sides of a trade."""
        number, instrument, qty = int(fields["trade_no"]), int(fields["instrument"]), int(fields["qty"])
        assert number == len(self.trades) + 1
        self.trades.add(number)
        amount = int(fields["price"]) * qty
        for sells, (account, day_trade) in ((False, buyer), (True, seller)):
            place = (account, instrument)
            self.product_of.setdefault(place, self.products[instrument])
            self.sides.setdefault(place, []).append(Side(number, sells, qty, amount, day_trade))


_MATTER: Final = {
    Kind.REF_INSTRUMENT,
    Kind.REFERENCE_SET,
    Kind.ACCEPTED,
    Kind.TRADED,
    Kind.OFF_BOOK_TRADED,
    Kind.TRADE_VOIDED,
}


def whole_dollars(parts: int) -> int:
    """Amount times parts of a million, rounded down to NT$, in 1/10 000 NT$."""
    return parts // 10**10 * 10_000


def commission(amount: int) -> int:
    return max(COMMISSION_MIN, whole_dollars(amount * COMMISSION_PPM)) if amount else 0


def position_line(account: int, instrument: int, product: int, sides: list[Side]) -> list[int]:
    """The columns of one account and instrument, from the sides that stand."""
    bought = [side for side in sides if not side.sells]
    sold = [side for side in sides if side.sells]
    buy_amount, sell_amount = sum(side.amount for side in bought), sum(side.amount for side in sold)
    may_buy = sum(side.qty for side in bought if side.may_be_day_trade)
    may_sell = sum(side.qty for side in sold if side.may_be_day_trade)
    may_sell_amount = sum(side.amount for side in sold if side.may_be_day_trade)
    day_trade_qty = min(may_buy, may_sell)
    day_trade_amount = may_sell_amount * day_trade_qty // may_sell if may_sell else 0
    fee = commission(buy_amount) + commission(sell_amount)
    ordinary = (sell_amount - day_trade_amount) * TAX_PPM[product]
    tax = whole_dollars(ordinary + day_trade_amount * DAY_TRADE_TAX_PPM[product])
    qty = [sum(side.qty for side in bought), sum(side.qty for side in sold)]
    amounts = [buy_amount, sell_amount, day_trade_qty, day_trade_amount, fee, tax]
    return [account, instrument, product, len(sides), *qty, *amounts, sell_amount - buy_amount - fee - tax]


def settle(parts: Iterable[Records]) -> tuple[bytes, bytes]:
    """The positions file and the totals file of a stream."""
    day = Day()
    kinds = [int(kind) for kind in _MATTER]
    for part in parts:
        for kind, at in zip(part["kind"].tolist(), range(len(part)), strict=True):
            if kind in kinds:
                day.take(part[at : at + 1].view("V64").view(part.dtype)[0:1])
    lines = []
    for (account, instrument), sides in sorted(day.sides.items()):
        standing = [side for side in sides if side.trade_no not in day.voided]
        if standing:
            lines.append(position_line(account, instrument, day.product_of[account, instrument], standing))
    positions = "".join(line + "\n" for line in [POSITION_COLUMNS, *(",".join(map(str, row)) for row in lines)]).encode()
    sums = [sum(row[column] for row in lines) for column in (4, 5, 6, 7, 10, 11, 12)]
    facts = [len(lines), len(day.trades) - len(day.voided), len(day.voided), *sums]
    sha256 = hashlib.sha256(positions).hexdigest()
    totals = f"{TOTAL_COLUMNS}\n{','.join(map(str, facts))},{sha256}\n".encode()
    return positions, totals

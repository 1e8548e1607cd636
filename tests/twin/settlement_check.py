"""The day's settlement once more, from docs/settlement-stream.md alone: plain integers, one trade at a time.

`settle(stream)` gives the two files as bytes, slowly and obviously. Nothing of the twin's is used and no intermediate
sum is kept that the page does not name: each figure is worked out from the list of an account's sides that stand.
"""

import hashlib
from typing import Final, NamedTuple

from evermarket.records import RECORD_BYTES, Kind

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
        self.trades = 0
        self.voided: set[int] = set()
        self.defining: tuple[int, int] | None = None

    def take(self, record: bytes) -> None:
        """One record of 64 bytes; offsets as in docs/format.md, section 4."""
        kind, instrument = record[16], number(record, 18, 2)
        if kind == Kind.REF_INSTRUMENT:
            self.defining = (instrument, record[58])
        elif kind == Kind.REFERENCE_SET:
            if number(record, 20, 2) == Kind.REF_INSTRUMENT and self.defining is not None:
                self.products[self.defining[0]] = self.defining[1]
            self.defining = None
        elif kind == Kind.ACCEPTED:
            attributes = number(record, 22, 2)
            day_trade = attributes >> 4 & 7 == CASH and attributes & 15 in DAY_TRADE_SEGMENTS
            self.orders[number(record, 48)] = (number(record, 44), day_trade)
        elif kind == Kind.TRADED:
            buyer, seller = self.orders[number(record, 40)], self.orders[number(record, 44)]
            self.trade(number(record, 36), instrument, number(record, 24, 8), number(record, 32), buyer, seller)
        elif kind == Kind.OFF_BOOK_TRADED:
            buyer, seller = (number(record, 44), False), (number(record, 48), False)
            self.trade(number(record, 60), instrument, number(record, 32, 8), number(record, 40), buyer, seller)
        elif kind == Kind.TRADE_VOIDED:
            self.voided.add(number(record, 44))

    def trade(
        self, trade_no: int, instrument: int, price: int, qty: int, buyer: tuple[int, bool], seller: tuple[int, bool]
    ) -> None:
        """Both sides of a trade."""
        self.trades += 1
        assert trade_no == self.trades
        for sells, (account, day_trade) in ((False, buyer), (True, seller)):
            place = (account, instrument)
            self.product_of.setdefault(place, self.products[instrument])
            self.sides.setdefault(place, []).append(Side(trade_no, sells, qty, price * qty, day_trade))


def number(record: bytes, at: int, size: int = 4) -> int:
    """An unsigned field; prices are above zero."""
    return int.from_bytes(record[at : at + size], "little")


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


def settle(stream: bytes) -> tuple[bytes, bytes]:
    """The positions file and the totals file of a stream of records."""
    day = Day()
    for at in range(0, len(stream), RECORD_BYTES):
        day.take(stream[at : at + RECORD_BYTES])
    lines = []
    for (account, instrument), sides in sorted(day.sides.items()):
        standing = [side for side in sides if side.trade_no not in day.voided]
        if standing:
            lines.append(position_line(account, instrument, day.product_of[account, instrument], standing))
    rows = [POSITION_COLUMNS, *(",".join(map(str, line)) for line in lines)]
    positions = "".join(row + "\n" for row in rows).encode()
    sums = [sum(line[column] for line in lines) for column in (4, 5, 6, 7, 10, 11, 12)]
    facts = [len(lines), day.trades - len(day.voided), len(day.voided), *sums]
    sha256 = hashlib.sha256(positions).hexdigest()
    return positions, f"{TOTAL_COLUMNS}\n{','.join(map(str, facts))},{sha256}\n".encode()

"""What a member asks for, as frozen objects and as records. Prices are Decimals here and integers from here on."""

from dataclasses import KW_ONLY, dataclass
from decimal import Decimal

from evermarket.client.contracts import Contract
from evermarket.client.words import Price, as_decimal, price_units, word
from evermarket.records import NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import Category, Channel, Flag, Investor, OpenClose, OrdType, Segment, Side, Tif


@dataclass(frozen=True, slots=True)
class Order:
    """An order to be. `qty` counts shares, `lots` board lots: give exactly one. Words are taken as texts too:
    `Order("40.60", lots=2, side="Buy")`. Raises ValueError or TypeError that names the field."""

    price: Decimal | str | int | None = None
    _: KW_ONLY
    side: Side | str
    qty: int = 0
    lots: int = 0
    order_type: OrdType | str = OrdType.LIMIT
    tif: Tif | str = Tif.ROD
    segment: Segment | str = Segment.REGULAR
    category: Category | str = Category.CASH
    investor: Investor | str | None = None
    open_close: OpenClose | str | None = None
    account: int = 0
    pair: int = 0
    is_covered: bool = False
    is_deleted_at_switch: bool = False

    def __post_init__(self) -> None:
        if (self.qty > 0) == (self.lots > 0) or self.qty < 0 or self.lots < 0:
            raise ValueError(f"give either qty or lots, above 0 (qty {self.qty}, lots {self.lots})")
        if self.price is not None:
            object.__setattr__(self, "price", as_decimal(self.price))
        for field, vocabulary in (
            ("side", Side),
            ("order_type", OrdType),
            ("tif", Tif),
            ("segment", Segment),
            ("category", Category),
            ("investor", Investor),
            ("open_close", OpenClose),
        ):
            said = getattr(self, field)
            if said is not None:
                object.__setattr__(self, field, word(vocabulary, said, field))

    def shares(self, contract: Contract) -> int:
        """How many shares it is about."""
        return self.qty or self.lots * contract.lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Two sides of a liquidity provider; a side without a price has no quantity. Quantities in shares."""

    bid_price: Price | None = None
    bid_qty: int = 0
    ask_price: Price | None = None
    ask_qty: int = 0
    segment: Segment | str = Segment.REGULAR
    open_close: OpenClose | str | None = None


def new_record(contract: Contract, order: Order) -> Records:
    """NEW, without line and id."""
    row = blank(Kind.NEW)
    row["instrument"] = contract.instrument
    row["attributes"] = attributes(order)
    row["flags"] = Flag.COVERED * order.is_covered | Flag.DELETE_AT_SWITCH * order.is_deleted_at_switch
    row["price"] = price_units(None if order.price is None else as_decimal(order.price))
    row["qty"] = order.shares(contract)
    row["account"], row["extra"] = order.account, order.pair
    row["side"], row["ord_type"], row["tif"] = order.side, order.order_type, order.tif
    row["open_close"] = order.open_close or 0
    return row


def attributes(order: Order) -> int:
    """Segment, category, investor kind and channel as the header's bits."""
    investor = int(order.investor or 0)
    return int(order.segment) | int(order.category) << 4 | investor << 7 | Channel.API << 10


def change_record(kind: Kind, instrument: int, where: int, order_no: int, price: int = 0, qty: int = 0) -> Records:
    """REDUCE, REPRICE or CANCEL of one order; `where` the attributes of the order's book."""
    row = blank(kind)
    row["instrument"], row["attributes"], row["order_no"] = instrument, where, order_no
    row["price"] = NO_PRICE if kind is Kind.REDUCE else price
    row["qty"] = qty
    return row


def quote_record(contract: Contract, quote: Quote) -> Records:
    """QUOTE, without line and id."""
    row = blank(Kind.QUOTE)
    row["instrument"] = contract.instrument
    row["attributes"] = int(word(Segment, quote.segment, "segment")) | Channel.API << 10
    for side in ("bid", "ask"):
        price: Price | None = getattr(quote, f"{side}_price")
        units = price_units(None if price is None else as_decimal(price, f"{side}_price"), f"{side}_price")
        row[f"{side}_price"], row[f"{side}_qty"] = units, getattr(quote, f"{side}_qty")
    row["tif"] = Tif.ROD
    row["open_close"] = 0 if quote.open_close is None else word(OpenClose, quote.open_close, "open_close")
    return row


def mass_record(
    contract: Contract | None, side: Side | None, account: int, of_line: int, *, quotes_only: bool
) -> Records:
    """MASS_CANCEL of everything that fits all that is given."""
    row = blank(Kind.MASS_CANCEL)
    row["instrument"] = contract.instrument if contract is not None else 0
    row["side"], row["account"], row["of_line"], row["quotes_only"] = side or 0, account, of_line, quotes_only
    return row

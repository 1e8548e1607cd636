"""A member's messages as commands of the core (docs/fix.md; fields in docs/format.md, sections 4 and 5.5).

The gateway judges nothing that the core judges. What it refuses itself, *at the door*, is what has no command: a name
that it does not know, a number that a record cannot hold, a replacement that the market does not have.

ClOrdID is a decimal number that grows on its line within a day (format 5.2), so it is the core's `cl_ord_id` as it is
and no table stands between the two.
"""

import re
from typing import Final, NamedTuple

from evermarket.records import NO_PRICE, Code, Kind, sentence
from evermarket.records.kinds import Channel, Flag, OpenClose, OrdType, Segment, Tif
from evermarket.records.units import QTY_MAX
from evermarket.venue.fix.decimals import price_units, qty_units
from evermarket.venue.fix.facts import Order
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import NONE, Names
from evermarket.venue.fix.structs import writing
from evermarket.venue.fix.wire import Message

CL_ORD_ID_MAX: Final = 2**64 - 1
PAIR_MAX: Final = 2**32 - 1
_CL_ORD_ID: Final = re.compile("[1-9][0-9]{0,19}")
_ORD_TYPES: Final = {"1": int(OrdType.MARKET), "2": int(OrdType.LIMIT), "K": int(OrdType.MARKET_TO_LIMIT)}
_TIFS: Final = {"0": int(Tif.ROD), "3": int(Tif.IOC), "4": int(Tif.FOK)}
_OPEN_CLOSE: Final = {None: 0, "O": int(OpenClose.OPEN), "C": int(OpenClose.CLOSE)}
_NEW_KIND: Final = int(Kind.NEW)
_REGULAR: Final = int(Segment.REGULAR)
_DMA: Final = int(Channel.DMA)
_NEW: Final = writing(
    Kind.NEW,
    *("kind", "flags", "instrument", "attributes", "cl_ord_id", "price", "qty", "account", "line", "side"),
    *("ord_type", "tif", "open_close", "extra"),
)
_REQUEST: Final = writing(
    Kind.REDUCE,
    *("kind", "flags", "instrument", "attributes", "cl_ord_id", "price", "qty", "order_no", "line"),
)
_MASS: Final = writing(
    Kind.MASS_CANCEL,
    *("kind", "flags", "instrument", "attributes", "cl_ord_id", "account", "of_line", "line", "side"),
)

Command = bytes
"""One record of 64 bytes, without position, time and, if it is a NEW, order number: the sequencer gives them."""


class Refused(NamedTuple):
    """Refused at the door: OrdRejReason (103), CxlRejReason (102), the sentence, our code if the list has one."""

    order_reason: int
    cancel_reason: int
    text: str
    code: int = 0


def cl_ord_id(text: str | None) -> int | None:
    """A client order id as the core knows it; None if it is none."""
    if text is None or not _CL_ORD_ID.fullmatch(text) or int(text) > CL_ORD_ID_MAX:
        return None
    return int(text)


def new_order(m: Message, number: int, line: int, names: Names) -> Command | Refused:
    """NewOrderSingle (D) as NEW."""
    values = m.values
    instrument, account = _instrument(m, names), _account(m, names)
    price, qty, pair = _price(m), _qty(m, Tag.ORDER_QTY), int(values.get(Tag.PAIR_NUMBER, 0))
    if Refused in (instrument.__class__, account.__class__, price.__class__, qty.__class__):
        return next(value for value in (instrument, account, price, qty) if isinstance(value, Refused))
    if pair > PAIR_MAX:
        return Refused(99, 99, f"pair number {pair} is larger than {PAIR_MAX}")
    flags = _resend_flag(m) | (int(Flag.COVERED) if values.get(Tag.COVERED) == "0" else 0)
    return _NEW.pack(
        *(_NEW_KIND, flags, instrument, _attributes(m), number, price, qty, account, line, int(values[Tag.SIDE])),
        *(_ORD_TYPES[values[Tag.ORD_TYPE]], _TIFS[values.get(Tag.TIME_IN_FORCE, "0")]),
        *(_OPEN_CLOSE[values.get(Tag.POSITION_EFFECT)], pair),
    )


def cancel(m: Message, number: int, line: int, names: Names, order: Order) -> Command | Refused:
    """OrderCancelRequest (F) as CANCEL."""
    return _request(Kind.CANCEL, m, number, line, names, order, 0, 0)


def replace(m: Message, number: int, line: int, names: Names, order: Order) -> Command | Refused:
    """OrderCancelReplaceRequest (G) as REDUCE or REPRICE: the market changes the quantity, downwards, or the price."""
    price, amount = _price(m), _reduction(m, order)
    if isinstance(price, Refused):
        return price
    if isinstance(amount, Refused):
        return amount
    moves = price not in (NO_PRICE, order.price)
    if moves and amount:
        text = sentence(Code.PRICE_AND_QTY, price, NO_PRICE)
        return Refused(99, 99, text, Code.PRICE_AND_QTY)
    if moves:
        return _request(Kind.REPRICE, m, number, line, names, order, price, 0)
    if amount:
        return _request(Kind.REDUCE, m, number, line, names, order, NO_PRICE, amount)
    return Refused(99, 99, "neither price nor quantity would change")


def mass_cancel(m: Message, number: int, line: int, names: Names) -> Command | Refused:
    """OrderMassCancelRequest (q) as MASS_CANCEL of this line's orders: all of them, or those of one security."""
    account, instrument = _account(m, names), 0
    if isinstance(account, Refused):
        return account
    if m.get(Tag.MASS_REQUEST_TYPE) == "1":
        security = _instrument(m, names)
        if isinstance(security, Refused):
            return security
        instrument = security
    elif m.get(Tag.SYMBOL) is not None:
        return Refused(99, 99, "a request to cancel all orders names no security")
    segment, side = int(m.get(Tag.SEGMENT) or 0), int(m.get(Tag.SIDE) or 0)
    return _MASS.pack(Kind.MASS_CANCEL, _resend_flag(m), instrument, segment, number, account, line, line, side)


def bad_id(m: Message) -> Refused:
    """The answer to a ClOrdID that is no number."""
    text = f"ClOrdID {m.get(Tag.CL_ORD_ID)} is not a number between 1 and {CL_ORD_ID_MAX} without leading zeros"
    return Refused(99, 99, text)


def _instrument(m: Message, names: Names) -> int | Refused:
    symbol = m.get(Tag.SYMBOL)
    number = names.instruments.get(symbol or "")
    if number is None:
        return Refused(1, 1, f"security {symbol or NONE} is not traded here", Code.UNKNOWN_INSTRUMENT)
    return number


def _account(m: Message, names: Names) -> int | Refused:
    account = m.get(Tag.ACCOUNT)
    number = 0 if account is None else names.accounts.get(account)
    if number is None:
        return Refused(15, 99, f"account {account} is not known on this line")
    return number


def _resend_flag(m: Message) -> int:
    """What may be a repetition says so to the core."""
    return int(Flag.POSS_RESEND) if m.says(Tag.POSS_DUP) or m.says(Tag.POSS_RESEND) else 0


def _request(
    kind: Kind, m: Message, number: int, line: int, names: Names, order: Order, price: int, qty: int
) -> Command | Refused:
    """A request about one order. Its account is not looked at."""
    instrument = _instrument(m, names)
    if isinstance(instrument, Refused):
        return instrument
    if m.get(Tag.SIDE) != str(order.side):
        return Refused(99, 99, f"the side of order {order.no} is {order.side}")
    segment = int(m.get(Tag.SEGMENT) or order.attributes & 15)
    attributes = segment | _attributes(m) & ~15
    return _REQUEST.pack(kind, _resend_flag(m), instrument, attributes, number, price, qty, order.no, line)


def _attributes(m: Message) -> int:
    values = m.values
    segment, channel = int(values.get(Tag.SEGMENT, _REGULAR)), int(values.get(Tag.CHANNEL, _DMA))
    category, investor = int(values.get(Tag.CATEGORY, 0)), int(values.get(Tag.INVESTOR, 0))
    return segment | category << 4 | investor << 7 | channel << 10


def _price(m: Message) -> int | Refused:
    text = m.get(Tag.PRICE)
    units = NO_PRICE if text is None else price_units(text)
    if units is None:
        return Refused(99, 99, f"price {text} has more than four decimals")
    return units


def _qty(m: Message, tag: int) -> int | Refused:
    qty = qty_units(m.get(tag) or "0")
    if qty > QTY_MAX:
        return Refused(3, 99, sentence(Code.QTY_MAX, qty, QTY_MAX), Code.QTY_MAX)
    return qty


def _reduction(m: Message, order: Order) -> int | Refused:
    """How much a replacement takes off: as ReduceBy says, or what the new OrderQty is below the old one."""
    if m.get(Tag.REDUCE_BY) is not None:
        if m.get(Tag.ORDER_QTY) not in (None, str(order.qty)):
            return Refused(99, 99, "a request gives OrderQty or ReduceBy, not both")
        return _qty(m, Tag.REDUCE_BY)
    qty = order.qty if m.get(Tag.ORDER_QTY) is None else _qty(m, Tag.ORDER_QTY)
    if isinstance(qty, Refused):
        return qty
    if qty > order.qty:
        return Refused(13, 99, f"OrderQty {qty} is above {order.qty}: a quantity can only be reduced")
    return order.qty - qty

"""A member's messages as commands of the core (docs/fix.md; fields in docs/format.md, sections 4 and 5.5).

The gateway judges nothing that the core judges. What it refuses itself, *at the door*, is what has no command: a name
that it does not know, a number that a record cannot hold, a replacement that the market does not have.

ClOrdID is a decimal number that grows on its line within a day (format 5.2), so it is the core's `cl_ord_id` as it is
and no table stands between the two.
"""

import re
from typing import Final, NamedTuple

from evermarket.records import NO_PRICE, Code, Kind, Records, blank, sentence
from evermarket.records.kinds import Channel, Flag, OpenClose, OrdType, Segment, Tif
from evermarket.records.units import QTY_MAX
from evermarket.venue.fix.decimals import price_units, qty_units
from evermarket.venue.fix.facts import Order
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import Names
from evermarket.venue.fix.wire import Message

CL_ORD_ID_MAX: Final = 2**64 - 1
_CL_ORD_ID: Final = re.compile("[1-9][0-9]{0,19}")
_ORD_TYPES: Final = {"1": OrdType.MARKET, "2": OrdType.LIMIT, "K": OrdType.MARKET_TO_LIMIT}
_TIFS: Final = {"0": Tif.ROD, "3": Tif.IOC, "4": Tif.FOK}
_OPEN_CLOSE: Final = {None: 0, "O": OpenClose.OPEN, "C": OpenClose.CLOSE}


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


def new_order(m: Message, line: int, names: Names) -> Records | Refused:
    """NewOrderSingle (D) as NEW."""
    row = _command(Kind.NEW, m, line, names)
    if isinstance(row, Refused):
        return row
    price, qty = _price(m), _qty(m, Tag.ORDER_QTY)
    if isinstance(price, Refused) or isinstance(qty, Refused):
        return price if isinstance(price, Refused) else qty  # type: ignore[return-value]
    pair = m.number(Tag.PAIR_NUMBER) or 0
    if pair > 2**32 - 1:
        return Refused(99, 99, f"pair number {pair} is larger than {2**32 - 1}")
    row["price"], row["qty"], row["extra"] = price, qty, pair
    row["side"] = int(m.get(Tag.SIDE) or 0)
    row["ord_type"] = _ORD_TYPES[m.get(Tag.ORD_TYPE) or "2"]
    row["tif"] = _TIFS[m.get(Tag.TIME_IN_FORCE) or "0"]
    row["open_close"] = _OPEN_CLOSE[m.get(Tag.POSITION_EFFECT)]
    if m.get(Tag.COVERED) == "0":
        row["flags"] |= int(Flag.COVERED)
    return row


def cancel(m: Message, line: int, names: Names, order: Order) -> Records | Refused:
    """OrderCancelRequest (F) as CANCEL."""
    return _request(Kind.CANCEL, m, line, names, order)


def replace(m: Message, line: int, names: Names, order: Order) -> Records | Refused:
    """OrderCancelReplaceRequest (G) as REDUCE or REPRICE: the market changes the quantity, downwards, or the price."""
    price = _price(m)
    amount = _reduction(m, order)
    if isinstance(price, Refused):
        return price
    if isinstance(amount, Refused):
        return amount
    moves = price not in (NO_PRICE, order.price)
    if moves and amount:
        text = sentence(Code.PRICE_AND_QTY, price, NO_PRICE)
        return Refused(99, 99, text, Code.PRICE_AND_QTY)
    if not moves and not amount:
        return Refused(99, 99, "neither price nor quantity would change")
    row = _request(Kind.REPRICE if moves else Kind.REDUCE, m, line, names, order)
    if isinstance(row, Refused):
        return row
    row["price"], row["qty"] = (price, 0) if moves else (NO_PRICE, amount)
    return row


def mass_cancel(m: Message, line: int, names: Names) -> Records | Refused:
    """OrderMassCancelRequest (q) as MASS_CANCEL of this line's orders: all of them, or those of one security."""
    number = cl_ord_id(m.get(Tag.CL_ORD_ID))
    if number is None:
        return _bad_id(m)
    instrument = names.instruments.get(m.get(Tag.SYMBOL) or "", 0)
    account = names.accounts.get(m.get(Tag.ACCOUNT) or "", 0)
    if m.get(Tag.MASS_REQUEST_TYPE) == "1" and not instrument:
        return Refused(1, 1, f"security {m.get(Tag.SYMBOL)} is not traded here", Code.UNKNOWN_INSTRUMENT)
    if m.get(Tag.MASS_REQUEST_TYPE) == "7" and m.get(Tag.SYMBOL) is not None:
        return Refused(99, 99, "a request to cancel all orders names no security")
    if m.get(Tag.ACCOUNT) is not None and not account:
        return Refused(15, 99, f"account {m.get(Tag.ACCOUNT)} is not known on this line")
    row = blank(Kind.MASS_CANCEL)
    row["cl_ord_id"], row["line"], row["of_line"] = number, line, line
    row["instrument"], row["account"], row["side"] = instrument, account, int(m.get(Tag.SIDE) or 0)
    row["attributes"] = int(m.get(Tag.SEGMENT) or 0)
    return row


def _command(kind: Kind, m: Message, line: int, names: Names) -> Records | Refused:
    """What all commands about an order share: id, line, instrument, account, attributes, resend flag."""
    number = cl_ord_id(m.get(Tag.CL_ORD_ID))
    if number is None:
        return _bad_id(m)
    symbol, account = m.get(Tag.SYMBOL) or "", m.get(Tag.ACCOUNT)
    if symbol not in names.instruments:
        return Refused(1, 99, f"security {symbol} is not traded here", Code.UNKNOWN_INSTRUMENT)
    if account is not None and account not in names.accounts:
        return Refused(15, 99, f"account {account} is not known on this line")
    row = blank(kind)
    row["cl_ord_id"], row["line"], row["instrument"] = number, line, names.instruments[symbol]
    row["attributes"] = _attributes(m)
    row["account"] = names.accounts[account] if account is not None and kind is Kind.NEW else 0
    if m.says(Tag.POSS_DUP) or m.says(Tag.POSS_RESEND):
        row["flags"] = int(Flag.POSS_RESEND)
    return row


def _request(kind: Kind, m: Message, line: int, names: Names, order: Order) -> Records | Refused:
    row = _command(kind, m, line, names)
    if isinstance(row, Refused):
        return row
    if m.get(Tag.SIDE) != str(order.side):
        return Refused(99, 99, f"the side of order {order.no} is {order.side}")
    if m.get(Tag.SEGMENT) is None:
        row["attributes"] = order.attributes & 15
    row["order_no"] = order.no
    return row


def _attributes(m: Message) -> int:
    segment = int(m.get(Tag.SEGMENT) or Segment.REGULAR)
    category, investor = (int(m.get(tag) or 0) for tag in (Tag.CATEGORY, Tag.INVESTOR))
    channel = int(m.get(Tag.CHANNEL) or Channel.DMA)
    return segment | category << 4 | investor << 7 | channel << 10


def _price(m: Message) -> int | Refused:
    text = m.get(Tag.PRICE)
    units = NO_PRICE if text is None else price_units(text)
    if units is None:
        return Refused(99, 99, f"price {text} has more than four decimals")
    return units


def _qty(m: Message, tag: Tag) -> int | Refused:
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


def _bad_id(m: Message) -> Refused:
    text = f"ClOrdID {m.get(Tag.CL_ORD_ID)} is not a number between 1 and {CL_ORD_ID_MAX} without leading zeros"
    return Refused(99, 99, text)

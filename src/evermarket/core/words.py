"""The numbers of the records as plain integers, the form in which kernels take constants."""

from typing import Final

import numpy as np

from evermarket.records.codes import Code
from evermarket.records.kinds import (
    FIRST_EVENT,
    Action,
    Aggressor,
    Allow,
    BookFlag,
    Kind,
    Match,
    Mode,
    OrdType,
    Phase,
    Reason,
    Right,
    Segment,
    Special,
    Tif,
    TradeKind,
)
from evermarket.records.units import INSTRUMENT_MAX, LINE_MAX, NO_PRICE, PRICE_MAX, PRICE_NUMBER_MAX, QTY_MAX

i64 = np.int64
u64 = np.uint64
u32 = np.uint32

NONE: Final = NO_PRICE
TOP_PRICE: Final = PRICE_MAX
TOP_NUMBER: Final = PRICE_NUMBER_MAX
TOP_QTY: Final = QTY_MAX
TOP_INSTRUMENT: Final = INSTRUMENT_MAX
TOP_LINE: Final = LINE_MAX
TOP_GROUP: Final = 4095
TOP_SEGMENT: Final = int(max(Segment))
TOP_PHASE: Final = int(max(Phase))
BANDS: Final = 16
NO_KEY: Final = 2**32 - 1
EVENT: Final = FIRST_EVENT

"""Commands and events."""
NEW: Final = int(Kind.NEW)
REDUCE: Final = int(Kind.REDUCE)
REPRICE: Final = int(Kind.REPRICE)
CANCEL: Final = int(Kind.CANCEL)
QUOTE: Final = int(Kind.QUOTE)
MASS_CANCEL: Final = int(Kind.MASS_CANCEL)
QUOTE_REQUEST: Final = int(Kind.QUOTE_REQUEST)
OFF_BOOK_TRADE: Final = int(Kind.OFF_BOOK_TRADE)
VOID_TRADE: Final = int(Kind.VOID_TRADE)
PHASE: Final = int(Kind.PHASE)
TIMER: Final = int(Kind.TIMER)
INDICATE: Final = int(Kind.INDICATE)
DRAW: Final = int(Kind.DRAW)
HALT: Final = int(Kind.HALT)
RESUME: Final = int(Kind.RESUME)
ANNOUNCE: Final = int(Kind.ANNOUNCE)
TEXT: Final = int(Kind.TEXT)
REF_TICK: Final = int(Kind.REF_TICK)
REF_LINE: Final = int(Kind.REF_LINE)
REF_STABILISATION: Final = int(Kind.REF_STABILISATION)
REF_INSTRUMENT: Final = int(Kind.REF_INSTRUMENT)
REF_PRICES: Final = int(Kind.REF_PRICES)
REF_CONTRACT: Final = int(Kind.REF_CONTRACT)
ACCEPTED: Final = int(Kind.ACCEPTED)
REJECTED: Final = int(Kind.REJECTED)
REDUCED: Final = int(Kind.REDUCED)
REPRICED: Final = int(Kind.REPRICED)
CANCELLED: Final = int(Kind.CANCELLED)
TRADED: Final = int(Kind.TRADED)
OFF_BOOK_TRADED: Final = int(Kind.OFF_BOOK_TRADED)
TRADE_VOIDED: Final = int(Kind.TRADE_VOIDED)
QUOTED: Final = int(Kind.QUOTED)
QUOTE_REQUESTED: Final = int(Kind.QUOTE_REQUESTED)
MASS_CANCELLED: Final = int(Kind.MASS_CANCELLED)
PHASE_CHANGED: Final = int(Kind.PHASE_CHANGED)
INDICATIVE: Final = int(Kind.INDICATIVE)
AUCTIONED: Final = int(Kind.AUCTIONED)
STABILISATION_STARTED: Final = int(Kind.STABILISATION_STARTED)
STABILISATION_ENDED: Final = int(Kind.STABILISATION_ENDED)
HALTED: Final = int(Kind.HALTED)
RESUMED: Final = int(Kind.RESUMED)
ANNOUNCED: Final = int(Kind.ANNOUNCED)
DRAWN: Final = int(Kind.DRAWN)
REFERENCE_SET: Final = int(Kind.REFERENCE_SET)
CLOSED: Final = int(Kind.CLOSED)
STATISTICS: Final = int(Kind.STATISTICS)

"""Sides as the state keeps them: 0 buys, 1 sells; records say 1 and 2."""
BUY: Final = 0
SELL: Final = 1

MARKET: Final = int(OrdType.MARKET)
LIMIT: Final = int(OrdType.LIMIT)
ROD: Final = int(Tif.ROD)
FOK: Final = int(Tif.FOK)

REGULAR: Final = int(Segment.REGULAR)
FIXED: Final = int(Segment.FIXED_PRICE)
PAIRED: Final = int(Segment.BLOCK_PAIRED)
BLOCKS: Final = int(Segment.BLOCK)

SHUT: Final = int(Mode.SHUT)
COLLECT: Final = int(Mode.COLLECT)
CONTINUOUS: Final = int(Mode.CONTINUOUS)
PAIR: Final = int(Mode.PAIR)
TOP_MODE: Final = int(max(Mode))
UNCROSS: Final = int(Match.UNCROSS)
MATCH_FIXED: Final = int(Match.FIXED_PRICE)

PHASE_CLOSED: Final = int(Phase.CLOSED)
PHASE_VOLATILITY: Final = int(Phase.VOLATILITY_CALL)
PHASE_POSTPONED_OPEN: Final = int(Phase.POSTPONED_OPEN)
PHASE_POSTPONED_CLOSE: Final = int(Phase.POSTPONED_CLOSE)
PHASE_POSTPONED_PERIODIC: Final = int(Phase.POSTPONED_PERIODIC)
PHASE_HALTED: Final = int(Phase.HALTED)
PHASE_RESUMPTION: Final = int(Phase.RESUMPTION_CALL)

ANY_ORDER: Final = 0x1FF
TO_LIMIT: Final = int(Allow.TO_LIMIT_ROD | Allow.TO_LIMIT_IOC | Allow.TO_LIMIT_FOK)
ALLOW_LIMIT_ROD: Final = int(Allow.LIMIT_ROD)
ALLOW_CANCEL: Final = int(Allow.CANCEL)
ALLOW_REDUCE: Final = int(Allow.REDUCE)
ALLOW_REPRICE: Final = int(Allow.REPRICE)
ALLOW_QUOTE: Final = int(Allow.QUOTE)
ALLOW_REQUEST: Final = int(Allow.QUOTE_REQUEST)
ALLOW_IN_CALL: Final = ALLOW_LIMIT_ROD | ALLOW_CANCEL | ALLOW_REDUCE | ALLOW_REPRICE | ALLOW_QUOTE | ALLOW_REQUEST

PURGE_MARKET: Final = int(Action.PURGE_MARKET)
CHECK_START: Final = int(Action.CHECK_START)
CHECK_PRICES: Final = int(Action.CHECK_PRICES)
CHECK_CANCELS: Final = int(Action.CHECK_CANCELS)
CHECK_LAST: Final = int(Action.CHECK_LAST)
FIRST_MATCH: Final = int(Action.FIRST_MATCH)
SET_CLOSE: Final = int(Action.SET_CLOSE)
EXPIRE: Final = int(Action.EXPIRE)

VOLATILITY: Final = int(Special.VOLATILITY)
POSTPONED_OPEN: Final = int(Special.POSTPONED_OPEN)
POSTPONED_CLOSE: Final = int(Special.POSTPONED_CLOSE)
POSTPONED_PERIODIC: Final = int(Special.POSTPONED_PERIODIC)
RESUMPTION: Final = int(Special.RESUMPTION)
ENTRY_OPENS: Final = int(Special.ENTRY_OPENS)

BY_MEMBER: Final = int(Reason.MEMBER)
BY_TIF: Final = int(Reason.TIME_IN_FORCE)
BY_BAND: Final = int(Reason.BAND)
BY_STABILISATION: Final = int(Reason.STABILISATION)
BY_CLOSE: Final = int(Reason.MARKET_AT_CLOSE)
BY_END: Final = int(Reason.END_OF_SESSION)
BY_MASS: Final = int(Reason.MASS)
BY_QUOTE: Final = int(Reason.QUOTE_REPLACED)
BY_SELF_TRADE: Final = int(Reason.SELF_TRADE)
BY_EXCHANGE: Final = int(Reason.EXCHANGE)

TRADE_CONTINUOUS: Final = int(TradeKind.CONTINUOUS)
TRADE_OPEN: Final = int(TradeKind.OPEN)
TRADE_CLOSE: Final = int(TradeKind.CLOSE)
TRADE_VOLATILITY: Final = int(TradeKind.VOLATILITY)
TRADE_PERIODIC: Final = int(TradeKind.PERIODIC)
TRADE_FIXED: Final = int(TradeKind.FIXED_PRICE)
TRADE_BLOCK: Final = int(TradeKind.BLOCK)
TRADE_PAIRED: Final = int(TradeKind.BLOCK_PAIRED)
TRADE_RESUMPTION: Final = int(TradeKind.RESUMPTION)
NO_AGGRESSOR: Final = int(Aggressor.NONE)

RULE_VOLATILITY: Final = int(BookFlag.VOLATILITY)
RULE_CALL_CHECK: Final = int(BookFlag.CALL_CHECK)
RULE_PERIODIC_CHECK: Final = int(BookFlag.PERIODIC_CHECK)
RULE_SELL_ODD: Final = int(BookFlag.SELL_ODD)
RULE_TIE_MIDDLE: Final = int(BookFlag.TIE_MIDDLE)
RULE_NO_SELF_TRADE: Final = int(BookFlag.NO_SELF_TRADE)
RULE_VALUE_MINIMUM: Final = int(BookFlag.VALUE_MINIMUM)
RIGHT_ORDERS: Final = int(Right.ORDERS)
RIGHT_PROVIDER: Final = int(Right.PROVIDER)
RIGHT_OFF_BOOK: Final = int(Right.OFF_BOOK)

"""Refusals."""
C_UNKNOWN_KIND: Final = int(Code.UNKNOWN_KIND)
C_BROKEN_RUN: Final = int(Code.BROKEN_RUN)
C_UNUSED_BYTES: Final = int(Code.UNUSED_BYTES)
C_UNKNOWN_LINE: Final = int(Code.UNKNOWN_LINE)
C_NO_RIGHT: Final = int(Code.NO_RIGHT)
C_DUPLICATE: Final = int(Code.DUPLICATE_CL_ORD_ID)
C_ORDER_NO: Final = int(Code.ORDER_NO)
C_UNKNOWN_INSTRUMENT: Final = int(Code.UNKNOWN_INSTRUMENT)
C_UNKNOWN_GROUP: Final = int(Code.UNKNOWN_GROUP)
C_UNKNOWN_TABLE: Final = int(Code.UNKNOWN_TABLE)
C_BAD_REFERENCE: Final = int(Code.BAD_REFERENCE)
C_SIDE: Final = int(Code.SIDE)
C_ORD_TYPE: Final = int(Code.ORD_TYPE)
C_TIF: Final = int(Code.TIF)
C_OPEN_CLOSE: Final = int(Code.OPEN_CLOSE)
C_PRICE_AND_QTY: Final = int(Code.PRICE_AND_QTY)
C_ORDER_UNKNOWN: Final = int(Code.ORDER_UNKNOWN)
C_NOT_OWNER: Final = int(Code.NOT_OWNER)
C_ORDER_NOT_LIVE: Final = int(Code.ORDER_NOT_LIVE)
C_WRONG_BOOK: Final = int(Code.WRONG_BOOK)
C_SUSPENDED: Final = int(Code.SUSPENDED)
C_NOT_IN_PHASE: Final = int(Code.NOT_IN_PHASE)
C_TYPE_IN_PHASE: Final = int(Code.TYPE_IN_PHASE)
C_TYPE_NOT_ALLOWED: Final = int(Code.TYPE_NOT_ALLOWED)
C_REPRICE_NOT_ALLOWED: Final = int(Code.REPRICE_NOT_ALLOWED)
C_QUOTE_TIF: Final = int(Code.QUOTE_TIF)
C_QTY_ZERO: Final = int(Code.QTY_ZERO)
C_QTY_LOT: Final = int(Code.QTY_LOT)
C_QTY_MAX: Final = int(Code.QTY_MAX)
C_QTY_MIN: Final = int(Code.QTY_MIN)
C_PRICE_ABSENT: Final = int(Code.PRICE_ABSENT)
C_PRICE_PRESENT: Final = int(Code.PRICE_PRESENT)
C_PRICE_RANGE: Final = int(Code.PRICE_RANGE)
C_PRICE_TICK: Final = int(Code.PRICE_TICK)
C_ABOVE_LIMIT: Final = int(Code.ABOVE_LIMIT)
C_BELOW_LIMIT: Final = int(Code.BELOW_LIMIT)
C_QUOTE_CROSSED: Final = int(Code.QUOTE_CROSSED)
C_NO_CLOSING_PRICE: Final = int(Code.NO_CLOSING_PRICE)
C_PAIR: Final = int(Code.PAIR)
C_TRADE_UNKNOWN: Final = int(Code.TRADE_UNKNOWN)
C_TRADE_VOID: Final = int(Code.TRADE_VOID)
C_TIMER_NOT_DUE: Final = int(Code.TIMER_NOT_DUE)
C_STATE: Final = int(Code.STATE)
C_FULL: Final = int(Code.FULL)

"""The small vocabularies of the records. Enumerations start at 1; 0 means absent (docs/format.md, section 3)."""

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """What a record is: commands below 64, events from 64, framing of the journal from 200."""

    NEW = 1
    REDUCE = 2
    REPRICE = 3
    CANCEL = 4
    QUOTE = 5
    MASS_CANCEL = 6
    QUOTE_REQUEST = 7
    OFF_BOOK_TRADE = 8
    VOID_TRADE = 9
    PHASE = 16
    TIMER = 17
    INDICATE = 18
    DRAW = 19
    HALT = 20
    RESUME = 21
    ANNOUNCE = 22
    TEXT = 23
    REF_TICK = 32
    REF_LINE = 33
    REF_STABILISATION = 34
    REF_INSTRUMENT = 35
    REF_PRICES = 36
    REF_CONTRACT = 37

    ACCEPTED = 64
    REJECTED = 65
    REDUCED = 66
    REPRICED = 67
    CANCELLED = 68
    CONVERTED = 69
    TRADED = 70
    OFF_BOOK_TRADED = 71
    TRADE_VOIDED = 72
    QUOTED = 73
    QUOTE_REQUESTED = 74
    MASS_CANCELLED = 75
    PHASE_CHANGED = 80
    INDICATIVE = 81
    AUCTIONED = 82
    STABILISATION_STARTED = 83
    STABILISATION_ENDED = 84
    HALTED = 85
    RESUMED = 86
    ANNOUNCED = 87
    DRAWN = 88
    REFERENCE_SET = 89
    CLOSED = 90
    STATISTICS = 91
    LEVEL_CHANGED = 92

    BLOCK = 200
    EPOCH = 201
    SEGMENT = 202


FIRST_EVENT = 64
FIRST_FRAME = 200


class Side(IntEnum):
    BUY = 1
    SELL = 2


class OrdType(IntEnum):
    MARKET = 1
    LIMIT = 2
    MARKET_TO_LIMIT = 3


class Tif(IntEnum):
    """Time in force. ROD is FIX's DAY (當日有效), IOC is CTP's FAK."""

    ROD = 1
    IOC = 2
    FOK = 3


class OpenClose(IntEnum):
    OPEN = 1
    CLOSE = 2
    CLOSE_TODAY = 3
    CLOSE_YESTERDAY = 4
    FORCE = 5


class Segment(IntEnum):
    """Which of an instrument's books an order belongs to (low four bits of `attributes`)."""

    REGULAR = 1
    ODD_LOT = 2  # 盤中零股
    ODD_LOT_AFTER = 3  # 盤後零股
    FIXED_PRICE = 4  # 盤後定價
    BLOCK = 5  # 鉅額逐筆
    BLOCK_PAIRED = 6  # 鉅額配對


class Category(IntEnum):
    """Order category (委託類別), bits 4-6 of `attributes`."""

    CASH = 1
    MARGIN = 2
    SHORT = 3
    BORROWED = 4
    BORROWED_HEDGE = 5


class Investor(IntEnum):
    """Investor kind, bits 7-9 of `attributes`."""

    PERSON = 1
    FUND = 2
    FOREIGN = 3
    INSTITUTION = 4
    DEALER = 5


class Channel(IntEnum):
    """How the order was given to the broker, bits 10-12 of `attributes`."""

    NORMAL = 1
    VOICE = 2
    INTERNET = 3
    DMA = 4
    ATM = 5
    API = 6


class Phase(IntEnum):
    """Labels of the trading phases. What a phase allows comes with the PHASE command, not with its label."""

    CLOSED = 1
    PRE_OPEN = 2
    OPEN_CALL = 3
    CONTINUOUS = 4
    VOLATILITY_CALL = 5
    CLOSE_CALL = 6
    POSTPONED_OPEN = 7
    POSTPONED_CLOSE = 8
    PERIODIC_CALL = 9
    ODD_LOT_CALL = 10
    FIXED_PRICE = 11
    BLOCK = 12
    HALTED = 13
    LUNCH = 14
    POST_CLOSE = 15
    NO_CANCEL_CALL = 16
    ENDED = 17
    RESUMPTION_CALL = 18
    POSTPONED_PERIODIC = 19


class Mode(IntEnum):
    """The mechanism behind a phase."""

    SHUT = 1
    COLLECT = 2
    CONTINUOUS = 3
    PAIR = 4


class Match(IntEnum):
    """What a PHASE command matches at its start (0: nothing)."""

    UNCROSS = 1
    FIXED_PRICE = 2


class Allow(IntFlag):
    """Bits of the `allow` masks. A new order's bit is (ord_type - 1) * 3 + (tif - 1)."""

    MARKET_ROD = 1 << 0
    MARKET_IOC = 1 << 1
    MARKET_FOK = 1 << 2
    LIMIT_ROD = 1 << 3
    LIMIT_IOC = 1 << 4
    LIMIT_FOK = 1 << 5
    TO_LIMIT_ROD = 1 << 6
    TO_LIMIT_IOC = 1 << 7
    TO_LIMIT_FOK = 1 << 8
    CANCEL = 1 << 16
    REDUCE = 1 << 17
    REPRICE = 1 << 18
    QUOTE = 1 << 19
    QUOTE_REQUEST = 1 << 20


ALLOW_MANAGE = Allow.CANCEL | Allow.REDUCE | Allow.REPRICE
ALLOW_CALL = Allow.LIMIT_ROD | ALLOW_MANAGE | Allow.QUOTE | Allow.QUOTE_REQUEST
ALLOW_CONTINUOUS = (
    ALLOW_CALL | Allow.LIMIT_IOC | Allow.LIMIT_FOK | Allow.MARKET_ROD | Allow.MARKET_IOC | Allow.MARKET_FOK
)


class Action(IntFlag):
    """Bits of a PHASE command's `actions`, carried out per book in the order of docs/format.md, section 6.2."""

    PURGE_MARKET = 1 << 0
    CHECK_START = 1 << 1
    CHECK_PRICES = 1 << 2
    CHECK_CANCELS = 1 << 3
    CHECK_LAST = 1 << 4
    FIRST_MATCH = 1 << 5
    SET_CLOSE = 1 << 6
    EXPIRE = 1 << 7


class Special(IntEnum):
    """Why a book stands apart from its group: the `code` of stabilisation events and of TIMER commands."""

    VOLATILITY = 1
    POSTPONED_OPEN = 2
    POSTPONED_CLOSE = 3
    POSTPONED_PERIODIC = 4
    RESUMPTION = 5
    ENTRY_OPENS = 6  # timer only: entry of a postponed close begins


class Reason(IntEnum):
    """Why an order was cancelled: `code` of CANCELLED."""

    MEMBER = 1
    TIME_IN_FORCE = 2  # rest of an IOC, an FOK that could not be filled
    BAND = 3  # cut at the volatility band (market, IOC, FOK)
    STABILISATION = 4  # resting market order when a volatility interruption starts
    MARKET_AT_CLOSE = 5
    END_OF_SESSION = 6
    MASS = 7
    QUOTE_REPLACED = 8
    SELF_TRADE = 9
    EXCHANGE = 10
    DISCONNECT = 11
    SWITCH = 12


class TradeKind(IntEnum):
    """`code` of TRADED and AUCTIONED: which mechanism made the price."""

    CONTINUOUS = 1
    OPEN = 2
    CLOSE = 3
    VOLATILITY = 4
    PERIODIC = 5
    FIXED_PRICE = 6
    BLOCK = 7
    BLOCK_PAIRED = 8
    RESUMPTION = 9


class Aggressor(IntEnum):
    """Low two bits of the `flags` of TRADED."""

    BUY = 1
    SELL = 2
    NONE = 3  # auction, paired block


class Product(IntEnum):
    STOCK = 1
    ETF = 2
    ETN = 3
    REIT = 4
    TDR = 5
    PREFERRED = 6
    WARRANT_CALL = 7
    WARRANT_PUT = 8
    CONVERTIBLE = 9
    CORPORATE_BOND = 10
    GOVERNMENT_BOND = 11
    ENTITLEMENT = 12
    STOCK_WARRANT = 13
    FOREIGN_STOCK = 14
    FUTURE = 15
    OPTION_CALL = 16
    OPTION_PUT = 17


class BookFlag(IntFlag):
    """Bits of REF_INSTRUMENT's `rules`."""

    VOLATILITY = 1 << 0  # 58-3 para 6 applies
    CALL_CHECK = 1 << 1  # 58-3 para 8 applies
    PERIODIC_CHECK = 1 << 2  # 58-9 / odd lots 8-1 apply
    SELL_ODD = 1 << 3  # a sale may be any quantity (Shanghai: remainder below a lot)
    TIE_MIDDLE = 1 << 4  # auction tie: least surplus, then middle (Shanghai); else nearest to the anchor (Taipei)
    NO_SELF_TRADE = 1 << 5  # two orders of one provider account never meet
    VALUE_MINIMUM = 1 << 6  # block: qty >= qty_min or value >= value_min


class Right(IntFlag):
    """Bits of REF_LINE's `rights`."""

    ORDERS = 1 << 0
    PROVIDER = 1 << 1
    OFF_BOOK = 1 << 2


class Flag(IntFlag):
    """Bits of a command's `flags`; the low four count the records that follow in the same run."""

    POSS_RESEND = 1 << 4
    COVERED = 1 << 5
    DELETE_AT_SWITCH = 1 << 6


class Make(IntEnum):
    """Which core wrote an epoch."""

    PRIMARY = 1
    TWIN = 2

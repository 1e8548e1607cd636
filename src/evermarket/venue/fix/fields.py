"""The part of FIX 4.4 that we speak: tags, the form of their values, and which tags a message may and must have.

Written from our rules of engagement (docs/fix.md), not from anybody's dictionary. A tag that a message does not name
here is refused, for a tag that is not understood may change what an order means; tags from CUSTOM_FIRST on that are not
ours are passed over. No message has a repeating group.
"""

from enum import IntEnum
from typing import Final, NamedTuple

CUSTOM_FIRST: Final = 5_000
STANDARD_LAST: Final = 956
"""The highest tag that FIX 4.4 defines."""


class Tag:
    """The fields by name. Plain integers: a member of an enumeration is ten times slower to reach."""

    ACCOUNT: Final = 1
    AVG_PX: Final = 6
    BEGIN_SEQ_NO: Final = 7
    CL_ORD_ID: Final = 11
    CUM_QTY: Final = 14
    END_SEQ_NO: Final = 16
    EXEC_ID: Final = 17
    EXEC_REF_ID: Final = 19
    HANDL_INST: Final = 21
    LAST_PX: Final = 31
    LAST_QTY: Final = 32
    MSG_SEQ_NUM: Final = 34
    MSG_TYPE: Final = 35
    NEW_SEQ_NO: Final = 36
    ORDER_ID: Final = 37
    ORDER_QTY: Final = 38
    ORD_STATUS: Final = 39
    ORD_TYPE: Final = 40
    ORIG_CL_ORD_ID: Final = 41
    POSS_DUP: Final = 43
    PRICE: Final = 44
    REF_SEQ_NUM: Final = 45
    SENDER_COMP_ID: Final = 49
    SENDER_SUB_ID: Final = 50
    SENDING_TIME: Final = 52
    SIDE: Final = 54
    SYMBOL: Final = 55
    TARGET_COMP_ID: Final = 56
    TARGET_SUB_ID: Final = 57
    TEXT: Final = 58
    TIME_IN_FORCE: Final = 59
    TRANSACT_TIME: Final = 60
    POSITION_EFFECT: Final = 77
    POSS_RESEND: Final = 97
    ENCRYPT_METHOD: Final = 98
    CXL_REJ_REASON: Final = 102
    ORD_REJ_REASON: Final = 103
    HEART_BT_INT: Final = 108
    TEST_REQ_ID: Final = 112
    ORIG_SENDING_TIME: Final = 122
    GAP_FILL: Final = 123
    RESET_SEQ_NUM: Final = 141
    EXEC_TYPE: Final = 150
    LEAVES_QTY: Final = 151
    COVERED: Final = 203
    LAST_PROCESSED: Final = 369
    REF_TAG: Final = 371
    REF_MSG_TYPE: Final = 372
    REJECT_REASON: Final = 373
    BUSINESS_REF_ID: Final = 379
    BUSINESS_REASON: Final = 380
    RESPONSE_TO: Final = 434
    TRADE_NO: Final = 527
    MASS_REQUEST_TYPE: Final = 530
    MASS_RESPONSE: Final = 531
    MASS_REJECT_REASON: Final = 532
    AFFECTED_ORDERS: Final = 533
    USERNAME: Final = 553
    PASSWORD: Final = 554
    NEXT_EXPECTED: Final = 789
    LIQUIDITY: Final = 851
    REFUSAL: Final = 20_001
    CATEGORY: Final = 20_002
    INVESTOR: Final = 20_003
    CHANNEL: Final = 20_004
    SEGMENT: Final = 20_005
    REDUCE_BY: Final = 20_006
    PAIR_NUMBER: Final = 20_007
    LINE: Final = 20_008


class Form(IntEnum):
    """How a value is written; the patterns are in validate.py."""

    TEXT = 1
    FLAG = 2
    NUMBER = 3  # a whole number, not negative
    QTY = 4  # a whole number; ".0" behind it is allowed
    PRICE = 5  # a decimal number
    TIME = 6  # UTC, yyyymmdd-hh:mm:ss with up to nine digits of a second
    LONG = 7  # text of any length


class Field(NamedTuple):
    """One field: how it is written and, if they are few, the values it may have."""

    form: Form
    values: frozenset[str] = frozenset()


class Rule(NamedTuple):
    """One message: the tags it must have, in the order in which their absence is reported, and those it may have."""

    required: tuple[int, ...]
    optional: frozenset[int]


def _of(*values: str) -> frozenset[str]:
    return frozenset(values)


_OTHER_FORMS: Final[dict[int, Field]] = {
    **{tag: Field(Form.FLAG) for tag in (Tag.POSS_DUP, Tag.POSS_RESEND, Tag.GAP_FILL, Tag.RESET_SEQ_NUM)},
    **{
        tag: Field(Form.NUMBER)
        for tag in (
            *(Tag.BEGIN_SEQ_NO, Tag.END_SEQ_NO, Tag.MSG_SEQ_NUM, Tag.NEW_SEQ_NO, Tag.REF_SEQ_NUM, Tag.HEART_BT_INT),
            *(Tag.LAST_PROCESSED, Tag.REF_TAG, Tag.REJECT_REASON, Tag.BUSINESS_REASON, Tag.NEXT_EXPECTED),
            *(Tag.PAIR_NUMBER,),
        )
    },
    **{tag: Field(Form.TIME) for tag in (Tag.SENDING_TIME, Tag.ORIG_SENDING_TIME, Tag.TRANSACT_TIME)},
    **{tag: Field(Form.LONG) for tag in (Tag.TEXT, Tag.PASSWORD)},
    Tag.ENCRYPT_METHOD: Field(Form.NUMBER, _of("0")),
    Tag.HANDL_INST: Field(Form.TEXT, _of("1", "2", "3")),
    Tag.ORDER_QTY: Field(Form.QTY),
    Tag.REDUCE_BY: Field(Form.QTY),
    Tag.PRICE: Field(Form.PRICE),
    Tag.SIDE: Field(Form.TEXT, _of("1", "2")),
    Tag.ORD_TYPE: Field(Form.TEXT, _of("1", "2", "K")),
    Tag.TIME_IN_FORCE: Field(Form.TEXT, _of("0", "3", "4")),
    Tag.POSITION_EFFECT: Field(Form.TEXT, _of("O", "C")),
    Tag.COVERED: Field(Form.TEXT, _of("0", "1")),
    Tag.MASS_REQUEST_TYPE: Field(Form.TEXT, _of("1", "7")),
    Tag.CATEGORY: Field(Form.TEXT, _of(*"12345")),
    Tag.INVESTOR: Field(Form.TEXT, _of(*"12345")),
    Tag.CHANNEL: Field(Form.TEXT, _of(*"123456")),
    Tag.SEGMENT: Field(Form.TEXT, _of(*"123456")),
}

TAGS: Final = tuple(tag for name, tag in vars(Tag).items() if name.isupper())

FIELDS: Final[dict[int, Field]] = {tag: _OTHER_FORMS.get(tag, Field(Form.TEXT)) for tag in TAGS}
"""Every field that we know."""

HEADER: Final = frozenset(
    (
        *(Tag.MSG_SEQ_NUM, Tag.POSS_DUP, Tag.SENDER_COMP_ID, Tag.SENDER_SUB_ID, Tag.SENDING_TIME, Tag.TARGET_COMP_ID),
        *(Tag.TARGET_SUB_ID, Tag.POSS_RESEND, Tag.ORIG_SENDING_TIME, Tag.LAST_PROCESSED),
    )
)
HEADER_REQUIRED: Final = (Tag.SENDER_COMP_ID, Tag.TARGET_COMP_ID, Tag.MSG_SEQ_NUM, Tag.SENDING_TIME)

_TAIWAN: Final = (Tag.CATEGORY, Tag.INVESTOR, Tag.CHANNEL, Tag.SEGMENT)
_ORDER: Final = (Tag.ACCOUNT, Tag.HANDL_INST, Tag.PRICE, Tag.TIME_IN_FORCE, Tag.TEXT, *_TAIWAN)


def _rule(*required: int, may: tuple[int, ...] = ()) -> Rule:
    return Rule(required, frozenset(may))


MESSAGES: Final[dict[str, Rule]] = {
    "0": _rule(may=(Tag.TEST_REQ_ID,)),
    "1": _rule(Tag.TEST_REQ_ID),
    "2": _rule(Tag.BEGIN_SEQ_NO, Tag.END_SEQ_NO),
    "3": _rule(
        Tag.REF_SEQ_NUM, may=(Tag.REF_TAG, Tag.REF_MSG_TYPE, Tag.REJECT_REASON, Tag.TEXT)
    ),
    "4": _rule(Tag.NEW_SEQ_NO, may=(Tag.GAP_FILL,)),
    "5": _rule(may=(Tag.TEXT,)),
    "A": _rule(
        Tag.ENCRYPT_METHOD,
        Tag.HEART_BT_INT,
        may=(Tag.RESET_SEQ_NUM, Tag.USERNAME, Tag.PASSWORD, Tag.NEXT_EXPECTED),
    ),
    "D": _rule(
        *(Tag.CL_ORD_ID, Tag.SYMBOL, Tag.SIDE, Tag.TRANSACT_TIME, Tag.ORDER_QTY, Tag.ORD_TYPE),
        may=(*_ORDER, Tag.POSITION_EFFECT, Tag.COVERED, Tag.PAIR_NUMBER),
    ),
    "F": _rule(
        *(Tag.ORIG_CL_ORD_ID, Tag.CL_ORD_ID, Tag.SYMBOL, Tag.SIDE, Tag.TRANSACT_TIME),
        may=(Tag.ACCOUNT, Tag.ORDER_ID, Tag.ORDER_QTY, Tag.TEXT, *_TAIWAN),
    ),
    "G": _rule(
        *(Tag.ORIG_CL_ORD_ID, Tag.CL_ORD_ID, Tag.SYMBOL, Tag.SIDE, Tag.TRANSACT_TIME, Tag.ORD_TYPE),
        may=(*_ORDER, Tag.ORDER_ID, Tag.ORDER_QTY, Tag.REDUCE_BY),
    ),
    "H": _rule(Tag.CL_ORD_ID, Tag.SYMBOL, Tag.SIDE, may=(Tag.ACCOUNT, Tag.ORDER_ID)),
    "q": _rule(
        *(Tag.CL_ORD_ID, Tag.MASS_REQUEST_TYPE, Tag.TRANSACT_TIME),
        may=(Tag.SYMBOL, Tag.SIDE, Tag.ACCOUNT, Tag.SEGMENT, Tag.TEXT),
    ),
    "j": _rule(
        Tag.REF_MSG_TYPE, Tag.BUSINESS_REASON, may=(Tag.REF_SEQ_NUM, Tag.BUSINESS_REF_ID, Tag.TEXT)
    ),
}  # fmt: skip
"""What a member may send."""

BUSINESS_TYPES: Final = frozenset("DFGHq")
"""Messages that ask the market for something."""

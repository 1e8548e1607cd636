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


class Tag(IntEnum):
    """The fields by name."""

    ACCOUNT = 1
    AVG_PX = 6
    BEGIN_SEQ_NO = 7
    CL_ORD_ID = 11
    CUM_QTY = 14
    END_SEQ_NO = 16
    EXEC_ID = 17
    EXEC_REF_ID = 19
    HANDL_INST = 21
    LAST_PX = 31
    LAST_QTY = 32
    MSG_SEQ_NUM = 34
    MSG_TYPE = 35
    NEW_SEQ_NO = 36
    ORDER_ID = 37
    ORDER_QTY = 38
    ORD_STATUS = 39
    ORD_TYPE = 40
    ORIG_CL_ORD_ID = 41
    POSS_DUP = 43
    PRICE = 44
    REF_SEQ_NUM = 45
    SENDER_COMP_ID = 49
    SENDER_SUB_ID = 50
    SENDING_TIME = 52
    SIDE = 54
    SYMBOL = 55
    TARGET_COMP_ID = 56
    TARGET_SUB_ID = 57
    TEXT = 58
    TIME_IN_FORCE = 59
    TRANSACT_TIME = 60
    POSITION_EFFECT = 77
    POSS_RESEND = 97
    ENCRYPT_METHOD = 98
    CXL_REJ_REASON = 102
    ORD_REJ_REASON = 103
    HEART_BT_INT = 108
    TEST_REQ_ID = 112
    ORIG_SENDING_TIME = 122
    GAP_FILL = 123
    RESET_SEQ_NUM = 141
    EXEC_TYPE = 150
    LEAVES_QTY = 151
    COVERED = 203
    LAST_PROCESSED = 369
    REF_TAG = 371
    REF_MSG_TYPE = 372
    REJECT_REASON = 373
    BUSINESS_REF_ID = 379
    BUSINESS_REASON = 380
    RESPONSE_TO = 434
    TRADE_NO = 527
    MASS_REQUEST_TYPE = 530
    MASS_RESPONSE = 531
    MASS_REJECT_REASON = 532
    AFFECTED_ORDERS = 533
    USERNAME = 553
    PASSWORD = 554
    NEXT_EXPECTED = 789
    LIQUIDITY = 851
    REFUSAL = 20_001
    CATEGORY = 20_002
    INVESTOR = 20_003
    CHANNEL = 20_004
    SEGMENT = 20_005
    REDUCE_BY = 20_006
    PAIR_NUMBER = 20_007
    LINE = 20_008


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

FIELDS: Final[dict[int, Field]] = {tag: _OTHER_FORMS.get(tag, Field(Form.TEXT)) for tag in Tag}
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

SESSION_TYPES: Final = frozenset("012345A")

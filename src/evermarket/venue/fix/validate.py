"""Is a message well made? The first fault as SessionRejectReason (373) and tag (FIX 4.4 volume 2, "Reject").

Order of the checks: broken fields, message type, header fields missing, then each field as it comes (known at all,
known in this message, in its place, once, well written, an allowed value), then body fields missing.
"""

import re
from datetime import UTC, datetime
from typing import Final

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.fields import (
    CUSTOM_FIRST,
    FIELDS,
    HEADER,
    HEADER_REQUIRED,
    MESSAGES,
    STANDARD_LAST,
    Form,
    Tag,
)
from evermarket.venue.fix.wire import Fault, Message

INVALID_TAG: Final = 0
MISSING: Final = 1
NOT_IN_MESSAGE: Final = 2
UNDEFINED: Final = 3
NO_VALUE: Final = 4
BAD_VALUE: Final = 5
BAD_FORMAT: Final = 6
COMP_ID: Final = 9
SENDING_TIME: Final = 10
BAD_TYPE: Final = 11
TWICE: Final = 13
OUT_OF_ORDER: Final = 14

REASONS: Final = {
    INVALID_TAG: "Invalid tag number",
    MISSING: "Required tag missing",
    NOT_IN_MESSAGE: "Tag not defined for this message type",
    UNDEFINED: "Undefined tag",
    NO_VALUE: "Tag specified without a value",
    BAD_VALUE: "Value is incorrect (out of range) for this tag",
    BAD_FORMAT: "Incorrect data format for value",
    COMP_ID: "CompID problem",
    SENDING_TIME: "SendingTime accuracy problem",
    BAD_TYPE: "Invalid MsgType",
    TWICE: "Tag appears more than once",
    OUT_OF_ORDER: "Tag specified out of required order",
}
"""The names that the standard gives to the values of field 373."""

_FORMS: Final = {
    Form.TEXT: re.compile(r"[^\x00-\x1f\x7f]{1,64}"),
    Form.FLAG: re.compile("[YN]"),
    Form.NUMBER: re.compile("[0-9]{1,18}"),
    Form.QTY: re.compile(r"[0-9]{1,18}(\.0*)?"),
    Form.PRICE: re.compile(r"-?[0-9]{1,14}(\.[0-9]{0,9})?"),
    Form.TIME: re.compile(r"[0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"),
}
_KNOWN_TYPE: Final = re.compile("[0-9A-Za-z]|A[A-Z]|B[A-H]")
LONG_TEXT: Final = {Tag.TEXT, Tag.PASSWORD}


def validate(message: Message) -> Fault | None:
    """The first fault of a message of any type; a type of FIX 4.4 that we do not speak has none but in its header."""
    if message.fault is not None:
        return message.fault
    if not _KNOWN_TYPE.fullmatch(message.type):
        return Fault(BAD_TYPE, 0)
    present = [tag for tag, _ in message.fields]
    for tag in HEADER_REQUIRED:
        if tag not in present:
            return Fault(MISSING, tag)
    rule = MESSAGES.get(message.type)
    if rule is None:
        return None
    allowed = HEADER | rule.optional | frozenset(rule.required)
    fault = _fields_fault(message, allowed)
    if fault is None:
        fault = next((Fault(MISSING, tag) for tag in rule.required if tag not in present), None)
    return fault


def _fields_fault(message: Message, allowed: frozenset[int]) -> Fault | None:
    seen: set[int] = set()
    in_body = False
    for tag, value in message.fields:
        if tag >= CUSTOM_FIRST and tag not in FIELDS:
            continue
        if tag not in allowed:
            return Fault(NOT_IN_MESSAGE if tag <= STANDARD_LAST or tag in FIELDS else UNDEFINED, tag)
        if tag in seen:
            return Fault(TWICE, tag)
        if tag in HEADER and in_body:
            return Fault(OUT_OF_ORDER, tag)
        in_body = in_body or tag not in HEADER
        seen.add(tag)
        fault = value_fault(tag, value)
        if fault is not None:
            return fault
    return None


def value_fault(tag: int, value: str) -> Fault | None:
    """What is wrong with one value."""
    field = FIELDS[tag]
    if tag in LONG_TEXT:
        return None
    if not _FORMS[field.form].fullmatch(value):
        return Fault(BAD_FORMAT, tag)
    if field.values and value not in field.values:
        return Fault(BAD_VALUE, tag)
    if field.form is Form.TIME and time_ns(value) is None:
        return Fault(BAD_FORMAT, tag)
    return None


def time_ns(text: str | None) -> int | None:
    """A UTC timestamp as nanoseconds; None if it is none. A leap second counts as the second before it."""
    if text is None or not _FORMS[Form.TIME].fullmatch(text):
        return None
    whole, _, rest = text.partition(".")
    if whole.endswith(":60"):
        whole = whole[:-2] + "59"
    try:
        moment = datetime.strptime(whole, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * SECOND_NS + int(rest.ljust(9, "0") or 0)


def time_text(ns: int) -> str:
    """Nanoseconds as a UTC timestamp with milliseconds."""
    whole, rest = divmod(ns, SECOND_NS)
    return f"{datetime.fromtimestamp(whole, UTC):%Y%m%d-%H:%M:%S}.{rest // 1_000_000:03}"

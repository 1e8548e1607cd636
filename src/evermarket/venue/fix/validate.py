"""Is a message well made? The first fault as SessionRejectReason (373) and tag (FIX 4.4 volume 2, "Reject").

Order of the checks: broken fields, message type, header fields missing, then each field as it comes (known at all,
known in this message, in its place, once, well written, an allowed value), then body fields missing.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.fields import (
    CUSTOM_FIRST,
    FIELDS,
    HEADER,
    HEADER_REQUIRED,
    MESSAGES,
    STANDARD_LAST,
    TAGS,
    Form,
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

_TIME: Final = re.compile(r"([0-9]{8})-([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?")
_FORMS: Final = {
    Form.TEXT: re.compile(r"[^\x00-\x1f\x7f]{1,64}"),
    Form.FLAG: re.compile("[YN]"),
    Form.NUMBER: re.compile("[0-9]{1,18}"),
    Form.QTY: re.compile(r"[0-9]{1,18}(\.0*)?"),
    Form.PRICE: re.compile(r"-?[0-9]{1,14}(\.[0-9]{0,9})?"),
    Form.LONG: re.compile(r"(?s:.+)"),
}
_KNOWN_TYPE: Final = re.compile("[0-9A-Za-z]|A[A-Z]|B[A-H]")


@lru_cache(4_096)
def time_ns(text: str | None) -> int | None:
    """A UTC timestamp as nanoseconds; None if it is none. A leap second counts as the second before it."""
    parts = _TIME.fullmatch(text) if text is not None else None
    if parts is None:
        return None
    day, hour, minute, second, rest = parts.groups("")
    begins = _day_s(day)
    if begins is None or hour > "23" or minute > "59" or second > "60":
        return None
    whole = begins + int(hour) * 3_600 + int(minute) * 60 + min(int(second), 59)
    return whole * SECOND_NS + int(rest.ljust(9, "0"))


@lru_cache(16)
def _day_s(day: str) -> int | None:
    try:
        return int(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def time_text(ns: int) -> str:
    """Nanoseconds as a UTC timestamp with milliseconds."""
    second, rest = divmod(ns, SECOND_NS)
    return f"{_second_text(second)}.{rest // 1_000_000:03}"


@lru_cache(64)
def _second_text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d-%H:%M:%S}"


@lru_cache(4_096)
def _is_time(text: str) -> bool:
    return time_ns(text) is not None


Check = Callable[[str], object]
"""Gives something true of a value that may be."""


def _is_well_written(tag: int) -> Check:
    form = FIELDS[tag].form
    return _is_time if form is Form.TIME else _FORMS[form].fullmatch


def _is_allowed(tag: int) -> Check:
    values = FIELDS[tag].values
    return values.__contains__ if values else _is_well_written(tag)


_WELL_WRITTEN: Final = {tag: _is_well_written(tag) for tag in TAGS}
_ALLOWED: Final = {tag: _is_allowed(tag) for tag in TAGS}
_HEADER: Final = {tag: _ALLOWED[tag] for tag in HEADER}
_BODY: Final = {
    kind: {tag: _ALLOWED[tag] for tag in (*rule.required, *rule.optional)} for kind, rule in MESSAGES.items()
}


def validate(message: Message) -> Fault | None:
    """The first fault of a message of any type; a type of FIX 4.4 that we do not speak has none but in its header."""
    if message.fault is not None:
        return message.fault
    if not _KNOWN_TYPE.fullmatch(message.type):
        return Fault(BAD_TYPE, 0)
    for tag in HEADER_REQUIRED:
        if tag not in message.values:
            return Fault(MISSING, tag)
    rule = MESSAGES.get(message.type)
    if rule is None:
        return None
    if not _is_plain(message, _BODY[message.type]):
        fault = _first_fault(message, _BODY[message.type])
        if fault is not None:
            return fault
    return next((Fault(MISSING, tag) for tag in rule.required if tag not in message.values), None)


def _is_plain(message: Message, body: dict[int, Check]) -> bool:
    """Whether a message has nothing but known fields, once each, with allowed values, those of the header first: what
    nearly every message has. For the others `_first_fault` says what there is to say, if anything."""
    checks = _HEADER
    for tag, value in message.fields:
        check = checks.get(tag)
        if check is None:
            checks = body
            check = body.get(tag)
        if check is None or not check(value):
            return False
    return len(message.values) == len(message.fields)


def _first_fault(message: Message, body: dict[int, Check]) -> Fault | None:
    seen: set[int] = set()
    in_body = False
    for tag, value in message.fields:
        if tag not in body and tag not in _HEADER:
            if tag >= CUSTOM_FIRST and tag not in FIELDS:
                continue
            return Fault(NOT_IN_MESSAGE if tag <= STANDARD_LAST or tag in FIELDS else UNDEFINED, tag)
        if tag in seen:
            return Fault(TWICE, tag)
        seen.add(tag)
        if tag in _HEADER and in_body:
            return Fault(OUT_OF_ORDER, tag)
        in_body = in_body or tag not in _HEADER
        if not _WELL_WRITTEN[tag](value):
            return Fault(BAD_FORMAT, tag)
        if not _ALLOWED[tag](value):
            return Fault(BAD_VALUE, tag)
    return None

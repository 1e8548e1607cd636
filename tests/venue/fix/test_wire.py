"""Bytes and messages: any cut of a stream gives the same messages, garbage costs nothing but itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.decimals import average_text, price_text, price_units
from evermarket.venue.fix.validate import time_ns, time_text
from evermarket.venue.fix.wire import (
    HEAD_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    TAIL_BYTES,
    Fault,
    Framer,
    Message,
    checksum,
    encode,
    joined,
)

VALUES = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\x01"), min_size=1, max_size=40)
FIELDS = st.lists(st.tuples(st.integers(1, 999_999), VALUES), max_size=12)
TYPES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=3)
MESSAGES = st.builds(lambda kind, fields: encode(kind, joined(fields)), TYPES, FIELDS)
GARBAGE = st.binary(max_size=60).filter(lambda raw: b"8=" not in raw and not raw.endswith(b"8"))


def parsed(pieces: list[bytes]) -> list[Message]:
    framer = Framer()
    return [message for piece in pieces for message in framer.feed(piece)]


@given(TYPES, FIELDS)
def test_what_is_encoded_is_read_back(kind: str, fields: list[tuple[int, str]]) -> None:
    [message] = Framer().feed(encode(kind, joined(fields)))
    assert message == Message(kind, fields, dict(fields))


@given(st.lists(st.one_of(MESSAGES, GARBAGE), max_size=6), st.data())
def test_any_split_of_a_stream_gives_the_same_messages(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = parsed([stream])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parsed(pieces) == whole
    assert parsed([stream[i : i + 1] for i in range(len(stream))]) == whole
    assert len(whole) >= sum(part.startswith(b"8=") for part in parts)


@given(st.lists(st.one_of(st.binary(), MESSAGES, st.just(b"8=FIX.4.4\x019=9999\x01")), max_size=20))
def test_any_bytes_are_read_without_complaint_and_little_is_held(parts: list[bytes]) -> None:
    framer = Framer()
    for part in parts:
        framer.feed(part)
        assert len(framer._held) <= HEAD_BYTES_MAX + MESSAGE_BYTES_MAX + TAIL_BYTES


@given(MESSAGES, st.data())
def test_a_flipped_byte_never_gives_another_message_silently(raw: bytes, data: st.DataObject) -> None:
    """But for what the sum of the bytes cannot see, which a single change is not."""
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    before = parsed([raw])
    after = parsed([changed])
    assert after in ([], before) or after[0].begin != before[0].begin


def test_after_a_garbled_message_the_next_one_is_read() -> None:
    good = encode("0", "34=2\x01")
    for bad in (
        good.replace(b"34=2", b"34=3"),  # wrong sum
        good.replace(b"9=10", b"9=11"),  # wrong length
        b"8=FIX.4.4\x0135=0\x019=5\x01",  # wrong order
        b"8=FIX.4.4\x019=999999\x01",  # longer than any
        b"8=8=8=",
        b"8=FIX.4.4\x019=5\x0134=1\x0110=162\x01",  # no type
    ):
        framer = Framer()
        assert [m.type for m in framer.feed(bad + good)] == ["0"]
        assert framer.garbage == len(bad)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("34=1\x01x=5\x01", Fault(0, 0)),
        ("34=1\x010=5\x01", Fault(0, 0)),
        ("34=1\x01055=5\x01", Fault(0, 55)),
        ("34=1\x0158=\x01", Fault(4, 58)),
        ("34=1\x0158\x01", Fault(0, 58)),
        ("34=1\x01\x01", Fault(0, 0)),
        ("34=1\x011234567=5\x01", Fault(0, 1_234_567)),
    ],
)
def test_a_broken_field_is_a_fault_of_a_message_that_is_otherwise_read(body: str, fault: Fault) -> None:
    [message] = Framer().feed(encode("0", body))
    assert (message.fault, message.number(34)) == (fault, 1)


@given(st.binary(max_size=2_000))
def test_the_checksum_is_the_sum_of_the_bytes(raw: bytes) -> None:
    assert checksum(raw) == sum(raw) % 256


@given(st.integers(0, 4_000_000_000 * SECOND_NS))
def test_a_time_is_read_back_to_the_millisecond(ns: int) -> None:
    assert time_ns(time_text(ns)) == ns // 1_000_000 * 1_000_000


@pytest.mark.parametrize(
    "text",
    ["20260105-24:00:00", "20260105-01:60:00", "20260105-01:00:61", "20260230-01:00:00", "2026010-01:00:00", "x", ""],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert time_ns(text) is None


def test_a_leap_second_counts_as_the_second_before() -> None:
    assert time_ns("20161231-23:59:60.5") == time_ns("20161231-23:59:59.5")


@given(st.integers(-(10**12), 10**12))
def test_a_price_is_read_back(units: int) -> None:
    assert price_units(price_text(units)) == units


def test_an_average_is_rounded_half_up_at_six_decimals() -> None:
    assert average_text(1_000_000 * 3 + 1_000_001 * 3, 6) == "100.00005"
    assert average_text(2, 3) == "0.000067"
    assert average_text(0, 0) == "0"

"""FIX on the wire: tag=value fields, BodyLength, CheckSum, and messages cut out of a byte stream (FIX 4.4 volume 1,
"Message format"; volume 2, "Message integrity").

    8=FIX.4.4 | 9=length | 35=type | ... | 10=sum |       | is the byte SOH

A message whose first three fields are not 8, 9, 35, whose length does not lead to field 10 or whose sum is wrong is
garbled: it is passed over without an answer, as the standard says, and the sequence numbers find the gap. A message
that is whole but has an impossible field keeps a `fault`, which the session answers with a Reject.

Bounds: a message has at most MESSAGE_BYTES_MAX bytes of body; a framer holds no more than one such message and what it
was just fed; every byte is looked at a bounded number of times.
Known gap: fields of raw data (95/96 and the like) may not hold SOH; no message that we speak has one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import adler32

BEGIN: Final = "FIX.4.4"
SOH: Final = "\x01"
MESSAGE_BYTES_MAX: Final = 8_192
BEGIN_BYTES_MAX: Final = 16
HEAD_BYTES_MAX: Final = 2 + BEGIN_BYTES_MAX + 1 + 2 + 6 + 1
TAIL_BYTES: Final = 7

_HEAD: Final = re.compile(rb"8=([\x21-\x3c\x3e-\x7e]{1,16})\x019=([0-9]{1,6})\x01")
_TAIL: Final = re.compile(rb"10=([0-9]{3})\x01")
_NUMBER: Final = re.compile("[0-9]{1,18}")
_TAG: Final = re.compile("[1-9][0-9]{0,5}")
_SUM_BYTES: Final = 256

Field = tuple[int, str]


class Fault(NamedTuple):
    """What is wrong with a message: SessionRejectReason (373) and the tag at fault, 0 where it has none."""

    reason: int
    tag: int


class Message(NamedTuple):
    """One message: its type and fields in order, without 8, 9, 35 and 10. Values are Latin-1, so no byte is lost.

    `values`: the fields by tag, the last one where a tag comes twice (which `validate` refuses).
    """

    type: str
    fields: list[Field]
    values: dict[int, str]
    begin: str = BEGIN
    fault: Fault | None = None

    def get(self, tag: int) -> str | None:
        """The value of a tag."""
        return self.values.get(tag)

    def number(self, tag: int) -> int | None:
        """The value of a tag that is a whole number of at most 18 digits."""
        value = self.values.get(tag)
        return int(value) if value is not None and _NUMBER.fullmatch(value) else None

    def says(self, tag: int) -> bool:
        """Whether a flag is set."""
        return self.values.get(tag) == "Y"


def joined(fields: Iterable[Field]) -> str:
    """Fields in the form of the wire."""
    return "".join([f"{int(tag)}={value}\x01" for tag, value in fields])


def checksum(data: bytes | bytearray) -> int:
    """The sum of the bytes modulo 256. The low half of Adler-32 is one and the sum modulo 65 521, which 256 bytes do
    not reach; adding byte by byte would be the dearest part of a message."""
    total = 0
    for at in range(0, len(data), _SUM_BYTES):
        total += adler32(data[at : at + _SUM_BYTES]) - 1
    return total & 255


def encode(kind: str, body: str, begin: str = BEGIN) -> bytes:
    """A whole message; `body` is what stands between 35 and 10, header first."""
    raw = f"35={kind}\x01{body}".encode("latin-1", "replace")
    raw = b"8=%b\x019=%d\x01%b" % (begin.encode("latin-1"), len(raw), raw)
    return b"%b10=%03d\x01" % (raw, checksum(raw))


def decode(begin: str, body: bytes) -> Message | None:
    """The message of a body (from 35= to before 10=); None if 35 does not come first."""
    head, *pieces = body.decode("latin-1").split(SOH)
    if not head.startswith("35=") or head == "35=" or not pieces or pieces.pop():
        return None
    fields: list[Field] = []
    fault = None
    for piece in pieces:
        name, sign, value = piece.partition("=")
        tag = _tag(name)
        if not tag or not sign:
            fault = fault or Fault(0, int(name) if _NUMBER.fullmatch(name) else 0)
            continue
        if not value:
            fault = fault or Fault(4, tag)
        fields.append((tag, value))
    return Message(head[3:], fields, dict(fields), begin, fault)


@lru_cache(4_096)
def _tag(name: str) -> int:
    """A tag as a number; 0 if it is none."""
    return int(name) if _TAG.fullmatch(name) else 0


class Framer:
    """Cuts one connection's bytes into messages. `garbage` counts the bytes passed over."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.garbage = 0

    def __repr__(self) -> str:
        return f"<Framer {len(self._held)} bytes held, {self.garbage} passed over>"

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now."""
        self._held += data
        return list(self._messages())

    def _messages(self) -> Iterator[Message]:
        at = 0
        while (start := self._start(at)) is not None:
            self.garbage += start - at
            at = start
            head = _HEAD.match(self._held, at)
            if head is None:
                if len(self._held) - at < HEAD_BYTES_MAX:
                    break
                at = self._skip(at, at + 2)
                continue
            end = head.end() + int(head[2])
            if int(head[2]) <= MESSAGE_BYTES_MAX and len(self._held) < end + TAIL_BYTES:
                break
            tail = _TAIL.match(self._held, end) if int(head[2]) <= MESSAGE_BYTES_MAX else None
            if tail is None:
                at = self._skip(at, head.end())
                continue
            message = None
            if checksum(self._held[at:end]) == int(tail[1]):
                message = decode(head[1].decode("latin-1"), bytes(self._held[head.end() : end]))
            if message is None:
                self.garbage += tail.end() - at
            else:
                yield message
            at = tail.end()
        if start is None:
            keep = self._held.endswith(b"8")
            self.garbage += len(self._held) - keep - at
            at = len(self._held) - keep
        del self._held[:at]

    def _start(self, at: int) -> int | None:
        found = self._held.find(b"8=", at)
        return None if found < 0 else found

    def _skip(self, at: int, to: int) -> int:
        self.garbage += to - at
        return to

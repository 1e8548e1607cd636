"""Messages of the line: a head of 32 bytes, `op u32, payload_bytes u32, a u64, b u64, c u64`, then the payload."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

HEAD: Final = struct.Struct("<IIQQQ")
PAYLOAD_BYTES_MAX: Final = 1 << 28


class Op(IntEnum):
    FOLLOW = 16
    HEADER = 17
    FRAMES = 18
    QUIET = 19
    REFUSED = 20
    SYNCED = 21


class Role(IntEnum):
    """What somebody who follows is (`c` of FOLLOW)."""

    FOLLOWER = 0
    READER = 1


class Message(NamedTuple):
    op: int
    a: int
    b: int
    c: int
    payload: bytes


class BadMessage(ValueError):  # noqa: N818
    """The other end says something that is no message."""


def head(op: Op, payload_bytes: int = 0, a: int = 0, b: int = 0, c: int = 0) -> bytes:
    return HEAD.pack(op, payload_bytes, a, b, c)


class Framer:
    """Cuts a stream of bytes into messages; a part of one waits for the rest. Errors: BadMessage."""

    def __init__(self, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> None:
        self._rest = bytearray()
        self._payload_bytes_max = payload_bytes_max

    def feed(self, data: bytes) -> list[Message]:
        self._rest += data
        messages: list[Message] = []
        at = 0
        while len(self._rest) - at >= HEAD.size:
            op, size, a, b, c = HEAD.unpack_from(self._rest, at)
            if size > self._payload_bytes_max:
                raise BadMessage(f"a message of {size} bytes; {self._payload_bytes_max} is the most")
            end = at + HEAD.size + size
            if len(self._rest) < end:
                break
            messages.append(Message(op, a, b, c, bytes(self._rest[at + HEAD.size : end])))
            at = end
        del self._rest[:at]
        return messages

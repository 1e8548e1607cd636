"""Where a session's small journal lies: an append-only file, each entry one message in the wire's own form.

    US | 34 number | 52 time | 372 type | body fields     an own message
    UE | 36 expected                                       settled so far
    UR | 36 base                                           a reset

Length and sum of each message show a torn end, which is cut off on opening. Own messages and resets are synced before
they are sent. Settled numbers are not: one that is lost lets the member send again what the journal knows already.
"""

import os
from pathlib import Path
from typing import BinaryIO, Protocol

from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.numbers import Entry, Own, Report, Reset, Settled
from evermarket.venue.fix.wire import Framer, Message, encode

_CHUNK_BYTES = 1 << 16


class Kept(Protocol):
    """What a gateway needs of the place where a session's own messages are kept."""

    def entries(self) -> list[Entry]: ...

    def append(self, entry: Entry, /) -> None: ...


class KeptList:
    """In memory: for tests, and for a market that does not outlive its process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        return list(self._entries)

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)


class KeptFile:
    """On disk; one file a session and trading day."""

    def __init__(self, path: Path) -> None:
        self._entries, whole = _read(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._file.truncate(whole)

    def entries(self) -> list[Entry]:
        """The entries that were there when the file was opened."""
        return self._entries

    def append(self, entry: Entry) -> None:
        """Write one entry; own messages and resets are durable on return."""
        self._file.write(as_bytes(entry))
        if not isinstance(entry, Settled):
            os.fdatasync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def as_bytes(entry: Entry) -> bytes:
    """An entry in the file's form."""
    match entry:
        case Own(number, report):
            head = (
                (Tag.MSG_SEQ_NUM, str(number)),
                (Tag.SENDING_TIME, str(report.time)),
                (Tag.REF_MSG_TYPE, report.type),
            )
            return encode("US", (*head, *report.fields))
        case Settled(expected):
            return encode("UE", ((Tag.NEW_SEQ_NO, str(expected)),))
        case Reset(base):
            return encode("UR", ((Tag.NEW_SEQ_NO, str(base)),))


def from_message(message: Message) -> Entry:
    """The entry that a message of the file stands for."""
    number = message.number(Tag.NEW_SEQ_NO) or 0
    if message.type == "UE":
        return Settled(number)
    if message.type == "UR":
        return Reset(number)
    (_, own), (_, time), (_, kind), *rest = message.fields
    return Own(int(own), Report(int(time), kind, tuple(rest)))


def _read(path: Path) -> tuple[list[Entry], int]:
    """The entries of a file and how many of its bytes are whole."""
    entries: list[Entry] = []
    whole = 0
    if not path.exists():
        return entries, whole
    framer = Framer()
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            for message in framer.feed(data):
                entry = from_message(message)
                entries.append(entry)
                whole += len(as_bytes(entry))
    return entries, whole

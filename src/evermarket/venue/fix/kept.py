"""Where a session's small journal lies: an append-only file, each entry one message in the wire's own form.

    US | 34 number | 52 time | 372 type | body fields     an own message
    UE | 36 expected                                       settled so far
    UR | 36 base                                           a reset

Length and sum of each message show a torn end, which is cut off on opening. Own messages and resets are synced before
they are sent, those of one read together. Settled numbers are not: one that is lost lets the member send again what the
journal knows already.
"""

import os
from pathlib import Path
from typing import BinaryIO, Protocol

from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.numbers import Entry, Own, Report, Reset, Settled
from evermarket.venue.fix.wire import Framer, Message, encode, joined


class Kept(Protocol):
    """What a gateway needs of the place where a session's own messages are kept."""

    def entries(self) -> list[Entry]: ...

    def append(self, entry: Entry, /) -> None: ...

    def sync(self) -> None: ...


class KeptList:
    """In memory: for tests, and for a market that does not outlive its process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        return list(self._entries)

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)

    def sync(self) -> None:
        """Nothing is more durable than memory here."""


class KeptFile:
    """On disk; one file a session and trading day. Raises ValueError if anything but its end is damaged."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes() if path.exists() else b""
        self._entries = [from_message(message) for message in Framer().feed(raw)]
        whole = b"".join(map(as_bytes, self._entries))
        if not raw.startswith(whole):
            raise ValueError(f"{path} is damaged before byte {len(whole)}")
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._file.truncate(len(whole))
        self._has_news = False

    def entries(self) -> list[Entry]:
        """The entries that were there when the file was opened."""
        return self._entries

    def append(self, entry: Entry) -> None:
        """Write one entry; own messages and resets are durable after the next `sync`."""
        self._file.write(as_bytes(entry))
        self._has_news = self._has_news or not isinstance(entry, Settled)

    def sync(self) -> None:
        """Return when all own messages and resets are durable."""
        if self._has_news:
            os.fdatasync(self._file.fileno())
            self._has_news = False

    def close(self) -> None:
        self.sync()
        self._file.close()


def as_bytes(entry: Entry) -> bytes:
    """An entry in the file's form."""
    match entry:
        case Own(number, report):
            head = f"34={number}\x0152={report.time}\x01372={report.type}\x01"
            return encode("US", head + report.body)
        case Settled(expected):
            return encode("UE", f"36={expected}\x01")
        case Reset(base):
            return encode("UR", f"36={base}\x01")


def from_message(message: Message) -> Entry:
    """The entry that a message of the file stands for."""
    number = message.number(Tag.NEW_SEQ_NO) or 0
    if message.type == "UE":
        return Settled(number)
    if message.type == "UR":
        return Reset(number)
    (_, own), (_, time), (_, kind), *rest = message.fields
    return Own(int(own), Report(int(time), kind, joined(rest)))

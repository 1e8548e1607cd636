"""A record as plain values: 64 bytes to a dictionary of integers and back (docs/format.md, sections 2 and 4).

Nothing here is fast. A field is read with `int.from_bytes`, so that a wrong dtype cannot hide in both directions.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evermarket.records import HEADER, LAYOUT, NO_PRICE, RECORD_BYTES, Records

HEADER_FIELDS = frozenset(HEADER.names or ())

Fields = list[tuple[str, int, int, str]]
"""Name, offset, size, type letter (u, i, S or V) of each field of a kind."""


def as_signed(number: int) -> int:
    """The 64 bits of a number, read as a signed one (clarified: ids above 2^63, due times beyond the range)."""
    return (number + 2**63) % 2**64 - 2**63


def fields_of(kind: int) -> Fields:
    """The fields of one kind in the order of their offsets; those of the header alone for an unknown kind."""
    dtype = LAYOUT.get(kind, HEADER)  # an int finds its IntEnum key
    rows = [(name, spec[1], spec[0].itemsize, spec[0].kind) for name, spec in (dtype.fields or {}).items()]
    return sorted(rows, key=lambda row: row[1])


FIELDS: dict[int, Fields] = {kind: fields_of(kind) for kind in range(256)}


def unnamed_bytes(kind: int) -> list[int]:
    """Offsets of the bytes that no field of the kind names."""
    named = {at for _, start, size, _ in FIELDS[kind] for at in range(start, start + size)}
    return [at for at in range(RECORD_BYTES) if at not in named]


UNNAMED: dict[int, list[int]] = {kind: unnamed_bytes(kind) for kind in range(256)}


@dataclass
class Word:
    """One record, its values by name. `raw` is the 64 bytes as they came."""

    raw: bytes
    values: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def has(self, name: str) -> bool:
        return name in self.values

    @property
    def segment(self) -> int:
        """Bits 0-3 of `attributes`."""
        return int(self.values["attributes"]) & 15


def decode(raw: bytes) -> Word:
    """Read one record by the layout of its kind."""
    values: dict[str, Any] = {}
    for name, start, size, letter in FIELDS[raw[16]]:
        piece = raw[start : start + size]
        values[name] = piece if letter in "SV" else int.from_bytes(piece, "little", signed=letter == "i")
    return Word(raw, values)


def encode(kind: int, /, **values: int | bytes) -> bytes:
    """Write one record; fields left out are zero. A name the kind does not have is a mistake of the caller."""
    raw = bytearray(RECORD_BYTES)
    values = {"kind": kind, **values}
    for name, start, size, letter in FIELDS[kind]:
        given = values.pop(name, 0)
        if isinstance(given, bytes):
            raw[start : start + size] = given.ljust(size, b"\0")
        elif given:
            number = int(given)
            raw[start : start + size] = number.to_bytes(size, "little", signed=letter == "i")
    assert not values, f"kind {kind} has no field {', '.join(values)}"
    return bytes(raw)


def changed(raw: bytes, kind: int, **values: int) -> bytes:
    """The same bytes as another kind with some fields replaced: what the document calls an echo."""
    word = decode(bytes((*raw[:16], kind, *raw[17:])))
    return encode(kind, **{**word.values, "kind": kind, **values})


def split(records: Records) -> list[bytes]:
    """An array of records of any layout as a list of 64-byte strings."""
    raw = np.ascontiguousarray(records).view(HEADER).tobytes()
    return [raw[at : at + RECORD_BYTES] for at in range(0, len(raw), RECORD_BYTES)]


def join(rows: list[bytes]) -> Records:
    """64-byte strings as one array with the header's dtype.

    A view, never a copy: NumPy copies only the named fields of an item, and the header's dtype names no body.
    """
    return np.frombuffer(bytearray(b"".join(rows)), HEADER)


def price_or_none(price: int) -> int | None:
    return None if price == NO_PRICE else price


def or_null(price: int | None) -> int:
    return NO_PRICE if price is None else price

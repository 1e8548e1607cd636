"""An owner for drills: a generated session of the primary, written block by block by a real writer.

`hold` works the session once; an `Owner` writes its blocks into a folder as fast or as slow as a test wants. Both are
the primary's own bytes: what the twin finds different it would find different on a real day.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

from evermarket.day.cores import open_core
from evermarket.journal import DayFacts, Journal, JournalWriter
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.raw import duplicate
from tests.continuity.journals import commands

DAY: Final = DayFacts(20261120)
SEGMENT_BYTES: Final = 2 << 20
SIZE_UNITS: Final = str(SEGMENT_BYTES >> 16)
"""The same size, as the twin's `--size-units` wants it: then own and owner's files are equal to the byte."""

_KIND: Final = 16
_POSITION: Final = struct.Struct("<Q")


class Worked(NamedTuple):
    """One block: the stream of a batch and the digest after it."""

    records: Records
    digest: int


def hold(seed: int, count: int) -> list[Worked]:
    """The blocks of a generated session of about so many commands, as the primary works it."""
    core = open_core("primary")
    return [Worked(duplicate(core.run(batch)), int(core.digest)) for batch in commands(seed, count)]


class Owner:
    """Writes blocks, each durable before the next, as epoch 1 of make 1."""

    def __init__(self, folder: Path, session: list[Worked], segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._left: Iterator[Worked] = iter(session)
        self._writer = JournalWriter.create(folder, DAY, segment_bytes=segment_bytes, background=False)
        self._writer.begin_epoch(1, owner=1, make=1, time=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    @property
    def position(self) -> int:
        return self._writer.position

    @property
    def chain(self) -> bytes:
        return self._writer.chain

    def write(self, blocks: int = 1 << 30) -> int:
        """So many blocks more, or all; the last position."""
        for _ in range(blocks):
            block = next(self._left, None)
            if block is None:
                break
            self._writer.commit(*block)
        return self.position


def written(folder: Path, session: list[Worked]) -> Path:
    """A whole session in a folder of its own."""
    with Owner(folder, session) as owner:
        owner.write()
    return folder


class Slots:
    """The records of a journal of one segment as they lie in its file, and where its frames end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "00000001.seg"
        raw = self.path.read_bytes()
        self.header = raw[:RECORD_BYTES]
        used = len(raw.rstrip(b"\0")) + RECORD_BYTES - 1
        self.raw = raw[RECORD_BYTES : used // RECORD_BYTES * RECORD_BYTES]
        self.size_bytes = len(raw)
        kinds = self.raw[_KIND::RECORD_BYTES]
        ends = [at + 1 for at, kind in enumerate(kinds) if kind in (Kind.BLOCK, Kind.EPOCH)]
        self.frames = list(zip([0, *ends], ends, strict=False))

    def slot(self, at: int) -> bytes:
        return self.raw[at * RECORD_BYTES : (at + 1) * RECORD_BYTES]

    def begin(self, folder: Path, slots: int) -> Path:
        """A journal in a new folder that has the first `slots` of these."""
        folder.mkdir()
        path = folder / self.path.name
        head = self.header + self.raw[: slots * RECORD_BYTES]
        path.write_bytes(head + bytes(self.size_bytes - len(head)))
        return path

    def go_on(self, path: Path, slots: int) -> None:
        """Write what follows the first `slots` of these."""
        with path.open("r+b") as file:
            file.seek((1 + slots) * RECORD_BYTES)
            file.write(self.raw[slots * RECORD_BYTES :])


def position_of(slot: bytes) -> int:
    """The position of a record; of a BLOCK the last one in it."""
    return int(_POSITION.unpack_from(slot)[0])


def equal_journals(owner: Path, own: Path) -> None:
    """Every segment of the owner, byte for byte; beyond them only a segment in preparation."""
    names = sorted(path.name for path in owner.glob("*.seg"))
    assert names == sorted(path.name for path in own.glob("*.seg"))
    for name in names:
        assert (owner / name).read_bytes() == (own / name).read_bytes(), name


def primary_agrees(folder: Path) -> None:
    """The primary, given the commands of this journal, makes its stream and its last digest."""
    core = open_core("primary")
    digest = 0
    for block in Journal.open(folder).blocks():
        chosen = block.records.view("V64")[block.records["kind"] < FIRST_EVENT].view(HEADER)
        assert bytes(core.run(chosen).tobytes()) == block.records.tobytes(), block.position
        digest = block.digest
    assert int(core.digest) == digest

"""The promise of a core that will take over: one small file, `promise`, beside the segments.

It holds an epoch (u64), the eight bytes `PROMISED` and their CRC-32 (u32), little-endian, and is only replaced
whole. It is not an EPOCH record: the promise comes before the compare-and-set that decides who owns that epoch.
"""

import struct
import zlib
from pathlib import Path
from typing import Final

from evermarket.journal.errors import JournalDamaged
from evermarket.journal.files import Files, write_new

_NAME: Final = "promise"
_BODY: Final = struct.Struct("<Q8s")
_MAGIC: Final = b"PROMISED"
_CRC: Final = struct.Struct("<I")


def write_promise(folder: Path, epoch: int, files: Files) -> None:
    """Durable on return. Errors: OSError."""
    body = _BODY.pack(epoch, _MAGIC)
    write_new(files, str(folder / _NAME), [body + _CRC.pack(zlib.crc32(body))])


def read_promise(folder: Path) -> int:
    """The promised epoch, 0 if there is none. Errors: JournalDamaged if the file is not whole."""
    try:
        raw = (folder / _NAME).read_bytes()
    except FileNotFoundError:
        return 0
    if len(raw) == _BODY.size + _CRC.size and _CRC.unpack(raw[_BODY.size :])[0] == zlib.crc32(raw[: _BODY.size]):
        epoch, magic = _BODY.unpack(raw[: _BODY.size])
        if magic == _MAGIC:
            return int(epoch)
    raise JournalDamaged("the file `promise` is not whole", segment=0, offset_bytes=0, position=0)

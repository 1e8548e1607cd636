"""Snapshots of a core's state: named arrays at a position, so that a restart need not replay the whole day.

    "EVERSNP1" | header length u64 | JSON header | zeros to 64 | arrays, each from a multiple of 64 | SHA-256 of it all

The header says position, epoch, digest, chain and for each array its name, type, shape and offset: the file can be read
without this program, and nothing in it is executed. A snapshot is a convenience: the journal alone is enough, so a
broken one is reported and the one before it taken. Integers are little-endian. Files: `<position>.snapshot`.
"""

import hashlib
import json
import mmap
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evermarket.journal.errors import SnapshotBroken
from evermarket.journal.files import OS_FILES, Files, write_new
from evermarket.journal.frames import flat

Array = npt.NDArray[Any]

MAGIC: Final = b"EVERSNP1"
FORMAT_VERSION: Final = 1
_HEAD: Final = struct.Struct("<8sQ")
_ALIGN_BYTES: Final = 64
_SUM_BYTES: Final = 32
_NAME: Final = re.compile(r"(\d{20})\.snapshot")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State after `position`; `digest` and `chain` are those of the block that ends there."""

    position: int
    epoch: int
    digest: int
    chain: bytes
    arrays: Mapping[str, Array] = field(repr=False)


def write_snapshot(folder: Path, snapshot: Snapshot, *, files: Files = OS_FILES) -> Path:
    """Write it atomically; durable on return. Errors: OSError (the older ones stay), TypeError (object arrays)."""
    folder.mkdir(parents=True, exist_ok=True)
    header, parts = _layout(snapshot)
    head = _HEAD.pack(MAGIC, len(header)) + header
    head += bytes(-len(head) % _ALIGN_BYTES)
    total = hashlib.sha256(head)
    buffers: list[Any] = [head]
    for part in parts:
        padding = bytes(-part.nbytes % _ALIGN_BYTES)
        total.update(part.data)
        total.update(padding)
        buffers.extend((part, padding))
    path = folder / f"{snapshot.position:020d}.snapshot"
    write_new(files, str(path), [*buffers, total.digest()])
    return path


def load_snapshot(path: Path) -> Snapshot:
    """The whole snapshot; its arrays are read-only views of the file. Errors: SnapshotBroken, FileNotFoundError."""
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise SnapshotBroken(f"{path.name}: empty") from None
    size_bytes = len(data) - _SUM_BYTES
    if size_bytes < _HEAD.size or data[: len(MAGIC)] != MAGIC:
        raise SnapshotBroken(f"{path.name}: not a snapshot")
    if hashlib.sha256(memoryview(data)[:size_bytes]).digest() != data[size_bytes:]:
        raise SnapshotBroken(f"{path.name}: checksum")
    length = _HEAD.unpack_from(data)[1]
    header = json.loads(data[_HEAD.size : _HEAD.size + length])
    if header["version"] != FORMAT_VERSION:
        raise SnapshotBroken(f"{path.name}: format version {header['version']}, this is {FORMAT_VERSION}")
    start = _HEAD.size + length
    start += -start % _ALIGN_BYTES
    arrays = {row["name"]: _array(data, start, row) for row in header["arrays"]}
    return Snapshot(header["position"], header["epoch"], header["digest"], bytes.fromhex(header["chain"]), arrays)


def newest_snapshot(folder: Path, not_after: int | None = None) -> tuple[Snapshot | None, list[SnapshotBroken]]:
    """The newest whole snapshot at or before a position, and what was broken among those newer than it."""
    broken: list[SnapshotBroken] = []
    for position in reversed(list_snapshots(folder)):
        if not_after is not None and position > not_after:
            continue
        try:
            return load_snapshot(folder / f"{position:020d}.snapshot"), broken
        except SnapshotBroken as error:
            broken.append(error)
    return None, broken


def list_snapshots(folder: Path) -> list[int]:
    """Positions for which there is a file, ascending."""
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(entry.name) for entry in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def _layout(snapshot: Snapshot) -> tuple[bytes, list[Array]]:
    rows, parts, offset = [], [], 0
    for name, array in snapshot.arrays.items():
        kind, whole = type_to_json(array.dtype), np.ascontiguousarray(array)
        part = flat(whole.reshape(-1)) if whole.size else np.zeros(0, np.uint8)
        rows.append({"name": name, "type": kind, "shape": list(array.shape), "offset": offset})
        parts.append(part)
        offset += part.nbytes + -part.nbytes % _ALIGN_BYTES
    header = {
        "version": FORMAT_VERSION,
        "position": snapshot.position,
        "epoch": snapshot.epoch,
        "digest": snapshot.digest,
        "chain": snapshot.chain.hex(),
        "arrays": rows,
    }
    return json.dumps(header).encode(), parts


def _array(data: mmap.mmap, start: int, row: dict[str, Any]) -> Array:
    dtype = type_from_json(row["type"])
    count = int(np.prod(row["shape"], dtype=np.int64))
    if not count:
        return np.zeros(row["shape"], dtype)
    return np.frombuffer(data, dtype, count, start + row["offset"]).reshape(row["shape"])


def type_to_json(dtype: np.dtype[Any]) -> Any:
    """A NumPy type as JSON: text, {"fields": [[name, type, offset] ...], "bytes": n}, {"of": type, "shape": [...]}."""
    if dtype.hasobject:
        raise TypeError(f"a snapshot holds no Python objects ({dtype})")
    if dtype.fields is not None:
        fields = [[name, type_to_json(dtype.fields[name][0]), dtype.fields[name][1]] for name in dtype.names or ()]
        return {"fields": fields, "bytes": dtype.itemsize}
    if dtype.subdtype is not None:
        return {"of": type_to_json(dtype.subdtype[0]), "shape": list(dtype.subdtype[1])}
    return dtype.newbyteorder("<").str if dtype.byteorder == "=" else dtype.str


def type_from_json(said: Any) -> np.dtype[Any]:
    if isinstance(said, str):
        return np.dtype(said)
    if "of" in said:
        return np.dtype((type_from_json(said["of"]), tuple(said["shape"])))
    names, types, offsets = zip(*said["fields"], strict=True) if said["fields"] else ((), (), ())
    formats = [type_from_json(kind) for kind in types]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": said["bytes"]})

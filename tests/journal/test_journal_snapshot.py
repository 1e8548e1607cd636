"""Snapshots: whole or not at all; the newest good one; readable without this program."""

import errno
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from evermarket.journal import Snapshot, SnapshotBroken, load_snapshot, newest_snapshot, write_snapshot
from evermarket.journal.files import OS_FILES
from evermarket.journal.snapshot import list_snapshots
from evermarket.records import LAYOUT, Kind, blank

CHAIN = bytes(range(32))


def state(position: int) -> Snapshot:
    orders = np.zeros(3, np.dtype([("no", "<u4"), ("price", "<i8"), ("tail", "u1", (3,))], align=True))
    orders["no"] = [1, 2, position]
    arrays: dict[str, Any] = {"orders": orders, "heads": np.arange(12, dtype=np.int32).reshape(3, 4)}
    arrays |= {"records": blank(Kind.NEW, 2), "empty": np.zeros((0, 5)), "clock": np.array(7, np.int64)}
    return Snapshot(position, 3, 2**64 - 1, CHAIN, arrays)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    before = state(17)
    path = write_snapshot(tmp_path, before)
    assert path.name == "00000000000000000017.snapshot"
    after = load_snapshot(path)
    assert (after.position, after.epoch, after.digest, after.chain) == (17, 3, 2**64 - 1, CHAIN)
    assert list(after.arrays) == list(before.arrays)
    for name, array in before.arrays.items():
        assert after.arrays[name].dtype == array.dtype, name
        assert after.arrays[name].shape == array.shape, name
        assert after.arrays[name].tobytes() == array.tobytes(), name
    assert after.arrays["records"].dtype == LAYOUT[Kind.NEW]


@settings(max_examples=50, deadline=None)
@given(array=hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_any_plain_array(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray[Any, Any]) -> None:
    folder = tmp_path_factory.mktemp("snap")
    after = load_snapshot(write_snapshot(folder, Snapshot(1, 1, 1, CHAIN, {"a": array}))).arrays["a"]
    assert after.dtype == array.dtype
    assert after.shape == array.shape
    assert after.tobytes() == array.tobytes()


def test_the_file_describes_itself(tmp_path: Path) -> None:
    data = write_snapshot(tmp_path, state(17)).read_bytes()
    magic, length = struct.unpack_from("<8sQ", data)
    header = json.loads(data[16 : 16 + length])
    assert magic == b"EVERSNP1"
    row = header["arrays"][1]
    assert row == {"name": "heads", "type": "<i4", "shape": [3, 4], "offset": row["offset"]}
    start = (16 + length + 63) // 64 * 64 + row["offset"]
    assert np.frombuffer(data, row["type"], 12, start).tolist() == list(range(12))


def test_a_flip_or_a_cut_anywhere_is_seen_and_the_older_one_taken(tmp_path: Path) -> None:
    write_snapshot(tmp_path, state(10))
    path = write_snapshot(tmp_path, state(20))
    whole = path.read_bytes()
    spoilt = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 7)]
    spoilt += [whole[:at] for at in range(0, len(whole), 13)]
    for data in spoilt:
        path.write_bytes(data)
        with pytest.raises(SnapshotBroken):
            load_snapshot(path)
        found, broken = newest_snapshot(tmp_path)
        assert found is not None
        assert (found.position, len(broken)) == (10, 1)
    path.write_bytes(whole)
    assert newest_snapshot(tmp_path)[0].position == 20  # type: ignore[union-attr]
    assert newest_snapshot(tmp_path, not_after=19)[0].position == 10  # type: ignore[union-attr]
    assert newest_snapshot(tmp_path, not_after=9) == (None, [])
    assert newest_snapshot(tmp_path / "nowhere") == (None, [])


class FullDisk:
    """`os`, but the disk is full from the second write on."""

    writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(OS_FILES, name)

    def pwritev(self, fd: int, buffers: Any, offset: int, /) -> int:
        self.writes += 1
        if self.writes > 1:
            raise OSError(errno.ENOSPC, "full")
        return OS_FILES.pwritev(fd, buffers, offset)


def test_a_snapshot_that_fails_leaves_the_older_ones(tmp_path: Path) -> None:
    write_snapshot(tmp_path, state(10))
    files: Any = FullDisk()
    with pytest.raises(OSError, match="full"):
        write_snapshot(tmp_path, state(20), files=files)
    assert list_snapshots(tmp_path) == [10]


def test_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no Python objects"):
        write_snapshot(tmp_path, Snapshot(1, 1, 1, CHAIN, {"a": np.array([object()])}))
    assert list_snapshots(tmp_path) == []

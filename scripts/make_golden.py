"""Write one golden record per kind into tests/vectors/golden: `python scripts/make_golden.py [--check]`.

Every byte that a field names holds a value of its own (3 k + 1 at offset k; the kind's byte its kind; texts are ASCII),
so that a field read at the wrong place, in the wrong width or with the wrong sign shows. Each file: kind, the 64 bytes
in hexadecimal, and the value of each field; numbers are integers, raw bytes (S, V) hexadecimal.
"""

import json
import sys
from pathlib import Path

import numpy as np

from evermarket.records import LAYOUT, RECORD_BYTES, Kind

FOLDER = Path(__file__).parent.parent / "tests" / "vectors" / "golden"


def golden_bytes(kind: Kind) -> bytes:
    """64 bytes with every named byte different."""
    raw = bytearray(RECORD_BYTES)
    for dtype, offset, *_ in (LAYOUT[kind].fields or {}).values():
        for at in range(offset, offset + dtype.itemsize):
            raw[at] = 0x40 + at if dtype.kind == "S" else (3 * at + 1) % 256
    raw[16] = kind
    return bytes(raw)


def meaning(kind: Kind, raw: bytes) -> dict[str, int | str]:
    """The fields of the record, in the order of their offsets."""
    record = np.frombuffer(raw, LAYOUT[kind])[0]
    values = {name: record[name].item() for name in record.dtype.names}
    return {name: value.hex() if isinstance(value, bytes) else int(value) for name, value in values.items()}


def file_text(kind: Kind) -> str:
    raw = golden_bytes(kind)
    return json.dumps({"kind": kind.name, "hex": raw.hex(), "fields": meaning(kind, raw)}, indent=1) + "\n"


def stale(check: bool) -> list[str]:
    """The files that differ from what they should be; they are written unless `check`."""
    changed = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in LAYOUT:
        path = FOLDER / f"{kind.name}.json"
        text = file_text(kind)
        if not path.exists() or path.read_text("utf-8") != text:
            changed.append(path.name)
            if not check:
                path.write_text(text, "utf-8")
    return changed


if __name__ == "__main__":
    wrong = stale("--check" in sys.argv)
    sys.exit(f"stale: {', '.join(wrong)}" if wrong and "--check" in sys.argv else 0)

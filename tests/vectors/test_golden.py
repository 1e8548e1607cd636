"""The golden records: bytes and meaning agree, both ways, by two readers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import make_golden

from evermarket.records import LAYOUT, Kind
from tests.models.words import UNNAMED, decode, encode

FOLDER = Path(__file__).parent / "golden"


def load(kind: Kind) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((FOLDER / f"{kind.name}.json").read_text("utf-8"))
    return golden


def values(golden: dict[str, Any]) -> dict[str, int | bytes]:
    return {name: bytes.fromhex(v) if isinstance(v, str) else v for name, v in golden["fields"].items()}


@pytest.mark.parametrize("kind", list(LAYOUT), ids=lambda kind: kind.name)
def test_the_bytes_of_a_golden_record_decode_to_its_meaning(kind: Kind) -> None:
    golden = load(kind)
    raw = bytes.fromhex(golden["hex"])
    assert len(raw) == 64
    assert decode(raw).values == values(golden)
    record = np.frombuffer(raw, LAYOUT[kind])[0]
    assert {name: record[name].item() for name in record.dtype.names} == values(golden)


@pytest.mark.parametrize("kind", list(LAYOUT), ids=lambda kind: kind.name)
def test_the_meaning_of_a_golden_record_encodes_to_its_bytes(kind: Kind) -> None:
    golden = load(kind)
    fields = values(golden)
    assert encode(int(fields.pop("kind")), **fields).hex() == golden["hex"]
    row = np.zeros(1, LAYOUT[kind])
    for name, value in values(golden).items():
        row[name] = value
    assert row.tobytes().hex() == golden["hex"]


@pytest.mark.parametrize("kind", list(LAYOUT), ids=lambda kind: kind.name)
def test_every_named_byte_is_set_and_no_other(kind: Kind) -> None:
    raw = bytes.fromhex(load(kind)["hex"])
    assert [at for at, byte in enumerate(raw) if byte == 0] == UNNAMED[kind]


def test_the_golden_files_are_fresh() -> None:
    assert make_golden.stale(check=True) == []

"""The session's records are what docs/sessions.md says they are."""

import re
from pathlib import Path

import numpy as np
import pytest

from evermarket.records.layout import HEADER
from evermarket.records.session import SESSION_LAYOUT, Parting, Readiness, Resume, SessionKind, Wish, session_record

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sessions.md").read_text("utf-8")


@pytest.mark.parametrize("kind", SessionKind)
def test_the_document_has_every_field_at_its_place(kind: SessionKind) -> None:
    row = re.search(rf"^\| {kind.name} {kind.value} \|[^|]*\|(.*)\|$", DOCUMENT, re.MULTILINE)
    assert row is not None
    told = {(int(at), name, form) for at, name, form in re.findall(r"(\d+) (\w+) ([uiVS]\d+)", row[1])}
    fields = SESSION_LAYOUT[kind].fields or {}
    mine = {
        (int(spec[1]), name, spec[0].str.lstrip("<|"))
        for name, spec in fields.items()
        if name not in (HEADER.names or ())
    }
    assert told == mine


@pytest.mark.parametrize("words", [Resume, Wish, Parting, Readiness])
def test_the_document_has_every_word(words: type[Resume | Wish | Parting | Readiness]) -> None:
    for word in words:
        assert f"{word.value} {word.name}" in DOCUMENT


def test_a_record_has_its_fields_and_nothing_else() -> None:
    row = session_record(SessionKind.LOG_ON, line=7, resume=Resume.RESUME, proof=bytes(range(32)))
    assert row.tobytes() == b"\0" * 16 + b"\xe1" + b"\0" * 7 + b"\7\0\2" + b"\0" * 5 + bytes(range(32))
    assert np.dtype(row.dtype).itemsize == 64

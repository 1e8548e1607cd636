"""Every record is 64 bytes, and no byte of it has two meanings."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from evermarket.records import HEADER, LAYOUT, RECORD_BYTES, Kind, as_dtype, blank, of_kind
from evermarket.records.kinds import FIRST_EVENT, FIRST_FRAME, Allow, OrdType, Tif
from evermarket.records.units import BODY_BYTES, HEADER_BYTES, NO_PRICE, ORDER_NO_MAX, PRICE_MAX, QTY_MAX

KINDS = list(LAYOUT)
MARKET_KINDS = [kind for kind in KINDS if kind < FIRST_FRAME]
WITHOUT_LAYOUT = {Kind.LEVEL_CHANGED}
"""Reserved: nobody writes it yet."""


def spans(kind: Kind) -> list[tuple[int, int, str]]:
    """(first byte, byte behind the last, name) of each field, in order."""
    fields: Mapping[str, Any] = LAYOUT[kind].fields or {}
    return sorted((int(spec[1]), int(spec[1]) + spec[0].itemsize, name) for name, spec in fields.items())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_is_64_bytes_and_its_fields_do_not_overlap(kind: Kind) -> None:
    assert LAYOUT[kind].itemsize == RECORD_BYTES == HEADER_BYTES + BODY_BYTES == 64
    rows = spans(kind)
    assert rows[-1][1] <= RECORD_BYTES
    for (_, end, name), (start, _, after) in pairwise(rows):
        assert end <= start, f"{name} reaches into {after}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_little_endian_and_stands_at_a_multiple_of_its_size(kind: Kind) -> None:
    for name, (dtype, offset, *_) in (LAYOUT[kind].fields or {}).items():
        assert dtype.byteorder in "<|=", f"{name} is big-endian"
        assert dtype.kind in "SV" or int(offset) % dtype.itemsize == 0, f"{name} is not aligned"
        assert dtype.kind in "uiSV", f"{name} is neither an integer nor bytes: no float touches an order"


@pytest.mark.parametrize("kind", MARKET_KINDS, ids=lambda kind: kind.name)
def test_commands_and_events_share_the_header(kind: Kind) -> None:
    fields: Mapping[str, Any] = LAYOUT[kind].fields or {}
    header: Mapping[str, Any] = HEADER.fields or {}
    assert {name: fields[name][:2] for name in header} == {name: spec[:2] for name, spec in header.items()}


def test_every_kind_has_a_layout_but_those_reserved() -> None:
    assert set(Kind) - set(LAYOUT) == WITHOUT_LAYOUT


def test_commands_come_before_events_and_events_before_framing() -> None:
    names = [kind.name for kind in Kind if kind < FIRST_EVENT]
    assert names[0] == "NEW"
    assert names[-1] == "REF_CONTRACT"
    assert [kind.name for kind in Kind if kind >= FIRST_FRAME] == ["BLOCK", "EPOCH", "SEGMENT"]


def test_a_command_and_its_echo_have_the_same_layout() -> None:
    pairs = [(Kind.NEW, Kind.ACCEPTED), (Kind.QUOTE, Kind.QUOTED), (Kind.QUOTE_REQUEST, Kind.QUOTE_REQUESTED)]
    pairs += [(Kind.MASS_CANCEL, Kind.MASS_CANCELLED), (Kind.OFF_BOOK_TRADE, Kind.OFF_BOOK_TRADED)]
    pairs += [(Kind.VOID_TRADE, Kind.TRADE_VOIDED), (Kind.PHASE, Kind.PHASE_CHANGED), (Kind.HALT, Kind.HALTED)]
    pairs += [(Kind.RESUME, Kind.RESUMED), (Kind.ANNOUNCE, Kind.ANNOUNCED), (Kind.DRAW, Kind.DRAWN)]
    for command, event in pairs:
        assert LAYOUT[command] == LAYOUT[event], f"{command.name} and {event.name}"


def test_the_bit_of_an_order_in_the_masks_follows_from_type_and_time_in_force() -> None:
    for ord_type in OrdType:
        for tif in Tif:
            name = {OrdType.MARKET_TO_LIMIT: "TO_LIMIT"}.get(ord_type, ord_type.name)
            assert 1 << ((ord_type - 1) * 3 + tif - 1) == Allow[f"{name}_{tif.name}"]


def test_the_largest_trade_fits_a_word_and_the_null_is_no_price() -> None:
    assert PRICE_MAX * QTY_MAX < 2**63
    assert ORDER_NO_MAX < 2**32
    assert np.iinfo(np.int64).min == NO_PRICE


def mixed() -> np.ndarray[tuple[int, ...], np.dtype[np.void]]:
    """Orders and trades in turn, every byte of their bodies set."""
    rows = np.zeros(6, HEADER)
    raw = rows.view(np.uint8).reshape(6, RECORD_BYTES)
    raw[:] = np.arange(6 * RECORD_BYTES, dtype=np.uint64).reshape(6, RECORD_BYTES) % 251
    rows["kind"] = [Kind.NEW, Kind.TRADED] * 3
    return rows


def test_selecting_a_kind_keeps_whole_bodies() -> None:
    rows = mixed()
    trades = of_kind(rows, Kind.TRADED)
    assert trades.dtype == LAYOUT[Kind.TRADED]
    assert trades.tobytes() == b"".join(rows[at : at + 1].tobytes() for at in (1, 3, 5))
    assert of_kind(rows, Kind.CANCEL).shape == (0,)


def test_another_view_of_a_record_is_the_same_memory() -> None:
    rows = mixed()
    seen = as_dtype(rows, LAYOUT[Kind.NEW])
    seen["qty"][0] = 4_711
    assert rows.view(LAYOUT[Kind.NEW])["qty"][0] == 4_711


def test_a_blank_record_has_its_kind_and_nothing_else() -> None:
    for kind in LAYOUT:
        rows = blank(kind, 2)
        assert rows["kind"].tolist() == [kind, kind]
        rows["kind"] = 0
        assert rows.tobytes() == bytes(2 * RECORD_BYTES)

"""The proof after a day with an incident: what members were told against what the last owner's journal has.

Nothing here trusts a core's word: the left side are the members' own logs, the right side is the journal on the disk.
*Lost*: told, and not in the journal as it was told. *Doubled*: a command of a member that the journal has twice, or a
position that a member was told twice. *Silence*: the longest time, between the beginning of the incident and the first
word of what the new owner did, in which no member was told anything.
"""

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from evermarket.journal import Journal
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.session import FIRST_SESSION_KIND, FlowFlag

_ROW_BYTES = 24
_OUTCOMES = (
    Kind.ACCEPTED,
    Kind.REJECTED,
    Kind.REDUCED,
    Kind.REPRICED,
    Kind.CANCELLED,
    Kind.QUOTED,
    Kind.QUOTE_REQUESTED,
)
_WITH_ID = (*range(Kind.ACCEPTED, Kind.CONVERTED + 1), *range(Kind.OFF_BOOK_TRADED, Kind.MASS_CANCELLED + 1))
_PUBLIC = (
    *(Kind.QUOTE_REQUESTED, Kind.PHASE_CHANGED, Kind.AUCTIONED, Kind.STABILISATION_STARTED, Kind.STABILISATION_ENDED),
    *(Kind.HALTED, Kind.RESUMED, Kind.TEXT, Kind.ANNOUNCED, Kind.CLOSED),
)
_MASKED: dict[int, tuple[str, ...]] = dict.fromkeys(_WITH_ID, ("cl_ord_id",)) | {
    Kind.TRADED: ("buy_no", "sell_no", "buy_leaves", "sell_leaves", "buy_cum", "sell_cum"),
    Kind.TRADE_VOIDED: ("cl_ord_id", "buy_no", "sell_no"),
    Kind.OFF_BOOK_TRADED: (
        "cl_ord_id",
        "line",
        "buy_line",
        "sell_line",
        "buy_account",
        "sell_account",
        "buy_open_close",
        "sell_open_close",
    ),
    Kind.QUOTE_REQUESTED: ("cl_ord_id", "account", "line"),
    Kind.STABILISATION_STARTED: ("order_no",),
}
"""Fields that may be zero in a member's copy (docs/sessions.md). `flags` of a public copy are PUBLIC alone."""


class InFlight(msgspec.Struct, frozen=True):
    """A command under way when the owner ended. `by`: "old core" (it was in the journal and was told by the new owner)
    or "resend" (nobody had it; its member sent it again)."""

    line: int
    cl_ord_id: int
    outcome: str
    by: str
    answered_ns: int


class Proof(msgspec.Struct, frozen=True):
    """Numbers of a day. `told`: records delivered; `acknowledged`: outcomes of commands among them."""

    told: int
    acknowledged: int
    lost: int
    doubled: int
    silence_ms: float
    silence_from_ns: int
    silence_until_ns: int


def prove(members: Path, journal: Path, at_ns: int = 0, break_position: int = 0) -> Proof:
    """Hold every member's log against a journal. `at_ns`: when the incident began; `break_position`: the last position
    of the old owner that the new one has; without them the longest silence of the day. Errors: those of the journal."""
    records = Journal.open(journal).array()
    told = acknowledged = lost = doubled = 0
    for path in sorted(members.glob("flow-*.bin")):
        flow = np.frombuffer(path.read_bytes(), HEADER)
        flow = flow.view(WHOLE)[flow["kind"] < FIRST_SESSION_KIND].view(HEADER)
        told += len(flow)
        acknowledged += len(first_outcomes(flow))
        lost += len(flow) - int(agree(flow, records).sum())
        doubled += len(flow) - len(np.unique(flow["position"]))
    doubled += executed_twice(records)
    silence, since, until = silence_between(members / "told.bin", at_ns, first_told_behind(members, break_position))
    return Proof(told, acknowledged, lost, doubled, silence / 1e6, since, until)


def agree(flow: Records, records: Records) -> npt.NDArray[np.bool_]:
    """Which records of a flow the journal has as they were told, masks aside."""
    positions = flow["position"].astype(np.int64)
    good = (positions >= 1) & (positions <= len(records))
    mine = flow.view(WHOLE)[good].copy().view(HEADER)
    theirs = records.view(WHOLE)[positions[good] - 1].copy().view(HEADER)
    mine["flags"] &= np.uint8(~FlowFlag.REPEAT & 0xFF)
    is_public = (mine["flags"] == FlowFlag.PUBLIC) & np.isin(mine["kind"], _PUBLIC)
    mine["flags"][is_public] = theirs["flags"][is_public] = 0
    for kind, fields in _MASKED.items():
        rows = np.flatnonzero(mine["kind"] == kind)
        ours, full = mine.view(LAYOUT[Kind(kind)]), theirs.view(LAYOUT[Kind(kind)])
        for name in fields:
            hidden = rows[ours[name][rows] == 0]
            full[name][hidden] = 0
    same = (mine.view(np.uint8).reshape(-1, 64) == theirs.view(np.uint8).reshape(-1, 64)).all(axis=1)
    good[np.flatnonzero(good)] = same
    return good


def executed_twice(records: Records) -> int:
    """How many client order ids of a line the journal has accepted more than once."""
    accepted = records.view(WHOLE)[records["kind"] == Kind.ACCEPTED].view(LAYOUT[Kind.ACCEPTED])
    keys = accepted["line"].astype(np.uint64) << np.uint64(48) | accepted["cl_ord_id"]
    quotes = accepted["cl_ord_id"] == 0
    keys = keys[~quotes & ~np.isin(accepted["order_no"], _quoted(records))]
    return len(keys) - len(np.unique(keys))


def first_told_behind(members: Path, position: int) -> int:
    """When a member was first told of something behind a position; 0 if the position is 0, or nobody ever was."""
    told, first = rows_of(members / "told.bin"), 0
    for path in sorted(members.glob("flow-*.bin")) if position else ():
        times, flow = times_of(told, path), np.frombuffer(path.read_bytes(), HEADER)
        is_behind = (flow["position"] > position) & (flow["kind"] < FIRST_SESSION_KIND)
        if is_behind.any():
            at_ns = int(times[np.argmax(is_behind)])
            first = min(first, at_ns) if first else at_ns
    return first


def silence_between(path: Path, at_ns: int, until_ns: int) -> tuple[int, int, int]:
    """(nanoseconds, from, until) of the longest time in which no member was told anything, of those that touch the time
    from `at_ns` to `until_ns`; 0 of either: the whole day. What a dead core had sent is still told after its end."""
    if not path.exists() or path.stat().st_size < 2 * _ROW_BYTES:
        return 0, 0, 0
    times = np.sort(rows_of(path)[:, 0])
    gaps = np.diff(times)
    if at_ns and until_ns:
        gaps[(times[1:] <= at_ns) | (times[:-1] >= until_ns)] = 0
    at = int(np.argmax(gaps))
    return int(gaps[at]), int(times[at]), int(times[at + 1])


def times_of(told: npt.NDArray[np.int64], flow: Path) -> npt.NDArray[np.int64]:
    """When each record of a line's log was told."""
    mine = told[told[:, 1] == int(flow.stem.removeprefix("flow-"))]
    return np.repeat(mine[:, 0], mine[:, 2])


def rows_of(path: Path) -> npt.NDArray[np.int64]:
    """A log of times: rows (real time, line, count); a row that is not whole is left out."""
    data = path.read_bytes()
    return np.frombuffer(data, np.int64, len(data) // _ROW_BYTES * 3).reshape(-1, 3)


def in_flight(members: Path, at_ns: int, break_position: int) -> list[InFlight]:
    """The commands that were sent before `at_ns` and answered after it, with what became of each. `break_position`:
    the last position of the old owner that the new one has."""
    told, sent = (rows_of(members / f"{name}.bin") for name in ("told", "sent"))
    found: list[InFlight] = []
    for path in sorted(members.glob("flow-*.bin")):
        line = int(path.stem.removeprefix("flow-"))
        flow = np.frombuffer(path.read_bytes(), HEADER)
        times = times_of(told, path)
        before = int(sent[(sent[:, 1] == line) & (sent[:, 0] <= at_ns), 2].sum())
        outcomes = first_outcomes(flow)[:before]  # ids grow, so the first ones are those that were sent by then
        for at in outcomes[times[outcomes] > at_ns].tolist():
            kind = Kind(int(flow["kind"][at]))
            number = int(flow.view(ORDER)["cl_ord_id"][at])
            by = "old core" if int(flow["position"][at]) <= break_position else "resend"
            found.append(InFlight(line, number, kind.name, by, int(times[at] - at_ns)))
    return found


def first_outcomes(flow: Records) -> npt.NDArray[np.int64]:
    """Where in a flow each command's first outcome stands, by growing client order id; what nobody asked for aside."""
    rows = np.flatnonzero(np.isin(flow["kind"], _OUTCOMES))
    ids = flow.view(ORDER)["cl_ord_id"][rows]
    _, first = np.unique(ids[ids > 0], return_index=True)
    return rows[ids > 0][first].astype(np.int64)


def _quoted(records: Records) -> npt.NDArray[np.uint32]:
    """Order numbers of quotes' sides: both carry the quote's one id."""
    quoted = records.view(WHOLE)[records["kind"] == Kind.QUOTED].view(LAYOUT[Kind.QUOTED])["order_no"]
    return np.concatenate([quoted, quoted + 1]).astype(np.uint32)

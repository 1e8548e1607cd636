"""A look at a venue for a terminal: the same facts as the page's, in short."""

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evermarket.continuity.venue.board import HAND_RAISED, NOT_CONNECTED, counts
from evermarket.continuity.venue.look import Look, Status
from evermarket.continuity.venue.plan import PRIMARY, TWIN
from evermarket.continuity.venue.reopening import clock
from evermarket.continuity.venue.wrongs import MAKE, Grade, Wrong, stage_of, wrongs

_STYLE: Final = {Grade.BAD: "bold white on red", Grade.MIND: "bold yellow"}
_SIGN: Final = {Grade.BAD: "✖", Grade.MIND: "▲"}
_WORDS: Final = ("core", "make", "state", "digest", "comparison")
COLUMNS: Final = (
    *("core", "make", "state", "epoch", "position", "released", "lag", "digest"),
    *("live", "sessions", "alarms", "comparison"),
)
WIDE: Final = 118
LEFT_OUT: Final = ("make", "epoch", "released", "alarms")
"""On a terminal that is not so wide."""


def printable(text: str) -> str:
    """A text that may have come from anybody, without what would move a terminal's cursor or change its colours."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def rendered(look: Look, lines: int, width: int = WIDE) -> RenderableType:
    """The view for a terminal of this width. `lines`: how many lines the venue's board has."""
    fixed: tuple[RenderableType, ...] = (
        _head(look.status),
        _cores(look.status, width),
        _members(look, lines),
        *_foot(look),
    )
    return Group(*fixed, *_bar(wrongs(look)))


def _head(status: Status) -> Text:
    seat = status["seat"] or {}
    owner = str(seat.get("owner", "nobody"))
    text = Text.assemble((f"{clock(status['market_ns'])}  ", "bold"), (stage_of(status), "bold cyan"), no_wrap=True)
    text.append(f"   owner {owner} ({MAKE.get(owner, '?')})   epoch {seat.get('epoch')}   level {seat.get('level')}")
    return text.append(f"   in step {', '.join(seat.get('in_step', ()))}")


def _bar(found: list[Wrong]) -> list[Text]:
    if not found:
        return [Text("✔ nothing is wrong", "green")]
    return [Text(f"{_SIGN[one.grade]} {printable(one.text)}", _STYLE[one.grade]) for one in found]


def _cores(status: Status, width: int) -> Table:
    table = Table(box=None, pad_edge=False)
    columns = COLUMNS if width >= WIDE else tuple(name for name in COLUMNS if name not in LEFT_OUT)
    for name in columns:
        table.add_column(name, justify="left" if name in _WORDS else "right", no_wrap=True)
    for name in (PRIMARY, TWIN):
        core = status["cores"][name]
        cells = {
            "core": name,
            "make": MAKE[name],
            "comparison": {True: "clean", False: "DIFFERS"}.get(core.get("clean")),
        }
        cells["lag"] = _shown(core.get("lag_records"))
        table.add_row(*(cells.get(column) or _shown(core.get(column)) for column in columns))
    return table


def _members(look: Look, lines: int) -> Text:
    text = Text("members: ", no_wrap=True)
    if look.board is None:
        sessions = max((core.get("sessions") or 0 for core in look.status["cores"].values()), default=0)
        text.append(f"{sessions:,} of {lines:,} lines connected; the owner tells no board")
    else:
        found = counts(look.board, lines)
        text.append(
            f"{lines - found[NOT_CONNECTED]:,} of {lines:,} lines connected, {found['CAUGHT_UP']:,} caught up, "
        )
        text.append(f"{found['READY']:,} ready, {found[HAND_RAISED]:,} raised a hand")
    return text


def _foot(look: Look) -> list[Text]:
    living = [name for name, process in look.status["processes"].items() if process["alive"]]
    crowd = look.status.get("crowd") or {"sent": 0, "answered": 0}
    last = "none today"
    if look.incidents:
        step = look.incidents[-1][-1]
        said = " ".join(f"{name}={value}" for name, value in step.items() if name not in ("at_ns", "ms", "step"))
        last = f"{step['ms']:,.1f} ms  {step['step']}  {said}"
    orders = f"simulated members: sent {crowd['sent']:,}, answered {crowd['answered']:,}"
    texts = (orders, f"alive: {', '.join(living) or 'not known'}", f"last incident: {last}")
    return [Text(printable(text), no_wrap=True, overflow="ellipsis") for text in texts]


def _shown(value: Any) -> str:
    """Of a list, how many: the primary tells its alarms, the twin counts them."""
    if isinstance(value, list):
        value = len(value)
    return f"{value:,}" if isinstance(value, int) else printable(str(value or ""))

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
_NUMBERS: Final = ("position", "released", "live", "sessions", "alarms")


def printable(text: str) -> str:
    """A text that may have come from anybody, without what would move a terminal's cursor or change its colours."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def rendered(look: Look, lines: int) -> RenderableType:
    """The view. `lines`: how many lines the venue's board has."""
    fixed: tuple[RenderableType, ...] = (_head(look.status), _cores(look.status), _members(look, lines), *_foot(look))
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


def _cores(status: Status) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("core", "make", "state", "epoch", *_NUMBERS[:2], "lag", "digest", *_NUMBERS[2:], "comparison"):
        table.add_column(name, justify="right" if name in (*_NUMBERS, "epoch", "lag") else "left", no_wrap=True)
    for name in (PRIMARY, TWIN):
        core = status["cores"][name]
        first, second, *rest = (_number(core.get(key)) for key in _NUMBERS)
        lag = "" if core.get("lag_records") is None else f"{core['lag_records']:,}"
        clean = {True: "clean", False: "DIFFERS"}.get(core.get("clean"), "")
        cells = (core.get("state", ""), _number(core.get("epoch")), first, second, lag, str(core.get("digest", "")))
        table.add_row(name, MAKE[name], *cells, *rest, clean)
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
    if crowd := look.status.get("crowd"):
        text.append(f"   sent {crowd['sent']:,}, answered {crowd['answered']:,}")
    return text


def _foot(look: Look) -> list[Text]:
    living = [name for name, process in look.status["processes"].items() if process["alive"]]
    last = "none today"
    if look.incidents:
        step = look.incidents[-1][-1]
        said = " ".join(f"{name}={value}" for name, value in step.items() if name not in ("at_ns", "ms", "step"))
        last = f"{step['ms']:,.1f} ms  {step['step']}  {said}"
    both = (f"alive: {', '.join(living) or 'not known'}", f"last incident: {last}")
    return [Text(printable(text), no_wrap=True) for text in both]


def _number(value: Any) -> str:
    """Of a list, how many: the primary tells its alarms, the twin counts them."""
    if isinstance(value, list):
        value = len(value)
    return "" if value is None else f"{value:,}"

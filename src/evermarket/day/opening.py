"""From what a person names as a source to the source: by prefix, or by what lies in the folder."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from evermarket.day.errors import UnknownSource
from evermarket.day.source import Source

SIM: Final = "sim:"

KINDS: Final = (
    "sim: (a simulated board)",
    "a folder DATE_CODE with orders.csv[.gz] (Shanghai order flow)",
    "a LOBSTER message file or its folder",
    "a Taiwan order file (59 bytes a record)",
    "a folder with instruments.csv and commands.csv (or .parquet)",
    "a journal folder",
)


def open_source(name: str, options: Mapping[str, Any] | None = None) -> Source:
    """The source of this name. `options` are the simulator's: seed, members, orders, instruments."""
    if name.startswith(SIM):
        from evermarket.day.simulated import read as simulate

        return simulate(dict(options or {}))
    path = Path(name)
    if not path.exists():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*")], 3) if path.parent.is_dir() else []
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise UnknownSource(f"{name}: no such file or folder{hint}")
    source = _folder(path) if path.is_dir() else _file(path)
    if source is None:
        raise UnknownSource(f"{name} is no source; a source is " + "; ".join(KINDS))
    return source


def _folder(path: Path) -> Source | None:
    from evermarket.day import journal_again, lobster, own_files, shanghai

    if journal_again.is_journal(path):
        return journal_again.read(path)
    if own_files.commands_file(path) is not None:
        return own_files.read(path)
    if shanghai.orders_file(path) is not None:
        return shanghai.read(path)
    message = lobster.message_file(path)
    return lobster.read(message) if message is not None else None


def _file(path: Path) -> Source | None:
    from evermarket.day import lobster, taiwan_file

    if lobster.is_message_file(path):
        return lobster.read(path)
    return taiwan_file.read(path) if taiwan_file.is_order_file(path) else None

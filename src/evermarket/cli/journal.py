"""`evermarket journal ...`: look into a journal, check it, compare two, export one.

Results go to stdout, errors to stderr; `--json` gives one JSON value (show: one a line). Exit codes: 0 done, 1 refused
(no such journal, other version), 2 usage, 3 a difference found, 4 damaged or a torn tail.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from evermarket.journal import Difference, Journal, Report
    from evermarket.records import Kind

REFUSED, USAGE, DIFFERENT, NOT_DURABLE = 1, 2, 3, 4

app = typer.Typer(name="journal", help="Look into a journal, check it, compare two, export one.", no_args_is_help=True)

Where = Annotated[Path, typer.Argument(help="a journal folder, or one segment file")]
From = Annotated[int, typer.Option("--from", min=1, help="first position")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
OfKind = Annotated[str | None, typer.Option("--kind", help="one kind of record only, as TRADED")]


class Format(StrEnum):
    """What `export` writes."""

    csv = "csv"
    parquet = "parquet"
    jsonl = "jsonl"


@app.command()
def show(
    path: Where,
    from_position: From = 1,
    count: Annotated[int, typer.Option("--count", min=1, help="how many records")] = 20,
    kind: OfKind = None,
    as_json: AsJson = False,
) -> None:
    """Print records, one a line."""
    from evermarket.journal.describe import as_dict, as_line

    with _answers():
        for row in islice(_rows(_open(path), _kind(kind), from_position), count):
            print(_json(as_dict(row)) if as_json else as_line(row))


@app.command()
def verify(path: Where, as_json: AsJson = False) -> None:
    """Check every crc, the chain, positions and epochs; say what the journal holds."""
    with _answers():
        report = _open(path).verify()
    facts = _facts(report)
    if as_json:
        print(_json(facts))
    else:
        for name, value in facts.items():
            print(f"{name:<12} {'-' if value is None else value}")
    if report.damage is not None or report.cut is not None:
        raise typer.Exit(NOT_DURABLE)


@app.command()
def diff(
    a: Annotated[Path, typer.Argument(help="a journal folder")],
    b: Annotated[Path, typer.Argument(help="another of the same day")],
    from_position: From = 1,
    as_json: AsJson = False,
) -> None:
    """Find the first record (or state digest) in which two journals differ, field by field."""
    from evermarket.journal import first_difference

    with _answers():
        found = first_difference(_open(a), _open(b), from_position)
    if found is None:
        print(_json({"difference": None}) if as_json else "no difference")
        return
    _tell(found, as_json)
    raise typer.Exit(DIFFERENT)


@app.command()
def export(
    path: Where,
    out: Annotated[Path, typer.Option("--out", help="file to write")],
    as_format: Annotated[Format, typer.Option("--as", help="file format")] = Format.csv,
    kind: OfKind = None,
    as_json: AsJson = False,
) -> None:
    """Write the records of one kind as csv or parquet, or of any kind as jsonl."""
    with _answers():
        journal, chosen = _open(path), _kind(kind)
        if as_format is Format.jsonl:
            count = _export_lines(journal, chosen, out)
        elif chosen is None:
            _fail(USAGE, f"--as {as_format.value} needs --kind: each kind has its own columns")
        else:
            frame = journal.frame(chosen)
            count = frame.height
            if as_format is Format.parquet:
                frame.write_parquet(out)
            else:
                frame.write_csv(out)
    print(_json({"records": count, "file": str(out)}) if as_json else f"{count} records in {out}")


def _open(path: Path) -> "Journal":
    from evermarket.journal import Journal

    return Journal.open(path)


def _kind(name: str | None) -> "Kind | None":
    from difflib import get_close_matches

    from evermarket.records import Kind

    if name is None:
        return None
    try:
        return Kind[name.upper()]
    except KeyError:
        near = get_close_matches(name.upper(), list(Kind.__members__), 3, 0.4)
        _fail(USAGE, f"no kind {name}" + (f"; near: {', '.join(near)}" if near else ""))


def _rows(journal: "Journal", kind: "Kind | None", from_position: int) -> Iterator[Any]:
    for records in journal.records(from_position):
        for at, number in enumerate(records["kind"].tolist()):
            if kind is None or number == kind:
                yield records[at]


def _export_lines(journal: "Journal", kind: "Kind | None", out: Path) -> int:
    from evermarket.journal.describe import as_dict

    count = 0
    with out.open("w", encoding="utf-8") as file:
        for row in _rows(journal, kind, 1):
            file.write(_json(as_dict(row)) + "\n")
            count += 1
    return count


def _facts(report: "Report") -> dict[str, Any]:
    facts: dict[str, Any] = {"trading_day": report.day.trading_day, "partition": report.day.partition}
    for name in ("segments", "blocks", "records", "void_blocks", "position", "epoch"):
        facts[name] = getattr(report, name)
    facts["digest"] = f"{report.digest:016x}"
    facts["chain"] = report.chain.hex()
    cut, damage = report.cut, report.damage
    facts["tail"] = None
    if cut is not None:
        where = f"segment {cut.segment}, offset {cut.offset_bytes}"
        facts["tail"] = f"{where}: {cut.size_bytes} bytes, {cut.records} records: {cut.reason}"
    facts["damage"] = None if damage is None else str(damage)
    return facts


def _tell(found: "Difference", as_json: bool) -> None:
    if as_json:
        fields = {name: [one, other] for name, one, other in found.fields}
        words = {"what": found.what, "position": found.position, "fields": fields}
        print(_json({"difference": {**words, "a": found.a_line, "b": found.b_line}}))
        return
    print(f"first difference at position {found.position}: {found.what}")
    for side, line in (("a", found.a_line), ("b", found.b_line)):
        if line:
            print(f"  {side}: {line}")
    for name, one, other in found.fields:
        print(f"  {name}: {one} | {other}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value)} has no JSON form")


@contextmanager
def _answers() -> Iterator[None]:
    """Turn the journal's exceptions into a sentence and an exit code."""
    from evermarket.journal import JournalDamaged, JournalError

    try:
        yield
    except JournalDamaged as error:
        _fail(NOT_DURABLE, str(error))
    except (JournalError, OSError) as error:
        _fail(REFUSED, str(error))


def _fail(code: int, sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(code)

"""`evermarket providers ...`: what liquidity providers owe and did, from a journal.

Files go to --out, a table or JSON to stdout, errors to stderr. A breach is a result, not a failure.
Exit codes: 0 done, 1 refused (no such journal, damaged, a bad parameter file), 2 usage.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="providers", help="What liquidity providers owe and did.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What liquidity providers owe and did."""


@app.command()
def report(
    journal: Annotated[Path, typer.Argument(help="a journal folder", exists=True)],
    out: Annotated[Path, typer.Option("--out", help="folder of the report", file_okay=False)],
    issuers: Annotated[
        Path | None,
        typer.Option("--issuers", help="CSV: instrument, issuer, other terms", exists=True, dir_okay=False),
    ] = None,
    month: Annotated[
        Path | None, typer.Option("--month", help="CSV that keeps the month's days; this day is put in", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure a day and write its report: providers, issuers, breaches, orders and trades told to issuers."""
    from evermarket.duty import add_day, fold, measure_day, read_contracts, write_report
    from evermarket.duty.month import month as count
    from evermarket.duty.report import by_provider
    from evermarket.journal import Journal, JournalError

    try:
        contracts = read_contracts(issuers) if issuers else {}
        opened = Journal.open(journal)
        market, books = fold(list(opened.records()), contracts)
        day = opened.day.trading_day
        measures = measure_day(market, books, contracts)
        paths = write_report(out, day, measures)
        failed = [row for row in count(add_day(month, day, measures), day // 100) if row.failed] if month else []
    except (JournalError, ValueError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    breaches = sum(len(one.breaches) for one in measures)
    if as_json:
        told = {
            "trading_day": day,
            "measures": len(measures),
            "breaches": breaches,
            "files": [str(one) for one in paths],
        }
        over = [{"instrument": row.instrument, "member": row.member, "account": row.account} for row in failed]
        print(json.dumps({**told, "month_failed": over}, ensure_ascii=False))
        return
    for row in by_provider(measures):
        print(" ".join(f"{name}={value}" for name, value in row.items()))
    print(f"{len(measures)} measures, {breaches} breaches, {len(paths)} files in {out}", file=sys.stderr)
    for one in failed:
        print(f"over the month's limit: instrument {one.instrument}, member {one.member}", file=sys.stderr)

"""The report's files, the parameter file, and the command, over one small day kept in a real journal."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evermarket.cli.providers import app
from evermarket.core import Core
from evermarket.duty import Contract, WarrantMethod, fold, measure_day, read_contracts, write_report
from evermarket.journal import DayFacts, JournalWriter
from evermarket.records.kinds import Product
from evermarket.rulebook.liquidity import FundKind
from tests.duty.stage import quote, written
from tests.models.builder import Builder


def script(day: Builder) -> None:
    """A trade with the provider, and a seller too few for four minutes."""
    day.at("10:00:00")
    day.buy(1, "100.1", 30_000)
    quote(day, ask=None)
    day.at("10:04:00")
    quote(day)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    core = Core()
    stream = core.run(written(Product.ETF, script).records())
    with JournalWriter.create(folder, DayFacts(20_260_105), segment_bytes=65_536, background=False) as writer:
        writer.begin_epoch(1, make=1, owner=1, time=1)
        writer.append(stream, core.digest)
        writer.sync()
    return folder


def test_the_command_writes_the_report(journal: Path, tmp_path: Path) -> None:
    """All files, with the issuer of the parameter file; a breach is no failure."""
    issuers, out, month = tmp_path / "issuers.csv", tmp_path / "out", tmp_path / "month.csv"
    issuers.write_text("instrument,issuer\n1,元大<投信>\n", encoding="utf-8")
    told = CliRunner().invoke(
        app, ["report", str(journal), "--out", str(out), "--issuers", str(issuers), "--month", str(month), "--json"]
    )
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    assert (facts["trading_day"], facts["measures"], facts["breaches"], facts["month_failed"]) == (20_260_105, 1, 1, [])
    names = ["duty-20260105.csv", "duty-20260105.html", "duty-20260105.json"]
    names += [f"issuer-元大-投信-20260105-{what}.csv" for what in ("orders", "trades")]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    page = (out / "duty-20260105.html").read_text(encoding="utf-8")
    assert "元大&lt;投信&gt;" in page
    assert "one-sided display" in page
    assert "10:00:00" in page
    trades = list(csv.DictReader((out / names[-1]).open(encoding="utf-8")))
    assert [(row["side"], row["price"], row["qty"], row["order_no"]) for row in trades] == [
        ("SELL", "100.1000", "30000", "2")
    ]
    orders = list(csv.DictReader((out / names[-2]).open(encoding="utf-8")))
    assert [row["end"] for row in orders[:2]] == ["quote_replaced", "quote_replaced"]
    (row,) = csv.DictReader((out / names[0]).open(encoding="utf-8"))
    assert (row["issuer"], row["one_sided_s"], row["breaches"]) == ("元大<投信>", "239.999", "1")


def test_without_a_file_the_member_is_the_issuer(journal: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["report", str(journal), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert "member=3 account=88" in told.stdout
    assert (tmp_path / "out" / "issuer-member-3-20260105-trades.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instrument,issuer\nx,A\n", "issuers.csv line 2"),
        ("instrument,colour\n1,red\n", "issuers.csv line 2"),
        ("instrument,issuer\n1,A\n1,B\n", "instrument 1 has a row already"),
        ("instrument,issuer\n1,A,B\n", "more cells"),
    ],
)
def test_a_bad_parameter_file_is_refused(journal: Path, tmp_path: Path, text: str, message: str) -> None:
    issuers = tmp_path / "issuers.csv"
    issuers.write_text(text)
    told = CliRunner().invoke(app, ["report", str(journal), "--out", str(tmp_path / "o"), "--issuers", str(issuers)])
    assert told.exit_code == 1
    assert message in told.stderr


def test_wrong_usage(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["report", str(tmp_path / "nothing"), "--out", str(tmp_path)]).exit_code == 2
    assert CliRunner().invoke(app, ["report", str(tmp_path)]).exit_code == 2
    assert CliRunner().invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "out")]).exit_code == 1


def test_terms_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("instrument,issuer,fund,method,spread_ticks,excused_ends\n9,A,foreign,response,4,false\n8,,,,,\n")
    nine = Contract(
        instrument=9,
        issuer="A",
        fund=FundKind.FOREIGN,
        method=WarrantMethod.RESPONSE,
        spread_ticks=4,
        excused_ends=False,
    )
    assert read_contracts(path) == {9: nine, 8: Contract(instrument=8)}


def test_issuers_with_names_alike_keep_files_of_their_own(tmp_path: Path) -> None:
    day = written(Product.ETF, lambda _: None)
    market, books = fold([Core().run(day.records())])
    one = measure_day(market, books, {})[0]
    others = [one, *(type(one)(**{name: getattr(one, name) for name in one.__struct_fields__}) for _ in range(2))]
    for other, issuer in zip(others, ("A B", "A/B", "!"), strict=True):
        other.issuer = issuer
    names = {path.name for path in write_report(tmp_path, 20_260_105, others)}
    assert {f"issuer-{name}-20260105-orders.csv" for name in ("A-B", "A-B-2", "issuer")} <= names


def test_a_day_without_providers(tmp_path: Path) -> None:
    day = Builder()
    day.line(1, member=1)
    market, books = fold([Core().run(day.records())])
    assert measure_day(market, books, {}) == []
    page = write_report(tmp_path, 20_260_105, [])[2].read_text(encoding="utf-8")
    assert "No provider was seen." in page

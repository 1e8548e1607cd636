"""The calculator and its command: results as text, refusals by row, exit codes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evermarket.cli.rules import app
from evermarket.rulebook.calculator import RULES, MissingColumnError, apply_rule
from evermarket.rulebook.money import parse_price

Cells = dict[str, str]
TWSE = {"market": "TWSE", "product": "stock", "date": "2026-11-20"}
SSE = {"market": "SSE", "product": "stock", "date": "2023-07-11"}
LIMITLESS = {"limit_up": "", "limit_down": ""}


def limits(up: str, down: str) -> Cells:
    return {"limit_up": up, "limit_down": down}


def spreads(spread: str, limit: str, breach: str) -> Cells:
    return {"spread": spread, "limit": limit, "breach": breach}


@pytest.mark.parametrize(
    ("rule", "row", "result"),
    [
        ("tick", {**TWSE, "price": "60.26"}, {"tick": "0.10", "on_tick": "no", "nearest": "60.30"}),
        ("tick", {**TWSE, "price": "1005"}, {"tick": "5.00", "on_tick": "yes", "nearest": "1005.00"}),
        ("price-limits", {**TWSE, "reference": "40.60"}, limits("44.65", "36.55")),
        ("price-limits", {**TWSE, "reference": "905.500211"}, limits("996.00", "815.00")),
        ("price-limits", {**TWSE, "reference": "40.60", "listing_day": "5"}, LIMITLESS),
        ("price-limits", {**TWSE, "reference": "40.60", "listing_day": "6"}, limits("44.65", "36.55")),
        ("price-limits", {**TWSE, "product": "etf", "reference": "23.45", "multiple": "2"}, limits("28.14", "18.76")),
        ("price-limits", {**TWSE, "product": "etf", "reference": "9", "foreign_component": "yes"}, LIMITLESS),
        ("price-limits", {**TWSE, "product": "foreign_secondary", "reference": "9"}, LIMITLESS),
        ("price-limits", {**SSE, "reference": "2.13", "limit_kind": "risk_warning"}, limits("2.24", "2.02")),
        ("lp-spread", {"bid": "99", "ask": "100", "kind": "etf-domestic"}, spreads("1.0000", "1.0000", "no")),
        ("lp-spread", {"bid": "98.95", "ask": "100", "kind": "etf-domestic"}, spreads("1.0500", "1.0000", "yes")),
        ("lp-spread", {"bid": "2", "ask": "3", "kind": "stock-maker"}, spreads("33.3333", "3.0000", "yes")),
        ("sessions", {"market": "TWSE", "date": "2026-11-21"}, {"trading_day": "no", "phases": ""}),
        (
            "sessions",
            {"market": "SSE", "date": "2026-11-20"},
            {
                "trading_day": "yes",
                "phases": "cash 09:15:00 OPEN_CALL; cash 09:20:00 NO_CANCEL_CALL; cash 09:25:00 PRE_OPEN; "
                "cash 09:30:00 CONTINUOUS; cash 11:30:00 LUNCH; cash 13:00:00 CONTINUOUS; "
                "cash 14:57:00 CLOSE_CALL; cash 15:00:00 ENDED",
            },
        ),
    ],
)
def test_a_rule_adds_its_result_columns(rule: str, row: Cells, result: Cells) -> None:
    applied = apply_rule(rule, [row])
    assert applied.rows == [{**row, **result}]
    assert applied.refusals == []
    assert tuple(result) == RULES[rule].outputs


@pytest.mark.parametrize(
    ("rule", "row", "reason"),
    [
        ("tick", {**TWSE, "price": "abc"}, "price: 'abc' is not a plain decimal number such as 40.60"),
        ("tick", {**TWSE, "price": "0"}, "price '0' is not above 0"),
        ("tick", {**TWSE, "date": "20/11", "price": "1"}, "date '20/11' is not a day such as 2026-11-20"),
        ("tick", {**TWSE, "market": "NYSE", "price": "1"}, "the rulebook has no row for product NYSE stock"),
        (
            "price-limits",
            {**TWSE, "product": "warrant_call", "reference": "1"},
            "product 'warrant_call': its limits follow its underlying by formula (WR Art. 7)",
        ),
        ("price-limits", {**TWSE, "reference": "1", "multiple": "2x"}, "multiple '2x' is not a whole number"),
        (
            "price-limits",
            {**TWSE, "reference": "1", "foreign_component": "si"},
            "foreign_component 'si' is neither yes nor no",
        ),
        (
            "ex-reference",
            {"date": "2026-11-20", "prev_close": "5", "cash_per_share": "-1", "stock_per_share": ""},
            "cash_per_share '-1' is below 0",
        ),
        (
            "lp-spread",
            {"bid": "1", "ask": "2", "kind": "etf"},
            "kind 'etf' is none of etf-domestic, etf-foreign, etn-domestic, etn-foreign, stock-maker",
        ),
        (
            "sessions",
            {"market": "TWSE", "date": "2027-01-04"},
            "calendar XTAI covers 2014-01-01 to 2026-12-31; 2027-01-04 is outside: add its closures",
        ),
        ("sessions", {"market": "XNYS", "date": "2026-11-20"}, "no calendar for market 'XNYS'; known: SSE, TPEx, TWSE"),
    ],
)
def test_a_row_without_an_answer_is_refused_with_its_reason(rule: str, row: Cells, reason: str) -> None:
    applied = apply_rule(rule, [row])
    assert [(refusal.row, refusal.rule, refusal.reason) for refusal in applied.refusals] == [(1, rule, reason)]
    assert applied.rows == [{**row, **dict.fromkeys(RULES[rule].outputs, "")}]


def test_a_missing_column_is_no_refusal_but_an_error() -> None:
    with pytest.raises(MissingColumnError, match="rule tick needs column price"):
        apply_rule("tick", [TWSE])


def test_ex_reference_gives_the_official_row(shared_rows: Callable[[str], list[Cells]]) -> None:
    rows = [row for row in shared_rows("tw_reference/ex_right_official_rows.csv") if row["code"] == "2330"]
    cash = rows[0]["right_plus_dividend_value"]
    inputs = {"date": rows[0]["date"], "prev_close": rows[0]["prev_close"], "cash_per_share": cash}
    found = apply_rule("ex-reference", [{**inputs, "stock_per_share": "0"}]).rows[0]
    for column in RULES["ex-reference"].outputs:
        assert parse_price(found[column]) == parse_price(rows[0][column]), column


def test_the_rights_columns_move_the_reference() -> None:
    row = {"date": "2026-11-20", "prev_close": "60", "cash_per_share": "0", "stock_per_share": "0"}
    found = apply_rule("ex-reference", [{**row, "subscription_price": "40", "subscription_ratio": "0.2"}]).rows[0]
    assert [found[column] for column in RULES["ex-reference"].outputs] == ["56.66", "60.00", "66.00", "51.00", "60.00"]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_command_writes_results_and_exits_with_1_when_rows_are_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text("market,product,date,price\nTWSE,stock,2026-11-20,10.05\nTWSE,stock,2026-11-20,x\n", "utf-8")
    code, out, err = run("apply", "tick", "--in", str(source), "--out", str(target))
    assert (code, out) == (1, "")
    assert err == ("row 2 refused by tick: price: 'x' is not a plain decimal number such as 40.60\n2 rows, 1 refused\n")
    with target.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["tick"], row["on_tick"], row["nearest"]) for row in rows] == [("0.05", "yes", "10.05"), ("", "", "")]
    code, out, _ = run("apply", "tick", "--in", str(source), "--json")
    found = json.loads(out)
    assert (code, found["rows"], found["refused"], found["results"][0]["tick"]) == (1, 2, 1, "0.05")


def test_the_command_prints_results_without_a_target_and_exits_with_0(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("bid,ask,kind\n99,100,etf-domestic\n", "utf-8")
    code, out, _ = run("apply", "lp-spread", "--in", str(source))
    assert (code, out) == (0, "bid,ask,kind,spread,limit,breach\n99,100,etf-domestic,1.0000,1.0000,no\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nothing", "a\n", "no rule 'nothing'"),
        ("tick", "market,product,date\n", "column price is missing"),
        ("lp-spread", "bid,ask,kind\n1,2\n", "line 2: 2 cells, the header has 3"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, name: str, text: str, message: str) -> None:
    source = tmp_path / "a.csv"
    source.write_text(text, "utf-8")
    code, _, err = run("apply", name, "--in", str(source))
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert run("apply", "tick", "--in", str(tmp_path / "absent.csv"))[0] == 2


def test_the_list_names_every_rule_with_its_columns() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert all(f"{rule.name}: {rule.description}" in out for rule in RULES.values())
    assert [entry["name"] for entry in json.loads(run("list", "--json")[1])] == list(RULES)

"""A gateway against the primary core: what a member asks for and all that it is told."""

import pytest

from evermarket.records.kinds import Action, Match
from evermarket.venue.fix.wire import SOH, Message, joined
from tests.venue.fix.exchange import Exchange
from tests.venue.fix.floor import Client, Gate, order, request, shown

STATE = (150, 39, 11, 41, 151, 14, 6)
"""ExecType, OrdStatus, ClOrdID, OrigClOrdID, LeavesQty, CumQty, AvgPx."""

REFUSED = (11, 41, 102, 434, 20001, 58)
"""ClOrdID, OrigClOrdID, CxlRejReason, CxlRejResponseTo, our code, its sentence."""


def floor(phase: str = "CONTINUOUS") -> tuple[Gate, Client, Client, Client]:
    """A gateway with two members and a drop copy logged on."""
    gate = Gate(Exchange(phase))
    alfa, beta, copy = (Client(name).log_on(gate) for name in ("ALFA", "BETA", "COPY"))
    return gate, alfa, beta, copy


def test_an_accepted_order_is_told_with_all_its_terms() -> None:
    _, alfa, _, _ = floor()
    more = {"t1": "1234567", "t20002": "2", "t20003": "1", "t20004": "3", "t59": "0", "t21": "1"}
    [report] = alfa.ask("D", order(1, qty=3_000, price="100.5", **more))
    assert joined(report.fields[4:]).replace(SOH, "|") == (
        "37=1|17=36|150=0|39=0|11=1|1=1234567|55=2330|54=1|38=3000|40=2|59=0|44=100.5|151=3000|14=0|6=0|"
        "60=20260105-01:00:00.020|20005=1|20002=2|20003=1|20004=3|"
    )


def test_a_fill_is_told_to_both_sides_with_average_and_liquidity() -> None:
    _, alfa, beta, _ = floor()
    alfa.ask("D", order(1, qty=1_000, price="100"))
    alfa.ask("D", order(2, qty=2_000, price="100.5"))
    reports = beta.ask("D", order(1, side="2", qty=4_000, price="100"))
    assert [shown(m, *STATE, 32, 31, 851, 527) for m in reports] == [
        ["8", "0", "0", "1", None, "4000", "0", "0", None, None, None, None],
        ["8", "F", "1", "1", None, "2000", "2000", "100.5", "2000", "100.5", "2", "1"],
        ["8", "F", "1", "1", None, "1000", "3000", "100.333333", "1000", "100", "2", "2"],
    ]
    assert [shown(m, *STATE, 32, 31, 851, 527) for m in alfa.raw[-2:]] == [
        ["8", "F", "2", "2", None, "0", "2000", "100.5", "2000", "100.5", "1", "1"],
        ["8", "F", "2", "1", None, "0", "1000", "100", "1000", "100", "1", "2"],
    ]


def test_a_call_auction_fills_without_a_liquidity_side() -> None:
    gate, alfa, beta, _ = floor("OPEN_CALL")
    alfa.ask("D", order(1, qty=2_000, price="101"))
    beta.ask("D", order(1, side="2", qty=1_000, price="100"))
    gate.exchange.market(lambda day: day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH))
    gate.pump()
    price = alfa.raw[-1].get(31)
    assert [shown(m, *STATE, 32, 851) for m in (alfa.raw[-1], beta.raw[-1])] == [
        ["8", "F", "1", "1", None, "1000", "1000", price, "1000", None],
        ["8", "F", "2", "1", None, "0", "1000", price, "1000", None],
    ]


@pytest.mark.parametrize(
    ("change", "expected", "terms"),
    [
        ({"t38": "2000"}, ["8", "5", "0", "2", "1", "2000", "0", "0"], ("2000", "100")),
        ({"t20006": "1000"}, ["8", "5", "0", "2", "1", "2000", "0", "0"], ("2000", "100")),
        ({"t44": "99.5"}, ["8", "5", "0", "2", "1", "3000", "0", "0"], ("3000", "99.5")),
        ({"t38": "3000", "t44": "101"}, ["8", "5", "0", "2", "1", "3000", "0", "0"], ("3000", "101")),
        ({"t20006": "3000"}, ["8", "4", "4", "2", "1", "0", "0", "0"], ("0", "100")),
    ],
)
def test_a_replacement_reduces_or_reprices(change: dict[str, str], expected: list[str], terms: tuple[str, str]) -> None:
    _, alfa, _, _ = floor()
    alfa.ask("D", order(1, qty=3_000))
    [report] = alfa.ask("G", request(2, 1, t40="2", **change))
    assert (shown(report, *STATE), (report.get(38), report.get(44))) == (expected, terms)


def test_a_repriced_order_trades_at_once() -> None:
    _, alfa, beta, _ = floor()
    beta.ask("D", order(1, side="2", price="101"))
    alfa.ask("D", order(1, price="100"))
    reports = alfa.ask("G", request(2, 1, t40="2", t44="101"))
    assert [shown(m, *STATE) for m in reports] == [
        ["8", "5", "0", "2", "1", "1000", "0", "0"],
        ["8", "F", "2", "2", None, "0", "1000", "101"],
    ]


def test_the_id_of_a_replacement_names_the_order_from_then_on_and_so_do_the_ids_before() -> None:
    _, alfa, _, _ = floor()
    alfa.ask("D", order(1, qty=3_000))
    alfa.ask("G", request(2, 1, t40="2", t38="2000"))
    [by_first] = alfa.ask("H", [(11, "1"), (55, "2330"), (54, "1")])
    [by_last] = alfa.ask("H", [(11, "2"), (55, "2330"), (54, "1")])
    [by_number] = alfa.ask("H", [(11, "99"), (37, "1"), (55, "2330"), (54, "1")])
    assert [shown(m, 17, *STATE) for m in (by_first, by_last, by_number)] == [
        ["8", "0", "I", "0", "2", None, "2000", "0", "0"]
    ] * 3
    [cancelled] = alfa.ask("F", request(3, 1))
    assert shown(cancelled, *STATE) == ["8", "4", "4", "3", "2", "0", "0", "0"]


def test_the_status_of_an_unknown_order_says_so() -> None:
    _, alfa, _, _ = floor()
    [report] = alfa.ask("H", [(11, "5"), (55, "2330"), (54, "1")])
    assert shown(report, 37, 150, 39, 103, 58) == ["8", "NONE", "I", "8", "5", "no order of this line has ClOrdID 5"]


UP = "OrderQty 4000 is above 3000: a quantity can only be reduced"
BAD_ID = "is not a number between 1 and 18446744073709551615 without leading zeros"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (order(5, price="120"), ["99", "74", "price 120 is above the limit-up 110"]),
        (order(5, price="100.3"), ["99", "73", "price 100.3 is not a multiple of the tick 0.5"]),
        (order(5, price="-1"), ["99", "72", "price -1 is not between 1 and 1000000"]),
        (order(5, qty=0), ["13", "60", "qty is 0"]),
        (order(5, qty=1_500), ["13", "61", "qty 1500 is not a multiple of the lot 1000"]),
        (order(5, price=None, t44="100"), ["99", "71", "price 100 given where the rule takes none"]),
        (order(5, t20005="2"), ["1", "20", "instrument 1 has no book in segment 2"]),
        (order(5, t20007="7"), ["99", "81", "a paired block needs a pair number and nothing else does"]),
        (order(5, t55="9999"), ["1", "20", "security 9999 is not traded here"]),
        (order(5, t1="55"), ["15", None, "account 55 is not known on this line"]),
        (order(5, t11="AB"), ["99", None, f"ClOrdID AB {BAD_ID}"]),
        (order(5, t11="05"), ["99", None, f"ClOrdID 05 {BAD_ID}"]),
        (order(5, t11="18446744073709551616"), ["99", None, f"ClOrdID 18446744073709551616 {BAD_ID}"]),
        (order(5, price="100.00001"), ["99", None, "price 100.00001 has more than four decimals"]),
        (order(5, qty=2**28), ["3", "62", "qty 268435456 exceeds 268435455"]),
        (order(5, t20007=str(2**32)), ["99", None, "pair number 4294967296 is larger than 4294967295"]),
        (order(4), ["6", "12", "cl_ord_id 4 is not larger than 4, the last one of this line"]),
    ],
)
def test_a_refused_order_has_our_code_and_its_sentence(fields: list[tuple[int, str]], expected: list[str]) -> None:
    _, alfa, _, _ = floor()
    alfa.ask("D", order(4))
    [report] = alfa.ask("D", fields)
    assert shown(report, 150, 39, 151, 103, 20001, 58) == ["8", "8", "8", "0", *expected]
    assert report.get(11) == dict(fields)[11]


def test_a_line_without_rights_is_refused_by_the_core() -> None:
    gate, *_ = floor()
    [report] = Client("GAMA").log_on(gate).ask("D", order(1))
    assert shown(report, 150, 103, 20001) == ["8", "8", "1", "11"]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("F", request(5, 2), ["2", "0", "1", "41", "order_no 2 has nothing left"]),
        ("F", request(5, 77), ["77", "1", "1", None, "no order of this line has ClOrdID 77"]),
        ("F", request(5, 3, t55="2317"), ["3", "1", "1", "43", "order_no 3 stands in instrument 1"]),
        ("F", request(5, 3, side="2"), ["3", "99", "1", None, "the side of order 3 is 1"]),
        ("F", request(3, 3), ["3", "6", "1", "12", "cl_ord_id 3 is not larger than 4, the last one of this line"]),
        ("G", request(5, 3, t40="2"), ["3", "99", "2", None, "neither price nor quantity would change"]),
        (
            "G",
            request(5, 3, t40="2", t44="101", t38="2000"),
            ["3", "99", "2", "34", "price and qty cannot both change in one request"],
        ),
        ("G", request(5, 3, t40="2", t38="4000"), ["3", "99", "2", None, UP]),
        (
            "G",
            request(5, 3, t40="2", t38="2000", t20006="1000"),
            ["3", "99", "2", None, "a request gives OrderQty or ReduceBy, not both"],
        ),
        ("G", request(5, 3, t40="2", t44="120"), ["3", "99", "2", "74", "price 120 is above the limit-up 110"]),
        (
            "G",
            request(5, 3, t40="2", t20006="1500"),
            ["3", "99", "2", "61", "qty 1500 is not a multiple of the lot 1000"],
        ),
    ],
)
def test_a_refused_request_changes_nothing(
    kind: str, fields: list[tuple[int, str]], expected: list[str | None]
) -> None:
    gate, alfa, _, _ = floor()
    for number in (1, 2, 3):
        alfa.ask("D", order(number, qty=3_000))
    alfa.ask("F", request(4, 2))
    digest = gate.exchange.core.digest
    [report] = alfa.ask(kind, fields)
    assert shown(report, *REFUSED) == ["9", dict(fields)[11], *expected]
    assert gate.exchange.core.digest == digest


@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        ([(530, "7")], {"1", "2", "3"}),
        ([(530, "1"), (55, "2330")], {"1", "2"}),
        ([(530, "7"), (54, "2")], {"2"}),
        ([(530, "7"), (1, "1234567")], {"3"}),
    ],
)
def test_a_mass_cancel_takes_what_it_names_and_no_other_members_orders(
    fields: list[tuple[int, str]], gone: set[str]
) -> None:
    _, alfa, beta, _ = floor()
    alfa.ask("D", order(1, price="99"))
    alfa.ask("D", order(2, side="2", price="101"))
    alfa.ask("D", order(3, price="99", t55="2317", t1="1234567"))
    beta.ask("D", order(1, price="99"))
    *cancelled, answer = alfa.ask("q", [(11, "9"), (60, "20260105-01:00:00"), *fields])
    assert {m.get(11) for m in cancelled} == gone
    assert {tuple(shown(m, 150, 39, 58)) for m in cancelled} == {("8", "4", "4", "mass cancel")}
    assert shown(answer, 11, 530, 531, 533) == ["r", "9", fields[0][1], fields[0][1], str(len(gone))]
    [status] = beta.ask("H", [(11, "1"), (55, "2330"), (54, "1")])
    assert status.get(39) == "0"


def test_a_mass_cancel_that_cannot_be_is_refused() -> None:
    _, alfa, _, _ = floor()
    [unknown] = alfa.ask("q", [(11, "1"), (530, "1"), (55, "9999"), (60, "20260105-01:00:00")])
    [both] = alfa.ask("q", [(11, "2"), (530, "7"), (55, "2330"), (60, "20260105-01:00:00")])
    assert shown(unknown, 11, 530, 531, 532, 20001) == ["r", "1", "1", "0", "1", "20"]
    assert shown(both, 531, 532, 58) == ["r", "0", "99", "a request to cancel all orders names no security"]


def test_the_end_of_the_session_expires_what_is_left() -> None:
    gate, alfa, _, _ = floor()
    alfa.ask("D", order(1))
    gate.exchange.market(lambda day: day.phase("ENDED", actions=Action.EXPIRE))
    gate.pump()
    assert shown(alfa.raw[-1], *STATE, 58) == ["8", "C", "C", "1", None, "0", "0", "0", "the session has ended"]


def test_a_voided_trade_is_told_with_the_report_it_takes_back() -> None:
    gate, alfa, beta, _ = floor()
    alfa.ask("D", order(1))
    beta.ask("D", order(1, side="2"))
    told = alfa.raw[-1].get(17)
    facts = {"instrument": 1, "attributes": 1, "price": 1_000_000, "qty": 1_000, "buy_no": 1, "sell_no": 2}
    gate.exchange.market(lambda day: day.void_trade(1, line=0, cl_ord_id=0, **facts))
    gate.pump()
    assert shown(alfa.raw[-1], 150, 19, 32, 31, 527) == ["8", "H", told, "1000", "100", "1"]


def test_a_drop_copy_gets_the_same_reports_with_their_line_and_takes_no_orders() -> None:
    _, alfa, beta, copy = floor()
    alfa.ask("D", order(1, qty=2_000))
    beta.ask("D", order(1, side="2"))
    alfa.ask("F", request(2, 1))

    def by_line(client: Client, line: str) -> list[dict[int, str]]:
        return [{**body(m), 20008: line} for m in client.raw if m.type == "8"]

    told = [body(m) for m in copy.raw if m.type == "8"]
    assert [m for m in told if m[20008] == "1"] == by_line(alfa, "1")
    assert [m for m in told if m[20008] == "2"] == by_line(beta, "2")
    [refused] = copy.ask("D", order(1))
    assert shown(refused, 372, 380, 58) == ["j", "D", "6", "a drop copy takes no requests"]


def body(message: Message) -> dict[int, str]:
    return {tag: value for tag, value in message.fields if tag not in (34, 43, 49, 52, 56, 122)}


def test_requests_behind_an_order_under_way_wait_and_keep_their_order() -> None:
    _, alfa, _, _ = floor()
    before = len(alfa.raw)
    messages = [("D", order(1, qty=3_000)), ("F", request(2, 1)), ("D", order(3)), ("H", [(11, "3"), *order(3)[1:3]])]
    alfa.tell(b"".join(alfa.say(kind, fields) for kind, fields in messages))
    assert len(alfa.raw) == before
    alfa.gate.pump()
    assert [shown(m, 150, 11) for m in alfa.raw[before:]] == [
        ["8", "0", "1"],
        ["8", "4", "2"],
        ["8", "0", "3"],
        ["8", "I", "3"],
    ]

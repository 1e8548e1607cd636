"""Numbers outlive gateways, machines and cores: a member resumes where it was, without a gap and without a repeat."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.records import HEADER, Kind
from evermarket.records.kinds import Flag
from evermarket.venue.fix.kept import Kept, KeptFile, as_bytes
from evermarket.venue.fix.numbers import NOT_RESENT, Entry, Own, Report, Settled
from evermarket.venue.fix.wire import Message
from tests.models.words import Word, decode, join
from tests.venue.fix.exchange import Exchange
from tests.venue.fix.floor import Client, Gate, order, request, shown

TRANSPORT = (34, 43, 52, 97, 122)


def body(message: Message) -> tuple[str, tuple[tuple[int, str], ...]]:
    return message.type, tuple((tag, value) for tag, value in message.fields if tag not in TRANSPORT)


def reports(client: Client) -> list[tuple[str | None, ...]]:
    """What was told of orders, in the order of the numbers: ExecType, ClOrdID, CumQty."""
    return [(m.get(150), m.get(11), m.get(14)) for _, m in sorted(client.got.items()) if m.type == "8"]


def beta_sells(gate: Gate, number: int) -> None:
    """Somebody trades with ALFA while it is away."""
    beta = Client("BETA").log_on(gate, (141, "Y"))
    beta.ask("D", order(number, side="2"))
    beta.disconnect()


def test_what_was_told_while_a_member_was_away_comes_when_it_asks() -> None:
    gate = Gate(Exchange())
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1, qty=3_000))
    alfa.disconnect()
    beta_sells(gate, 1)
    alfa.log_on(gate).catch_up()
    assert reports(alfa) == [("0", "1", "0"), ("F", "1", "1000")]
    assert alfa.got[3].says(43)
    assert alfa.got[3].get(122) == alfa.got[3].get(60)


def test_a_member_resumes_after_a_restart_of_the_gateway(tmp_path: Path) -> None:
    exchange = Exchange()
    file = KeptFile(tmp_path / "a")
    kept: dict[str, Kept] = {"ALFA": file}
    gate = Gate(exchange, kept)
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1, qty=3_000))
    alfa.ask("1", [(112, "HELLO")])
    alfa.ask("D", order(2, price="999"))
    beta_sells(gate, 1)
    before = dict(alfa.got)
    file.close()

    kept["ALFA"] = KeptFile(tmp_path / "a")
    again = Gate(exchange, kept)
    alfa.log_on(again)
    assert not alfa.lacks
    assert alfa.raw[-1].type == "A"
    assert alfa.raw[-1].number(34) == len(before) + 1
    alfa.ask("F", request(3, 1))
    assert reports(alfa) == [("0", "1", "0"), ("8", "2", "0"), ("F", "1", "1000"), ("4", "3", "1000")]


def test_a_torn_end_of_the_small_journal_is_cut_and_damage_before_it_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "k"
    entries: list[Entry] = [
        Own(1, Report(5, "A", "98=0\x01108=30\x01")),
        Settled(2),
        Own(2, Report(6, "0", "")),
        Settled(3),
    ]
    kept = KeptFile(path)
    for entry in entries:
        kept.append(entry)
    kept.close()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        opened = KeptFile(path)
        assert opened.entries() == entries[: len(opened.entries())]
        opened.close()
        assert path.stat().st_size == sum(len(as_bytes(entry)) for entry in opened.entries())
    path.write_bytes(whole[:20] + b"#" + whole[21:])
    with pytest.raises(ValueError, match="damaged"):
        KeptFile(path)


def test_another_gateway_with_the_same_logs_has_the_same_at_every_number() -> None:
    exchange = Exchange()
    first = Gate(exchange)
    alfa = Client("ALFA").log_on(first)
    for number in range(1, 6):
        alfa.ask("D", order(number, price="99.5" if number % 2 else "9999"))
        alfa.ask("H", [(11, str(number)), (55, "2330"), (54, "1")])
    alfa.ask("q", [(11, "9"), (530, "7"), (60, "20260105-01:00:00")])
    alfa.disconnect()
    second = Gate(exchange, first.kept)
    alfa.log_on(second)
    assert not alfa.lacks
    sent = {number: body(m) for number, m in alfa.got.items()}
    again = {m.number(34) or 0: body(m) for m in alfa.resend(1) if m.type != "4"}
    assert again == {number: sent[number] for number in again}
    assert set(again) == {number for number, m in alfa.got.items() if m.type not in NOT_RESENT}


def test_a_gateway_that_lacks_reports_is_not_ready() -> None:
    exchange = Exchange()
    gate = Gate(exchange)
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1))
    alfa.ask("1", [(112, "X")])
    alfa.disconnect()
    early = Gate(Exchange(), gate.kept)
    assert not early.desks["ALFA"].is_ready
    assert Gate(exchange, gate.kept).desks["ALFA"].is_ready


@pytest.mark.parametrize("reached", [True, False])
def test_what_is_under_way_at_a_switch_is_executed_once(reached: bool) -> None:
    """The owner dies with two requests of the window taken, or not: the member sees a gap in time, not in numbers."""
    exchange = Exchange()
    gate = Gate(exchange)
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1, qty=3_000))
    alfa.tell(alfa.say("D", order(2)) + alfa.say("G", request(3, 1, t40="2", t38="1000")))
    if not reached:
        exchange.lose()
    flagged = [bytes((*raw[:17], raw[17] | Flag.POSS_RESEND, *raw[18:])) for raw in gate.gateways["ALFA"].under_way]
    assert [decode(raw).kind for raw in flagged] == [Kind.NEW, Kind.REDUCE]
    exchange.begin_epoch(2)
    exchange.submit(join(flagged))
    alfa.settle()
    alfa.ask("F", request(4, 2))
    assert reports(alfa) == [("0", "1", "0"), ("0", "2", "0"), ("5", "3", "0"), ("4", "4", "0")]
    assert gate.gateways["ALFA"].under_way == []


def test_what_the_owner_passed_over_at_a_switch_is_refused_and_settled() -> None:
    exchange = Exchange()
    gate = Gate(exchange)
    alfa = Client("ALFA").log_on(gate)
    alfa.tell(alfa.say("D", order(1)) + alfa.say("D", order(2)))
    exchange.lose()
    gate.desks["ALFA"].never_received(exchange.now, 1)
    assert shown(alfa.raw[-1], 150, 11, 103, 58) == [
        *("8", "8", "1", "99"),
        "ClOrdID 1 never reached the market and was not executed",
    ]
    exchange.submit(join([bytes(raw) for raw in gate.gateways["ALFA"].under_way]))
    alfa.settle()
    assert reports(alfa) == [("8", "1", "0"), ("0", "2", "0")]
    alfa.log_on(Gate(exchange, gate.kept))
    assert [m.type for m in alfa.raw[-2:]] == ["8", "A"]


def test_what_the_core_never_got_comes_again_after_a_crash_of_the_gateway_and_is_executed_once() -> None:
    exchange = Exchange()
    gate = Gate(exchange)
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1))
    gate.holds_commands = True
    alfa.tell(alfa.say("D", order(2)) + alfa.say("D", order(3)))
    second = Gate(exchange, gate.kept)
    alfa.log_on(second)
    asked = alfa.raw[-1]
    assert shown(asked, 7, 16) == ["2", "3", "0"]
    alfa.tell(b"".join(alfa.again(number) for number in (3, 4)))
    alfa.tell(gap_fill(alfa, 5, 6))
    alfa.settle()
    assert reports(alfa) == [("0", "1", "0"), ("0", "2", "0"), ("0", "3", "0")]
    flags = {raw.cl_ord_id: raw.flags for raw in news(exchange)}
    assert flags == {1: 0, 2: int(Flag.POSS_RESEND), 3: int(Flag.POSS_RESEND)}


def gap_fill(client: Client, number: int, to: int) -> bytes:
    now = "20260105-01:00:00"
    return client.say("4", [(123, "Y"), (36, str(to))], number, (43, "Y"), (122, now))


def news(exchange: Exchange) -> list[Word]:
    rows = [decode(bytes(raw)) for part in exchange.released for raw in part.view("V64").view(HEADER)]
    return [word for word in rows if word.kind == Kind.NEW]


@pytest.mark.parametrize("flag", [(43, "Y"), (97, "Y")])
def test_a_repetition_that_says_so_is_passed_over_and_one_that_does_not_is_refused(flag: tuple[int, str]) -> None:
    gate = Gate(Exchange())
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1))
    digest = gate.exchange.core.digest
    extra = (flag, (122, "20260105-01:00:00")) if flag[0] == 43 else (flag,)
    before = len(alfa.raw)
    alfa.tell(alfa.say("D", order(1), alfa.next, *extra))
    alfa.next += 1
    alfa.settle()
    assert len(alfa.raw) == before
    [refused] = alfa.ask("D", order(1))
    assert shown(refused, 150, 20001) == ["8", "8", "12"]
    assert gate.exchange.core.digest == digest


def test_a_reset_begins_both_numberings_again_and_the_orders_stay() -> None:
    gate = Gate(Exchange())
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1))
    alfa.disconnect()
    fresh = Client("ALFA").log_on(gate, (141, "Y"))
    assert shown(fresh.raw[-1], 34, 141) == ["A", "1", "Y"]
    [report] = fresh.ask("F", request(2, 1))
    assert shown(report, 34, 150, 11, 41) == ["8", "2", "4", "2", "1"]
    again = Gate(gate.exchange, gate.kept)
    fresh.log_on(again)
    assert not fresh.lacks


def test_a_logon_that_names_the_next_expected_number_gets_the_rest_unasked() -> None:
    gate = Gate(Exchange())
    alfa = Client("ALFA").log_on(gate)
    alfa.ask("D", order(1, qty=3_000))
    alfa.disconnect()
    beta_sells(gate, 1)
    alfa.log_on(gate, (789, str(alfa.expected)))
    assert reports(alfa) == [("0", "1", "0"), ("F", "1", "1000")]


STEPS = st.lists(st.sampled_from("oocrthbnd"), min_size=5, max_size=40)


@settings(max_examples=40)
@given(steps=STEPS, data=st.data())
def test_a_resend_of_any_range_gives_exactly_what_was_sent(steps: list[str], data: st.DataObject) -> None:
    gate = Gate(Exchange())
    alfa = Client("ALFA").log_on(gate)
    for number, step in enumerate(steps, 1):
        gate, alfa = play(gate, alfa, step, number)
    alfa.catch_up()
    first = data.draw(st.integers(1, alfa.expected - 1))
    last = data.draw(st.one_of(st.just(0), st.integers(first, alfa.expected + 5)))
    end = min(last or alfa.expected - 1, alfa.expected - 1)
    covered: list[int] = []
    for m in alfa.resend(first, last):
        at = m.number(34) or 0
        if at > end:
            continue
        assert m.says(43)
        if m.type == "4":
            filled = range(at, m.number(36) or 0)
            assert all(alfa.got[n].type in NOT_RESENT for n in filled if n in alfa.got)
            covered += filled
        else:
            assert body(m) == body(alfa.got[at])
            covered.append(at)
    assert covered == list(range(first, end + 1))


def play(gate: Gate, alfa: Client, step: str, number: int) -> tuple[Gate, Client]:
    """One step of a history: order, cancel, refusal, test request, status, somebody's fill, new gateway, reconnect."""
    match step:
        case "o":
            alfa.ask("D", order(number, price="100"))
        case "c":
            alfa.ask("F", request(number, 1))
        case "r":
            alfa.ask("D", order(number)[1:])
        case "t":
            alfa.ask("1", [(112, str(number))])
        case "h":
            alfa.ask("H", [(11, "1"), (55, "2330"), (54, "1")])
        case "b":
            beta_sells(gate, number)
            alfa.settle()
        case "n":
            alfa.disconnect()
            gate = Gate(gate.exchange, gate.kept)
            alfa.log_on(gate).catch_up()
        case "d":
            alfa.disconnect()
            beta_sells(gate, number)
            alfa.log_on(gate).catch_up()
    return gate, alfa

"""A session as a pure machine: every refusal, framing, heartbeats on a clock that jumps, any bytes in any pieces."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.session import (
    CHALLENGE,
    HEARTBEAT,
    LOGGED_ON,
    THROTTLED,
    Parting,
    Resume,
    SessionKind,
    Wish,
    session_record,
)
from evermarket.venue.sessions.actions import Alarm, Close, Gone, Notify, Opened, Said
from evermarket.venue.sessions.events import Beat, Closing, Ended, Superseded, Told, Waiting
from evermarket.venue.sessions.terms import LOG_ON_NS, WAITING_MAX, Standing, Terms
from tests.venue.sessions.machine import (
    HOME,
    NONCE,
    RELAY,
    SECRET,
    STANDING,
    Member,
    log_on,
    orders,
    seconds,
)


def relayed(address: bytes) -> Records:
    return session_record(SessionKind.RELAYED, port=4711, address=address)


def test_a_member_is_challenged_and_logged_on_with_what_the_core_knows_of_its_line() -> None:
    member = Member().connect()
    first = member.told().view(CHALLENGE)[0]
    assert (first["kind"], first["epoch"], first["make"], first["nonce"].tobytes()) == (224, 3, 1, NONCE)
    member.log_on(position=40, wish=Wish.PUBLIC_FLOW | Wish.CANCEL_ON_DISCONNECT)
    welcome = member.told().view(LOGGED_ON)[1]
    assert [int(welcome[name]) for name in ("kind", "position", "last_id", "flow_position")] == [226, 50, 10, 40]
    assert [int(welcome[name]) for name in ("epoch", "trading_day", "heartbeat_ms", "line", "owner")] == [
        3,
        20261123,
        1000,
        5,
        1,
    ]
    assert member.opened() == [Opened(1, 5, Resume.RESUME, 40, Wish.PUBLIC_FLOW | Wish.CANCEL_ON_DISCONNECT)]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (log_on(secret=bytes(32)), Parting.BAD_TICKET),
        (log_on(nonce=bytes(32)), Parting.BAD_TICKET),
        (log_on(address=RELAY), Parting.BAD_TICKET),
        (log_on(day=20261124), Parting.BAD_TICKET),
        (log_on(position=51), Parting.AHEAD),
        (log_on(resume=4), Parting.BAD_RECORD),
        (orders(11), Parting.BAD_RECORD),
        (relayed(HOME), Parting.BAD_RECORD),
    ],
    ids=["secret", "nonce", "address", "day", "ahead", "resume", "command", "relayed"],
)
def test_every_refusal_at_log_on(first: Records, why: Parting) -> None:
    member = Member().connect()
    actions = member.say(first)
    assert member.parting() is why
    assert actions[-1] == Close(is_abort=False)
    assert not member.opened()
    assert not member.gone()
    assert any(isinstance(action, Alarm) for action in actions) == (why is Parting.AHEAD)


def test_every_byte_of_a_log_on_is_proved() -> None:
    good = log_on().tobytes()
    for at in [*range(16), *range(17, 64)]:
        member = Member().connect()
        member.say(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert member.parting() is Parting.BAD_TICKET, at


def test_a_line_that_is_taken_is_refused_and_its_holder_is_told_who_tried() -> None:
    member = Member(holders={5: 99}).connect()
    actions = member.log_on()
    notice = next(action for action in actions if isinstance(action, Notify))
    assert notice.connection == 99
    assert (notice.record[0]["code"], notice.record[0]["address"].tobytes()) == (Parting.LINE_TAKEN, HOME)
    assert member.parting() is Parting.LINE_TAKEN


def test_a_core_without_the_seat_says_so_and_closes() -> None:
    fenced = Terms(epoch=7, owner=1, trading_day=20261123, secret=SECRET, is_owner=False)
    member = Member(fenced).connect()
    assert member.told()["kind"].tolist() == [SessionKind.FENCED]
    assert member.done[-1] == Close(is_abort=False)


def test_behind_a_relay_the_address_that_it_tells_counts() -> None:
    member = Member().connect(RELAY)
    member.say(relayed(HOME), log_on())
    assert member.opened()
    other = Member().connect(RELAY)
    other.say(log_on(address=RELAY))
    assert other.parting() is Parting.BAD_RECORD


def test_who_does_not_log_on_in_five_seconds_is_late() -> None:
    member = Member().connect()
    assert member.session.due_ns == LOG_ON_NS
    assert member.did(member.session.step(Beat(LOG_ON_NS - 1))) == []
    member.did(member.session.step(Beat(LOG_ON_NS)))
    assert member.parting() is Parting.LATE


def opened(standing: Standing = STANDING, line: int = 5) -> Member:
    member = Member(standing=standing).connect()
    member.log_on(line)
    assert member.opened()
    return member


def test_commands_reach_the_core_whole_in_order_and_counted() -> None:
    member = opened()
    data = orders(11, 12, 13).tobytes()
    for at in range(0, len(data), 50):
        member.say(data[at : at + 50])
    assert member.said()["cl_ord_id"].tolist() == [11, 12, 13]
    assert member.session.received == 3


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (orders(12, line=6), Parting.FOREIGN_LINE),
        (orders(12, line=0), Parting.FOREIGN_LINE),
        (blank(Kind.PHASE), Parting.BAD_RECORD),
        (blank(Kind.ACCEPTED), Parting.BAD_RECORD),
        (bytes(64), Parting.BAD_RECORD),
        (bytes([255]) * 64, Parting.BAD_RECORD),
        (log_on(), Parting.BAD_RECORD),
        (session_record(SessionKind.CHALLENGE), Parting.BAD_RECORD),
        (session_record(SessionKind.READY), Parting.BAD_RECORD),
        (session_record(SessionKind.READY, code=3, text=b"?"), Parting.BAD_RECORD),
    ],
)
def test_a_record_that_is_not_the_lines_ends_the_session_but_not_what_came_before(
    record: Records | bytes, why: Parting
) -> None:
    member = opened()
    member.say(orders(11), record, orders(13))
    assert member.said()["cl_ord_id"].tolist() == [11]
    assert member.parting() is why
    assert len(member.gone()) == 1


@pytest.mark.parametrize("kind", [Kind.NEW, Kind.QUOTE])
def test_an_order_number_is_given_by_the_core_alone(kind: Kind) -> None:
    member = opened()
    numbered = orders(11, kind=kind)
    numbered["order_no"] = 1
    member.say(numbered)
    assert member.parting() is Parting.BAD_RECORD
    assert len(member.said()) == 0


def test_a_log_off_ends_the_session_without_an_answer() -> None:
    member = opened()
    actions = member.say(orders(11), session_record(SessionKind.LOG_OFF, code=Parting.MEMBER), orders(12))
    assert [type(action) for action in actions] == [Said, Gone, Close]
    assert member.said()["cl_ord_id"].tolist() == [11]


def texts(count: int) -> Records:
    rows = blank(Kind.ANNOUNCE, 1 + count)
    rows["kind"][1:] = Kind.TEXT
    rows["flags"][0] = count
    return rows


def test_runs_of_the_exchange_are_taken_when_they_are_whole() -> None:
    member = opened(line=0)
    run = texts(15)
    for at in range(15):
        assert member.say(run[at : at + 1]) == []
    (said,) = member.say(run[15:])
    assert isinstance(said, Said)
    assert said.commands.tobytes() == run.tobytes()
    member.say(blank(Kind.PHASE), texts(2)[:2], session_record(SessionKind.HEARTBEAT), blank(Kind.TEXT))
    assert member.said()["kind"].tolist()[16:] == [Kind.PHASE, Kind.ANNOUNCE, Kind.TEXT, Kind.TEXT]


def test_a_run_that_is_broken_goes_to_the_core_which_refuses_it() -> None:
    member = opened(line=0)
    member.say(texts(3)[:2], blank(Kind.PHASE))
    assert member.said()["kind"].tolist() == [Kind.ANNOUNCE, Kind.TEXT, Kind.PHASE]


def test_the_exchange_may_send_every_command_and_no_order_of_another_line() -> None:
    member = opened(line=0)
    named = blank(Kind.REF_LINE)
    named["line"] = 7
    member.say(named, blank(Kind.TEXT), orders(0, line=0, kind=Kind.CANCEL))
    assert len(member.said()) == 3
    member.say(orders(1, line=7, kind=Kind.CANCEL))
    assert member.parting() is Parting.FOREIGN_LINE


def test_heartbeats_go_out_when_nothing_was_said_and_silence_ends_the_session() -> None:
    member = opened()
    assert member.session.due_ns == seconds(1)
    member.now_ns = seconds(0.6)
    member.say(orders(11))
    member.did(member.session.step(Beat(seconds(1))))
    beat = member.told()[-1:].view(HEARTBEAT)[0]
    assert (beat["kind"], beat["position"], beat["received"], beat["epoch"]) == (228, 40, 1, 3)
    rows = blank(Kind.ACCEPTED, 2)
    rows["position"] = [51, 52]
    member.did(member.session.step(Told(seconds(1.5), rows.view(HEADER))))
    assert member.did(member.session.step(Beat(seconds(2.4)))) == []
    member.did(member.session.step(Beat(seconds(2.5))))
    assert member.told()[-1]["position"] == 52
    member.did(member.session.step(Beat(seconds(3.6) - 1)))
    assert member.parting() is None
    member.did(member.session.step(Beat(seconds(3.6))))
    assert member.parting() is Parting.SILENT
    assert len(member.gone()) == 1


def heartbeat(position: int) -> Records:
    return session_record(SessionKind.HEARTBEAT, position=position)


def says(code: int, text: bytes = b"") -> Records:
    return session_record(SessionKind.READY, code=code, text=text)


def test_a_line_is_caught_up_when_its_member_says_so_and_ready_or_not_when_it_says_that() -> None:
    member = opened()
    state = member.session.line_state
    assert (state.name, state.due_position, state.received) == ("LOGGED_ON", 40, -1)
    member.say(heartbeat(39))
    assert state.name == "LOGGED_ON"
    member.say(orders(11), heartbeat(40), heartbeat(12))
    assert (state.name, state.received) == ("CAUGHT_UP", 40)
    member.say(says(2, "尚未開機".encode()), orders(12))
    assert (state.name, state.why) == ("HAND_RAISED", "尚未開機")
    member.say(says(2, b"no prices"), says(1))
    assert (state.name, state.why) == ("READY", "")
    assert member.said()["cl_ord_id"].tolist() == [11, 12]


@given(st.binary(min_size=40, max_size=40), st.integers(0, 2**64 - 1))
def test_any_text_and_any_position_can_be_shown(text: bytes, position: int) -> None:
    member = opened()
    member.say(says(2)[0].tobytes()[:24] + text, heartbeat(position))
    state = member.session.line_state
    assert state.why == text.split(b"\0")[0].decode(errors="replace")
    assert state.received == position
    assert json.loads(json.dumps([state.name, state.why, state.received]))[0] == "HAND_RAISED"


def test_who_does_not_read_is_cut_off() -> None:
    member = opened()
    assert member.session.step(Waiting(0, WAITING_MAX)) == []
    actions = member.did(member.session.step(Waiting(0, WAITING_MAX + 1)))
    assert member.parting() is Parting.SLOW
    assert actions[-1] == Close(is_abort=True)


def test_the_core_can_end_every_session() -> None:
    member = opened()
    member.did(member.session.step(Closing()))
    assert member.parting() is Parting.CLOSING
    other = opened()
    other.did(other.session.step(Superseded(9)))
    assert other.told()[-1]["kind"] == SessionKind.FENCED
    third = opened()
    assert third.session.step(Ended()) == [Gone(1), Close(is_abort=True)]
    assert third.session.step(Ended()) == []


def test_the_rate_throttles_what_is_new_and_never_a_resend() -> None:
    member = opened(STANDING._replace(rate=4))
    member.say(orders(8, 11, 12, 13, 14, 15, 16, 10, 14))
    assert member.said()["cl_ord_id"].tolist() == [8, 11, 12, 13, 14, 10, 14]
    told = member.told()[2:].view(THROTTLED)
    assert told["cl_ord_id"].tolist() == [15, 16]
    assert told["retry_ns"].tolist() == [seconds(0.25)] * 2
    assert set(told["command"].tolist()) == {Kind.NEW}
    assert set(told["rate"].tolist()) == {4}
    member.now_ns = seconds(0.25) - 1
    member.say(orders(15))
    assert len(member.said()) == 7
    member.now_ns = seconds(0.25)
    member.say(orders(15))
    assert len(member.said()) == 8


@given(
    rate=st.integers(1, 5),
    last_id=st.integers(0, 5),
    batches=st.lists(
        st.tuples(st.integers(0, 700_000_000), st.lists(st.integers(1, 20), min_size=1, max_size=8)), max_size=8
    ),
)
def test_the_rate_over_batches_is_that_of_one_command_after_another(
    rate: int, last_id: int, batches: list[tuple[int, list[int]]]
) -> None:
    member = opened(Standing(last_id, 0, 0, rate))
    expected, level, filled_ns, highest = [], rate * 10**9, 0, last_id
    for wait_ns, ids in batches:
        member.now_ns += wait_ns
        member.say(orders(*ids))
        for one in ids:
            level = min(rate * 10**9, level + (member.now_ns - filled_ns) * rate)
            filled_ns = member.now_ns
            if one > highest and level < 10**9:
                continue
            if one > highest:
                level -= 10**9
                highest = one
            expected.append(one)
    assert member.said()["cl_ord_id"].tolist() == expected
    assert member.session.last_id == highest


GOOD = [
    relayed(HOME).tobytes(),
    log_on().tobytes(),
    log_on(0).tobytes(),
    orders(11).tobytes(),
    texts(2).tobytes(),
    session_record(SessionKind.HEARTBEAT).tobytes(),
    blank(Kind.TEXT).tobytes(),
]


@given(
    pieces=st.lists(st.one_of(st.sampled_from(GOOD), st.binary(max_size=150)), max_size=12),
    cuts=st.lists(st.integers(1, 200), max_size=20),
    address=st.sampled_from([HOME, RELAY]),
    rate=st.sampled_from([0, 2]),
)
def test_any_bytes_in_any_pieces_give_the_same_and_never_raise(
    pieces: list[bytes], cuts: list[int], address: bytes, rate: int
) -> None:
    data = b"".join(pieces)
    whole = Member(standing=STANDING._replace(rate=rate)).connect(address)
    whole.say(data)
    split = Member(standing=STANDING._replace(rate=rate)).connect(address)
    at = 0
    for cut in [*cuts, len(data)]:
        split.say(data[at : at + cut])
        at += cut
    for member in (whole, split):
        opened_first = [action for action in member.done if isinstance(action, Opened | Said | Gone)]
        assert not opened_first or isinstance(opened_first[0], Opened)
        assert len(member.gone()) <= len(member.opened()) <= 1
    assert whole.parting() is split.parting()
    assert np.array_equal(whole.said(), split.said())
    assert whole.session.state is split.session.state

"""A session as a pure machine: every refusal, framing, heartbeats on a clock that jumps, any bytes in any pieces."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.session import (
    CHALLENGE,
    THROTTLED,
    Parting,
    Resume,
    SessionKind,
    Wish,
    session_record,
)
from evermarket.venue.protocol.events import Gone, Opened, Said
from evermarket.venue.sessions.actions import Close, HeartbeatDue, Send
from evermarket.venue.sessions.events import Beat, Closing, Dismissed, Ended, Event, Superseded, Told, Waiting
from evermarket.venue.sessions.rate import Bucket
from evermarket.venue.sessions.terms import LOG_ON_NS, WAITING_MAX, Terms
from tests.venue.sessions.machine import (
    HOME,
    NONCE,
    RELAY,
    SECRET,
    TERMS,
    Member,
    log_on,
    orders,
    seconds,
    texts,
    welcome,
)


def relayed(address: bytes) -> Records:
    return session_record(SessionKind.RELAYED, port=4711, address=address)


def test_a_member_is_challenged_and_the_core_is_asked_for_its_line() -> None:
    member = Member(replace(TERMS, rate=20)).connect()
    first = member.told().view(CHALLENGE)[0]
    assert (first["kind"], first["epoch"], first["make"], first["nonce"].tobytes()) == (224, 3, 1, NONCE)
    wish = Wish.PUBLIC_FLOW | Wish.CANCEL_ON_DISCONNECT
    member.log_on(position=40, wish=wish)
    assert member.opened() == [Opened("1", 5, Resume.RESUME, 40, wish, 20, HOME)]
    assert member.told()["kind"].tolist() == [SessionKind.CHALLENGE, SessionKind.LOGGED_ON]
    exchange = Member(replace(TERMS, rate=20)).connect()
    exchange.log_on(0)
    assert exchange.opened() == [Opened("1", 0, Resume.RESUME, 0, 0, 0, HOME)]


@pytest.mark.parametrize(
    "refusal",
    [
        session_record(SessionKind.LOG_OFF, code=Parting.LINE_TAKEN),
        session_record(SessionKind.LOG_OFF, code=Parting.AHEAD),
        session_record(SessionKind.FENCED, epoch=4),
    ],
)
def test_what_the_core_refuses_is_refused(refusal: Records) -> None:
    member = Member(is_asked_only=True).connect()
    member.say(log_on(), orders(11))
    assert member.session.due_ns == 2**63 - 1
    assert member.session.step(Told(0, refusal)) == [Send(refusal)]
    assert member.session.step(Dismissed()) == [Close(is_abort=False)]
    assert member.say(orders(12)) == []
    assert not member.gone()


def test_what_comes_behind_a_log_on_waits_for_the_cores_answer() -> None:
    member = Member(is_asked_only=True).connect()
    data = orders(11, 12, 13).tobytes()
    member.say(log_on(), data[:100])
    member.say(data[100:])
    assert len(member.said()) == 0
    member.did(member.session.step(Told(0, welcome(member.opened()[0]))))
    assert member.said()["cl_ord_id"].tolist() == [11, 12, 13]
    assert [type(action) for action in member.done[-2:]] == [Send, Said]


def test_who_goes_before_the_core_has_answered_is_gone() -> None:
    member = Member(is_asked_only=True).connect()
    member.say(log_on())
    assert member.session.step(Ended()) == [Gone("1"), Close(is_abort=True)]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (log_on(secret=bytes(32)), Parting.BAD_TICKET),
        (log_on(nonce=bytes(32)), Parting.BAD_TICKET),
        (log_on(address=RELAY), Parting.BAD_TICKET),
        (log_on(day=20261124), Parting.BAD_TICKET),
        (log_on(resume=4), Parting.BAD_RECORD),
        (log_on(resume=0, secret=bytes(32)), Parting.BAD_RECORD),
        (orders(11), Parting.BAD_RECORD),
        (relayed(HOME), Parting.BAD_RECORD),
    ],
    ids=["secret", "nonce", "address", "day", "resume", "no proof", "command", "relayed"],
)
def test_every_refusal_at_log_on(first: Records, why: Parting) -> None:
    member = Member().connect()
    actions = member.say(first)
    assert member.parting() is why
    assert actions[-1] == Close(is_abort=False)
    assert not member.opened()
    assert not member.gone()


def test_every_byte_of_a_log_on_is_proved() -> None:
    good = log_on().tobytes()
    for at in [*range(16), *range(17, 64)]:
        member = Member().connect()
        member.say(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert member.parting() is Parting.BAD_TICKET, at


def test_a_core_without_the_seat_says_so_and_closes() -> None:
    fenced = Terms(epoch=7, trading_day=20261123, secret=SECRET, is_owner=False)
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


def opened(line: int = 5, rate: int = 0, last_id: int = 10) -> Member:
    member = Member(replace(TERMS, rate=rate), last_id).connect()
    member.log_on(line)
    assert member.opened()
    return member


def test_commands_reach_the_core_whole_and_in_order() -> None:
    member = opened()
    data = orders(11, 12, 13).tobytes()
    for at in range(0, len(data), 50):
        member.say(data[at : at + 50])
    assert member.said()["cl_ord_id"].tolist() == [11, 12, 13]


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


def test_a_log_off_is_answered_with_one() -> None:
    member = opened()
    actions = member.say(orders(11), session_record(SessionKind.LOG_OFF, code=Parting.MEMBER), orders(12))
    assert [type(action) for action in actions] == [Said, Send, Gone, Close]
    assert member.parting() is Parting.MEMBER
    assert member.said()["cl_ord_id"].tolist() == [11]


def test_the_exchange_may_send_every_command_and_no_order_of_another_line() -> None:
    member = opened(line=0)
    named = blank(Kind.REF_LINE)
    named["line"] = 7
    member.say(named, blank(Kind.TEXT), orders(0, line=0, kind=Kind.CANCEL))
    assert len(member.said()) == 3
    member.say(orders(1, line=7, kind=Kind.CANCEL))
    assert member.parting() is Parting.FOREIGN_LINE


def test_a_heartbeat_is_due_when_nothing_was_said_and_silence_ends_the_session() -> None:
    member = opened()
    assert member.session.due_ns == seconds(1)
    member.now_ns = seconds(0.6)
    member.say(orders(11))
    assert member.session.step(Beat(seconds(1) - 1)) == []
    assert member.session.step(Beat(seconds(1))) == [HeartbeatDue()]
    beat = heartbeat(40)
    assert member.session.step(Told(seconds(1), beat)) == [Send(beat)]
    flow = blank(Kind.ACCEPTED, 2).view(HEADER)
    assert member.session.step(Told(seconds(1.5), flow, True)) == [Send(flow, True)]
    assert member.session.step(Beat(seconds(2.4))) == []
    assert member.session.step(Beat(seconds(2.5))) == [HeartbeatDue()]
    assert member.session.step(Beat(seconds(2.6))) == []
    assert member.session.step(Beat(seconds(3.5))) == [HeartbeatDue()]
    assert member.session.step(Beat(seconds(3.6) - 1)) == []
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


@pytest.mark.parametrize("event", [Closing(), Superseded(9), Dismissed()])
def test_what_the_core_ends_it_is_not_told_of(event: Event) -> None:
    """Else the exchange would cancel the orders of whoever wished CANCEL_ON_DISCONNECT."""
    member = opened()
    actions = member.did(member.session.step(event))
    assert actions[-1] == Close(is_abort=False)
    assert not member.gone()
    assert member.session.step(Ended()) == []
    assert member.parting() is (Parting.CLOSING if isinstance(event, Closing) else None)
    assert (member.told()[-1]["kind"] == SessionKind.FENCED) == isinstance(event, Superseded)


def test_an_end_of_file_is_told_once() -> None:
    member = opened()
    assert member.session.step(Ended()) == [Gone("1"), Close(is_abort=True)]
    assert member.session.step(Ended()) == []


def test_the_rate_throttles_what_is_new_and_never_a_resend() -> None:
    member = opened(rate=4)
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


def test_a_bucket_is_the_lines_and_does_not_begin_anew_at_log_on() -> None:
    buckets: dict[int, Bucket] = {}
    for ids in ((11, 12, 13, 14), (14, 15)):
        member = Member(replace(TERMS, rate=3), buckets=buckets).connect()
        member.say(log_on(), orders(*ids))
        member.say(session_record(SessionKind.LOG_OFF))
    assert len(member.said()) == 0
    other = Member(replace(TERMS, rate=3), buckets=buckets).connect()
    other.say(log_on(6), orders(11, 12, 13, 14, line=6))
    assert len(other.said()) == 3
    exchange = Member(replace(TERMS, rate=3), buckets=buckets).connect()
    exchange.say(log_on(0), *(blank(Kind.PHASE) for _ in range(9)))
    assert len(exchange.said()) == 9


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
    member = opened(rate=rate, last_id=last_id)
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
    whole = Member(replace(TERMS, rate=rate)).connect(address)
    whole.say(data)
    split = Member(replace(TERMS, rate=rate)).connect(address)
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

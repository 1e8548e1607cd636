"""Hostile input ends in nothing worse than the end of its connection: nothing raises, nobody else notices."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.venue.fix.events import Arrived, Closing, Connected, Disconnected, Done, State, Terms, Tick
from evermarket.venue.fix.fields import MESSAGES
from evermarket.venue.fix.fields import TAGS as TAG_NUMBERS
from evermarket.venue.fix.kept import KeptFile, as_bytes, from_message
from evermarket.venue.fix.numbers import Numbers, Own
from evermarket.venue.fix.session import Session
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import Framer, encode, joined
from tests.venue.fix.exchange import OPEN_NS, Exchange
from tests.venue.fix.floor import Client, Gate, order, request

NUMBERS = ["0", "1", "2", "3", "5", "100", "-1", "1.0", "00000001", "999999999999999999", "9" * 30, "1e5", "0x1"]
WORDS = ["Y", "N", "A", "", " ", "2330", "2317", "NONE", "FIX.4.4", "\xff\xfe", "a" * 65, "b" * 3_000, "\x00", "%s{0}"]
TIMES = ["20260105-01:00:00", "20260105-01:00:00.020", "19700101-00:00:00", "99991231-23:59:59.999999999", "0"]
TAGS = st.one_of(st.sampled_from(TAG_NUMBERS), st.integers(0, 10**7))
LOOSE = st.lists(st.tuples(TAGS, st.sampled_from(NUMBERS + WORDS + TIMES)), max_size=12)
TYPES = st.sampled_from([*MESSAGES, *"0123456789", "8", "9", "AE", "ZZ", "", "D" * 100, "\x02"])


@st.composite
def framed(draw: st.DrawFn) -> bytes:
    """A message with the right frame and header and anything inside; its number is likely to be the next one."""
    number = draw(st.one_of(st.sampled_from(["+", "+", "+", "+"]), st.sampled_from(NUMBERS)))
    head = [(34, number), (49, "ALFA"), (52, draw(st.sampled_from(["now", "now", *TIMES]))), (56, "EVER")]
    fields = head + draw(LOOSE)
    drop = draw(st.sampled_from([None, None, None, 0, 1, 2, 3]))
    if drop is not None:
        del fields[drop]
    return encode(draw(TYPES), joined(fields))


GOOD = [
    ("D", order(1)),
    ("F", request(2, 1)),
    ("G", request(3, 1, t40="2", t44="101")),
    ("H", [(11, "1"), (55, "2330"), (54, "1")]),
    ("q", [(11, "4"), (530, "7"), (60, "20260105-01:00:00")]),
    ("2", [(7, "1"), (16, "0")]),
    ("4", [(123, "Y"), (36, "9")]),
    ("1", [(112, "X")]),
    ("A", [(98, "0"), (108, "30"), (141, "Y")]),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good message with some fields changed, doubled, moved or left out."""
    kind, body = draw(st.sampled_from(GOOD))
    fields = [(34, "+"), (49, "ALFA"), (52, "now"), (56, "EVER"), *body]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(fields) - 1))
        value = draw(st.one_of(st.sampled_from(NUMBERS + WORDS + TIMES), st.text(max_size=8).map(latin)))
        match draw(st.sampled_from("cdml")):
            case "c":
                fields[at] = (fields[at][0], value)
            case "d":
                fields.insert(at, fields[at])
            case "m":
                fields.append(fields.pop(at))
            case "l" if len(fields) > 1:
                del fields[at]
    return encode(kind, joined(fields))


def latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1").replace("\x01", "")


PIECES = st.lists(st.one_of(framed(), mutated(), st.binary(max_size=40)), min_size=1, max_size=15)


def filled_in(raw: bytes, next_number: int, now: int) -> bytes:
    """The number that is due and the present time, in a frame that is right again."""
    if b"34=+" not in raw and b"52=now" not in raw:
        return raw
    text = raw.decode("latin-1").replace("34=+", f"34={next_number}").replace("52=now", f"52={time_text(now)}")
    found = re.fullmatch(r"8=FIX.4.4\x019=\d+\x0135=(.*?)\x01(.*)10=\d{3}\x01", text, re.DOTALL)
    return encode(found[1], found[2]) if found else raw


@settings(max_examples=150)
@given(pieces=PIECES)
def test_nothing_a_member_sends_harms_the_gateway_or_another_member(pieces: list[bytes]) -> None:
    gate = Gate(Exchange())
    alfa, beta = Client("ALFA").log_on(gate), Client("BETA").log_on(gate)
    desk, framer = gate.desks["ALFA"], Framer()
    for piece in pieces:
        expected = desk.session._numbers.expected
        desk.arrive(gate.exchange.now, framer.feed(filled_in(piece, expected, gate.exchange.now)))
        gate.pump()
        if alfa.closed is not None:
            desk.disconnect(gate.exchange.now)
            framer = Framer()
            Client("ALFA").log_on(gate, (141, "Y"))
            alfa.closed = None
    [report] = beta.ask("D", order(1, price="95"))
    assert report.get(150) == "0"
    assert beta.closed is None
    own = [entry for entry in gate.kept["ALFA"].entries() if isinstance(entry, Own)]
    for entry in own:
        [message] = Framer().feed(as_bytes(entry))
        assert from_message(message) == entry, "the small journal can be read again"


EVENTS = st.lists(
    st.one_of(
        st.builds(lambda wait, raw: ("say", wait, raw), st.integers(0, 10**11), st.one_of(framed(), mutated())),
        st.builds(
            lambda wait, kind: (kind, wait, b""), st.integers(0, 10**11), st.sampled_from(["on", "off", "t", "c"])
        ),
        st.builds(lambda number: ("done", 0, str(number).encode()), st.integers(0, 20)),
    ),
    max_size=25,
)


@settings(max_examples=200)
@given(EVENTS)
def test_a_session_takes_any_events_in_any_order(events: list[tuple[str, int, bytes]]) -> None:
    session, now = Session(Terms("EVER", "ALFA"), Numbers([])), OPEN_NS
    for kind, wait, raw in events:
        now += wait
        match kind:
            case "on":
                session.step(Connected(now))
                session.step(Arrived(now, Framer().feed(logon(session._numbers.expected, now))))
            case "off":
                session.step(Disconnected(now))
            case "t":
                session.step(Tick(now))
            case "c":
                session.step(Closing(now, "bye"))
            case "done":
                session.step(Done(now, int(raw)))
            case _:
                messages = Framer().feed(filled_in(raw, session._numbers.expected, now))
                session.step(Arrived(now, messages))
    assert session.state in State


def logon(number: int, now: int) -> bytes:
    head = [(34, str(number)), (49, "ALFA"), (52, time_text(now)), (56, "EVER")]
    return encode("A", joined([*head, (98, "0"), (108, "30")]))


def test_a_message_type_of_any_length_is_answered_and_kept(tmp_path: Path) -> None:
    """Found: the Reject repeated the type in full, and the kept message was too long to be read again."""
    path = tmp_path / "k"
    gate = Gate(Exchange(), {"ALFA": KeptFile(path)})
    alfa = Client("ALFA").log_on(gate)
    [reject] = alfa.ask("Z" * 8_000, [])
    assert (reject.type, reject.get(373), reject.get(372)) == ("3", "11", "Z" * 64)
    assert len(KeptFile(path).entries()) == 4

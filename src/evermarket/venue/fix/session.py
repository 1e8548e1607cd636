"""The session layer of FIX 4.4 as a pure step: `step(event)` gives the actions, in the order in which to do them
(FIX 4.4 volume 2, "Session protocol"; rules in docs/fix.md). The acceptor's side only. No clock, no socket, no file.

States: OFF (nobody connected), AWAITED (connected, first message must be a Logon), ON, LEAVING (we sent Logout).
Invariants: what goes out goes out in the order of its numbers; every own message is kept before it is sent; a member's
message is delivered at most once in the life of this object, in the order of its number, and is asked for again after a
restart unless it was settled.
Units: times are nanoseconds; they only come in with events.
Bounds: a step sends at most SEND_MAX messages and asks to be woken for the rest; a message beyond a gap is not stored,
for the resend brings it again.
"""

from typing import Final

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix import validate as v
from evermarket.venue.fix.events import (
    Action,
    Answered,
    Arrived,
    Closing,
    Connected,
    Deliver,
    Disconnect,
    Disconnected,
    Done,
    Event,
    Held,
    Keep,
    State,
    Terms,
    Wake,
)
from evermarket.venue.fix.fields import BUSINESS_TYPES, MESSAGES, Tag
from evermarket.venue.fix.numbers import Numbers, Settled
from evermarket.venue.fix.outgoing import Outgoing
from evermarket.venue.fix.wire import BEGIN, Fault, Field, Message, joined

LOGON_WAIT_NS: Final = 10 * SECOND_NS
LOGOUT_WAIT_NS: Final = 5 * SECOND_NS
CLOCK_NS_MAX: Final = 120 * SECOND_NS
HEART_S_MAX: Final = 3_600
OFF, AWAITED, ON, LEAVING = State
TYPE_SHOWN_MAX: Final = 64
"""Characters of a message type that we repeat."""

ANY_NUMBER: Final = frozenset("25")
"""ResendRequest and Logout are taken whatever their number."""


class Session:
    """One member's session over all its connections of the day."""

    def __init__(self, terms: Terms, numbers: Numbers) -> None:
        self._terms = terms
        self._numbers = numbers
        self._outgoing = Outgoing(terms, numbers)
        self.state = OFF
        self._now = 0
        self._out: list[Action] = []
        self._heart_ns = 0
        self._heard = 0  # time of the member's last message
        self._tested = False  # a TestRequest of ours is open
        self._asked = (0, 0)  # a ResendRequest of ours is open: up to this number, since this time
        self._delivered = 0
        self._done = 0
        self._settled = numbers.expected
        self._goodbye = ""  # why we close as soon as everything is sent
        self._wake = 0

    def __repr__(self) -> str:
        return f"<Session {self._terms.theirs} {self.state.name} {self._numbers!r}>"

    def step(self, event: Event) -> list[Action]:
        """What to do now. Any event may come at any time; one that makes no sense gives nothing."""
        self._now = max(self._now, event.time)
        self._out = []
        match event:
            case Arrived(_, messages):
                for message in messages:
                    self._hear(message)
            case Connected() if self.state is OFF:
                self.state, self._heard, self._wake, self._goodbye = AWAITED, self._now, 0, ""
            case Answered(_, kind, body):
                self._say_body(kind, body)
            case Done(_, number):
                self._done = number
            case Held():
                self._heard = self._now
            case Closing(_, text) if self.state is ON:
                self._logout(text)
            case Disconnected():
                self.state = OFF
            case _:
                pass
        self._watch()
        self._pump()
        self._settle()
        self._set_timer()
        return self._out

    # -- what the member says -------------------------------------------------------------------------------------

    def _hear(self, m: Message) -> None:
        if self.state is AWAITED:
            self._first(m)
        elif self.state is not OFF and not self._goodbye:
            self._arrived(m)

    def _first(self, m: Message) -> None:
        """The first message: a Logon of this session, or the connection ends without a word."""
        if m.begin != BEGIN or m.type != "A":
            return self._drop("the first message is no FIX.4.4 Logon")
        if (m.get(Tag.SENDER_COMP_ID), m.get(Tag.TARGET_COMP_ID)) != (self._terms.theirs, self._terms.ours):
            return self._drop("unknown CompID")
        self._outgoing.begin()
        self._asked, self._tested, self._heard = (0, 0), False, self._now
        return self._logon(m)

    def _logon(self, m: Message) -> None:
        number, heart = m.number(Tag.MSG_SEQ_NUM), m.number(Tag.HEART_BT_INT)
        fault = v.validate(m)
        if fault is not None:
            return self._end(f"Logon refused: {v.REASONS[fault.reason]} ({fault.tag})")
        if not self._is_in_time(v.time_ns(m.get(Tag.SENDING_TIME))):
            return self._end(v.REASONS[v.SENDING_TIME])
        if not heart or heart > HEART_S_MAX:
            return self._end(f"HeartBtInt must be between 1 and {HEART_S_MAX}")
        resets = m.says(Tag.RESET_SEQ_NUM)
        if resets and number != 1:
            return self._end("ResetSeqNumFlag needs MsgSeqNum 1")
        if resets:
            self._reset()
        expected, wanted = self._numbers.expected, m.number(Tag.NEXT_EXPECTED)
        if number is None or number < expected:
            return self._end(f"MsgSeqNum too low, expecting {expected} but received {number}")
        if wanted is not None and not 1 <= wanted <= self._numbers.next:
            return self._end(f"NextExpectedMsgSeqNum {wanted} is not between 1 and {self._numbers.next}")
        self.state, self._heart_ns = ON, heart * SECOND_NS
        if number == expected:
            self._numbers.expected += 1
        last = self._outgoing.cursor - 1
        self._say("A", *self._logon_fields(heart, resets=resets, answers_next=wanted is not None))
        self._pump()  # the answer goes before what is asked for again
        if wanted is not None:
            self._outgoing.ask_again(wanted, last)
        elif number > expected:
            self._ask(number)
        return None

    def _logon_fields(self, heart: int, *, resets: bool, answers_next: bool) -> list[Field]:
        fields: list[Field] = [(Tag.ENCRYPT_METHOD, "0"), (Tag.HEART_BT_INT, str(heart))]
        if resets:
            fields.append((Tag.RESET_SEQ_NUM, "Y"))
        if answers_next:
            fields.append((Tag.NEXT_EXPECTED, str(self._numbers.expected)))
        return fields

    def _arrived(self, m: Message) -> None:
        """Any later message: who and when, then its number, then its content."""
        self._heard, self._tested = self._now, False
        number = m.number(Tag.MSG_SEQ_NUM)
        if m.begin != BEGIN:
            return self._end(f"Incorrect BeginString, expecting {BEGIN}")
        if number is None:
            return self._end("MsgSeqNum missing or not a number")
        if m.type == "A" and m.says(Tag.RESET_SEQ_NUM):
            return self._logon(m)
        if self._is_stranger(m, number):
            return None
        if m.type in ANY_NUMBER:
            return self._whatever_number(m, number)
        if m.type == "4" and not m.says(Tag.GAP_FILL):
            return self._set_expected(m, number)
        if number > self._numbers.expected:
            return self._ask(number)
        if number < self._numbers.expected:
            return self._too_low(m, number)
        self._numbers.expected += 1
        fault = v.validate(m)
        if fault is not None:
            return self._reject(m, number, fault)
        return self._in_sequence(m, number)

    def _is_stranger(self, m: Message, number: int) -> bool:
        """Wrong CompIDs, a sending time out of bounds: Reject, Logout, disconnect. What is missing comes later."""
        ours, theirs = self._terms
        sent = v.time_ns(m.values.get(Tag.SENDING_TIME))
        if m.values.get(Tag.SENDER_COMP_ID, theirs) != theirs:
            fault = Fault(v.COMP_ID, Tag.SENDER_COMP_ID)
        elif m.values.get(Tag.TARGET_COMP_ID, ours) != ours:
            fault = Fault(v.COMP_ID, Tag.TARGET_COMP_ID)
        elif sent is not None and not self._is_in_time(sent):
            fault = Fault(v.SENDING_TIME, Tag.SENDING_TIME)
        else:
            return False
        self._numbers.expected += number == self._numbers.expected
        self._reject(m, number, fault)
        self._end(v.REASONS[fault.reason])
        return True

    def _whatever_number(self, m: Message, number: int) -> None:
        """ResendRequest and Logout: both sides may have lost messages, and neither may wait for the other."""
        expected = self._numbers.expected
        self._numbers.expected += number == expected
        if m.type == "5":
            return self._farewell()
        fault = v.validate(m)
        if fault is not None:
            return self._reject(m, number, fault)
        first, last = m.number(Tag.BEGIN_SEQ_NO) or 0, m.number(Tag.END_SEQ_NO) or 0
        said = self._outgoing.cursor - 1
        if not 1 <= first <= said or 0 < last < first:
            return self._reject(m, number, Fault(v.BAD_VALUE, Tag.BEGIN_SEQ_NO))
        self._outgoing.ask_again(first, min(last or said, said))
        return self._ask(number) if number > expected else None

    def _set_expected(self, m: Message, number: int) -> None:
        """SequenceReset in reset mode: its own number is not looked at; it may only lead up."""
        fault = v.validate(m)
        to = m.number(Tag.NEW_SEQ_NO) or 0
        if fault is None and to < self._numbers.expected:
            fault = Fault(v.BAD_VALUE, Tag.NEW_SEQ_NO)
        if fault is not None:
            return self._reject(m, number, fault)
        self._numbers.expected = to
        return None

    def _too_low(self, m: Message, number: int) -> None:
        """A number that was there already: a proper duplicate is passed over, anything else ends the connection."""
        if not m.says(Tag.POSS_DUP):
            expected = self._numbers.expected
            return self._end(f"MsgSeqNum too low, expecting {expected} but received {number}")
        original, sent = (v.time_ns(m.get(tag)) for tag in (Tag.ORIG_SENDING_TIME, Tag.SENDING_TIME))
        if original is None:
            return self._reject(m, number, Fault(v.MISSING, Tag.ORIG_SENDING_TIME))
        if sent is not None and original > sent:
            return self._reject(m, number, Fault(v.SENDING_TIME, Tag.ORIG_SENDING_TIME))
        return None

    def _in_sequence(self, m: Message, number: int) -> None:
        if m.type in BUSINESS_TYPES:
            self._delivered = number
            self._out.append(Deliver(number, m))
            return None
        match m.type:
            case "1":
                self._say("0", (Tag.TEST_REQ_ID, m.get(Tag.TEST_REQ_ID) or ""))
            case "4":
                to = m.number(Tag.NEW_SEQ_NO) or 0
                if to <= number:
                    return self._reject(m, number, Fault(v.BAD_VALUE, Tag.NEW_SEQ_NO))
                self._numbers.expected = to
            case "A":
                return self._end("the session is logged on already")
            case kind if kind not in MESSAGES:
                self._say("j", *_unsupported(m, number))
            case _:
                pass
        return None

    # -- what we say ----------------------------------------------------------------------------------------------

    def _say(self, kind: str, *fields: Field) -> None:
        self._say_body(kind, joined(fields))

    def _say_body(self, kind: str, body: str) -> None:
        """An own message: it takes the next number, is kept, and goes out when its turn comes."""
        if self._numbers.is_full:
            return self._drop("too many session messages for one day")
        self._out.append(self._outgoing.say(self._now, kind, body))
        return None

    def _reject(self, m: Message, number: int, fault: Fault) -> None:
        fields: list[Field] = [(Tag.REF_SEQ_NUM, str(number)), (Tag.TEXT, v.REASONS[fault.reason])]
        if fault.tag:
            fields.append((Tag.REF_TAG, str(fault.tag)))
        fields += [(Tag.REF_MSG_TYPE, m.type[:TYPE_SHOWN_MAX]), (Tag.REJECT_REASON, str(fault.reason))]
        self._say("3", *fields)

    def _ask(self, number: int) -> None:
        """A gap before this number: ask for all from the first one missing, once until it is closed."""
        if self._asked[0] >= self._numbers.expected:
            return
        self._asked = (number, self._now)
        self._say("2", (Tag.BEGIN_SEQ_NO, str(self._numbers.expected)), (Tag.END_SEQ_NO, "0"))

    def _logout(self, text: str) -> None:
        self._say("5", (Tag.TEXT, text))
        self.state, self._heard = LEAVING, self._now

    def _farewell(self) -> None:
        """The member's Logout: answered, unless it is the answer to ours."""
        if self.state is ON:
            self._say("5")
        self.state, self._goodbye = LEAVING, "Logout"

    def _end(self, text: str) -> None:
        """Logout with a reason and close, without waiting for an answer: there is no talking with this peer."""
        self._say("5", (Tag.TEXT, text))
        self.state, self._goodbye = LEAVING, text

    def _drop(self, reason: str) -> None:
        if self.state is not OFF:
            self.state = OFF
            self._out.append(Disconnect(reason))

    def _reset(self) -> None:
        self._out.append(self._outgoing.reset())
        self._asked, self._delivered, self._done, self._settled = (0, 0), 0, 0, 1

    # -- what goes out, and when to come back ---------------------------------------------------------------------

    def _watch(self) -> None:
        """The clocks of the session: no Logon, no answer to a Logout, silence of the member, silence of ours."""
        silence = self._now - self._heard
        if self.state is AWAITED and silence >= LOGON_WAIT_NS:
            self._drop("no Logon")
        elif self.state is LEAVING and silence >= LOGOUT_WAIT_NS:
            self._drop("Logout not answered")
        elif self.state is ON:
            if silence >= self._heart_ns * 12 // 5:
                return self._drop("no heartbeat")
            if silence >= self._heart_ns * 6 // 5 and not self._tested:
                self._tested = True
                self._say("1", (Tag.TEST_REQ_ID, f"ALIVE-{self._numbers.next}"))
            if self._asked[0] >= self._numbers.expected and self._now - self._asked[1] >= self._heart_ns:
                self._asked = (0, 0)
                self._ask(self._numbers.expected)
            if self._now - self._outgoing.said >= self._heart_ns and not self._outgoing.has_more:
                self._say("0")
        return None

    def _pump(self) -> None:
        """Send what is due; then close, if that was all there is to say."""
        if self.state not in (ON, LEAVING):
            return
        self._out += self._outgoing.pump(self._now)
        if self._goodbye and not self._outgoing.has_more:
            self._drop(self._goodbye)

    def _settle(self) -> None:
        """Keep how far the member's messages need not come again."""
        settled = self._numbers.expected if self._done >= self._delivered else self._done + 1
        if settled != self._settled:
            self._settled = settled
            self._out.append(Keep(Settled(settled)))

    def _set_timer(self) -> None:
        wake = 0
        match self.state:
            case State.AWAITED:
                wake = self._heard + LOGON_WAIT_NS
            case State.LEAVING:
                wake = self._heard + LOGOUT_WAIT_NS
            case State.ON:
                silence = self._heart_ns * 12 // 5 if self._tested else self._heart_ns * 6 // 5
                wake = min(self._heard + silence, self._outgoing.said + self._heart_ns)
            case State.OFF:
                return
        if self._outgoing.has_more and self.state is not AWAITED:
            wake = self._now
        if wake != self._wake or wake <= self._now:
            self._wake = wake
            self._out.append(Wake(wake))

    def _is_in_time(self, sent: int | None) -> bool:
        return sent is not None and abs(sent - self._now) <= CLOCK_NS_MAX


def _unsupported(m: Message, number: int) -> tuple[Field, ...]:
    """BusinessMessageReject: a message of FIX 4.4 that we do not speak."""
    text = f"message type {m.type} is not taken here"
    return (
        (Tag.REF_SEQ_NUM, str(number)),
        (Tag.TEXT, text),
        (Tag.REF_MSG_TYPE, m.type),
        (Tag.BUSINESS_REASON, "3"),
    )

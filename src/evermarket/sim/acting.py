"""What people do: one function a stream of arrivals, and one for actions that were waiting.

Source: docs/simulation.md. Invariants: every NEW takes the next order number; an action is only kept if its stream is
still open then; a defective order is never followed by anything. Units: nanoseconds, price numbers, shares.
Known gaps: people do not see the book; what they think has traded follows from the fair price.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import kernel
from evermarket.records.kinds import Category, Channel, Investor
from evermarket.records.units import NO_PRICE
from evermarket.sim import placing
from evermarket.sim.emit import CANCEL, REDUCE, REPRICE, write_change, write_new, write_quote, write_request
from evermarket.sim.kernels import below, draw, price_of
from evermarket.sim.state import FAIR_BITS, WHO_ROWS, Act, Bad, Count, Rate, Stage, State, Stream, Tables
from evermarket.sim.waiting import give_free, schedule, take_free

Rows = npt.NDArray[np.void]

_OUT: Final = int(Count.OUT)
_HEAP: Final = int(Count.HEAP)
_BAD: Final = int(Count.BAD)
_PAIR_NO: Final = int(Count.PAIR)
_LAST_ROW: Final = int(Count.LAST_ROW)
_KILLED: Final = int(Count.KILLED_NO)
_SKIPPED: Final = int(Count.SKIPPED)
_NEXT: Final = int(Count.NEXT_ORDER_NO)
_NO_PRICE: Final = NO_PRICE
_FAIR_BITS: Final = FAIR_BITS

_REGULAR: Final = int(Stream.REGULAR)
_ODD: Final = int(Stream.ODD_LOT)
_FIXED: Final = int(Stream.FIXED_PRICE)
_PAIRED: Final = int(Stream.BLOCK_PAIRED)
_QUOTE: Final = int(Stream.QUOTE)
_CONTINUOUS: Final = int(Stage.CONTINUOUS)

_A_CANCEL: Final = int(Act.CANCEL)
_A_REDUCE: Final = int(Act.REDUCE)
_A_REPRICE: Final = int(Act.REPRICE)
_A_PAIR: Final = int(Act.PAIR)
_A_QUOTE: Final = int(Act.QUOTE)

_B_TICK: Final = int(Bad.TICK)
_B_ABOVE: Final = int(Bad.ABOVE_LIMIT)
_B_ZERO: Final = int(Bad.ZERO)
_B_MANY: Final = int(Bad.TOO_MANY)
_B_DUPLICATE: Final = int(Bad.DUPLICATE)
_B_INSTRUMENT: Final = int(Bad.UNKNOWN_INSTRUMENT)
_B_NOT_LIVE: Final = int(Bad.NOT_LIVE)
_B_NEVER: Final = int(Bad.NEVER_GIVEN)

_R_CANCELLED: Final = int(Rate.CANCELLED)
_R_REDUCE: Final = int(Rate.REDUCE)
_R_REPRICE: Final = int(Rate.REPRICE)
_R_LATE: Final = int(Rate.LATE)
_R_BAD: Final = int(Rate.BAD_PER_MILLION)
_R_BURST: Final = int(Rate.BURST)

_CASH: Final = int(Category.CASH) << 4
_MARGIN: Final = int(Category.MARGIN) << 4
_SHORT: Final = int(Category.SHORT) << 4
_BORROWED: Final = int(Category.BORROWED) << 4
_DEALER: Final = int(Investor.DEALER) << 7 | int(Channel.API) << 10

NOBODY: Final = 65_000
"""An instrument no board has."""


@kernel
def somebody(state: State, tables: Tables, at: int, segment: int) -> None:
    """Fills in who sends: line, account, investor and channel; the category is cash."""
    facts = state.pending[at]
    who = tables.who[draw(state.rng) & (WHO_ROWS - 1)]
    facts["line"] = who["line"]
    facts["attributes"] = segment | _CASH | who["attributes"]
    facts["account"] = who["first_account"] + below(state.rng, who["accounts"])


@kernel
def _category(state: State, side: int) -> int:
    """What is added to a cash order's attributes to make it margin, short or borrowed."""
    roll = below(state.rng, 100)
    if side == 1:
        return _MARGIN - _CASH if roll < 12 else 0
    return _MARGIN - _CASH if roll < 8 else _SHORT - _CASH if roll < 11 else _BORROWED - _CASH if roll < 14 else 0


@kernel
def _pick(state: State, tables: Tables, stream: int) -> int:
    """The security of an arrival; people come in bursts to the same one."""
    if stream == _REGULAR and below(state.rng, 1000) < tables.rates[_R_BURST]:
        return state.counters[_LAST_ROW]  # type: ignore[no-any-return]
    row = int(tables.lookup[stream, below(state.rng, tables.lookup.shape[1])])
    if stream == _REGULAR:
        state.counters[_LAST_ROW] = row
    return row


@kernel
def _side(state: State, row: int) -> int:
    """Buy or sell; three of four follow the news."""
    one = state.sheet[row]
    if one["shock_left"] > 0 and below(state.rng, 2) == 0:
        return 1 if one["shock_step"] > 0 else 2
    return 1 + below(state.rng, 2)


@kernel
def keep(state: State, tables: Tables, at: int, time: int, start: int, slot: int, rate: int) -> None:
    """Decides what will become of an order, or frees its place."""
    facts = state.pending[at]
    facts["time"] = time + choose_delay(state, tables)
    gone = below(state.rng, 1000) >= rate
    if gone or facts["time"] >= tables.ends[facts["stream"]]:
        give_free(state.pending, at, state.counters)
        return
    roll = below(state.rng, 1000)
    rates = tables.rates
    if facts["chain"] > 1:
        facts["act"] = _A_CANCEL
    elif roll < rates[_R_REDUCE]:
        facts["act"] = _A_REDUCE
    elif facts["stream"] == _REGULAR and roll < rates[_R_REDUCE] + rates[_R_REPRICE]:
        facts["act"] = _A_REPRICE
    else:
        facts["act"] = _A_CANCEL
    wait(state, at, start, slot)


@kernel
def choose_delay(state: State, tables: Tables) -> int:
    """Nanoseconds to the next action, at least one microsecond."""
    return 1000 + placing.choose_life(tables, state.rng)


@kernel
def wait(state: State, at: int, start: int, slot: int) -> None:
    """Queues an action."""
    counters = state.counters
    counters[_HEAP] = schedule(state.pending, at, state.wheel, state.heap, counters[_HEAP], start, slot)


@kernel
def enter(state: State, tables: Tables, out: Rows, stream: int, time: int, start: int, slot: int) -> None:
    """A new order in a book of board lots or odd lots, or at the fixed price."""
    row = _pick(state, tables, stream)
    one = state.sheet[row]
    at = take_free(state.pending, state.counters)
    facts = state.pending[at]
    somebody(state, tables, at, stream + 1)
    side = _side(state, row)
    facts["row"], facts["side"], facts["stream"], facts["chain"], facts["extra"] = row, side, stream, 0, 0
    types = placing.LIMIT_ROD
    reaches = False
    if stream == _REGULAR:
        stage = tables.stages[one["session"], slot]
        number = placing.place(state, tables, row, side, stage)
        reaches = number >> 32 != 0
        number &= 0xFFFF_FFFF
        continuous = stage == _CONTINUOUS
        types = placing.choose_type(tables, state.rng, reaches and continuous, one["market"], one["immediate"])
        facts["attributes"] += _category(state, side)
        facts["qty"] = placing.choose_lots(state, tables, row) * one["lot"]
    else:
        number = placing.clamp(state, row, (one["fair"] >> _FAIR_BITS) + below(state.rng, 5) - 2)
        facts["qty"] = (
            placing.choose_lots(state, tables, row) * one["lot"]
            if stream == _FIXED
            else placing.choose_shares(tables, state.rng)
        )
    facts["number"] = number
    defect = 0
    if stream <= _ODD and below(state.rng, 1_000_000) < tables.rates[_R_BAD]:
        defect = spoil(state, out, at, time)
    send(state, tables, out, at, time, types, defect)
    _after(state, tables, at, time, start, slot, types, defect, reaches)


@kernel
def _after(
    state: State, tables: Tables, at: int, time: int, start: int, slot: int, types: int, defect: int, reaches: bool
) -> None:
    """What follows an order that was sent."""
    if defect != 0 or types != placing.LIMIT_ROD:
        if types == placing.LIMIT_IOC and defect == 0:
            facts = state.pending[at]
            counters = state.counters
            counters[_KILLED] = facts["order_no"]
            counters[_KILLED + 1] = facts["line"]
            counters[_KILLED + 2] = facts["row"]
            counters[_KILLED + 3] = facts["attributes"]
        give_free(state.pending, at, state.counters)
        return
    keep(state, tables, at, time, start, slot, tables.rates[_R_LATE if reaches else _R_CANCELLED])


@kernel
def send(state: State, tables: Tables, out: Rows, at: int, time: int, types: int, defect: int) -> None:
    """Writes the NEW of `pending[at]`, with its defect."""
    facts = state.pending[at]
    one = state.sheet[facts["row"]]
    is_odd = facts["stream"] != _REGULAR
    price = price_of(tables.bands, one["table"], facts["number"])
    instrument = one["instrument"]
    if defect == _B_ABOVE and one["limited"] == 0:
        defect = _B_TICK
    if defect in (_B_TICK, _B_ABOVE):
        types = placing.LIMIT_ROD
        price = price + 1 if defect == _B_TICK else price_of(tables.bands, one["table"], one["high_number"] + 1)
    elif defect == _B_ZERO:
        facts["qty"] = 0
    elif defect == _B_MANY:
        facts["qty"] = 1000 if is_odd else 500 * one["lot"]
    elif defect == _B_INSTRUMENT:
        instrument = NOBODY
    if types >> 3 == 1 or facts["stream"] == _FIXED:
        price = _NO_PRICE
    counters = state.counters
    facts["order_no"] = write_new(
        out, counters[_OUT], time, instrument, state.pending, at, price, types, state.ids, counters
    )
    if defect == _B_DUPLICATE:
        state.ids[facts["line"]] -= 1
        out[counters[_OUT]]["cl_ord_id"] = state.ids[facts["line"]]
    if defect != 0:
        counters[_BAD + defect] += 1
    counters[_OUT] += 1


@kernel
def spoil(state: State, out: Rows, at: int, time: int) -> int:
    """Chooses a defect. A wrong cancel is sent at once, beside the order, which then has none (0)."""
    defect = 1 + below(state.rng, 8)
    if defect == _B_DUPLICATE and state.ids[state.pending[at]["line"]] < 1:
        defect = _B_ZERO
    if defect < _B_NOT_LIVE:
        return defect
    counters = state.counters
    wrong = take_free(state.pending, counters)
    facts = state.pending[wrong]
    if defect == _B_NOT_LIVE and counters[_KILLED] > 0:
        facts["order_no"] = counters[_KILLED]
        facts["line"] = counters[_KILLED + 1]
        facts["row"] = counters[_KILLED + 2]
        facts["attributes"] = counters[_KILLED + 3]
    else:
        defect = _B_NEVER
        facts["order_no"] = counters[_NEXT] + 1_000_000
        facts["line"] = state.pending[at]["line"]
        facts["row"] = state.pending[at]["row"]
        facts["attributes"] = state.pending[at]["attributes"]
    facts["account"] = state.pending[at]["account"]
    instrument = state.sheet[facts["row"]]["instrument"]
    write_change(out, counters[_OUT], time, CANCEL, instrument, state.pending, wrong, 0, 0, state.ids)
    counters[_OUT] += 1
    counters[_BAD + defect] += 1
    give_free(state.pending, wrong, counters)
    return 0


@kernel
def enter_block(state: State, tables: Tables, out: Rows, stream: int, time: int, start: int, slot: int) -> None:
    """A block; of a paired one the second side follows within five seconds."""
    row = _pick(state, tables, stream)
    one = state.sheet[row]
    at = take_free(state.pending, state.counters)
    facts = state.pending[at]
    somebody(state, tables, at, stream + 1)
    facts["row"], facts["side"], facts["stream"], facts["chain"] = row, 1 + below(state.rng, 2), stream, 2
    facts["number"] = placing.clamp(state, row, (one["fair"] >> _FAIR_BITS) + below(state.rng, 5) - 2)
    facts["qty"] = (500 + below(state.rng, 1500)) * one["lot"]
    facts["extra"] = 0
    if stream == _PAIRED:
        state.counters[_PAIR_NO] += 1
        facts["extra"] = state.counters[_PAIR_NO]
    send(state, tables, out, at, time, placing.LIMIT_ROD, 0)
    if stream != _PAIRED:
        keep(state, tables, at, time, start, slot, tables.rates[_R_CANCELLED])
        return
    facts["act"] = _A_PAIR
    facts["side"] = 3 - facts["side"]
    facts["time"] = time + 200_000_000 + below(state.rng, 4_800) * 1_000_000
    wait(state, at, start, slot)


@kernel
def quote(state: State, tables: Tables, quotes: Rows, row: int, time: int) -> None:
    """A provider quotes around the fair price; at a limit only one side is left."""
    one = state.sheet[row]
    fair = one["fair"] >> _FAIR_BITS
    apart = one["gap"] + below(state.rng, 2)
    bid, ask = fair - apart, fair + 1 + apart
    bid_qty = (100 + 10 * below(state.rng, 20)) * one["lot"] if bid >= one["low_number"] else 0
    ask_qty = (100 + 10 * below(state.rng, 20)) * one["lot"] if ask <= one["high_number"] else 0
    counters = state.counters
    write_quote(
        quotes,
        counters[_OUT],
        time,
        one["instrument"],
        1 | _CASH | _DEALER,
        one["provider_line"],
        price_of(tables.bands, one["table"], max(bid, 1)),
        bid_qty,
        price_of(tables.bands, one["table"], ask),
        ask_qty,
        state.ids,
        counters,
    )
    counters[_OUT] += 1


@kernel
def request(state: State, tables: Tables, out: Rows, stream: int, time: int, start: int, slot: int) -> None:
    """Somebody asks for a quote; the provider answers within a minute."""
    row = _pick(state, tables, stream)
    at = take_free(state.pending, state.counters)
    facts = state.pending[at]
    somebody(state, tables, at, 1)
    one = state.sheet[row]
    counters = state.counters
    write_request(out, counters[_OUT], time, one["instrument"], state.pending, at, 10 * one["lot"], state.ids)
    counters[_OUT] += 1
    facts["row"], facts["act"], facts["stream"] = row, _A_QUOTE, _QUOTE
    facts["time"] = time + (500 + below(state.rng, 59_000)) * 1_000_000
    if facts["time"] >= tables.ends[_QUOTE]:
        give_free(state.pending, at, counters)
        return
    wait(state, at, start, slot)


@kernel
def act(state: State, tables: Tables, out: Rows, quotes: Rows, at: int, time: int, start: int, slot: int) -> None:
    """An action that was waiting happens."""
    facts = state.pending[at]
    kind = facts["act"]
    counters = state.counters
    if kind == _A_QUOTE:
        quote(state, tables, quotes, facts["row"], time)
        give_free(state.pending, at, counters)
    elif kind == _A_PAIR:
        somebody(state, tables, at, facts["attributes"] & 15)
        send(state, tables, out, at, time, placing.LIMIT_ROD, 0)
        give_free(state.pending, at, counters)
    elif _must_have_traded(state, tables, at, slot):
        counters[_SKIPPED] += 1
        give_free(state.pending, at, counters)
    else:
        change(state, tables, out, at, time, start, slot)


@kernel
def _must_have_traded(state: State, tables: Tables, at: int, slot: int) -> bool:
    """Whether the fair price has gone through a regular order's price; one owner in sixteen does not notice."""
    facts = state.pending[at]
    one = state.sheet[facts["row"]]
    if facts["stream"] != _REGULAR or tables.stages[one["session"], slot] != _CONTINUOUS:
        return False
    fair = one["fair"] >> _FAIR_BITS
    through = facts["number"] > fair if facts["side"] == 1 else facts["number"] <= fair
    return through and below(state.rng, 16) != 0


@kernel
def change(state: State, tables: Tables, out: Rows, at: int, time: int, start: int, slot: int) -> None:
    """A cancel, a reduction or a new price; the last two may be followed by another."""
    facts = state.pending[at]
    one = state.sheet[facts["row"]]
    counters, pending = state.counters, state.pending
    kind = facts["act"]
    unit = one["lot"] if facts["stream"] == _REGULAR or facts["stream"] == _FIXED else 1
    n = counters[_OUT]
    counters[_OUT] += 1
    if kind == _A_REDUCE and facts["qty"] > unit:
        part = (1 + below(state.rng, facts["qty"] // unit - 1)) * unit
        facts["qty"] -= part
        write_change(out, n, time, REDUCE, one["instrument"], pending, at, _NO_PRICE, part, state.ids)
    elif kind == _A_REPRICE:
        side = int(facts["side"])
        number = placing.place(state, tables, facts["row"], side, tables.stages[one["session"], slot]) & 0xFFFF_FFFF
        facts["number"] = number
        price = price_of(tables.bands, one["table"], number)
        write_change(out, n, time, REPRICE, one["instrument"], pending, at, price, 0, state.ids)
    else:
        write_change(out, n, time, CANCEL, one["instrument"], pending, at, 0, 0, state.ids)
        give_free(pending, at, counters)
        return
    facts["chain"] += 1
    keep(state, tables, at, time, start, slot, 700)

"""The client for asyncio: log on, place orders, be told. Verbs that wait for the first outcome, and their `_nowait`
twins that do not; callbacks and an iterator for everything that happens.

A connection that breaks, a core that dies, a switch to the other core: the client reconnects, takes up its flow where
it stood and asks again for every outcome it has not seen. Callers notice a pause.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from evermarket.client.contracts import Contract, Contracts
from evermarket.client.errors import Refused
from evermarket.client.holdings import Holdings
from evermarket.client.line import Line
from evermarket.client.orders import Order, Quote, change_record, mass_record, new_record, quote_record
from evermarket.client.reports import Fill, OrdStatus, Report, Trade
from evermarket.client.tickets import DayTicket, fetch_ticket
from evermarket.client.words import Price, as_decimal, price_units, word
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.kinds import Side
from evermarket.records.session import Readiness, Resume, Wish

Callback = Callable[[str, Report], None]
_OUTCOMES: Final = {
    Kind.NEW: Kind.ACCEPTED,
    Kind.REDUCE: Kind.REDUCED,
    Kind.REPRICE: Kind.REPRICED,
    Kind.CANCEL: Kind.CANCELLED,
    Kind.QUOTE: Kind.QUOTED,
    Kind.MASS_CANCEL: Kind.MASS_CANCELLED,
    Kind.QUOTE_REQUEST: Kind.QUOTE_REQUESTED,
}
_BOOK: Final = 15
EVENTS_MAX: Final = 1_000_000
"""Reports that may wait in one iterator of events."""


class Client:
    """One line. `async with Client(contracts) as client: await client.login(...)`; every method from the loop's thread.

    `resume` says how much of the day's flow is wanted at log-on: RESTART gives the orders and fills of the whole day.
    """

    def __init__(
        self,
        contracts: Iterable[Contract] = (),
        *,
        resume: Resume | str = Resume.RESTART,
        is_public_wanted: bool = False,
        is_cancelled_on_disconnect: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.contracts = contracts if isinstance(contracts, Contracts) else Contracts(contracts)
        self._resume = word(Resume, resume, "resume")
        self._wish = Wish.PUBLIC_FLOW * is_public_wanted | Wish.CANCEL_ON_DISCONNECT * is_cancelled_on_disconnect
        self._tls = tls
        self._line: Line | None = None
        self._holdings = Holdings(0, self.contracts)
        self._callbacks: list[Callback] = []
        self._queues: set[asyncio.Queue[Report | None]] = set()
        self._outcomes: dict[int, tuple[Kind, asyncio.Future[Report]]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.close()

    # --- coming and going -----------------------------------------------------------------------------------------

    async def login(
        self,
        url: str,
        line: int,
        broker: str,
        password: str,
        *,
        ca: Path | None = None,
        doors: Sequence[str] = (),
        timeout_s: float | None = 30.0,
    ) -> None:
        """Fetch the day's ticket from the identity service at `url`, then `connect`."""
        ticket = await asyncio.to_thread(fetch_ticket, url, line, broker, password, ca)
        await self.connect(ticket, doors=doors, timeout_s=timeout_s)

    async def connect(
        self, ticket: DayTicket, *, doors: Sequence[str] = (), position: int = 0, timeout_s: float | None = 30.0
    ) -> None:
        """Log on with a ticket at the core that owns the market, whichever of the doors is its. With RESUME, `position`
        is where an earlier life of this client stood. Raises Refused, Retryable or TimeoutError."""
        if self._line is not None:
            raise RuntimeError("this client is connected already")
        self._holdings = Holdings(ticket.line, self.contracts)
        self._line = Line(
            ticket,
            self._on_records,
            doors=doors,
            wish=self._wish,
            resume=self._resume,
            position=position,
            tls=self._tls,
        )
        try:
            await self._line.open(timeout_s)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Log off. Orders stay in the market, unless the client wished otherwise."""
        if self._line is not None:
            line, self._line = self._line, None
            await line.close()
        for queue in list(self._queues):
            self._end(queue)

    @property
    def line(self) -> Line:
        """The connection below: position, epoch, `flow_sha256`, whole arrays of commands by `send`."""
        if self._line is None:
            raise Refused("NOT_CONNECTED", "call login or connect first")
        return self._line

    # --- what there is --------------------------------------------------------------------------------------------

    def contract(self, code: str | int) -> Contract:
        """A contract by code ("2330", "2330.TWSE") or instrument number. Raises UnknownContract."""
        return self.contracts[code]

    def orders(self) -> list[Trade]:
        """Every order that is known, as it stands."""
        return self._holdings.trades()

    def fills(self) -> list[Fill]:
        """Every execution that is known, in the order in which they happened."""
        return list(self._holdings.fills)

    def trade(self, cl_ord_id: int) -> Trade | None:
        """One order as it stands, by the id it was sent under."""
        return self._holdings.trade(cl_ord_id)

    @property
    def position(self) -> int:
        """The last position of the flow that was received."""
        return self.line.gate.last_position

    @property
    def flow_sha256(self) -> str:
        """SHA-256 of the flow received, whole records in order: the same with a switch in the middle as without."""
        return self.line.flow_sha256

    # --- verbs ----------------------------------------------------------------------------------------------------

    def place_order_nowait(self, contract: Contract, order: Order) -> Trade:
        """Send an order and return at once; what becomes of it comes by callbacks, `orders` and `trade`."""
        trade, _ = self._place(contract, order)
        return trade

    async def place_order(self, contract: Contract, order: Order) -> Trade:
        """Send an order and wait until the market has it. Raises Refused or Retryable, with the reason."""
        trade, outcome = self._place(contract, order)
        await outcome
        return self._holdings.trade(trade.cl_ord_id) or trade

    async def cancel_order(self, trade: Trade) -> Trade:
        """Take an order back. Raises Refused (ORDER_NOT_LIVE: it was too late)."""
        return await self._change(Kind.CANCEL, trade)

    async def reduce(self, trade: Trade, *, qty: int = 0, lots: int = 0) -> Trade:
        """Take `qty` shares, or `lots` board lots, off an order; it keeps its place."""
        if (qty > 0) == (lots > 0):
            raise ValueError(f"give either qty or lots, above 0 (qty {qty}, lots {lots})")
        return await self._change(Kind.REDUCE, trade, qty=qty or lots * trade.contract.lot)

    async def reprice(self, trade: Trade, price: Price) -> Trade:
        """Give an order another price; it goes to the end of the queue there."""
        return await self._change(Kind.REPRICE, trade, price=price_units(as_decimal(price)))

    async def send_quote(self, contract: Contract, quote: Quote) -> Report:
        """Replace this line's two-sided quote (liquidity providers)."""
        return await self._send(quote_record(contract, quote))

    async def mass_cancel(
        self,
        contract: Contract | None = None,
        *,
        side: Side | str | None = None,
        account: int = 0,
        is_this_line_only: bool = True,
        quotes_only: bool = False,
    ) -> int:
        """Cancel every live order that fits; returns how many. Without `is_this_line_only` those of the member's other
        lines too."""
        which = None if side is None else word(Side, side, "side")
        of_line = self.line.ticket.line if is_this_line_only else 0
        report = await self._send(mass_record(contract, which, account, of_line, quotes_only=quotes_only))
        return int(report.values["count"])

    def send(self, records: Records) -> Records:
        """Whole arrays of commands, for load: no Python object an order on the way out. See `Line.send`."""
        return self.line.send(records)

    def raise_hand(self, why: str) -> None:
        """Tell the exchange that this member cannot trade yet, and why (at most 40 bytes of UTF-8, else ValueError). It
        holds until `ready`, over every reconnect."""
        self.line.declare(Readiness.HAND_RAISED, why)

    def ready(self) -> None:
        """Tell the exchange that this member can trade (again)."""
        self.line.declare(Readiness.READY)

    # --- being told -----------------------------------------------------------------------------------------------

    def set_order_callback(self, callback: Callback) -> None:
        """Call `callback(kind, report)` for everything that happens from now on; it must not block."""
        self._callbacks.append(callback)

    async def events(self) -> AsyncIterator[Report]:
        """Everything that happens from now on, one report a record, until the client is closed. Raises Refused (SLOW)
        behind the last event that was kept, if they are not taken in time."""
        queue: asyncio.Queue[Report | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            while (report := await queue.get()) is not None:
                yield report
            if self._line is not None:
                raise Refused("SLOW", f"more than {EVENTS_MAX} events waited to be looked at")
        finally:
            self._queues.discard(queue)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _place(self, contract: Contract, order: Order) -> tuple[Trade, "asyncio.Future[Report]"]:
        record = new_record(contract, order)
        line = self.line
        cl_ord_id, qty = line.next_id, order.shares(contract)
        price = None if order.price is None else as_decimal(order.price)
        trade = Trade(
            contract=contract,
            order=order,
            cl_ord_id=cl_ord_id,
            line=line.ticket.line,
            qty=qty,
            leaves_qty=qty,
            price=price,
            attributes=int(record["attributes"][0]),
        )
        outcome = self._send(record)
        self._holdings.sent(trade)
        return trade, outcome

    async def _change(self, kind: Kind, trade: Trade, *, price: int = 0, qty: int = 0) -> Trade:
        """A request about one order; it waits until the order has its number."""
        waiting = self._outcomes.get(trade.cl_ord_id)
        if waiting is not None and waiting[0] is Kind.NEW:
            await asyncio.shield(waiting[1])
        known = self._holdings.trade(trade.cl_ord_id) or trade
        if known.status is OrdStatus.REJECTED and known.error is not None:
            raise known.error
        record = change_record(kind, known.contract.instrument, known.attributes & _BOOK, known.order_no, price, qty)
        report = await self._send(record)
        return report.trade or known

    def _send(self, record: Records) -> "asyncio.Future[Report]":
        """Send one command; the future is done with its first outcome, or fails with its refusal."""
        sent = self.line.send(record).view(LAYOUT[Kind(int(record["kind"][0]))])
        outcome: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        outcome.add_done_callback(_look_at)
        self._outcomes[int(sent["cl_ord_id"][0])] = (Kind(int(sent["kind"][0])), outcome)
        return outcome

    def _on_records(self, records: Records) -> None:
        for report in self._holdings.step(records):
            self._settle(report)
            for callback in self._callbacks:
                callback(report.operation.op_type, report)
            for queue in list(self._queues):
                if queue.qsize() < EVENTS_MAX:
                    queue.put_nowait(report)
                else:
                    self._end(queue)

    def _end(self, queue: "asyncio.Queue[Report | None]") -> None:
        self._queues.discard(queue)
        queue.put_nowait(None)

    def _settle(self, report: Report) -> None:
        """If this is the outcome that somebody waits for, tell them."""
        waiting = self._outcomes.get(report.cl_ord_id)
        if waiting is None or report.is_public:
            return
        kind, outcome = waiting
        if not _is_outcome(kind, report):
            return
        del self._outcomes[report.cl_ord_id]
        if outcome.done():
            return
        if report.error is not None:
            outcome.set_exception(report.error)
        else:
            outcome.set_result(report)


def _is_outcome(kind: Kind, report: Report) -> bool:
    """A request may have other events with its id before: a quote that is replaced, a mass cancellation."""
    if report.error is not None:
        return report.values["command"] == kind
    return report.kind is _OUTCOMES.get(kind)


def _look_at(outcome: "asyncio.Future[Report]") -> None:
    """Whoever did not wait for an outcome has it in the reports: no complaint that nobody looked."""
    if not outcome.cancelled():
        outcome.exception()

"""The client for programs without asyncio: the same verbs, each waits for its answer; one thread does the rest.

A verb that takes longer than `timeout_s` raises TimeoutError: what was sent is still under way, and its outcome comes
by callbacks, `orders` and `fills`. Callbacks are called in the client's thread and must not call back into the client.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from evermarket.client.client import Callback, Client
from evermarket.client.contracts import Contract
from evermarket.client.orders import Order, Quote
from evermarket.client.reports import Fill, Report, Trade
from evermarket.client.tickets import DayTicket
from evermarket.client.words import Price
from evermarket.records import Records
from evermarket.records.kinds import Side
from evermarket.records.session import Resume

T = TypeVar("T")
TIMEOUT_S: Final = 30.0


class BlockingClient:
    """One line. `with BlockingClient(contracts) as client: client.login(...)`; may be used from several threads."""

    def __init__(
        self,
        contracts: Iterable[Contract] = (),
        *,
        resume: Resume | str = Resume.RESTART,
        is_public_wanted: bool = False,
        is_cancelled_on_disconnect: bool = False,
        tls: ssl.SSLContext | None = None,
        timeout_s: float | None = TIMEOUT_S,
    ) -> None:
        self.timeout_s = timeout_s
        self._client = Client(
            contracts,
            resume=resume,
            is_public_wanted=is_public_wanted,
            is_cancelled_on_disconnect=is_cancelled_on_disconnect,
            tls=tls,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="evermarket-client", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self.close()

    # --- coming and going -----------------------------------------------------------------------------------------

    def login(
        self, url: str, line: int, broker: str, password: str, *, ca: Path | None = None, doors: Sequence[str] = ()
    ) -> None:
        """See `Client.login`."""
        self._wait(
            self._client.login(url, line, broker, password, ca=ca, doors=doors, timeout_s=self.timeout_s), is_sure=True
        )

    def connect(self, ticket: DayTicket, *, doors: Sequence[str] = (), position: int = 0) -> None:
        """See `Client.connect`."""
        self._wait(self._client.connect(ticket, doors=doors, position=position, timeout_s=self.timeout_s), is_sure=True)

    def close(self) -> None:
        """Log off and end the thread."""
        if self._thread.is_alive():
            self._wait(self._client.close(), is_sure=True)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    # --- what there is --------------------------------------------------------------------------------------------

    def contract(self, code: str | int) -> Contract:
        """See `Client.contract`."""
        return self._client.contract(code)

    def orders(self) -> list[Trade]:
        """See `Client.orders`."""
        return self._call(self._client.orders)

    def fills(self) -> list[Fill]:
        """See `Client.fills`."""
        return self._call(self._client.fills)

    def trade(self, cl_ord_id: int) -> Trade | None:
        """See `Client.trade`."""
        return self._call(lambda: self._client.trade(cl_ord_id))

    @property
    def position(self) -> int:
        """See `Client.position`."""
        return self._call(lambda: self._client.position)

    @property
    def flow_sha256(self) -> str:
        """See `Client.flow_sha256`."""
        return self._call(lambda: self._client.flow_sha256)

    # --- verbs ----------------------------------------------------------------------------------------------------

    def place_order_nowait(self, contract: Contract, order: Order) -> Trade:
        """See `Client.place_order_nowait`."""
        return self._call(lambda: self._client.place_order_nowait(contract, order))

    def place_order(self, contract: Contract, order: Order) -> Trade:
        """See `Client.place_order`."""
        return self._wait(self._client.place_order(contract, order))

    def cancel_order(self, trade: Trade) -> Trade:
        """See `Client.cancel_order`."""
        return self._wait(self._client.cancel_order(trade))

    def reduce(self, trade: Trade, *, qty: int = 0, lots: int = 0) -> Trade:
        """See `Client.reduce`."""
        return self._wait(self._client.reduce(trade, qty=qty, lots=lots))

    def reprice(self, trade: Trade, price: Price) -> Trade:
        """See `Client.reprice`."""
        return self._wait(self._client.reprice(trade, price))

    def send_quote(self, contract: Contract, quote: Quote) -> Report:
        """See `Client.send_quote`."""
        return self._wait(self._client.send_quote(contract, quote))

    def mass_cancel(
        self,
        contract: Contract | None = None,
        *,
        side: Side | str | None = None,
        account: int = 0,
        is_this_line_only: bool = True,
        quotes_only: bool = False,
    ) -> int:
        """See `Client.mass_cancel`."""
        return self._wait(
            self._client.mass_cancel(
                contract, side=side, account=account, is_this_line_only=is_this_line_only, quotes_only=quotes_only
            )
        )

    def send(self, records: Records) -> Records:
        """See `Client.send`."""
        return self._call(lambda: self._client.send(records))

    def raise_hand(self, why: str) -> None:
        """See `Client.raise_hand`."""
        self._call(lambda: self._client.raise_hand(why))

    def ready(self) -> None:
        """See `Client.ready`."""
        self._call(self._client.ready)

    # --- being told -----------------------------------------------------------------------------------------------

    def set_order_callback(self, callback: Callback) -> None:
        """See `Client.set_order_callback`."""
        self._call(lambda: self._client.set_order_callback(callback))

    def events(self) -> Iterator[Report]:
        """Everything that happens from the call on, one report a record, until the client is closed."""
        reports = self._client.events()

        async def following() -> Report:
            return await anext(reports)

        first = asyncio.run_coroutine_threadsafe(following(), self._loop)
        self._call(lambda: None)  # by now the iterator above is listening
        return self._rest(first, following)

    def _rest(self, first: "Future[Report]", following: Callable[[], Coroutine[Any, Any, Report]]) -> Iterator[Report]:
        with contextlib.suppress(StopAsyncIteration):
            yield first.result()
            while True:
                yield asyncio.run_coroutine_threadsafe(following(), self._loop).result()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _call(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self._wait(call())

    def _wait(self, work: Coroutine[Any, Any, T], *, is_sure: bool = False) -> T:
        """`is_sure`: the work ends by itself in time."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(None if is_sure else self.timeout_s)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise TimeoutError(f"no outcome in {self.timeout_s} s: what was sent is still under way") from None

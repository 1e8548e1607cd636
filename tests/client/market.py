"""Clients against the small exchange of tests/venue: tickets, contracts, one or two cores that take turns."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from evermarket.client import Client, Contract, Contracts, DayTicket
from evermarket.client.proof import address_bytes
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.sessions.terms import Terms
from tests.venue.exchange import Exchange
from tests.venue.sessions.machine import PATIENT, SECRET
from tests.venue.wire import HOST

PLAIN = PATIENT
QUICK = replace(PLAIN, heartbeat_ms=1_000)
CONTRACTS = Contracts(
    [
        Contract(instrument=1, code="2330", name="台積電", market="TWSE"),
        Contract(instrument=2, code="2317", name="鴻海", market="TWSE"),
    ]
)


def ticket(line: int, *ports: int) -> DayTicket:
    """What the identity service would have given."""
    key = ticket_for(SECRET, line, PLAIN.trading_day, address_bytes(HOST))
    return DayTicket(line, PLAIN.trading_day, key, tuple(f"{HOST}:{port}" for port in ports))


def held(scenario: Callable[[Exchange, int], Awaitable[None]], terms: Terms = PLAIN, rate: int = 0) -> Exchange:
    """Run a scenario on a loop of its own, against an open door."""
    exchange = Exchange(terms, rate)

    async def run() -> None:
        port = await exchange.door.open(HOST, 0)
        try:
            async with asyncio.timeout(120):
                await scenario(exchange, port)
        finally:
            await exchange.door.close()

    asyncio.run(run())
    return exchange


@contextmanager
def served(terms: Terms = PLAIN) -> Iterator[int]:
    """The exchange in a thread of its own; gives the port of its door."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    exchange = Exchange(terms)
    yield asyncio.run_coroutine_threadsafe(exchange.door.open(HOST, 0), loop).result()
    asyncio.run_coroutine_threadsafe(exchange.door.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def member(line: int, *ports: int, **wishes: object) -> Client:
    """A client that has logged on."""
    client = Client(CONTRACTS, **wishes)  # type: ignore[arg-type]
    await client.connect(ticket(line, *ports))
    return client

"""The market data of a venue as a process: the released stream in, packets and recovery out, and a stream for people.

Whoever owns the market is read; sequence numbers are a function of the journal, so a switch leaves no trace in them.
The key for the WebSocket stream lies in FOLDER/web-key.
"""

from collections.abc import AsyncIterator

from evermarket.continuity.venue.keys import key_at
from evermarket.continuity.venue.plan import HOST, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.records import Records
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.channel import Feed, FeedTerms
from evermarket.venue.feed.packets import Day
from evermarket.venue.feed.publisher import FeedPlaces, Publisher
from evermarket.venue.feed.web import WebGate
from evermarket.venue.line.reader import released
from evermarket.venue.web import serve_beside, server

PARTITION = 1


async def serve(plan: VenuePlan) -> None:
    """Until it is told to end, or the stream fails: then it is started again."""
    places = FeedPlaces(lines=(((HOST, plan.ports["feed"]),),), recovery=(HOST, plan.ports["recovery"]))
    gate, fold = WebGate(key_at(plan.folder / "web-key").__eq__), FeedFold()
    web = server(gate.app(), HOST, plan.ports["web"])

    async def blocks() -> AsyncIterator[Records]:
        async for piece in released(plan.lines):
            if len(piece.records):
                gate.take(fold.take(piece.records).by_level)
                yield piece.records

    async with Publisher(Feed(FeedTerms(day=Day(plan.trading_day, PARTITION))), places) as out:
        await serve_beside(web, out.follow(blocks()))


if __name__ == "__main__":
    run(serve)

"""The feed's figures: `python bench/feed.py`, one JSON line each. A simulated board; blocks of 4,096 commands.

fold: stream records a second through the fold, processor time of its thread, best of five; the books are compared with
the core's at the end. packets: the fold with packets and history. views: a reader's books in plain Python. udp: through
a socket to one reader of both lines on this machine. web: news to N WebSocket clients of this machine, all in one
process with the gate; `lag_ms` from publishing to the last client's news.
"""

import argparse
import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import uvicorn
from websockets.asyncio.client import connect

from evermarket.core import Core
from evermarket.day.opening import open_source
from evermarket.day.runner import Runner
from evermarket.records import HEADER, Records
from evermarket.records.feed import FeedChannel
from evermarket.venue.feed.arbiter import FeedReader
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.channel import Feed, FeedTerms
from evermarket.venue.feed.packets import Day, joined, read_packet
from evermarket.venue.feed.publisher import FeedPlaces, Publisher
from evermarket.venue.feed.reader import Follower, ReaderPlaces
from evermarket.venue.feed.views import Market
from evermarket.venue.feed.web import WebGate

DAY = Day(20261120, 1)
REPEAT = 5


class Kept:
    """A sink that keeps the stream."""

    def __init__(self) -> None:
        self.blocks: list[Records] = []

    def take(self, stream: Records, digest: int) -> None:
        self.blocks.append(stream.view("V64").copy().view(HEADER))


def say(**figure: Any) -> None:
    print(json.dumps({"bench": "feed", **figure}), flush=True)


def fold_rate(core: Core, blocks: Sequence[Records]) -> None:
    count, best, fold = sum(map(len, blocks)), float("inf"), FeedFold()
    for _ in range(REPEAT):
        fold = FeedFold()
        begin = time.thread_time()
        for block in blocks:
            fold.take(block)
        best = min(best, time.thread_time() - begin)
    rows = fold.state.books[1 : fold.books + 1]
    seats = [(int(row["instrument"]), int(row["segment"])) for row in rows]
    equal = all(fold.depth(i, s, 10) == tuple(core.depth(i, s, 10)) for i, s in seats)
    by_order, by_level = fold.sequences
    what = {"records": count, "books": fold.books, "by_order": by_order, "by_level": by_level}
    say(figure="fold", **what, cpu_s=round(best, 3), records_per_s=round(count / best), books_equal=equal)


def packet_rate(blocks: Sequence[Records]) -> list[bytes]:
    feed = Feed(FeedTerms(day=DAY))
    begin = time.thread_time()
    told = [feed.take(block) for block in blocks]
    cpu_s = time.thread_time() - begin
    sent = {channel: [data for one in told for data in one[channel]] for channel in FeedTerms(day=DAY).channels}
    count = sum(map(len, sent.values()))
    size = sum(len(data) for some in sent.values() for data in some)
    say(
        figure="packets", packets=count, megabytes=size >> 20, cpu_s=round(cpu_s, 3), packets_per_s=round(count / cpu_s)
    )
    return sent[FeedChannel.BY_LEVEL]


def view_rate(sent: list[bytes]) -> None:
    records = joined([read_packet(data).records for data in sent])
    market = Market()
    begin = time.thread_time()
    market.apply(records)
    cpu_s = time.thread_time() - begin
    say(figure="views", records=len(records), cpu_s=round(cpu_s, 3), records_per_s=round(len(records) / cpu_s))


async def udp_rate(blocks: Sequence[Records]) -> None:
    """Both lines to one reader; what it loses it recovers over TCP."""

    async def of() -> AsyncIterator[Records]:
        for block in blocks:
            yield block

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    home = ("127.0.0.1", 0)
    feed = Feed(FeedTerms(day=DAY, channels=(FeedChannel.BY_LEVEL,)))
    reader = FeedReader(DAY, FeedChannel.BY_LEVEL)
    follower = Follower(reader, ReaderPlaces(lines=(home, home), recovery=("127.0.0.1", port)))
    lines = tuple((address,) for address in follower.addresses)
    places = FeedPlaces(lines=lines, recovery=("127.0.0.1", port), packets_per_s=10**6, snapshot_ms=10**6)
    async with follower, Publisher(feed, places) as publisher:
        begin = time.perf_counter()
        await publisher.follow(of())
        sent_s = time.perf_counter() - begin
        await publisher.end_of_day()
        await follower.until(lambda: reader.market.ended)
        whole_s = time.perf_counter() - begin
    rate = {
        "datagrams": publisher.sent,
        "datagrams_per_s": round(publisher.sent / sent_s),
        "whole_s": round(whole_s, 2),
    }
    say(figure="udp", **rate, gaps=reader.counts.gaps, recoveries=follower.recoveries)


async def fan_out(sent: list[bytes], clients: int) -> None:
    """Aggregates of the liveliest book to N clients."""
    gate = WebGate(lambda key: True)
    half = len(sent) // 2
    gate.take(joined([read_packet(data).records for data in sent[:half]]))
    book = max(gate.board.market.books.values(), key=lambda one: one.trades)
    heard = asyncio.Semaphore(0)

    async def listen(url: str) -> None:
        async with connect(url) as client:
            words = {"channel": "aggregates", "symbol": book.symbol}
            await client.send(json.dumps({"event": "auth", "data": {"apikey": ""}}))
            await client.send(json.dumps({"event": "subscribe", "data": words}))
            for _ in range(3):
                await client.recv()
            heard.release()
            async for _ in client:
                heard.release()

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(clients)
        server = uvicorn.Server(
            uvicorn.Config(gate.app(), log_level="error", lifespan="off", ws_per_message_deflate=False)
        )
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        url = f"ws://127.0.0.1:{sock.getsockname()[1]}/stream"
        listening = [asyncio.create_task(listen(url)) for _ in range(clients)]
        for _ in range(clients):
            await heard.acquire()
        lags = await rounds(gate, sent[half:], book.instrument, heard, clients)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        server.should_exit = True
        await serving
    rate = round(clients * len(lags) / sum(lags))
    say(
        figure="web",
        clients=clients,
        rounds=len(lags),
        lag_ms=round(1_000 * float(np.median(lags)), 1),
        frames_per_s=rate,
    )


async def rounds(
    gate: WebGate, sent: list[bytes], instrument: int, heard: asyncio.Semaphore, clients: int
) -> list[float]:
    """Twenty times: news of the book, and the seconds until everybody has heard it."""
    lags: list[float] = []
    for data in sent:
        records = read_packet(data).records
        begin = time.perf_counter()
        gate.take(records)
        if not np.any((records["instrument"] == instrument) & (records["attributes"] == 1)):
            continue
        for _ in range(clients):
            await heard.acquire()
        lags.append(time.perf_counter() - begin)
        if len(lags) == 20:
            break
    return lags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000)
    parser.add_argument("--clients", type=int, nargs="*", default=[10, 100, 500])
    args = parser.parse_args()
    kept, core = Kept(), Core()
    Runner(core, [kept], []).run(open_source("sim:", {"orders": args.orders, "instruments": 1_200}))
    fold_rate(core, kept.blocks)
    sent = packet_rate(kept.blocks)
    view_rate(sent)
    asyncio.run(udp_rate(kept.blocks))
    for clients in args.clients:
        asyncio.run(fan_out(sent, clients))


if __name__ == "__main__":
    main()

"""A relay in a thread of its own between two processes of a venue: a line that can be cut, one way too, and mended."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

HOST = "127.0.0.1"


class Wire:
    """Callers connect to `address`; what they say goes to `target`. Cut means silence: nothing is closed."""

    def __init__(self) -> None:
        self.target = (HOST, 0)
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._flows = {"there": asyncio.Event(), "back": asyncio.Event()}
        self._writers: set[asyncio.StreamWriter] = set()
        self._answers_to_lose = 0
        self._share_to_lose = 0.0
        self._random = Random(0)
        self.answers_lost = 0
        self.said = bytearray()
        """What callers said, as it was passed on; kept on request alone."""
        self.is_keeping = False

    def cut(self, *ways: str) -> None:
        """Nothing passes any more: "there" from caller to target, "back" the other way."""
        for way in ways or self._flows:
            self._loop.call_soon_threadsafe(self._flows[way].clear)

    def mend(self) -> None:
        for flow in self._flows.values():
            self._loop.call_soon_threadsafe(flow.set)

    def reset(self) -> None:
        """Every connection ends at once; new ones are welcome."""
        self._loop.call_soon_threadsafe(self._reset)

    def lose_answers(self, count: int) -> None:
        """The next answers, read by read, are thrown away, and their connections with them."""
        self._loop.call_soon_threadsafe(setattr, self, "_answers_to_lose", count)

    def lose_share_of_answers(self, share: float, seed: int) -> None:
        """From now on such a share of the answers, read by read, is thrown away, and their connections with them."""

        def begin() -> None:
            self._share_to_lose, self._random = share, Random(seed)

        self._loop.call_soon_threadsafe(begin)

    @contextmanager
    def running(self) -> Iterator["Wire"]:
        """Listens, in its thread, until the end of the block."""
        listening = threading.Event()
        thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        thread.start()
        listening.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    def _run(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        for flow in self._flows.values():
            flow.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, 0))
        self.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        listening.set()
        self._loop.run_forever()
        server.close()
        self._reset()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(*self.target)
            await asyncio.gather(self._pass(reader, back, "there"), self._pass(there, writer, "back"))
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(1 << 16):
                await self._flows[way].wait()
                if way == "back" and self._is_lost():
                    return
                if way == "there" and self.is_keeping:
                    self.said += data
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    def _is_lost(self) -> bool:
        is_lost = self._answers_to_lose > 0 or self._random.random() < self._share_to_lose
        self._answers_to_lose = max(0, self._answers_to_lose - 1)
        self.answers_lost += is_lost
        return is_lost

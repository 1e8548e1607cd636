"""Control sockets: one line a connection, answered with one line of JSON. Cores of both makes, the supervisor and the
conductor speak so; only the venue's own user may open one.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ANSWER_S = 2.0
LINE_BYTES_MAX = 4_096


async def ask(socket: Path, words: str, timeout_s: float = ANSWER_S) -> dict[str, Any]:
    """The answer. Errors: OSError (nobody listens), TimeoutError (no answer: the process hangs), ValueError."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(words.encode() + b"\n")
            await writer.drain()
            line = await reader.readline()
        finally:
            writer.close()
    answer: dict[str, Any] = json.loads(line)
    return answer


async def serve(socket: Path, answer: Callable[[str], Awaitable[dict[str, Any]]]) -> asyncio.Server:
    """Listen at `socket`, which is nobody else's now; `answer` is given each line without its end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await reader.readline()).decode(errors="replace").strip()
            writer.write(json.dumps(await answer(line), ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):
            pass  # gone, or a line without an end
        finally:
            writer.close()

    socket.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(talk, socket, limit=LINE_BYTES_MAX)
    socket.chmod(0o600)
    return server

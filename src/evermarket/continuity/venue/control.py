"""A core's control socket as its callers see it: one line out, one line of JSON back. Both makes speak it."""

import asyncio
import json
from pathlib import Path
from typing import Any

ANSWER_S = 2.0


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

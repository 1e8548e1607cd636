"""The control socket of a primary: one line a connection, answered with a line of JSON. The words are the twin's.

`status`; `board` (how far each line is); `drop NAME BY` (go on without a follower); `stop` (end in good order).
"""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evermarket.venue.primary.process import Primary

LINE_BYTES_MAX = 4_096


class Control:
    """Listens on a Unix socket that only its owner may open."""

    def __init__(self, core: "Primary", path: Path) -> None:
        self._core = core
        self._path = path
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES_MAX)
        self._path.chmod(0o600)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            words = (await reader.readline()).decode(errors="replace").split()
            writer.write(json.dumps(self._answer(words)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):
            pass
        finally:
            writer.close()

    def _answer(self, words: list[str]) -> dict[str, Any]:
        match words:
            case ["status"]:
                return self._core.status.facts()
            case ["board"]:
                return self._core.door.board()
            case ["drop", member, by]:
                self._core.drop(member, by)
                return {"asked": f"drop {member}"}
            case ["stop"]:
                self._core.end(0)
                return {"asked": "stop"}
            case _:
                return {"refused": f"{' '.join(words)!r} is none of status, board, drop NAME BY, stop"}

"""The control socket of a primary: one line a connection, answered with a line of JSON. The words are the twin's.

`status`; `board` (how far each line is); `drop NAME BY` (go on without a follower); `stop` (end in good order).
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evermarket.venue.control import serve

if TYPE_CHECKING:
    from evermarket.venue.primary.process import Primary


class Control:
    """What a primary answers."""

    def __init__(self, core: "Primary", path: Path) -> None:
        self._core = core
        self._path = path
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await serve(self._path, self._answer)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _answer(self, line: str) -> dict[str, Any]:
        match line.split():
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
                return {"refused": f"{line!r} is none of status, board, drop NAME BY, stop"}

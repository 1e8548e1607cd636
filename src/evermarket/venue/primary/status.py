"""What a core's process shows to whoever looks: its facts in a file replaced whole, and the last alarms."""

import asyncio
import contextlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evermarket.venue.protocol.frames import Block
from evermarket.venue.protocol.node import Node

LOGGER = logging.getLogger(__name__)
EVERY_S = 0.1
ALARMS_KEPT = 100


class Status:
    """The file is rewritten every EVERY_S and at every alarm; not synced: it says what is, not what was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts: Callable[[], dict[str, Any]] = lambda: {"state": "STARTING"}
        self._timer: asyncio.TimerHandle | None = None
        self.alarms: deque[dict[str, Any]] = deque(maxlen=ALARMS_KEPT)

    def start(self, facts: Callable[[], dict[str, Any]]) -> None:
        self._facts = facts
        self._tick()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.write()

    def alarm(self, text: str) -> None:
        LOGGER.warning("%s", text)
        self.alarms.append({"at_ns": time.time_ns(), "text": text})
        self.write()

    def facts(self) -> dict[str, Any]:
        """What a person asks first."""
        return self._facts() | {"at_ns": time.time_ns(), "pid": os.getpid(), "alarms": list(self.alarms)}

    def write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(self.facts()), "utf-8")
            temporary.replace(self._path)

    def _tick(self) -> None:
        self.write()
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._tick)


def facts_of(node: Node) -> dict[str, Any]:
    """How a node stands."""
    seat, owner, log = node.body.seat.seat, node.owner, node.body.log
    facts: dict[str, Any] = {
        "name": node.body.name,
        "state": node.state.name,
        "epoch": owner.epoch if owner is not None else node.epoch_known,
        "position": log.position,
        "synced": log.position_at(node.body.synced),
        "released": node.body.released_position,
        "in_step": list(seat.in_step) if seat is not None else [],
        "level": seat.level if seat is not None else "",
        "sessions": len(owner.door.sessions) if owner is not None else 0,
    }
    if owner is not None:
        facts["followers"] = {
            name: {
                "acked": log.position_at(progress.acked),
                "lag": log.position - log.position_at(progress.acked),
                "clean": progress.is_clean,
            }
            for name, progress in owner.followers.items()
        }
    return facts


def digest_of(node: Node, start: int) -> int:
    """The state's behind the last position; the core itself may have matched further than what is appended. `start`:
    the digest of a core without a block."""
    log = node.body.log
    frames = (log.frame(index) for index in range(log.end, 0, -1))
    return next((frame.digest for frame in frames if isinstance(frame, Block)), start)

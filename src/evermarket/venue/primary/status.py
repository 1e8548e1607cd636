"""What a core's process shows to whoever looks: its facts in a file replaced whole, and the last alarms."""

import asyncio
import contextlib
import json
import logging
import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evermarket.venue.protocol.frames import Block

if TYPE_CHECKING:
    from evermarket.venue.primary.process import Primary

LOGGER = logging.getLogger(__name__)
EVERY_S = 0.1
ALARMS_KEPT = 100


class Status:
    """The file is rewritten every EVERY_S and at every alarm; not synced: it says what is, not what was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._core: Primary | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.alarms: deque[dict[str, Any]] = deque(maxlen=ALARMS_KEPT)

    def start(self, core: "Primary") -> None:
        self._core = core
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
        core = self._core
        if core is None:
            return {"state": "STARTING", "alarms": list(self.alarms)}
        node, owner = core.node, core.node.owner
        seat = node.body.seat.seat
        facts: dict[str, Any] = {
            "name": core.settings.name,
            "state": node.state.name,
            "epoch": core.epoch or node.epoch_known,
            "position": node.body.log.position,
            "synced": node.body.log.position_at(node.body.synced),
            "released": node.body.released_position,
            "digest": f"{self._digest(core):016x}",
            "live": core.market.core.live,
            "in_step": list(seat.in_step) if seat is not None else [],
            "level": seat.level if seat is not None else "",
            "connections": len(core.door.acceptor),
            "sessions": len(owner.door.sessions) if owner is not None else 0,
            "market_ns": core.clock.now_ns(),
            "at_ns": time.time_ns(),
            "pid": os.getpid(),
            "alarms": list(self.alarms),
        }
        if owner is not None:
            log = node.body.log
            facts["followers"] = {
                name: {
                    "acked": log.position_at(progress.acked),
                    "lag": log.position - log.position_at(progress.acked),
                    "clean": progress.is_clean,
                }
                for name, progress in owner.followers.items()
            }
        return facts

    def _digest(self, core: "Primary") -> int:
        """The state's behind `position`; the core itself may have matched further than what is appended."""
        log = core.node.body.log
        frames = (log.frame(index) for index in range(log.end, 0, -1))
        return next((frame.digest for frame in frames if isinstance(frame, Block)), core.market.core.digest)

    def write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(self.facts()), "utf-8")
            temporary.replace(self._path)

    def _tick(self) -> None:
        self.write()
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._tick)

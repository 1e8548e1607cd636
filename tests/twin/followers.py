"""The twin as processes: a follower that is watched and disturbed, a feed, and a line between them that goes wrong."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self, TypeVar

from evermarket.twin import find_binary
from evermarket.twin.pipe import HEAD, Op
from tests.twin.drills import SIZE_UNITS

PATIENCE_S: Final = 60.0
"""After this long a test says what it waited for. No assertion is on time."""

SETTLE: Final = 5
"""The request of an owner's door that the pipe does not have."""

LOOK_EVERY_S: Final = 0.002


Found = TypeVar("Found")


class Slow(AssertionError):  # noqa: N818
    """What was waited for did not come."""


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """The first answer that is not None."""
    until = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        if time.monotonic() > until:
            raise Slow(f"after {PATIENCE_S:.0f} s still no {what}")
        time.sleep(LOOK_EVERY_S)
    return found


def free_address() -> str:
    """An address of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return f"127.0.0.1:{door.getsockname()[1]}"


class Process:
    """A mode of the twin's program; its lines on standard error are kept."""

    def __init__(self, *words: str | Path) -> None:
        self._process = subprocess.Popen(
            [find_binary(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.told: list[tuple[float, str]] = []
        """Lines with the monotonic time at which they came."""
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.told.append((time.monotonic(), line.rstrip()))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """kill -9, also of a process that was stopped."""
        self._process.kill()
        self.ended()

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        code = self._process.wait(PATIENCE_S)
        self._reading.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
        return code

    def alarms(self) -> list[tuple[float, dict[str, Any]]]:
        """The alarms told so far, each with its time."""
        return [(at, json.loads(line)["alarm"]) for at, line in list(self.told) if line.startswith('{"alarm"')]

    def alarm(self, number: int = 0) -> tuple[float, dict[str, Any]]:
        """The n-th alarm, waited for."""
        return wait_for(f"alarm {number} among {self.told}", lambda: dict(enumerate(self.alarms())).get(number))


class Follower(Process):
    """`recover`: its status file, its control socket, its door once it owns the market."""

    def __init__(self, own: Path, *source: str | Path, options: Sequence[str] = ("--silence-ms", "60000")) -> None:
        self.own = own
        self._room = TemporaryDirectory(prefix="follower-")  # a socket's path is short
        self.control = Path(self._room.name) / "control"
        self.address = free_address()
        self._status = own.with_name(own.name + ".status")
        self._status.unlink(missing_ok=True)
        files: list[str | Path] = ["--status", self._status, "--control", self.control, "--listen", self.address]
        super().__init__("recover", own, *source, *files, "--size-units", SIZE_UNITS, *options)

    def status(self) -> dict[str, Any] | None:
        """The status file, if there is one yet."""
        with suppress(FileNotFoundError):
            facts: dict[str, Any] = json.loads(self._status.read_text("utf-8"))
            return facts
        return None

    def until(self, what: str, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status that is right."""

        def look() -> dict[str, Any] | None:
            assert self.alive, self.told
            status = self.status()
            return status if status is not None and right(status) else None

        return wait_for(f"{what}: {self.status()}", look)

    def reached(self, position: int) -> dict[str, Any]:
        """The status once all up to this position is held and worked."""
        return self.until(f"position {position}", lambda status: status["position"] >= position)

    def ask(self, words: str) -> dict[str, Any]:
        """One line of the control socket and its answer."""
        line = wait_for("control socket", self._dial)
        with line, line.makefile("rw", encoding="utf-8") as both:
            both.write(words + "\n")
            both.flush()
            answer: dict[str, Any] = json.loads(both.readline())
            return answer

    def _dial(self) -> socket.socket | None:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self.control))
        except OSError:
            line.close()
            return None
        return line

    def door(self) -> "Door":
        """A line to the market this core owns."""

        def dial() -> socket.socket | None:
            host, port = self.address.split(":")
            with suppress(ConnectionRefusedError):
                return socket.create_connection((host, int(port)), PATIENCE_S)
            return None

        return Door(wait_for("door", dial))


class Door:
    """Requests of the pipe over a socket."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._both = line.makefile("rwb")
        self.position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._both.close()
        self._line.close()

    def run(self, commands: bytes) -> bytes:
        """The stream of a batch, released."""
        return self._ask(Op.RUN, commands)

    def settle(self) -> dict[str, Any]:
        """The facts of the settlement that is written now."""
        facts: dict[str, Any] = json.loads(self._ask(SETTLE, b""))
        return facts

    def _ask(self, op: int, payload: bytes) -> bytes:
        self._both.write(HEAD.pack(op, len(payload), 0, 0, 0) + payload)
        self._both.flush()
        status, size, self.position, _, _ = HEAD.unpack(self._both.read(HEAD.size))
        body = self._both.read(size)
        assert status == 0, body
        return body


class Feed(Process):
    """The owner's end of the line, over the owner's folder."""

    def __init__(self, folder: Path) -> None:
        self.address = free_address()
        super().__init__("feed", folder, "--listen", self.address)
        host, port = self.address.split(":")

        def listens() -> bool | None:
            with suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
                return True
            return None

        wait_for("feed", listens)

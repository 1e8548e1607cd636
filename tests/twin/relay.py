"""A line that goes wrong on purpose: bits flipped, lines cut, answers lost, at places a seed chooses."""

import random
import socket
import threading
from contextlib import suppress
from typing import Final, Self

PART_BYTES: Final = 4096


class Relay:
    """Hands bytes on between a follower and its owner, and harms them as long as `harm` lines have not been harmed.

    Every line so harmed is given one harm after 0 to `within_bytes` bytes: a flipped bit, or the end of the line.
    """

    def __init__(self, to: str, seed: int, *, harm: int, within_bytes: int, ways: str = "flip cut") -> None:
        host, port = to.split(":")
        self._to = (host, int(port))
        self._random = random.Random(seed)
        self._left, self._within_bytes, self._ways = harm, within_bytes, ways.split()
        self.harmed: list[str] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                try:
                    far = socket.create_connection(self._to)
                except OSError:
                    near.close()
                    continue
                way, at = None, self._random.randrange(self._within_bytes)
                if self._left > 0:
                    self._left -= 1
                    way = self._random.choice(self._ways)
                    self.harmed.append(f"{way} at {at}")
                threading.Thread(target=_copy, args=(near, far, None, 0), daemon=True).start()
                threading.Thread(target=_copy, args=(far, near, way, at), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket, way: str | None, at: int) -> None:
    """Until either side ends. `way` happens to byte `at` of what passes."""
    passed = 0
    with suppress(OSError):
        while part := bytearray(source.recv(PART_BYTES)):
            if way is not None and passed <= at < passed + len(part):
                if way == "cut":
                    sink.sendall(part[: at - passed])
                    break
                part[at - passed] ^= 1 << at % 8
            passed += len(part)
            sink.sendall(part)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

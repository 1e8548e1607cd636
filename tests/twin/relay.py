"""A line that goes wrong on purpose: bits flipped, lines cut, answers lost, at places a seed chooses."""

import random
import socket
import threading
from contextlib import suppress
from typing import Final, Self

PART_BYTES: Final = 4096


Harm = tuple[str, int]
"""What happens to a line, "flip" or "cut", and to which byte of those that the owner sends."""


def by_chance(seed: int, count: int, within_bytes: int, ways: str = "flip cut") -> list[Harm]:
    """So many harms anywhere in the first bytes."""
    chance = random.Random(seed)
    return [(chance.choice(ways.split()), chance.randrange(within_bytes)) for _ in range(count)]


class Relay:
    """Hands bytes on between a follower and its owner; each line has one of the harms, later ones have none."""

    def __init__(self, to: str, harms: list[Harm]) -> None:
        host, port = to.split(":")
        self._to = (host, int(port))
        self._left = list(reversed(harms))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def left(self) -> int:
        """Harms that no line has had yet."""
        return len(self._left)

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
                way, at = self._left.pop() if self._left else (None, 0)
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

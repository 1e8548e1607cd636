"""Passwords as argon2id hashes, checked in a small pool of threads so that a service's loop never waits for one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

WORKERS: Final = 2
WAITING_MAX: Final = 256


class Busy(RuntimeError):  # noqa: N818 - said of the service, not of an error
    """More checks wait than will be served in time."""


class PasswordChecker:
    """Checks passwords off the loop. `hasher` says how costly a new hash is; old ones bring their own costs."""

    def __init__(self, hasher: PasswordHasher | None = None, workers: int = WORKERS) -> None:
        self.hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(workers, "argon2")
        self._waiting = 0
        self._nobody = self.hasher.hash("nobody has this password")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is that of the hash. None costs the same time and is never right. Raises Busy."""
        if self._waiting >= WAITING_MAX:
            raise Busy(f"{WAITING_MAX} passwords wait to be checked")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            is_right = await loop.run_in_executor(self._pool, self._verify, password_hash or self._nobody, password)
        finally:
            self._waiting -= 1
        return is_right and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self.hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

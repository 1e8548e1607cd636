"""The day's secret: 32 random bytes in a file that only its owner can read, made once a trading day."""

import os
import secrets
import stat
from pathlib import Path

from evermarket.venue.identity.tickets import SECRET_BYTES


def secret_path(folder: Path, trading_day: int) -> Path:
    """Where a day's secret lies."""
    return folder / f"secret-{trading_day:08d}"


def day_secret(folder: Path, trading_day: int) -> bytes:
    """The day's secret; made, durably, if the day has none yet. Several processes may ask at once and get the same.

    Raises PermissionError if others than the owner may read the file, ValueError if it has not 32 bytes.
    """
    path = secret_path(folder, trading_day)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionError(f"{path} has mode {mode:04o}: a secret is for its owner alone (0600)")
    found = path.read_bytes()
    if len(found) != SECRET_BYTES:
        raise ValueError(f"{path} has {len(found)} bytes, a secret has {SECRET_BYTES}")
    return found


def _make(path: Path) -> None:
    """Write under another name, then link: a second maker finds the first one's file and keeps it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(SECRET_BYTES))
        os.fsync(handle)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

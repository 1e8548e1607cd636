"""What is broken on purpose below a process: a bit of its memory, one of its system calls, the power of its disk."""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from tests.systems.drills.faults import Scene

PATIENCE_S: Final = 60.0
IMAGE_BYTES: Final = 256 << 20
FS_IOC_SHUTDOWN: Final = 0x8004587D
WITHOUT_FLUSH: Final = struct.pack("I", 2)
LAST_PRICE_FACTOR: Final = 0xE703_7ED1_A0B4_28DB
"""K5 of the state digest (docs/format.md, 7): what a book's last price is multiplied by."""


@contextmanager
def failing(pid: int, calls: str, error: str, nth: int) -> Iterator[None]:
    """From now on the `nth` of these system calls that a thread makes is not made and fails; strace counts thread by
    thread. Skips the test where there is no strace or it may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace, which makes a system call fail, is not installed")
    argv = ["strace", "-f", "-p", str(pid), "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={nth}"]
    with subprocess.Popen([*argv, "-o", "/dev/null"], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if "attached" not in said:
            tracer.kill()
            pytest.skip(f"strace may not trace here: {said.strip()}")
        try:
            yield
        finally:
            tracer.terminate()


def flip_a_bit_of_the_digest(pid: int) -> None:
    """In the code of a running twin: books that have traded count differently in its digest from now on. Skips the test
    where memory of another process cannot be written."""
    wanted = LAST_PRICE_FACTOR.to_bytes(8, "little")
    found = 0
    try:
        with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
            for row in Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines():
                addresses, rights, *_, name = row.split()
                if "x" not in rights or not name.startswith("/"):
                    continue
                start, end = (int(word, 16) for word in addresses.split("-"))
                memory.seek(start)
                code, at = memory.read(end - start), -1
                while (at := code.find(wanted, at + 1)) >= 0:
                    memory.seek(start + at)
                    memory.write(bytes([code[at] ^ 1]))
                    found += 1
    except OSError as error:
        pytest.skip(f"the memory of another process cannot be written here: {error}")
    assert found, "the twin's program does not have the factor"


class Image:
    """An ext4 file system in a file; needs root and loop devices. A core's folder is a link into it: while it is not
    mounted, there is no folder at all."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file, self._place = folder / f"{name}.ext4", folder / f"{name}.disk"
        self.own = self._place / "own"
        self._canary = self._place / "canary"
        with self._file.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        self._place.mkdir()
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self._file)], check=True)

    def mount(self) -> None:
        done = subprocess.run(["mount", "-o", "loop", self._file, self._place], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount an ext4 image: {done.stderr.decode().strip()}")

    @property
    def has_lost(self) -> bool:
        """Whether what was not synced when the power went is gone."""
        return not self._canary.exists() or not self._canary.stat().st_size

    def unmount(self) -> None:
        """Once nobody holds a file in it any more: before that it would be mounted again as it is."""
        deadline = time.monotonic() + PATIENCE_S
        while (done := subprocess.run(["umount", self._place], capture_output=True, check=False)).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(done.stderr.decode())
            time.sleep(0.02)

    def lose_power(self) -> None:
        """Whatever is not on the disk by now will never be: neither will this canary."""
        self._canary.write_bytes(b"not synced")
        fd = os.open(self._place, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, FS_IOC_SHUTDOWN, WITHOUT_FLUSH)
        finally:
            os.close(fd)


class Images:
    """A disk of its own for each core of a venue."""

    def __init__(self) -> None:
        self.of: dict[str, Image] = {}

    @contextmanager
    def ground(self, plan: VenuePlan) -> Iterator[None]:
        """See `Ground` in drill.py. What lies on the disks in the end stays in the venue's folder."""
        if shutil.which("mkfs.ext4") is None or os.geteuid():
            pytest.skip("power is lost on an ext4 image, which takes root and mkfs.ext4")
        plan.folder.mkdir(parents=True)
        with ExitStack() as stack:
            for name in (PRIMARY, TWIN):
                image = self.of[name] = Image(plan.folder, name)
                image.mount()
                stack.callback(image.unmount)
                image.own.mkdir()
                plan.own(name).symlink_to(image.own)
            yield
            for name, image in self.of.items():
                plan.own(name).unlink()
                subprocess.run(["cp", "-a", "--sparse=always", image.own, plan.own(name)], check=True)

    def lose_power(self, scene: Scene, *names: str) -> None:
        """These cores' machines stop at one moment, and come back; the supervisor sees it when they are back."""
        scene.supervisor.send_signal(signal.SIGSTOP)
        for name in names:
            scene.signal(name, signal.SIGSTOP)
        for name in names:
            self.of[name].lose_power()
        for name in names:
            scene.signal(name, signal.SIGKILL)
        for name in names:
            self.of[name].unmount()
            self.of[name].mount()
            assert self.of[name].has_lost, "the disk has what was never synced"
        scene.supervisor.send_signal(signal.SIGCONT)

"""Mutants of the primary: its kernels as plain Python (the same bytes as compiled), one forked process a mutant.

The parent has imported everything but the core. A child is given a package path in which one file is broken, imports
the core from there and runs the day. It ends with `survived`, `answer SEED` or `stop SEED REASON`; silence is a stop.
"""

import multiprocessing as mp
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from scripts.mutants.day import Asked, fingerprint, load
from scripts.mutants.python_sites import python_sites
from scripts.mutants.site import Site

os.environ["NUMBA_DISABLE_JIT"] = "1"

LEFT_OUT = {"__init__.py", "engine.py", "jit.py", "machine.py", "state.py", "views.py", "words.py"}
"""No rule in them: the face, the compiler's settings, prefetches and bit tricks, memory, looking, constants."""
CORE = Path(__file__).parents[2] / "src" / "evermarket" / "core"
SILENCE_S = 60.0


def sites() -> list[Site]:
    """Where the kernels can be broken."""
    return python_sites(CORE, LEFT_OUT)


def run_mutants(work: Path, day: Path, chosen: list[Site]) -> Iterator[tuple[Site, str]]:
    """Each site with what became of it. `work` is a folder that may be filled."""
    import numba  # noqa: F401

    import evermarket

    package = Path(evermarket.__file__).parent
    asked = load(day)
    context = mp.get_context("fork")

    def outcome(job: tuple[int, Site]) -> tuple[Site, str]:
        number, site = job
        broken = work / f"mutant{number}"
        shutil.copytree(package / "core", broken / "core", ignore=shutil.ignore_patterns("__pycache__"))
        (broken / "core" / site.file.name).write_text(site.applied(site.file.read_text("utf-8")), "utf-8")
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=judge, args=(broken, package, asked, there), daemon=True)
        child.start()
        there.close()
        said = last_word(here)
        child.kill()
        child.join()
        shutil.rmtree(broken)
        return site, said

    pool = ThreadPoolExecutor(2)
    try:
        yield from pool.map(outcome, enumerate(chosen))
    finally:
        pool.shutdown(cancel_futures=True)  # whoever has enough does not wait for the rest


def last_word(pipe: Connection) -> str:
    """What the child said last; each session is announced before it is run."""
    said = "stop - never began"
    while pipe.poll(SILENCE_S):
        try:
            word: str = pipe.recv()
        except EOFError:
            return said if said.startswith("survived") else said.replace("at", "stop", 1)
        if not word.startswith("at"):
            return word
        said = word
    return said.replace("at", "stop", 1) + " silent"


def judge(broken: Path, package: Path, asked: list[Asked], tell: Connection) -> None:
    """In the child: the day through the broken core."""
    import evermarket

    evermarket.__path__[:] = [str(broken), str(package)]
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    from evermarket.core import Core

    for one in asked:
        tell.send(f"at {one.name}")
        try:
            right = fingerprint(Core(), one.commands) == one.answer
        except BaseException as error:  # whatever a broken core does is an outcome
            tell.send(f"stop {one.name} {type(error).__name__}")
            return
        if not right:
            tell.send(f"answer {one.name}")
            return
    tell.send("survived")

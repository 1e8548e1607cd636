"""Mutants of the twin: a copy of its package, one file broken at a time, built, run over the day through its pipe."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from scripts.mutants.day import Asked, fingerprint, load
from scripts.mutants.rust_sites import rust_sites
from scripts.mutants.site import Site, draw

from evermarket.twin import Twin, TwinRefused, TwinStopped

PROFILE = '\n[profile.mutant]\ninherits = "dev"\nopt-level = 1\nincremental = true\ndebug = false\n'
SILENCE_S = 60.0
SPARE = 3
"""Sites drawn for each one wanted: some do not compile."""


def run_mutants(work: Path, day: Path, count: int, seed: int) -> Iterator[tuple[Site, str]]:
    """Each drawn site that compiles with what became of it. `work` is a folder that may be filled."""
    crate = Path(__file__).parents[2] / "twin"
    copy = work / "twin"
    shutil.copytree(crate, copy, ignore=shutil.ignore_patterns("target"))
    with (copy / "Cargo.toml").open("a") as manifest:
        manifest.write(PROFILE)
    asked = load(day)
    done = 0
    for site in draw(rust_sites(copy / "src" / "market"), count * SPARE, seed):
        if done == count:
            return
        sound = site.file.read_text("utf-8")
        site.file.write_text(site.applied(sound), "utf-8")
        if build(copy):
            done += 1
            yield Site(crate / site.file.relative_to(copy), *list(vars(site).values())[1:]), judge(copy, asked)
        site.file.write_text(sound, "utf-8")


def build(copy: Path) -> bool:
    """Whether the broken source compiles."""
    words = ["cargo", "build", "--offline", "--quiet", "--profile", "mutant", "--bin", "evermarket-twin"]
    return subprocess.run(words, cwd=copy, capture_output=True, check=False).returncode == 0


def judge(copy: Path, asked: list[Asked]) -> str:
    """The day through the broken twin."""
    twin = Twin(copy / "target" / "mutant" / "evermarket-twin")
    try:
        for one in asked:
            watch = threading.Timer(SILENCE_S, twin.kill)
            watch.start()
            try:
                twin.fresh()
                if fingerprint(twin, one.commands) != one.answer:
                    return f"answer {one.name}"
            except (TwinStopped, TwinRefused) as error:
                return f"stop {one.name} {type(error).__name__}"
            finally:
                watch.cancel()
        return "survived"
    finally:
        twin.close()

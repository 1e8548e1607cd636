"""Mutants of the twin: a copy of its package, one file broken at a time, built, run over the day through its pipe."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from scripts.mutants.day import Asked, fingerprint, load
from scripts.mutants.rust_sites import rust_sites
from scripts.mutants.site import Site

from evermarket.twin import Twin, TwinRefused, TwinStopped

PROFILE = '\n[profile.mutant]\ninherits = "dev"\nopt-level = 1\nincremental = true\ndebug = false\n'
CRATE = Path(__file__).parents[2] / "twin"
SILENCE_S = 60.0


def sites() -> list[Site]:
    """Where the market's rules can be broken."""
    return rust_sites(CRATE / "src" / "market")


def run_mutants(work: Path, day: Path, chosen: list[Site]) -> Iterator[tuple[Site, str]]:
    """Each site with what became of it; `unbuilt` where the fault does not compile. `work` may be filled."""
    copy = work / "twin"
    shutil.copytree(CRATE, copy, ignore=shutil.ignore_patterns("target"))
    with (copy / "Cargo.toml").open("a") as manifest:
        manifest.write(PROFILE)
    asked = load(day)
    for site in chosen:
        file = copy / site.file.relative_to(CRATE)
        sound = file.read_text("utf-8")
        file.write_text(site.applied(sound), "utf-8")
        yield site, judge(copy, asked) if build(copy) else "unbuilt"
        file.write_text(sound, "utf-8")


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

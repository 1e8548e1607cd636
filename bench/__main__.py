"""Every figure, one JSON line each: `make bench`. Prints with its conditions, asserts nothing.

The common workload and the yardstick (a bare ladder in C++ without any rule) lie beside the repository in
../shared/bench; where they are absent those lines are left out and said so. Real days: ../shared/data/l2_sse.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("EVERMARKET_SHARED") or HERE.parent.parent / "shared")
OUT = HERE.parent / "out" / "bench"
WORKLOADS = {"w1": [], "w1000": ["--symbols", "1000", "--live", "100000"]}


def python(*words: str | Path) -> None:
    """One figure in a process of its own."""
    subprocess.run([sys.executable, *map(str, words)], check=False, cwd=HERE.parent)


def yardstick(program: Path, workload: Path) -> None:
    """The bare ladder on the same file, in the same run."""
    done = subprocess.run([program, workload], check=False, capture_output=True, text=True)
    print(json.dumps({"bench": "yardstick", "file": workload.name, "says": " ".join(done.stdout.split())}), flush=True)


def build_yardstick() -> Path | None:
    source = SHARED / "bench" / "own_ladder.cpp"
    compiler = shutil.which("g++")
    if not source.exists() or compiler is None:
        print(json.dumps({"bench": "yardstick", "left_out": f"needs {source} and g++"}), flush=True)
        return None
    program = OUT / "own_ladder"
    flags = ["-O3", "-march=native", "-DNDEBUG", "-std=c++17"]
    subprocess.run([compiler, *flags, source, "-o", program], check=True)
    return program


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    print(json.dumps({"bench": "machine", "cpus": os.cpu_count(), "python": platform.python_version()}), flush=True)
    python(HERE / "compile.py")
    program = build_yardstick()
    generator = SHARED / "bench" / "gen_workload.py"
    for name, options in WORKLOADS.items() if generator.exists() else ():
        workload = OUT / f"{name}.bin"
        if not workload.exists():
            subprocess.run([sys.executable, generator, workload, *options], check=True, capture_output=True)
        for core in ("primary", "twin"):
            python(HERE / "match.py", workload, "--core", core, "--repeat", "9")
        if program:
            yardstick(program, workload)
        if name == "w1000":
            many = OUT / "w1000-many.bin"
            if not many.exists():
                words = [sys.executable, generator, many, "--n", "2000000", *options]
                subprocess.run(words, check=True, capture_output=True)
            python(HERE / "twin_modes.py", many)
    python(HERE / "twin_settlement.py")
    python(HERE / "twin_store.py")
    python(HERE / "days.py")
    python(HERE / "calls.py")
    python(HERE / "memory.py")
    python(HERE / "journal.py")
    python(HERE / "client.py")
    python(HERE / "simulation.py", "500000")
    python(HERE / "fix.py")
    python(HERE / "feed.py")
    python(HERE / "orders.py")


if __name__ == "__main__":
    main()

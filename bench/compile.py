"""How long the core takes to be ready: with an empty cache, and with its kernels on disk. `python bench/compile.py`."""

import json
import os
import subprocess
import sys
import tempfile

READY = """
import time, resource
begin = time.perf_counter()
from evermarket.core import warm_up
warm_up()
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


def ready(cache: str) -> tuple[float, float]:
    """Wall and processor seconds of a new process until its core can match."""
    done = subprocess.run(
        [sys.executable, "-c", READY],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": cache},
    )
    wall, cpu = done.stdout.split()
    return round(float(wall), 2), round(float(cpu), 2)


with tempfile.TemporaryDirectory() as folder:
    for state in ("cold", "cached"):
        wall_s, cpu_s = ready(folder)
        print(json.dumps({"bench": "ready", "cache": state, "wall_s": wall_s, "cpu_s": cpu_s}), flush=True)

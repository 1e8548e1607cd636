"""Memory of live orders: `python bench/memory.py [orders]`. Resident bytes gained for each, over 1,000 books.

Order rows, owners, levels, the tree above them and the map from order numbers; every number of the day is a live one.
"""

import json
import sys

import numpy as np

import match
from evermarket.core import Core, memory_per_order, warm_up
from evermarket.core.state import WIDE
from evermarket.records import Kind

ORDERS = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
BOOKS = 1_000
BATCH = 16_384


def resident() -> int:
    """Bytes of memory this process has in use."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4_096


warm_up()
core = Core()
core.run(match.opening(BOOKS, 1))
chance = np.random.default_rng(7)
rows = np.zeros(BATCH, WIDE)
rows["kind"], rows["time"], rows["attributes"], rows["order.line"] = Kind.NEW, 1, 1, 1
rows["order.ord_type"], rows["order.tif"], rows["order.qty"] = 2, 1, 10
before = resident()
for first in range(1, ORDERS + 1, BATCH):
    part = rows[: min(BATCH, ORDERS + 1 - first)]
    numbers = np.arange(first, first + len(part))
    side = numbers % 2
    part["instrument"] = 1 + chance.integers(0, BOOKS, len(part))
    part["order.order_no"], part["order.cl_ord_id"], part["order.side"] = numbers, numbers, side + 1
    part["order.price"] = 10_000 + np.where(side == 0, -1, 1) * chance.integers(1, 400, len(part))
    core.run(part)
gained = resident() - before
print(
    json.dumps(
        {
            "bench": "memory",
            "live": core.live,
            "books": BOOKS,
            "resident_bytes_per_order": round(gained / core.live, 1),
            "rows_bytes_per_order": round(memory_per_order(core), 1),
        }
    )
)

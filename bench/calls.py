"""Latency of one call with one command: `python bench/calls.py`. Wall nanoseconds of `Core.run`, Python included.

New orders and cancels in turn on one book with 10,000 resting orders, 200,000 calls, garbage collection as usual.
"""

import json
import time

import numpy as np

import match
from evermarket.core import Core, warm_up
from evermarket.core.state import WIDE
from evermarket.records import Kind

CALLS = 200_000
RESTING = 10_000


def flow(count: int) -> np.ndarray:
    """New orders far from the touch, each second one cancelled by the command after it."""
    rows = np.zeros(count, WIDE)
    rows["time"], rows["instrument"], rows["attributes"] = 1, 1, 1
    rows["order.cl_ord_id"], rows["order.line"] = np.arange(1, count + 1), 1
    cancels = (np.arange(count) >= RESTING) & (np.arange(count) % 2 == 1)
    rows["kind"] = np.where(cancels, Kind.CANCEL, Kind.NEW)
    rows["order.order_no"] = np.cumsum(~cancels)
    news = ~cancels
    side = rows["order.order_no"] % 2
    for name, value in (("side", side + 1), ("ord_type", 2), ("tif", 1), ("qty", 10)):
        rows[f"order.{name}"] = np.where(news, value, 0)
    rows["order.price"] = np.where(news, np.where(side == 0, 9_900, 10_100), 0)
    return rows


warm_up()
core = Core()
core.run(match.opening(1, 1))
commands = flow(RESTING + CALLS)
core.run(commands[:RESTING])
spent = np.empty(CALLS, np.int64)
for k in range(CALLS):
    one = commands[RESTING + k : RESTING + k + 1]
    begin = time.perf_counter_ns()
    core.run(one)
    spent[k] = time.perf_counter_ns() - begin
p50, p99, p999 = np.percentile(spent, [50, 99, 99.9]).astype(int).tolist()
figures = {"p50_ns": p50, "p99_ns": p99, "p99_9_ns": p999, "max_ns": int(spent.max()), "mean_ns": int(spent.mean())}
print(json.dumps({"bench": "one command a call", "calls": CALLS, "resting": core.live} | figures))

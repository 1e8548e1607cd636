"""The judge: the primary matching core. Kernels and their state; no input or output of any kind."""

from evermarket.core.engine import Core, Depth, memory_per_order, warm_up

__all__ = ["Core", "Depth", "memory_per_order", "warm_up"]

"""The judge: the primary matching core. Kernels and their state; no input or output of any kind."""

from evermarket.core.engine import Core, Depth, state_bytes, warm_up

__all__ = ["Core", "Depth", "state_bytes", "warm_up"]

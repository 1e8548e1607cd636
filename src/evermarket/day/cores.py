"""Where a core comes from, by the name a person gives it. The only place of this room that knows a core by its make."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from evermarket.day.errors import DayError
from evermarket.day.runner import MatchingCore

NAMES: Final = ("primary", "twin")


class NoSuchCore(DayError, LookupError):  # noqa: N818
    """The core asked for is not installed here."""


def open_core(name: str, progress: Callable[[str], None] = lambda _: None) -> MatchingCore:
    """A fresh core, its kernels compiled or loaded."""
    if name == "primary" and find_spec("evermarket.core") is not None:
        from evermarket.core import Core, warm_up

        warm_up(progress)
        core: MatchingCore = Core()
        return core
    if name == "twin":
        from evermarket.twin import Twin, TwinMissing

        try:
            return Twin()
        except TwinMissing as error:
            raise NoSuchCore(str(error)) from error
    if name not in NAMES:
        raise NoSuchCore(f"there is no core {name!r}; there are {', '.join(NAMES)}")
    raise NoSuchCore(f"the {name} core is not installed here")

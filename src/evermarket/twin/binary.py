"""Where the twin's program is: beside the Python that runs, put there by its own package."""

import os
import sysconfig
from pathlib import Path

NAME = "evermarket-twin"


class TwinMissing(LookupError):  # noqa: N818
    """The second core is not installed beside this Python."""


def find_binary() -> Path:
    """The program of the workspace package `evermarket-twin`, or what EVERMARKET_TWIN names.

    The scripts folder is asked of Python itself, so it is found in an environment that is not activated, too.
    """
    named = os.environ.get("EVERMARKET_TWIN")
    path = Path(named) if named else Path(sysconfig.get_path("scripts")) / NAME
    if not path.is_file():
        raise TwinMissing(f"the twin core is not installed here: {path} is missing; `make setup` builds it")
    return path

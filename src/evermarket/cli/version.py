"""`evermarket version`: what is installed here, and which formats it speaks."""

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from importlib.util import find_spec
from typing import Annotated, Any

import typer

FORMAT_VERSION = 1


def facts() -> dict[str, Any]:
    """Package, record format and cores."""
    try:
        package = installed("evermarket")
    except PackageNotFoundError:
        package = "0"
    return {
        "evermarket": package,
        "format": FORMAT_VERSION,
        "cores": {"primary": package if find_spec("evermarket.core") else None, "twin": None},
        "python": ".".join(map(str, __import__("sys").version_info[:3])),
    }


def version(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Versions of the package, of the record format and of the cores."""
    found = facts()
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        shown = ", ".join(f"{k} {v or 'not installed'}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"{name:<12}{shown}")

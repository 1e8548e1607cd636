"""`evermarket version`: what is installed here, and which formats it speaks."""

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from importlib.util import find_spec
from typing import Annotated, Any

import typer

FORMAT_VERSION = 1


def found(package: str) -> str | None:
    """The version of a package, None where it is not installed."""
    try:
        return installed(package)
    except PackageNotFoundError:
        return None


def facts() -> dict[str, Any]:
    """Package, record format and cores."""
    package, twin = found("evermarket") or "0", found("evermarket-twin")
    return {
        "evermarket": package,
        "format": FORMAT_VERSION,
        "cores": {"primary": package if find_spec("evermarket.core") else None, "twin": twin},
        "python": ".".join(map(str, __import__("sys").version_info[:3])),
    }


def version(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Versions of the package, of the record format and of the cores."""
    said = facts()
    if as_json:
        print(json.dumps(said, indent=2))
        return
    for name, value in said.items():
        shown = ", ".join(f"{k} {v or 'not installed'}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"{name:<12}{shown}")

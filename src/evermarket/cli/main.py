"""`evermarket`: nouns first, one file a noun, nothing loaded before it is needed.

Exit codes: 0 done, 1 refused, 2 usage, 3 difference found, 4 not durable. Tables go to stdout, all else to stderr.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import typer

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
DIFFERENT: Final = 3
NOT_DURABLE: Final = 4

GROUPS: Final = ("market", "book", "journal", "providers", "rules")
COMMANDS: Final = (
    "demo",
    "up",
    "status",
    "switch",
    "down",
    "day",
    "compare",
    "verdict",
    "heterogeneity",
    "twin",
    "version",
)
"""A group's module has `app`; a command's module has a function of its own name."""

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "twin": {"add_help_option": False, "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}
}
"""The twin's words are its own, `--help` among them."""


def build(asked: str | None = None) -> typer.Typer:
    """The application; only the module of `asked` if it is a noun, else all of them (each is light to import)."""
    app = typer.Typer(
        name="evermarket",
        help="A securities market that keeps going: run a day, take its journal apart, ask its rules.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich help costs a third of a second
    )
    app.callback()(_nothing)
    nouns = (*COMMANDS, *GROUPS)
    for noun in (asked,) if asked in nouns else nouns:
        if find_spec(f"evermarket.cli.{noun}") is None:
            continue
        module = import_module(f"evermarket.cli.{noun}")
        if noun in GROUPS:
            app.add_typer(module.app, name=noun)
        else:
            app.command(noun, **SETTINGS.get(noun, {}))(getattr(module, str(noun)))
    return app


def _nothing() -> None:
    """A securities market that keeps going: run a day, take its journal apart, ask its rules."""


def run() -> None:
    """The entry point: what a command raises becomes one line and an exit code."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        build(asked)()
    except KeyboardInterrupt:
        fail("interrupted", REFUSED)
    except (ValueError, LookupError, OSError) as error:
        fail(str(error), code_of(error))


def code_of(error: Exception) -> int:
    """The exit code that an error means."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"NotDurable", "JournalHalted"}:
        return NOT_DURABLE
    if names & {"UnknownSource", "NoSuchCore"}:
        return USAGE
    if names & {"DayError", "JournalError", "FileNotFoundError", "FileExistsError", "PermissionError"}:
        return REFUSED
    raise error


def fail(text: str, code: int) -> None:
    """One line on standard error and out."""
    print(f"evermarket: {text}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    run()

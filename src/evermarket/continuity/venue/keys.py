"""Keys that open a venue's doors for people: random words in files that only the venue's own user may read."""

import contextlib
import os
import secrets
from pathlib import Path

from evermarket.continuity.venue.plan import HOST, VenuePlan


def key_at(path: Path) -> str:
    """The key in this file; made if there is none. Of two that make it at once one does, and both read it."""
    if not path.exists():
        own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(18))
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
        own.unlink()
    return path.read_text("utf-8")


def page_key(plan: VenuePlan) -> str:
    """What opens the page of a running venue."""
    return key_at(plan.folder / "page-key")


def page_address(plan: VenuePlan) -> str:
    """The page with its key: who has this address may look."""
    return f"http://{HOST}:{plan.ports['page']}/?key={page_key(plan)}"

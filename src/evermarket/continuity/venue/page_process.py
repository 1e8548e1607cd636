"""The page of a running venue as a process: what an operator looks at on a bad day, over HTTP on this machine.

The address carries a key (FOLDER/page-key); without it nothing is told. One document, its style and script inside, and
`/facts`, which it asks again and again. Nothing can be done from the page: it shows, and orders nothing.
"""

import asyncio
import base64
import hashlib
import logging
import secrets
import time
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar, MediaType, Response, get

from evermarket.continuity.venue.keys import page_key
from evermarket.continuity.venue.look import look
from evermarket.continuity.venue.page_facts import PageFacts
from evermarket.continuity.venue.page_market import PageMarket
from evermarket.continuity.venue.plan import HOST, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.venue.line.reader import released
from evermarket.venue.web import serve_beside, server

LOGGER = logging.getLogger(__name__)
LOOK_S: Final = 0.2
SAMPLE_S: Final = 0.5
WRONG_KEY: Final = "The key in the address is not this venue's: see page-key in its folder."
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """One venue's page."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self.market = PageMarket()
        self.facts = PageFacts(plan, self.market)
        self.key = page_key(plan)
        self.document, self.policy = _document(plan)

    def app(self) -> Litestar:
        """Two routes."""

        @get("/", sync_to_thread=False)
        def index(key: str = "") -> Response[str]:
            if not self._admits(key):
                return _refusal()
            headers = HEADERS | {"Content-Security-Policy": self.policy}
            return Response(self.document, media_type=MediaType.HTML, headers=headers)

        @get("/facts", sync_to_thread=False)
        def facts(key: str = "", book: str = "") -> Response[Any]:
            if not self._admits(key):
                return _refusal()
            data = msgspec.json.encode(self.facts.told(book))
            return Response(data, media_type=MediaType.JSON, headers=HEADERS)

        return Litestar([index, facts], openapi_config=None)

    async def follow(self) -> None:
        """The released stream, whoever owns the market; the fold works in a thread, so that the page always answers."""
        async for piece in released(self.plan.lines):
            self.facts.agreement.released(piece.blocks)
            if len(piece.records):
                self.market.take(piece, await asyncio.to_thread(self.market.told, piece))

    async def watch(self) -> None:
        """A look every LOOK_S."""
        while True:
            self.facts.see(await look(self.plan))
            await asyncio.sleep(LOOK_S)

    async def sample(self) -> None:
        """A point of the curves every SAMPLE_S."""
        while True:
            self.facts.sample(time.monotonic())
            await asyncio.sleep(SAMPLE_S)

    def _admits(self, key: str) -> bool:
        return secrets.compare_digest(key.encode(), self.key.encode())


async def serve(plan: VenuePlan) -> None:
    """Until it is told to end, or one of its tasks cannot go on: then it is started again."""
    page = Page(plan)
    web = server(page.app(), HOST, plan.ports["page"])
    await serve_beside(web, page.follow(), page.watch(), page.sample())


def _refusal() -> Response[str]:
    return Response(WRONG_KEY, status_code=403, media_type=MediaType.TEXT, headers=HEADERS)


def _document(plan: VenuePlan) -> tuple[str, str]:
    """The document, and the policy that lets the browser run its one script and style and nothing else."""
    loader = PackageLoader("evermarket.continuity.venue", "page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    script, style = (f"\n{loader.get_source(environment, name)[0]}" for name in ("live.js", "live.css"))
    text = environment.get_template("live.html.j2").render(plan=plan, script=script, style=style)
    own = {name: f"'sha256-{_sha256(body)}'" for name, body in (("script", script), ("style", style))}
    policy = (
        f"default-src 'none'; script-src {own['script']}; style-src {own['style']}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text, policy


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


if __name__ == "__main__":
    run(serve)

"""Web applications of the venue over HTTP: one way to serve them."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import uvicorn
from litestar import Litestar

STOP_S: Final = 1.0


def server(
    app: Litestar, host: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Server:
    """A uvicorn server; with a certificate and its key it speaks TLS alone. `await server.serve()` runs it."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="on",
    )
    return uvicorn.Server(config)


async def serve_beside(web: uvicorn.Server, *works: Coroutine[Any, Any, None]) -> None:
    """A server and what feeds it, until the server is told to end or one of them fails. Errors: that one's."""
    tasks = [asyncio.create_task(work) for work in (web.serve(), *works)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    web.should_exit = True
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_S)
    for task in done:
        task.result()

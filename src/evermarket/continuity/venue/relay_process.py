"""TLS in front of both cores' doors as a process. It calls them from an address of its own, which they know.

FOLDER/members/ca.pem is what members trust; certificate and key lie in FOLDER/relay. An operator with files of his own
puts them there.
"""

import asyncio
import contextlib
import signal
import ssl

from evermarket.client.line import address_of
from evermarket.continuity.venue.authority import Papers, make_papers
from evermarket.continuity.venue.listening import tell_listening
from evermarket.continuity.venue.plan import RELAY_HOST, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.venue.primary.settings import split_address
from evermarket.venue.relay import Relay


async def serve(plan: VenuePlan) -> None:
    """Until it is told to end."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found = papers(plan)
    tls.load_cert_chain(found.certificate, found.key)
    is_over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, is_over.set)
    async with contextlib.AsyncExitStack() as open_relays:
        for core, door in zip(plan.cores, plan.tls_doors, strict=True):
            relay = Relay(split_address(core.door), tls, RELAY_HOST)
            await relay.open(*address_of(door)[:2])
            open_relays.push_async_callback(relay.close)
        tell_listening(plan, "relay")
        await is_over.wait()


def papers(plan: VenuePlan) -> Papers:
    """The certificate of the venue; made, with an authority, if there is none."""
    folder = plan.folder / "relay"
    found = Papers(plan.folder / "members" / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    if not found.certificate.exists():
        folder.mkdir(exist_ok=True, mode=0o700)
        make_papers(found)
    return found


if __name__ == "__main__":
    run(serve)

"""The identity service of a venue as a process: day tickets for the guests' lines, over HTTP on this machine.

Guests are lines of the board that the simulated members leave alone, for people and their programs. Their credentials
lie in FOLDER/members/guests, one file a line, made at the first start; the service itself keeps only hashes.
"""

import socket
from pathlib import Path

from evermarket.continuity.venue.listening import tell_listening
from evermarket.continuity.venue.plan import HOST, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.venue.identity.accounts import read_accounts
from evermarket.venue.identity.credentials import credentials_of, write_credentials
from evermarket.venue.identity.desk import Desk
from evermarket.venue.identity.passwords import PasswordChecker
from evermarket.venue.identity.service import DoorAddress, make_app
from evermarket.venue.primary.settings import split_address
from evermarket.venue.web import server


def guests(plan: VenuePlan) -> Path:
    """The guests' accounts; made, with their credentials beside them, if they are not there."""
    folder = plan.folder / "members" / "guests"
    accounts = folder / "accounts.json"
    if not accounts.exists():
        brokers = {line: f"B{member:03d}" for line, member in plan.guests.items()}
        write_credentials(folder, credentials_of(brokers, f"http://{HOST}:{plan.ports['identity']}"))
    return accounts


async def serve(plan: VenuePlan) -> None:
    """Until it is told to end."""
    accounts = read_accounts(guests(plan))
    desk = Desk(plan.trading_day, plan.secret, accounts, PasswordChecker())
    doors = [DoorAddress(*split_address(door)) for door in plan.doors]
    port = plan.ports["identity"]
    with socket.create_server((HOST, port)) as door:
        tell_listening(plan, "identity")
        await server(make_app(desk, doors), HOST, port).serve([door])


if __name__ == "__main__":
    run(serve)

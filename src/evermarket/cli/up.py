"""`evermarket up`: the whole venue on this machine, from an empty folder."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

READY_S = 300.0


def up(
    folder: Annotated[Path, typer.Option("--folder", help="Where the venue lives; must be new.")] = Path("out/venue"),
    instruments: Annotated[int, typer.Option("--instruments", help="Securities of the board.")] = 300,
    members: Annotated[int, typer.Option("--members", help="Members of the exchange.")] = 20,
    orders: Annotated[int, typer.Option("--orders", help="Orders of the simulated members over the day.")] = 50_000,
    speed: Annotated[int, typer.Option("--speed", help="Market seconds in a second; 1 is real time.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Seed of board and members.")] = 7,
    rate: Annotated[int, typer.Option("--rate", help="Commands a second a line may send; 0: no limit.")] = 0,
    unattended: Annotated[
        bool, typer.Option("--unattended-switch", help="Switch to the twin without asking a person.")
    ] = False,
    crowd: Annotated[bool, typer.Option("--crowd/--no-crowd", help="Simulated members that trade.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print what stands as JSON.")] = False,
) -> None:
    """Start an exchange: both cores, its timetable, its members; come back when it stands."""
    from evermarket.cli.main import fail
    from evermarket.continuity.venue.keys import page_address
    from evermarket.continuity.venue.opening import open_venue, start_supervisor, wait_until_ready
    from evermarket.continuity.venue.plan import HOST, SERVICES, Policy
    from evermarket.sim.config import SimulationConfig

    board = SimulationConfig(seed=seed, members=members, orders=orders, instruments=instruments, bad_per_million=0)
    try:
        services = tuple(name for name in SERVICES if crowd or name != "crowd")
        policy = Policy(unattended_switch=unattended)
        plan = open_venue(folder, board, speed=speed, rate=rate, services=services, policy=policy)
    except FileExistsError as error:
        fail(f"{error}; `evermarket down --folder {folder}` ends it", 1)
    page = page_address(plan)
    start_supervisor(plan)
    begun = time.monotonic()
    try:
        status = wait_until_ready(plan, READY_S, lambda text: print(text, file=sys.stderr))
    except TimeoutError as error:
        fail(str(error), 1)
    if as_json:
        facts = {"folder": str(plan.folder), "doors": plan.doors, "page": page, "ready_s": time.monotonic() - begun}
        print(json.dumps(facts | status))
        return
    print(f"the venue stands after {time.monotonic() - begun:.1f} s: {plan.folder}")
    print(f"the page to watch it: {page}")
    print(f"doors: {', '.join(plan.doors)}; market data: ws://{HOST}:{plan.ports['web']}/stream, its key in web-key")
    print(f"lines for you and your programs: {plan.folder / 'members' / 'guests'} (docs/client.md)")
    print(
        f"FIX 4.4: {HOST}:{plan.ports['fix']}; sessions, with settings for QuickFIX: {plan.folder / 'members' / 'fix'}"
    )
    ca = plan.folder / "members" / "ca.pem"
    print(f"with TLS: {', '.join(plan.tls_doors)}; the authority to trust: {ca}")
    for words, what in (
        (f"status --folder {folder}", "who owns the market, how both cores stand"),
        (f"switch --folder {folder} --by you --reason drill", "hand the market to the twin"),
        (f"down --folder {folder}", "end it"),
    ):
        print(f"  evermarket {words:<55} # {what}")

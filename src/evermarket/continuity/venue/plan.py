"""Where everything of a venue lies and listens, written once by `evermarket up` and read by every process.

FOLDER/venue.json   this plan            FOLDER/seat       the seat
FOLDER/P, FOLDER/T  the cores' own       FOLDER/secret     the day's secret, mode 0600
FOLDER/members      what members need    FOLDER/logs       what processes say
FOLDER/incidents    incident files       FOLDER/control    the supervisor's socket
"""

import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from evermarket.client.proof import address_bytes
from evermarket.client.tickets import DayTicket
from evermarket.records.kinds import Make
from evermarket.sim.config import SimulationConfig
from evermarket.sim.members import make_lines
from evermarket.venue.clock import Clock
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.primary.settings import CoreAddress, PrimarySettings
from evermarket.venue.protocol.seat import CompareAndSet, Seat
from evermarket.venue.protocol.seat_file import SeatFile

PRIMARY = "P"
TWIN = "T"
HOST = "127.0.0.1"
RELAY_HOST = "127.0.0.2"
"""Where the relay calls from: whoever comes from HOST speaks for itself."""
BEAT_MS = 20
SOCKET_PATH_BYTES_MAX = 107
CORE_PORTS = ("p_door", "p_lines", "t_door", "t_lines", "p_tls", "t_tls")
PORTS = (*CORE_PORTS, "identity", "feed", "recovery", "web", "fix", "page")

SERVICES = ("crowd", "identity", "feed", "fix", "relay", "watch", "page")
"""Beside cores and conductor: simulated members, tickets for people, market data, FIX, TLS, a probe, the page."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done without asking a person. `unattended_switch`: off by default (protocol, 6). A primary that does not
    answer for `silent_ms` hangs; one that hangs and cannot be switched away from is killed and started again after
    `hung_ms`. A follower that is silent for `follower_silent_ms` is dropped. After a switch orders may only be
    cancelled for `cancel_only_s` of market time (0: trading goes on at once) and until members of `ready_permille` of
    the day's volume are back; then follows a call auction of `reopening_s`."""

    unattended_switch: bool = False
    silent_ms: int = 300
    hung_ms: int = 3_000
    follower_silent_ms: int = 300
    restart_primary: bool = True
    cancel_only_s: int = 300
    reopening_s: int = 120
    ready_permille: int = 500


class VenuePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One venue and one trading day."""

    folder: Path
    clock: Clock
    board: SimulationConfig
    ports: dict[str, int]
    rate: int = 0
    policy: Policy = Policy()
    services: tuple[str, ...] = SERVICES
    guest_lines: int = 4
    segment_bytes: int = 64 << 20
    member_doors: tuple[str, ...] = ()
    """Where simulated members log on: relays in front of the doors, or nothing: the doors."""
    fix_lines: int = 2

    @property
    def trading_day(self) -> int:
        return self.board.trading_day

    @property
    def guests(self) -> dict[int, int]:
        """Lines that simulated members leave to people, and whose they are: the last ones that enter orders."""
        return self._left_free(self.guest_lines, 0)

    @property
    def probe_line(self) -> int:
        """The line of the probe: the one before those of FIX."""
        return next(iter(self._left_free(1, self.guest_lines + self.fix_lines)))

    @property
    def fix_members(self) -> dict[int, int]:
        """Lines left to FIX sessions, and whose they are: those before the guests'."""
        return self._left_free(self.fix_lines, self.guest_lines)

    def _left_free(self, count: int, behind: int) -> dict[int, int]:
        lines = [line for line in make_lines(self.board.members) if line.weight]
        end = len(lines) - behind
        return {line.line: line.member for line in lines[end - count : end]}

    @property
    def cores(self) -> tuple[CoreAddress, CoreAddress]:
        """Primary and twin."""
        return (self._core(PRIMARY, 1, Make.PRIMARY), self._core(TWIN, 2, Make.TWIN))

    @property
    def doors(self) -> tuple[str, ...]:
        return tuple(core.door for core in self.cores)

    @property
    def tls_doors(self) -> tuple[str, ...]:
        """Of the relay, one in front of each core."""
        return tuple(f"tls://{HOST}:{self.ports[f'{low}_tls']}" for low in ("p", "t"))

    @property
    def relays(self) -> tuple[str, ...]:
        """Addresses whose word for a member's address is taken."""
        return (RELAY_HOST,) if "relay" in self.services else ()

    @property
    def lines(self) -> tuple[tuple[str, int], ...]:
        """Where the released stream is read."""
        return ((HOST, self.ports["p_lines"]), (HOST, self.ports["t_lines"]))

    @property
    def seat(self) -> SeatFile:
        return SeatFile(self.folder / "seat")

    @property
    def secret(self) -> bytes:
        return (self.folder / "secret").read_bytes()

    @property
    def free_lines(self) -> frozenset[int]:
        """Lines that simulated members do not use: people's, those of FIX, the probe's."""
        return frozenset((*self.guests, *self.fix_members, self.probe_line))

    def ticket(self, line: int, doors: Sequence[str] = ()) -> DayTicket:
        """The day's ticket of a line that logs on from this machine, as the identity service would give it."""
        key = ticket_for(self.secret, line, self.trading_day, address_bytes(HOST))
        return DayTicket(line, self.trading_day, key, tuple(doors) or self.doors)

    def own(self, name: str) -> Path:
        """A core's folder."""
        return self.folder / name

    def primary_settings(self) -> PrimarySettings:
        return PrimarySettings(
            name=PRIMARY,
            folder=self.own(PRIMARY),
            seat=self.folder / "seat",
            secret=self.folder / "secret",
            trading_day=self.trading_day,
            cores=self.cores,
            follower=TWIN,
            clock=self.clock,
            rate=self.rate,
            segment_bytes=self.segment_bytes,
            relays=self.relays,
            beat_ms=BEAT_MS,
            silent_beats_max=max(3, self.policy.follower_silent_ms // BEAT_MS),
        )

    def _core(self, name: str, number: int, make: Make) -> CoreAddress:
        low = name.lower()
        door, lines = (f"{HOST}:{self.ports[f'{low}_{what}']}" for what in ("door", "lines"))
        return CoreAddress(name, number, int(make), door, lines)


def found(plan: VenuePlan) -> None:
    """Make the venue's folder: plan, secret, seat of epoch 0 at the primary. Errors: FileExistsError, ValueError."""
    folder = plan.folder
    if len(str(plan.own(PRIMARY) / "control").encode()) > SOCKET_PATH_BYTES_MAX:
        raise ValueError(f"folder {folder} is too long a path for a socket in it, {SOCKET_PATH_BYTES_MAX} bytes in all")
    if (folder / "venue.json").exists():
        raise FileExistsError(f"there is a venue in {folder}")
    for name in ("logs", "incidents", "members", PRIMARY, TWIN):
        (folder / name).mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(secrets.token_bytes(32))
    first = Seat(0, PRIMARY, (PRIMARY,), "local", "start of the day", "up", plan.clock.now_ns())
    plan.seat.step(CompareAndSet(0, first))
    (folder / "P.json").write_bytes(encode(plan.primary_settings()))
    (folder / "venue.json").write_bytes(encode(plan))


def read_plan(folder: Path) -> VenuePlan:
    """Errors: FileNotFoundError, msgspec.ValidationError."""
    return msgspec.json.decode((folder / "venue.json").read_bytes(), type=VenuePlan, dec_hook=_decode)


def encode(thing: object) -> bytes:
    """JSON that a person can read."""
    return msgspec.json.format(msgspec.json.encode(thing, enc_hook=str))


def free_ports() -> dict[str, int]:
    """A port for each door, free at this moment."""
    sockets = {name: socket.create_server((HOST, 0)) for name in PORTS}
    ports = {name: int(one.getsockname()[1]) for name, one in sockets.items()}
    for one in sockets.values():
        one.close()
    return ports


def _decode(kind: type, value: object) -> object:
    return kind(value)

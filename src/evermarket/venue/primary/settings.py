"""What a primary's process is told: a TOML or JSON file, every field with a name that says what it is."""

from pathlib import Path

import msgspec

from evermarket.journal import DayFacts
from evermarket.venue.clock import REAL, Clock


class CoreAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One core of the partition: its number in EPOCH records and where it is found."""

    name: str
    number: int
    make: int
    door: str
    lines: str


class PrimarySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`folder` is this core's own: journal, promise, status. `follower`: the core that may follow, or none.
    `flow_rows`: room for members' flows, 36 bytes of address space each; memory is taken as it is used."""

    name: str
    folder: Path
    seat: Path
    secret: Path
    trading_day: int
    cores: tuple[CoreAddress, ...]
    follower: str = ""
    clock: Clock = REAL
    rate: int = 20
    heartbeat_ms: int = 1_000
    beat_ms: int = 20
    silent_beats_max: int = 10
    batch_records_max: int = 4_096
    segment_bytes: int = 64 << 20
    flow_rows: int = 1 << 26
    relays: tuple[str, ...] = ()

    @property
    def own(self) -> CoreAddress:
        return next(core for core in self.cores if core.name == self.name)

    @property
    def day(self) -> DayFacts:
        return DayFacts(self.trading_day)


def read_settings(path: Path) -> PrimarySettings:
    """Errors: OSError, msgspec.ValidationError with the path of the field at fault."""
    return msgspec.json.decode(path.read_bytes(), type=PrimarySettings, dec_hook=_decode)


def _decode(kind: type, value: object) -> object:
    return kind(value)


def split_address(text: str) -> tuple[str, int]:
    """ "HOST:PORT" in two."""
    host, _, port = text.rpartition(":")
    return host, int(port)

"""What the tests of this room share: the slow model as a core, and small folders of our own files."""

from pathlib import Path

from evermarket.day import own_files
from evermarket.day.runner import MatchingCore
from evermarket.day.whole import DayFacts, Wishes, hold_day
from evermarket.records import Records
from tests.models.market import Model

DAY = 'trading_day = "2026-11-20"\nzone = "Asia/Taipei"\n'
INSTRUMENTS = (
    "code,name,tick,lot,reference,limit_up,limit_down\n2330,台積電,0.5,1000,100,110,90\n2317,鴻海,0.05,1000,50,55,45\n"
)


class ModelCore:
    """The model with the face of a core."""

    def __init__(self) -> None:
        self._model = Model()
        self.position = 0

    @property
    def digest(self) -> int:
        return self._model.digest

    def run(self, commands: Records) -> Records:
        stream = self._model.run(commands)
        self.position += len(stream)
        return stream

    def depth(self, instrument: int, segment: int, levels: int) -> tuple[list[object], list[object]]:
        bids, asks = self._model.depth(instrument, segment, levels)
        return list(bids), list(asks)

    def unfilled(self, instrument: int, segment: int, levels: int) -> tuple[list[object], list[object]]:
        bids, asks = self._model.unfilled(instrument, segment, levels)
        return list(bids), list(asks)


def core() -> MatchingCore:
    return ModelCore()


def folder(where: Path, commands: str, instruments: str = INSTRUMENTS, day: str = DAY) -> Path:
    """A folder of our own files."""
    (where / "day.toml").write_text(day, encoding="utf-8")
    (where / "instruments.csv").write_text(instruments, encoding="utf-8")
    (where / "commands.csv").write_text(commands, encoding="utf-8")
    return where


def held(where: Path, wishes: Wishes | None = None) -> DayFacts:
    """The folder's day through the model."""
    return hold_day(own_files.read(where), core(), wishes or Wishes())

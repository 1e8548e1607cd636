"""The seat (protocol 2): one value with a version that says who owns the market; changed only by compare-and-set.

Requests and answers carry no number of their own: an answer is judged by version and content. Two lives never want the
same value, for each takes an epoch of its own (rule 3), so "the seat holds what I asked for" means "I was heard".
"""

from dataclasses import dataclass

SEAT = "seat"
"""The register's address."""

LEVELS = ("local", "twin", "site")


@dataclass(frozen=True, slots=True)
class Seat:
    """Epoch and owner, who must have what is released, and why it is so. Level = how many are in step."""

    epoch: int
    owner: str
    in_step: tuple[str, ...]
    level: str
    reason: str
    by: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class ReadSeat:
    """What does the seat say?"""


@dataclass(frozen=True, slots=True)
class CompareAndSet:
    """Make this the value if the version is still the expected one."""

    expected_version: int
    seat: Seat


@dataclass(frozen=True, slots=True)
class SeatAnswer:
    """The value now. `is_done`: the request was a compare-and-set, and it is this value."""

    version: int
    seat: Seat | None
    is_done: bool


SeatRequest = ReadSeat | CompareAndSet


def level_of(in_step: tuple[str, ...]) -> str:
    """What the members in step amount to: the owner alone, with its twin, with the backup centre too."""
    return LEVELS[min(len(in_step), len(LEVELS)) - 1]


def was_heard(asked: CompareAndSet, answer: SeatAnswer) -> bool | None:
    """Whether a compare-and-set took place: yes, no, or (None) an answer from before it that says nothing."""
    if answer.version <= asked.expected_version:
        return None
    return answer.seat == asked.seat


class Register:
    """The seat in memory; its interface is that of `seat_file.SeatFile`."""

    def __init__(self) -> None:
        self._version = 0
        self._seat: Seat | None = None

    def step(self, request: SeatRequest) -> SeatAnswer:
        is_done = isinstance(request, CompareAndSet) and request.expected_version == self._version
        if isinstance(request, CompareAndSet) and is_done:
            self._version += 1
            self._seat = request.seat
        return SeatAnswer(self._version, self._seat, is_done)

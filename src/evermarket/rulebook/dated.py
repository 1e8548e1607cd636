"""Dated rows: which one is in force on a day.

Rule: a row is in force from its `since` to the day before the next row of the same subject. A day before the first
row is a precise error, because a guessed rule is worse than none.
"""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Anything with the first day on which it is in force."""

    @property
    def since(self) -> date:
        """First day in force."""


Row = TypeVar("Row", bound=Dated)


class NoRuleError(LookupError):
    """The rulebook holds no row for this subject on this day."""


def row_in_force(rows: Iterable[Row], day: date, subject: str) -> Row:
    """The latest row whose `since` is not after `day`; `subject` names the rule in the error."""
    candidates = list(rows)
    if not candidates:
        raise NoRuleError(f"the rulebook has no row for {subject}")
    started = [row for row in candidates if row.since <= day]
    if not started:
        first = min(row.since for row in candidates)
        raise NoRuleError(f"the rulebook has no row for {subject} on {day}: the first one starts on {first}")
    return max(started, key=lambda row: row.since)

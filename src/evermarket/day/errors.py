"""What can go wrong with a day: one tree.

    DayError
    |- SourceError (ValueError)       a source's file breaks its format; names file, line and column
    |  '- UnknownSource               nothing known answers to this name
    |- PlanningError (RuntimeError)   an event announced a due time that had passed: a defect of the runner
    '- NotDurable (OSError)           the journal could not be written or synced

A refused order is none of these: it is a record, counted and listed like any other outcome.
"""


class DayError(Exception):
    """Any reason why a day cannot be run to its end."""


class SourceError(DayError, ValueError):
    """A source breaks its format."""


class UnknownSource(SourceError):  # noqa: N818
    """No kind of source answers to the given name."""


class PlanningError(DayError, RuntimeError):
    """The runner let a due time pass inside a slice."""


class NotDurable(DayError, OSError):  # noqa: N818
    """The journal could not be written or synced."""

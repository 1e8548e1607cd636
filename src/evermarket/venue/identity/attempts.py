"""How often somebody may be wrong: a few times for a line from one source, more for a source over all lines.

Counting by source as well as by line keeps a stranger from locking a member out. Pure; times come with the calls.
"""

from collections import OrderedDict
from typing import Final

from evermarket.records.units import SECOND_NS

LINE_FAILURES_MAX: Final = 5
SOURCE_FAILURES_MAX: Final = 30
WINDOW_NS: Final = 60 * SECOND_NS
REMEMBERED_MAX: Final = 100_000

Key = tuple[int, bytes]


class Attempts:
    """Failures of the last minute; the oldest are forgotten beyond a bound."""

    def __init__(
        self, line_max: int = LINE_FAILURES_MAX, source_max: int = SOURCE_FAILURES_MAX, window_ns: int = WINDOW_NS
    ) -> None:
        self._line_max = line_max
        self._source_max = source_max
        self._window_ns = window_ns
        self._failures: OrderedDict[Key, list[int]] = OrderedDict()

    def wait_ns(self, now_ns: int, line: int, source: bytes) -> int:
        """How long this source has to wait before it may try this line; 0: not at all."""
        return max(
            self._wait(now_ns, (line, source), self._line_max), self._wait(now_ns, (0, source), self._source_max)
        )

    def count(self, now_ns: int, line: int, source: bytes) -> None:
        """One more attempt, wrong until it is forgiven: counted before it is looked at, so that many at once count."""
        for key in ((line, source), (0, source)):
            self._failures.setdefault(key, []).append(now_ns)
            self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED_MAX:
            self._failures.popitem(last=False)

    def forgive(self, line: int, source: bytes) -> None:
        """The last attempt was right: it does not count, nor do the wrong ones before it at this line."""
        self._failures.pop((line, source), None)
        of_source = self._failures.get((0, source))
        if of_source:
            of_source.pop()

    def _wait(self, now_ns: int, key: Key, most: int) -> int:
        recent = [at for at in self._failures.get(key, ()) if at > now_ns - self._window_ns]
        if not recent:
            self._failures.pop(key, None)
            return 0
        self._failures[key] = recent
        return recent[-most] + self._window_ns - now_ns if len(recent) >= most else 0

"""Active quoting and answers to quote requests (主動報價, 回應報價要求), from the slices of a session.

Source: WLP Art. 7 (warrants: one of two methods), ETNLP Art. 8 (notes: active). Units: ns; limits: the rulebook's.
Answers are measured for every family; they are a duty only of a warrant whose method is RESPONSE.
"""

from typing import Final, NamedTuple

from evermarket.duty.contract import Family, WarrantMethod
from evermarket.duty.result import Breach, BreachKind, Measure
from evermarket.duty.spans import Slice, runs, seconds_down, seconds_up
from evermarket.duty.terms import Terms
from evermarket.records.units import SECOND_NS
from evermarket.rulebook import liquidity as law

_WITHIN_NS: Final = law.WARRANT_DUTY.response_within_s * SECOND_NS


class Presence(NamedTuple):
    """A valid quote without a break; `taken`: not withdrawn but traded, expired, or standing at the end."""

    start: int
    end: int
    taken: bool


def presences(terms: Terms, parts: list[Slice]) -> list[Presence]:
    """When a valid quote stood, counted time or not."""
    found: list[Presence] = []
    start: int | None = None
    for part in parts:
        valid = terms.is_valid(part)
        if valid and start is None:
            start = part.start
        elif not valid and start is not None:
            taken = part.own.time == part.start and part.own.taken
            found.append(Presence(start, part.start, taken))
            start = None
    return found if start is None else [*found, Presence(start, parts[-1].end, True)]


def quotes(result: Measure, terms: Terms, parts: list[Slice]) -> None:
    """Which quotes stood their time, and the gaps between these."""
    every_s, standing_s = _limits(terms)
    stood: list[Presence] = []
    for one in presences(terms, parts):
        excused = one.taken or terms.has_value_moved(one.start, one.end)
        kept = law.is_active_kept(every_s, standing_s, 0, seconds_down(one.end - one.start), value_moved=excused)
        result.quotes += 1
        result.short_quotes += not kept
        if kept:
            stood.append(one)
    gaps = runs(parts, _Gaps(terms, stood), excused_ends=terms.contract.excused_ends)
    result.gap_ns = max((gap.length for gap in gaps), default=0)
    if not _is_active(terms):
        return
    for gap in gaps:
        if not law.is_active_kept(every_s, standing_s, seconds_up(gap.length), standing_s, value_moved=False):
            result.breaches.append(Breach(BreachKind.ACTIVE, gap.start, gap.end))


class _Gaps:
    """Whether a slice is counted and no quote that stood covers it; slices come in order."""

    def __init__(self, terms: Terms, stood: list[Presence]) -> None:
        self._terms, self._stood, self._at = terms, stood, 0

    def __call__(self, part: Slice) -> bool | None:
        while self._at < len(self._stood) and self._stood[self._at].end <= part.start:
            self._at += 1
        if self._terms.excuse(part) is not None:
            return None
        return self._at == len(self._stood) or self._stood[self._at].start > part.start


def _limits(terms: Terms) -> tuple[int, int]:
    if terms.family is Family.NOTE:
        return law.NOTE_DUTY.every_s, law.NOTE_DUTY.standing_s
    return law.WARRANT_DUTY.active_every_s, law.WARRANT_DUTY.active_standing_s


def _is_active(terms: Terms) -> bool:
    if terms.family is Family.WARRANT:
        return terms.contract.method is WarrantMethod.ACTIVE
    return terms.family is Family.NOTE


def requests(result: Measure, terms: Terms, parts: list[Slice], asked: list[int]) -> None:
    """The answer to each request that came while the duty was on."""
    there = presences(terms, parts)
    owed = terms.family is Family.WARRANT and terms.contract.method is WarrantMethod.RESPONSE
    at = 0
    for time in asked:
        while at < len(parts) and parts[at].end <= time:
            at += 1
        if at == len(parts) or time < parts[at].start or terms.excuse(parts[at]) is not None:
            continue
        answered, kept = _answer(there, time)
        if not kept and time + _WITHIN_NS > parts[-1].end:
            continue
        result.requests += 1
        result.responses_kept += kept
        if answered is not None:
            result.response_ns.append(answered)
        if owed and not kept:
            result.breaches.append(Breach(BreachKind.RESPONSE, time, time + _WITHIN_NS))


def _answer(there: list[Presence], asked: int) -> tuple[int | None, bool]:
    """Time to the first quote that answers, or to the first at all, and whether the request was answered."""
    first: int | None = None
    for one in there:
        if one.end <= asked or one.start > asked + _WITHIN_NS:
            continue
        waited = max(one.start - asked, 0)
        quoted = seconds_up(waited)
        withdrawn = None if one.taken else quoted + seconds_down(one.end - max(one.start, asked))
        if law.is_response_kept(law.WARRANT_DUTY, 0, quoted, withdrawn):
            return waited, True
        first = waited if first is None else first
    return first, False

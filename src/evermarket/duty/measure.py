"""What each provider did in each instrument on one day, and where it fell short of its duty.

Source: SEED 6, 6-1; ETNLP Art. 8; WLP Art. 4, 6, 7; SMM Art. 4. Units: durations ns, prices 1/10 000, spreads in
millionths of the ask (rounded down for the average; every comparison is exact), shares of time in permille.
A display's breach is every appointed provider's; one run that is too long is one breach, however long it lasts.
Known gaps: a valid quote that another valid one replaces at once is taken as one that goes on; what a trade or the
exchange took away counts as having stood; requests near the close without an answer are not judged.
"""

from collections.abc import Mapping

from evermarket.duty import answering
from evermarket.duty.book import Book
from evermarket.duty.contract import Contract, Family, family_of
from evermarket.duty.result import Breach, BreachKind, Measure
from evermarket.duty.seen import Standing, View
from evermarket.duty.spans import Run, Slice, runs, seconds_up, slices
from evermarket.duty.stream import Market, Provider
from evermarket.duty.terms import POSTPONED, Excuse, Terms
from evermarket.records.kinds import Phase
from evermarket.records.units import SECOND_NS
from evermarket.rulebook import liquidity as law


def measure_day(market: Market, books: Mapping[int, Book], contracts: Mapping[int, Contract]) -> list[Measure]:
    """All measures of the day, by instrument and provider."""
    found: list[Measure] = []
    for instrument in sorted(market.quoted):
        book = books[instrument]
        for provider, standing in book.standing.items():
            contract = contracts.get(instrument, Contract(instrument=instrument))
            found.append(_measure(market, books, book, contract, (provider, standing)))
    return found


def _measure(
    market: Market, books: Mapping[int, Book], book: Book, contract: Contract, who: tuple[Provider, Standing]
) -> Measure:
    (provider, standing), security = who, market.securities[book.instrument]
    family = family_of(security.product)
    result = Measure(
        instrument=book.instrument,
        code=security.code,
        name=security.name,
        issuer=contract.issuer or f"member {provider.member}",
        member=provider.member,
        account=provider.account,
        family=family,
        fund=contract.fund,
        refused_tif=standing.refused_tif,
        orders=list(standing.orders.values()),
        trades=standing.trades,
    )
    if book.opened is None:
        return result
    end = book.closed or max(book.close_due or 0, book.now)
    terms = Terms(contract, family, market.ticks(book.instrument), book.opened, book.close_due or end)
    _join_underlying(terms, books.get(contract.underlying or security.underlying))
    parts = list(slices(book.views, standing.owns, book.opened, end, terms.cuts))
    _times(result, terms, parts)
    _rounds(result, terms, book, parts)
    _postponed(result, terms, parts)
    if family is Family.FUND:
        _fund(result, terms, parts)
    answering.quotes(result, terms, parts)
    answering.requests(result, terms, parts, book.requests)
    _thresholds(result, terms, (book.opened, end))
    result.breaches.sort(key=lambda breach: (breach.start, breach.kind.name))
    return result


def _join_underlying(terms: Terms, underlying: Book | None) -> None:
    if underlying is None:
        return
    terms.underlying_moves = underlying.moves
    last = View(underlying.now, None, None, 0, underlying.views[-1].marks)
    for view, after in zip(underlying.views, [*underlying.views[1:], last], strict=True):
        if view.phase in (Phase.HALTED, Phase.RESUMPTION_CALL):
            terms.underlying_halts.append((view.time, after.time))


def _times(result: Measure, terms: Terms, parts: list[Slice]) -> None:
    spread_time = weight = 0
    for part in parts:
        excuse = terms.excuse(part)
        result.session_ns += part.length
        if excuse is not None:
            result.excused_ns[excuse.value] = result.excused_ns.get(excuse.value, 0) + part.length
            continue
        result.counted_ns += part.length
        bid, ask = part.view.bid, part.view.ask
        if bid is None and ask is None:
            result.empty_ns += part.length
        elif bid is not None and ask is not None:
            spread_time += law.spread(bid, ask) * 1_000_000 // 1 * part.length
            weight += part.length
        result.two_sided_ns += part.length * (part.own.bid is not None and part.own.ask is not None)
        result.valid_ns += part.length * terms.is_valid(part)
    result.spread_ppm = spread_time // weight if weight else None


def _longest(found: list[Run]) -> int:
    return max((run.length for run in found), default=0)


def _fund(result: Measure, terms: Terms, parts: list[Slice]) -> None:
    """The two monthly limits (SEED 6, 6-1)."""
    kind, ends = terms.contract.fund, terms.contract.excused_ends

    def one_sided(part: Slice) -> bool | None:
        return None if terms.excuse(part) else (part.view.bid is None) != (part.view.ask is None)

    def wide(part: Slice) -> bool | None:
        bid, ask = part.view.bid, part.view.ask
        if terms.excuse(part):
            return None
        limit = law.FUND_DUTIES[kind].spread_permille
        return bid is not None and ask is not None and not law.is_spread_kept(bid, ask, limit)

    alone, broad, unless = runs(parts, one_sided, excused_ends=ends), runs(parts, wide, excused_ends=ends), _counted()
    result.one_sided_ns, result.wide_ns = _longest(alone), _longest(broad)
    for run in alone:
        view = run.last.view
        if law.is_one_sided_breach(kind, view.bid, view.ask, seconds_up(run.length), unless):
            result.breaches.append(Breach(BreachKind.ONE_SIDED, run.start, run.end))
    for run in broad:
        view = run.last.view
        assert view.bid is not None
        assert view.ask is not None
        if law.is_fund_spread_breach(kind, view.bid, view.ask, seconds_up(run.length), unless):
            result.breaches.append(Breach(BreachKind.SPREAD, run.start, run.end))


def _counted() -> law.NotCounted:
    """Excused time is no part of a run."""
    return law.NotCounted()


def _rounds(result: Measure, terms: Terms, book: Book, parts: list[Slice]) -> None:
    """Rounds at whose price, just before, both own sides were within the contract's range (2020 text)."""
    at, permille = 0, terms.contract.range_permille
    for one in book.rounds:
        while at < len(parts) and parts[at].end < one.time:
            at += 1
        if at == len(parts) or one.time <= parts[at].start:
            continue
        if terms.excuse(parts[at]) is not None:
            continue
        own = parts[at].own
        result.rounds += 1
        near = (price is not None and abs(price - one.price) * 1000 <= permille * one.price for price in own[1:4:2])
        result.rounds_present += all(near)


def _postponed(result: Measure, terms: Terms, parts: list[Slice]) -> None:
    """Sizes that the contract wants while matching is postponed (58-3 paras 6 and 8)."""
    for part in parts:
        result.postponed_ns += part.length * (terms.excuse(part) is Excuse.POSTPONED)
    if terms.family is not Family.FUND or terms.contract.foreign_closed:
        return
    short = runs(parts, lambda one: one.view.phase in POSTPONED and not terms.is_postponed_size_kept(one))
    result.postponed_short_ns = sum(run.length for run in short)
    for run in short:
        if run.length > terms.contract.postponed_short_s * SECOND_NS:
            result.breaches.append(Breach(BreachKind.POSTPONED_SIZE, run.start, run.end))


def _thresholds(result: Measure, terms: Terms, session: tuple[int, int]) -> None:
    """Shares of the whole day: what a contract fixes, and a market maker's half."""
    contract = terms.contract
    short = result.valid_ns * 1000 < contract.valid_permille * result.counted_ns
    if short or (terms.family is Family.MAKER and not result.is_time_kept()):
        result.breaches.append(Breach(BreachKind.VALID_TIME, *session))
    if result.rounds_present * 1000 < contract.rounds_permille * result.rounds:
        result.breaches.append(Breach(BreachKind.ROUNDS, *session))

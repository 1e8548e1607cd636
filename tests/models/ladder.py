"""Books drawn as text ladders, records told in one line each: what a person reads when two machines disagree."""

from collections.abc import Iterable

from evermarket.records import NO_PRICE, PRICE_SCALE, Kind, Records
from evermarket.records.codes import sentence
from evermarket.records.kinds import FIRST_EVENT, Aggressor, Mode, OrdType, Phase, Reason, Side, Special, Tif, TradeKind
from tests.models.words import FIELDS, Word, decode, split

Level = tuple[int, int, int]
PRICES = {"from_price", "tick", "value_min", "reference", "limit_up", "limit_down", "previous_close", "strike"}
PRICES |= {"bid_price", "ask_price", "open", "high", "low", "close", "best_bid", "best_ask", "price"}
HIDDEN = {"position", "time", "kind"}
CODES = {
    Kind.CANCELLED: Reason,
    Kind.TRADED: TradeKind,
    Kind.AUCTIONED: TradeKind,
    Kind.PHASE: Phase,
    Kind.PHASE_CHANGED: Phase,
    Kind.TIMER: Special,
    Kind.STABILISATION_STARTED: Special,
    Kind.STABILISATION_ENDED: Special,
    Kind.REFERENCE_SET: Kind,
}
NAMES = {"side": Side, "ord_type": OrdType, "tif": Tif, "mode": Mode}


def money(price: int) -> str:
    """4060000 price units are "406"."""
    if price == NO_PRICE:
        return "none"
    sign = "-" if price < 0 else ""
    whole, rest = divmod(abs(price), PRICE_SCALE)
    return sign + f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def ladder(bids: list[Level], asks: list[Level]) -> str:
    """Asks above bids, the best ones in the middle; quantity (orders) beside the price."""
    rows = [f"{'':>16} {shown(price):>10} {f'{qty} ({count})':<16}" for price, qty, count in reversed(asks)]
    rows += [f"{f'({count}) {qty}':>16} {shown(price):>10}" for price, qty, count in bids]
    return "\n".join(row.rstrip() for row in rows) if rows else f"{'':>16} {'empty':>10}"


def shown(price: int) -> str:
    return "market" if price == NO_PRICE else money(price)


def side_by_side(before: str, after: str) -> str:
    """Two ladders, an arrow between them."""
    left, right = before.splitlines(), after.splitlines()
    height = max(len(left), len(right))
    left = [""] * (height - len(left)) + left
    right = [""] * (height - len(right)) + right
    return "\n".join(
        f"{a:<46} {'->' if at == height // 2 else '  '} {b}".rstrip()
        for at, (a, b) in enumerate(zip(left, right, strict=True))
    )


def name_of(vocabulary: type, number: int) -> str:
    """The name of a number in a vocabulary; the number itself if it is not in there."""
    try:
        return str(vocabulary(number).name)
    except ValueError:
        return str(number)


def told(raw: bytes) -> str:
    """One record in one line."""
    word = decode(raw)
    if word.kind not in set(Kind):
        return f"kind {word.kind}"
    special = {Kind.TRADED: traded, Kind.REJECTED: rejected}.get(Kind(word.kind), plain)
    return f"{Kind(word.kind).name} {special(word)}".rstrip()


def place(word: Word) -> str:
    return f"book {word.instrument}/{word.segment}" if word.instrument else ""


def traded(word: Word) -> str:
    """TRADED 100.5 x 2000 buy#3 sell#1 left 0/3000."""
    kind, aggressor = name_of(TradeKind, word.code), name_of(Aggressor, word.flags & 3)
    return (
        f"{money(word.price)} x {word.qty} buy#{word.buy_no} sell#{word.sell_no} "
        f"left {word.buy_leaves}/{word.sell_leaves} cum {word.buy_cum}/{word.sell_cum} trade#{word.trade_no} "
        f"{kind} by {aggressor} {place(word)}"
    )


def rejected(word: Word) -> str:
    text = sentence(word.code, word.value, word.bound)
    return f"{name_of(Kind, word.command)} #{word.order_no} code {word.code} value {word.value}: {text}"


def plain(word: Word) -> str:
    """Every field that is not zero, by name."""
    parts = [place(word)]
    for name, *_ in FIELDS[word.kind]:
        value = word.values[name]
        if name in HIDDEN or name == "instrument" or not value:
            continue
        parts.append(f"{name} {field_text(word, name, value)}")
    return " ".join(part for part in parts if part)


def field_text(word: Word, name: str, value: int | bytes) -> str:
    if isinstance(value, bytes):
        return repr(value.rstrip(b"\0").decode("utf-8", "replace"))
    if name == "code" and word.kind in CODES:
        return name_of(CODES[Kind(word.kind)], value)
    if name in NAMES:
        return name_of(NAMES[name], value)
    return money(value) if name in PRICES or value == NO_PRICE else str(value)


def lines(records: Records | Iterable[bytes]) -> list[str]:
    """Records as lines: commands after ">", events indented."""
    rows = split(records) if not isinstance(records, list) else records
    return [("  " if raw[16] >= FIRST_EVENT else "> ") + told(raw) for raw in rows]

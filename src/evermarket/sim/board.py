"""A whole board of the Taiwan kind, synthesised from a seed: every product, every tick band, nothing copied.

Source: the shape of the market (which products exist, how many of each, what they may do) from the rulebook; the
numbers are assumptions named in docs/simulation.md. Units: prices in 1/10 000, rates in basis points or permille.
Invariants: instruments are 1 .. n in the order of the list; an underlying stands before what derives from it; every
reference lies on the tick and inside the limits.
Known gaps: no entitlement certificates, stock warrants or secondary listings; warrants have one stock underlying.
"""

from datetime import date
from typing import Final

import msgspec

from evermarket.records.kinds import Segment
from evermarket.rulebook.ticks import nearest_tick
from evermarket.sim import board_rules as rules
from evermarket.sim.board_names import Namer
from evermarket.sim.calibration import calibration
from evermarket.sim.config import SimulationConfig
from evermarket.sim.kernels import Dice

MIX: Final = {
    "stock": 590,
    "disposition": 10,
    "altered": 8,
    "listing": 6,
    "innovation": 12,
    "preferred": 16,
    "receipt": 8,
    "fund": 45,
    "double": 12,
    "inverse": 10,
    "foreign": 50,
    "note": 12,
    "trust": 6,
    "call": 140,
    "put": 45,
    "convertible": 18,
    "bond": 12,
}
"""Kinds of securities and how many of a thousand; each kind has at least one."""

_PRODUCT: Final = {
    "preferred": "preferred",
    "innovation": "innovation",
    "receipt": "depositary_receipt",
    "fund": "etf",
    "double": "etf",
    "inverse": "etf",
    "foreign": "etf",
    "note": "etn",
    "trust": "reit",
    "call": "warrant_call",
    "put": "warrant_put",
    "convertible": "convertible_bond",
    "bond": "corporate_bond",
}

_STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
_DIGITS: Final = "一二三四五六七八九"

_CLASS_FLOW: Final = {"stock": 640, "fund": 190, "warrant": 130, "bond": 6, "other": 34}
"""Share of the orders by class, permille: an assumption."""

_STOCK_BANDS: Final = (
    ((30_000, 99_900), 8),
    ((100_000, 499_500), 50),
    ((500_000, 999_000), 20),
    ((1_000_000, 4_995_000), 17),
    ((5_000_000, 9_990_000), 3),
    ((10_000_000, 60_000_000), 2),
)
"""Reference prices of stocks, one row a band of Art. 62, and how many of a hundred."""


class Security(msgspec.Struct, kw_only=True):
    """One line of the board."""

    instrument: int
    kind: str
    product: str
    code: str
    name: str
    reference: int
    limit_up: int | None
    limit_down: int | None
    segments: tuple[Segment, ...]
    lot: int
    multiple: int = 1
    underlying: int = 0
    """Instrument it derives from; 0: none."""
    ratio_millionths: int = 0
    move_bp: int = 100
    """Standard deviation of its day."""
    popularity: int = 0
    """Its weight among all securities."""
    provider: int = 0
    """Number of the provider that quotes it, from 1; 0: none."""

    @property
    def is_free(self) -> bool:
        """Whether it has no price limits."""
        return self.limit_up is None

    @property
    def flow_class(self) -> str:
        """Which share of the orders it belongs to."""
        if self.kind in ("stock", "disposition", "listing"):
            return "stock"
        if self.kind in ("fund", "double", "inverse", "foreign"):
            return "fund"
        if self.kind in ("call", "put"):
            return "warrant"
        return "bond" if self.kind == "bond" else "other"


def counts_of(total: int) -> dict[str, int]:
    """How many of each kind a board of `total` has; stocks take what is left."""
    counts = {kind: max(1, share * total // 1000) for kind, share in MIX.items()}
    counts["stock"] += total - sum(counts.values())
    return counts


def make_board(config: SimulationConfig) -> list[Security]:
    """The board of a configuration."""
    dice = Dice(config.seed, 1)
    maker = _Maker(config.day, dice)
    for kind, count in counts_of(config.instruments).items():
        for at in range(count):
            maker.add(kind, at)
    _popularity(maker.board, dice)
    _providers(maker.board, provider_count(config.members))
    return maker.board


def provider_count(members: int) -> int:
    """How many members quote as liquidity providers."""
    return max(1, min(members, 2 + members // 12))


class _Maker:
    def __init__(self, day: date, dice: Dice) -> None:
        self.board: list[Security] = []
        self._day = day
        self._dice = dice
        self._namer = Namer(dice)

    def add(self, kind: str, at: int) -> None:
        """One more security of a kind."""
        product = _PRODUCT.get(kind, "stock")
        parent = self._parent(kind)
        code, name = self._names(kind, at, parent)
        table = rules.rule_row(product, self._day).tick_table(self._day)
        reference = nearest_tick(table, self._reference(kind, at, parent))
        multiple = {"double": 2, "inverse": -1}.get(kind, 1)
        ratio = self._dice.between(20, 300) * 1000 if kind in ("call", "put") else 0
        if parent is not None and ratio:
            move = rules.underlying_move(parent.reference, parent.limit_up or 0, parent.limit_down or 0, ratio)
            limits = rules.warrant_day_limits(product, reference, move, self._day)
        else:
            is_free = kind in ("listing", "foreign")
            limits = rules.day_limits(product, reference, self._day, multiple=multiple, is_free=is_free)
        self.board.append(
            Security(
                instrument=len(self.board) + 1,
                kind=kind,
                product=product,
                code=code,
                name=name,
                reference=reference,
                limit_up=limits.up,
                limit_down=limits.down,
                segments=rules.segments_of(product, self._day),
                lot=rules.lot_of(product, self._day),
                multiple=multiple,
                underlying=parent.instrument if parent is not None else 0,
                ratio_millionths=ratio,
                move_bp=self._move(kind, multiple),
            )
        )

    def _parent(self, kind: str) -> Security | None:
        if kind not in ("call", "put", "preferred", "convertible"):
            return None
        stocks = [one for one in self.board if one.kind == "stock" and one.reference >= 200_000]
        return stocks[self._dice.below(len(stocks))]

    def _names(self, kind: str, at: int, parent: Security | None) -> tuple[str, str]:
        serial = sum(one.kind == kind and one.underlying == parent.instrument for one in self.board) if parent else 0
        if parent is not None and kind == "preferred":
            return f"{parent.code}{chr(65 + serial)}", f"{parent.name}{_STEMS[serial % 10]}特"
        if parent is not None and kind == "convertible":
            return f"{parent.code}{serial + 1}", f"{parent.name}{_DIGITS[serial % 9]}"
        if parent is not None:
            return self._namer.warrant(put=kind == "put", underlying=parent.name[:2])
        if kind in ("fund", "double", "inverse", "foreign"):
            return self._namer.fund(kind)
        plain = {
            "receipt": self._namer.receipt,
            "note": self._namer.note,
            "trust": self._namer.trust,
            "bond": self._namer.bond,
        }
        if kind in plain:
            return plain[kind]()
        return self._namer.stock({"innovation": "-創", "listing": "*"}.get(kind, ""))

    def _reference(self, kind: str, at: int, parent: Security | None) -> int:
        """A price before it is put on the tick."""
        if kind in ("call", "put"):
            return self._dice.between(30, 999) * 100 if at % 8 else self._dice.between(50_000, 180_000)
        spans = {
            "fund": (150_000, 1_900_000),
            "double": (200_000, 2_500_000),
            "inverse": (40_000, 200_000),
            "foreign": (120_000, 900_000),
            "note": (60_000, 300_000),
            "trust": (80_000, 220_000),
            "receipt": (30_000, 250_000),
            "convertible": (950_000, 1_700_000),
            "bond": (980_000, 1_030_000),
            "preferred": (400_000, 700_000),
        }
        if kind in spans:
            return self._dice.between(*spans[kind])
        if kind == "stock" and at < len(_STOCK_BANDS):
            low, high = _STOCK_BANDS[at][0]
        else:
            band = self._dice.pick({str(i): weight for i, (_, weight) in enumerate(_STOCK_BANDS)})
            low, high = _STOCK_BANDS[int(band)][0]
        return min(self._dice.between(low, high), self._dice.between(low, high))  # lower prices are more frequent

    def _move(self, kind: str, multiple: int) -> int:
        moves = calibration().move_bp
        own = moves[self._dice.below(len(moves))]
        calm = {"fund": 60, "double": 60, "inverse": 60, "foreign": 50, "trust": 25, "preferred": 25, "bond": 8}
        return max(5, own * calm.get(kind, 120) * abs(multiple) // 100)


def _popularity(board: list[Security], dice: Dice) -> None:
    """Weights 1 / (rank + q) in each class, ranks drawn by lot."""
    for name, flow in _CLASS_FLOW.items():
        members = [one for one in board if one.flow_class == name]
        for at in range(len(members) - 1, 0, -1):
            other = dice.below(at + 1)
            members[at], members[other] = members[other], members[at]
        offset = calibration().rank_offset + 1 + len(members) // 50
        weights = [10**9 // (rank + offset) for rank in range(1, len(members) + 1)]
        for one, weight in zip(members, weights, strict=True):
            one.popularity = max(1, flow * weight * 1000 // sum(weights))


def _providers(board: list[Security], count: int) -> None:
    """Funds, notes and warrants each have a provider who quotes them."""
    quoted = [one for one in board if one.kind in ("fund", "double", "inverse", "foreign", "note", "call", "put")]
    for at, one in enumerate(quoted):
        one.provider = at % count + 1

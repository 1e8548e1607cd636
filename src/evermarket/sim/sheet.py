"""The rows of the securities and the news of the day, as the kernels want them.

Source: the board; calibration (moves, spreads, sizes); assumptions named in docs/simulation.md.
Units: as in state.py. Invariants: integer arithmetic only; rows stand in the order of the board.
"""

from typing import Final

import numpy as np

from evermarket.sim.board import Security
from evermarket.sim.board_rules import rule_row, table_number
from evermarket.sim.calibration import calibration
from evermarket.sim.config import SimulationConfig
from evermarket.sim.kernels import Dice, Ints, number_at
from evermarket.sim.reference import takes_immediate, takes_market
from evermarket.sim.state import FAIR_BITS, SHEET, SHOCK

ROOT_OF_SESSION: Final = 127
"""Square root of the seconds of continuous trading."""
CHEAP_BELOW: Final = 120_000
DEAR_FROM: Final = 1_500_000
"""Prices at which a trading unit is worth what it was in the data of each size class."""
_COARSE_BP, _FINE_BP = 7, 2
FREE_RANGE_PERMILLE: Final = 300
"""How far prices go in a day without limits."""

_Row = dict[str, int]


def make_sheet(
    board: list[Security], config: SimulationConfig, bands: Ints, provider_lines: dict[int, int]
) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """One row a security."""
    dice = Dice(config.seed, 3)
    sheet = np.zeros(len(board), SHEET)
    spreads = _spreads(board)
    for at, one in enumerate(board):
        row = _row(one, config, bands, dice)
        row["gap"] = min((spreads[one.instrument] - 1) // 2, 8 if row["fine"] else 3)
        row["provider_line"] = provider_lines.get(one.provider, 0)
        for name, value in row.items():
            sheet[at][name] = value
    return sheet


def _spreads(board: list[Security]) -> dict[int, int]:
    """Calibrated spreads, the narrowest for the most popular."""
    ranked = sorted(board, key=lambda one: -one.popularity)
    spreads = calibration().spread_ticks
    return {one.instrument: spreads[at * len(spreads) // len(ranked)] for at, one in enumerate(ranked)}


def _row(one: Security, config: SimulationConfig, bands: Ints, dice: Dice) -> _Row:
    table = table_number(rule_row(one.product, config.day).ticks)
    reference = one.reference
    number = int(number_at(bands, table, reference))
    tick = int(next(b[1] for b in reversed(bands[table]) if b[0] <= reference))
    is_fine = tick * 2000 < reference
    per_bp = (reference << 16) // (10_000 * tick)
    low = one.limit_down or reference * (1000 - FREE_RANGE_PERMILLE) // 1000
    high = one.limit_up or reference * (1000 + FREE_RANGE_PERMILLE) // 1000
    row = {
        "instrument": one.instrument,
        "table": table,
        "reference": reference,
        "reference_number": number,
        "low_number": int(number_at(bands, table, max(low, tick))),
        "high_number": int(number_at(bands, table, high)),
        "limited": int(not one.is_free),
        "session": int(one.kind in ("disposition", "altered", "bond")),
        "fine": int(is_fine),
        "scale": min(1000, (_FINE_BP if is_fine else _COARSE_BP) * reference // (10 * tick)),
        "per_bp": per_bp,
        "sigma": one.move_bp * per_bp * config.volatility_percent // 100 // ROOT_OF_SESSION,
        "beta": 1000 * one.multiple if one.flow_class == "fund" else dice.between(600, 1400),
        "size_class": 0 if reference < CHEAP_BELOW else 2 if reference >= DEAR_FROM else 1,
        "lot": one.lot,
        "market": int(takes_market(one, config.day)),
        "immediate": int(takes_immediate(one)),
        "underlying": one.underlying - 1 if one.kind in ("call", "put", "convertible") else -1,
        "ratio": _ratio(one),
    }
    overnight = dice.between(-one.move_bp, one.move_bp) * per_bp // 2
    row["fair"] = (number << FAIR_BITS) + (1 << FAIR_BITS - 1) + overnight
    return row


def _ratio(one: Security) -> int:
    """Millionths of the underlying's move: half the exercise ratio for a warrant, six tenths of a convertible."""
    if one.kind == "convertible":
        return 600_000
    return one.ratio_millionths * (-1 if one.kind == "put" else 1) // 2


def make_shocks(
    board: list[Security], sheet: np.ndarray[tuple[int], np.dtype[np.void]], config: SimulationConfig, span: range
) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """News in the slots of `span`, most of it about popular securities with prices of their own."""
    dice = Dice(config.seed, 4)
    rows = [at for at, one in enumerate(board) if sheet[at]["underlying"] < 0 and sheet[at]["session"] == 0]
    weights = {str(at): board[at].popularity for at in rows}
    shocks = np.zeros(config.shocks, SHOCK)
    for shock in shocks:
        at = int(dice.pick(weights))
        length = dice.between(4, 30)
        size = config.shock_permille * dice.between(50, 150) // 100 * (1 if dice.below(2) else -1)
        shock["slot"], shock["row"], shock["length"] = span[dice.below(len(span))], at, length
        shock["step"] = size * 10 * int(sheet[at]["per_bp"]) // length
    shocks.sort(order="slot")
    return shocks

"""What each contract fixes for itself: one row an instrument of a parameter file, with defaults where it is silent.

Source: SEED 6, 6-1; ETFLP Art. 5, 6; ETNLP Art. 8; WLP Art. 4, 6, 7; SMM Art. 4. Units: lots of 1 000 shares, permille.
Unverified, therefore parameters: the range of participation, the sizes while matching is postponed and how long they
may be missing, whether excused time ends a breach under way, and which of the two methods a warrant's issuer chose.
Known gaps: a foreign market is open or closed for the whole day; states of the underlying too (halts are measured).
"""

import csv
from enum import Enum
from pathlib import Path

import msgspec

from evermarket.records.kinds import Product
from evermarket.rulebook.liquidity import FundKind


class WarrantMethod(Enum):
    """How a warrant's provider serves (回應報價要求 or 主動報價)."""

    RESPONSE = "response"
    ACTIVE = "active"


class Family(Enum):
    """Which article a provider's duty comes from."""

    FUND = "etf"
    NOTE = "etn"
    WARRANT = "warrant"
    MAKER = "maker"


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The terms of one instrument. An empty issuer means: the provider's own member."""

    instrument: int
    issuer: str = ""
    line: int = 0
    """A line of the appointed provider, so that one who never comes is measured too; 0: whoever came."""
    fund: FundKind = FundKind.DOMESTIC
    foreign_closed: bool = False
    """The foreign market, or the foreign futures market, is closed today (ETN: of 30 % of the weight or more)."""
    lots: int = 1
    """Smallest size of a fund provider's side."""
    spread_permille: int | None = None
    """Widest spread of a fund provider's own quote; None: the monthly limit's."""
    valid_permille: int = 0
    """Least share of the counted time with a valid quote (2024 text); 0: none fixed."""
    range_permille: int = 10
    rounds_permille: int = 0
    """Least share of the matching rounds with both sides within the range of the price (2020 text); 0: none fixed."""
    postponed_lots: int = 1
    postponed_short_s: int = 60
    excused_ends: bool = True
    """Whether excused time ends what lasts; else it is left out and the rest is added."""
    method: WarrantMethod = WarrantMethod.ACTIVE
    spread_ticks: int | None = None
    underlying: int = 0
    """Instrument; 0: what REF_CONTRACT says, else none."""
    underlying_restricted: bool = False
    """Illiquid or under disposition."""
    units_short: bool = False
    days_to_last: int = 1_000
    listed: bool = False
    """On the issuer's own list of exceptions."""
    premium_case: bool = False


def family_of(product: int) -> Family:
    """The family of duties a product falls under; other shares have market makers."""
    families = {
        Product.ETF: Family.FUND,
        Product.ETN: Family.NOTE,
        Product.WARRANT_CALL: Family.WARRANT,
        Product.WARRANT_PUT: Family.WARRANT,
    }
    return families.get(Product(product), Family.MAKER)


def read_contracts(path: Path) -> dict[int, Contract]:
    """The parameter file: CSV with `instrument` and any other field of Contract as columns; empty cells are defaults.

    Errors: ValueError with file, line and field.
    """
    contracts: dict[int, Contract] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            where = f"{path.name} line {reader.line_num}"
            if None in row:
                raise ValueError(f"{where}: more cells than the header has columns")
            try:
                given = {name: cell for name, cell in row.items() if cell}
                contract = msgspec.convert(given, Contract, strict=False)
            except msgspec.ValidationError as error:
                raise ValueError(f"{where}: {error}") from error
            if contract.instrument in contracts:
                raise ValueError(f"{where}: instrument {contract.instrument} has a row already")
            contracts[contract.instrument] = contract
    return contracts

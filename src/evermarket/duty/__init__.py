"""What is owed: the duties of liquidity providers (流動量提供者) and what they did, derived from the journal alone.

`fold` follows the books, `measure_day` judges them by the terms of each contract, `month` counts, `write_report` tells.
"""

from evermarket.duty.book import Book
from evermarket.duty.contract import Contract, WarrantMethod, read_contracts
from evermarket.duty.fold import fold
from evermarket.duty.measure import measure_day
from evermarket.duty.month import MonthRow, add_day, month
from evermarket.duty.report import write_report
from evermarket.duty.result import Breach, BreachKind, Measure
from evermarket.duty.seen import Own, View
from evermarket.duty.stream import Market, Provider

__all__ = [
    "Book",
    "Breach",
    "BreachKind",
    "Contract",
    "Market",
    "Measure",
    "MonthRow",
    "Own",
    "Provider",
    "View",
    "WarrantMethod",
    "add_day",
    "fold",
    "measure_day",
    "month",
    "read_contracts",
    "write_report",
]

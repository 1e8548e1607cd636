"""What can be traded, as a member names it: a code, or the instrument number that the records know."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evermarket.client.errors import UnknownContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One instrument. `lot` is what one board lot counts."""

    instrument: int
    code: str = ""
    name: str = ""
    market: str = ""
    lot: int = 1_000

    def __str__(self) -> str:
        code = self.code or f"#{self.instrument}"
        return f"{code}.{self.market}" if self.market else code


class Contracts:
    """A table of contracts. Example: `contracts["2330"]`, `contracts["2330.TWSE"]`, `contracts[17]`.

    An instrument number that the table does not have is taken as it is.
    """

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        self._by_number: dict[int, Contract] = {}
        self._by_code: dict[str, Contract] = {}
        for contract in contracts:
            self._by_number[contract.instrument] = contract
            if contract.code:
                self._by_code[contract.code] = contract
                self._by_code[str(contract)] = contract

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Contract]:
        return iter(self._by_number.values())

    def __getitem__(self, code: str | int) -> Contract:
        if isinstance(code, int):
            return self._by_number.get(code) or Contract(instrument=code)
        found = self._by_code.get(code)
        if found is None:
            near = difflib.get_close_matches(code, self._by_code, n=3, cutoff=0.3)
            hint = f"; nearest are {', '.join(near)}" if near else ""
            raise UnknownContract("UNKNOWN_CONTRACT", f"no contract {code!r}{hint}", field="code")
        return found

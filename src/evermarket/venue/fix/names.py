"""Names of outsiders and our numbers for them: security codes and accounts, both ways."""

from collections.abc import Mapping
from typing import Final

NONE: Final = "NONE"


class Names:
    """Instruments by security code, accounts by name. Account 0 is the one of a message that names none."""

    def __init__(self, instruments: Mapping[str, int], accounts: Mapping[str, int]) -> None:
        self.instruments = dict(instruments)
        self.accounts = dict(accounts)
        self._symbols = {number: name for name, number in instruments.items()}
        self._account_names = {number: name for name, number in accounts.items()}

    def __repr__(self) -> str:
        return f"<Names {len(self.instruments)} instruments, {len(self.accounts)} accounts>"

    def symbol(self, instrument: int) -> str:
        """The security code; a number without one is shown as it is."""
        return self._symbols.get(instrument, f"#{instrument}" if instrument else NONE)

    def account(self, number: int) -> str:
        """The account's name; empty for none."""
        return self._account_names.get(number, f"#{number}" if number else "")

"""Names of outsiders and our numbers for them: security codes and accounts, both ways.

Security codes are in the stream itself (the first text of an accepted REF_INSTRUMENT, docs/format.md, section 4.1), so
every gateway learns the same. Accounts are named by configuration. Account 0 is that of a message that names none.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.raw import WHOLE

NONE: Final = "NONE"


class Names:
    """Instruments by security code, accounts by name."""

    def __init__(self, accounts: Mapping[str, int] | None = None, instruments: Mapping[str, int] | None = None) -> None:
        self.instruments: dict[str, int] = {}
        self.accounts = dict(accounts or {})
        self._symbols: dict[int, str] = {}
        self._account_names = {number: name for name, number in self.accounts.items()}
        self._said: tuple[int, str] | None = None  # an instrument and its code, not accepted yet
        for code, instrument in (instruments or {}).items():
            self.add(code, instrument)

    def __repr__(self) -> str:
        return f"<Names of {len(self.instruments)} instruments, {len(self.accounts)} accounts>"

    def add(self, code: str, instrument: int) -> None:
        """A security code. The first one of an instrument and the first instrument of a code count, so that a report
        does not depend on when it is made."""
        self.instruments.setdefault(code, instrument)
        self._symbols.setdefault(instrument, code)

    def fold(self, records: Records) -> None:
        """The next records of the stream."""
        raw = records.view(WHOLE)
        rows = raw.view(HEADER)
        kinds = rows["kind"]
        of_names = (kinds == Kind.REF_INSTRUMENT) | (kinds == Kind.TEXT)
        set_now = (kinds == Kind.REFERENCE_SET) & (rows["code"] == Kind.REF_INSTRUMENT)
        for at in np.flatnonzero(of_names | set_now).tolist():
            row = rows[at]
            if row["kind"] == Kind.REF_INSTRUMENT:
                self._said = (int(row["instrument"]), "") if int(row["flags"]) & 15 else None
            elif self._said is not None and row["kind"] == Kind.TEXT:
                text = raw[at : at + 1].view(LAYOUT[Kind.TEXT])["text"][0].decode("latin-1")
                self._said = (self._said[0], self._said[1] or text)
            elif self._said is not None:
                self.add(self._said[1], self._said[0])
                self._said = None

    def symbol(self, instrument: int) -> str:
        """The security code; a number without one is shown as it is."""
        return self._symbols.get(instrument, f"#{instrument}" if instrument else NONE)

    def account(self, number: int) -> str:
        """The account's name; empty for none."""
        return self._account_names.get(number, f"#{number}" if number else "")

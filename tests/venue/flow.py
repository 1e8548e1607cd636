"""The flow of each line, folded from the stream record by record: slow, obvious, docs/sessions.md read aloud."""

from collections import defaultdict

from evermarket.records import LAYOUT, Kind, Records

NAMES_LINE = {
    Kind.ACCEPTED,
    Kind.REJECTED,
    Kind.REDUCED,
    Kind.REPRICED,
    Kind.CANCELLED,
    Kind.CONVERTED,
    Kind.OFF_BOOK_TRADED,
    Kind.TRADE_VOIDED,
    Kind.QUOTED,
    Kind.QUOTE_REQUESTED,
    Kind.MASS_CANCELLED,
}
PUBLIC = {
    Kind.QUOTE_REQUESTED: ("cl_ord_id", "account", "line"),
    Kind.PHASE_CHANGED: (),
    Kind.AUCTIONED: (),
    Kind.STABILISATION_STARTED: ("order_no",),
    Kind.STABILISATION_ENDED: (),
    Kind.HALTED: (),
    Kind.RESUMED: (),
    Kind.ANNOUNCED: (),
    Kind.CLOSED: (),
}
"""Kinds of the public flow, and what is zero in it. The texts of announcements come beside."""

MASKS = {
    Kind.TRADED: {side: (f"{side}_no", f"{side}_leaves", f"{side}_cum") for side in ("buy", "sell")},
    Kind.TRADE_VOIDED: {side: (f"{side}_no",) for side in ("buy", "sell")},
    Kind.OFF_BOOK_TRADED: {side: (f"{side}_line", f"{side}_account", f"{side}_open_close") for side in ("buy", "sell")},
}


def in_public(row: Records, kind: Kind) -> bytes:
    """Its copy in the public flow."""
    return masked(row, ("flags", *PUBLIC.get(kind, ())))


def masked(row: Records, fields: tuple[str, ...]) -> bytes:
    copy = row.copy()
    for name in fields:
        copy[name] = 0
    return copy.tobytes()


class Flows:
    """Folds records in order of positions. `of[line]` is [(position, record)]; `public` alike."""

    def __init__(self) -> None:
        self.of: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        self.public: list[tuple[int, bytes]] = []
        self.first: dict[tuple[int, int], int | None] = {}
        self.last_id: dict[int, int] = defaultdict(int)
        self._line_of: dict[int, int] = {}
        self._sender = 0
        self._id = 0
        self._texts: list[tuple[int, bytes]] = []

    def fold(self, stream: Records) -> None:
        for at in range(len(stream)):
            kind = Kind(int(stream[at]["kind"]))
            row = stream[at : at + 1].view(LAYOUT[kind])
            if kind < Kind.ACCEPTED:
                self._command(kind, row)
            else:
                self._event(kind, row)

    def _command(self, kind: Kind, row: Records) -> None:
        if kind is Kind.TEXT:
            self._texts.append((int(row[0]["position"]), in_public(row, kind)))
            return
        self._texts = []
        self._sender = self._id = 0
        if kind <= Kind.VOID_TRADE:
            self._sender, self._id = int(row[0]["line"]), int(row[0]["cl_ord_id"])
            if self._sender and self._id > self.last_id[self._sender]:
                self.last_id[self._sender] = self._id
                self.first[self._sender, self._id] = None

    def _event(self, kind: Kind, row: Records) -> None:
        lines = self._concerned(kind, row)
        if "cl_ord_id" in (row.dtype.names or ()) and self._id and int(row[0]["cl_ord_id"]) == self._id:
            lines.add(self._sender)
        position = int(row[0]["position"])
        for line in lines - {0}:
            self.of[line].append((position, self._copy_for(line, kind, row)))
            if line == self._sender and self.first.get((line, self._id), 0) is None:
                self.first[line, self._id] = position
        if kind in PUBLIC:
            if kind is Kind.ANNOUNCED:
                self.public += self._texts
            self.public.append((position, in_public(row, kind)))

    def _concerned(self, kind: Kind, row: Records) -> set[int]:
        lines = {int(row[0]["line"])} if kind in NAMES_LINE else set()
        if kind is Kind.ACCEPTED:
            self._line_of[int(row[0]["order_no"])] = int(row[0]["line"])
        if kind is Kind.OFF_BOOK_TRADED:
            lines |= {int(row[0]["buy_line"]), int(row[0]["sell_line"])}
        if kind in (Kind.TRADED, Kind.TRADE_VOIDED):
            lines |= {self._line_of.get(int(row[0][side]), 0) for side in ("buy_no", "sell_no")}
        return lines

    def _copy_for(self, line: int, kind: Kind, row: Records) -> bytes:
        is_sender = line == self._sender
        fields: tuple[str, ...] = () if is_sender or kind not in NAMES_LINE else ("cl_ord_id",)
        if kind not in MASKS or (is_sender and kind is Kind.OFF_BOOK_TRADED):
            return masked(row, fields)
        for side in ("buy", "sell"):
            whose = (
                row[0][f"{side}_line"]
                if kind is Kind.OFF_BOOK_TRADED
                else self._line_of.get(int(row[0][f"{side}_no"]), 0)
            )
            if int(whose) != line:
                fields += MASKS[kind][side]
        return masked(row, fields)

    def wanted(self, line: int, after: int, upto: int, *, is_public: bool) -> list[tuple[int, bytes, bool]]:
        """(position, record, whether it is public) of a line's flow between two positions."""
        own = {position: record for position, record in self.of[line] if after < position <= upto}
        found = [(position, record, False) for position, record in own.items()]
        if is_public:
            found += [(p, r, True) for p, r in self.public if after < p <= upto and p not in own]
        return sorted(found)

"""The slow, obvious market: commands in, the stream of commands and events out (docs/format.md).

It is read beside the document, paragraph by paragraph, and is the oracle that the cores are compared with. It knows
nothing of how they work: no arrays, no indexes, no incremental sums; the digest is recomputed from the live orders.

Layout: `words` (bytes), `ticks`, `state`, `checks` (5), `reference` (5.4), `auction` (6.3, 6.10), `entering` (6.1,
6.9), `members` (6.1, 6.8), `phases` (6.2, 6.4 to 6.7), `invariants`; this file joins them.
"""

from collections.abc import Callable

from evermarket.records import Records, mixer
from evermarket.records.codes import Code
from evermarket.records.kinds import Kind, Side
from tests.models import checks, members, phases
from tests.models.auction import auction_price
from tests.models.invariants import check_invariants
from tests.models.reference import apply_reference
from tests.models.state import Market, Order, Refused
from tests.models.words import Word, as_signed, decode, join, or_null, split

Level = tuple[int, int, int]
"""Price, quantity, number of orders. Market orders stand first, at NO_PRICE."""

VERBS: dict[Kind, Callable[[Market, Word], None]] = {
    Kind.NEW: members.new,
    Kind.REDUCE: members.reduce,
    Kind.REPRICE: members.reprice,
    Kind.CANCEL: members.cancel_one,
    Kind.QUOTE: members.quote,
    Kind.MASS_CANCEL: members.mass_cancel,
    Kind.QUOTE_REQUEST: members.quote_request,
    Kind.OFF_BOOK_TRADE: members.off_book_trade,
    Kind.VOID_TRADE: members.void_trade,
    Kind.PHASE: phases.phase,
    Kind.TIMER: phases.timer,
    Kind.INDICATE: phases.indicate,
    Kind.DRAW: phases.draw,
    Kind.HALT: phases.halt,
    Kind.RESUME: phases.resume,
    Kind.ANNOUNCE: phases.announce,
    Kind.REF_TICK: apply_reference,
    Kind.REF_LINE: apply_reference,
    Kind.REF_STABILISATION: apply_reference,
    Kind.REF_INSTRUMENT: apply_reference,
    Kind.REF_PRICES: apply_reference,
    Kind.REF_CONTRACT: apply_reference,
}


class Model:
    """A market that can be fed."""

    def __init__(self) -> None:
        self.market = Market()

    def run(self, commands: Records) -> Records:
        """Take one batch; give back each command with its position, followed by its events."""
        batch = [decode(raw) for raw in split(commands)]
        self.market.out = []
        while batch:
            taken = self._apply(batch)
            batch = batch[taken:]
        return join(self.market.out)

    def _apply(self, batch: list[Word]) -> int:
        """Write the first command of the batch with its texts, then its events or its refusal. How many were taken."""
        market, head = self.market, batch[0]
        texts = texts_after_head(batch)
        run = batch[: 1 + texts] if is_whole_run(head, texts) else batch[:1]
        market.time = head.time
        for word in run:
            market.write(word.raw)
        events_from = len(market.out)
        try:
            self._answer(head, texts)
        except Refused as refused:
            assert len(market.out) == events_from, "a refused command has no other event"
            self._reject(head, refused)
        assert len(market.out) > events_from, "every command has an event"
        return len(run)

    def _answer(self, head: Word, texts: int) -> None:
        """4.2: first the bytes, then the numbers that are used up in any case, then the command itself."""
        if head.kind not in VERBS:
            raise Refused(Code.UNKNOWN_KIND, head.kind)
        if head.kind in checks.RUN_KINDS and not is_whole_run(head, texts):
            raise Refused(Code.BROKEN_RUN, head.flags & 15, texts)
        if head.kind in checks.MEMBER_KINDS:
            checks.note_numbers(self.market, head)
        checks.unused_bytes(head)
        if head.kind in checks.MEMBER_KINDS:
            checks.note_client_id(self.market, head)
        VERBS[Kind(head.kind)](self.market, head)

    def _reject(self, head: Word, refused: Refused) -> None:
        """4.2: REJECTED echoes what the command has of these fields."""
        is_command = head.kind in VERBS
        echo = {
            name: head.values[name] for name in ("cl_ord_id", "order_no", "line") if is_command and name in head.values
        }
        self.market.tell(
            Kind.REJECTED,
            **echo,
            instrument=head.instrument,
            attributes=head.attributes,
            command=head.kind,
            code=refused.code,
            value=as_signed(refused.value),
            bound=as_signed(refused.bound),
        )

    @property
    def digest(self) -> int:
        """Section 7, from nothing but the live orders and the defined books."""
        orders = [
            mixer.order_term(
                order_no=order.number,
                instrument=order.instrument,
                segment=order.segment,
                side=order.side,
                price=order.price,
                leaves=order.leaves,
                priority=order.priority,
            )
            for book in self.market.books.values()
            for order in book.orders
        ]
        books = [
            mixer.book_term(
                instrument=book.instrument,
                segment=book.segment,
                phase=book.label,
                reference=book.reference,
                last=or_null(book.last),
                volume=book.volume,
            )
            for book in self.market.books.values()
        ]
        return (sum(orders) + sum(books)) % 2**64

    def depth(self, instrument: int, segment: int, levels: int) -> tuple[list[Level], list[Level]]:
        """The best levels of both sides. Market orders are the top level, at NO_PRICE."""
        book = self.market.books[instrument, segment]
        bids, asks = (side_levels(book.queue(side))[:levels] for side in (Side.BUY, Side.SELL))
        return bids, asks

    def unfilled(self, instrument: int, segment: int, levels: int) -> tuple[list[Level], list[Level]]:
        """The best levels that an auction held now would leave (6.3)."""
        book = self.market.books[instrument, segment]
        found = auction_price(self.market, book)
        volume = found.volume if found else 0
        bids, asks = (side_levels(book.queue(side), volume)[:levels] for side in (Side.BUY, Side.SELL))
        return bids, asks

    def check_invariants(self) -> None:
        """Raise AssertionError if anything that must always hold does not."""
        check_invariants(self.market)


def texts_after_head(batch: list[Word]) -> int:
    """How many TEXT records follow the head in the batch, counted up to what it announces."""
    announced = batch[0].flags & 15
    following = batch[1 : 1 + announced]
    return next((at for at, word in enumerate(following) if word.kind != Kind.TEXT), len(following))


def is_whole_run(head: Word, texts: int) -> bool:
    """4.1: a kind that takes texts, a number of them that it may have, all there."""
    announced = head.flags & 15
    return announced in checks.RUN_KINDS.get(head.kind, ()) and texts == announced


def side_levels(orders: list[Order], filled: int = 0) -> list[Level]:
    """Orders in book order, added up where they share a price, after the first `filled` of the limit orders traded."""
    levels: dict[int, Level] = {}
    for order in orders:
        taken = 0 if order.is_market else min(order.leaves, filled)
        filled -= taken
        if order.leaves > taken:
            _, qty, count = levels.get(order.price, (order.price, 0, 0))
            levels[order.price] = (order.price, qty + order.leaves - taken, count + 1)
    return list(levels.values())

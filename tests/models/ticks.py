"""Tick tables: which prices are valid, and what number each has (docs/format.md, section 5.4)."""

from dataclasses import dataclass, field

from evermarket.records.units import PRICE_MAX, PRICE_NUMBER_MAX


@dataclass
class TickTable:
    """Bands in ascending order: (from_price, tick)."""

    bands: list[tuple[int, int]] = field(default_factory=list)

    def tick_at(self, price: int) -> int:
        """The tick of the last band that begins at or below `price`."""
        return next(tick for start, tick in reversed(self.bands) if start <= price)

    def on_tick(self, price: int) -> bool:
        return price > 0 and price % self.tick_at(price) == 0

    def floor(self, price: int) -> int:
        """The multiple of its band's tick at or below `price`: a valid price or 0."""
        return price - price % self.tick_at(price)

    def number(self, price: int) -> int:
        """How many valid prices lie in (0, price]."""
        count = 0
        for (start, tick), end in zip(self.bands, self._ends(), strict=True):
            last = price if end is None or price < end else end - 1
            first = -(-max(start, 1) // tick) * tick
            if last >= first:
                count += (last - first) // tick + 1
        return count

    def price(self, number: int) -> int:
        """The valid price with that number (1 is the lowest)."""
        for (start, tick), end in zip(self.bands, self._ends(), strict=True):
            first = -(-max(start, 1) // tick) * tick
            here = None if end is None else max(0, (end - 1 - first) // tick + 1)
            if here is None or number <= here:
                return first + (number - 1) * tick
            number -= here
        raise AssertionError("the last band is open")

    def _ends(self) -> list[int | None]:
        return [*(start for start, _ in self.bands[1:]), None]

    def in_range(self, price: int) -> bool:
        """Section 5.4: between 1 and 10^10, and the number of the valid price at or below it is not too large."""
        return 1 <= price <= PRICE_MAX and self.number(self.floor(price)) <= PRICE_NUMBER_MAX

    def below(self, price: int) -> int | None:
        """The valid price next below `price`."""
        number = self.number(price) - (1 if self.on_tick(price) else 0)
        return self.price(number) if number >= 1 else None

    def above(self, price: int) -> int:
        """The valid price next above `price`."""
        return self.price(self.number(price) + 1)

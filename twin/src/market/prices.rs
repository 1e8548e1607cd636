//! Prices: tick tables, price numbers, the range, the day's limits (format.md 5.4, 5.5; TWSE
//! Art. 62, 63).

use super::core::{Answer, Core};
use super::tables::{Band, Book};
use crate::records::refusals::{self, Refusal};
use crate::records::{NO_PRICE, PRICE_MAX};
use crate::store::{Handle, Store};

/// The largest number a price may have.
pub const NUMBER_MAX: i64 = (1 << 30) - 2;

impl Band {
    /// The number of the band's price at or below `price`, which lies in the band.
    #[inline]
    pub const fn number(&self, price: i64) -> i64 {
        self.base + (price - self.from) / self.tick
    }
}

impl Core {
    /// The band of a table in which a price above 0 lies.
    #[inline]
    pub fn band_of(&self, table: u16, price: i64) -> Option<Band> {
        let bands = self.db.bands.by_from();
        let (_, band) = bands.range((table, 0)..=(table, price)).next_back()?;
        Some(*self.db.bands.get(band))
    }

    /// The band after another, if the table has one.
    fn band_after(&self, band: &Band) -> Option<Band> {
        let bands = self.db.bands.by_from();
        let rest = (band.table, band.from + 1)..=(band.table, i64::MAX);
        let (_, next) = bands.range(rest).next()?;
        Some(*self.db.bands.get(next))
    }

    /// The last band of a table.
    pub fn last_band(&self, table: u16) -> Option<Band> {
        self.band_of(table, i64::MAX)
    }

    /// Is a price in range of a table?
    pub fn in_range(&self, table: u16, price: i64) -> bool {
        (1..=PRICE_MAX).contains(&price)
            && self
                .band_of(table, price)
                .is_some_and(|band| band.number(price) <= NUMBER_MAX)
    }

    /// Is a price above 0 on tick?
    pub fn on_tick(&self, table: u16, price: i64) -> bool {
        self.band_of(table, price)
            .is_some_and(|band| price % band.tick == 0)
    }

    /// The valid price at or below, 0 where there is none.
    pub fn tick_below(&self, table: u16, price: i64) -> i64 {
        self.band_of(table, price)
            .map_or(0, |band| price - price % band.tick)
    }

    /// The valid price above a valid one.
    pub fn tick_above(&self, table: u16, price: i64) -> i64 {
        // Where a band begins is a multiple of the tick below it too, so the step never leaves it.
        self.band_of(table, price)
            .map_or(0, |band| price + band.tick)
    }

    /// The number of a valid price.
    pub fn number_of(&self, table: u16, price: i64) -> i64 {
        self.band_of(table, price)
            .map_or(0, |band| band.number(price))
    }

    /// The valid price with a number.
    pub fn price_of(&self, table: u16, number: i64) -> i64 {
        let bands = self.db.bands.by_from();
        let all = bands.range((table, 0)..=(table, i64::MAX));
        all.map(|(_, band)| *self.db.bands.get(band))
            .take_while(|band| band.base <= number)
            .last()
            .map_or(0, |band| band.from + (number - band.base) * band.tick)
    }

    /// The price of a limit order: PRICE_RANGE, PRICE_TICK, ABOVE_LIMIT, BELOW_LIMIT.
    #[inline]
    pub fn check_price(&self, book: Handle<Book>, price: i64) -> Answer {
        let row = self.book(book);
        let fast = row.fast_low <= price && price <= row.fast_high;
        if fast && price % i64::from(row.fast_tick) == 0 {
            return Ok(());
        }
        self.check_price_slowly(book, price)
    }

    #[cold]
    fn check_price_slowly(&self, book: Handle<Book>, price: i64) -> Answer {
        let terms = self.db.terms.get(book.terms());
        if !self.in_range(terms.table, price) {
            let code = refusals::PRICE_RANGE;
            return Err(Refusal::bounded(code, price, PRICE_MAX));
        }
        let tick = self.band_of(terms.table, price).map_or(1, |band| band.tick);
        if price % tick != 0 {
            return Err(Refusal::bounded(refusals::PRICE_TICK, price, tick));
        }
        if terms.limit_up != NO_PRICE && price > terms.limit_up {
            let code = refusals::ABOVE_LIMIT;
            return Err(Refusal::bounded(code, price, terms.limit_up));
        }
        if terms.limit_down != NO_PRICE && price < terms.limit_down {
            let code = refusals::BELOW_LIMIT;
            return Err(Refusal::bounded(code, price, terms.limit_down));
        }
        Ok(())
    }

    /// Finds the prices around `near` that need no look into the tables: one band, inside the
    /// limits and the range.
    pub fn set_fast_prices(&mut self, book: Handle<Book>, near: i64) {
        let terms = *self.db.terms.get(book.terms());
        let near = near.clamp(1, PRICE_MAX);
        let Some(band) = self.band_of(terms.table, near) else {
            return;
        };
        let next = self.band_after(&band).map_or(i64::MAX, |next| next.from);
        let room = (NUMBER_MAX - band.base).saturating_mul(band.tick);
        let mut high = PRICE_MAX.min(next - 1).min(band.from.saturating_add(room));
        let mut low = band.from.max(1);
        if terms.limit_up != NO_PRICE {
            high = high.min(terms.limit_up);
            low = low.max(terms.limit_down);
        }
        self.db.patch(book, |row: &mut Book| {
            row.fast_low = low;
            row.fast_high = high;
            row.fast_tick = band.tick as u32;
        });
    }
}

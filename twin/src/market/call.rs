//! The call auction on a book: simulated, held, told (format.md 6.3, 6.4).

use super::auction::{Cross, Step, cross};
use super::core::{Answer, Core, Head};
use super::queue::index;
use super::sweep::{Deal, Party};
use super::tables::{Book, Call, Level};
use crate::records::bodies::{Auctioned, Body, Phase};
use crate::records::vocabulary::{aggressor, book_flag, kind, mode, segment, side};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

/// A price at which a book would trade, and what stands behind it.
#[derive(Clone, Copy)]
pub struct Equilibrium {
    pub price: i64,
    pub cross: Cross,
}

impl Core {
    /// What a call auction would give now; only orders with a price take part.
    pub fn simulate(&self, book: Handle<Book>) -> Option<Equilibrium> {
        if self.book(book).segment == segment::FIXED_PRICE {
            return None;
        }
        let cross = cross(self.steps(book, side::BUY), self.steps(book, side::SELL))?;
        let price = self.choose_price(book, &cross);
        Some(Equilibrium { price, cross })
    }

    /// The priced levels of a side, best first.
    pub fn priced_levels(
        &self,
        book: Handle<Book>,
        of_side: u8,
    ) -> impl Iterator<Item = &Level> + use<'_> {
        let mut next = self.best_priced(book, of_side);
        std::iter::from_fn(move || {
            let level = self.db.levels.get(next?);
            next = level.worse.some();
            Some(level)
        })
    }

    fn steps(&self, book: Handle<Book>, of_side: u8) -> impl Iterator<Item = Step> + use<'_> {
        self.priced_levels(book, of_side).map(|level| Step {
            price: level.price,
            qty: level.qty,
        })
    }

    /// One of the legal prices: nearest to the anchor, or the middle (rule TIE_MIDDLE).
    fn choose_price(&self, book: Handle<Book>, cross: &Cross) -> i64 {
        if cross.low == cross.high {
            return cross.low;
        }
        let table = self.db.terms.get(book.terms()).table;
        if self.book(book).rules & book_flag::TIE_MIDDLE != 0 {
            return self.middle(table, cross);
        }
        match self.last_or_reference(book) {
            // No anchor is below every price.
            anchor if anchor <= cross.low => cross.low,
            anchor if anchor >= cross.high => cross.high,
            anchor => self.nearest(table, anchor),
        }
    }

    /// The valid price nearest to one between valid ones; the lower of two.
    fn nearest(&self, table: u16, anchor: i64) -> i64 {
        let below = self.tick_below(table, anchor);
        if below == anchor {
            return below;
        }
        let above = self.tick_above(table, below);
        if anchor - below <= above - anchor {
            below
        } else {
            above
        }
    }

    /// Least difference of buys and sells, then the middle by price number, halves up. Between the
    /// ends stands no order, so the difference there is nought.
    fn middle(&self, table: u16, cross: &Cross) -> i64 {
        let (low, high) = (
            self.number_of(table, cross.low),
            self.number_of(table, cross.high),
        );
        let excess = |price: i64| (cross.buys_left_at(price) - cross.sells_left_at(price)).abs();
        let (at_low, at_high) = (excess(cross.low), excess(cross.high));
        let between = high - low > 1;
        let least = if between { 0 } else { at_low.min(at_high) };
        let first = match () {
            () if at_low == least => low,
            () if between => low + 1,
            () => high,
        };
        let last = match () {
            () if at_high == least => high,
            () if between => high - 1,
            () => low,
        };
        self.price_of(table, (first + last + 1) / 2)
    }

    /// Holds the auction: its price, or none. A new collection begins in either case.
    pub fn uncross(&mut self, book: Handle<Book>, code: u16) -> i64 {
        if self.book(book).segment == segment::FIXED_PRICE {
            return NO_PRICE;
        }
        self.begin_collection(book);
        let Some(Equilibrium { price, cross }) = self.simulate(book) else {
            return NO_PRICE;
        };
        let deal = Deal {
            book,
            code,
            aggressor: aggressor::NONE,
            price,
        };
        let count = self.fill_both(&deal, cross.volume);
        let body = Auctioned {
            price,
            volume: cross.volume,
            buy_left: cross.buys_left_at(price),
            sell_left: cross.sells_left_at(price),
            count,
        };
        let head = Head::of_book(kind::AUCTIONED, self.book(book));
        self.tell(head.coded(code), &body);
        price
    }

    /// Trades the first buy with the first sell until the volume is used up; how many trades.
    pub fn fill_both(&mut self, deal: &Deal, volume: i64) -> u32 {
        let mut left = volume;
        let mut count = 0;
        while left > 0 {
            let [buy, sell] = [side::BUY, side::SELL].map(|of_side| {
                let level = self.first_in_auction(deal.book, of_side);
                self.db.levels.get(level).head
            });
            let (bid, ask) = (*self.db.orders.get(buy), *self.db.orders.get(sell));
            let qty = bid.leaves.min(ask.leaves);
            let qty = qty.min(u32::try_from(left).unwrap_or(u32::MAX));
            self.trade(
                deal,
                qty,
                Party::filled(&bid, qty),
                Party::filled(&ask, qty),
            );
            self.take_off(buy, &bid, qty, true);
            self.take_off(sell, &ask, qty, true);
            left -= i64::from(qty);
            count += 1;
        }
        count
    }

    /// Orders of segment FIXED_PRICE have no price and match as they stand.
    fn first_in_auction(&self, book: Handle<Book>, of_side: u8) -> Handle<Level> {
        if self.book(book).segment == segment::FIXED_PRICE {
            return self.db.tops.get(book.top()).best[index(of_side)];
        }
        self.best_priced(book, of_side).into()
    }

    /// Forgets what was told of the collection before.
    pub fn begin_collection(&mut self, book: Handle<Book>) {
        self.db.patch(book.call(), |call| {
            call.told = Call::NOTHING_TOLD;
            call.simulated = [NO_PRICE; 2];
        });
    }

    /// INDICATE.
    pub fn indicate(&mut self, command: &Record) -> Answer {
        let body = Phase::read(command);
        let mut count = 0;
        for book in self.scope(command, body.group)? {
            let row = self.book(book);
            if row.mode == mode::COLLECT && row.segment != segment::FIXED_PRICE {
                count += u32::from(self.indicate_book(book));
            }
        }
        let head = Self::bare_head(kind::INDICATIVE);
        let body = Auctioned {
            price: NO_PRICE,
            volume: 0,
            buy_left: 0,
            sell_left: 0,
            count,
        };
        self.tell(head, &body);
        Ok(())
    }

    /// Simulates, checks and tells where something has changed; was it told?
    fn indicate_book(&mut self, book: Handle<Book>) -> bool {
        let found = self.simulate(book).map_or(Call::NOTHING_TOLD, |found| {
            let (price, cross) = (found.price, &found.cross);
            [
                price,
                cross.volume,
                cross.buys_left_at(price),
                cross.sells_left_at(price),
            ]
        });
        self.check_simulated(book, found[0]);
        let call = *self.db.calls.get(book.call());
        self.db.patch(book.call(), |row| {
            row.simulated = [found[0], call.simulated[0]];
            row.told = found;
        });
        if found == call.told {
            return false;
        }
        let [price, volume, buy_left, sell_left] = found;
        let body = Auctioned {
            price,
            volume,
            buy_left,
            sell_left,
            count: 0,
        };
        let head = Head::of_book(kind::INDICATIVE, self.book(book));
        self.tell(head, &body);
        true
    }

    /// The price check: has the simulated price jumped since the INDICATE before?
    fn check_simulated(&mut self, book: Handle<Book>, price: i64) {
        let earlier = self.db.calls.get(book.call()).simulated[0];
        if !self.db.states.get(book.state()).checking {
            return;
        }
        let Some(set) = self.set_of(book) else {
            return;
        };
        if price != NO_PRICE && earlier != NO_PRICE && differs(price, earlier, set.call_permille) {
            self.db.patch(book.state(), |state| state.tripped = true);
        }
    }

    /// The stabilisation set of a book, if it has one.
    pub fn set_of(&self, book: Handle<Book>) -> Option<super::tables::Set> {
        let set = self.book(book).set;
        (set != 0).then(|| *self.db.sets.get(Handle::from_slot(set.into())))
    }
}

/// Does a price differ from a base by more than so many permille of the base?
pub fn differs(price: i64, base: i64, permille: u16) -> bool {
    let difference = (i128::from(price) - i128::from(base)).abs();
    difference * 1000 > i128::from(base) * i128::from(permille)
}

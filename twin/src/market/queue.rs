//! The sides of a book: levels from best to worst, in each a queue of orders by priority.
//!
//! Orders without a price (market orders; every order of segment FIXED_PRICE) stand in a level of
//! their own before all others (TWSE Art. 58-2). The levels of a side are linked both ways in this
//! order; the ordered index is asked only for the neighbours of a new level.
//!
//! Invariants: no level is empty; the first order of a level has the lowest priority; quantity and
//! count of a level are those of its orders.

use super::core::Core;
use super::tables::{Book, Level, Order};
use crate::records::mixer::{order_place, order_term};
use crate::records::vocabulary::side;
use crate::records::{NO_PRICE, PRICE_MAX};
use crate::store::{Handle, Store};

/// Bits of a level's rank; more than any price needs.
const RANK_BITS: u32 = 36;

/// Where a level stands in the order of all levels: book, side, then best first.
#[inline]
pub const fn level_key(book: Handle<Book>, of_side: u8, price: i64) -> u64 {
    let group = (book.slot() as u64) << 1 | (of_side & 1) as u64;
    let rank = match (price, of_side) {
        (NO_PRICE, _) => 0,
        (price, side::BUY) => (2 * PRICE_MAX - price) as u64,
        (price, _) => price as u64,
    };
    group << RANK_BITS | rank
}

/// The place of a side in pairs of sides.
#[inline]
pub const fn index(of_side: u8) -> usize {
    (of_side == side::SELL) as usize
}

/// The other side.
#[inline]
pub const fn opposite(of_side: u8) -> u8 {
    3 - of_side
}

impl Core {
    /// The best level of a side, the one without price first.
    #[inline]
    pub fn best(&self, book: Handle<Book>, of_side: u8) -> Option<Handle<Level>> {
        self.db.tops.get(book.top()).best[index(of_side)].some()
    }

    /// The best level of a side that has a price.
    #[inline]
    pub fn best_priced(&self, book: Handle<Book>, of_side: u8) -> Option<Handle<Level>> {
        let best = self.best(book, of_side)?;
        let level = self.db.levels.get(best);
        if level.price == NO_PRICE {
            level.worse.some()
        } else {
            Some(best)
        }
    }

    /// The best price of a side, or none.
    #[inline]
    pub fn best_price(&self, book: Handle<Book>, of_side: u8) -> i64 {
        self.best_priced(book, of_side)
            .map_or(NO_PRICE, |level| self.db.levels.get(level).price)
    }

    /// The worst price of a side, or none.
    #[inline]
    pub fn worst_price(&self, book: Handle<Book>, of_side: u8) -> i64 {
        self.db.tops.get(book.top()).worst[index(of_side)]
            .some()
            .map_or(NO_PRICE, |level| self.db.levels.get(level).price)
    }

    /// Has the book a live order?
    #[inline]
    pub fn has_orders(&self, book: Handle<Book>) -> bool {
        let best = &self.db.tops.get(book.top()).best;
        !best[0].is_null() || !best[1].is_null()
    }

    /// The level of a price, if an order stands there.
    #[inline]
    pub fn find_level(&self, book: Handle<Book>, of_side: u8, price: i64) -> Option<Handle<Level>> {
        let key = level_key(book, of_side, price);
        self.db.levels.by_key().get_or(key, self.hint)
    }

    /// Puts an order behind those of its price; its number, book, side, price, quantities and
    /// priority are set.
    #[inline]
    pub fn join(&mut self, handle: Option<Handle<Order>>, order: &mut Order) {
        let level = match self.find_level(order.book, order.side, order.price) {
            Some(level) => level,
            None => self.add_level(order),
        };
        let tail = self.db.levels.get(level).tail;
        order.level = level;
        order.before = tail;
        order.behind = Handle::NULL;
        order.term = term_of(order);
        self.now.orders_digest = self.now.orders_digest.wrapping_add(order.term);
        let own = match handle {
            Some(own) => {
                self.db.patch(own, |row| *row = *order);
                own
            }
            None => self.db.insert(*order).expect("order numbers are used once"),
        };
        if !tail.is_null() {
            self.db.patch(tail, |row: &mut Order| row.behind = own);
        }
        let leaves = i64::from(order.leaves);
        self.db.patch(level, |row: &mut Level| {
            row.qty += leaves;
            row.count += 1;
            row.tail = own;
            if tail.is_null() {
                row.head = own;
            }
        });
    }

    /// Takes an order out of its queue; its row stays for the caller to delete or to use again.
    #[inline]
    pub fn leave(&mut self, handle: Handle<Order>, order: &Order) {
        self.forget_term(order);
        let level = self.db.levels.get(order.level);
        if level.count == 1 {
            return self.drop_level(order.level);
        }
        let first = level.head == handle;
        // The first has none before it that it need be taken from, the last none behind it.
        if !first && level.tail != handle {
            self.db
                .patch(order.before, |row: &mut Order| row.behind = order.behind);
            self.db
                .patch(order.behind, |row: &mut Order| row.before = order.before);
        }
        self.db.patch(order.level, |row: &mut Level| {
            row.qty -= i64::from(order.leaves);
            row.count -= 1;
            if row.head == handle {
                row.head = order.behind;
            }
            if row.tail == handle {
                row.tail = order.before;
            }
        });
    }

    /// Takes an order out of its queue and forgets it.
    #[inline]
    pub fn remove(&mut self, handle: Handle<Order>, order: &Order) {
        self.leave(handle, order);
        self.db.delete(handle).expect("nothing links to an order");
    }

    /// Takes a quantity off a resting order, less than it has or all; `filled` counts as traded.
    #[inline]
    pub fn take_off(&mut self, handle: Handle<Order>, order: &Order, qty: u32, filled: bool) {
        if qty == order.leaves {
            return self.remove(handle, order);
        }
        self.restate(handle, |row| {
            row.leaves -= qty;
            row.cum += if filled { qty } else { 0 };
        });
        self.db.patch(order.level, |row: &mut Level| {
            row.qty -= i64::from(qty);
        });
    }

    /// Takes the first orders of a level off its books: `gone` of them whole, with all of them
    /// `qty`, so that `head` comes first.
    #[inline]
    pub fn shorten(&mut self, level: Handle<Level>, head: Handle<Order>, gone: u32, qty: i64) {
        if self.db.levels.get(level).count == gone {
            return self.drop_level(level);
        }
        self.db.patch(level, |row: &mut Level| {
            row.qty -= qty;
            row.count -= gone;
            row.head = head;
        });
    }

    /// Changes an order in what its term in the digest names.
    #[inline]
    pub fn restate(&mut self, handle: Handle<Order>, change: impl FnOnce(&mut Order)) {
        let (old, new) = self.db.patch(handle, |row: &mut Order| {
            let old = row.term;
            change(row);
            row.term = term_of(row);
            (old, row.term)
        });
        self.now.orders_digest = self.now.orders_digest.wrapping_sub(old).wrapping_add(new);
    }

    /// The order's term leaves the digest.
    #[inline]
    pub fn forget_term(&mut self, order: &Order) {
        self.now.orders_digest = self.now.orders_digest.wrapping_sub(order.term);
    }

    /// Makes the level of an order's price, empty for a moment, and links its neighbours.
    #[inline(never)]
    fn add_level(&mut self, order: &Order) -> Handle<Level> {
        let key = level_key(order.book, order.side, order.price);
        let better = self.level_before(order, key);
        let worse = match better.some() {
            Some(level) => self.db.levels.get(level).worse,
            None => self.db.tops.get(order.book.top()).best[index(order.side)],
        };
        let own = self
            .db
            .insert(Level {
                key,
                price: order.price,
                qty: 0,
                count: 0,
                head: Handle::NULL,
                tail: Handle::NULL,
                better,
                worse,
            })
            .expect("a price has one level a side");
        self.link_levels(order.book, order.side, better, own);
        self.link_levels(order.book, order.side, own, worse);
        own
    }

    /// The next better level than a key: often that is none, or the last of all.
    #[inline]
    fn level_before(&self, order: &Order, key: u64) -> Handle<Level> {
        let top = self.db.tops.get(order.book.top());
        let (best, worst) = (top.best[index(order.side)], top.worst[index(order.side)]);
        if best.is_null() || key < self.db.levels.get(best).key {
            return Handle::NULL;
        }
        if key > self.db.levels.get(worst).key {
            return worst;
        }
        let side_key = key >> RANK_BITS << RANK_BITS;
        let before = self.db.levels.by_rank().range(side_key..key).next_back();
        before.map(|(_, level)| level).into()
    }

    /// Forgets the level of the last order that leaves it.
    #[inline(never)]
    fn drop_level(&mut self, level: Handle<Level>) {
        let row = *self.db.levels.get(level);
        let group = row.key >> RANK_BITS;
        let of_side = if group & 1 == 1 {
            side::BUY
        } else {
            side::SELL
        };
        let book = Handle::from_slot((group >> 1) as u32);
        self.link_levels(book, of_side, row.better, row.worse);
        self.db.delete(level).expect("nothing links to a level");
    }

    /// Makes two levels neighbours; null stands for the end of the side.
    fn link_levels(
        &mut self,
        book: Handle<Book>,
        of_side: u8,
        better: Handle<Level>,
        worse: Handle<Level>,
    ) {
        if better.is_null() {
            self.db
                .patch(book.top(), |top| top.best[index(of_side)] = worse);
        } else {
            self.db.patch(better, |row: &mut Level| row.worse = worse);
        }
        if worse.is_null() {
            self.db
                .patch(book.top(), |top| top.worst[index(of_side)] = better);
        } else {
            self.db.patch(worse, |row: &mut Level| row.better = better);
        }
    }
}

/// What stands for a live order in the digest.
#[inline]
const fn term_of(order: &Order) -> u64 {
    let place = order_place(order.no, order.instrument, order.segment(), order.side);
    order_term(place, order.price, order.leaves, order.priority)
}

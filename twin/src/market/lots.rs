//! Matches beside the continuous one and the call: drawn priorities, paired blocks, trading at
//! the closing price (format.md 6.7, 6.9, 6.10; TWSE Art. 58-2, BL Art. 10, FP Art. 5).

use super::core::{Answer, Core, Head};
use super::entering::Incoming;
use super::queue::{index, opposite};
use super::sweep::{Deal, Party};
use super::tables::{Book, Level, Order};
use crate::records::bodies::{Auctioned, Body, Draw};
use crate::records::mixer::draw_rank;
use crate::records::vocabulary::{aggressor, kind, segment, side, trade_kind};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

impl Core {
    /// DRAW.
    pub fn draw(&mut self, command: &Record) -> Answer {
        let body = Draw::read(command);
        let mut count = 0;
        for book in self.scope(command, body.group)? {
            if self.has_orders(book) {
                let orders = self.draw_book(book, body.seed);
                let head = Head::of_book(kind::DRAWN, self.book(book));
                self.tell_drawn(head, body.seed, orders);
                count += 1;
            }
        }
        let head = Self::bare_head(kind::DRAWN);
        self.tell_drawn(head, body.seed, count);
        Ok(())
    }

    fn tell_drawn(&mut self, head: Head, seed: u64, count: u32) {
        let group = 0;
        self.tell(head, &Draw { seed, group, count });
    }

    /// New priorities for all orders of a book by lot; how many.
    fn draw_book(&mut self, book: Handle<Book>, seed: u64) -> u32 {
        let mut orders = self.orders_of(book, side::BUY);
        orders.append(&mut self.orders_of(book, side::SELL));
        orders.sort_unstable_by_key(|own| draw_rank(seed, self.db.orders.get(*own).no));
        for own in &orders {
            self.now.priority = self.now.priority.wrapping_add(1);
            let priority = self.now.priority;
            self.restate(*own, |row| row.priority = priority);
        }
        for of_side in [side::BUY, side::SELL] {
            self.requeue(book, of_side);
        }
        orders.len() as u32
    }

    /// Puts the orders of every level of a side into the order of their priorities.
    fn requeue(&mut self, book: Handle<Book>, of_side: u8) {
        let mut next = self.best(book, of_side);
        while let Some(own) = next {
            let level = *self.db.levels.get(own);
            let mut orders = Vec::new();
            self.append_orders(&level, &mut orders);
            orders.sort_unstable_by_key(|order| self.db.orders.get(*order).priority);
            for pair in orders.windows(2) {
                self.db
                    .patch(pair[0], |row: &mut Order| row.behind = pair[1]);
                self.db
                    .patch(pair[1], |row: &mut Order| row.before = pair[0]);
            }
            self.db.patch(own, |row: &mut Level| {
                (row.head, row.tail) = (orders[0], orders[orders.len() - 1]);
            });
            next = level.worse.some();
        }
    }

    /// An order in mode PAIR meets its twin on the other side, or waits.
    pub fn pair(&mut self, incoming: &mut Incoming) {
        let Some(other) = self.find_pair(&incoming.order) else {
            return self.rest(incoming);
        };
        let resting = *self.db.orders.get(other);
        let qty = resting.leaves;
        let parties = [
            Party::filled(&incoming.order, qty),
            Party::filled(&resting, qty),
        ];
        let [buy, sell] = if incoming.order.side == side::BUY {
            parties
        } else {
            [parties[1], parties[0]]
        };
        let deal = Deal {
            book: incoming.order.book,
            code: trade_kind::BLOCK_PAIRED,
            aggressor: aggressor::NONE,
            price: resting.price,
        };
        self.trade(&deal, qty, buy, sell);
        self.take_off(other, &resting, qty, true);
        incoming.order.leaves = 0;
        self.end(incoming, 0);
    }

    fn find_pair(&self, order: &Order) -> Option<Handle<Order>> {
        let level = self.find_level(order.book, opposite(order.side), order.price)?;
        let level = self.db.levels.get(level);
        let mut own = level.head;
        for _ in 0..level.count {
            let resting = self.db.orders.get(own);
            if (resting.leaves, resting.pair) == (order.leaves, order.pair) {
                return Some(own);
            }
            own = resting.behind;
        }
        None
    }

    /// Matches a FIXED_PRICE book at the close of the instrument's regular book: the price, or
    /// none.
    pub fn match_fixed(&mut self, book: Handle<Book>) -> i64 {
        let row = *self.book(book);
        let price = self.close_of(row.instrument);
        if row.segment != segment::FIXED_PRICE || price == NO_PRICE {
            return NO_PRICE;
        }
        let [buys, sells] = [side::BUY, side::SELL].map(|of_side| {
            let level = self.db.tops.get(book.top()).best[index(of_side)].some();
            level.map_or(0, |level| self.db.levels.get(level).qty)
        });
        let volume = buys.min(sells);
        if volume == 0 {
            return NO_PRICE;
        }
        let deal = Deal {
            book,
            code: trade_kind::FIXED_PRICE,
            aggressor: aggressor::NONE,
            price,
        };
        let count = self.fill_both(&deal, volume);
        let body = Auctioned {
            price,
            volume,
            buy_left: buys - volume,
            sell_left: sells - volume,
            count,
        };
        let head = Head::of_book(kind::AUCTIONED, &row);
        self.tell(head.coded(trade_kind::FIXED_PRICE), &body);
        price
    }
}

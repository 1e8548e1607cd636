//! Continuous matching (format.md 6.1; TWSE Art. 58-3 para 3, 58-8 para 1(2)).
//!
//! An incoming order takes the other side from its first level on, each fill at the price of the
//! resting order; a resting market order has the price that the rule converts it to.

use super::band::Band;
use super::core::{Core, Head};
use super::entering::Incoming;
use super::queue::opposite;
use super::tables::{Book, Level, Order, Tally};
use crate::records::NO_PRICE;
use crate::records::bodies::Traded;
use crate::records::vocabulary::{
    aggressor, book_flag, kind, reason, right, segment, side, tif, trade_kind,
};
use crate::store::{Handle, Store};

/// Why a sweep ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nothing is left, or nothing more would match.
    Through,
    /// The next fill would be outside the band, at this price.
    Band(i64),
    /// The next fill would be with the same account.
    SelfTrade,
}

/// One side of a trade after its fill.
#[derive(Clone, Copy)]
pub struct Party {
    pub no: u32,
    pub leaves: u32,
    pub cum: u32,
}

impl Party {
    /// An order after a fill.
    #[inline]
    pub const fn filled(order: &Order, qty: u32) -> Self {
        Self {
            no: order.no,
            leaves: order.leaves - qty,
            cum: order.cum.wrapping_add(qty),
        }
    }
}

/// What is common to the trades of a sweep or an auction.
#[derive(Clone, Copy)]
pub struct Deal {
    pub book: Handle<Book>,
    /// The trade kind.
    pub code: u16,
    pub aggressor: u8,
    pub price: i64,
}

impl Core {
    /// An order that comes into a book in mode CONTINUOUS.
    #[inline]
    pub fn sweep_in(&mut self, incoming: &mut Incoming) {
        let best = self.best(incoming.order.book, opposite(incoming.order.side));
        if !self.meets(incoming, best) {
            return match incoming.tif {
                tif::ROD => self.rest(incoming),
                _ => self.end(incoming, reason::TIME_IN_FORCE),
            };
        }
        self.sweep_through(incoming);
    }

    /// An order that meets at least one of the other side.
    #[inline(never)]
    fn sweep_through(&mut self, incoming: &mut Incoming) {
        let band = self.band(incoming.order.book);
        let stop = match incoming.tif {
            tif::FOK => match self.fok_stop(incoming, band.as_ref()) {
                None => self.sweep(incoming, band.as_ref()),
                Some(stop) => stop,
            },
            _ => self.sweep(incoming, band.as_ref()),
        };
        self.settle(incoming, stop, band.as_ref());
    }

    /// What becomes of the rest of an order after its sweep.
    fn settle(&mut self, incoming: &mut Incoming, stop: Stop, band: Option<&Band>) {
        if incoming.order.leaves == 0 {
            return self.end(incoming, 0);
        }
        match (stop, band) {
            (Stop::SelfTrade, _) => self.end(incoming, reason::SELF_TRADE),
            (Stop::Band(price), Some(band)) if incoming.tif == tif::ROD && incoming.is_limit() => {
                self.start_volatility_call(&incoming.order, price, band);
                self.rest(incoming);
            }
            (Stop::Band(_), _) => self.end(incoming, reason::BAND),
            (Stop::Through, _) if incoming.tif == tif::ROD => self.rest(incoming),
            (Stop::Through, _) => self.end(incoming, reason::TIME_IN_FORCE),
        }
    }

    fn sweep(&mut self, incoming: &mut Incoming, band: Option<&Band>) -> Stop {
        let (book, own_side) = (incoming.order.book, incoming.order.side);
        let guarded = self.is_guarded(incoming);
        let code = self.sweep_code(book);
        while incoming.order.leaves > 0 {
            let best = self.best(book, opposite(own_side));
            let Some(own) = best.filter(|_| self.meets(incoming, best)) else {
                break;
            };
            let level = *self.db.levels.get(own);
            let price = self.fill_price(incoming, &level);
            if price == NO_PRICE {
                break;
            }
            if guarded && self.is_same_provider(incoming, self.db.orders.get(level.head)) {
                return Stop::SelfTrade;
            }
            if band.is_some_and(|band| band.is_outside(price)) {
                return Stop::Band(price);
            }
            let deal = Deal {
                book,
                code,
                aggressor: own_side,
                price,
            };
            self.sweep_level(&deal, incoming, own, &level, guarded);
        }
        Stop::Through
    }

    /// Fills an incoming order from the first order of a level on, until nothing is left of one of
    /// the two or the next fill must not be. Orders without a price are filled one at a time: the
    /// next one's converted price may be another.
    fn sweep_level(
        &mut self,
        deal: &Deal,
        new: &mut Incoming,
        own: Handle<Level>,
        level: &Level,
        guarded: bool,
    ) {
        let most = if level.price == NO_PRICE {
            1
        } else {
            level.count
        };
        let (mut head, mut gone, mut trades, mut taken) = (level.head, 0, 0, 0);
        while gone < most && new.order.leaves > 0 {
            let resting = *self.db.orders.get(head);
            self.db.orders.rows().prefetch(resting.behind);
            if guarded && self.is_same_provider(new, &resting) {
                break;
            }
            let qty = new.order.leaves.min(resting.leaves);
            self.fill(deal, new, &resting, qty);
            trades += 1;
            taken += i64::from(qty);
            if qty < resting.leaves {
                self.restate(head, |row| {
                    row.leaves -= qty;
                    row.cum += qty;
                });
                break;
            }
            self.forget_term(&resting);
            self.db.delete(head).expect("nothing links to an order");
            head = resting.behind;
            gone += 1;
        }
        self.shorten(own, head, gone, taken);
        self.count_trades(deal, trades, taken);
        self.add_to_window(deal.book, deal.price, taken as u64);
    }

    /// One fill between an incoming and a resting order.
    #[inline]
    fn fill(&mut self, deal: &Deal, new: &mut Incoming, resting: &Order, qty: u32) {
        new.order.leaves -= qty;
        new.order.cum = new.order.cum.wrapping_add(qty);
        let own = Party::filled(&new.order, 0);
        let other = Party::filled(resting, qty);
        let (buy, sell) = if new.order.side == side::BUY {
            (own, other)
        } else {
            (other, own)
        };
        self.tell_trade(deal, qty, buy, sell);
    }

    /// Tells a trade and adds it to the book's sums.
    pub fn trade(&mut self, deal: &Deal, qty: u32, buy: Party, sell: Party) {
        self.tell_trade(deal, qty, buy, sell);
        self.count_trades(deal, 1, qty.into());
    }

    #[inline]
    fn tell_trade(&mut self, deal: &Deal, qty: u32, buy: Party, sell: Party) {
        self.now.trade_no = self.now.trade_no.wrapping_add(1);
        let body = Traded {
            price: deal.price,
            qty,
            trade_no: self.now.trade_no,
            buy_no: buy.no,
            sell_no: sell.no,
            buy_leaves: buy.leaves,
            sell_leaves: sell.leaves,
            buy_cum: buy.cum,
            sell_cum: sell.cum,
        };
        let head = Head {
            flags: deal.aggressor,
            ..Head::of_book(kind::TRADED, self.book(deal.book)).coded(deal.code)
        };
        self.tell(head, &body);
        #[cfg(test)]
        self.take_poison();
    }

    /// Adds so many trades, of so much in all, to the book's sums.
    #[inline]
    fn count_trades(&mut self, deal: &Deal, trades: u32, qty: i64) {
        self.db.patch(deal.book.tally(), |tally| {
            add_trades(tally, deal.price, trades, qty);
        });
        self.touch(deal.book);
    }

    /// Would the first order of the other side's best level match an incoming one?
    #[inline]
    fn meets(&self, incoming: &Incoming, best: Option<Handle<Level>>) -> bool {
        let Some(best) = best else {
            return false;
        };
        let resting = self.db.levels.get(best).price;
        let limit = incoming.order.price;
        resting == NO_PRICE || limit == NO_PRICE || reaches(incoming.order.side, limit, resting)
    }

    /// The price of a fill with a resting order: its own, or the converted one of a market order.
    #[inline]
    fn fill_price(&self, incoming: &Incoming, level: &Level) -> i64 {
        if level.price != NO_PRICE {
            return level.price;
        }
        let book = incoming.order.book;
        let known = [
            self.last_or_reference(book),
            incoming.order.price,
            if incoming.order.side == side::SELL {
                self.best_price(book, side::BUY)
            } else {
                self.worst_price(book, side::BUY)
            },
            if incoming.order.side == side::SELL {
                self.worst_price(book, side::SELL)
            } else {
                self.best_price(book, side::SELL)
            },
        ];
        let prices = known.into_iter().filter(|&price| price != NO_PRICE);
        let converted = match incoming.order.side {
            side::SELL => prices.max(),
            _ => prices.min(),
        };
        converted.unwrap_or(NO_PRICE)
    }

    /// What would stop a FOK order before it is filled whole.
    fn fok_stop(&self, incoming: &Incoming, band: Option<&Band>) -> Option<Stop> {
        let mut left = i64::from(incoming.order.leaves);
        let mut next = self.best(incoming.order.book, opposite(incoming.order.side));
        while self.meets(incoming, next) {
            let level = self.db.levels.get(next.into());
            // The converted price stays as it is while the market orders are taken: it becomes
            // the last price, and the others have no part in it that changes.
            let price = self.fill_price(incoming, level);
            if price == NO_PRICE {
                break;
            }
            if band.is_some_and(|band| band.is_outside(price)) {
                return Some(Stop::Band(price));
            }
            left -= level.qty;
            if left <= 0 {
                return None;
            }
            next = level.worse.some();
        }
        Some(Stop::Through)
    }

    /// Must the sweep look out for the order's own account (rule NO_SELF_TRADE)?
    #[inline]
    fn is_guarded(&self, incoming: &Incoming) -> bool {
        self.book(incoming.order.book).rules & book_flag::NO_SELF_TRADE != 0 && incoming.provider
    }

    fn is_same_provider(&self, incoming: &Incoming, resting: &Order) -> bool {
        incoming.order.account == resting.account && self.is_provider(resting.line)
    }

    /// Has a line the right PROVIDER now?
    pub fn is_provider(&self, line: u16) -> bool {
        self.find_line(line)
            .is_some_and(|row| row.rights & right::PROVIDER != 0)
    }

    #[inline]
    fn sweep_code(&self, book: Handle<Book>) -> u16 {
        if self.book(book).segment == segment::BLOCK {
            trade_kind::BLOCK
        } else {
            trade_kind::CONTINUOUS
        }
    }
}

const _: () = assert!(aggressor::BUY == side::BUY && aggressor::SELL == side::SELL);

/// Is a price within the limit of an order of this side?
#[inline]
pub const fn reaches(of_side: u8, limit: i64, price: i64) -> bool {
    if of_side == side::BUY {
        price <= limit
    } else {
        price >= limit
    }
}

#[inline]
fn add_trades(tally: &mut Tally, price: i64, trades: u32, qty: i64) {
    tally.last = price;
    if tally.trades == 0 {
        tally.open = price;
        tally.high = price;
        tally.low = price;
    }
    tally.high = tally.high.max(price);
    tally.low = tally.low.min(price);
    tally.trades = tally.trades.wrapping_add(trades);
    tally.volume = tally.volume.wrapping_add(qty);
    tally.turnover = tally.turnover.wrapping_add(price.wrapping_mul(qty));
}

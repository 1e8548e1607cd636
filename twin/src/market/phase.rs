//! PHASE: what becomes of each book of its scope, step by step (format.md 6.2).

use super::call::differs;
use super::core::{Answer, Core, Head};
use super::tables::{Book, Group};
use crate::records::bodies::{Body, Closed, Phase, Statistics};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{
    action, book_flag, kind, matching, mode, phase, reason, segment, side, special, trade_kind,
};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

/// What a book takes over in step 6, and what PHASE orders beside.
#[derive(Clone, Copy)]
struct Orders {
    label: u8,
    body: Phase,
}

impl Orders {
    const fn has(&self, bit: u32) -> bool {
        self.body.actions & bit != 0
    }
}

impl Core {
    /// PHASE.
    pub fn phase(&mut self, command: &Record) -> Answer {
        let body = Phase::read(command);
        let books = self.scope(command, body.group)?;
        let code = command.code();
        if !(u16::from(phase::CLOSED)..=u16::from(phase::POSTPONED_PERIODIC)).contains(&code) {
            return Err(Refusal::of(refusals::STATE, code.into()));
        }
        if !(mode::SHUT..=mode::PAIR).contains(&body.mode) {
            return Err(Refusal::of(refusals::STATE, body.mode.into()));
        }
        if body.match_ > matching::FIXED_PRICE {
            return Err(Refusal::of(refusals::STATE, body.match_.into()));
        }
        let label = code as u8;
        if body.group != 0 {
            let group: Handle<Group> = Handle::from_slot(body.group.into());
            self.db.patch(group, |row: &mut Group| {
                (row.label, row.mode, row.allow) = (label, body.mode, body.allow);
            });
        }
        let changed = Phase {
            count: books.len() as u32,
            ..body
        };
        self.echo(command, kind::PHASE_CHANGED, &changed);
        let orders = Orders { label, body };
        for book in books {
            self.phase_book(book, &orders);
        }
        Ok(())
    }

    fn phase_book(&mut self, book: Handle<Book>, orders: &Orders) {
        let body = &orders.body;
        if self.book(book).halted {
            let last_steps = body.actions & (action::SET_CLOSE | action::EXPIRE);
            return self.act(book, last_steps, NO_PRICE);
        }
        let apart = self.db.states.get(book.state()).special;
        if orders.has(action::CHECK_LAST) && apart == special::POSTPONED_PERIODIC as u8 {
            return;
        }
        let mut price = NO_PRICE;
        if apart != 0 {
            price = self.end_special_by_phase(book, body.mode);
        }
        if orders.has(action::PURGE_MARKET) {
            self.purge_market(book, reason::MARKET_AT_CLOSE);
        }
        if body.match_ == matching::UNCROSS || body.mode == mode::CONTINUOUS {
            if self.postpone(book, orders, apart != 0) {
                return;
            }
            let found = self.uncross(book, auction_kind(body.actions));
            price = if found == NO_PRICE { price } else { found };
        }
        if body.match_ == matching::FIXED_PRICE {
            let found = self.match_fixed(book);
            price = if found == NO_PRICE { price } else { found };
        }
        self.set_phase(book, orders.label, body.mode, body.allow);
        let checking = orders.has(action::CHECK_START);
        self.db.patch(book.state(), |state| {
            state.checking = checking;
            state.tripped = false;
        });
        self.db.patch(book.call(), |call| call.changed = 0);
        self.act(book, body.actions, price);
    }

    /// Steps 7 to 9: FIRST_MATCH, SET_CLOSE, EXPIRE after an auction at a price or none.
    pub fn act(&mut self, book: Handle<Book>, actions: u32, price: i64) {
        if actions & action::FIRST_MATCH != 0 {
            self.note_first_match(book, price);
        }
        if actions & action::SET_CLOSE != 0 {
            self.set_close(book, price);
        }
        if actions & action::EXPIRE != 0 {
            for of_side in [side::BUY, side::SELL] {
                for own in self.orders_of(book, of_side) {
                    self.cancel_resting(own, reason::END_OF_SESSION, 0);
                }
            }
        }
    }

    /// The first match has been held now.
    pub fn note_first_match(&mut self, book: Handle<Book>, price: i64) {
        let now = self.time;
        self.db.patch(book.state(), |state| {
            state.matched = true;
            state.first_at = now;
            state.first_price = price;
        });
    }

    /// The closing price and the day's sums.
    fn set_close(&mut self, book: Handle<Book>, price: i64) {
        let tally = *self.db.tallies.get(book.tally());
        let close = if price == NO_PRICE { tally.last } else { price };
        self.db.patch(book.state(), |state| state.close = close);
        let row = *self.book(book);
        let closed = Closed {
            open: tally.open,
            high: tally.high,
            low: tally.low,
            close,
            volume: tally.volume,
        };
        self.tell(Head::of_book(kind::CLOSED, &row), &closed);
        let statistics = Statistics {
            turnover: tally.turnover,
            best_bid: self.best_price(book, side::BUY),
            best_ask: self.best_price(book, side::SELL),
            reference: self.db.tops.get(book.top()).reference,
            count: tally.trades,
        };
        self.tell(Head::of_book(kind::STATISTICS, &row), &statistics);
    }

    /// Cancels the resting market orders, buys first, in priority order.
    pub fn purge_market(&mut self, book: Handle<Book>, why: u16) {
        if self.book(book).segment == segment::FIXED_PRICE {
            return;
        }
        for of_side in [side::BUY, side::SELL] {
            let Some(level) = self.find_level(book, of_side, NO_PRICE) else {
                continue;
            };
            let mut orders = Vec::new();
            self.append_orders(self.db.levels.get(level), &mut orders);
            for own in orders {
                self.cancel_resting(own, why, 0);
            }
        }
    }

    /// The checks of step 5: is the match postponed?
    fn postpone(&mut self, book: Handle<Book>, orders: &Orders, came_out: bool) -> bool {
        let rules = self.book(book).rules;
        let Some(set) = self.set_of(book) else {
            return false;
        };
        if rules & book_flag::CALL_CHECK != 0 && !came_out && self.is_tripped(book, orders, &set) {
            let call = *self.db.calls.get(book.call());
            let state = if orders.has(action::FIRST_MATCH) {
                special::POSTPONED_OPEN
            } else {
                special::POSTPONED_CLOSE
            };
            self.start_postponement(book, state, &orders.body, call.simulated);
            return true;
        }
        if rules & book_flag::PERIODIC_CHECK == 0 || !orders.has(action::CHECK_LAST) {
            return false;
        }
        let last = self.db.tallies.get(book.tally()).last;
        let Some(found) = self.simulate(book) else {
            return false;
        };
        if last == NO_PRICE || !differs(found.price, last, set.periodic_permille) {
            return false;
        }
        let prices = [found.price, last];
        self.start_postponement(book, special::POSTPONED_PERIODIC, &orders.body, prices);
        true
    }

    /// Has the price check tripped, or was too much taken back?
    fn is_tripped(&self, book: Handle<Book>, orders: &Orders, set: &super::tables::Set) -> bool {
        let call = self.db.calls.get(book.call());
        let by_price = orders.has(action::CHECK_PRICES) && self.db.states.get(book.state()).tripped;
        let bound = i128::from(set.cancel_permille) * i128::from(call.entered);
        let by_cancels = orders.has(action::CHECK_CANCELS)
            && call.changed >= 1
            && i128::from(call.changed) * 1000 >= bound;
        by_price || by_cancels
    }

    /// A book takes a phase row; a change into COLLECT begins a collection.
    pub fn set_phase(&mut self, book: Handle<Book>, label: u8, new_mode: u8, allow: u32) {
        let before = self.book(book).mode;
        self.db.patch(book, |row: &mut Book| {
            (row.label, row.mode, row.allow) = (label, new_mode, allow);
        });
        if new_mode == mode::COLLECT && before != mode::COLLECT {
            self.begin_collection(book);
        }
        self.touch(book);
    }

    /// The phase row of a book's group.
    pub fn group_of(&self, book: Handle<Book>) -> Group {
        let group: Handle<Group> = Handle::from_slot(self.book(book).group.into());
        *self.db.groups.get(group)
    }

    /// The books a command of the exchange means: a group's, or an instrument's (6.2).
    pub fn scope(&self, command: &Record, group: u16) -> Answer<Vec<Handle<Book>>> {
        if group == 0 {
            return self.scope_of_instrument(command);
        }
        let mut books = self.all_books();
        books.retain(|book| self.book(*book).group == group);
        if books.is_empty() {
            return Err(Refusal::of(refusals::UNKNOWN_GROUP, group.into()));
        }
        Ok(books)
    }

    /// An instrument's book, or with segment 0 all its books.
    pub fn scope_of_instrument(&self, command: &Record) -> Answer<Vec<Handle<Book>>> {
        let (instrument, segment) = (command.instrument(), command.segment());
        let mut books = self.books_of(instrument);
        books.retain(|book| segment == 0 || self.book(*book).segment == segment);
        if books.is_empty() {
            let code = refusals::UNKNOWN_INSTRUMENT;
            return Err(Refusal::bounded(code, instrument.into(), segment.into()));
        }
        Ok(books)
    }

    /// All books in book order: their slots are their places.
    pub fn all_books(&self) -> Vec<Handle<Book>> {
        let count = self.db.books.len() as u32;
        (1..=count).map(Handle::from_slot).collect()
    }

    /// An instrument's books in book order.
    pub fn books_of(&self, instrument: u16) -> Vec<Handle<Book>> {
        let row = self.db.instruments.rows();
        let Some(row) = row.find(Handle::from_slot(instrument.into())) else {
            return Vec::new();
        };
        let mut books: Vec<_> = row.books.iter().filter_map(|book| book.some()).collect();
        books.sort_unstable();
        books
    }
}

/// The trade kind of a phase's auction.
const fn auction_kind(actions: u32) -> u16 {
    if actions & action::FIRST_MATCH != 0 {
        trade_kind::OPEN
    } else if actions & action::SET_CLOSE != 0 {
        trade_kind::CLOSE
    } else {
        trade_kind::PERIODIC
    }
}

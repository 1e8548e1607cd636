//! MASS_CANCEL, OFF_BOOK_TRADE, VOID_TRADE (format.md 6.8).

use super::core::{Answer, Core};
use super::entering::check_range;
use super::tables::{Book, Level, Line, Order, Voided};
use crate::records::bodies::{self, Body};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{allow, kind, reason, side};
use crate::records::{NO_PRICE, PRICE_MAX, QTY_MAX, Record};
use crate::store::{Handle, Store};

/// Which orders a mass cancel means; zero is no filter.
struct Filter {
    account: u32,
    member: u16,
    line: u16,
    quotes_only: bool,
}

impl Core {
    /// MASS_CANCEL.
    pub fn mass_cancel(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::MassCancel::read(command);
        let books = self.books_to_cancel_in(command)?;
        check_range(refusals::SIDE, body.side, 0..=side::SELL)?;
        let own_member = sender.member;
        if body.line != 0 && body.of_member != 0 && body.of_member != own_member {
            return Err(Refusal::of(refusals::NOT_OWNER, body.of_member.into()));
        }
        let filter = Filter {
            account: body.account,
            member: if body.line == 0 {
                body.of_member
            } else {
                own_member
            },
            line: body.of_line,
            quotes_only: body.quotes_only != 0,
        };
        let mut count = 0u32;
        for book in books {
            let sides = [side::BUY, side::SELL];
            for own in sides
                .into_iter()
                .filter(|own| body.side == 0 || body.side == *own)
            {
                count += self.cancel_side(book, own, &filter, &body);
            }
        }
        let done = bodies::MassCancel { count, ..body };
        self.echo(command, kind::MASS_CANCELLED, &done);
        Ok(())
    }

    /// The books of a mass cancel, in book order, that take cancels now.
    fn books_to_cancel_in(&self, command: &Record) -> Answer<Vec<Handle<Book>>> {
        let (instrument, segment) = (command.instrument(), command.segment());
        let of_segment = |book: &Handle<Book>| segment == 0 || self.book(*book).segment == segment;
        let mut books = if instrument == 0 {
            self.all_books()
        } else {
            self.books_of(instrument)
        };
        books.retain(of_segment);
        if instrument != 0 && books.is_empty() {
            let code = refusals::UNKNOWN_INSTRUMENT;
            return Err(Refusal::bounded(code, instrument.into(), segment.into()));
        }
        books.retain(|book| self.book(*book).allow & allow::CANCEL != 0);
        Ok(books)
    }

    fn cancel_side(
        &mut self,
        book: Handle<Book>,
        of_side: u8,
        filter: &Filter,
        body: &bodies::MassCancel,
    ) -> u32 {
        let mut meant = self.orders_of(book, of_side);
        meant.retain(|own| self.is_meant(self.db.orders.get(*own), filter));
        for own in &meant {
            if body.line != 0 {
                let leaves = self.db.orders.get(*own).leaves;
                self.count_changed(book, leaves);
            }
            self.cancel_resting(*own, reason::MASS, body.cl_ord_id);
        }
        meant.len() as u32
    }

    fn is_meant(&self, order: &Order, filter: &Filter) -> bool {
        (filter.account == 0 || filter.account == order.account)
            && (filter.line == 0 || filter.line == order.line)
            && (order.quote || !filter.quotes_only)
            && (filter.member == 0
                || self
                    .find_line(order.line)
                    .is_some_and(|row| row.member == filter.member))
    }

    /// The live orders of a side, best first, those without price before all.
    pub fn orders_of(&self, book: Handle<Book>, of_side: u8) -> Vec<Handle<Order>> {
        let mut orders = Vec::new();
        let mut next = self.best(book, of_side);
        while let Some(level) = next {
            let level = *self.db.levels.get(level);
            self.append_orders(&level, &mut orders);
            next = level.worse.some();
        }
        orders
    }

    /// The orders of one level by priority.
    pub fn append_orders(&self, level: &Level, orders: &mut Vec<Handle<Order>>) {
        let mut own = level.head;
        for _ in 0..level.count {
            orders.push(own);
            own = self.db.orders.get(own).behind;
        }
    }

    /// OFF_BOOK_TRADE: it changes no price and no volume.
    pub fn off_book_trade(&mut self, command: &Record) -> Answer {
        let body = bodies::OffBookTrade::read(command);
        let book = self.book_named(command)?;
        if body.qty == 0 {
            return Err(Refusal::of(refusals::QTY_ZERO, 0));
        }
        if body.qty > QTY_MAX {
            let (qty, bound) = (body.qty.into(), QTY_MAX.into());
            return Err(Refusal::bounded(refusals::QTY_MAX, qty, bound));
        }
        if body.price == NO_PRICE {
            return Err(Refusal::of(refusals::PRICE_ABSENT, NO_PRICE));
        }
        let table = self.db.terms.get(book.terms()).table;
        if !self.in_range(table, body.price) {
            let code = refusals::PRICE_RANGE;
            return Err(Refusal::bounded(code, body.price, PRICE_MAX));
        }
        self.now.trade_no = self.now.trade_no.wrapping_add(1);
        let told = bodies::OffBookTrade {
            trade_no: self.now.trade_no,
            ..body
        };
        self.echo(command, kind::OFF_BOOK_TRADED, &told);
        Ok(())
    }

    /// VOID_TRADE: the core's prices and volumes stay.
    pub fn void_trade(&mut self, command: &Record) -> Answer {
        let body = bodies::VoidTrade::read(command);
        let trade_no = body.trade_no;
        if trade_no == 0 || trade_no > self.now.trade_no {
            return Err(Refusal::of(refusals::TRADE_UNKNOWN, trade_no.into()));
        }
        if self.db.insert(Voided { trade_no }).is_err() {
            return Err(Refusal::of(refusals::TRADE_VOID, trade_no.into()));
        }
        self.echo(command, kind::TRADE_VOIDED, &body);
        Ok(())
    }
}

//! QUOTE and QUOTE_REQUEST (format.md 5.5, 6.8; TWSE warrant and ETN provider rules).

use super::changes::check_verb;
use super::core::{Answer, Core};
use super::entering::{Incoming, Wish, check_range};
use super::tables::{Book, Line, Order, Quoted};
use crate::records::bodies::{self, Body};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{allow, kind, ord_type, reason, right, side, tif};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

impl Core {
    /// QUOTE: what is left of the quote before goes, then bid and ask come in as orders.
    pub fn quote(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::Quote::read(command);
        let book = self.book_named(command)?;
        self.check_quote(book, &body)?;
        self.echo(command, kind::QUOTED, &body);
        self.replace_quote(book, &body);
        for wish in sides(&body) {
            if wish.qty > 0 {
                self.enter_quote_side(command, book, sender, &wish);
            }
        }
        Ok(())
    }

    fn check_quote(&self, book: Handle<Book>, body: &bodies::Quote) -> Answer {
        check_range(refusals::TIF, body.tif, tif::ROD..=tif::FOK)?;
        check_range(refusals::OPEN_CLOSE, body.open_close, 0..=5)?;
        check_verb(self.book(book), allow::QUOTE)?;
        if body.tif != tif::ROD {
            return Err(Refusal::of(refusals::QUOTE_TIF, body.tif.into()));
        }
        let [bid, ask] = sides(body).map(|wish| self.check_quote_side(book, &wish).err());
        let worse = match (bid, ask) {
            (Some(bid), Some(ask)) if ask.code < bid.code => Some(ask),
            (bid, ask) => bid.or(ask),
        };
        let both = body.bid_qty > 0 && body.ask_qty > 0;
        let priced = body.bid_price != NO_PRICE && body.ask_price != NO_PRICE;
        let crossed = both && priced && body.bid_price >= body.ask_price;
        match worse {
            Some(refusal) if !crossed || refusal.code < refusals::QUOTE_CROSSED => Err(refusal),
            _ if crossed => Err(Refusal::bounded(
                refusals::QUOTE_CROSSED,
                body.bid_price,
                body.ask_price,
            )),
            _ => Ok(()),
        }
    }

    fn check_quote_side(&self, book: Handle<Book>, wish: &Wish) -> Answer {
        if wish.qty > 0 {
            return self.check_wish(book, wish);
        }
        if wish.price == NO_PRICE {
            Ok(())
        } else {
            Err(Refusal::of(refusals::PRICE_PRESENT, wish.price))
        }
    }

    /// Cancels what is still live of the line's last quote in the book and notes the new one.
    fn replace_quote(&mut self, book: Handle<Book>, body: &bodies::Quote) {
        let new = Quoted {
            line: body.line,
            book,
            bid_no: body.order_no,
            ask_no: body.order_no + 1,
        };
        let Some(own) = self.db.quotes.by_line().get((body.line, book)) else {
            self.db.insert(new).expect("one row a line and book");
            return;
        };
        let old = *self.db.quotes.get(own);
        for no in [old.bid_no, old.ask_no] {
            if let Some(order) = self.find_order(no) {
                self.cancel_resting(order, reason::QUOTE_REPLACED, body.cl_ord_id);
            }
        }
        self.db.patch(own, |row: &mut Quoted| *row = new);
    }

    fn enter_quote_side(
        &mut self,
        command: &Record,
        book: Handle<Book>,
        sender: &Line,
        wish: &Wish,
    ) {
        let body = bodies::Quote::read(command);
        self.now.priority = self.now.priority.wrapping_add(1);
        let order = Order {
            price: wish.price,
            term: 0,
            no: body.order_no + u32::from(wish.side == side::SELL),
            book,
            level: Handle::NULL,
            before: Handle::NULL,
            behind: Handle::NULL,
            leaves: wish.qty,
            cum: 0,
            priority: self.now.priority,
            account: sender.account,
            pair: 0,
            instrument: command.instrument(),
            line: body.line,
            attributes: command.attributes(),
            side: wish.side,
            quote: true,
        };
        let accepted = bodies::Order {
            cl_ord_id: body.cl_ord_id,
            price: order.price,
            qty: wish.qty,
            account: order.account,
            order_no: order.no,
            line: order.line,
            side: order.side,
            ord_type: ord_type::LIMIT,
            tif: tif::ROD,
            open_close: body.open_close,
            leg: 0,
            extra: order.priority,
        };
        self.echo(command, kind::ACCEPTED, &accepted);
        self.count_entered(book, wish.qty);
        self.enter(&mut Incoming {
            order,
            tif: tif::ROD,
            provider: sender.rights & right::PROVIDER != 0,
            row: None,
        });
    }

    /// QUOTE_REQUEST.
    pub fn quote_request(&mut self, command: &Record) -> Answer {
        let body = bodies::Order::read(command);
        let book = self.book_named(command)?;
        check_range(refusals::SIDE, body.side, 0..=side::SELL)?;
        check_verb(self.book(book), allow::QUOTE_REQUEST)?;
        self.echo(command, kind::QUOTE_REQUESTED, &body);
        Ok(())
    }
}

/// Both sides of a quote, the bid first.
const fn sides(body: &bodies::Quote) -> [Wish; 2] {
    [
        Wish {
            side: side::BUY,
            market: false,
            price: body.bid_price,
            qty: body.bid_qty,
        },
        Wish {
            side: side::SELL,
            market: false,
            price: body.ask_price,
            qty: body.ask_qty,
        },
    ]
}

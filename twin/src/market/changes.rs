//! REDUCE, REPRICE, CANCEL (format.md 5.5, 6.1; TWSE Art. 58 para 6).

use super::core::{Answer, Core};
use super::entering::{Incoming, changed, check_lot, head_of};
use super::tables::{Book, Line, Order};
use crate::records::bodies::{self, Body, Changed};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{allow, kind, reason, segment, tif};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

impl Core {
    /// CANCEL.
    #[inline]
    pub fn cancel(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::Order::read(command);
        let own = self.order_named(command, &body, sender)?;
        let order = *self.db.orders.get(own);
        check_verb(self.book(order.book), allow::CANCEL)?;
        let why = if body.line == 0 {
            reason::EXCHANGE
        } else {
            self.count_changed(order.book, order.leaves);
            reason::MEMBER
        };
        self.cancel_resting(own, why, body.cl_ord_id);
        Ok(())
    }

    /// REDUCE: place and priority stay.
    pub fn reduce(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::Order::read(command);
        if body.price != NO_PRICE {
            return Err(Refusal::of(refusals::PRICE_AND_QTY, body.price));
        }
        let own = self.order_named(command, &body, sender)?;
        let order = *self.db.orders.get(own);
        let row = self.book(order.book);
        check_verb(row, allow::REDUCE)?;
        if body.qty == 0 {
            return Err(Refusal::of(refusals::QTY_ZERO, 0));
        }
        if body.qty < order.leaves {
            check_lot(row, order.side, body.qty)?;
        }
        let qty = body.qty.min(order.leaves);
        self.count_changed(order.book, qty);
        let reduced = Changed {
            qty,
            leaves: order.leaves - qty,
            ..changed(&order, body.cl_ord_id)
        };
        let head = head_of(&order, kind::REDUCED);
        self.tell(head.coded((qty < body.qty).into()), &reduced);
        self.take_off(own, &order, qty, false);
        Ok(())
    }

    /// REPRICE: the order comes in anew.
    pub fn reprice(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::Order::read(command);
        if body.qty != 0 {
            return Err(Refusal::of(refusals::PRICE_AND_QTY, body.qty.into()));
        }
        let own = self.order_named(command, &body, sender)?;
        let mut order = *self.db.orders.get(own);
        self.check_reprice(&order, &body)?;
        self.count_changed(order.book, order.leaves);
        self.leave(own, &order);
        self.now.priority = self.now.priority.wrapping_add(1);
        order.priority = self.now.priority;
        order.price = body.price;
        let head = head_of(&order, kind::REPRICED);
        self.tell(head, &changed(&order, body.cl_ord_id));
        self.enter(&mut Incoming {
            order,
            tif: tif::ROD,
            provider: self.is_provider(order.line),
            row: Some(own),
        });
        Ok(())
    }

    fn check_reprice(&self, order: &Order, body: &bodies::Order) -> Answer {
        let row = self.book(order.book);
        check_verb(row, allow::REPRICE)?;
        if order.price == NO_PRICE || row.segment == segment::FIXED_PRICE {
            let code = refusals::REPRICE_NOT_ALLOWED;
            return Err(Refusal::of(code, order.no.into()));
        }
        if body.price == NO_PRICE {
            return Err(Refusal::of(refusals::PRICE_ABSENT, NO_PRICE));
        }
        self.check_price(order.book, body.price)
    }

    /// The live order a command names: ORDER_UNKNOWN to WRONG_BOOK.
    #[inline]
    fn order_named(
        &self,
        command: &Record,
        body: &bodies::Order,
        sender: &Line,
    ) -> Answer<Handle<Order>> {
        let no = body.order_no;
        let Some(own) = self.find_order(no) else {
            let given = no != 0 && u64::from(no) < self.now.next_order;
            let code = if given {
                refusals::ORDER_NOT_LIVE
            } else {
                refusals::ORDER_UNKNOWN
            };
            return Err(Refusal::of(code, no.into()));
        };
        let order = self.db.orders.get(own);
        if body.line != order.line && body.line != 0 {
            let member = self.find_line(order.line).map_or(0, |row| row.member);
            if sender.member != member {
                return Err(Refusal::of(refusals::NOT_OWNER, no.into()));
            }
        }
        if (order.instrument, order.segment()) != (command.instrument(), command.segment()) {
            let (value, bound) = (no.into(), order.instrument.into());
            return Err(Refusal::bounded(refusals::WRONG_BOOK, value, bound));
        }
        Ok(own)
    }

    /// Counts what was taken back or changed while the checks look (format.md 6.4).
    #[inline]
    pub fn count_changed(&mut self, book: Handle<Book>, qty: u32) {
        if self.db.states.get(book.state()).checking {
            self.db.patch(book.call(), |call| {
                call.changed = call.changed.wrapping_add(qty.into());
            });
        }
    }
}

/// Do the book's phase and the book take a verb: SUSPENDED, NOT_IN_PHASE, then the book's own no.
#[inline]
pub fn check_verb(row: &Book, bit: u32) -> Answer {
    if row.allow & bit == 0 {
        let code = if row.halted {
            refusals::SUSPENDED
        } else {
            refusals::NOT_IN_PHASE
        };
        return Err(Refusal::of(code, row.label.into()));
    }
    if row.own_allow & bit == 0 {
        let code = if bit == allow::REPRICE {
            refusals::REPRICE_NOT_ALLOWED
        } else {
            refusals::TYPE_NOT_ALLOWED
        };
        return Err(Refusal::of(code, 0));
    }
    Ok(())
}

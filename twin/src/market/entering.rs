//! NEW: what an order must satisfy (format.md 5.5) and where it goes (6.1).

use super::core::{Answer, Core, Head};
use super::tables::{Book, Line, Order};
use crate::records::bodies::{self, Body, Changed};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{
    allow, book_flag, kind, mode, ord_type, reason, right, segment, side, tif,
};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

/// The bits of allow that are order types.
const ORDER_TYPES: u32 = allow::MARKET_ROD
    | allow::MARKET_IOC
    | allow::MARKET_FOK
    | allow::LIMIT_ROD
    | allow::LIMIT_IOC
    | allow::LIMIT_FOK
    | allow::TO_LIMIT_ROD
    | allow::TO_LIMIT_IOC
    | allow::TO_LIMIT_FOK;

/// An order on its way into a book: it rests nowhere yet.
#[derive(Clone, Copy)]
pub struct Incoming {
    pub order: Order,
    pub tif: u8,
    /// Is its line a PROVIDER's?
    pub provider: bool,
    /// The row it has already, where it is re-priced.
    pub row: Option<Handle<Order>>,
}

impl Incoming {
    /// Has it a price?
    #[inline]
    pub const fn is_limit(&self) -> bool {
        self.order.price != NO_PRICE
    }
}

/// What an order or one side of a quote asks for.
#[derive(Clone, Copy)]
pub struct Wish {
    pub side: u8,
    pub market: bool,
    pub price: i64,
    pub qty: u32,
}

impl Core {
    /// NEW.
    #[inline]
    pub fn new_order(&mut self, command: &Record, sender: &Line) -> Answer {
        let body = bodies::Order::read(command);
        let book = self.book_named(command)?;
        let provider = sender.rights & right::PROVIDER != 0;
        self.check_new(book, &body, provider)?;
        self.now.priority = self.now.priority.wrapping_add(1);
        let priority = self.now.priority;
        let accepted = self.emit(command);
        accepted.put(16, kind::ACCEPTED);
        accepted.put(60, priority);
        let mut incoming = Incoming {
            order: Order {
                price: body.price,
                term: 0,
                no: body.order_no,
                book,
                level: Handle::NULL,
                before: Handle::NULL,
                behind: Handle::NULL,
                leaves: body.qty,
                cum: 0,
                priority,
                account: body.account,
                pair: body.extra,
                instrument: command.instrument(),
                line: body.line,
                attributes: command.attributes(),
                side: body.side,
                quote: false,
            },
            tif: body.tif,
            provider,
            row: None,
        };
        self.count_entered(book, body.qty);
        self.enter(&mut incoming);
        Ok(())
    }

    #[inline]
    fn check_new(&self, book: Handle<Book>, body: &bodies::Order, provider: bool) -> Answer {
        let row = self.book(book);
        check_range(refusals::SIDE, body.side, side::BUY..=side::SELL)?;
        check_range(
            refusals::ORD_TYPE,
            body.ord_type,
            ord_type::MARKET..=ord_type::MARKET_TO_LIMIT,
        )?;
        check_range(refusals::TIF, body.tif, tif::ROD..=tif::FOK)?;
        check_range(refusals::OPEN_CLOSE, body.open_close, 0..=5)?;
        let bit = 1u32 << ((body.ord_type - 1) * 3 + body.tif - 1);
        check_phase(row, bit)?;
        if row.own_allow & bit == 0 {
            return Err(Refusal::bounded(
                refusals::TYPE_NOT_ALLOWED,
                body.ord_type.into(),
                body.tif.into(),
            ));
        }
        if body.tif != tif::ROD && provider {
            return Err(Refusal::of(refusals::QUOTE_TIF, body.tif.into()));
        }
        let wish = Wish {
            side: body.side,
            market: body.ord_type == ord_type::MARKET,
            price: body.price,
            qty: body.qty,
        };
        self.check_wish(book, &wish)?;
        let paired = row.segment == segment::BLOCK_PAIRED;
        if paired == (body.extra == 0) {
            return Err(Refusal::of(refusals::PAIR, body.extra.into()));
        }
        Ok(())
    }

    /// Quantity and price: QTY_ZERO to NO_CLOSING_PRICE.
    #[inline]
    pub fn check_wish(&self, book: Handle<Book>, wish: &Wish) -> Answer {
        let row = self.book(book);
        self.check_qty(book, row, wish)?;
        if row.segment == segment::FIXED_PRICE {
            check_no_price(wish.price)?;
            return self.check_close(row.instrument);
        }
        if wish.market {
            return check_no_price(wish.price);
        }
        if wish.price == NO_PRICE {
            return Err(Refusal::of(refusals::PRICE_ABSENT, NO_PRICE));
        }
        self.check_price(book, wish.price)
    }

    #[inline]
    fn check_qty(&self, book: Handle<Book>, row: &Book, wish: &Wish) -> Answer {
        if wish.qty == 0 {
            return Err(Refusal::of(refusals::QTY_ZERO, 0));
        }
        check_lot(row, wish.side, wish.qty)?;
        if wish.qty > row.qty_max {
            let (qty, bound) = (wish.qty.into(), row.qty_max.into());
            return Err(Refusal::bounded(refusals::QTY_MAX, qty, bound));
        }
        if wish.qty < row.qty_min && !self.is_worth_enough(book, row, wish) {
            let (qty, bound) = (wish.qty.into(), row.qty_min.into());
            return Err(Refusal::bounded(refusals::QTY_MIN, qty, bound));
        }
        Ok(())
    }

    /// Does a large value make up for a small quantity (rule VALUE_MINIMUM)?
    fn is_worth_enough(&self, book: Handle<Book>, row: &Book, wish: &Wish) -> bool {
        let value = i128::from(wish.price) * i128::from(wish.qty);
        row.rules & book_flag::VALUE_MINIMUM != 0
            && wish.price != NO_PRICE
            && value >= i128::from(self.db.terms.get(book.terms()).value_min)
    }

    /// A fixed-price order needs the closing price of the instrument's regular book.
    fn check_close(&self, instrument: u16) -> Answer {
        if self.close_of(instrument) == NO_PRICE {
            let code = refusals::NO_CLOSING_PRICE;
            return Err(Refusal::of(code, instrument.into()));
        }
        Ok(())
    }

    /// The closing price of an instrument's regular book, or none.
    pub fn close_of(&self, instrument: u16) -> i64 {
        self.find_book(instrument, segment::REGULAR)
            .map_or(NO_PRICE, |book| self.db.states.get(book.state()).close)
    }

    /// Counts what was entered before the first match (format.md 6.4).
    #[inline]
    pub fn count_entered(&mut self, book: Handle<Book>, qty: u32) {
        if self.book(book).mode == mode::COLLECT {
            self.count_collected(book, qty);
        }
    }

    #[inline(never)]
    fn count_collected(&mut self, book: Handle<Book>, qty: u32) {
        if !self.db.states.get(book.state()).matched {
            self.db.patch(book.call(), |call| {
                call.entered = call.entered.wrapping_add(qty.into());
            });
        }
    }

    /// An accepted or re-priced order goes where the book's mode sends it (format.md 6.1).
    #[inline]
    pub fn enter(&mut self, incoming: &mut Incoming) {
        let row = self.book(incoming.order.book);
        match row.mode {
            _ if row.segment == segment::FIXED_PRICE => self.rest(incoming),
            mode::CONTINUOUS => self.sweep_in(incoming),
            mode::PAIR if incoming.is_limit() => self.pair(incoming),
            _ => self.rest(incoming),
        }
    }

    /// What is left of an incoming order joins its place.
    #[inline]
    pub fn rest(&mut self, incoming: &mut Incoming) {
        self.join(incoming.row, &mut incoming.order);
    }

    /// What is left of an incoming order is cancelled, or nothing is left of it.
    pub fn end(&mut self, incoming: &Incoming, why: u16) {
        if incoming.order.leaves > 0 {
            self.tell_cancelled(&incoming.order, why, 0);
        }
        if let Some(row) = incoming.row {
            self.db.delete(row).expect("nothing links to an order");
        }
    }

    /// A resting order is cancelled whole.
    #[inline]
    pub fn cancel_resting(&mut self, handle: Handle<Order>, why: u16, cl_ord_id: u64) {
        let order = *self.db.orders.get(handle);
        self.tell_cancelled(&order, why, cl_ord_id);
        self.remove(handle, &order);
    }

    #[inline]
    fn tell_cancelled(&mut self, order: &Order, why: u16, cl_ord_id: u64) {
        debug_assert!(reason::name(why).is_some());
        let body = Changed {
            qty: order.leaves,
            leaves: 0,
            ..changed(order, cl_ord_id)
        };
        let head = head_of(order, kind::CANCELLED);
        self.tell(head.coded(why), &body);
    }
}

/// The header of an event of one order: the attributes are those it came with.
#[inline]
pub const fn head_of(order: &Order, number: u8) -> Head {
    Head {
        kind: number,
        flags: 0,
        instrument: order.instrument,
        code: 0,
        attributes: order.attributes,
    }
}

/// What a CHANGED record says of an order, its quantity still 0.
#[inline]
pub fn changed(order: &Order, cl_ord_id: u64) -> Changed {
    Changed {
        cl_ord_id,
        price: order.price,
        qty: 0,
        leaves: order.leaves,
        order_no: order.no,
        line: order.line,
        side: order.side,
        cum: order.cum,
        priority: order.priority,
    }
}

/// A field of a few values.
#[inline]
pub fn check_range(code: u16, value: u8, legal: std::ops::RangeInclusive<u8>) -> Answer {
    if legal.contains(&value) {
        Ok(())
    } else {
        Err(Refusal::of(code, value.into()))
    }
}

/// A quantity in lots; a sale in a SELL_ODD book may be any.
#[inline]
pub fn check_lot(row: &Book, of_side: u8, qty: u32) -> Answer {
    let odd = row.rules & book_flag::SELL_ODD != 0 && of_side == side::SELL;
    // Whole lots of one share are the common case of some books, a division saved.
    if odd || row.lot == 1 || qty.is_multiple_of(row.lot) {
        return Ok(());
    }
    let code = refusals::QTY_LOT;
    Err(Refusal::bounded(code, qty.into(), row.lot.into()))
}

fn check_no_price(price: i64) -> Answer {
    if price == NO_PRICE {
        Ok(())
    } else {
        Err(Refusal::of(refusals::PRICE_PRESENT, price))
    }
}

/// Does the book's phase take an order type: SUSPENDED, NOT_IN_PHASE, TYPE_IN_PHASE.
#[inline]
fn check_phase(row: &Book, bit: u32) -> Answer {
    if row.allow & bit != 0 {
        return Ok(());
    }
    let code = if row.halted {
        refusals::SUSPENDED
    } else if row.allow & ORDER_TYPES == 0 {
        refusals::NOT_IN_PHASE
    } else {
        refusals::TYPE_IN_PHASE
    };
    Err(Refusal::of(code, row.label.into()))
}

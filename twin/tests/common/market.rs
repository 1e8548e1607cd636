//! A small market for tests of the door: one book in continuous trading, lines of members, and their commands.

use evermarket_twin::records::vocabulary::{kind, mode, phase};
use evermarket_twin::records::{NO_PRICE, Record};

/// Everything but the types that become limit orders.
pub const ALLOW: u32 = 0x1F_003F;

pub fn of(kind: u8) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = kind;
    record
}

fn of_book(kind: u8) -> Record {
    let mut record = of(kind);
    record.put(18, 1u16);
    record.put(22, 1u16);
    record
}

/// A line of a member, with every right.
pub fn line_of(line: u16, member: u16) -> Record {
    let mut defined = of(kind::REF_LINE);
    defined.put(40, 7u32);
    defined.put(44, u32::from(line));
    defined.put(48, member);
    defined.put(52, line);
    defined
}

/// What the exchange sends in the morning: a book, lines 1 to `lines`, continuous trading.
pub fn opening(lines: u16) -> Vec<Record> {
    let mut tick = of(kind::REF_TICK);
    tick.put(32, 100i64);
    tick.put(48, 1u16);
    let mut all = vec![tick];
    all.extend((1..=lines).map(|line| line_of(line, line)));
    let mut book = of_book(kind::REF_INSTRUMENT);
    book.put(28, 1u32);
    book.put(32, 1_000_000u32);
    book.put(48, 1u16);
    book.put(50, 1u16);
    book.put(52, ALLOW);
    book.put(58, 1u8);
    let mut prices = of_book(kind::REF_PRICES);
    prices.put(24, 400_000i64);
    prices.put(32, NO_PRICE);
    prices.put(40, NO_PRICE);
    prices.put(48, 400_000i64);
    let mut continuous = of(kind::PHASE);
    continuous.put(20, u16::from(phase::CONTINUOUS));
    continuous.put(48, 1u16);
    continuous.put(50, mode::CONTINUOUS);
    continuous.put(52, ALLOW);
    all.extend([book, prices, continuous]);
    all
}

fn member(kind: u8, line: u16, id: u64) -> Record {
    let mut record = of_book(kind);
    record.put(24, id);
    record.put(52, line);
    record
}

/// A limit order; side 1 buys.
pub fn order(line: u16, id: u64, side: u8, price: i64, qty: u32) -> Record {
    let mut new = member(kind::NEW, line, id);
    new.put(32, price);
    new.put(40, qty);
    new.put(44, u32::from(line));
    new.put(54, side);
    new.put(55, 2u8);
    new.put(56, 1u8);
    new
}

pub fn cancel(line: u16, id: u64, order_no: u32) -> Record {
    let mut cancel = member(kind::CANCEL, line, id);
    cancel.put(48, order_no);
    cancel
}

pub fn reduce(line: u16, id: u64, order_no: u32, qty: u32) -> Record {
    let mut reduce = member(kind::REDUCE, line, id);
    reduce.put(32, NO_PRICE);
    reduce.put(40, qty);
    reduce.put(48, order_no);
    reduce
}

pub fn reprice(line: u16, id: u64, order_no: u32, price: i64) -> Record {
    let mut reprice = member(kind::REPRICE, line, id);
    reprice.put(32, price);
    reprice.put(48, order_no);
    reprice
}

pub fn mass_cancel(line: u16, id: u64) -> Record {
    member(kind::MASS_CANCEL, line, id)
}

pub fn void_trade(line: u16, id: u64, trade_no: u32, buy_no: u32, sell_no: u32) -> Record {
    let mut void = member(kind::VOID_TRADE, line, id);
    void.put(44, trade_no);
    void.put(48, buy_no);
    void.put(56, sell_no);
    void
}

pub fn quote(line: u16, id: u64, bid: i64, ask: i64) -> Record {
    let mut quote = member(kind::QUOTE, line, id);
    quote.put(32, bid);
    quote.put(40, ask);
    quote.put(54, 1u8);
    quote.put(56, 10u32);
    quote.put(60, 10u32);
    quote
}

pub fn quote_request(line: u16, id: u64) -> Record {
    let mut request = member(kind::QUOTE_REQUEST, line, id);
    request.put(40, 10u32);
    request.put(44, u32::from(line));
    request
}

pub fn off_book(line: u16, id: u64, buy_line: u16, sell_line: u16) -> Record {
    let mut trade = member(kind::OFF_BOOK_TRADE, line, id);
    trade.put(32, 400_000i64);
    trade.put(40, 10u32);
    trade.put(44, 77u32);
    trade.put(48, 88u32);
    trade.put(54, buy_line);
    trade.put(56, sell_line);
    trade
}

/// An announcement with two texts.
pub fn announcement() -> [Record; 3] {
    let mut head = of(kind::ANNOUNCE);
    head.0[17] = 2;
    let mut text = of(kind::TEXT);
    text.0[24..29].copy_from_slice(b"hello");
    [head, text, text]
}

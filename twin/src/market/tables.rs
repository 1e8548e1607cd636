//! What the market knows, as tables of the store.
//!
//! Orders hang in levels, levels in books, books in instruments; each link is a handle, so that an
//! order is found by one look-up (its number) and everything else by following links. What is
//! numbered densely from outside (instruments, lines, groups, tables, sets) has its number for its
//! slot; books have their place in the book order (format.md 5.4).
//!
//! A book is spread over several rows with one slot number, hot and cold apart. A row is one cache
//! line: the undo log copies whole rows, and one that straddles two lines misses twice.

use crate::database;
use crate::store::Handle;

mod defaults;

/// A line of a member (format.md 5.1); one without a member is not defined.
#[derive(Clone, Copy, Default)]
pub struct Line {
    pub last_id: u64,
    pub rights: u32,
    pub account: u32,
    pub member: u16,
}

/// The books of an instrument, by segment less one; null where there is none.
#[derive(Clone, Copy, Default)]
pub struct Instrument {
    pub books: [Handle<Book>; 6],
}

/// What is looked at for every order of a book.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub struct Book {
    /// Prices from `fast_low` to `fast_high` need no more than to be multiples of `fast_tick`.
    pub fast_low: i64,
    pub fast_high: i64,
    pub fast_tick: u32,
    /// What its phase takes.
    pub allow: u32,
    /// What its definition takes.
    pub own_allow: u32,
    pub rules: u32,
    pub lot: u32,
    pub qty_min: u32,
    pub qty_max: u32,
    pub instrument: u16,
    pub group: u16,
    pub set: u16,
    pub segment: u8,
    pub label: u8,
    pub mode: u8,
    pub halted: bool,
}

/// What is rarely looked at in a book's definition and prices.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Terms {
    pub value_min: i64,
    pub limit_up: i64,
    pub limit_down: i64,
    pub table: u16,
}

/// Where the sides of a book begin and end, and the book's term in the digest.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Top {
    pub best: [Handle<Level>; 2],
    pub worst: [Handle<Level>; 2],
    pub reference: i64,
    pub term: u64,
    /// Is the term to be made anew?
    pub stale: bool,
}

/// What the trades of a book add up to.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Tally {
    pub last: i64,
    pub open: i64,
    pub high: i64,
    pub low: i64,
    pub volume: i64,
    pub turnover: i64,
    pub trades: u32,
}

/// How far a book has come in its day, and the state that keeps it apart from its group.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct State {
    pub due: i64,
    pub entry: i64,
    pub close: i64,
    pub first_at: i64,
    pub first_price: i64,
    /// The allow of before a postponement, and its actions.
    pub allow_before: u32,
    pub owed: u32,
    /// A value of [`special`](crate::records::vocabulary::special), 0 for none.
    pub special: u8,
    pub entry_waits: bool,
    pub matched: bool,
    pub checking: bool,
    pub tripped: bool,
}

/// What the call phase of a book has told and counted (format.md 6.4).
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Call {
    pub told: [i64; 4],
    /// The simulated prices of the last INDICATE and of the one before it.
    pub simulated: [i64; 2],
    pub entered: i64,
    pub changed: i64,
}

/// The rolling window of a book's continuous trades, and the last volatility call (6.1, band).
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Window {
    /// The sum of price times quantity, in two words, and of quantity, from `head` on.
    pub value: [u64; 2],
    pub qty: u64,
    /// The width that `head` was found with.
    pub width: i64,
    pub ended_at: i64,
    pub ended_price: i64,
    pub head: Handle<Slice>,
    pub tail: Handle<Slice>,
    pub ended: bool,
}

/// Continuous trades of one book at one time and price.
#[derive(Clone, Copy)]
pub struct Slice {
    pub time: i64,
    pub price: i64,
    pub qty: u64,
    pub before: Handle<Slice>,
    pub behind: Handle<Slice>,
}

/// One price of one side of a book, and the queue of orders that stand there.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Level {
    /// Book, side and rank; see [`super::queue::level_key`].
    pub key: u64,
    /// The price; `NO_PRICE` for the queue of those that have none.
    pub price: i64,
    pub qty: i64,
    pub count: u32,
    pub head: Handle<Order>,
    pub tail: Handle<Order>,
    pub better: Handle<Level>,
    pub worse: Handle<Level>,
}

/// A live order.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Order {
    pub price: i64,
    /// What stands for it in the digest.
    pub term: u64,
    pub no: u32,
    pub book: Handle<Book>,
    pub level: Handle<Level>,
    /// The order before it in its level; not looked at where it is the first.
    pub before: Handle<Order>,
    /// The order behind it in its level; not looked at where it is the last.
    pub behind: Handle<Order>,
    pub leaves: u32,
    pub cum: u32,
    pub priority: u32,
    pub account: u32,
    pub pair: u32,
    pub instrument: u16,
    pub line: u16,
    pub attributes: u16,
    pub side: u8,
    pub quote: bool,
}

impl Order {
    /// The segment of the order's book.
    #[inline]
    pub const fn segment(&self) -> u8 {
        (self.attributes & 15) as u8
    }
}

/// The phase row of a group (format.md 6.2).
#[derive(Clone, Copy)]
pub struct Group {
    pub books: u32,
    pub allow: u32,
    pub label: u8,
    pub mode: u8,
}

/// A tick table: how many bands it has and how many books use it.
#[derive(Clone, Copy, Default)]
pub struct TickTable {
    pub bands: u32,
    pub uses: u32,
}

/// A band of a tick table; `base` is the number of its first price (format.md 5.4).
#[derive(Clone, Copy)]
pub struct Band {
    pub table: u16,
    pub from: i64,
    pub tick: i64,
    pub base: i64,
}

/// A stabilisation set (format.md 5.4).
#[derive(Clone, Copy, Default)]
pub struct Set {
    pub window_ns: i64,
    pub duration_ns: i64,
    pub band_permille: u16,
    pub call_permille: u16,
    pub cancel_permille: u16,
    pub periodic_permille: u16,
    pub defined: bool,
}

/// The order numbers of a line's last quote in a book.
#[derive(Clone, Copy)]
pub struct Quoted {
    pub line: u16,
    pub book: Handle<Book>,
    pub bid_no: u32,
    pub ask_no: u32,
}

/// A trade that was voided.
#[derive(Clone, Copy)]
pub struct Voided {
    pub trade_no: u32,
}

database! {
    /// The market's database.
    pub struct Db {
        /// Lines by number.
        lines: Line {}
        /// Instruments by number.
        instruments: Instrument {}
        /// Books in book order.
        books: Book {}
        /// Their definitions' rest.
        terms: Terms {}
        /// Their sides.
        tops: Top {}
        /// Their sums.
        tallies: Tally {}
        /// Their states.
        states: State {}
        /// Their calls.
        calls: Call {}
        /// Their windows.
        windows: Window {}
        /// What the windows are made of.
        slices: Slice {}
        /// Price levels.
        levels: Level {
            hash by_key(key: u64);
            ordered by_rank(key: u64);
        }
        /// Live orders.
        orders: Order {
            dense by_no(no: u32);
        }
        /// Groups by number.
        groups: Group {}
        /// Tick tables by number.
        tick_tables: TickTable {}
        /// Their bands.
        bands: Band {
            ordered by_from(table: u16, from: i64);
        }
        /// Stabilisation sets by number.
        sets: Set {}
        /// Last quotes.
        quotes: Quoted {
            hash by_line(line: u16, book: Handle<Book>);
        }
        /// Voided trades.
        voids: Voided {
            hash by_trade(trade_no: u32);
        }
    }
}

/// The row of a book in one of the tables that share its slot.
macro_rules! book_parts {
    ($($name:ident $row:ident),+) => {
        impl Handle<Book> {
            $(
                #[doc = concat!("The book's row of [`", stringify!($row), "`].")]
                #[inline]
                pub const fn $name(self) -> Handle<$row> {
                    Handle::from_slot(self.slot())
                }
            )+
        }
    };
}
book_parts!(terms Terms, top Top, tally Tally, state State, call Call, window Window);

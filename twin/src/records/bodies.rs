//! The fields of each kind (format.md section 4), declared once.
//!
//! A body is a struct of its fields with `read` and `write`; the same declaration gives the list
//! of [`Field`]s for those who decode by name and the bytes that no field names.

use super::Record;
use super::vocabulary::kind;
use super::wire::{Value, Wire};

/// A named place in a record.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name in format.md.
    pub name: &'static str,
    /// Its first byte.
    pub at: usize,
    /// How many bytes.
    pub bytes: usize,
    get: fn(&Record, usize) -> Value,
    put: fn(&mut Record, usize, &Value) -> bool,
}

impl Field {
    const fn new<T: Wire>(name: &'static str, at: usize) -> Self {
        Self {
            name,
            at,
            bytes: T::BYTES,
            get: |record, at| record.get::<T>(at).to_value(),
            put: |record, at, value| match T::from_value(value) {
                Some(fits) => {
                    record.put(at, fits);
                    true
                }
                None => false,
            },
        }
    }

    /// Its value in a record.
    pub fn value(&self, record: &Record) -> Value {
        (self.get)(record, self.at)
    }

    /// Writes a value; false where it does not fit the field.
    #[must_use]
    pub fn set(&self, record: &mut Record, value: &Value) -> bool {
        (self.put)(record, self.at, value)
    }
}

/// What stands behind the header in records of some kinds.
pub trait Body: Copy {
    /// Its fields in their order.
    const FIELDS: &'static [Field];

    /// The body of a record.
    fn read(record: &Record) -> Self;

    /// Writes the body into a record.
    fn write(&self, record: &mut Record);
}

/// The header that all kinds below 200 share (format.md section 2).
const HEADER: &[Field] = &[
    Field::new::<u64>("position", 0),
    Field::new::<i64>("time", 8),
    Field::new::<u8>("kind", 16),
    Field::new::<u8>("flags", 17),
    Field::new::<u16>("instrument", 18),
    Field::new::<u16>("code", 20),
    Field::new::<u16>("attributes", 22),
];

/// The header's fields of a kind; the journal's own kinds have them among their body's.
pub const fn header(kind: u8) -> &'static [Field] {
    if kind >= kind::BLOCK { &[] } else { HEADER }
}

macro_rules! bodies {
    ($(
        $(#[$doc:meta])*
        $body:ident [$($kind:ident),*] { $($field:ident $at:literal $type:ty),* }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[allow(missing_docs, reason = "the names are those of format.md section 4")]
            pub struct $body { $(pub $field: $type),* }

            impl Body for $body {
                const FIELDS: &'static [Field] =
                    &[$(Field::new::<$type>(stringify!($field), $at)),*];

                #[inline]
                fn read(record: &Record) -> Self {
                    Self { $($field: record.get($at)),* }
                }

                #[inline]
                fn write(&self, record: &mut Record) {
                    $(record.put($at, self.$field);)*
                }
            }
        )+

        /// The body's fields of a kind; `None` for a number that is no kind.
        pub const fn body(kind: u8) -> Option<&'static [Field]> {
            match kind {
                $($(kind::$kind)|* => Some($body::FIELDS),)+
                kind::REFERENCE_SET => Some(&[]),
                _ => None,
            }
        }
    };
}

bodies! {
    /// An order, a change of one, a request for quotes.
    Order [NEW, REDUCE, REPRICE, CANCEL, QUOTE_REQUEST, ACCEPTED, QUOTE_REQUESTED] {
        cl_ord_id 24 u64, price 32 i64, qty 40 u32, account 44 u32, order_no 48 u32, line 52 u16,
        side 54 u8, ord_type 55 u8, tif 56 u8, open_close 57 u8, leg 58 u16, extra 60 u32
    }
    /// What became of an order.
    Changed [REDUCED, REPRICED, CANCELLED, CONVERTED] {
        cl_ord_id 24 u64, price 32 i64, qty 40 u32, leaves 44 u32, order_no 48 u32, line 52 u16,
        side 54 u8, cum 56 u32, priority 60 u32
    }
    /// Both sides of a market maker's quote.
    Quote [QUOTE, QUOTED] {
        cl_ord_id 24 u64, bid_price 32 i64, ask_price 40 i64, order_no 48 u32, line 52 u16,
        tif 54 u8, open_close 55 u8, bid_qty 56 u32, ask_qty 60 u32
    }
    /// Many orders at once.
    MassCancel [MASS_CANCEL, MASS_CANCELLED] {
        cl_ord_id 24 u64, count 40 u32, account 44 u32, of_member 48 u16, of_line 50 u16,
        line 52 u16, side 54 u8, quotes_only 55 u8
    }
    /// One fill.
    Traded [TRADED] {
        price 24 i64, qty 32 u32, trade_no 36 u32, buy_no 40 u32, sell_no 44 u32,
        buy_leaves 48 u32, sell_leaves 52 u32, buy_cum 56 u32, sell_cum 60 u32
    }
    /// A trade made elsewhere.
    OffBookTrade [OFF_BOOK_TRADE, OFF_BOOK_TRADED] {
        cl_ord_id 24 u64, price 32 i64, qty 40 u32, buy_account 44 u32, sell_account 48 u32,
        line 52 u16, buy_line 54 u16, sell_line 56 u16, buy_open_close 58 u8,
        sell_open_close 59 u8, trade_no 60 u32
    }
    /// A trade taken back.
    VoidTrade [VOID_TRADE, TRADE_VOIDED] {
        cl_ord_id 24 u64, price 32 i64, qty 40 u32, trade_no 44 u32, buy_no 48 u32, line 52 u16,
        sell_no 56 u32
    }
    /// A refusal.
    Rejected [REJECTED] {
        cl_ord_id 24 u64, value 32 i64, bound 40 i64, order_no 48 u32, line 52 u16, command 54 u8
    }
    /// A phase of the day, a halt, an indication: scope, label, what is taken.
    Phase [PHASE, HALT, RESUME, INDICATE, PHASE_CHANGED, HALTED, RESUMED] {
        until 24 i64, postpone_ns 32 i64, entry_ns 40 i64, group 48 u16, mode 50 u8, match_ 51 u8,
        allow 52 u32, actions 56 u32, count 60 u32
    }
    /// A due time that has come.
    Timer [TIMER] { due 24 i64 }
    /// New priorities by lot.
    Draw [DRAW, DRAWN] { seed 24 u64, group 48 u16, count 60 u32 }
    /// Forty bytes of UTF-8.
    Text [TEXT] { text 24 [u8; 40] }
    /// An announcement.
    Announce [ANNOUNCE, ANNOUNCED] { until 24 i64, audience 48 u16, urgency 50 u8 }
    /// One band of a tick table.
    RefTick [REF_TICK] { from_price 24 i64, tick 32 i64, table 48 u16 }
    /// A line of a member.
    RefLine [REF_LINE] { rights 40 u32, account 44 u32, member 48 u16, line 52 u16 }
    /// What a stabilisation measures and how long it lasts.
    RefStabilisation [REF_STABILISATION] {
        window_ns 24 i64, duration_ns 32 i64, band_permille 40 u16, call_permille 42 u16,
        cancel_permille 44 u16, periodic_permille 46 u16, set 48 u16
    }
    /// A book.
    RefInstrument [REF_INSTRUMENT] {
        qty_min 24 u32, lot 28 u32, qty_max 32 u32, rules 36 u32, value_min 40 i64, group 48 u16,
        table 50 u16, allow 52 u32, set 56 u16, product 58 u8
    }
    /// The day's prices of a book.
    RefPrices [REF_PRICES] {
        reference 24 i64, limit_up 32 i64, limit_down 40 i64, previous_close 48 i64
    }
    /// What a contract is about.
    RefContract [REF_CONTRACT] {
        strike 24 i64, multiplier 32 i64, expiry 40 u32, last_day 44 u32, underlying 48 u16,
        right 50 u8
    }
    /// A call auction, simulated or held.
    Auctioned [INDICATIVE, AUCTIONED] {
        price 24 i64, volume 32 i64, buy_left 40 i64, sell_left 48 i64, count 56 u32
    }
    /// A stabilisation begins or ends.
    Stabilisation [STABILISATION_STARTED, STABILISATION_ENDED] {
        due 24 i64, price 32 i64, reference 40 i64, entry 48 i64, order_no 56 u32
    }
    /// The day's prices at the close.
    Closed [CLOSED] { open 24 i64, high 32 i64, low 40 i64, close 48 i64, volume 56 i64 }
    /// The day's sums at the close.
    Statistics [STATISTICS] {
        turnover 24 i64, best_bid 32 i64, best_ask 40 i64, reference 48 i64, count 56 u32
    }
    /// A block of the journal.
    Block [BLOCK] {
        position 0 u64, digest 8 u64, kind 16 u8, epoch 20 u32, count 24 u32, crc 28 u32,
        chain 32 [u8; 32]
    }
    /// A change of owner in the journal.
    Epoch [EPOCH] {
        position 0 u64, time 8 i64, kind 16 u8, make 18 u16, epoch 20 u32, owner 24 u32,
        trading_day 28 u32, chain 32 [u8; 32]
    }
    /// The head of a segment file.
    Segment [SEGMENT] {
        position 0 u64, magic 8 [u8; 8], kind 16 u8, version 18 u16, trading_day 20 u32,
        partition 24 u16, primary_version 26 u16, twin_version 28 u16, crc 32 u32,
        rulebook_day 36 u32, number 40 u32, size 44 u32, config 48 u64, seed 56 u64
    }
}

/// For each kind, a bit for every byte of the record that a field names.
pub const fn named_bytes(kind: u8) -> u64 {
    let mut bits = 0;
    let lists = [
        header(kind),
        match body(kind) {
            Some(fields) => fields,
            None => &[],
        },
    ];
    let mut list = 0;
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            let field = &lists[list][index];
            bits |= (u64::MAX >> (64 - field.bytes)) << field.at;
            index += 1;
        }
        list += 1;
    }
    bits
}

//! Refusals (format.md 4.2): several may apply, the first in this list is the answer.

use super::NO_PRICE;

/// Why a command was refused, and the numbers its sentence names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code; the smaller one wins.
    pub code: u16,
    /// The field at fault.
    pub value: i64,
    /// What it was held against, or [`NO_PRICE`].
    pub bound: i64,
}

impl Refusal {
    /// A refusal whose sentence names a value and no bound.
    #[inline]
    pub const fn of(code: u16, value: i64) -> Self {
        Self {
            code,
            value,
            bound: NO_PRICE,
        }
    }

    /// A refusal whose sentence names both.
    #[inline]
    pub const fn bounded(code: u16, value: i64, bound: i64) -> Self {
        Self { code, value, bound }
    }
}

macro_rules! refusals {
    ($($code:literal $name:ident $sentence:literal),+ $(,)?) => {
        $(
            #[doc = $sentence]
            pub const $name: u16 = $code;
        )+

        /// The name of a refusal; `None` for a number that is none.
        pub const fn name(code: u16) -> Option<&'static str> {
            match code {
                $($code => Some(stringify!($name)),)+
                _ => None,
            }
        }

        /// The sentence of a refusal, its numbers not yet filled in.
        pub const fn sentence(code: u16) -> Option<&'static str> {
            match code {
                $($code => Some($sentence),)+
                _ => None,
            }
        }
    };
}

refusals! {
    1 UNKNOWN_KIND "kind {value} is not a command",
    2 BROKEN_RUN "flags announce {value} following records, the batch holds {bound}",
    3 UNUSED_BYTES "a byte that no field names is not zero",
    10 UNKNOWN_LINE "line {value} is not defined",
    11 NO_RIGHT "line {value} lacks the right {bound}",
    12 DUPLICATE_CL_ORD_ID "cl_ord_id {value} is not larger than {bound}, the last one of this line",
    13 ORDER_NO "order_no {value} is not the next number {bound}",
    20 UNKNOWN_INSTRUMENT "instrument {value} has no book in segment {bound}",
    21 UNKNOWN_GROUP "group {value} has no book",
    22 UNKNOWN_TABLE "tick table or stabilisation set {value} is not defined",
    23 BAD_REFERENCE "reference value {value} breaks the rule of its field (bound {bound})",
    30 SIDE "side {value} is neither 1 (buy) nor 2 (sell)",
    31 ORD_TYPE "ord_type {value} is not 1, 2 or 3",
    32 TIF "tif {value} is not 1, 2 or 3",
    33 OPEN_CLOSE "open_close {value} is not between 0 and 5",
    34 PRICE_AND_QTY "price and qty cannot both change in one request",
    40 ORDER_UNKNOWN "order_no {value} was never given",
    41 ORDER_NOT_LIVE "order_no {value} has nothing left",
    42 NOT_OWNER "order_no {value} belongs to another member",
    43 WRONG_BOOK "order_no {value} stands in instrument {bound}",
    50 SUSPENDED "trading is halted",
    51 NOT_IN_PHASE "phase {value} does not take this request",
    52 TYPE_IN_PHASE "phase {value} does not take this order type and time in force",
    53 TYPE_NOT_ALLOWED "this security never takes this order type",
    54 REPRICE_NOT_ALLOWED "only a limit order can change its price",
    55 QUOTE_TIF "a quote must be valid for the day, not tif {value}",
    60 QTY_ZERO "qty is 0",
    61 QTY_LOT "qty {value} is not a multiple of the lot {bound}",
    62 QTY_MAX "qty {value} exceeds {bound}",
    63 QTY_MIN "qty {value} is below {bound}",
    70 PRICE_ABSENT "a limit order needs a price",
    71 PRICE_PRESENT "price {value} given where the rule takes none",
    72 PRICE_RANGE "price {value} is not between 1 and {bound}",
    73 PRICE_TICK "price {value} is not a multiple of the tick {bound}",
    74 ABOVE_LIMIT "price {value} is above the limit-up {bound}",
    75 BELOW_LIMIT "price {value} is below the limit-down {bound}",
    76 QUOTE_CROSSED "bid {value} is not below ask {bound}",
    80 NO_CLOSING_PRICE "there is no closing price to trade at",
    81 PAIR "a paired block needs a pair number and nothing else does",
    82 TRADE_UNKNOWN "trade_no {value} was never given",
    83 TRADE_VOID "trade_no {value} is void already",
    90 TIMER_NOT_DUE "no timer of this kind is due at {value}",
    91 STATE "the book is not in a state for this command",
    95 FULL "a table of the core is full at {bound} rows",
}

//! The values of small fields (format.md section 3): one module a vocabulary.

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident $type:ty { $($value:ident $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "the names are those of format.md section 3")]
        pub mod $name {
            $(pub const $value: $type = $number;)+

            /// The name of a value; `None` where it has none.
            pub const fn name(value: $type) -> Option<&'static str> {
                match value {
                    $($value => Some(stringify!($value)),)+
                    _ => None,
                }
            }
        }
    };
}

vocabulary! {
    /// What a record is.
    kind u8 {
        NEW 1, REDUCE 2, REPRICE 3, CANCEL 4, QUOTE 5, MASS_CANCEL 6, QUOTE_REQUEST 7,
        OFF_BOOK_TRADE 8, VOID_TRADE 9, PHASE 16, TIMER 17, INDICATE 18, DRAW 19, HALT 20,
        RESUME 21, ANNOUNCE 22, TEXT 23, REF_TICK 32, REF_LINE 33, REF_STABILISATION 34,
        REF_INSTRUMENT 35, REF_PRICES 36, REF_CONTRACT 37, ACCEPTED 64, REJECTED 65, REDUCED 66,
        REPRICED 67, CANCELLED 68, CONVERTED 69, TRADED 70, OFF_BOOK_TRADED 71, TRADE_VOIDED 72,
        QUOTED 73, QUOTE_REQUESTED 74, MASS_CANCELLED 75, PHASE_CHANGED 80, INDICATIVE 81,
        AUCTIONED 82, STABILISATION_STARTED 83, STABILISATION_ENDED 84, HALTED 85, RESUMED 86,
        ANNOUNCED 87, DRAWN 88, REFERENCE_SET 89, CLOSED 90, STATISTICS 91, LEVEL_CHANGED 92,
        BLOCK 200, EPOCH 201, SEGMENT 202
    }
}
vocabulary! {
    /// Which side an order stands on.
    side u8 {
        BUY 1, SELL 2
    }
}
vocabulary! {
    /// How an order is priced.
    ord_type u8 {
        MARKET 1, LIMIT 2, MARKET_TO_LIMIT 3
    }
}
vocabulary! {
    /// How long an order lasts.
    tif u8 {
        ROD 1, IOC 2, FOK 3
    }
}
vocabulary! {
    /// Which position an order touches.
    open_close u8 {
        OPEN 1, CLOSE 2, CLOSE_TODAY 3, CLOSE_YESTERDAY 4, FORCE 5
    }
}
vocabulary! {
    /// Which of an instrument's books.
    segment u8 {
        REGULAR 1, ODD_LOT 2, ODD_LOT_AFTER 3, FIXED_PRICE 4, BLOCK 5, BLOCK_PAIRED 6
    }
}
vocabulary! {
    /// How an order is settled.
    category u16 {
        CASH 1, MARGIN 2, SHORT 3, BORROWED 4, BORROWED_HEDGE 5
    }
}
vocabulary! {
    /// Who stands behind an order.
    investor u16 {
        PERSON 1, FUND 2, FOREIGN 3, INSTITUTION 4, DEALER 5
    }
}
vocabulary! {
    /// Which way an order came.
    channel u16 {
        NORMAL 1, VOICE 2, INTERNET 3, DMA 4, ATM 5, API 6
    }
}
vocabulary! {
    /// The label of a book's phase.
    phase u8 {
        CLOSED 1, PRE_OPEN 2, OPEN_CALL 3, CONTINUOUS 4, VOLATILITY_CALL 5, CLOSE_CALL 6,
        POSTPONED_OPEN 7, POSTPONED_CLOSE 8, PERIODIC_CALL 9, ODD_LOT_CALL 10, FIXED_PRICE 11,
        BLOCK 12, HALTED 13, LUNCH 14, POST_CLOSE 15, NO_CANCEL_CALL 16, ENDED 17,
        RESUMPTION_CALL 18, POSTPONED_PERIODIC 19
    }
}
vocabulary! {
    /// What becomes of an incoming order.
    mode u8 {
        SHUT 1, COLLECT 2, CONTINUOUS 3, PAIR 4
    }
}
vocabulary! {
    /// What a phase begins with.
    matching u8 {
        UNCROSS 1, FIXED_PRICE 2
    }
}
vocabulary! {
    /// What a phase or a book takes: bits.
    allow u32 {
        MARKET_ROD 1, MARKET_IOC 2, MARKET_FOK 4, LIMIT_ROD 8, LIMIT_IOC 16, LIMIT_FOK 32,
        TO_LIMIT_ROD 64, TO_LIMIT_IOC 128, TO_LIMIT_FOK 256, CANCEL 65536, REDUCE 131072,
        REPRICE 262144, QUOTE 524288, QUOTE_REQUEST 1048576
    }
}
vocabulary! {
    /// What a phase does to each book: bits.
    action u32 {
        PURGE_MARKET 1, CHECK_START 2, CHECK_PRICES 4, CHECK_CANCELS 8, CHECK_LAST 16,
        FIRST_MATCH 32, SET_CLOSE 64, EXPIRE 128
    }
}
vocabulary! {
    /// Why a book is apart from its group; the last is a timer's.
    special u16 {
        VOLATILITY 1, POSTPONED_OPEN 2, POSTPONED_CLOSE 3, POSTPONED_PERIODIC 4, RESUMPTION 5,
        ENTRY_OPENS 6
    }
}
vocabulary! {
    /// Why an order was cancelled.
    reason u16 {
        MEMBER 1, TIME_IN_FORCE 2, BAND 3, STABILISATION 4, MARKET_AT_CLOSE 5, END_OF_SESSION 6,
        MASS 7, QUOTE_REPLACED 8, SELF_TRADE 9, EXCHANGE 10, DISCONNECT 11, SWITCH 12
    }
}
vocabulary! {
    /// How a trade came about.
    trade_kind u16 {
        CONTINUOUS 1, OPEN 2, CLOSE 3, VOLATILITY 4, PERIODIC 5, FIXED_PRICE 6, BLOCK 7,
        BLOCK_PAIRED 8, RESUMPTION 9
    }
}
vocabulary! {
    /// Who came in last.
    aggressor u8 {
        BUY 1, SELL 2, NONE 3
    }
}
vocabulary! {
    /// What an instrument is.
    product u8 {
        STOCK 1, ETF 2, ETN 3, REIT 4, TDR 5, PREFERRED 6, WARRANT_CALL 7, WARRANT_PUT 8,
        CONVERTIBLE 9, CORPORATE_BOND 10, GOVERNMENT_BOND 11, ENTITLEMENT 12, STOCK_WARRANT 13,
        FOREIGN_STOCK 14, FUTURE 15, OPTION_CALL 16, OPTION_PUT 17
    }
}
vocabulary! {
    /// Rules of a book: bits.
    book_flag u32 {
        VOLATILITY 1, CALL_CHECK 2, PERIODIC_CHECK 4, SELL_ODD 8, TIE_MIDDLE 16, NO_SELF_TRADE
        32, VALUE_MINIMUM 64
    }
}
vocabulary! {
    /// Rights of a line: bits.
    right u32 {
        ORDERS 1, PROVIDER 2, OFF_BOOK 4
    }
}
vocabulary! {
    /// Flags of a command: bits.
    flag u8 {
        POSS_RESEND 16, COVERED 32, DELETE_AT_SWITCH 64
    }
}
vocabulary! {
    /// Which core.
    make u16 {
        PRIMARY 1, TWIN 2
    }
}

//! What a row is before anything is known of it.

use super::{Call, Group, State, Tally, Terms, Top, Window};
use crate::records::NO_PRICE;
use crate::records::vocabulary::{mode, phase};
use crate::store::Handle;

impl Default for Terms {
    fn default() -> Self {
        Self {
            value_min: 0,
            limit_up: NO_PRICE,
            limit_down: NO_PRICE,
            table: 0,
        }
    }
}

impl Default for Top {
    fn default() -> Self {
        Self {
            best: [Handle::NULL; 2],
            worst: [Handle::NULL; 2],
            reference: NO_PRICE,
            term: 0,
            stale: false,
        }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            last: NO_PRICE,
            open: NO_PRICE,
            high: NO_PRICE,
            low: NO_PRICE,
            volume: 0,
            turnover: 0,
            trades: 0,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            due: NO_PRICE,
            entry: NO_PRICE,
            close: NO_PRICE,
            first_at: NO_PRICE,
            first_price: NO_PRICE,
            allow_before: 0,
            owed: 0,
            special: 0,
            entry_waits: false,
            matched: false,
            checking: false,
            tripped: false,
        }
    }
}

impl Call {
    /// What INDICATE starts from in a new collection.
    pub const NOTHING_TOLD: [i64; 4] = [NO_PRICE, 0, 0, 0];
}

impl Default for Call {
    fn default() -> Self {
        Self {
            told: Self::NOTHING_TOLD,
            simulated: [NO_PRICE; 2],
            entered: 0,
            changed: 0,
        }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self {
            value: [0; 2],
            qty: 0,
            width: 0,
            ended_at: NO_PRICE,
            ended_price: NO_PRICE,
            head: Handle::NULL,
            tail: Handle::NULL,
            ended: false,
        }
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            books: 0,
            allow: 0,
            label: phase::CLOSED,
            mode: mode::SHUT,
        }
    }
}

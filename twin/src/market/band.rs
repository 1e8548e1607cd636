//! The band of continuous trading and its rolling average (format.md 6.1; TWSE Art. 58-3 paras 6,
//! 7), exact: the average is a fraction and never rounded.
//!
//! Known gap: the slices of a day are kept, one a price and command, so that a set defined again
//! with a wider window finds them.

use super::core::Core;
use super::tables::{Book, Set, Slice, State, Window};
use crate::records::NO_PRICE;
use crate::records::vocabulary::{book_flag, mode};
use crate::store::{Handle, Store};

/// What a fill's price is held against, fixed when the command comes in.
#[derive(Clone, Copy)]
pub struct Band {
    value: u128,
    qty: u64,
    permille: u16,
}

impl Band {
    const fn of_price(price: i64, permille: u16) -> Self {
        Self {
            value: price as u128,
            qty: 1,
            permille,
        }
    }

    /// Is a price further from the reference than the rule lets it be?
    #[inline]
    pub const fn is_outside(&self, price: i64) -> bool {
        let scaled = price as u128 * 1000 * self.qty as u128;
        let permille = self.permille as u128;
        scaled > self.value * (1000 + permille) || scaled < self.value * (1000 - permille)
    }

    /// The reference, rounded down.
    pub const fn reference(&self) -> i64 {
        (self.value / self.qty as u128) as i64
    }
}

impl Core {
    /// The band that a command finds in a book, if one applies.
    #[inline]
    pub fn band(&mut self, book: Handle<Book>) -> Option<Band> {
        let row = self.book(book);
        if !is_watched(row) || row.mode != mode::CONTINUOUS {
            return None;
        }
        let state = *self.db.states.get(book.state());
        if !state.matched {
            return None;
        }
        let set = *self.db.sets.get(Handle::from_slot(row.set.into()));
        self.band_reference(book, &state, &set)
    }

    /// Rules 1 to 3 of the reference.
    fn band_reference(&mut self, book: Handle<Book>, state: &State, set: &Set) -> Option<Band> {
        let recent =
            |since: i64| i128::from(self.time) - i128::from(since) <= i128::from(set.window_ns);
        let window = self.db.windows.get(book.window());
        let price = if window.ended && recent(window.ended_at) {
            window.ended_price
        } else if recent(state.first_at) {
            match state.first_price {
                NO_PRICE => return self.band_of_reference(book, set),
                price => price,
            }
        } else {
            NO_PRICE
        };
        if price != NO_PRICE {
            return Some(Band::of_price(price, set.band_permille));
        }
        self.band_of_average(book, set)
    }

    fn band_of_reference(&self, book: Handle<Book>, set: &Set) -> Option<Band> {
        let reference = self.db.tops.get(book.top()).reference;
        (reference != NO_PRICE).then(|| Band::of_price(reference, set.band_permille))
    }

    /// Rule 3: the average of the window, else the last trade price, else the reference.
    fn band_of_average(&mut self, book: Handle<Book>, set: &Set) -> Option<Band> {
        let window = self.advance_window(book, set.window_ns);
        if window.qty > 0 {
            return Some(Band {
                value: words(window.value),
                qty: window.qty,
                permille: set.band_permille,
            });
        }
        let price = self.last_or_reference(book);
        (price != NO_PRICE).then(|| Band::of_price(price, set.band_permille))
    }

    /// Lets go what has left the window.
    fn advance_window(&mut self, book: Handle<Book>, width: i64) -> Window {
        let before = *self.db.windows.get(book.window());
        let mut window = before;
        if window.width != width {
            window = self.find_window(window, width);
        }
        while let Some(head) = window.head.some() {
            let slice = *self.db.slices.get(head);
            if self.is_within(&slice, width) {
                break;
            }
            window.value = split(words(window.value) - value_of(&slice));
            window.qty -= slice.qty;
            window.head = slice.behind;
        }
        if window.head != before.head || window.width != before.width {
            self.db.patch(book.window(), |row| *row = window);
        }
        window
    }

    /// The window of another width, counted from its end.
    fn find_window(&self, mut window: Window, width: i64) -> Window {
        window.width = width;
        (window.value, window.qty) = ([0; 2], 0);
        window.head = Handle::NULL;
        let mut at = window.tail;
        while let Some(own) = at.some() {
            let slice = self.db.slices.get(own);
            if !self.is_within(slice, width) {
                break;
            }
            window.value = split(words(window.value) + value_of(slice));
            window.qty += slice.qty;
            window.head = own;
            at = slice.before;
        }
        window
    }

    fn is_within(&self, slice: &Slice, width: i64) -> bool {
        i128::from(slice.time) > i128::from(self.time) - i128::from(width)
    }

    /// Continuous trades at one price enter the window.
    #[inline]
    pub fn add_to_window(&mut self, book: Handle<Book>, price: i64, qty: u64) {
        if is_watched(self.book(book)) {
            self.add_slice(book, price, qty);
        }
    }

    fn add_slice(&mut self, book: Handle<Book>, price: i64, qty: u64) {
        let mut window = *self.db.windows.get(book.window());
        let own = Slice {
            time: self.time,
            price,
            qty,
            before: window.tail,
            behind: Handle::NULL,
        };
        window.value = split(words(window.value) + value_of(&own));
        window.qty += qty;
        match window.head.some().map(|_| *self.db.slices.get(window.tail)) {
            Some(tail) if tail.time == own.time && tail.price == price => {
                self.db
                    .patch(window.tail, |slice: &mut Slice| slice.qty += qty);
            }
            _ => {
                let added = self.db.insert(own).expect("slices have no key");
                if let Some(tail) = window.tail.some() {
                    self.db
                        .patch(tail, |slice: &mut Slice| slice.behind = added);
                }
                window.tail = added;
                if window.head.is_null() {
                    window.head = added;
                }
            }
        }
        self.db.patch(book.window(), |row| *row = window);
    }

    /// A volatility call has ended now, for rule 1.
    pub fn note_call_ended(&mut self, book: Handle<Book>, price: i64) {
        let now = self.time;
        self.db.patch(book.window(), |window| {
            window.ended = true;
            window.ended_at = now;
            window.ended_price = price;
        });
    }
}

/// Has the book the rule and a set to measure with?
#[inline]
const fn is_watched(row: &Book) -> bool {
    row.rules & book_flag::VOLATILITY != 0 && row.set != 0
}

fn value_of(slice: &Slice) -> u128 {
    slice.price as u128 * u128::from(slice.qty)
}

const fn words(value: [u64; 2]) -> u128 {
    (value[1] as u128) << 64 | value[0] as u128
}

const fn split(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

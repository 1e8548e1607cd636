//! A dense index: rows by a number that is given from outside, one after another.
//!
//! It is an array of slots with the number for its place: a look-up waits for one line, and rows
//! with numbers near each other share it. An insert of a number above all before it writes the
//! places between them, so it is for numbers that leave few out.
//!
//! Known gap: the places of numbers whose rows are gone stay, four bytes each.

use std::marker::PhantomData;

use super::handle::Handle;
use super::prefetch::prefetch;
use super::segments::Segments;

/// Numbers that room is made for, a row that lives.
const NUMBERS_A_ROW: usize = 4;

/// A unique index from numbers to rows of `R`.
pub struct DenseIndex<K, R> {
    slots: Segments<u32>,
    key: PhantomData<fn() -> (K, R)>,
}

impl<K: Into<u32>, R> DenseIndex<K, R> {
    /// An empty index.
    pub const fn new() -> Self {
        Self {
            slots: Segments::new(),
            key: PhantomData,
        }
    }

    /// Takes the memory for some numbers a row now: rows go, and their numbers are not given again.
    pub fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows * NUMBERS_A_ROW);
    }

    /// Bytes of memory it holds.
    pub fn memory_bytes(&self) -> usize {
        self.slots.memory_bytes()
    }

    /// The row with this number.
    #[inline]
    pub fn get(&self, key: K) -> Option<Handle<R>> {
        let slot = *self.slots.get(key.into() as usize)?;
        Handle::from_slot(slot).some()
    }

    /// Asks the memory for what a look-up of this number reads.
    #[inline]
    pub fn prefetch(&self, key: K) {
        if let Some(slot) = self.slots.get(key.into() as usize) {
            prefetch(slot);
        }
    }

    /// Adds an entry; the caller has made sure that its number is new.
    #[doc(hidden)]
    #[inline]
    pub fn insert(&mut self, key: K, row: Handle<R>) {
        let place = key.into() as usize;
        if place < self.slots.len() {
            *self.slots.at_mut(place) = row.slot();
            return;
        }
        while self.slots.len() < place {
            self.slots.push(0);
        }
        self.slots.push(row.slot());
    }

    /// Removes the entry with this number, which must be there.
    #[doc(hidden)]
    #[inline]
    pub fn remove(&mut self, key: K) {
        *self.slots.at_mut(key.into() as usize) = 0;
    }
}

impl<K: Into<u32>, R> Default for DenseIndex<K, R> {
    fn default() -> Self {
        Self::new()
    }
}

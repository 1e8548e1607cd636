//! A hash index as it is asked: by key, with the rows it finds.

use super::handle::Handle;
use super::hash::HashIndex;
use super::key::Key;
use super::rows::Rows;

/// How many keys a look-up of many is ahead of itself: about as many lines as a core waits for.
const AHEAD: usize = 16;

/// A unique hash index together with the rows it finds, ready to be asked.
#[derive(Clone, Copy)]
pub struct Unique<'a, R, F> {
    index: &'a HashIndex,
    rows: &'a Rows<R>,
    key: F,
}

impl<'a, R: Copy, K: Key, F: Fn(&R) -> K> Unique<'a, R, F> {
    #[doc(hidden)]
    #[inline]
    pub fn new(index: &'a HashIndex, rows: &'a Rows<R>, key: F) -> Self {
        Self { index, rows, key }
    }

    /// The row with this key.
    #[inline]
    pub fn get(&self, key: K) -> Option<Handle<R>> {
        self.get_hashed(key, key.hash32())
    }

    /// The row with this key, whose hash the caller has already.
    #[inline]
    pub fn get_hashed(&self, key: K, hash: u32) -> Option<Handle<R>> {
        let is_it = |slot| (self.key)(self.rows.get(Handle::from_slot(slot))) == key;
        self.index.find(hash, is_it).map(Handle::from_slot)
    }

    /// The row with this key, where the caller has an idea which it is: any handle may be it, also
    /// one of a row that is gone.
    #[inline]
    pub fn get_or(&self, key: K, guess: Handle<R>) -> Option<Handle<R>> {
        match self.rows.find(guess) {
            Some(row) if (self.key)(row) == key => Some(guess),
            _ => self.get(key),
        }
    }

    /// Asks the memory for what a look-up of this key reads first.
    #[inline]
    pub fn prefetch(&self, key: K) {
        self.index.prefetch(key.hash32());
    }

    /// Looks up many keys at once, null where there is none: the waits for memory overlap.
    ///
    /// Each key goes through three stages, `AHEAD` keys apart: its bucket is asked for, its row is
    /// asked for, its row is compared.
    pub fn get_many(&self, keys: &[K], found: &mut [Handle<R>]) {
        assert_eq!(keys.len(), found.len(), "a place for each answer");
        let mut hashes = [0; AHEAD];
        for step in 0..keys.len() + 2 * AHEAD {
            if let Some(at) = step.checked_sub(2 * AHEAD) {
                let handle = found[at];
                // Nearly always, the only row with the hash is the right one.
                if !handle.is_null() && (self.key)(self.rows.get(handle)) != keys[at] {
                    found[at] = self.get(keys[at]).into();
                }
            }
            if let Some(at) = step.checked_sub(AHEAD).filter(|&at| at < keys.len()) {
                let slot = self.index.find(hashes[at % AHEAD], |_| true);
                found[at] = Handle::from_slot(slot.unwrap_or(0));
                self.rows.prefetch(found[at]);
            }
            if let Some(&key) = keys.get(step) {
                let hash = key.hash32();
                hashes[step % AHEAD] = hash;
                self.index.prefetch(hash);
            }
        }
    }

    /// The index behind: its size, memory and growth.
    #[inline]
    pub fn index(&self) -> &'a HashIndex {
        self.index
    }
}

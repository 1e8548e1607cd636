//! Reading an ordered index: ends, neighbours, ranges.

use std::ops::{Bound, RangeBounds};

use super::OrderedIndex;
use crate::store::handle::Handle;
use crate::store::key::Key;

/// A place between entries: before entry `at` of a leaf; leaf 0 is the end.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    leaf: u32,
    at: u32,
}

const END: Place = Place { leaf: 0, at: 0 };

/// The entries of a range, from either end.
pub struct Range<'a, K, R> {
    index: &'a OrderedIndex<K, R>,
    front: Place,
    back: Place,
}

impl<K: Key, R> OrderedIndex<K, R> {
    /// The lowest entry.
    #[inline]
    pub fn first(&self) -> Option<(K, Handle<R>)> {
        self.entry(self.settled(Place {
            leaf: self.first,
            at: 0,
        }))
    }

    /// The highest entry.
    #[inline]
    pub fn last(&self) -> Option<(K, Handle<R>)> {
        self.before(END)
    }

    /// The lowest entry at or above a key.
    #[inline]
    pub fn at_or_above(&self, key: K) -> Option<(K, Handle<R>)> {
        self.entry(self.place(key, false))
    }

    /// The lowest entry above a key, which need not be there.
    #[inline]
    pub fn next(&self, key: K) -> Option<(K, Handle<R>)> {
        self.entry(self.place(key, true))
    }

    /// The highest entry at or below a key.
    #[inline]
    pub fn at_or_below(&self, key: K) -> Option<(K, Handle<R>)> {
        self.before(self.place(key, true))
    }

    /// The highest entry below a key, which need not be there.
    #[inline]
    pub fn prev(&self, key: K) -> Option<(K, Handle<R>)> {
        self.before(self.place(key, false))
    }

    /// All entries, lowest first.
    pub fn iter(&self) -> Range<'_, K, R> {
        self.range(..)
    }

    /// The entries of a range of keys, lowest first; `.rev()` gives the highest first.
    #[inline]
    pub fn range(&self, keys: impl RangeBounds<K>) -> Range<'_, K, R> {
        let front = match keys.start_bound() {
            Bound::Included(&key) => self.place(key, false),
            Bound::Excluded(&key) => self.place(key, true),
            Bound::Unbounded => self.settled(Place {
                leaf: self.first,
                at: 0,
            }),
        };
        let (back, within): (_, fn(&K, &K) -> bool) = match keys.end_bound() {
            Bound::Included(&key) => (self.place(key, true), |has, end| has <= end),
            Bound::Excluded(&key) => (self.place(key, false), |has, end| has < end),
            Bound::Unbounded => {
                return Range {
                    index: self,
                    front,
                    back: END,
                };
            }
        };
        let (Bound::Included(end) | Bound::Excluded(end)) = keys.end_bound() else {
            unreachable!()
        };
        let begins_within = self.entry(front).is_some_and(|(key, _)| within(&key, end));
        Range {
            index: self,
            front,
            back: if begins_within { back } else { front },
        }
    }

    /// The place before the first entry at or above the key, or above it.
    #[inline]
    fn place(&self, key: K, above: bool) -> Place {
        let number = self.descend(key);
        let leaf = self.leaf(number);
        let mut at = leaf.position(key);
        if above && leaf.has(at, key) {
            at += 1;
        }
        self.settled(Place {
            leaf: number,
            at: at as u32,
        })
    }

    /// A place at the end of a leaf is the place at the begin of the next.
    #[inline]
    fn settled(&self, place: Place) -> Place {
        let leaf = self.leaf(place.leaf);
        if place.at < leaf.used {
            place
        } else {
            Place {
                leaf: leaf.next,
                at: 0,
            }
        }
    }

    #[inline]
    fn entry(&self, place: Place) -> Option<(K, Handle<R>)> {
        if place.leaf == 0 {
            return None;
        }
        let leaf = self.leaf(place.leaf);
        let at = place.at as usize;
        Some((leaf.keys[at], Handle::from_slot(leaf.slots[at])))
    }

    #[inline]
    fn place_before(&self, place: Place) -> Option<Place> {
        if place.at > 0 {
            return Some(Place {
                leaf: place.leaf,
                at: place.at - 1,
            });
        }
        let leaf = if place.leaf == 0 {
            self.last
        } else {
            self.leaf(place.leaf).prev
        };
        if leaf == 0 {
            return None;
        }
        self.leaf(leaf)
            .used
            .checked_sub(1)
            .map(|at| Place { leaf, at })
    }

    #[inline]
    fn before(&self, place: Place) -> Option<(K, Handle<R>)> {
        self.entry(self.place_before(place)?)
    }
}

impl<K: Key, R> Iterator for Range<'_, K, R> {
    type Item = (K, Handle<R>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.front == self.back {
            return None;
        }
        let entry = self.index.entry(self.front)?;
        self.front = self.index.settled(Place {
            at: self.front.at + 1,
            ..self.front
        });
        Some(entry)
    }
}

impl<K: Key, R> DoubleEndedIterator for Range<'_, K, R> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front == self.back {
            return None;
        }
        self.back = self.index.place_before(self.back)?;
        self.index.entry(self.back)
    }
}

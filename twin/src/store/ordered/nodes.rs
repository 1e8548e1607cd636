//! The nodes of an ordered index.

use crate::store::key::Key;

/// Keys of one leaf, children of one inner node.
pub const WIDTH: usize = 32;
#[derive(Clone, Copy)]
pub struct Leaf<K> {
    pub used: u32,
    /// The neighbours in key order, 0 for none.
    pub prev: u32,
    pub next: u32,
    pub slots: [u32; WIDTH],
    pub keys: [K; WIDTH],
}

#[derive(Clone, Copy)]
pub struct Inner<K> {
    pub used: u32,
    pub children: [u32; WIDTH],
    /// The lowest key of each child; the first is not looked at.
    pub keys: [K; WIDTH],
}

impl<K: Key> Leaf<K> {
    /// Where the key is, or would go.
    #[inline]
    pub fn position(&self, key: K) -> usize {
        self.keys[..self.used as usize].partition_point(|&has| has < key)
    }

    #[inline]
    pub fn has(&self, at: usize, key: K) -> bool {
        at < self.used as usize && self.keys[at] == key
    }

    pub fn insert(&mut self, at: usize, key: K, slot: u32) {
        let used = self.used as usize;
        self.keys.copy_within(at..used, at + 1);
        self.slots.copy_within(at..used, at + 1);
        self.keys[at] = key;
        self.slots[at] = slot;
        self.used += 1;
    }

    pub fn remove(&mut self, at: usize) {
        let used = self.used as usize;
        self.keys.copy_within(at + 1..used, at);
        self.slots.copy_within(at + 1..used, at);
        self.used -= 1;
    }
}

impl<K: Key> Inner<K> {
    /// The child whose keys take in this one.
    #[inline]
    pub fn child_of(&self, key: K) -> usize {
        self.keys[1..self.used as usize].partition_point(|&lowest| lowest <= key)
    }

    pub fn insert(&mut self, at: usize, lowest: K, child: u32) {
        let used = self.used as usize;
        self.keys.copy_within(at..used, at + 1);
        self.children.copy_within(at..used, at + 1);
        self.keys[at] = lowest;
        self.children[at] = child;
        self.used += 1;
    }

    pub fn remove(&mut self, at: usize) {
        let used = self.used as usize;
        self.keys.copy_within(at + 1..used, at);
        self.children.copy_within(at + 1..used, at);
        self.used -= 1;
    }

    /// Splits a full node while adding a child; gives the right half, its lowest key first.
    pub fn split(&mut self, at: usize, lowest: K, child: u32) -> Self {
        let keep = if at == WIDTH { WIDTH - 1 } else { WIDTH / 2 };
        let mut right = Self {
            used: 0,
            children: [0; WIDTH],
            keys: [K::default(); WIDTH],
        };
        right.used = (WIDTH - keep) as u32;
        right.keys[..WIDTH - keep].copy_from_slice(&self.keys[keep..]);
        right.children[..WIDTH - keep].copy_from_slice(&self.children[keep..]);
        self.used = keep as u32;
        if at > keep {
            right.insert(at - keep, lowest, child);
        } else {
            self.insert(at, lowest, child);
        }
        right
    }
}

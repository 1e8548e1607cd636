//! An ordered index: a B+ tree whose nodes lie in segments.
//!
//! Leaves hold keys and slots and are chained both ways; inner nodes hold, for each child, the
//! lowest key it may have. A node that overflows is split in two; one that empties is freed, and
//! nodes are not merged before, so that a statement touches at most one path from root to leaf.
//!
//! Invariants: only a root leaf is ever empty; all leaves have the same depth; the chain of leaves
//! is in key order.

use super::handle::Handle;
use super::key::Key;
use super::segments::Segments;
use nodes::{Inner, Leaf, WIDTH};

mod nodes;
mod range;

pub use range::Range;

/// More levels than slots of 32 bits can fill, even of nodes split in half.
const DEPTH_MAX: usize = 16;

/// The way from the root to a leaf: inner nodes and the child taken in each.
struct Path {
    steps: [(u32, u32); DEPTH_MAX],
    depth: usize,
}

/// An ordered, unique index from keys to rows of `R`.
pub struct OrderedIndex<K, R> {
    leaves: Segments<Leaf<K>>,
    inners: Segments<Inner<K>>,
    spare_leaves: Segments<u32>,
    spare_inners: Segments<u32>,
    /// The root: a leaf where the height is 0.
    root: u32,
    height: usize,
    first: u32,
    last: u32,
    entries: usize,
    rows: std::marker::PhantomData<fn() -> R>,
}

impl<K: Key, R> OrderedIndex<K, R> {
    /// An empty index.
    pub fn new() -> Self {
        let mut index = Self {
            leaves: Segments::new(),
            inners: Segments::new(),
            spare_leaves: Segments::new(),
            spare_inners: Segments::new(),
            root: 0,
            height: 0,
            first: 0,
            last: 0,
            entries: 0,
            rows: std::marker::PhantomData,
        };
        index.plant();
        index
    }

    /// Makes an empty leaf the root.
    fn plant(&mut self) {
        self.root = self.new_leaf(Self::empty_leaf());
        self.height = 0;
        self.first = self.root;
        self.last = self.root;
    }

    fn empty_leaf() -> Leaf<K> {
        Leaf {
            used: 0,
            prev: 0,
            next: 0,
            slots: [0; WIDTH],
            keys: [K::default(); WIDTH],
        }
    }

    /// Takes the memory for `entries` entries now, of leaves three quarters full.
    pub fn reserve(&mut self, entries: usize) {
        let leaves = entries * 4 / (WIDTH * 3) + 1;
        self.leaves.reserve(leaves);
        self.inners.reserve(leaves * 2 / WIDTH + 1);
    }

    /// How many entries it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Has it no entry?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Bytes of memory it holds.
    pub fn memory_bytes(&self) -> usize {
        self.leaves.memory_bytes()
            + self.inners.memory_bytes()
            + self.spare_leaves.memory_bytes()
            + self.spare_inners.memory_bytes()
    }

    /// The row with this key.
    #[inline]
    pub fn get(&self, key: K) -> Option<Handle<R>> {
        let leaf = self.leaf(self.descend(key));
        let at = leaf.position(key);
        leaf.has(at, key).then(|| Handle::from_slot(leaf.slots[at]))
    }

    /// Adds an entry, or gives the row that has the key.
    #[doc(hidden)]
    pub fn insert(&mut self, key: K, row: Handle<R>) -> Result<(), Handle<R>> {
        let mut path = Path {
            steps: [(0, 0); DEPTH_MAX],
            depth: 0,
        };
        let number = self.descend_along(key, &mut path);
        let leaf = self.leaf_mut(number);
        let at = leaf.position(key);
        if leaf.has(at, key) {
            return Err(Handle::from_slot(leaf.slots[at]));
        }
        if (leaf.used as usize) < WIDTH {
            leaf.insert(at, key, row.slot());
        } else {
            self.split_leaf(number, at, key, row.slot(), &mut path);
        }
        self.entries += 1;
        Ok(())
    }

    /// Removes the entry with this key, which must be there.
    #[doc(hidden)]
    pub fn remove(&mut self, key: K) {
        let mut path = Path {
            steps: [(0, 0); DEPTH_MAX],
            depth: 0,
        };
        let number = self.descend_along(key, &mut path);
        let leaf = self.leaf_mut(number);
        let at = leaf.position(key);
        assert!(leaf.has(at, key), "the index has no such key");
        leaf.remove(at);
        let emptied = leaf.used == 0;
        self.entries -= 1;
        if emptied && self.height > 0 {
            self.free_leaf(number);
            self.remove_child(&mut path);
        }
    }

    #[inline]
    fn leaf(&self, number: u32) -> &Leaf<K> {
        self.leaves.at(number as usize - 1)
    }

    #[inline]
    fn leaf_mut(&mut self, number: u32) -> &mut Leaf<K> {
        self.leaves.at_mut(number as usize - 1)
    }

    #[inline]
    fn inner_mut(&mut self, number: u32) -> &mut Inner<K> {
        self.inners.at_mut(number as usize - 1)
    }

    #[inline]
    fn descend(&self, key: K) -> u32 {
        let mut node = self.root;
        for _ in 0..self.height {
            let inner = self.inners.at(node as usize - 1);
            node = inner.children[inner.child_of(key)];
        }
        node
    }

    fn descend_along(&self, key: K, path: &mut Path) -> u32 {
        let mut node = self.root;
        for step in path.steps.iter_mut().take(self.height) {
            let inner = self.inners.at(node as usize - 1);
            let child = inner.child_of(key);
            *step = (node, child as u32);
            node = inner.children[child];
        }
        path.depth = self.height;
        node
    }

    fn new_leaf(&mut self, leaf: Leaf<K>) -> u32 {
        if let Some(number) = self.spare_leaves.pop() {
            *self.leaf_mut(number) = leaf;
            return number;
        }
        self.leaves.push(leaf);
        self.leaves.len() as u32
    }

    fn new_inner(&mut self, inner: Inner<K>) -> u32 {
        if let Some(number) = self.spare_inners.pop() {
            *self.inner_mut(number) = inner;
            return number;
        }
        self.inners.push(inner);
        self.inners.len() as u32
    }

    /// Splits a full leaf and adds the entry to the half it belongs to.
    fn split_leaf(&mut self, number: u32, at: usize, key: K, slot: u32, path: &mut Path) {
        let old = *self.leaf(number);
        // Keys that only grow fill their leaves: the last leaf then keeps all it has.
        let keep = if at == WIDTH && old.next == 0 {
            WIDTH
        } else {
            WIDTH / 2
        };
        let mut right = Self::empty_leaf();
        right.used = (WIDTH - keep) as u32;
        right.keys[..WIDTH - keep].copy_from_slice(&old.keys[keep..]);
        right.slots[..WIDTH - keep].copy_from_slice(&old.slots[keep..]);
        right.prev = number;
        right.next = old.next;
        let goes_right = at > keep || keep == WIDTH;
        if goes_right {
            right.insert(at - keep, key, slot);
        }
        let lowest = right.keys[0];
        let fresh = self.new_leaf(right);
        let left = self.leaf_mut(number);
        left.used = keep as u32;
        left.next = fresh;
        if !goes_right {
            left.insert(at, key, slot);
        }
        if old.next == 0 {
            self.last = fresh
        } else {
            self.leaf_mut(old.next).prev = fresh
        }
        self.add_child(path, lowest, fresh);
    }

    /// Adds a child to the right of the one that the path took, splitting full nodes on the way up.
    fn add_child(&mut self, path: &mut Path, mut lowest: K, mut fresh: u32) {
        while path.depth > 0 {
            path.depth -= 1;
            let (number, child) = path.steps[path.depth];
            let at = child as usize + 1;
            let inner = self.inner_mut(number);
            if (inner.used as usize) < WIDTH {
                inner.insert(at, lowest, fresh);
                return;
            }
            let right = inner.split(at, lowest, fresh);
            lowest = right.keys[0];
            fresh = self.new_inner(right);
        }
        let mut root = Inner {
            used: 2,
            children: [0; WIDTH],
            keys: [K::default(); WIDTH],
        };
        root.children[0] = self.root;
        root.children[1] = fresh;
        root.keys[1] = lowest;
        self.root = self.new_inner(root);
        self.height += 1;
    }

    /// Takes an empty leaf out of the chain.
    fn free_leaf(&mut self, number: u32) {
        let Leaf { prev, next, .. } = *self.leaf(number);
        if prev == 0 {
            self.first = next
        } else {
            self.leaf_mut(prev).next = next
        }
        if next == 0 {
            self.last = prev
        } else {
            self.leaf_mut(next).prev = prev
        }
        self.spare_leaves.push(number);
    }

    /// Removes the child that the path took, and every node that this empties.
    fn remove_child(&mut self, path: &mut Path) {
        while path.depth > 0 {
            path.depth -= 1;
            let (number, child) = path.steps[path.depth];
            let inner = self.inner_mut(number);
            inner.remove(child as usize);
            if inner.used > 0 {
                break;
            }
            self.spare_inners.push(number);
            if path.depth == 0 {
                self.plant();
                return;
            }
        }
        self.lower_root();
    }

    /// A root with one child gives its place to the child.
    fn lower_root(&mut self) {
        while self.height > 0 {
            let root = *self.inner_mut(self.root);
            if root.used > 1 {
                return;
            }
            self.spare_inners.push(self.root);
            self.root = root.children[0];
            self.height -= 1;
        }
    }
}

impl<K: Key, R> Default for OrderedIndex<K, R> {
    fn default() -> Self {
        Self::new()
    }
}

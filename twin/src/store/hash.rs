//! Linear hashing: a hash index that grows by one bucket at a time.
//!
//! An entry is 32 bits of hash and the row's slot; the key itself stays in the row. Seven entries
//! fill a bucket of one cache line; what does not fit goes to a chain of overflow buckets. With
//! `n` buckets, an entry's bucket is its hash modulo the power of two at or above `n`, less half of
//! that where it falls beyond `n`. When the fill passes [`FILL`], one bucket is added and the one
//! it splits from is divided: that is all the work growth ever costs an insert.
//!
//! Known gap: it never shrinks. The hash is not keyed, so somebody who picks keys can build a long
//! chain; the market's keys are numbers it gave itself.

use super::prefetch::prefetch;
use super::segments::Segments;

/// Entries of one bucket.
const ENTRIES: usize = 7;
/// Entries a bucket, on average, above which the index grows: `FILL.0` in `FILL.1` buckets.
const FILL: (usize, usize) = (9, 2);
/// Buckets to one overflow bucket, about, at the worst point of growth.
const OVERFLOW_SHARE: usize = 8;

/// One cache line of entries.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Bucket {
    hashes: [u32; ENTRIES],
    used: u32,
    slots: [u32; ENTRIES],
    /// The overflow bucket that goes on, its number plus one; 0 for none.
    next: u32,
}

const EMPTY: Bucket = Bucket {
    hashes: [0; ENTRIES],
    used: 0,
    slots: [0; ENTRIES],
    next: 0,
};
const _: () = assert!(size_of::<Bucket>() == 64);

impl Bucket {
    /// A bit for each entry with this hash.
    #[inline]
    fn matches(&self, hash: u32) -> u32 {
        equal_lanes(&self.hashes, hash) & ((1 << self.used) - 1)
    }
}

/// A bit for each number that is `wanted`.
#[cfg(target_arch = "x86_64")]
#[inline]
fn equal_lanes(numbers: &[u32; ENTRIES], wanted: u32) -> u32 {
    use core::arch::x86_64::{
        _mm_castsi128_ps, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_ps, _mm_set1_epi32,
    };
    let first = numbers.as_ptr().cast();
    // SAFETY: both loads are of four numbers inside the seven, from the first and from the fourth
    // on, and need no alignment; the instructions belong to SSE2, which every x86_64 has.
    unsafe {
        let wanted = _mm_set1_epi32(wanted.cast_signed());
        let bits = |lanes| _mm_movemask_ps(_mm_castsi128_ps(lanes)).cast_unsigned();
        let low = bits(_mm_cmpeq_epi32(_mm_loadu_si128(first), wanted));
        let behind = numbers.as_ptr().add(ENTRIES - 4).cast();
        let high = bits(_mm_cmpeq_epi32(_mm_loadu_si128(behind), wanted));
        low | high << (ENTRIES - 4)
    }
}

/// A bit for each number that is `wanted`.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn equal_lanes(numbers: &[u32; ENTRIES], wanted: u32) -> u32 {
    let bit = |(entry, &has): (usize, &u32)| u32::from(has == wanted) << entry;
    numbers.iter().enumerate().map(bit).sum()
}

/// A unique hash index from 32-bit hashes to slots.
pub struct HashIndex {
    buckets: Segments<Bucket>,
    overflow: Segments<Bucket>,
    /// Overflow buckets that no chain uses.
    spare: Segments<u32>,
    entries: usize,
    /// The power of two above or at the number of buckets, less one.
    mask: u32,
    moved_max: usize,
}

impl HashIndex {
    /// An empty index.
    pub fn new() -> Self {
        let mut buckets = Segments::new();
        buckets.push(EMPTY);
        Self {
            buckets,
            overflow: Segments::new(),
            spare: Segments::new(),
            entries: 0,
            mask: 0,
            moved_max: 0,
        }
    }

    /// Takes the memory for `entries` entries now, and the buckets too where it is still empty.
    pub fn reserve(&mut self, entries: usize) {
        let buckets = entries * FILL.1 / FILL.0 + 1;
        self.buckets.reserve(buckets);
        self.overflow.reserve(buckets / OVERFLOW_SHARE);
        while self.entries == 0 && self.buckets.len() < buckets {
            self.grow();
        }
    }

    /// Bytes of memory it holds.
    pub fn memory_bytes(&self) -> usize {
        self.buckets.memory_bytes() + self.overflow.memory_bytes() + self.spare.memory_bytes()
    }

    /// The most entries that one insert ever looked at to make room: the bound of its pause.
    pub fn moved_max(&self) -> usize {
        self.moved_max
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Has it no entry?
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    #[inline]
    fn bucket_of(&self, hash: u32) -> usize {
        let bucket = (hash & self.mask) as usize;
        if bucket < self.buckets.len() {
            bucket
        } else {
            bucket & (self.mask >> 1) as usize
        }
    }

    /// Asks the memory for the bucket of a hash that will be looked up soon.
    #[inline]
    pub fn prefetch(&self, hash: u32) {
        prefetch(self.buckets.at(self.bucket_of(hash)));
    }

    /// The slot of the entry with this hash that `is_it` says yes to.
    #[inline]
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut bucket = self.buckets.at(self.bucket_of(hash));
        loop {
            let mut bits = bucket.matches(hash);
            while bits != 0 {
                let slot = bucket.slots[bits.trailing_zeros() as usize];
                if is_it(slot) {
                    return Some(slot);
                }
                bits &= bits - 1;
            }
            if bucket.next == 0 {
                return None;
            }
            bucket = self.overflow.at(bucket.next as usize - 1);
        }
    }

    /// Adds an entry; the caller has made sure that its key is new.
    #[inline]
    pub fn insert(&mut self, hash: u32, slot: u32) {
        self.put(self.bucket_of(hash), hash, slot);
        self.entries += 1;
        if self.entries * FILL.1 > self.buckets.len() * FILL.0 {
            self.grow();
        }
    }

    /// Removes the entry with this hash and slot, which must be there.
    #[inline]
    pub fn remove(&mut self, hash: u32, slot: u32) {
        let head = self.bucket_of(hash);
        let mut at = 0;
        loop {
            let bucket = self.bucket_mut(head, at);
            let mut bits = bucket.matches(hash);
            while bits != 0 {
                let entry = bits.trailing_zeros() as usize;
                if bucket.slots[entry] == slot {
                    self.take(head, at, entry);
                    self.entries -= 1;
                    return;
                }
                bits &= bits - 1;
            }
            at = bucket.next;
            assert!(at != 0, "the index has no entry for slot {slot}");
        }
    }

    /// The head of chain `head`, or overflow bucket `at` less one.
    #[inline]
    fn bucket_mut(&mut self, head: usize, at: u32) -> &mut Bucket {
        if at == 0 {
            self.buckets.at_mut(head)
        } else {
            self.overflow.at_mut(at as usize - 1)
        }
    }

    /// Puts an entry into the first bucket of the chain: a full head moves one of its own on.
    #[inline]
    fn put(&mut self, head: usize, hash: u32, slot: u32) {
        let bucket = self.buckets.at_mut(head);
        let used = bucket.used as usize;
        if used < ENTRIES {
            bucket.hashes[used] = hash;
            bucket.slots[used] = slot;
            bucket.used += 1;
        } else {
            self.put_overflow(head, hash, slot);
        }
    }

    /// Puts an entry into the chain behind a full head. Invariant: only the first overflow bucket
    /// of a chain has room.
    #[cold]
    #[inline(never)]
    fn put_overflow(&mut self, head: usize, hash: u32, slot: u32) {
        let first = self.buckets.at(head).next;
        if first != 0 {
            let bucket = self.overflow.at_mut(first as usize - 1);
            let used = bucket.used as usize;
            if used < ENTRIES {
                bucket.hashes[used] = hash;
                bucket.slots[used] = slot;
                bucket.used += 1;
                return;
            }
        }
        let mut fresh = Bucket {
            used: 1,
            next: first,
            ..EMPTY
        };
        fresh.hashes[0] = hash;
        fresh.slots[0] = slot;
        let number = match self.spare.pop() {
            Some(number) => {
                *self.overflow.at_mut(number as usize - 1) = fresh;
                number
            }
            None => {
                self.overflow.push(fresh);
                self.overflow.len() as u32
            }
        };
        self.buckets.at_mut(head).next = number;
    }

    /// Fills the hole at an entry with the last entry of the chain's first bucket with room.
    #[inline]
    fn take(&mut self, head: usize, at: u32, entry: usize) {
        let first = self.buckets.at(head).next;
        let donor = self.bucket_mut(head, first);
        donor.used -= 1;
        let last = donor.used as usize;
        let (hash, slot) = (donor.hashes[last], donor.slots[last]);
        if first != 0 && last == 0 {
            let next = donor.next;
            self.buckets.at_mut(head).next = next;
            self.spare.push(first);
        }
        // Writing the hole with itself where donor and hole are one does no harm.
        let bucket = self.bucket_mut(head, at);
        bucket.hashes[entry] = hash;
        bucket.slots[entry] = slot;
    }

    /// Adds one bucket and divides the one it splits from.
    #[inline(never)]
    fn grow(&mut self) {
        let fresh = self.buckets.len();
        if fresh > self.mask as usize {
            self.mask = self.mask << 1 | 1;
        }
        let from = fresh & (self.mask >> 1) as usize;
        let old = *self.buckets.at(from);
        self.buckets.push(EMPTY);
        *self.buckets.at_mut(from) = EMPTY;
        let mut moved = self.divide(&old);
        let mut next = old.next;
        while next != 0 {
            let old = *self.overflow.at(next as usize - 1);
            self.spare.push(next);
            moved += self.divide(&old);
            next = old.next;
        }
        self.moved_max = self.moved_max.max(moved);
    }

    /// Gives the entries of a bucket to the buckets that are theirs now.
    fn divide(&mut self, old: &Bucket) -> usize {
        let used = old.used as usize;
        for (&hash, &slot) in old.hashes.iter().zip(&old.slots).take(used) {
            self.put(self.bucket_of(hash), hash, slot);
        }
        used
    }
}

impl Default for HashIndex {
    fn default() -> Self {
        Self::new()
    }
}

//! A stack in segments: it grows without ever copying what it holds.
//!
//! Invariant: every segment but the last in use is full, and segments past the end are empty but
//! keep their memory, so that a stack that shrinks and grows again allocates nothing.

use std::mem::size_of;

/// Bytes of one segment, about: large enough to keep the directory in the cache.
const SEGMENT_BYTES: usize = 1 << 20;

/// A growable array of `T` whose elements never move.
pub struct Segments<T> {
    segments: Vec<Vec<T>>,
    len: usize,
}

impl<T: Copy> Segments<T> {
    /// Elements of one segment: a power of two.
    const LEN: usize = {
        let wanted = SEGMENT_BYTES
            / if size_of::<T>() == 0 {
                1
            } else {
                size_of::<T>()
            };
        if wanted < 2 { 2 } else { 1 << wanted.ilog2() }
    };
    const SHIFT: u32 = Self::LEN.ilog2();
    const MASK: usize = Self::LEN - 1;

    /// An empty stack without memory.
    pub const fn new() -> Self {
        Self {
            segments: Vec::new(),
            len: 0,
        }
    }

    /// How many elements it holds.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Does it hold nothing?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory it holds, used or not.
    pub fn memory_bytes(&self) -> usize {
        let elements: usize = self.segments.iter().map(Vec::capacity).sum();
        elements * size_of::<T>() + self.segments.capacity() * size_of::<Vec<T>>()
    }

    /// The element at `index`; panics beyond the end.
    #[inline]
    pub fn at(&self, index: usize) -> &T {
        &self.segments[index >> Self::SHIFT][index & Self::MASK]
    }

    /// The element at `index`, to change; panics beyond the end.
    #[inline]
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        &mut self.segments[index >> Self::SHIFT][index & Self::MASK]
    }

    /// The element at `index`, or `None` beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.segments
            .get(index >> Self::SHIFT)?
            .get(index & Self::MASK)
    }

    /// Puts an element at the end.
    #[inline]
    pub fn push(&mut self, element: T) {
        let segment = self.len >> Self::SHIFT;
        if segment == self.segments.len() {
            self.grow();
        }
        self.segments[segment].push(element);
        self.len += 1;
    }

    /// Takes the element at the end.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.len.checked_sub(1)?;
        self.len = last;
        self.segments[last >> Self::SHIFT].pop()
    }

    /// The element at the end.
    #[inline]
    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// Forgets all elements from `len` on; their memory stays.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        while self.len > len {
            let segment = (self.len - 1) >> Self::SHIFT;
            let first = segment << Self::SHIFT;
            let keep = len.max(first);
            self.segments[segment].truncate(keep - first);
            self.len = keep;
        }
    }

    /// Takes the memory for `len` elements now, and touches it: what is pushed up to there waits
    /// for no allocation and no page.
    pub fn reserve(&mut self, len: usize, filler: T) {
        let used = self.segments.len();
        while self.segments.len() << Self::SHIFT < len {
            self.grow();
            advise_huge(self.segments.last().expect("it has just grown"));
        }
        for segment in &mut self.segments[used..] {
            segment.resize(Self::LEN, filler);
            segment.clear();
        }
    }

    /// Allocates one more segment, empty.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.segments.push(Vec::with_capacity(Self::LEN));
    }
}

impl<T: Copy> Default for Segments<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks the system for large pages where a segment lies: one entry of the address cache then
/// serves 2 MiB, and a random row costs one wait less. Neighbouring segments share them.
#[cfg(target_os = "linux")]
fn advise_huge<T>(segment: &Vec<T>) {
    const PAGE: usize = 4096;
    const MADV_HUGEPAGE: i32 = 14;
    unsafe extern "C" {
        fn madvise(address: *mut u8, bytes: usize, advice: i32) -> i32;
    }
    let begin = segment.as_ptr() as usize & !(PAGE - 1);
    let end =
        (segment.as_ptr() as usize + segment.capacity() * size_of::<T>() + PAGE - 1) & !(PAGE - 1);
    // SAFETY: the advice changes how pages are backed and never what they hold, so it is sound on
    // any range; where the range or the system does not fit it fails, and nothing depends on it.
    unsafe { madvise(begin as *mut u8, end - begin, MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise_huge<T>(_: &Vec<T>) {}

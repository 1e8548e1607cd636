//! A stack in segments: it grows without ever copying what it holds.
//!
//! A segment is two MiB, aligned to as much, so that one large page can carry it. Segments past
//! the end keep their memory: a stack that shrinks and grows again allocates nothing.
//!
//! Invariants, on which every `unsafe` of this file rests:
//! 1. each pointer of the directory is `start` elements, at most `STAGGER_BYTES`, into an allocation
//!    of `LAYOUT`, owned by it alone: `LEN` elements have room from there on;
//! 2. the directory has at least `len` places: `len <= directory.len() * LEN`;
//! 3. the first `len` places hold values that were written.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::{align_of, size_of};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// Lines from the start of one stack to the start of the next: odd, so that as many stacks as a
/// cache has sets start in as many sets.
const STAGGER_LINES: usize = 37;
/// Room for the starts, before the first element of a segment: a cache's sets of lines.
const STAGGER_BYTES: usize = 1 << 16;

/// How many stacks have begun.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Bytes of one segment at most, and its alignment: a large page.
const SEGMENT_BYTES: usize = 2 << 20;
const PAGE_BYTES: usize = 4096;

/// A growable array of `T` whose elements never move.
pub struct Segments<T> {
    directory: Vec<NonNull<T>>,
    len: usize,
    /// How many elements behind the begin of its allocation the first element of each segment
    /// lies. Were it none, the first rows of all tables would meet in one set of the cache.
    start: usize,
}

// SAFETY: the segments are owned (invariant 1) and reached through `&self` and `&mut self` alone,
// so they may go and be shared between threads where their elements may.
unsafe impl<T: Send> Send for Segments<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Segments<T> {}

impl<T> Segments<T> {
    /// Elements of one segment: a power of two.
    const LEN: usize = {
        let element = if size_of::<T>() == 0 {
            1
        } else {
            size_of::<T>()
        };
        assert!(element <= SEGMENT_BYTES && align_of::<T>() <= SEGMENT_BYTES);
        1 << (SEGMENT_BYTES / element).ilog2()
    };
    const SHIFT: u32 = Self::LEN.ilog2();
    const MASK: usize = Self::LEN - 1;
    const LAYOUT: Layout = {
        let bytes = STAGGER_BYTES + Self::LEN * size_of::<T>();
        match Layout::from_size_align(bytes, SEGMENT_BYTES) {
            Ok(layout) => layout,
            Err(_) => panic!("two MiB are a layout"),
        }
    };
}

impl<T: Copy> Segments<T> {
    /// An empty stack without memory.
    pub const fn new() -> Self {
        Self {
            directory: Vec::new(),
            len: 0,
            start: 0,
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

    /// Bytes of address space it holds; the system backs those that were touched.
    pub fn memory_bytes(&self) -> usize {
        self.directory.len() * Self::LAYOUT.size() + self.directory.capacity() * 8
    }

    /// Where the element at `index` lies.
    ///
    /// # Safety
    /// `index` is below the number of places that the directory has.
    #[inline]
    unsafe fn place(&self, index: usize) -> *mut T {
        // SAFETY: the caller's promise makes `index >> SHIFT` a place of the directory, and what
        // is left of the index after the mask is below `LEN`, for which there is room from there
        // on (invariant 1).
        unsafe {
            self.directory
                .get_unchecked(index >> Self::SHIFT)
                .as_ptr()
                .add(index & Self::MASK)
        }
    }

    /// The element at `index`; panics beyond the end.
    #[inline]
    pub fn at(&self, index: usize) -> &T {
        assert!(index < self.len, "beyond the end");
        // SAFETY: `index < len`, so the place is there and written (invariants 2 and 3), and
        // nothing changes it while `self` is borrowed.
        unsafe { &*self.place(index) }
    }

    /// The element at `index`, to change; panics beyond the end.
    #[inline]
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        assert!(index < self.len, "beyond the end");
        // SAFETY: as in `at`; the borrow of `self` is exclusive and so is what it gives.
        unsafe { &mut *self.place(index) }
    }

    /// The element at `index`, or `None` beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        if index < self.len {
            Some(self.at(index))
        } else {
            None
        }
    }

    /// Puts an element at the end.
    #[inline]
    pub fn push(&mut self, element: T) {
        if self.len == self.directory.len() << Self::SHIFT {
            self.grow();
        }
        // SAFETY: `len` is below the number of places, by the test above or as `grow` has added
        // `LEN` of them; writing does not read or drop what was there.
        unsafe { self.place(self.len).write(element) };
        self.len += 1;
    }

    /// Takes the element at the end.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let element = *self.last()?;
        self.len -= 1;
        Some(element)
    }

    /// The element at the end.
    #[inline]
    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// Forgets all elements from `len` on; their memory stays.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        // Elements are `Copy`: there is nothing to drop.
        self.len = self.len.min(len);
    }

    /// Takes the memory for `len` elements now, in large pages where the system has them, and
    /// touches it: what is pushed up to there waits for no allocation and no page.
    pub fn reserve(&mut self, len: usize) {
        while self.directory.len() << Self::SHIFT < len {
            self.grow();
            let last = self.directory[self.directory.len() - 1];
            // SAFETY: that far before it its allocation begins (invariant 1).
            let segment = unsafe { last.sub(self.start) }.cast::<u8>();
            advise_large(segment, Self::LAYOUT.size());
            for page in (0..Self::LAYOUT.size()).step_by(PAGE_BYTES) {
                // SAFETY: the byte is inside the allocation that `grow` has just made, in which
                // no element has been written yet.
                unsafe { segment.add(page).write_volatile(0) };
            }
        }
    }

    /// Allocates one more segment.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        if self.directory.is_empty() {
            let begun = BEGUN.fetch_add(1, Ordering::Relaxed);
            let bytes = begun.wrapping_mul(STAGGER_LINES * LINE_BYTES);
            self.start = bytes % STAGGER_BYTES / size_of::<T>().max(1);
        }
        // SAFETY: the layout's size is not zero.
        let segment = unsafe { alloc(Self::LAYOUT) };
        let Some(segment) = NonNull::new(segment.cast::<T>()) else {
            handle_alloc_error(Self::LAYOUT)
        };
        // SAFETY: `start` elements are at most `STAGGER_BYTES`, by which the layout is larger than
        // `LEN` elements.
        self.directory.push(unsafe { segment.add(self.start) });
    }
}

impl<T> Drop for Segments<T> {
    fn drop(&mut self) {
        for segment in &self.directory {
            // SAFETY: `start` elements before it an allocation of this layout begins, owned by this
            // directory (invariant 1).
            unsafe { dealloc(segment.sub(self.start).as_ptr().cast(), Self::LAYOUT) };
        }
    }
}

impl<T: Copy> Default for Segments<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks the system for a large page: one entry of the address cache then serves two MiB, and a
/// row at random costs one wait for memory less.
fn advise_large(segment: NonNull<u8>, bytes: usize) {
    #[cfg(target_os = "linux")]
    {
        const MADV_HUGEPAGE: i32 = 14;
        unsafe extern "C" {
            fn madvise(address: *mut u8, bytes: usize, advice: i32) -> i32;
        }
        // SAFETY: the range is an allocation of ours that begins on a page, and the advice
        // changes how it is backed, never what it holds. Refused, it has done nothing.
        unsafe { madvise(segment.as_ptr(), bytes, MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (segment, bytes);
}

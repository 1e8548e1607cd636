//! Asking the memory for a line before it is read.

use std::mem::{align_of, size_of};

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;

/// Asks for the cache lines where `place` begins and ends; a hint, without effect on what the
/// program computes.
#[inline]
pub fn prefetch<T>(place: &T) {
    let first = std::ptr::from_ref(place).cast::<u8>();
    hint(first);
    if size_of::<T>() > LINE_BYTES || align_of::<T>() < LINE_BYTES.min(size_of::<T>()) {
        hint(first.wrapping_add(size_of::<T>() - 1));
    }
}

#[inline]
fn hint(place: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing the program can see and faults on no address, and the
        // instruction belongs to SSE, which every x86_64 has.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

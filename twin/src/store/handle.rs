//! Row handles: the address of a row in its table, good for as long as the row lives.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// The address of a row of type `R`: four bytes, zero for "no row".
///
/// A handle stays valid until its row is deleted; the slot is then given to a later row. A handle
/// of another table has another type, so a mix-up does not compile.
pub struct Handle<R> {
    slot: u32,
    row: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    /// No row, as a zeroed record has it.
    pub const NULL: Self = Self::from_slot(0);

    /// The handle of slot number `slot`; 0 is the null.
    #[inline]
    pub const fn from_slot(slot: u32) -> Self {
        Self {
            slot,
            row: PhantomData,
        }
    }

    /// The slot number, 0 for the null.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.slot
    }

    /// Is this "no row"?
    #[inline]
    pub const fn is_null(self) -> bool {
        self.slot == 0
    }

    /// The handle, or `None` where it is null.
    #[inline]
    pub const fn some(self) -> Option<Self> {
        if self.slot == 0 { None } else { Some(self) }
    }
}

impl<R> From<Option<Handle<R>>> for Handle<R> {
    #[inline]
    fn from(handle: Option<Handle<R>>) -> Self {
        handle.unwrap_or(Self::NULL)
    }
}

// Written out and not derived: a derive would ask the same of `R`.
impl<R> Clone for Handle<R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Handle<R> {}
impl<R> Default for Handle<R> {
    #[inline]
    fn default() -> Self {
        Self::NULL
    }
}
impl<R> PartialEq for Handle<R> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.slot == other.slot
    }
}
impl<R> Eq for Handle<R> {}
impl<R> PartialOrd for Handle<R> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Handle<R> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.slot.cmp(&other.slot)
    }
}
impl<R> Hash for Handle<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.slot.hash(state);
    }
}
impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_null() {
            f.write_str("#null")
        } else {
            write!(f, "#{}", self.slot)
        }
    }
}

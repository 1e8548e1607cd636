//! The undo log: what a transaction has changed, in the order it did.
//!
//! An entry says what happened to which row; the old images lie in a stack of their own, in the
//! same order. Rolling back takes the entries from the end and does the opposite; a commit forgets
//! them. Outside a transaction nothing is written.
//!
//! Both are plain vectors: where one has to be made longer, its transaction has changed as many
//! rows as are moved.

use std::mem::MaybeUninit;

use super::handle::Handle;

/// What happened to one row of a table.
#[derive(Clone, Copy)]
pub enum Change<R> {
    /// The row was inserted, into a slot never used before.
    Insert(Handle<R>),
    /// The row was inserted, into a freed slot.
    Reuse(Handle<R>),
    /// The row was updated; there is an image.
    Update(Handle<R>),
    /// The row was updated in columns that no index or link names; there is an image.
    Patch(Handle<R>),
    /// The row was deleted; there is an image.
    Delete(Handle<R>),
}

/// How a database takes back a change to a table of `R`.
#[doc(hidden)]
pub trait Undo<R> {
    /// Takes it back.
    fn undo(&mut self, change: Change<R>);
}

/// A place inside a transaction to roll back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint {
    mark: usize,
    transaction: u64,
}

/// The log of the open transaction.
pub struct UndoLog<U, I> {
    entries: Vec<U>,
    /// Each has room for a row of any table, which `I` is as large as.
    images: Vec<MaybeUninit<I>>,
    open: bool,
    /// Counts transactions, to know a savepoint that outlived its own.
    transaction: u64,
}

impl<U: Copy, I: Copy> UndoLog<U, I> {
    /// A log without a transaction.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            images: Vec::new(),
            open: false,
            transaction: 0,
        }
    }

    /// Is a transaction open?
    #[inline]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// How many changes the open transaction has made.
    #[inline]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Has the open transaction changed nothing?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory it holds.
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<U>() + self.images.capacity() * size_of::<I>()
    }

    /// Opens a transaction; panics in one.
    #[inline]
    pub fn begin(&mut self) {
        assert!(!self.open, "a transaction is open: take a savepoint");
        self.open = true;
        self.transaction += 1;
    }

    /// Closes the transaction and forgets how to undo it; panics outside one.
    #[inline]
    pub fn commit(&mut self) {
        assert!(self.open, "no transaction is open");
        self.entries.clear();
        self.images.clear();
        self.open = false;
    }

    /// The present place; panics outside a transaction.
    #[inline]
    pub fn savepoint(&self) -> Savepoint {
        assert!(self.open, "no transaction is open");
        Savepoint {
            mark: self.entries.len(),
            transaction: self.transaction,
        }
    }

    /// The place where the transaction began; panics outside one.
    pub fn start(&self) -> Savepoint {
        assert!(self.open, "no transaction is open");
        Savepoint {
            mark: 0,
            transaction: self.transaction,
        }
    }

    /// Writes a change down, in a transaction.
    #[inline]
    pub fn push(&mut self, entry: U) {
        if self.open {
            self.entries.push(entry);
        }
    }

    /// Writes a change of a row down, with its old image, in a transaction.
    #[inline]
    pub fn push_image<R: Copy>(&mut self, entry: U, image: &R) {
        const {
            assert!(size_of::<R>() <= size_of::<I>() && align_of::<R>() <= align_of::<I>());
        }
        if self.open {
            let place = self.images.len();
            self.images.push(MaybeUninit::uninit());
            let place = self.images[place].as_mut_ptr().cast::<R>();
            // SAFETY: the place is inside the vector, and an `I`, which it is made for, is at least
            // as large and as much aligned as an `R`.
            unsafe { place.write(*image) };
            self.entries.push(entry);
        }
    }

    /// Takes the last image; the log has an entry for each.
    ///
    /// # Safety
    /// It was pushed as an image of an `R`.
    pub unsafe fn pop_image<R: Copy>(&mut self) -> R {
        let image = self
            .images
            .pop()
            .expect("an image for each entry that has one");
        // SAFETY: what was written there is an `R`, says the caller.
        unsafe { image.as_ptr().cast::<R>().read() }
    }

    /// Takes the last change made since the savepoint; panics where the savepoint is not of this
    /// transaction or has been rolled back over.
    pub fn pop_since(&mut self, savepoint: Savepoint) -> Option<U> {
        assert!(
            self.open && savepoint.transaction == self.transaction,
            "the savepoint's transaction is over"
        );
        assert!(
            savepoint.mark <= self.entries.len(),
            "the savepoint was rolled back over"
        );
        if self.entries.len() > savepoint.mark {
            self.entries.pop()
        } else {
            None
        }
    }
}

impl<U: Copy, I: Copy> Default for UndoLog<U, I> {
    fn default() -> Self {
        Self::new()
    }
}

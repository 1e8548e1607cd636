//! The rows of one table: segmented slots, a bit for each that lives, freed slots in a stack.
//!
//! Slot 0 is never given, so that 0 is the null handle. A freed slot is the first to be given
//! again, so undoing statements in reverse brings back the very same handles.

use super::error::Error;
use super::handle::Handle;
use super::prefetch::prefetch;
use super::segments::Segments;

/// The slots of one table.
pub struct Rows<R> {
    name: &'static str,
    slots: Segments<R>,
    live: Segments<u64>,
    free: Segments<u32>,
    /// How many rows link to each slot; without length where no table links here.
    links: Segments<u32>,
    linked: bool,
    count: usize,
}

impl<R: Copy> Rows<R> {
    /// An empty table called `name`.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            slots: Segments::new(),
            live: Segments::new(),
            free: Segments::new(),
            links: Segments::new(),
            linked: false,
            count: 0,
        }
    }

    /// The table's name.
    #[inline]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many rows live.
    #[inline]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Is there no row?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes the memory for `rows` rows now; see [`Segments::reserve`].
    pub fn reserve(&mut self, rows: usize) {
        self.slots.reserve(rows);
        self.live.reserve(rows / 64 + 1);
        if self.linked {
            self.links.reserve(rows);
        }
    }

    /// Bytes of memory held for rows, their bits, links and free slots.
    pub fn memory_bytes(&self) -> usize {
        self.slots.memory_bytes()
            + self.live.memory_bytes()
            + self.free.memory_bytes()
            + self.links.memory_bytes()
    }

    /// The row of a live handle. A dead handle is a defect of the caller: a debug build panics,
    /// a release build gives the row that the slot had last.
    #[inline]
    pub fn get(&self, handle: Handle<R>) -> &R {
        debug_assert!(
            self.is_live(handle),
            "{}: {handle:?} does not live",
            self.name
        );
        self.slots.at(index(handle))
    }

    /// The row, to change where no index looks; see [`Rows::get`].
    #[inline]
    pub fn get_mut(&mut self, handle: Handle<R>) -> &mut R {
        debug_assert!(
            self.is_live(handle),
            "{}: {handle:?} does not live",
            self.name
        );
        self.slots.at_mut(index(handle))
    }

    /// The row, or `None` where the handle is null or its row was deleted.
    #[inline]
    pub fn find(&self, handle: Handle<R>) -> Option<&R> {
        if self.is_live(handle) {
            self.slots.get(index(handle))
        } else {
            None
        }
    }

    /// Does the handle's row live?
    #[inline]
    pub fn is_live(&self, handle: Handle<R>) -> bool {
        let slot = handle.slot() as usize;
        self.live
            .get(slot >> 6)
            .is_some_and(|word| word >> (slot & 63) & 1 != 0)
    }

    /// `Ok` where the handle's row lives.
    #[inline]
    pub fn check_live(&self, handle: Handle<R>) -> Result<(), Error> {
        if self.is_live(handle) {
            Ok(())
        } else {
            Err(Error::NotLive {
                table: self.name,
                slot: handle.slot(),
            })
        }
    }

    /// Asks the memory for a row that will be read soon.
    #[inline]
    pub fn prefetch(&self, handle: Handle<R>) {
        if let Some(row) = self.slots.get(index(handle)) {
            prefetch(row);
        }
    }

    /// The live rows in the order of their handles.
    pub fn iter(&self) -> impl Iterator<Item = (Handle<R>, &R)> {
        (1..=self.slots.len() as u32)
            .map(Handle::from_slot)
            .filter_map(|handle| self.find(handle).map(|row| (handle, row)))
    }

    /// Puts a row into a free slot; tells whether the slot had been used before.
    #[doc(hidden)]
    #[inline]
    pub fn insert(&mut self, row: R) -> Result<(Handle<R>, bool), Error> {
        let (slot, reused) = match self.free.pop() {
            Some(slot) => {
                *self.slots.at_mut(slot as usize - 1) = row;
                (slot, true)
            }
            None => {
                let Ok(slot) = u32::try_from(self.slots.len() + 1) else {
                    return Err(Error::Full { table: self.name });
                };
                self.slots.push(row);
                if self.linked && slot as usize > self.links.len() {
                    self.links.push(0);
                }
                if slot as usize >> 6 >= self.live.len() {
                    self.live.push(0);
                }
                (slot, false)
            }
        };
        self.mark(slot, true);
        Ok((Handle::from_slot(slot), reused))
    }

    /// Frees a live slot.
    #[doc(hidden)]
    #[inline]
    pub fn delete(&mut self, handle: Handle<R>) {
        self.mark(handle.slot(), false);
        self.free.push(handle.slot());
    }

    /// Takes back an insert: the slot is free again, or never was.
    #[doc(hidden)]
    pub fn undo_insert(&mut self, handle: Handle<R>, reused: bool) {
        self.mark(handle.slot(), false);
        if reused {
            self.free.push(handle.slot());
            return;
        }
        self.slots.pop();
        assert_eq!(
            self.slots.len() + 1,
            handle.slot() as usize,
            "undo out of order"
        );
    }

    /// Takes back a delete.
    #[doc(hidden)]
    pub fn undo_delete(&mut self, handle: Handle<R>, row: R) {
        assert_eq!(self.free.pop(), Some(handle.slot()), "undo out of order");
        *self.slots.at_mut(index(handle)) = row;
        self.mark(handle.slot(), true);
    }

    /// How many rows link to this one.
    #[inline]
    pub fn links(&self, handle: Handle<R>) -> u32 {
        self.links.get(index(handle)).copied().unwrap_or(0)
    }

    /// `Ok` where no row links to this one.
    #[doc(hidden)]
    #[inline]
    pub fn check_unlinked(&self, handle: Handle<R>) -> Result<(), Error> {
        match self.links(handle) {
            0 => Ok(()),
            count => Err(Error::Referenced {
                table: self.name,
                slot: handle.slot(),
                count,
            }),
        }
    }

    /// Tells an empty table that another links to it, so that its links are counted.
    #[doc(hidden)]
    pub fn set_linked(&mut self) {
        assert!(
            self.slots.is_empty(),
            "{}: links are declared before rows",
            self.name
        );
        self.linked = true;
    }

    /// Counts one more link to a row; nothing for the null.
    #[doc(hidden)]
    #[inline]
    pub fn link(&mut self, handle: Handle<R>) {
        if !handle.is_null() {
            *self.links.at_mut(index(handle)) += 1;
        }
    }

    /// Counts one link less; nothing for the null.
    #[doc(hidden)]
    #[inline]
    pub fn unlink(&mut self, handle: Handle<R>) {
        if !handle.is_null() {
            *self.links.at_mut(index(handle)) -= 1;
        }
    }

    #[inline]
    fn mark(&mut self, slot: u32, live: bool) {
        let bit = 1u64 << (slot & 63);
        let word = self.live.at_mut(slot as usize >> 6);
        debug_assert_eq!(
            *word & bit != 0,
            !live,
            "{}: slot {slot} is so already",
            self.name
        );
        *word ^= bit;
        if live {
            self.count += 1
        } else {
            self.count -= 1
        }
    }
}

#[inline]
fn index<R>(handle: Handle<R>) -> usize {
    // The null wraps to an index beyond every segment, so reading it panics.
    (handle.slot() as usize).wrapping_sub(1)
}

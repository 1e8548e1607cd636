//! Looking ahead in a batch: what the next commands will read is asked of the memory before it is
//! needed, so that the waits of several commands overlap.
//!
//! Nothing here decides anything: a row that has changed by the time its command is worked is found
//! in the ordinary way.

use super::core::Core;
use super::queue::level_key;
use super::tables::{Level, Order};
use crate::records::Record;
use crate::records::vocabulary::kind;
use crate::store::{Handle, Key};

/// Commands from one stage of looking ahead to the next; the fourth is the command itself.
const STAGE: usize = 3;
/// More than the commands that are looked ahead at, and a power of two.
const AHEAD: usize = 16;

/// What is known of one of the next commands; null where it is not.
#[derive(Clone, Copy)]
pub struct Next {
    key: u64,
    hash: u32,
    /// The level that a NEW may join.
    pub level: Handle<Level>,
    /// The order that another command names.
    order: Handle<Order>,
}

/// What is known of the next commands, each at the place of its place in the batch.
pub type Ahead = [Next; AHEAD];

impl Next {
    const UNKNOWN: Self = Self {
        key: 0,
        hash: 0,
        level: Handle::NULL,
        order: Handle::NULL,
    };
    /// Nothing is known.
    pub const NOTHING: Ahead = [Self::UNKNOWN; AHEAD];
}

impl Core {
    /// Asks for what the commands behind this place will read.
    #[inline]
    pub fn look_ahead(&mut self, batch: &[Record], at: usize) {
        let [first, second, third] = [3, 2, 1].map(|stage| at + stage * STAGE);
        if let Some(command) = batch.get(first) {
            self.ahead[first % AHEAD] = self.ask_for_entries(command);
        }
        if let Some(command) = batch.get(second) {
            self.ask_for_rows(command, second % AHEAD);
        }
        self.ask_for_neighbours(self.ahead[third % AHEAD]);
    }

    /// First the rows and index entries whose place the command alone tells.
    #[inline]
    fn ask_for_entries(&self, command: &Record) -> Next {
        let line = Handle::from_slot(command.get::<u16>(52).into());
        self.db.lines.rows().prefetch(line);
        if command.kind() != kind::NEW {
            self.db.orders.by_no().prefetch(command.get(48));
            return Next::UNKNOWN;
        }
        let Some(book) = self.find_book(command.instrument(), command.segment()) else {
            return Next::UNKNOWN;
        };
        self.db.books.rows().prefetch(book);
        self.db.tops.rows().prefetch(book.top());
        let key = level_key(book, command.get(54), command.get(32));
        let hash = key.hash32();
        self.db.levels.by_key().index().prefetch(hash);
        Next {
            key,
            hash,
            ..Next::UNKNOWN
        }
    }

    /// Then the rows that those lead to.
    #[inline]
    fn ask_for_rows(&mut self, command: &Record, at: usize) {
        if command.kind() != kind::NEW {
            let order = self.find_order(command.get(48)).into();
            self.ahead[at].order = order;
            self.db.orders.rows().prefetch(order);
        } else if self.ahead[at].key != 0 {
            let Next { key, hash, .. } = self.ahead[at];
            let level = self.db.levels.by_key().get_hashed(key, hash).into();
            self.ahead[at].level = level;
            self.db.levels.rows().prefetch(level);
        }
    }

    /// Last the orders beside the place of the one that is meant.
    #[inline]
    fn ask_for_neighbours(&self, next: Next) {
        let (orders, levels) = (self.db.orders.rows(), self.db.levels.rows());
        if let Some(order) = orders.find(next.order) {
            orders.prefetch(order.before);
            orders.prefetch(order.behind);
            levels.prefetch(order.level);
        } else if let Some(level) = levels.find(next.level) {
            orders.prefetch(level.tail);
        }
    }
}

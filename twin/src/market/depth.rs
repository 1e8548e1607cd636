//! What stands in a book, for those who look at it from outside.

use super::core::Core;
use super::tables::Book;
use crate::records::NO_PRICE;
use crate::records::vocabulary::side;
use crate::store::Handle;

/// Price, quantity, orders of each level of a side, best first.
pub type Levels = Vec<(i64, i64, i64)>;

impl Core {
    /// The first levels of both sides; orders without price are the top level at `NO_PRICE`.
    pub fn depth(&self, book: Handle<Book>, levels: usize) -> [Levels; 2] {
        [side::BUY, side::SELL].map(|of_side| {
            let mut found = Vec::new();
            let mut next = self.best(book, of_side);
            while let Some(level) = next.filter(|_| found.len() < levels) {
                let level = self.db.levels.get(level);
                found.push((level.price, level.qty, level.count.into()));
                next = level.worse.some();
            }
            found
        })
    }

    /// The same after the simulated match: its volume is taken from the first orders that have a
    /// price; the others have no part in a call auction.
    pub fn unfilled(&self, book: Handle<Book>, levels: usize) -> [Levels; 2] {
        let volume = self.simulate(book).map_or(0, |found| found.cross.volume);
        [side::BUY, side::SELL].map(|of_side| {
            let mut found = Vec::new();
            let mut taken = volume;
            let mut next = self.best(book, of_side);
            while let Some(own) = next.filter(|_| found.len() < levels) {
                let level = self.db.levels.get(own);
                next = level.worse.some();
                if level.price == NO_PRICE {
                    found.push((level.price, level.qty, level.count.into()));
                } else if taken >= level.qty {
                    taken -= level.qty;
                } else {
                    let count = self.count_behind(own, taken);
                    found.push((level.price, level.qty - taken, count));
                    taken = 0;
                }
            }
            found
        })
    }

    /// How many orders of a level are not whole within its first `taken`.
    fn count_behind(&self, level: Handle<super::tables::Level>, mut taken: i64) -> i64 {
        let level = self.db.levels.get(level);
        let mut count = i64::from(level.count);
        let mut own = level.head;
        while taken > 0 {
            let order = self.db.orders.get(own);
            taken -= i64::from(order.leaves);
            if taken >= 0 {
                count -= 1;
            }
            own = order.behind;
        }
        count
    }
}

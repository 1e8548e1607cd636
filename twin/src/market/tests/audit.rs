//! Is the market whole? Everything that is kept is counted again from what it is made of.

use crate::market::core::Core;
use crate::market::queue::{index, level_key};
use crate::market::tables::{Book, Level};
use crate::records::mixer::{book_place, book_term, order_place, order_term};
use crate::records::vocabulary::side;
use crate::store::Handle;

/// Panics where a link, a sum or the digest is not what it should be.
pub fn audit(core: &Core) {
    let (mut orders, mut digest) = (0, 0u64);
    for book in core.all_books() {
        for of_side in [side::BUY, side::SELL] {
            let (count, sum) = audit_side(core, book, of_side);
            orders += count;
            digest = digest.wrapping_add(sum);
        }
        digest = digest.wrapping_add(term_of_book(core, book));
    }
    assert_eq!(orders, core.db.orders.len(), "live orders");
    let kept = core.now.orders_digest.wrapping_add(core.books_digest);
    assert_eq!(digest, kept, "digest");
}

fn term_of_book(core: &Core, book: Handle<Book>) -> u64 {
    let row = core.book(book);
    let tally = core.db.tallies.get(book.tally());
    let place = book_place(row.instrument, row.segment, row.label);
    let reference = core.db.tops.get(book.top()).reference;
    book_term(place, reference, tally.last, tally.volume)
}

/// How many orders, and the sum of their terms.
fn audit_side(core: &Core, book: Handle<Book>, of_side: u8) -> (usize, u64) {
    let top = core.db.tops.get(book.top());
    let mut better = Handle::NULL;
    let mut next = top.best[index(of_side)];
    let (mut orders, mut digest, mut key) = (0, 0u64, 0);
    while let Some(own) = next.some() {
        let level = core.db.levels.get(own);
        assert_eq!(level.key, level_key(book, of_side, level.price));
        assert!(level.key > key || orders == 0, "levels in order");
        assert_eq!(level.better, better, "links of levels");
        assert_eq!(core.find_level(book, of_side, level.price), Some(own));
        let (count, sum) = audit_level(core, book, own, level);
        orders += count;
        digest = digest.wrapping_add(sum);
        (better, key, next) = (own, level.key, level.worse);
    }
    assert_eq!(top.worst[index(of_side)], better, "the side's end");
    (orders, digest)
}

fn audit_level(core: &Core, book: Handle<Book>, own: Handle<Level>, level: &Level) -> (usize, u64) {
    assert!(level.count > 0, "no empty level");
    let row = core.book(book);
    let mut queue = Vec::new();
    core.append_orders(level, &mut queue);
    let (mut qty, mut digest, mut priority) = (0, 0u64, 0);
    for (place, handle) in queue.iter().enumerate() {
        let order = core.db.orders.get(*handle);
        assert_eq!((order.book, order.level), (book, own));
        assert_eq!(order.price, level.price);
        assert!(order.leaves > 0 && order.priority > priority);
        assert!(place == 0 || order.before == queue[place - 1]);
        assert_eq!(core.find_order(order.no), Some(*handle));
        priority = order.priority;
        qty += i64::from(order.leaves);
        let place = order_place(order.no, row.instrument, row.segment, order.side);
        let term = order_term(place, order.price, order.leaves, order.priority);
        digest = digest.wrapping_add(term);
    }
    assert_eq!(level.qty, qty, "quantity of a level");
    assert_eq!(Some(&level.tail), queue.last());
    (queue.len(), digest)
}

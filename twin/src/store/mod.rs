//! The in-memory store: typed tables, indexes, links, transactions, triggers.
//!
//! A database is declared once, by [`database!`](crate::database); its rows are plain `Copy`
//! structs of the user's. Statements come from the trait [`Store`]; a row type names its table.
//!
//! ```
//! use evermarket_twin::database;
//! use evermarket_twin::store::{Error, Handle, Store};
//!
//! #[derive(Clone, Copy, Default)]
//! pub struct Level {
//!     pub book: u32,
//!     pub side: u8,
//!     pub price: i64,
//!     pub qty: u64,
//! }
//!
//! #[derive(Clone, Copy, Default)]
//! pub struct Order {
//!     pub no: u64,
//!     pub level: Handle<Level>,
//!     pub qty: u32,
//! }
//!
//! database! {
//!     /// A market in small.
//!     pub struct Market {
//!         /// The price levels.
//!         levels: Level {
//!             ordered by_price(book: u32, side: u8, price: i64);
//!         }
//!         /// The orders.
//!         orders: Order {
//!             hash by_no(no: u64);
//!             link level -> levels;
//!             before insert some_qty;
//!             after insert add_to_level;
//!         }
//!     }
//! }
//!
//! fn some_qty(_: &mut Market, order: &mut Order) -> Result<(), Error> {
//!     if order.qty == 0 { Err(Error::Trigger { code: 60 }) } else { Ok(()) }
//! }
//!
//! fn add_to_level(db: &mut Market, order: Handle<Order>) -> Result<(), Error> {
//!     let Order { level, qty, .. } = *db.get(order);
//!     db.patch(level, |level| level.qty += u64::from(qty));
//!     Ok(())
//! }
//!
//! fn main() -> Result<(), Error> {
//!     let mut db = Market::new();
//!     db.begin();
//!     let level = db.insert(Level { book: 1, side: 1, price: 100, qty: 0 })?;
//!     let order = db.insert(Order { no: 7, level, qty: 30 })?;
//!
//!     // Look-ups: a hash index by key, an ordered one by key, range and neighbour.
//!     assert_eq!(db.orders.by_no().get(7), Some(order));
//!     let best = db.levels.by_price().range((1, 1, 0)..=(1, 1, i64::MAX)).next_back();
//!     assert_eq!(best, Some(((1, 1, 100), level)));
//!     assert_eq!(db.get(level).qty, 30);
//!
//!     // A refused statement changes nothing.
//!     let again = db.insert(Order { no: 7, level, qty: 1 });
//!     assert_eq!(again, Err(Error::Unique { table: "orders", index: "by_no", holder: 1 }));
//!     assert_eq!(db.insert(Order { no: 8, level, qty: 0 }), Err(Error::Trigger { code: 60 }));
//!     assert_eq!(db.delete(level), Err(Error::Referenced { table: "levels", slot: 1, count: 1 }));
//!
//!     // Savepoints nest.
//!     let savepoint = db.savepoint();
//!     db.update(order, |order| order.no = 9)?;
//!     db.rollback_to(savepoint);
//!     assert_eq!(db.orders.by_no().get(9), None);
//!     db.commit();
//!     Ok(())
//! }
//! ```
//!
//! # Declaration
//! `table: Row { ... }` holds, each any number of times and in this order:
//! - `hash name(column: type, ...);` a unique hash index. `db.table.name()` answers [`Unique::get`],
//!   [`Unique::get_many`] and [`Unique::prefetch`]. A key of several columns is a tuple.
//! - `dense name(column: type);` a unique index by a number (`u8` to `u32`) that rows are given
//!   without large gaps; an array, 4 bytes a number. `db.table.name()` is a [`DenseIndex`].
//! - `ordered name(column: type, ...);` a unique ordered index, compared column by column.
//!   `db.table.name()` is an [`OrderedIndex`]. For a key with ties add a number that has none.
//! - `link column -> table;` a foreign key: the column is a [`Handle`] of the other table's row, or
//!   null. The row it names must live, and cannot be deleted while a link to it is counted.
//! - `before insert f;` with `fn f(&mut Db, &mut Row) -> Result<(), Error>`; it may change the row.
//! - `after insert f;` with `fn f(&mut Db, Handle<Row>) -> Result<(), Error>`.
//! - `before update f;` with `fn f(&mut Db, Handle<Row>, old: &Row, new: &mut Row) -> ...`.
//! - `after update f;` with `fn f(&mut Db, Handle<Row>, old: &Row) -> ...`.
//! - `before delete f;` with `fn f(&mut Db, Handle<Row>) -> ...`; it may delete rows that link here.
//! - `after delete f;` with `fn f(&mut Db, old: &Row) -> ...`.
//!
//! Triggers run in the order declared. One that refuses takes the whole statement back, with what
//! the triggers before it wrote. A trigger does not write to the row of its own statement. A
//! table without triggers has no code for them.
//!
//! # Statements
//! [`Store::insert`], [`Store::update`], [`Store::delete`] keep every index, link and constraint;
//! refused, they have changed nothing. [`Store::patch`] changes columns that no index and no link
//! names and costs a copy of the row into the undo log; a debug build checks that it kept to
//! them, and it does not compile for a table with an update trigger.
//!
//! # Transactions
//! `begin`, `commit`, `rollback`, `savepoint`, `rollback_to`, or `transaction(|db| ...)`, which
//! nests. Rolling back restores rows, handles, indexes and links exactly. Outside a transaction a
//! statement stands by itself and nothing is logged.
//!
//! # Memory
//! Rows, buckets and nodes lie in segments of two MiB which never move, so that growth
//! copies nothing; hash indexes grow by a bucket at a time, ordered ones by a node. Freed slots
//! are used again, memory is not given back. `db.table.reserve(rows)` takes memory ahead, in large
//! pages where the system has them: without it, the system's page faults are most of what a new
//! row costs. One thread writes; there is no lock.
//!
//! # Cost
//! What a row costs is its waits for memory: one for the bucket, one for the row. They overlap
//! where the keys are known ahead: [`Unique::get_many`], or [`Unique::prefetch`] and
//! [`Rows::prefetch`] a few statements early. Rows of at most 64 bytes with `#[repr(align(64))]`
//! are one line each.

mod database;
mod dense;
mod error;
mod handle;
mod hash;
mod key;
mod ordered;
mod prefetch;
mod rows;
mod segments;
mod statements;
mod table;
mod undo;
mod unique;

pub use database::{Store, check_parent};
pub use dense::DenseIndex;
pub use error::Error;
pub use handle::Handle;
pub use hash::HashIndex;
pub use key::Key;
pub use ordered::{OrderedIndex, Range};
pub use prefetch::prefetch;
pub use rows::Rows;
pub use segments::Segments;
pub use undo::{Change, Savepoint, Undo, UndoLog};
pub use unique::Unique;

#[cfg(test)]
mod tests;

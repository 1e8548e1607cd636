//! What a statement of the store costs, at each size given.
//!
//! `cargo run --release --example store_bench -- 1000000 50000000` prints one line of JSON a size.
//! Rows are 64 bytes under one hash index on a 64-bit key; every statement runs in a transaction
//! of 64. `single` statements come one by one; `batch` ones are the same 64 after one prefetch of
//! all their keys. Updates and look-ups take keys at random out of all; an update is a look-up, a
//! copy of the row into the undo log and the change; a look-up reads the row it finds.
//! Memory is reserved first; updates and look-ups are the best of three rounds, as other processes
//! share the machine. `pause` times every insert by itself, the clock and the system's own pauses
//! included, without and with reserved memory.

use std::time::Instant;

use evermarket_twin::database;
use evermarket_twin::store::{Handle, Store};

/// Statements of one transaction.
const BATCH: usize = 64;
/// How often updates and look-ups are measured.
const ROUNDS: usize = 3;

/// A row as wide as an order.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub struct Order {
    key: u64,
    price: i64,
    qty: u32,
    leaves: u32,
    rest: [u64; 5],
}

/// A row of an ordered index.
#[derive(Clone, Copy, Default)]
pub struct Level {
    book: u32,
    price: i64,
}

database! {
    /// Orders by number.
    pub struct Db {
        /// Orders.
        orders: Order {
            hash by_key(key: u64);
        }
        /// Levels.
        levels: Level {
            ordered by_price(book: u32, price: i64);
        }
    }
}

/// The key of row number `row`: different for each, and in no order.
fn key_of(row: u64) -> u64 {
    row.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Runs `batch(db, first row of the batch)` over all rows; gives rows a second.
fn rate(db: &mut Db, rows: usize, mut batch: impl FnMut(&mut Db, u64)) -> f64 {
    let start = Instant::now();
    for first in (0..rows).step_by(BATCH) {
        db.begin();
        batch(db, first as u64);
        db.commit();
    }
    rows as f64 / start.elapsed().as_secs_f64()
}

fn insert_64(db: &mut Db, first: u64, prefetch: bool) {
    if prefetch {
        for row in first..first + BATCH as u64 {
            db.orders.by_key().prefetch(key_of(row));
        }
    }
    for row in first..first + BATCH as u64 {
        let order = Order {
            key: key_of(row),
            price: row as i64,
            qty: 100,
            ..Order::default()
        };
        db.insert(order).expect("every key is new");
    }
}

fn random_keys(state: &mut u64, rows: usize) -> [u64; BATCH] {
    std::array::from_fn(|_| key_of(((u128::from(random(state)) * rows as u128) >> 64) as u64))
}

fn find_64(db: &Db, keys: &[u64; BATCH], prefetch: bool) -> [Handle<Order>; BATCH] {
    let mut found = [Handle::NULL; BATCH];
    if prefetch {
        db.orders.by_key().get_many(keys, &mut found);
    } else {
        for (found, &key) in found.iter_mut().zip(keys) {
            *found = db.orders.by_key().get(key).into();
        }
    }
    found
}

/// The best of some rounds of finding rows at random and doing something with them.
fn best(
    db: &mut Db,
    rows: usize,
    prefetch: bool,
    mut with: impl FnMut(&mut Db, [Handle<Order>; BATCH]),
) -> f64 {
    let mut state = 0x2545_F491_4F6C_DD1D;
    let operations = rows.clamp(10_000_000, 20_000_000) / BATCH * BATCH;
    let rounds = (0..ROUNDS).map(|_| {
        rate(db, operations, |db, _| {
            let keys = random_keys(&mut state, rows);
            let handles = find_64(db, &keys, prefetch);
            with(db, handles);
        })
    });
    rounds.fold(0.0, f64::max)
}

/// Inserts, updates and look-ups a second.
fn statements(rows: usize, prefetch: bool, reserve: bool) -> ([f64; 3], usize) {
    let mut db = Db::new();
    if reserve {
        db.orders.reserve(rows);
    }
    let inserts = rate(&mut db, rows, |db, first| insert_64(db, first, prefetch));
    let updates = best(&mut db, rows, prefetch, |db, handles| {
        for handle in handles {
            db.patch(handle, |order| order.leaves += 1);
        }
    });
    let lookups = best(&mut db, rows, prefetch, |db, handles| {
        let sum: i64 = handles.iter().map(|&handle| db.get(handle).price).sum();
        std::hint::black_box(sum);
    });
    ([inserts, updates, lookups], db.memory_bytes())
}

/// Nanoseconds of the slowest insert, of the slowest in a million, and the most entries moved.
fn pauses(rows: usize, reserve: bool) -> (u64, u64, usize) {
    let mut db = Db::new();
    if reserve {
        db.orders.reserve(rows);
    }
    let mut times_ns: Vec<u32> = vec![1; rows];
    for (row, time_ns) in times_ns.iter_mut().enumerate() {
        if row % BATCH == 0 {
            db.begin();
        }
        let start = Instant::now();
        db.insert(Order {
            key: key_of(row as u64),
            ..Order::default()
        })
        .expect("new");
        *time_ns = start.elapsed().as_nanos().try_into().unwrap_or(u32::MAX);
        if row % BATCH == BATCH - 1 {
            db.commit();
        }
    }
    times_ns.sort_unstable();
    let millionth = times_ns[rows - 1 - rows / 1_000_000];
    let moved_max = db.orders.by_key().index().moved_max();
    (
        u64::from(times_ns[rows - 1]),
        u64::from(millionth),
        moved_max,
    )
}

/// Inserts a second of 16-byte rows into an ordered index, keys at random, and its bytes a row.
fn ordered(rows: usize) -> (f64, f64) {
    let mut db = Db::new();
    let inserts = rate(&mut db, rows, |db, first| {
        for row in first..first + BATCH as u64 {
            let key = key_of(row);
            let level = Level {
                book: (key >> 44) as u32,
                price: (key & 0xFFF_FFFF_FFFF) as i64,
            };
            db.insert(level).expect("every key is new");
        }
    });
    (inserts, db.levels.memory_bytes() as f64 / rows as f64)
}

fn main() {
    for argument in std::env::args().skip(1) {
        let rows: usize = argument.parse().expect("sizes are numbers of rows");
        let rows = rows / BATCH * BATCH;
        let (single, memory_bytes) = statements(rows, false, true);
        let (batch, _) = statements(rows, true, true);
        let (pause_ns, millionth_ns, moved_max) = pauses(rows, false);
        let (reserved_pause_ns, reserved_millionth_ns, _) = pauses(rows, true);
        let (ordered_inserts, ordered_bytes) = ordered(rows.min(5_000_000));
        println!(
            "{{\"rows\": {rows}, \"row_bytes\": {}, \"statements_per_transaction\": {BATCH}, \
             \"single\": {{\"inserts_s\": {:.0}, \"updates_s\": {:.0}, \"lookups_s\": {:.0}}}, \
             \"batch\": {{\"inserts_s\": {:.0}, \"updates_s\": {:.0}, \"lookups_s\": {:.0}}}, \
             \"bytes_per_row\": {:.1}, \"insert_pause_ns_max\": {pause_ns}, \
             \"insert_pause_ns_one_in_a_million\": {millionth_ns}, \
             \"reserved_pause_ns_max\": {reserved_pause_ns}, \
             \"reserved_pause_ns_one_in_a_million\": {reserved_millionth_ns}, \
             \"entries_moved_max\": {moved_max}, \
             \"ordered_inserts_s\": {ordered_inserts:.0}, \"ordered_bytes_per_row\": {:.1}}}",
            size_of::<Order>(),
            single[0],
            single[1],
            single[2],
            batch[0],
            batch[1],
            batch[2],
            memory_bytes as f64 / rows as f64,
            ordered_bytes,
        );
    }
}

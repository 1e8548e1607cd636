//! What a day costs the settlement.
//!
//! `cargo run --release --example settlement_bench -- ORDERS TRADES ACCOUNTS` folds so many ACCEPTED records with so many TRADED
//! ones among them, as the market's stream brings them, and prints a line of JSON. Account and instrument of an order are
//! functions of its number; a trade is between two earlier orders of one instrument, taken at random out of all before it.
//! Records are made in pieces outside the timed region: the day itself need not fit the memory.

use std::time::Instant;

use evermarket_twin::records::Record;
use evermarket_twin::records::bodies::{Body, Order, Traded};
use evermarket_twin::records::vocabulary::{kind, product};
use evermarket_twin::settlement::Settlement;
use evermarket_twin::settlement::rates::Rates;

const INSTRUMENTS: u64 = 1_000;
const PIECE: u64 = 65_536;
/// A trading day as the projection takes it.
const DAY_ORDERS: f64 = 400e6;
const DAY_TRADES: f64 = 20e6;

fn mixed(number: u64) -> u64 {
    let mut h = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h ^= h >> 29;
    h = h.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h ^ (h >> 32)
}

fn below(number: u64, end: u64) -> u64 {
    ((u128::from(mixed(number)) * u128::from(end)) >> 64) as u64
}

fn instrument(order_no: u64) -> u16 {
    (order_no % INSTRUMENTS) as u16 + 1
}

fn record(kind: u8, instrument: u16, body: impl Body) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = kind;
    record.put(18, instrument);
    record.put(22, 0x11u16);
    body.write(&mut record);
    record
}

fn accepted(order_no: u64, accounts: u64) -> Record {
    let order = Order {
        order_no: order_no as u32,
        account: below(order_no, accounts) as u32,
        ..Order::read(&Record::ZERO)
    };
    record(kind::ACCEPTED, instrument(order_no), order)
}

/// A trade between an order before `orders` and another one of its instrument.
fn traded(trade_no: u64, orders: u64) -> Record {
    let buy_no = 1 + below(trade_no ^ 0xA5A5_0000, orders);
    let others = (orders - 1) / INSTRUMENTS;
    let steps = 1 + below(trade_no ^ 0x5A5A_0000, others.max(2) - 1);
    let sell_no = (buy_no - 1 + steps * INSTRUMENTS) % (orders / INSTRUMENTS * INSTRUMENTS) + 1;
    let fill = Traded {
        price: 10_000 * (50 + below(trade_no, 500) as i64),
        qty: 1_000 * (1 + below(trade_no ^ 7, 9) as u32),
        trade_no: trade_no as u32,
        buy_no: buy_no as u32,
        sell_no: sell_no as u32,
        ..Traded::read(&Record::ZERO)
    };
    record(kind::TRADED, instrument(buy_no), fill)
}

/// Seconds spent on records of each of the two kinds.
#[derive(Default)]
struct Spent {
    orders_s: f64,
    trades_s: f64,
}

fn take(day: &mut Settlement, records: &[Record]) -> f64 {
    let start = Instant::now();
    for record in records {
        day.take(record).expect("the stream fits");
    }
    start.elapsed().as_secs_f64()
}

/// The day in pieces: orders, then the trades that fall to them.
fn fold(day: &mut Settlement, orders: u64, trades: u64, accounts: u64) -> Spent {
    let (mut done, mut traded_no, mut spent) = (0, 0, Spent::default());
    let mut piece = Vec::with_capacity(PIECE as usize);
    while done < orders {
        let end = (done + PIECE).min(orders);
        piece.clear();
        piece.extend((done + 1..=end).map(|order_no| accepted(order_no, accounts)));
        spent.orders_s += take(day, &piece);
        done = end;
        piece.clear();
        let due = (u128::from(trades) * u128::from(done) / u128::from(orders)) as u64;
        piece.extend((traded_no + 1..=due).map(|trade_no| traded(trade_no, done)));
        spent.trades_s += take(day, &piece);
        traded_no = due;
    }
    spent
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"))
        .collect();
    let [orders, trades, accounts] = arguments[..] else {
        panic!("ORDERS TRADES ACCOUNTS")
    };
    let mut day = Settlement::new(Rates::default());
    for instrument in 1..=INSTRUMENTS {
        day.define(instrument as u16, product::STOCK);
    }
    let spent = fold(&mut day, orders, trades, accounts);
    let start = Instant::now();
    let (mut positions, mut totals) = (Vec::new(), Vec::new());
    day.write_positions(&mut positions)
        .expect("memory takes it");
    day.write_totals(&mut totals, "").expect("memory takes it");
    let close_s = start.elapsed().as_secs_f64();
    let (order_s, trade_s) = (
        spent.orders_s / orders as f64,
        spent.trades_s / trades as f64,
    );
    println!(
        "{{\"orders\": {orders}, \"trades\": {trades}, \"accounts\": {accounts}, \"positions\": {}, \
         \"orders_per_s\": {:.0}, \"trades_per_s\": {:.0}, \"close_s\": {close_s:.3}, \
         \"report_bytes\": {}, \"memory_bytes\": {}, \
         \"day_orders_s\": {:.1}, \"day_trades_s\": {:.1}, \"day_close_s\": {:.1}}}",
        day.totals().positions,
        1.0 / order_s,
        1.0 / trade_s,
        positions.len(),
        day.memory_bytes(),
        DAY_ORDERS * order_s,
        DAY_TRADES * trade_s,
        close_s * DAY_TRADES / trades as f64,
    );
}

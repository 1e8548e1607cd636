//! What a trade costs the settlement.
//!
//! `cargo run --release --example settlement_bench -- 1000000 100000 20` settles so many trades of
//! so many accounts, each of which trades so many of 1,000 instruments, and prints a line of JSON.
//! Every trade is of two orders of its own, whose ACCEPTED records come in first; orders that do
//! not trade cost an ACCEPTED each, and nothing where the market hands over the trades alone.

use std::time::Instant;

use evermarket_twin::records::Record;
use evermarket_twin::records::bodies::{Body, Order, Traded};
use evermarket_twin::records::vocabulary::{kind, product};
use evermarket_twin::settlement::Settlement;
use evermarket_twin::settlement::rates::Rates;

/// A trading day as the projection takes it.
const DAY_TRADES: f64 = 20e6;
const DAY_ORDERS: f64 = 400e6;

fn random(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    ((u128::from(*state) * u128::from(below)) >> 64) as u64
}

fn record(kind: u8, instrument: u16, body: impl Body) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = kind;
    record.put(18, instrument);
    record.put(22, 0x11u16);
    body.write(&mut record);
    record
}

/// The ACCEPTED records, then the TRADED ones.
fn stream(trades: u32, accounts: u64, instruments_each: u64) -> (Vec<Record>, Vec<Record>) {
    let mut state = 0x2545_F491_4F6C_DD1D;
    let blank = Record::ZERO;
    let (mut accepted, mut traded) = (Vec::new(), Vec::new());
    for trade_no in 1..=trades {
        let instrument = 1 + random(&mut state, 1_000);
        for order_no in [trade_no * 2 - 1, trade_no * 2] {
            // Of 1,000 accounts in a row, `instruments_each` trade this instrument.
            let row = random(&mut state, accounts / 1_000) * 1_000;
            let one = instrument * 7 + random(&mut state, instruments_each);
            let account = (row + one % 1_000) as u32;
            let order = Order {
                order_no,
                account,
                ..Order::read(&blank)
            };
            accepted.push(record(kind::ACCEPTED, instrument as u16, order));
        }
        let fill = Traded {
            price: 10_000 * (50 + random(&mut state, 500) as i64),
            qty: 1_000 * (1 + random(&mut state, 9) as u32),
            trade_no,
            buy_no: trade_no * 2 - 1,
            sell_no: trade_no * 2,
            ..Traded::read(&blank)
        };
        traded.push(record(kind::TRADED, instrument as u16, fill));
    }
    (accepted, traded)
}

fn take(day: &mut Settlement, records: &[Record]) -> f64 {
    let start = Instant::now();
    for record in records {
        day.take(record).expect("the stream fits");
    }
    start.elapsed().as_secs_f64()
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"))
        .collect();
    let [trades, accounts, instruments_each] = arguments[..] else {
        panic!("trades, accounts, instruments of an account")
    };
    let (accepted, traded) = stream(trades as u32, accounts, instruments_each);
    let mut day = Settlement::new(Rates::default());
    for instrument in 1..=1_000 {
        day.define(instrument, product::STOCK);
    }
    let accepted_s = take(&mut day, &accepted);
    let traded_s = take(&mut day, &traded);
    let start = Instant::now();
    let (mut positions, mut totals) = (Vec::new(), Vec::new());
    day.write_positions(&mut positions)
        .expect("memory takes it");
    day.write_totals(&mut totals, "").expect("memory takes it");
    let close_s = start.elapsed().as_secs_f64();
    let trades_s = trades as f64 / traded_s;
    let order_s = accepted_s / accepted.len() as f64;
    println!(
        "{{\"trades\": {trades}, \"accounts\": {accounts}, \"positions\": {}, \
         \"trades_per_s\": {trades_s:.0}, \"accepted_per_s\": {:.0}, \"close_s\": {close_s:.3}, \
         \"report_bytes\": {}, \"memory_bytes\": {}, \
         \"projected_day_trades_s\": {:.1}, \"projected_day_orders_s\": {:.1}}}",
        day.totals().positions,
        1.0 / order_s,
        positions.len(),
        day.memory_bytes(),
        DAY_TRADES / trades_s,
        DAY_ORDERS * order_s,
    );
}

//! Messages a second through the market, printed: `cargo test --release --test vectors_speed --
//! --ignored --nocapture`. 60 % new passive orders, 30 % cancels, 10 % marketable orders, batches
//! of 4096, every rule asked, every event written; one thread.

use std::time::Instant;

use evermarket_twin::market::Market;
use evermarket_twin::records::bodies::{
    Body, Order, Phase, RefInstrument, RefLine, RefPrices, RefStabilisation, RefTick, Traded,
};
use evermarket_twin::records::vocabulary::{
    action, allow, book_flag, kind, mode, ord_type, phase, product, right, segment, side, tif,
};
use evermarket_twin::records::{NO_PRICE, Record};

const BATCH: usize = 4096;
const TICK: i64 = 5_000;
const MIDDLE: i64 = 3_000_000;
const LINES: u16 = 50;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Who makes the commands: it follows the market's events to know what is live.
struct Crowd {
    random: Random,
    books: u16,
    live_wanted: usize,
    live: Vec<(u32, u16, u16)>,
    place: Vec<usize>,
    ids: Vec<u64>,
    next_order: u32,
    time: i64,
}

fn command<B: Body>(kind: u8, instrument: u16, time: i64, body: &B) -> Record {
    let mut record = Record::ZERO;
    record.put(8, time);
    record.put(16, kind);
    record.put(18, instrument);
    record.put(22, u16::from(segment::REGULAR));
    body.write(&mut record);
    record
}

fn opening(books: u16) -> Vec<Record> {
    let tick = RefTick {
        from_price: 0,
        tick: TICK,
        table: 1,
    };
    let mut all = vec![command(kind::REF_TICK, 0, 1, &tick)];
    let set = RefStabilisation {
        window_ns: 300_000_000_000,
        duration_ns: 120_000_000_000,
        band_permille: 1000,
        call_permille: 35,
        cancel_permille: 300,
        periodic_permille: 35,
        set: 1,
    };
    all.push(command(kind::REF_STABILISATION, 0, 1, &set));
    for line in 1..=LINES {
        let rights = right::ORDERS | right::PROVIDER;
        let body = RefLine {
            rights,
            account: line.into(),
            member: line,
            line,
        };
        all.push(command(kind::REF_LINE, 0, 1, &body));
    }
    let takes = allow::LIMIT_ROD | allow::CANCEL | allow::MARKET_ROD;
    for instrument in 1..=books {
        let rules = book_flag::VOLATILITY | book_flag::NO_SELF_TRADE | book_flag::CALL_CHECK;
        let body = RefInstrument {
            qty_min: 1000,
            lot: 1000,
            qty_max: 499_000,
            rules,
            value_min: 0,
            group: 1,
            table: 1,
            allow: takes,
            set: 1,
            product: product::STOCK,
        };
        all.push(command(kind::REF_INSTRUMENT, instrument, 1, &body));
        let body = RefPrices {
            reference: MIDDLE,
            limit_up: MIDDLE + 60 * TICK,
            limit_down: MIDDLE - 60 * TICK,
            previous_close: MIDDLE,
        };
        all.push(command(kind::REF_PRICES, instrument, 1, &body));
    }
    let body = Phase {
        until: 0,
        postpone_ns: 0,
        entry_ns: 0,
        group: 1,
        mode: mode::CONTINUOUS,
        match_: 1,
        allow: takes,
        actions: action::FIRST_MATCH,
        count: 0,
    };
    let mut open = command(kind::PHASE, 0, 1, &body);
    open.put(20, u16::from(phase::CONTINUOUS));
    open.put(22, 0u16);
    all.push(open);
    all
}

impl Crowd {
    fn new(books: u16, live_wanted: usize) -> Self {
        Self {
            random: Random(0x9E37_79B9_7F4A_7C15),
            books,
            live_wanted,
            live: Vec::new(),
            place: vec![usize::MAX; 1 << 24],
            ids: vec![0; usize::from(LINES) + 1],
            next_order: 1,
            time: 1_000_000_000_000,
        }
    }

    fn order(&mut self, marketable: bool) -> Record {
        let of_side = if self.random.below(2) == 0 {
            side::BUY
        } else {
            side::SELL
        };
        let away = self.random.below(50).min(self.random.below(50)) as i64 + 1;
        let away = if marketable { -55 } else { away };
        let price = if of_side == side::BUY {
            MIDDLE - away * TICK
        } else {
            MIDDLE + away * TICK
        };
        let lots = match marketable {
            true if self.live.len() > self.live_wanted => 4 + self.random.below(28),
            true => 1 + self.random.below(16),
            false => 1 + self.random.below(10),
        };
        let (instrument, line) = (self.instrument(), self.line());
        let body = Order {
            cl_ord_id: self.id(line),
            price,
            qty: lots as u32 * 1000,
            account: self.random.below(1 << 30) as u32,
            order_no: self.next_order,
            line,
            side: of_side,
            ord_type: ord_type::LIMIT,
            tif: tif::ROD,
            open_close: 0,
            leg: 0,
            extra: 0,
        };
        self.next_order += 1;
        command(kind::NEW, instrument, self.time, &body)
    }

    fn cancel(&mut self) -> Option<Record> {
        if self.live.is_empty() {
            return None;
        }
        let at = self.random.below(self.live.len() as u64) as usize;
        let (order_no, instrument, line) = self.live[at];
        self.forget(order_no);
        let body = Order {
            cl_ord_id: self.id(line),
            price: 0,
            qty: 0,
            account: 0,
            order_no,
            line,
            side: 0,
            ord_type: 0,
            tif: 0,
            open_close: 0,
            leg: 0,
            extra: 0,
        };
        Some(command(kind::CANCEL, instrument, self.time, &body))
    }

    fn instrument(&mut self) -> u16 {
        1 + self.random.below(self.books.into()) as u16
    }

    fn line(&mut self) -> u16 {
        1 + self.random.below(LINES.into()) as u16
    }

    fn id(&mut self, line: u16) -> u64 {
        self.ids[usize::from(line)] += 1;
        self.ids[usize::from(line)]
    }

    fn forget(&mut self, order_no: u32) {
        let at = std::mem::replace(&mut self.place[order_no as usize], usize::MAX);
        if at != usize::MAX {
            self.live.swap_remove(at);
            if let Some(moved) = self.live.get(at) {
                self.place[moved.0 as usize] = at;
            }
        }
    }

    fn follow(&mut self, events: &[Record]) {
        for event in events {
            match event.kind() {
                kind::ACCEPTED => {
                    let body = Order::read(event);
                    self.place[body.order_no as usize] = self.live.len();
                    self.live
                        .push((body.order_no, event.instrument(), body.line));
                }
                kind::TRADED => {
                    let body = Traded::read(event);
                    if body.buy_leaves == 0 {
                        self.forget(body.buy_no);
                    }
                    if body.sell_leaves == 0 {
                        self.forget(body.sell_no);
                    }
                }
                kind::REJECTED => panic!("{event}"),
                _ => {}
            }
        }
    }

    /// One batch, made one command at a time on a market of its own.
    fn batch(&mut self, market: &mut Market, commands: &mut Vec<Record>) {
        let mut out = Vec::new();
        for _ in 0..BATCH {
            self.time += 50_000;
            let filling = self.live.len() < self.live_wanted * 19 / 20;
            let choice = if filling { 0 } else { self.random.below(10) };
            let made = match choice {
                0..6 => self.order(false),
                6..9 => self.cancel().unwrap_or_else(|| self.order(false)),
                _ => self.order(true),
            };
            out.clear();
            market.run(&[made], &mut out).expect("a batch");
            commands.push(made);
            self.follow(&out);
        }
    }
}

fn setting(name: &str, usual: usize) -> usize {
    let set = std::env::var(name).ok();
    set.map_or(usual, |set| set.parse().expect("a number"))
}

fn measure(name: &str, books: u16, live: usize, batches: usize) {
    let mut crowd = Crowd::new(books, live);
    let mut maker = Market::new();
    let first = opening(books);
    let mut commands = Vec::new();
    maker.run(&first, &mut Vec::new()).expect("a batch");
    while crowd.live.len() < live * 19 / 20 {
        crowd.batch(&mut maker, &mut commands);
    }
    let filled = commands.len();
    for _ in 0..batches {
        crowd.batch(&mut maker, &mut commands);
    }
    // Other work on the machine only ever adds time: each batch counts with its best run.
    let mut best = vec![f64::INFINITY; batches];
    let mut told = 0;
    for _ in 0..setting("REPEATS", 10) {
        let mut market = Market::new();
        let mut out = Vec::with_capacity(BATCH * 8);
        market.run(&first, &mut out).expect("a batch");
        out.clear();
        market.run(&commands[..filled], &mut out).expect("a batch");
        told = 0;
        for (batch, best) in commands[filled..].chunks(BATCH).zip(&mut best) {
            out.clear();
            let start = Instant::now();
            market.run(batch, &mut out).expect("a batch");
            *best = best.min(start.elapsed().as_secs_f64());
            told += out.len();
        }
        assert_eq!(market.digest(), maker.digest());
        assert_eq!(market.live(), crowd.live.len() as u64);
    }
    let best: f64 = best.iter().sum();
    let count = (commands.len() - filled) as f64;
    println!(
        "{name}: {:.1} million messages a second, {:.0} ns each; {:.2} records, {} live at the end",
        count / best / 1e6,
        best / count * 1e9,
        told as f64 / count,
        maker.live(),
    );
}

#[test]
#[ignore = "prints figures; run it alone, built for release"]
fn messages_a_second() {
    assert_eq!(NO_PRICE, i64::MIN);
    let batches = setting("BATCHES", 100);
    measure("one book, 10,000 live orders", 1, 10_000, batches);
    if setting("BOOKS", 1000) > 1 {
        measure("1,000 books, 100,000 live orders", 1000, 100_000, batches);
    }
}

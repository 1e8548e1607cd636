//! A random day: commands that mean something, a bit of one turned round here and there.

use super::{Random, command};
use crate::records::bodies::{
    Announce, Draw, MassCancel, OffBookTrade, Order, Phase, Quote, RefInstrument, RefLine,
    RefPrices, RefStabilisation, RefTick, Timer, VoidTrade,
};
use crate::records::vocabulary::{kind, segment};
use crate::records::{NO_PRICE, Record};

const INSTRUMENTS: u64 = 3;
const LINES: u64 = 5;

/// A day as it is made up.
pub struct Day {
    pub random: Random,
    time: i64,
    ids: [u64; LINES as usize + 2],
    next_order: u32,
}

impl Day {
    /// A day of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            time: 1_000_000,
            ids: [0; LINES as usize + 2],
            next_order: 1,
        }
    }

    fn book(&mut self) -> (u16, u8) {
        let instrument = 1 + self.random.below(INSTRUMENTS) as u16;
        let segment = match self.random.below(8) {
            0 => segment::ODD_LOT,
            1 => segment::FIXED_PRICE,
            2 => segment::BLOCK_PAIRED,
            3 => segment::BLOCK,
            _ => segment::REGULAR,
        };
        (instrument, segment)
    }

    fn line(&mut self) -> (u16, u64) {
        let line = 1 + self.random.below(LINES);
        self.ids[line as usize] += self.random.below(20).min(1);
        (line as u16, self.ids[line as usize])
    }

    fn price(&mut self) -> i64 {
        match self.random.below(20) {
            0 => NO_PRICE,
            1 => self.random.word() as i64,
            _ => 1_000_000 + (self.random.below(24) as i64 - 12) * 5_000,
        }
    }

    fn qty(&mut self) -> u32 {
        match self.random.below(30) {
            0 => self.random.word() as u32,
            _ => self.random.below(6) as u32 * 1000 + 1000,
        }
    }

    /// A command; sometimes one bit of it is turned round.
    pub fn command(&mut self) -> Record {
        self.time += self.random.below(1_000) as i64;
        let mut made = match self.random.below(40) {
            0..18 => self.order(),
            18..26 => self.change(),
            26..29 => self.quote(),
            29 => self.mass_cancel(),
            30..34 => self.phase(),
            34 => self.reference(),
            35 => self.off_book(),
            36 => self.timer(),
            37 => self.halt(),
            _ => self.other(),
        };
        if self.random.below(50) == 0 {
            // Not in the time, nor in the id, whose upper bits would silence a line for good.
            let byte = 16 + self.random.below(40) as usize;
            let byte = if byte < 24 { byte } else { byte + 8 };
            made.0[byte] ^= 1 << self.random.below(8);
        }
        // What the next number is, the sequencer knows.
        let taken = u32::from(made.kind() == kind::NEW) + 2 * u32::from(made.kind() == kind::QUOTE);
        if taken > 0 && made.get::<u32>(48) == self.next_order {
            self.next_order += taken;
        }
        made
    }

    fn order(&mut self) -> Record {
        let book = self.book();
        let (line, cl_ord_id) = self.line();
        let market = self.random.below(6) == 0;
        let bare = market || book.1 == segment::FIXED_PRICE;
        let body = Order {
            cl_ord_id,
            price: if bare { NO_PRICE } else { self.price() },
            qty: self.qty(),
            account: self.random.below(3) as u32,
            order_no: self.next_order,
            line,
            side: 1 + self.random.below(2) as u8,
            ord_type: if market { 1 } else { 2 },
            tif: self.random.one_of(&[1, 1, 1, 1, 2, 3]),
            open_close: 0,
            leg: 0,
            extra: u32::from(book.1 == segment::BLOCK_PAIRED),
        };
        command(kind::NEW, book, self.time, &body)
    }

    fn change(&mut self) -> Record {
        let number = self
            .random
            .one_of(&[kind::CANCEL, kind::REDUCE, kind::REPRICE]);
        let (line, cl_ord_id) = self.line();
        let recent = u64::from(self.next_order).min(40);
        let body = Order {
            cl_ord_id,
            price: match number {
                kind::CANCEL => 0,
                kind::REDUCE => NO_PRICE,
                _ => self.price(),
            },
            qty: if number == kind::REDUCE {
                self.qty()
            } else {
                0
            },
            account: 0,
            order_no: self.next_order - self.random.below(recent) as u32,
            line,
            side: 0,
            ord_type: 0,
            tif: 0,
            open_close: 0,
            leg: 0,
            extra: 0,
        };
        command(number, self.book(), self.time, &body)
    }

    fn quote(&mut self) -> Record {
        let (line, cl_ord_id) = self.line();
        let body = Quote {
            cl_ord_id,
            bid_price: self.price(),
            ask_price: self.price(),
            order_no: self.next_order,
            line,
            tif: 1,
            open_close: 0,
            bid_qty: self.qty(),
            ask_qty: self.qty(),
        };
        command(kind::QUOTE, self.book(), self.time, &body)
    }

    fn mass_cancel(&mut self) -> Record {
        let (line, cl_ord_id) = self.line();
        let body = MassCancel {
            cl_ord_id,
            count: 0,
            account: self.random.below(3) as u32,
            of_member: 0,
            of_line: self.random.below(LINES) as u16,
            line: self.random.one_of(&[0, line, line]),
            side: self.random.below(3) as u8,
            quotes_only: self.random.below(2) as u8,
        };
        let book = self.random.one_of(&[(0, 0), (1, 0), (2, 1)]);
        command(kind::MASS_CANCEL, book, self.time, &body)
    }

    fn phase_body(&mut self) -> Phase {
        let all = u32::MAX >> (self.random.below(4) * 4);
        // The end of a session is rare.
        let most = if self.random.below(10) == 0 { 256 } else { 128 };
        let actions = (self.random.below(most) & self.random.below(most)) as u32;
        Phase {
            until: self.random.one_of(&[0, self.time + 500]),
            postpone_ns: 300,
            entry_ns: self.random.one_of(&[0, 100]),
            group: self.random.below(3) as u16,
            mode: self.random.one_of(&[1, 2, 2, 3, 3, 3, 4]),
            match_: self.random.below(3) as u8,
            allow: self.random.one_of(&[u32::MAX, all]),
            actions,
            count: 0,
        }
    }

    fn phase(&mut self) -> Record {
        let body = self.phase_body();
        let book = self.book();
        let number = self
            .random
            .one_of(&[kind::PHASE, kind::PHASE, kind::INDICATE]);
        let mut made = command(number, book, self.time, &body);
        made.put(20, 1 + self.random.below(19) as u16);
        made
    }

    fn halt(&mut self) -> Record {
        let body = self.phase_body();
        let number = self
            .random
            .one_of(&[kind::HALT, kind::RESUME, kind::RESUME]);
        command(number, self.book(), self.time, &body)
    }

    fn timer(&mut self) -> Record {
        let due = self.time - self.random.below(300) as i64;
        let mut made = command(kind::TIMER, self.book(), self.time, &Timer { due });
        made.put(20, self.random.below(7) as u16);
        made
    }

    fn off_book(&mut self) -> Record {
        let (line, cl_ord_id) = self.line();
        let body = OffBookTrade {
            cl_ord_id,
            price: self.price(),
            qty: self.qty(),
            buy_account: 1,
            sell_account: 2,
            line,
            buy_line: 1,
            sell_line: 2,
            buy_open_close: 0,
            sell_open_close: 0,
            trade_no: 0,
        };
        command(kind::OFF_BOOK_TRADE, self.book(), self.time, &body)
    }

    fn other(&mut self) -> Record {
        let seed = self.random.word();
        let (line, cl_ord_id) = self.line();
        let trade_no = self.random.below(50) as u32;
        match self.random.below(5) {
            0 => command(kind::TEXT, (0, 0), self.time, &Timer { due: 1 }),
            1 => {
                let body = Announce {
                    until: 0,
                    audience: 0,
                    urgency: 1,
                };
                let mut made = command(kind::ANNOUNCE, (0, 0), self.time, &body);
                made.0[17] = 1;
                made
            }
            2 => {
                let body = VoidTrade {
                    cl_ord_id,
                    price: 0,
                    qty: 0,
                    trade_no,
                    buy_no: 0,
                    line,
                    sell_no: 0,
                };
                command(kind::VOID_TRADE, (0, 0), self.time, &body)
            }
            _ => {
                let body = Draw {
                    seed,
                    group: 1 + self.random.below(2) as u16,
                    count: 0,
                };
                command(kind::DRAW, (0, 0), self.time, &body)
            }
        }
    }

    fn reference(&mut self) -> Record {
        let book = self.book();
        match self.random.below(4) {
            0 => {
                let table = 1 + self.random.below(3) as u16;
                let from_price = self.random.one_of(&[0, 500_000, 1_000_000, 2_000_000]);
                let body = RefTick {
                    from_price,
                    tick: 5_000,
                    table,
                };
                command(kind::REF_TICK, book, self.time, &body)
            }
            1 => command(kind::REF_LINE, book, self.time, &self.line_body()),
            2 => {
                let rules = self.random.word() as u32;
                let body = RefInstrument {
                    rules,
                    ..definition()
                };
                command(kind::REF_INSTRUMENT, book, self.time, &body)
            }
            _ => command(kind::REF_PRICES, book, self.time, &prices()),
        }
    }

    fn line_body(&mut self) -> RefLine {
        let line = 1 + self.random.below(LINES) as u16;
        RefLine {
            rights: 7,
            account: 1,
            member: 1 + line / 2,
            line,
        }
    }

    /// What a day begins with, so that most of what follows means something.
    pub fn opening(&mut self) -> Vec<Record> {
        let tick = RefTick {
            from_price: 0,
            tick: 5_000,
            table: 1,
        };
        let set = RefStabilisation {
            window_ns: 20_000,
            duration_ns: 300,
            band_permille: 20,
            call_permille: 20,
            cancel_permille: 300,
            periodic_permille: 20,
            set: 1,
        };
        let mut all = vec![
            command(kind::REF_TICK, (0, 0), self.time, &tick),
            command(kind::REF_STABILISATION, (0, 0), self.time, &set),
        ];
        for line in 1..=LINES as u16 {
            let rights = if line > 2 { 5 } else { 7 };
            let body = RefLine {
                rights,
                account: 1,
                member: 1 + line / 2,
                line,
            };
            all.push(command(kind::REF_LINE, (0, 0), self.time, &body));
        }
        for instrument in 1..=INSTRUMENTS as u16 {
            for segment in [1, 2, 4, 5, 6] {
                let rules = self.random.word() as u32 & 127;
                let group = 1 + instrument % 2;
                let body = RefInstrument {
                    rules,
                    group,
                    ..definition()
                };
                let book = (instrument, segment);
                all.push(command(kind::REF_INSTRUMENT, book, self.time, &body));
                all.push(command(kind::REF_PRICES, book, self.time, &prices()));
            }
        }
        all
    }
}

fn definition() -> RefInstrument {
    RefInstrument {
        qty_min: 1000,
        lot: 1000,
        qty_max: 499_000,
        rules: 0,
        value_min: 0,
        group: 1,
        table: 1,
        allow: !0b1_1100_0000,
        set: 1,
        product: 1,
    }
}

fn prices() -> RefPrices {
    RefPrices {
        reference: 1_000_000,
        limit_up: 1_100_000,
        limit_down: 900_000,
        previous_close: NO_PRICE,
    }
}

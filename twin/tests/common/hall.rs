//! A desk over a market, without a socket: what is said goes in, what is told is read off, time stands still unless it is moved.

use std::sync::{Arc, Mutex};

use evermarket_twin::door::desk::Desk;
use evermarket_twin::door::flow::Flow;
use evermarket_twin::door::logon::Terms;
use evermarket_twin::door::places::{Place, ReadBack};
use evermarket_twin::door::ticket::{Key, address_bytes, sealed, ticket};
use evermarket_twin::door::words::{self, LOGGED_ON, LoggedOn, log_on};
use evermarket_twin::journal::bytes::bytes;
use evermarket_twin::journal::trouble::Trouble;
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::market::Timed;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::kind;

pub const SECRET: Key = [0x5A; 32];
pub const DAY: u32 = 20_260_105;
pub const SECOND_NS: u64 = 1_000_000_000;
pub const EPOCH: u32 = 7;

/// A journal in memory, position by position.
#[derive(Clone, Default)]
pub struct Memory(pub Arc<Mutex<Vec<Record>>>);

impl ReadBack for Memory {
    fn read(&mut self, position: u64) -> Result<Record, Trouble> {
        Ok(self.0.lock().unwrap()[position as usize - 1])
    }
    fn appended(&mut self, _: Place) {}
}

pub struct Hall {
    pub desk: Desk,
    pub core: Timed,
    pub journal: Memory,
    pub now_ns: u64,
    pub time: i64,
    order_no: u32,
    stream: Vec<Record>,
}

pub fn terms(rate: u32) -> Terms {
    Terms {
        secret: SECRET,
        trading_day: DAY,
        epoch: EPOCH,
        owner: 3,
        rate,
        heartbeat_ms: 1_000,
        relays: vec![address(9)],
    }
}

pub fn address(last: u8) -> [u8; 16] {
    address_bytes(format!("10.0.0.{last}").parse().unwrap())
}

/// LOG_ON of a line from address 1, with its proof.
pub fn logging_on(nonce: &Key, line: u16, resume: u8, position: u64, wish: u8) -> Record {
    let key = ticket(&SECRET, line, DAY, &address(1));
    sealed(&key, nonce, &log_on(line, DAY, position, resume, wish))
}

impl Hall {
    pub fn new(rate: u32) -> Self {
        let journal = Memory::default();
        Self {
            desk: Desk::new(terms(rate), Flow::default(), Box::new(journal.clone())),
            core: Timed::new(),
            journal,
            now_ns: SECOND_NS,
            time: 0,
            order_no: 1,
            stream: Vec::new(),
        }
    }

    /// A hall whose market is open, with lines 1 to `lines`.
    pub fn open(rate: u32, lines: u16) -> Self {
        let mut hall = Self::new(rate);
        let (exchange, _) = hall.enter(0, words::QUICK, 0, 0);
        hall.say(exchange, &super::market::opening(lines));
        hall.work();
        let told = hall.told(exchange);
        assert!(told.iter().all(|r| r.kind() != kind::REJECTED), "{told:?}");
        hall.desk.gone(exchange, hall.now_ns);
        hall
    }

    pub fn connect(&mut self, from: u8) -> (usize, Key) {
        let nonce = [from; 32];
        let id = self.desk.opened(address(from), nonce, self.now_ns);
        let greeting = self.told(id);
        assert_eq!((greeting.len(), greeting[0].kind()), (1, words::CHALLENGE));
        assert_eq!(greeting[0].get::<Key>(32), nonce);
        assert_eq!(greeting[0].get::<u32>(24), EPOCH);
        (id, nonce)
    }

    /// A line comes in; what it is told first.
    pub fn enter(&mut self, line: u16, resume: u8, position: u64, wish: u8) -> (usize, LoggedOn) {
        let (id, nonce) = self.connect(1);
        self.say(id, &[logging_on(&nonce, line, resume, position, wish)]);
        let first = self.next(id);
        assert_eq!(first.kind(), LOGGED_ON, "code {}", first.code());
        (id, LoggedOn::read(&first))
    }

    pub fn say(&mut self, id: usize, records: &[Record]) {
        self.desk.heard(id, bytes(records), self.now_ns).unwrap();
    }

    /// Takes one record of what waits for a connection.
    pub fn next(&mut self, id: usize) -> Record {
        let out = &mut self.desk.room.get(id).unwrap().out;
        let record = Record(out.waiting()[..64].try_into().unwrap());
        out.wrote(64);
        record
    }

    /// All that a connection is told by now.
    pub fn told(&mut self, id: usize) -> Vec<Record> {
        let mut all = Vec::new();
        while let Some(session) = self.desk.room.get(id) {
            let waiting = session.out.waiting();
            if waiting.is_empty() {
                break;
            }
            let whole = waiting.chunks(64).map(|r| Record(r.try_into().unwrap()));
            all.extend(whole);
            let count = waiting.len();
            session.out.wrote(count);
            self.desk.refill(id).unwrap();
        }
        all
    }

    /// The engine works what was taken, and remembers it unreleased.
    pub fn matched(&mut self) {
        let mut work = std::mem::take(&mut self.desk.work);
        for record in &mut work.records {
            self.time += i64::from(record.kind() != kind::TEXT);
            record.put(8, self.time);
            let count = match record.kind() {
                kind::NEW => 1,
                kind::QUOTE => 2,
                _ => continue,
            };
            record.put(48, self.order_no);
            self.order_no += count;
        }
        self.core.run(&work.records, &mut self.stream).unwrap();
    }

    /// What was worked is released.
    pub fn released(&mut self) {
        let stream = std::mem::take(&mut self.stream);
        self.journal.0.lock().unwrap().extend_from_slice(&stream);
        let place = Place {
            last: self.core.position(),
            segment: 1,
            slot: 1,
        };
        if !stream.is_empty() {
            self.desk.released(&stream, place, self.now_ns);
        }
    }

    pub fn work(&mut self) {
        self.matched();
        self.released();
    }
}

/// The kinds of records.
pub fn kinds(records: &[Record]) -> Vec<u8> {
    records.iter().map(Record::kind).collect()
}

/// Was this told again?
pub fn repeated(record: &Record) -> bool {
    record.flags() & words::REPEAT != 0
}

/// Why a connection was ended, if LOG_OFF is the last it was told.
pub fn parted(hall: &mut Hall, id: usize) -> u16 {
    let last = *hall.told(id).last().expect("a last word");
    assert_eq!(last.kind(), words::LOG_OFF);
    assert!(hall.desk.room.get(id).unwrap().is_over());
    last.code()
}

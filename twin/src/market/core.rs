//! The core's state beside its tables, how it finds things and how it tells what it did.

use super::ahead::{Ahead, Next};
use super::batch::Before;
use super::tables::{Book, Db, Level, Line};
use crate::records::bodies::{Body, Rejected};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::kind;
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

/// The answer to a command: done, or why not.
pub type Answer<T = ()> = Result<T, Refusal>;

/// The numbers that the whole market counts. They are copied before each command, which is their
/// undo log.
#[derive(Clone, Copy)]
pub struct Counters {
    /// The last position given.
    pub position: u64,
    /// The order number that the sequencer gives next.
    pub next_order: u64,
    /// The last priority given.
    pub priority: u32,
    /// The last trade number given.
    pub trade_no: u32,
    /// The sum of the terms of live orders.
    pub orders_digest: u64,
}

/// State and output of the market while it runs a batch.
pub struct Core {
    pub db: Db,
    pub now: Counters,
    /// Records told, each command and its events.
    pub out: Vec<Record>,
    /// The time of the command at hand.
    pub time: i64,
    /// The sum of the terms of books.
    pub books_digest: u64,
    /// Books whose term is to be made anew after the batch; one may stand here twice.
    pub stale: Vec<Handle<Book>>,
    /// What to go back to where a panic breaks the command at hand off.
    pub before: Before,
    /// What is known of the next commands of the batch.
    pub ahead: Ahead,
    /// The level that the command at hand may mean.
    pub hint: Handle<Level>,
    /// A test's wish: panic at the trade after so many.
    #[cfg(test)]
    pub poison: Option<u32>,
}

/// The header of an event.
#[derive(Clone, Copy)]
pub struct Head {
    pub kind: u8,
    pub flags: u8,
    pub instrument: u16,
    pub code: u16,
    pub attributes: u16,
}

impl Head {
    /// An event of a book: the attributes are its segment alone (format.md, clarified).
    #[inline]
    pub const fn of_book(kind: u8, book: &Book) -> Self {
        Self {
            kind,
            flags: 0,
            instrument: book.instrument,
            code: 0,
            attributes: book.segment as u16,
        }
    }

    /// The same with a code.
    #[inline]
    pub const fn coded(self, code: u16) -> Self {
        Self { code, ..self }
    }
}

impl Core {
    /// An empty market.
    pub fn new() -> Self {
        let now = Counters {
            position: 0,
            next_order: 1,
            priority: 0,
            trade_no: 0,
            orders_digest: 0,
        };
        Self {
            db: Db::new(),
            now,
            before: Before {
                counters: now,
                told: 0,
            },
            out: Vec::new(),
            time: 0,
            books_digest: 0,
            stale: Vec::new(),
            ahead: Next::NOTHING,
            hint: Handle::NULL,
            #[cfg(test)]
            poison: None,
        }
    }

    /// Tells a record, which takes the next position; the caller may still change it where it lies.
    #[inline]
    pub fn emit(&mut self, record: &Record) -> &mut Record {
        self.now.position = self.now.position.wrapping_add(1);
        let place = self.out.len();
        self.out.push(*record);
        let told = &mut self.out[place];
        told.set_position(self.now.position);
        told
    }

    /// Tells an event.
    #[inline]
    pub fn tell<B: Body>(&mut self, head: Head, body: &B) {
        let time = self.time;
        let record = self.emit(&Record::ZERO);
        record.put(8, time);
        record.put(16, head.kind);
        record.put(17, head.flags);
        record.put(18, head.instrument);
        record.put(20, head.code);
        record.put(22, head.attributes);
        body.write(record);
    }

    /// Tells the command's fields as an event of another kind, with one body changed.
    #[inline]
    pub fn echo<B: Body>(&mut self, command: &Record, kind: u8, body: &B) {
        let record = self.emit(command);
        record.put(16, kind);
        body.write(record);
    }

    /// Tells a refusal (format.md 4.2).
    #[cold]
    pub fn refuse(&mut self, command: &Record, refusal: Refusal) {
        let number = command.kind();
        let has_order = matches!(number, kind::NEW..=kind::QUOTE | kind::QUOTE_REQUEST);
        let has_line = matches!(number, kind::NEW..=kind::VOID_TRADE);
        let head = Head {
            kind: kind::REJECTED,
            flags: 0,
            instrument: command.instrument(),
            code: refusal.code,
            attributes: command.attributes(),
        };
        let body = Rejected {
            cl_ord_id: if has_line { command.get(24) } else { 0 },
            value: refusal.value,
            bound: refusal.bound,
            order_no: if has_order { command.get(48) } else { 0 },
            line: if has_line || number == kind::REF_LINE {
                command.get(52)
            } else {
                0
            },
            command: number,
        };
        self.tell(head, &body);
    }

    /// The book of an instrument in a segment.
    #[inline]
    pub fn find_book(&self, instrument: u16, segment: u8) -> Option<Handle<Book>> {
        // Instruments are never deleted: what is within their number is there.
        if instrument == 0 || usize::from(instrument) > self.db.instruments.len() {
            return None;
        }
        let row = self
            .db
            .instruments
            .get(Handle::from_slot(instrument.into()));
        let index = usize::from(segment).wrapping_sub(1);
        row.books.get(index).and_then(|book| book.some())
    }

    /// The book a command names, or UNKNOWN_INSTRUMENT.
    #[inline]
    pub fn book_named(&self, command: &Record) -> Answer<Handle<Book>> {
        let (instrument, segment) = (command.instrument(), command.segment());
        self.find_book(instrument, segment).ok_or(Refusal::bounded(
            refusals::UNKNOWN_INSTRUMENT,
            instrument.into(),
            segment.into(),
        ))
    }

    /// A book's row.
    #[inline]
    pub fn book(&self, book: Handle<Book>) -> &Book {
        self.db.books.get(book)
    }

    /// A line that is defined.
    #[inline]
    pub fn find_line(&self, line: u16) -> Option<&Line> {
        if line == 0 || usize::from(line) > self.db.lines.len() {
            return None;
        }
        let found = self.db.lines.get(Handle::from_slot(line.into()));
        (found.member != 0).then_some(found)
    }

    /// Notes that something of a book's term in the digest has changed.
    #[inline]
    pub fn touch(&mut self, book: Handle<Book>) {
        if !self.db.tops.get(book.top()).stale {
            self.db.patch(book.top(), |top| top.stale = true);
            self.stale.push(book);
        }
    }

    /// The last trade price of a book, else its reference, else none.
    #[inline]
    pub fn last_or_reference(&self, book: Handle<Book>) -> i64 {
        match self.db.tallies.get(book.tally()).last {
            NO_PRICE => self.db.tops.get(book.top()).reference,
            last => last,
        }
    }

    /// Is an order number given and has it something left?
    #[inline]
    pub fn find_order(&self, no: u32) -> Option<Handle<super::tables::Order>> {
        self.db.orders.by_no().get(no)
    }
}

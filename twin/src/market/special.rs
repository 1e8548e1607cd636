//! States that keep a book apart from its group: volatility call, postponed matches, resumption
//! after a halt; TIMER, HALT, RESUME, ANNOUNCE (format.md 6.1, 6.2, 6.5, 6.6).

use super::band::Band;
use super::core::{Answer, Core, Head};
use super::tables::{Book, Order};
use crate::records::bodies::{Announce, Body, Phase, Stabilisation, Timer};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{allow, kind, mode, phase, reason, special, trade_kind};
use crate::records::{NO_PRICE, Record};
use crate::store::{Handle, Store};

/// What a volatility call takes, as far as the group does.
const CALL_TAKES: u32 = allow::LIMIT_ROD
    | allow::CANCEL
    | allow::REDUCE
    | allow::REPRICE
    | allow::QUOTE
    | allow::QUOTE_REQUEST;

impl Core {
    /// An order would have traded outside the band: continuous trading stops for a call.
    pub fn start_volatility_call(&mut self, order: &Order, price: i64, band: &Band) {
        let book = order.book;
        let duration = self.set_of(book).map_or(0, |set| set.duration_ns);
        let due = self.time.wrapping_add(duration);
        let started = Stabilisation {
            due,
            price,
            reference: band.reference(),
            entry: NO_PRICE,
            order_no: order.no,
        };
        self.tell_started(book, special::VOLATILITY, &started);
        self.purge_market(book, reason::STABILISATION);
        let takes = self.group_of(book).allow & CALL_TAKES;
        self.set_phase(book, phase::VOLATILITY_CALL, mode::COLLECT, takes);
    }

    /// A match that PHASE would hold is put off; `prices` are the one found and its base.
    pub fn start_postponement(
        &mut self,
        book: Handle<Book>,
        apart: u16,
        body: &Phase,
        prices: [i64; 2],
    ) {
        let periodic = apart == special::POSTPONED_PERIODIC;
        let entry_later = body.entry_ns > 0 && !periodic;
        let entry = if entry_later {
            self.time.wrapping_add(body.entry_ns)
        } else {
            NO_PRICE
        };
        let started = Stabilisation {
            due: self.time.wrapping_add(body.postpone_ns),
            price: prices[0],
            reference: prices[1],
            entry,
            order_no: 0,
        };
        self.tell_started(book, apart, &started);
        let before = self.book(book).allow;
        let owed = if periodic { 0 } else { body.actions };
        self.db.patch(book.state(), |state| {
            state.entry = entry;
            state.entry_waits = entry_later;
            state.allow_before = before;
            state.owed = owed;
        });
        let label = match apart {
            special::POSTPONED_OPEN => phase::POSTPONED_OPEN,
            special::POSTPONED_CLOSE => phase::POSTPONED_CLOSE,
            _ => phase::POSTPONED_PERIODIC,
        };
        let takes = if entry_later { 0 } else { before };
        self.set_phase(book, label, mode::COLLECT, takes);
    }

    fn tell_started(&mut self, book: Handle<Book>, apart: u16, started: &Stabilisation) {
        let head = Head::of_book(kind::STABILISATION_STARTED, self.book(book));
        self.tell(head.coded(apart), started);
        self.set_special(book, apart, started.due);
    }

    fn set_special(&mut self, book: Handle<Book>, apart: u16, due: i64) {
        self.db.patch(book.state(), |state| {
            state.special = apart as u8;
            state.due = due;
            state.entry_waits = false;
            state.owed = 0;
        });
    }

    /// The special state ends after its auction, if one was held: it is told.
    fn tell_ended(&mut self, book: Handle<Book>, price: i64) {
        let state = *self.db.states.get(book.state());
        let ended = Stabilisation {
            due: state.due,
            price,
            reference: NO_PRICE,
            entry: NO_PRICE,
            order_no: 0,
        };
        let apart = u16::from(state.special);
        let head = Head::of_book(kind::STABILISATION_ENDED, self.book(book));
        self.tell(head.coded(apart), &ended);
        if apart == special::VOLATILITY {
            self.note_call_ended(book, price);
        }
        self.set_special(book, 0, NO_PRICE);
    }

    /// A resumption that leads into CONTINUOUS counts as first match of a book without one.
    fn note_resumed(&mut self, book: Handle<Book>, into: u8, price: i64) {
        if into == mode::CONTINUOUS && !self.db.states.get(book.state()).matched {
            self.note_first_match(book, price);
        }
    }

    /// Step 3 of PHASE: a special state ends, its match is held unless the new mode collects.
    pub fn end_special_by_phase(&mut self, book: Handle<Book>, into: u8) -> i64 {
        let state = *self.db.states.get(book.state());
        let apart = u16::from(state.special);
        let held = into != mode::COLLECT;
        let price = if held {
            self.uncross(book, owed_kind(apart))
        } else {
            NO_PRICE
        };
        self.tell_ended(book, price);
        if apart == special::RESUMPTION {
            self.note_resumed(book, into, price);
        }
        if held {
            self.act(book, state.owed, price);
        }
        price
    }

    /// TIMER.
    pub fn timer(&mut self, command: &Record) -> Answer {
        let due = Timer::read(command).due;
        let book = self.book_named(command)?;
        let state = *self.db.states.get(book.state());
        let code = command.code();
        let waits = match code {
            special::ENTRY_OPENS => state.entry_waits && state.entry == due,
            _ => code != 0 && code == u16::from(state.special) && state.due == due,
        };
        if !waits || self.time < due {
            return Err(Refusal::of(refusals::TIMER_NOT_DUE, due));
        }
        if code == special::ENTRY_OPENS {
            self.open_entry(book, state.allow_before);
            return Ok(());
        }
        let price = self.uncross(book, owed_kind(code));
        self.tell_ended(book, price);
        self.follow_group(book);
        if code == special::RESUMPTION {
            let into = self.book(book).mode;
            self.note_resumed(book, into, price);
        }
        self.act(book, state.owed, price);
        Ok(())
    }

    fn open_entry(&mut self, book: Handle<Book>, takes: u32) {
        self.db
            .patch(book.state(), |state| state.entry_waits = false);
        let row = *self.book(book);
        self.set_phase(book, row.label, row.mode, takes);
        let changed = Phase {
            until: 0,
            postpone_ns: 0,
            entry_ns: 0,
            group: 0,
            mode: row.mode,
            match_: 0,
            allow: takes,
            actions: 0,
            count: 1,
        };
        let head = Head::of_book(kind::PHASE_CHANGED, &row);
        self.tell(head.coded(row.label.into()), &changed);
    }

    /// The book takes its group's phase row.
    pub fn follow_group(&mut self, book: Handle<Book>) {
        let group = self.group_of(book);
        self.set_phase(book, group.label, group.mode, group.allow);
    }

    /// HALT.
    pub fn halt(&mut self, command: &Record) -> Answer {
        let body = Phase::read(command);
        let books = self.scope_of_instrument(command)?;
        let halted = Phase {
            count: books.len() as u32,
            ..body
        };
        self.echo(command, kind::HALTED, &halted);
        for book in books {
            self.set_special(book, 0, NO_PRICE);
            self.db.patch(book, |row: &mut Book| row.halted = true);
            self.set_phase(book, phase::HALTED, mode::SHUT, body.allow);
        }
        Ok(())
    }

    /// RESUME.
    pub fn resume(&mut self, command: &Record) -> Answer {
        let body = Phase::read(command);
        let books = self.scope_of_instrument(command)?;
        if !books.iter().all(|book| self.book(*book).halted) {
            let value = command.instrument().into();
            return Err(Refusal::of(refusals::STATE, value));
        }
        let resumed = Phase {
            count: books.len() as u32,
            ..body
        };
        self.echo(command, kind::RESUMED, &resumed);
        for book in books {
            self.db.patch(book, |row: &mut Book| row.halted = false);
            if body.until > 0 {
                self.set_special(book, special::RESUMPTION, body.until);
                self.set_phase(book, phase::RESUMPTION_CALL, mode::COLLECT, body.allow);
            } else {
                self.resume_at_once(book);
            }
        }
        Ok(())
    }

    fn resume_at_once(&mut self, book: Handle<Book>) {
        let into = self.group_of(book).mode;
        let mut price = NO_PRICE;
        if into == mode::CONTINUOUS {
            price = self.uncross(book, trade_kind::RESUMPTION);
        }
        self.follow_group(book);
        self.note_resumed(book, into, price);
    }

    /// ANNOUNCE.
    pub fn announce(&mut self, command: &Record) -> Answer {
        self.echo(command, kind::ANNOUNCED, &Announce::read(command));
        Ok(())
    }
}

/// The trade kind of the auction that a special state owes.
const fn owed_kind(apart: u16) -> u16 {
    match apart {
        special::VOLATILITY => trade_kind::VOLATILITY,
        special::POSTPONED_OPEN => trade_kind::OPEN,
        special::POSTPONED_CLOSE => trade_kind::CLOSE,
        special::POSTPONED_PERIODIC => trade_kind::PERIODIC,
        _ => trade_kind::RESUMPTION,
    }
}

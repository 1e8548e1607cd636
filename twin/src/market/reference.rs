//! Reference data (format.md 5.4): tick tables, lines, stabilisation sets, books, prices.

use super::core::{Answer, Core, Head};
use super::tables::{Band, Book, Line, Set, TickTable, Top};
use crate::records::Record;
use crate::records::bodies::{Body, RefLine, RefStabilisation, RefTick};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::kind;
use crate::store::{Handle, Store};

/// The largest number of a line or an instrument.
pub const NUMBERED_MAX: u16 = 65_000;
/// The largest number of a group, a tick table, a stabilisation set.
pub const GROUPED_MAX: u16 = 4_095;
/// The most bands of a tick table.
const BANDS_MAX: u32 = 16;
/// The largest tick.
const TICK_MAX: i64 = 1_000_000_000;

/// A field of reference data outside its range: BAD_REFERENCE with the nearest end.
pub fn check_field(value: i64, low: i64, high: i64) -> Answer {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let nearest = value.clamp(low, high);
    Err(Refusal::bounded(refusals::BAD_REFERENCE, value, nearest))
}

/// A field of reference data that breaks a rule which is no range.
pub const fn broken(value: i64) -> Refusal {
    Refusal::of(refusals::BAD_REFERENCE, value)
}

/// Makes sure that a table numbered from outside has a row with this number.
macro_rules! make_numbered {
    ($core:ident, $table:ident, $row:ty, $number:expr) => {{
        while $core.db.$table.len() < usize::from($number) {
            $core
                .db
                .insert(<$row>::default())
                .expect("the table has fewer rows than handles");
        }
        Handle::<$row>::from_slot($number.into())
    }};
}
pub(super) use make_numbered;

impl Core {
    /// A REF command.
    pub fn reference_command(&mut self, command: &Record) -> Answer {
        match command.kind() {
            kind::REF_TICK => self.ref_tick(&RefTick::read(command))?,
            kind::REF_LINE => self.ref_line(&RefLine::read(command))?,
            kind::REF_STABILISATION => self.ref_stabilisation(&RefStabilisation::read(command))?,
            kind::REF_INSTRUMENT => self.ref_instrument(command)?,
            kind::REF_PRICES => self.ref_prices(command)?,
            // A contract's terms are for others; the core has no use for them.
            _ => {}
        }
        let mut answer = Record::ZERO;
        answer.put(8, self.time);
        answer.put(16, kind::REFERENCE_SET);
        answer.put(18, command.instrument());
        answer.put(20, u16::from(command.kind()));
        answer.put(22, command.attributes());
        self.emit(&answer);
        Ok(())
    }

    fn ref_tick(&mut self, body: &RefTick) -> Answer {
        let last = self.last_band(body.table);
        self.check_band(body, last.as_ref())?;
        let table = make_numbered!(self, tick_tables, TickTable, body.table);
        let row = *self.db.tick_tables.get(table);
        if row.uses > 0 {
            return Err(Refusal::of(refusals::STATE, body.table.into()));
        }
        if row.bands == BANDS_MAX {
            let (value, bound) = (body.table.into(), BANDS_MAX.into());
            return Err(Refusal::bounded(refusals::FULL, value, bound));
        }
        let base = last.map_or(0, |last| last.number(body.from_price));
        self.db
            .insert(Band {
                table: body.table,
                from: body.from_price,
                tick: body.tick,
                base,
            })
            .expect("bands begin at rising prices");
        self.db.patch(table, |row: &mut TickTable| row.bands += 1);
        Ok(())
    }

    fn check_band(&self, body: &RefTick, last: Option<&Band>) -> Answer {
        let from = body.from_price;
        match last {
            None => check_field(from, 0, 0)?,
            Some(last) => {
                check_field(from, last.from.saturating_add(1), i64::MAX)?;
                if from % last.tick != 0 {
                    return Err(broken(from));
                }
            }
        }
        let legal = (1..=TICK_MAX).contains(&body.tick);
        if legal && from % body.tick != 0 {
            return Err(broken(from));
        }
        check_field(body.tick, 1, TICK_MAX)?;
        check_field(body.table.into(), 1, GROUPED_MAX.into())
    }

    fn ref_line(&mut self, body: &RefLine) -> Answer {
        check_field(body.member.into(), 1, u16::MAX.into())?;
        check_field(body.line.into(), 1, NUMBERED_MAX.into())?;
        let line = make_numbered!(self, lines, Line, body.line);
        self.db.patch(line, |row: &mut Line| {
            row.rights = body.rights;
            row.account = body.account;
            row.member = body.member;
        });
        Ok(())
    }

    fn ref_stabilisation(&mut self, body: &RefStabilisation) -> Answer {
        check_field(body.window_ns, 0, i64::MAX)?;
        check_field(body.duration_ns, 0, i64::MAX)?;
        for permille in [
            body.band_permille,
            body.call_permille,
            body.cancel_permille,
            body.periodic_permille,
        ] {
            check_field(permille.into(), 0, 1000)?;
        }
        check_field(body.set.into(), 1, GROUPED_MAX.into())?;
        let set = make_numbered!(self, sets, Set, body.set);
        self.db.patch(set, |row: &mut Set| {
            *row = Set {
                window_ns: body.window_ns,
                duration_ns: body.duration_ns,
                band_permille: body.band_permille,
                call_permille: body.call_permille,
                cancel_permille: body.cancel_permille,
                periodic_permille: body.periodic_permille,
                defined: true,
            };
        });
        Ok(())
    }

    /// Has a book live orders or any trade, so that its definition stands?
    pub fn is_settled(&self, book: Handle<Book>) -> bool {
        self.has_orders(book) || self.db.tallies.get(book.tally()).trades > 0
    }

    /// Sets a book's reference price.
    pub fn set_reference(&mut self, book: Handle<Book>, reference: i64) {
        self.db
            .patch(book.top(), |top: &mut Top| top.reference = reference);
        self.touch(book);
    }

    /// Makes the terms of books that have changed anew.
    pub fn settle_digest(&mut self) {
        while let Some(book) = self.stale.pop() {
            let term = self.term_of_book(book);
            // Outside a transaction the store logs nothing: this is no change of the market.
            let old = self.db.patch(book.top(), |top: &mut Top| {
                top.stale = false;
                std::mem::replace(&mut top.term, term)
            });
            self.books_digest = self.books_digest.wrapping_sub(old).wrapping_add(term);
        }
    }

    fn term_of_book(&self, book: Handle<Book>) -> u64 {
        use crate::records::mixer::{book_place, book_term};
        let row = self.book(book);
        let tally = self.db.tallies.get(book.tally());
        let place = book_place(row.instrument, row.segment, row.label);
        let reference = self.db.tops.get(book.top()).reference;
        book_term(place, reference, tally.last, tally.volume)
    }

    /// The header of an event that belongs to no book.
    pub const fn bare_head(number: u8) -> Head {
        Head {
            kind: number,
            flags: 0,
            instrument: 0,
            code: 0,
            attributes: 0,
        }
    }
}

//! REF_INSTRUMENT and REF_PRICES: books and the day's prices (format.md 5.4; TWSE Art. 62, 63).

use super::core::{Answer, Core};
use super::reference::{GROUPED_MAX, NUMBERED_MAX, broken, check_field, make_numbered};
use super::tables::{Book, Call, Group, Instrument, State, Tally, Terms, TickTable, Top, Window};
use crate::records::bodies::{Body, RefInstrument, RefPrices};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::allow;
use crate::records::{NO_PRICE, PRICE_MAX, QTY_MAX, Record};
use crate::store::{Handle, Store};

/// The bits of allow that no definition has.
const TO_LIMIT: u32 = allow::TO_LIMIT_ROD | allow::TO_LIMIT_IOC | allow::TO_LIMIT_FOK;

impl Core {
    /// REF_INSTRUMENT.
    pub fn ref_instrument(&mut self, command: &Record) -> Answer {
        let body = RefInstrument::read(command);
        let (number, segment) = (command.instrument(), command.segment());
        self.check_definition(number, segment, &body)?;
        let book = match self.find_book(number, segment) {
            None => self.add_book(number, segment, body.group),
            Some(book) if self.is_settled(book) => {
                return Err(Refusal::of(refusals::STATE, number.into()));
            }
            Some(book) => {
                self.release_definition(book);
                book
            }
        };
        self.define(book, &body);
        Ok(())
    }

    fn check_definition(&self, number: u16, segment: u8, body: &RefInstrument) -> Answer {
        self.check_tables(body)?;
        check_field(number.into(), 1, NUMBERED_MAX.into())?;
        check_field(segment.into(), 1, 6)?;
        check_field(body.lot.into(), 1, u32::MAX.into())?;
        check_field(body.qty_max.into(), 1, QTY_MAX.into())?;
        check_field(body.group.into(), 1, GROUPED_MAX.into())?;
        if body.allow & TO_LIMIT != 0 {
            return Err(broken(body.allow.into()));
        }
        check_field(body.product.into(), 1, 17)
    }

    /// Its tick table has a band, its set is none or defined: UNKNOWN_TABLE.
    fn check_tables(&self, body: &RefInstrument) -> Answer {
        if self.last_band(body.table).is_none() {
            let value = body.table.into();
            return Err(Refusal::of(refusals::UNKNOWN_TABLE, value));
        }
        let set = self.db.sets.rows().find(Handle::from_slot(body.set.into()));
        if body.set != 0 && !set.is_some_and(|set| set.defined) {
            return Err(Refusal::of(refusals::UNKNOWN_TABLE, body.set.into()));
        }
        Ok(())
    }

    /// A new book, last in the book order, with the present phase row of its group.
    fn add_book(&mut self, number: u16, segment: u8, group: u16) -> Handle<Book> {
        let group = make_numbered!(self, groups, Group, group);
        let row = *self.db.groups.get(group);
        let book = self
            .db
            .insert(Book {
                instrument: number,
                segment,
                label: row.label,
                mode: row.mode,
                allow: row.allow,
                ..Book::default()
            })
            .expect("the table has fewer rows than handles");
        self.add_parts();
        let instrument = make_numbered!(self, instruments, Instrument, number);
        self.db.patch(instrument, |row: &mut Instrument| {
            row.books[usize::from(segment) - 1] = book;
        });
        book
    }

    /// The rows of a new book in the tables that share its slot.
    fn add_parts(&mut self) {
        const FITS: &str = "the table has fewer rows than handles";
        self.db.insert(Terms::default()).expect(FITS);
        self.db.insert(Top::default()).expect(FITS);
        self.db.insert(Tally::default()).expect(FITS);
        self.db.insert(State::default()).expect(FITS);
        self.db.insert(Call::default()).expect(FITS);
        self.db.insert(Window::default()).expect(FITS);
    }

    /// The definition before lets go of its tick table and its group.
    fn release_definition(&mut self, book: Handle<Book>) {
        let table = self.db.terms.get(book.terms()).table;
        self.count_uses(table, self.book(book).group, false);
    }

    fn count_uses(&mut self, table: u16, group: u16, more: bool) {
        let step = if more { 1 } else { u32::MAX };
        let table: Handle<TickTable> = Handle::from_slot(table.into());
        self.db.patch(table, |row: &mut TickTable| {
            row.uses = row.uses.wrapping_add(step);
        });
        let group = make_numbered!(self, groups, Group, group);
        self.db.patch(group, |row: &mut Group| {
            row.books = row.books.wrapping_add(step);
        });
    }

    /// A definition; the prices of the one before are forgotten.
    fn define(&mut self, book: Handle<Book>, body: &RefInstrument) {
        self.count_uses(body.table, body.group, true);
        self.db.patch(book, |row: &mut Book| {
            row.own_allow = body.allow;
            row.rules = body.rules;
            row.lot = body.lot;
            row.qty_min = body.qty_min;
            row.qty_max = body.qty_max;
            row.group = body.group;
            row.set = body.set;
        });
        self.db.patch(book.terms(), |terms| {
            *terms = Terms {
                value_min: body.value_min,
                table: body.table,
                ..Terms::default()
            };
        });
        self.set_reference(book, NO_PRICE);
        self.set_fast_prices(book, 1);
    }

    /// REF_PRICES.
    pub fn ref_prices(&mut self, command: &Record) -> Answer {
        let body = RefPrices::read(command);
        let books = self.scope_of_instrument(command)?;
        self.check_prices(&books, &body)?;
        if books.iter().any(|book| self.is_settled(*book)) {
            let value = command.instrument().into();
            return Err(Refusal::of(refusals::STATE, value));
        }
        for book in books {
            self.db.patch(book.terms(), |terms: &mut Terms| {
                terms.limit_up = body.limit_up;
                terms.limit_down = body.limit_down;
            });
            self.set_reference(book, body.reference);
            self.set_fast_prices(book, body.reference);
        }
        Ok(())
    }

    fn check_prices(&self, books: &[Handle<Book>], body: &RefPrices) -> Answer {
        check_field(body.reference, 1, i64::MAX)?;
        if body.limit_up == NO_PRICE && body.limit_down == NO_PRICE {
            return Ok(());
        }
        for limit in [body.limit_up, body.limit_down] {
            for book in books {
                self.check_limit(*book, limit)?;
            }
        }
        if body.limit_down > body.limit_up {
            let code = refusals::BAD_REFERENCE;
            return Err(Refusal::bounded(code, body.limit_down, body.limit_up));
        }
        Ok(())
    }

    fn check_limit(&self, book: Handle<Book>, limit: i64) -> Answer {
        if limit == NO_PRICE {
            return Err(broken(limit));
        }
        check_field(limit, 1, PRICE_MAX)?;
        let table = self.db.terms.get(book.terms()).table;
        if !self.in_range(table, limit) {
            return Err(broken(limit)); // 10^10 would not be legal either (Clarified)
        }
        if self.on_tick(table, limit) {
            Ok(())
        } else {
            Err(broken(limit))
        }
    }
}

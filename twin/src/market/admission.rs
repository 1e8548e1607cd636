//! What every member's command passes first: its bytes, numbers, line and rights (format.md 5.1
//! to 5.3), in the order of the refusals.

use super::core::{Answer, Core};
use super::tables::Line;
use super::unused::fills_unused;
use crate::records::Record;
use crate::records::bodies::{Body, OffBookTrade};
use crate::records::refusals::{self, Refusal};
use crate::records::vocabulary::{kind, right};
use crate::store::{Handle, Store};

impl Core {
    /// A member's command, kinds 1 to 9.
    #[inline]
    pub fn member_command(&mut self, command: &Record) -> Answer {
        let numbered = self.take_numbers(command);
        if fills_unused(command) {
            return Err(Refusal::of(refusals::UNUSED_BYTES, 0));
        }
        let sender = self.sender(command)?;
        let answer = self.admit(command, &sender, numbered);
        self.take_id(command, &sender);
        answer
    }

    /// Uses up the numbers of a command that is refused unworked; `Err` where its bytes refuse it.
    pub fn use_up(&mut self, command: &Record) -> Answer {
        let of_member = command.kind() <= kind::VOID_TRADE;
        if of_member {
            let _ = self.take_numbers(command);
        }
        if fills_unused(command) {
            return Err(Refusal::of(refusals::UNUSED_BYTES, 0));
        }
        if let Some(sender) = self.sender(command).ok().filter(|_| of_member) {
            self.take_id(command, &sender);
        }
        Ok(())
    }

    #[inline]
    fn admit(&mut self, command: &Record, sender: &Line, numbered: Answer) -> Answer {
        self.check_lines_named(command)?;
        let needed = right_needed(command.kind());
        if sender.rights & needed == 0 {
            let line = command.get::<u16>(52).into();
            let code = refusals::NO_RIGHT;
            return Err(Refusal::bounded(code, line, needed.into()));
        }
        let (id, last) = (command.get::<u64>(24), sender.last_id);
        if id <= last && sender.member != 0 {
            let code = refusals::DUPLICATE_CL_ORD_ID;
            return Err(Refusal::bounded(code, id as i64, last as i64));
        }
        numbered?;
        self.work(command, sender)
    }

    #[inline]
    fn work(&mut self, command: &Record, sender: &Line) -> Answer {
        match command.kind() {
            kind::NEW => self.new_order(command, sender),
            kind::CANCEL => self.cancel(command, sender),
            _ => self.work_other(command, sender),
        }
    }

    #[inline(never)]
    fn work_other(&mut self, command: &Record, sender: &Line) -> Answer {
        match command.kind() {
            kind::REDUCE => self.reduce(command, sender),
            kind::REPRICE => self.reprice(command, sender),
            kind::QUOTE => self.quote(command, sender),
            kind::MASS_CANCEL => self.mass_cancel(command, sender),
            kind::QUOTE_REQUEST => self.quote_request(command),
            kind::OFF_BOOK_TRADE => self.off_book_trade(command),
            _ => self.void_trade(command),
        }
    }

    /// Uses up the order numbers of a NEW or a QUOTE; `Err` where it is not the next one.
    #[inline]
    fn take_numbers(&mut self, command: &Record) -> Answer {
        let count = match command.kind() {
            kind::NEW => 1,
            kind::QUOTE => 2,
            _ => return Ok(()),
        };
        let given: u32 = command.get(48);
        let next = self.now.next_order;
        // The quote's second number has to be a number too.
        if u64::from(given) != next || next + count - 1 > u64::from(u32::MAX) {
            return Err(Refusal::bounded(
                refusals::ORDER_NO,
                given.into(),
                next as i64,
            ));
        }
        self.now.next_order = next + count;
        Ok(())
    }

    /// The line that a command names, or the exchange's own.
    #[inline]
    fn sender(&self, command: &Record) -> Answer<Line> {
        let line: u16 = command.get(52);
        if line == 0 && may_be_exchange(command.kind()) {
            return Ok(EXCHANGE);
        }
        let found = self.find_line(line).copied();
        found.ok_or(Refusal::of(refusals::UNKNOWN_LINE, line.into()))
    }

    /// Uses up a client order id, whatever was answered.
    #[inline]
    fn take_id(&mut self, command: &Record, sender: &Line) {
        let (line, id) = (command.get::<u16>(52), command.get::<u64>(24));
        if line != 0 && id > sender.last_id {
            let handle = Handle::from_slot(line.into());
            self.db.patch(handle, |row: &mut Line| row.last_id = id);
        }
    }

    /// The lines of both sides of an off-book trade are answered like the command's own.
    #[inline]
    fn check_lines_named(&self, command: &Record) -> Answer {
        if command.kind() != kind::OFF_BOOK_TRADE {
            return Ok(());
        }
        let body = OffBookTrade::read(command);
        for line in [body.buy_line, body.sell_line] {
            if line != 0 && self.find_line(line).is_none() {
                return Err(Refusal::of(refusals::UNKNOWN_LINE, line.into()));
            }
        }
        Ok(())
    }
}

/// The line of the exchange itself: every right, no member (format.md 5.1).
const EXCHANGE: Line = Line {
    last_id: 0,
    rights: u32::MAX,
    account: 0,
    member: 0,
};

/// The commands that the exchange may send itself, with line 0.
const fn may_be_exchange(number: u8) -> bool {
    matches!(
        number,
        kind::CANCEL | kind::MASS_CANCEL | kind::OFF_BOOK_TRADE | kind::VOID_TRADE
    )
}

const fn right_needed(number: u8) -> u32 {
    match number {
        kind::QUOTE => right::PROVIDER,
        kind::OFF_BOOK_TRADE | kind::VOID_TRADE => right::OFF_BOOK,
        _ => right::ORDERS,
    }
}

//! What the journal says of every line: the ids it sent, where they stand, and the positions of its flow.
//!
//! A fold over the journal's blocks, the same for one that is followed and one that is owned, so that a core that takes over knows all
//! of it at once. It keeps positions, never records: 4 bytes a command, 4 bytes an event and line, 2 bytes an order; a day of
//! 20 million commands and 50 million events is about 350 MB. The records are read back from the journal.

use super::copies::{self, Sides, is_public};
use super::positions::{Ids, Positions};
use super::words::{CL_ORD_ID, LINE};
use crate::journal::frame::FIRST_EVENT;
use crate::records::Record;
use crate::records::vocabulary::kind;

/// One line's day.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// The ids taken; the k-th one's command stands at the k-th of `commands`, once it is journaled.
    pub ids: Ids,
    /// Where the commands of the ids stand.
    pub commands: Positions,
    /// The events that concern the line.
    pub events: Positions,
    /// Those of them that carry the id of another line's command.
    pub foreign: Positions,
}

/// Who is told while a block is folded.
pub trait Told {
    /// An event of a line's flow, unmasked; whether its id is `foreign`, of a command that another line sent.
    fn own(&mut self, line: u16, record: &Record, sides: Sides, foreign: bool);
    /// A record of the public flow; `except` has it in its own.
    fn public(&mut self, record: &Record, except: Option<u16>);
}

/// Nobody is.
impl Told for () {
    fn own(&mut self, _: u16, _: &Record, _: Sides, _: bool) {}
    fn public(&mut self, _: &Record, _: Option<u16>) {}
}

/// The fold.
pub struct Flow {
    lines: Vec<Option<Box<Line>>>,
    /// Which line sent the order of a number; number 0 is nobody's.
    orders: Vec<u16>,
    public: Positions,
    position: u64,
}

/// What an event belongs to, as far as the block has been read.
#[derive(Default)]
struct Cause {
    /// Line and id of a member's command.
    of: Option<(u16, u64)>,
    texts: Vec<Record>,
}

impl Cause {
    /// Whose id an event carries, which must be one that may: the line of the command that caused it, the exchange's for all but
    /// members' commands. `None` for an event without one.
    fn asked(&self, event: &Record) -> Option<u16> {
        let has_id = event.get::<u64>(CL_ORD_ID) != 0;
        has_id.then(|| self.of.map_or(0, |of| of.0))
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            lines: (0..=u16::MAX).map(|_| None).collect(),
            orders: vec![0],
            public: Positions::default(),
            position: 0,
        }
    }
}

impl Flow {
    /// A line, if the journal names it.
    pub fn line(&self, line: u16) -> Option<&Line> {
        self.lines[usize::from(line)].as_deref()
    }

    /// A line, to be written on.
    pub fn line_mut(&mut self, line: u16) -> &mut Line {
        self.lines[usize::from(line)].get_or_insert_default()
    }

    /// The positions of the public flow.
    pub fn public(&self) -> &Positions {
        &self.public
    }

    /// The last position folded.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The copy of an event at this position for a line that it concerns.
    pub fn copy(&self, line: u16, record: &Record) -> Record {
        let known = self.line(line);
        let foreign = known.is_some_and(|known| known.foreign.has(record.position()));
        copies::own(record, line, self.sides(record), foreign)
    }

    /// The order number that is given next.
    pub fn next_order_no(&self) -> u32 {
        self.orders.len() as u32
    }

    /// The lines on both sides of an event.
    pub fn sides(&self, event: &Record) -> Sides {
        let order = |at| {
            let number: u32 = event.get(at);
            self.orders.get(number as usize).copied().unwrap_or(0)
        };
        match event.kind() {
            kind::TRADED => Sides {
                buy: order(40),
                sell: order(44),
            },
            kind::TRADE_VOIDED => Sides {
                buy: order(48),
                sell: order(56),
            },
            kind::OFF_BOOK_TRADED => Sides {
                buy: event.get(54),
                sell: event.get(56),
            },
            _ => Sides::default(),
        }
    }

    /// Takes in a block's records (without its BLOCK), telling of each event as it goes.
    pub fn fold(&mut self, records: &[Record], told: &mut impl Told) {
        let mut cause = Cause::default();
        for record in records {
            if record.kind() < FIRST_EVENT {
                self.command(record, &mut cause);
            } else {
                self.event(record, &mut cause, told);
            }
        }
        self.position = records.last().map_or(self.position, Record::position);
    }

    fn command(&mut self, record: &Record, cause: &mut Cause) {
        if record.kind() == kind::TEXT {
            cause.texts.push(*record);
            return;
        }
        cause.texts.clear();
        cause.of = None;
        if !(kind::NEW..=kind::VOID_TRADE).contains(&record.kind()) {
            return;
        }
        let (line, id) = (record.get(LINE), record.get(CL_ORD_ID));
        cause.of = Some((line, id));
        self.number(record, line);
        if line == 0 {
            return;
        }
        let of_line = self.line_mut(line);
        // What this core's own door took has its id there already, its place comes now.
        if of_line.commands.len() < of_line.ids.count() {
            of_line.commands.push(record.position());
        } else if id > of_line.ids.last() {
            of_line.ids.take(id);
            of_line.commands.push(record.position());
        }
    }

    /// A right order number is used up whatever the answer, a wrong one never (docs/format.md 5.3).
    fn number(&mut self, record: &Record, line: u16) {
        let given: u32 = record.get(48);
        let count = match record.kind() {
            kind::NEW => 1,
            kind::QUOTE => 2,
            _ => return,
        };
        if given == self.next_order_no() {
            self.orders.extend(std::iter::repeat_n(line, count));
        }
    }

    fn event(&mut self, record: &Record, cause: &mut Cause, told: &mut impl Told) {
        let mut own = None;
        match record.kind() {
            kind::TRADED => self.on_both_sides(record, [0; 0], None, told),
            kind::OFF_BOOK_TRADED | kind::TRADE_VOIDED => {
                let asked = cause.asked(record);
                self.on_both_sides(record, named(record, cause), asked, told);
            }
            kind::ACCEPTED..=kind::CONVERTED | kind::QUOTED..=kind::MASS_CANCELLED => {
                let ([line, sender], asked) = (named(record, cause), cause.asked(record));
                self.concern(line, record, Sides::default(), asked, told);
                if sender != line {
                    self.concern(sender, record, Sides::default(), asked, told);
                }
                own = Some(line);
            }
            _ => {}
        }
        if is_public(record.kind()) {
            if record.kind() == kind::ANNOUNCED {
                for text in cause.texts.drain(..) {
                    self.public.push(text.position());
                    told.public(&text, None);
                }
            }
            self.public.push(record.position());
            told.public(record, own);
        }
    }

    /// For lines named by the event or its command, and the two sides; each once. Side 0 is nobody.
    fn on_both_sides<const N: usize>(
        &mut self,
        record: &Record,
        named: [u16; N],
        asked: Option<u16>,
        told: &mut impl Told,
    ) {
        let sides = self.sides(record);
        let traders = [sides.buy, sides.sell]
            .into_iter()
            .filter(|&line| line != 0);
        let (mut seen, mut count) = ([0; 4], 0);
        for line in named.into_iter().chain(traders) {
            if !seen[..count].contains(&line) {
                (seen[count], count) = (line, count + 1);
                self.concern(line, record, sides, asked, told);
            }
        }
    }

    fn concern(
        &mut self,
        line: u16,
        record: &Record,
        sides: Sides,
        asked: Option<u16>,
        told: &mut impl Told,
    ) {
        let foreign = asked.is_some_and(|sender| sender != line);
        let of_line = self.line_mut(line);
        of_line.events.push(record.position());
        if foreign {
            of_line.foreign.push(record.position());
        }
        told.own(line, record, sides, foreign);
    }
}

/// The line that an event names, and that of the command whose id it carries (else the same again).
fn named(event: &Record, cause: &Cause) -> [u16; 2] {
    let (line, id): (u16, u64) = (event.get(LINE), event.get(CL_ORD_ID));
    let sender = cause.of.filter(|of| of.1 == id).map_or(line, |of| of.0);
    [line, sender]
}

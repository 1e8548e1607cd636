//! The copy of an event that one line may see (docs/sessions.md, "The flow of a line"): masked, or public.

use super::words::{CL_ORD_ID, PUBLIC};
use crate::records::Record;
use crate::records::vocabulary::kind;

/// The lines that an event about two orders concerns; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Sides {
    pub buy: u16,
    pub sell: u16,
}

/// Fields of one side: first byte and bytes.
type Fields = [(usize, usize)];

const ID: &Fields = &[(CL_ORD_ID, 8)];
const TRADED_BUY: &Fields = &[(40, 4), (48, 4), (56, 4)];
const TRADED_SELL: &Fields = &[(44, 4), (52, 4), (60, 4)];
const VOIDED_BUY: &Fields = &[(48, 4)];
const VOIDED_SELL: &Fields = &[(56, 4)];
const OFF_BOOK_BUY: &Fields = &[(44, 4), (54, 2), (58, 1)];
const OFF_BOOK_SELL: &Fields = &[(48, 4), (56, 2), (59, 1)];

fn zero(record: &mut Record, fields: &Fields) {
    for &(at, bytes) in fields {
        record.0[at..at + bytes].fill(0);
    }
}

/// The copy for a line: of an event about two sides, a line that is on one alone does not see the other; an id that is `foreign`,
/// of a command that another line sent, is nobody else's to see.
pub fn own(record: &Record, line: u16, sides: Sides, foreign: bool) -> Record {
    let mut copy = *record;
    if foreign {
        zero(&mut copy, ID);
    }
    let (buy, sell) = match record.kind() {
        kind::TRADED => (TRADED_BUY, TRADED_SELL),
        kind::TRADE_VOIDED => (VOIDED_BUY, VOIDED_SELL),
        // Who sent the command knows both sides.
        kind::OFF_BOOK_TRADED if record.get::<u16>(52) != line => (OFF_BOOK_BUY, OFF_BOOK_SELL),
        _ => return copy,
    };
    match (sides.buy == line, sides.sell == line) {
        (true, false) => zero(&mut copy, sell),
        (false, true) => zero(&mut copy, buy),
        _ => {}
    }
    copy
}

/// The copy for everybody: what the command had in its flags is its sender's affair.
pub fn public(record: &Record) -> Record {
    let mut copy = *record;
    copy.0[17] = PUBLIC;
    match record.kind() {
        kind::QUOTE_REQUESTED => zero(&mut copy, &[(24, 8), (44, 4), (52, 2)]),
        kind::STABILISATION_STARTED => zero(&mut copy, &[(56, 4)]),
        _ => {}
    }
    copy
}

/// Whether events of this kind are everybody's. TEXT is when its ANNOUNCED follows.
pub fn is_public(event_kind: u8) -> bool {
    matches!(
        event_kind,
        kind::QUOTE_REQUESTED
            | kind::PHASE_CHANGED
            | kind::AUCTIONED
            | kind::STABILISATION_STARTED
            | kind::STABILISATION_ENDED
            | kind::HALTED
            | kind::RESUMED
            | kind::ANNOUNCED
            | kind::CLOSED
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::bodies::{Body, OffBookTrade, Traded, VoidTrade};

    fn full(event_kind: u8) -> Record {
        let mut record = Record([0xAB; 64]);
        record.0[16] = event_kind;
        record
    }

    /// The bytes in which a copy differs from the original.
    fn masked(record: &Record, line: u16) -> Vec<usize> {
        let copy = own(record, line, Sides { buy: 5, sell: 6 }, false);
        (0..64).filter(|&i| copy.0[i] != record.0[i]).collect()
    }

    #[test]
    fn a_line_on_one_side_does_not_see_the_other() {
        let traded = full(kind::TRADED);
        let copy = own(&traded, 5, Sides { buy: 5, sell: 6 }, false);
        let seen = Traded::read(&copy);
        let whole = Traded::read(&traded);
        assert_eq!((seen.sell_no, seen.sell_leaves, seen.sell_cum), (0, 0, 0));
        let hidden = Traded {
            sell_no: 0,
            sell_leaves: 0,
            sell_cum: 0,
            ..whole
        };
        assert_eq!(seen, hidden, "and nothing else");
        assert_eq!(
            masked(&traded, 6),
            [40, 41, 42, 43, 48, 49, 50, 51, 56, 57, 58, 59]
        );
        assert_eq!(own(&traded, 5, Sides { buy: 5, sell: 5 }, false), traded);
        assert_eq!(masked(&full(kind::TRADE_VOIDED), 5), [56, 57, 58, 59]);
        assert_eq!(masked(&full(kind::TRADE_VOIDED), 9), [0; 0]);
        let voided = own(
            &full(kind::TRADE_VOIDED),
            6,
            Sides { buy: 5, sell: 6 },
            false,
        );
        assert_eq!(VoidTrade::read(&voided).buy_no, 0);
        let mut off_book = full(kind::OFF_BOOK_TRADED);
        off_book.put(52, 6u16);
        let seen = OffBookTrade::read(&own(&off_book, 5, Sides { buy: 5, sell: 6 }, false));
        let sides = (seen.sell_line, seen.sell_account, seen.sell_open_close);
        assert_eq!((sides, seen.line), ((0, 0, 0), 6));
        assert_eq!(masked(&off_book, 6), [0; 0], "it sent the command");
        assert_eq!(masked(&full(kind::CANCELLED), 5), [0; 0]);
    }

    #[test]
    fn an_id_is_shown_to_the_line_whose_it_is_alone() {
        let sides = Sides { buy: 5, sell: 6 };
        for of in [
            kind::CANCELLED,
            kind::REDUCED,
            kind::OFF_BOOK_TRADED,
            kind::TRADE_VOIDED,
        ] {
            let event = full(of);
            let (seen, masked) = (own(&event, 5, sides, false), own(&event, 5, sides, true));
            assert_eq!(seen.get::<u64>(24), event.get::<u64>(24));
            let differs: Vec<usize> = (0..64).filter(|&i| masked.0[i] != seen.0[i]).collect();
            assert_eq!(differs, [24, 25, 26, 27, 28, 29, 30, 31], "kind {of}");
            assert_eq!(masked.get::<u64>(24), 0);
        }
    }

    #[test]
    fn what_is_public_names_nobody() {
        let request = public(&full(kind::QUOTE_REQUESTED));
        assert_eq!(request.flags(), PUBLIC, "and nothing of the command's");
        assert!(
            request.0[24..32]
                .iter()
                .chain(&request.0[44..48])
                .all(|b| *b == 0)
        );
        assert_eq!(request.get::<u16>(52), 0);
        assert_eq!(request.get::<u32>(48), 0xABABABAB);
        assert_eq!(public(&full(kind::STABILISATION_STARTED)).get::<u32>(56), 0);
        assert_eq!(
            public(&full(kind::CLOSED)).0[24..],
            full(kind::CLOSED).0[24..]
        );
    }
}

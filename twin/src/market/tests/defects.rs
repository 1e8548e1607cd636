//! A command that makes the core panic is taken back whole and refused; the next one runs.

use super::audit::audit;
use super::{command, quietly, told, told_guarded};
use crate::market::Market;
use crate::market::core::Core;
use crate::records::bodies::Body;
use crate::records::bodies::{Order, Phase, RefInstrument, RefLine, RefTick, Rejected};
use crate::records::refusals;
use crate::records::vocabulary::{kind, mode, phase, side, tif};
use crate::records::{NO_PRICE, Record};

impl Core {
    /// Panics where a test has asked for it.
    pub fn take_poison(&mut self) {
        match &mut self.poison {
            Some(0) => panic!("poison, as asked"),
            Some(left) => *left -= 1,
            None => {}
        }
    }
}

fn order(no: u32, of_side: u8, qty: u32) -> Record {
    let body = Order {
        cl_ord_id: no.into(),
        price: 1_000_000 + i64::from(no % 3) * 100,
        qty,
        account: 1,
        order_no: no,
        line: 1,
        side: of_side,
        ord_type: 2,
        tif: tif::ROD,
        open_close: 0,
        leg: 0,
        extra: 0,
    };
    command(kind::NEW, (1, 1), 10, &body)
}

fn open_market() -> Market {
    let mut market = Market::new();
    let tick = RefTick {
        from_price: 0,
        tick: 100,
        table: 1,
    };
    let line = RefLine {
        rights: 1,
        account: 1,
        member: 1,
        line: 1,
    };
    let book = RefInstrument {
        qty_min: 1,
        lot: 1,
        qty_max: 1000,
        rules: 0,
        value_min: 0,
        group: 1,
        table: 1,
        allow: 8,
        set: 0,
        product: 1,
    };
    let row = Phase {
        until: 0,
        postpone_ns: 0,
        entry_ns: 0,
        group: 1,
        mode: mode::CONTINUOUS,
        match_: 0,
        allow: 8,
        actions: 0,
        count: 0,
    };
    let mut open = command(kind::PHASE, (0, 0), 10, &row);
    open.put(20, u16::from(phase::CONTINUOUS));
    let opening = [
        command(kind::REF_TICK, (0, 0), 10, &tick),
        command(kind::REF_LINE, (0, 0), 10, &line),
        command(kind::REF_INSTRUMENT, (1, 1), 10, &book),
        open,
    ];
    told(&mut market, &opening);
    market
}

#[test]
fn a_poisonous_command_changes_nothing_and_the_next_one_runs() {
    let mut market = open_market();
    let resting: Vec<Record> = (1..=9).map(|no| order(no, side::SELL, 10)).collect();
    told(&mut market, &resting);
    let (digest, depth) = (market.digest(), market.depth(1, 1, 9));
    market.poison(5);
    let mut out = Vec::new();
    let taker = [order(10, side::BUY, 80)];
    assert!(quietly(|| told_guarded(&mut market, &taker, &mut out)));
    let refusal = out.pop().expect("an answer");
    assert_eq!(out.len(), 1, "the command and its refusal, no trade");
    assert_eq!((refusal.kind(), refusal.code()), (kind::REJECTED, 5));
    assert_eq!(Rejected::read(&refusal).bound, NO_PRICE);
    assert_eq!((market.digest(), market.depth(1, 1, 9)), (digest, depth));
    audit(&market.core);
    market.core.poison = None;
    // Its order number and its id are used up; the market goes on.
    let mut next = order(11, side::BUY, 80);
    next.put(32, 1_000_200i64);
    let out = told(&mut market, &[order(10, side::BUY, 1), next]);
    assert_eq!(out[1].code(), refusals::DUPLICATE_CL_ORD_ID);
    let trades = out.iter().filter(|told| told.kind() == kind::TRADED);
    assert_eq!(trades.count(), 8);
    audit(&market.core);
}

#[test]
fn between_commands_there_is_nothing_to_go_back_to() {
    let mut market = open_market();
    let before = (market.position(), market.digest());
    assert!(market.abort(&mut Vec::new()).is_err());
    assert_eq!((market.position(), market.digest()), before);
}

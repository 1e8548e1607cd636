//! Whose id a line is told, and what of a command's flags everybody is: over the real market, without a socket.

mod common;

use common::hall::{Hall, kinds};
use common::market::{
    cancel, line_of, mass_cancel, of, off_book, order, quote_request, void_trade,
};
use evermarket_twin::door::words::*;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::{flag, kind, mode, phase};

const BUY: u8 = 1;
const SELL: u8 = 2;
const PRICE: i64 = 400_000;

/// Kinds and ids, of those that have one.
fn ids(told: &[Record]) -> Vec<(u8, u64)> {
    let named = told.iter().filter(|record| record.kind() != kind::TRADED);
    named
        .map(|record| (record.kind(), record.get(24)))
        .collect()
}

/// Lines 1 and 2 of one member, line 3 of another, and the exchange; each one's connection.
fn house(hall: &mut Hall) -> [usize; 4] {
    let (exchange, _) = hall.enter(0, QUICK, 0, 0);
    hall.say(exchange, &[line_of(2, 1)]);
    hall.work();
    assert!(hall.told(exchange).is_empty(), "one member's lines");
    let mut all = [exchange; 4];
    for (line, id) in (0..).zip(&mut all).skip(1) {
        *id = hall.enter(line, QUICK, 0, 0).0;
    }
    all
}

#[test]
fn an_id_that_a_line_is_told_is_its_own() {
    let mut hall = Hall::open(0, 3);
    let all = house(&mut hall);
    let [exchange, one, two, three] = all;
    let orders: Vec<Record> = (1..=5).map(|id| order(1, id, BUY, PRICE, 9)).collect();
    hall.say(one, &orders);
    // Order 1 by the member's other line, 2 by the exchange (which has no ids, whatever it writes there), 3 by its own line.
    hall.say(two, &[cancel(2, 71, 1)]);
    hall.say(exchange, &[cancel(0, 72, 2)]);
    hall.say(one, &[cancel(1, 6, 3)]);
    // A trade of 1 with 3 that 3 voids, and one made elsewhere; then the other line takes what is left.
    hall.say(three, &[order(3, 81, SELL, PRICE, 2)]);
    hall.say(three, &[void_trade(3, 82, 1, 4, 6), off_book(3, 83, 1, 2)]);
    hall.say(two, &[mass_cancel(2, 84)]);
    hall.work();
    let told = all.map(|id| hall.told(id));
    let [of_exchange, of_one, of_two, of_three] = &told;
    let taken = (kind::CANCELLED, 84);
    assert_eq!(ids(of_exchange), [(kind::CANCELLED, 72)]);
    assert_eq!(
        ids(of_one)[5..],
        [
            (kind::CANCELLED, 0),
            (kind::CANCELLED, 0),
            (kind::CANCELLED, 6),
            (kind::TRADE_VOIDED, 0),
            (kind::OFF_BOOK_TRADED, 0),
            (kind::CANCELLED, 0),
            (kind::CANCELLED, 0),
        ]
    );
    assert!(ids(of_one)[..5].iter().map(|event| event.1).eq(1..=5));
    let mine = [(kind::CANCELLED, 71), (kind::OFF_BOOK_TRADED, 0)];
    assert_eq!(ids(of_two)[..2], mine);
    assert_eq!(ids(of_two)[2..], [taken, taken, (kind::MASS_CANCELLED, 84)]);
    let own = [
        (kind::ACCEPTED, 81),
        (kind::TRADE_VOIDED, 82),
        (kind::OFF_BOOK_TRADED, 83),
    ];
    assert_eq!(ids(of_three), own);
    // But for the id, both lines of the member see the same.
    let mut shown = of_two[0];
    shown.put(24, 0u64);
    assert_eq!(of_one[5], shown);
    // What is told again, later or now, is masked alike.
    for (line, (id, live)) in (0..).zip(all.into_iter().zip(&told)) {
        hall.desk.gone(id, hall.now_ns);
        let (id, _) = hall.enter(line, RESTART, 0, 0);
        let mut old = hall.told(id);
        old.retain(|record| record.position() >= live[0].position());
        old.iter_mut().for_each(|record| record.0[17] &= !REPEAT);
        assert!(old == *live, "line {line}: {:?} {:?}", ids(&old), ids(live));
        hall.desk.gone(id, hall.now_ns);
    }
    let (two, _) = hall.enter(2, QUICK, 0, 0);
    hall.say(two, &[cancel(2, 71, 1), mass_cancel(2, 84)]);
    assert_eq!(ids(&hall.told(two)), [(kind::CANCELLED, 71), taken]);
}

#[test]
fn what_a_command_has_in_its_flags_is_not_everybodys() {
    let mut hall = Hall::open(0, 2);
    let (one, _) = hall.enter(1, QUICK, 0, 0);
    let (two, _) = hall.enter(2, QUICK, 0, PUBLIC_FLOW);
    let (exchange, _) = hall.enter(0, QUICK, 0, 0);
    let flags = flag::POSS_RESEND | flag::COVERED | flag::DELETE_AT_SWITCH;
    let mut request = quote_request(1, 1);
    request.0[17] = flags;
    let mut shut = of(kind::PHASE);
    shut.0[17] = flag::COVERED | flag::DELETE_AT_SWITCH;
    shut.put(20, u16::from(phase::LUNCH));
    shut.put(48, 1u16);
    shut.put(50, mode::SHUT);
    hall.say(one, &[request]);
    hall.say(exchange, &[shut]);
    hall.work();
    let told = hall.told(two);
    assert_eq!(kinds(&told), [kind::QUOTE_REQUESTED, kind::PHASE_CHANGED]);
    assert!(told.iter().all(|record| record.flags() == PUBLIC));
    let own = hall.told(one);
    assert_eq!(own[0].flags(), flags, "its own is as it sent it");
    hall.desk.gone(two, hall.now_ns);
    let (two, _) = hall.enter(2, RESUME, told[0].position() - 1, PUBLIC_FLOW);
    let again = hall.told(two);
    assert_eq!(kinds(&again), kinds(&told));
    assert!(again.iter().all(|r| r.flags() == PUBLIC | REPEAT));
}

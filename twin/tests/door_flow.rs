//! The flow of a line over the real market, without a socket: masks, public flow, resuming, slow readers.

mod common;

use common::hall::{Hall, kinds, parted, repeated};
use common::market::{
    announcement, cancel, mass_cancel, of, off_book, order, quote, quote_request, reduce, reprice,
    void_trade,
};
use evermarket_twin::door::words::*;
use evermarket_twin::modes::core::Matching;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::{flag, kind};

const BUY: u8 = 1;
const SELL: u8 = 2;
const PRICE: i64 = 400_000;

#[test]
fn a_trade_is_told_to_both_sides_and_to_neither_of_the_other() {
    let mut hall = Hall::open(0, 3);
    let (one, _) = hall.enter(1, QUICK, 0, 0);
    let (two, _) = hall.enter(2, QUICK, 0, 0);
    let (three, _) = hall.enter(3, QUICK, 0, 0);
    hall.say(one, &[order(1, 1, SELL, PRICE, 5)]);
    hall.say(two, &[order(2, 1, BUY, PRICE, 3)]);
    hall.say(three, &[off_book(3, 1, 1, 2)]);
    hall.work();
    let (sold, bought, traded) = (hall.told(one), hall.told(two), hall.told(three));
    assert_eq!(
        kinds(&sold),
        [kind::ACCEPTED, kind::TRADED, kind::OFF_BOOK_TRADED]
    );
    assert_eq!(kinds(&bought), kinds(&sold));
    assert_eq!(kinds(&traded), [kind::OFF_BOOK_TRADED]);
    let numbers = |r: &Record| -> [u32; 6] { std::array::from_fn(|i| r.get(40 + 4 * i)) };
    assert_eq!(
        numbers(&sold[1]),
        [0, 1, 0, 2, 0, 3],
        "number, left, filled of the sale alone"
    );
    assert_eq!(numbers(&bought[1]), [2, 0, 0, 0, 3, 0]);
    let lines = |r: &Record| {
        (
            r.get::<u16>(54),
            r.get::<u16>(56),
            r.get::<u32>(44),
            r.get::<u32>(48),
        )
    };
    assert_eq!(lines(&sold[2]), (1, 0, 77, 0));
    assert_eq!(lines(&bought[2]), (0, 2, 0, 88));
    assert_eq!(lines(&traded[0]), (1, 2, 77, 88), "who sent it knows both");
    // The exchange cancels for line 1: both are told, line 1 as the order's line.
    let (exchange, _) = hall.enter(0, QUICK, 0, 0);
    hall.say(exchange, &[cancel(0, 0, 1)]);
    hall.work();
    for id in [one, exchange] {
        assert_eq!(kinds(&hall.told(id)), [kind::CANCELLED]);
    }
    assert!(hall.told(two).is_empty() && hall.told(three).is_empty());
}

#[test]
fn public_flow_comes_in_order_once_and_names_nobody() {
    let mut hall = Hall::open(0, 2);
    let (one, _) = hall.enter(1, RESTART, 0, PUBLIC_FLOW);
    let (two, _) = hall.enter(2, QUICK, 0, PUBLIC_FLOW);
    let (exchange, _) = hall.enter(0, QUICK, 0, 0);
    let morning = hall.told(one);
    assert_eq!(kinds(&morning), [kind::PHASE_CHANGED]);
    assert_eq!(morning[0].flags(), PUBLIC | REPEAT);
    hall.say(one, &[quote_request(1, 1)]);
    hall.say(exchange, &announcement());
    let mut refused = announcement();
    refused[0].0[60] = 1;
    hall.say(exchange, &refused);
    hall.work();
    let (own, others) = (hall.told(one), hall.told(two));
    let public = [
        kind::QUOTE_REQUESTED,
        kind::TEXT,
        kind::TEXT,
        kind::ANNOUNCED,
    ];
    assert_eq!(
        (kinds(&own), kinds(&others)),
        (public.to_vec(), public.to_vec())
    );
    assert_eq!((own[0].flags(), own[0].get::<u16>(52)), (0, 1));
    assert_eq!(own[1].flags(), PUBLIC);
    let named = |r: &Record| (r.get::<u64>(24), r.get::<u32>(44), r.get::<u16>(52));
    assert_eq!((others[0].flags(), named(&others[0])), (PUBLIC, (0, 0, 0)));
    assert_eq!(others[3].flags(), PUBLIC, "not the number of texts either");
    assert!(others.is_sorted_by_key(Record::position));
    assert_eq!(kinds(&hall.told(exchange)), [kind::REJECTED]);
}

/// Three lines trade for a while; the lines' connections.
fn busy(hall: &mut Hall, rounds: u64) -> Vec<usize> {
    let ids: Vec<usize> = (1..=3)
        .map(|line| hall.enter(line, QUICK, 0, 0).0)
        .collect();
    for round in 1..=rounds {
        for (&id, line) in ids.iter().zip(1..) {
            let side = 1 + ((round + u64::from(line)) % 2) as u8;
            hall.say(id, &[order(line, round, side, PRICE, 2 + line as u32)]);
        }
        hall.work();
    }
    ids
}

#[test]
fn whoever_comes_back_misses_nothing_and_hears_nothing_twice() {
    let mut hall = Hall::open(0, 3);
    let ids = busy(&mut hall, 40);
    for (&id, line) in ids.iter().zip(1..) {
        let live = hall.told(id);
        assert!(live.len() > 60 && live.is_sorted_by_key(Record::position));
        hall.desk.gone(id, hall.now_ns);
        let repeat = |record: &Record| {
            let mut record = *record;
            record.0[17] |= REPEAT;
            record
        };
        let old: Vec<Record> = live.iter().map(repeat).collect();
        let (id, logged_on) = hall.enter(line, RESTART, 0, 0);
        assert_eq!(logged_on.flow_position, live.last().unwrap().position());
        assert_eq!(hall.told(id), old, "all of the day");
        hall.desk.gone(id, hall.now_ns);
        for (i, record) in live.iter().enumerate() {
            for position in [record.position(), record.position() - 1] {
                let (id, _) = hall.enter(line, RESUME, position, 0);
                let from = i + usize::from(position == record.position());
                let tail = old[from..].iter().filter(|r| r.position() > position);
                assert!(hall.told(id).iter().eq(tail));
                hall.desk.gone(id, hall.now_ns);
            }
        }
        let (id, _) = hall.enter(line, QUICK, 0, 0);
        assert!(hall.told(id).is_empty(), "nothing old");
    }
}

#[test]
fn what_is_released_while_an_old_flow_is_told_follows_it() {
    let mut hall = Hall::open(0, 3);
    let ids = busy(&mut hall, 1_500);
    hall.desk.gone(ids[0], hall.now_ns);
    let (id, _) = hall.enter(1, RESTART, 0, PUBLIC_FLOW);
    let waiting = hall.desk.room.get(id).unwrap().out.waiting().len();
    assert!(waiting <= 65 << 10, "{waiting} bytes wait");
    hall.say(id, &[order(1, 9_000, BUY, PRICE, 1)]);
    hall.work();
    hall.say(
        id,
        &[order(1, 1, BUY, PRICE, 1), order(1, 9_000, BUY, PRICE, 1)],
    );
    let mut all = hall.told(id);
    let answers: Vec<usize> = (1..all.len())
        .filter(|&i| all[i].position() <= all[i - 1].position())
        .collect();
    assert_eq!(
        answers.len(),
        1,
        "only the resend of what was told is out of order"
    );
    assert_eq!(all.remove(answers[0]).get::<u64>(24), 1);
    assert!(all.is_sorted_by_key(Record::position));
    let (new, old): (Vec<Record>, Vec<Record>) = all.iter().partition(|r| !repeated(r));
    assert!(
        old.len() > 2_000
            && new
                .iter()
                .all(|r| r.position() > old[old.len() - 1].position())
    );
    assert_eq!(
        (new[0].kind(), new[0].get::<u64>(24)),
        (kind::ACCEPTED, 9_000)
    );
}

#[test]
fn who_does_not_read_is_cut_off_and_finds_its_flow_when_it_comes_back() {
    let mut hall = Hall::open(0, 3);
    let ids = busy(&mut hall, 1);
    let more = hall.desk.room.get(ids[0]).unwrap().out.waiting().len();
    let mut id = 1;
    while !hall.desk.room.get(ids[0]).unwrap().is_over() {
        let many: Vec<Record> = (0..4_000)
            .map(|_| {
                id += 1;
                cancel(1, id, 99_999_999)
            })
            .collect();
        hall.say(ids[0], &many);
        hall.work();
        assert!(id < 200_000, "never cut off");
    }
    assert!(more > 0 && id > 100_000);
    let last = hall.told(ids[0]);
    assert_eq!(
        (kinds(&last), last[0].code()),
        (vec![LOG_OFF], parting::SLOW)
    );
    hall.desk.gone(ids[0], hall.now_ns);
    let (again, logged_on) = hall.enter(1, RESTART, 0, 0);
    assert_eq!(logged_on.last_id, id);
    // It stops reading in the middle of the old flow: only what comes now counts.
    while id < 400_000 {
        let many: Vec<Record> = (1..=4_000).map(|i| cancel(1, id + i, 99_999_999)).collect();
        id += 4_000;
        hall.say(again, &many);
        hall.work();
        if hall.desk.room.get(again).unwrap().is_over() {
            break;
        }
    }
    assert_eq!(parted(&mut hall, again), parting::SLOW);
}

#[test]
fn cancel_on_disconnect_takes_the_lines_orders_and_no_others() {
    let mut hall = Hall::open(0, 2);
    let (one, _) = hall.enter(1, QUICK, 0, CANCEL_ON_DISCONNECT);
    let (two, _) = hall.enter(2, QUICK, 0, 0);
    hall.say(
        one,
        &[order(1, 1, BUY, PRICE, 5), order(1, 2, BUY, PRICE, 5)],
    );
    hall.say(two, &[order(2, 1, BUY, PRICE, 5)]);
    hall.desk.gone(one, hall.now_ns);
    hall.desk.gone(two, hall.now_ns);
    hall.work();
    let (one, _) = hall.enter(1, RESTART, 0, 0);
    let told = hall.told(one);
    assert_eq!(
        kinds(&told),
        [
            kind::ACCEPTED,
            kind::ACCEPTED,
            kind::CANCELLED,
            kind::CANCELLED
        ]
    );
    let (two, _) = hall.enter(2, RESTART, 0, 0);
    assert_eq!(kinds(&hall.told(two)), [kind::ACCEPTED]);
}

#[test]
fn cancel_on_disconnect_of_the_exchange_takes_nobodys_orders() {
    let mut hall = Hall::open(0, 1);
    let (one, _) = hall.enter(1, QUICK, 0, 0);
    hall.say(one, &[order(1, 1, BUY, PRICE, 5)]);
    hall.work();
    assert_eq!(kinds(&hall.told(one)), [kind::ACCEPTED]);
    let ends: [fn(&mut Hall, usize); 2] = [
        |hall, exchange| hall.desk.gone(exchange, hall.now_ns),
        |hall, exchange| {
            hall.say(exchange, &[of(LOG_OFF)]);
            assert_eq!(parted(hall, exchange), parting::MEMBER);
            hall.desk.gone(exchange, hall.now_ns);
        },
    ];
    for end in ends {
        let (exchange, _) = hall.enter(0, QUICK, 0, CANCEL_ON_DISCONNECT);
        end(&mut hall, exchange);
        assert!(hall.desk.work.records.is_empty(), "no command is entered");
        assert_eq!(hall.desk.in_flight, 0);
        hall.work();
        assert!(hall.told(one).is_empty(), "the order stands");
    }
    hall.say(one, &[mass_cancel(1, 2)]);
    hall.work();
    let told = hall.told(one);
    assert_eq!(kinds(&told), [kind::CANCELLED, kind::MASS_CANCELLED]);
}

#[test]
fn a_resend_of_every_kind_is_answered_with_its_first_outcome_and_executed_once() {
    let mut hall = Hall::open(0, 3);
    let (one, _) = hall.enter(1, QUICK, 0, 0);
    let (two, _) = hall.enter(2, QUICK, 0, 0);
    hall.say(two, &[order(2, 1, SELL, PRICE, 5)]);
    hall.work();
    let cases = [
        (order(1, 1, BUY, PRICE, 2), kind::ACCEPTED, 2),
        (order(1, 2, BUY, PRICE - 100, 9), kind::ACCEPTED, 1),
        (reduce(1, 3, 3, 2), kind::REDUCED, 1),
        (reprice(1, 4, 3, PRICE), kind::REPRICED, 2),
        (cancel(1, 5, 3), kind::CANCELLED, 1),
        (quote(1, 6, PRICE - 200, PRICE + 200), kind::QUOTED, 3),
        (mass_cancel(1, 7), kind::CANCELLED, 3),
        (quote_request(1, 8), kind::QUOTE_REQUESTED, 1),
        (off_book(1, 9, 2, 3), kind::OFF_BOOK_TRADED, 1),
        (void_trade(1, 10, 1, 2, 1), kind::TRADE_VOIDED, 1),
        (order(1, 11, 7, PRICE, 2), kind::REJECTED, 1),
    ];
    for (command, first, events) in cases {
        hall.say(one, &[command]);
        hall.work();
        let told = hall.told(one);
        assert_eq!(
            (told[0].kind(), told.len()),
            (first, events),
            "{:?}",
            kinds(&told)
        );
        let position = hall.core.position();
        let mut resend = command;
        for flags in [0, flag::POSS_RESEND] {
            resend.0[17] = flags;
            hall.say(one, &[resend]);
            hall.work();
            let again = hall.told(one);
            assert_eq!((again.len(), again[0].flags() & REPEAT), (1, REPEAT));
            let mut unmarked = again[0];
            unmarked.0[17] &= !REPEAT;
            assert_eq!(unmarked, told[0]);
        }
        assert_eq!(hall.core.position(), position, "executed once");
    }
    // The other side of the trade that was voided sees its own number alone.
    let voided = hall
        .told(two)
        .into_iter()
        .find(|r| r.kind() == kind::TRADE_VOIDED);
    let numbers = voided.map(|r| (r.get::<u32>(48), r.get::<u32>(56)));
    assert_eq!(numbers, Some((0, 1)));
}

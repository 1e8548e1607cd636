//! The door's decisions over the real market, without a socket: log-on, refusals, once only, flow, masks, slow and silent readers.

mod common;

use common::hall::{DAY, EPOCH, Hall, SECOND_NS, SECRET, address, kinds, logging_on};
use common::market::{announcement, cancel, of, off_book, order, quote, quote_request};
use evermarket_twin::door::ticket::{sealed, ticket};
use evermarket_twin::door::words::*;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::{flag, kind};

const BUY: u8 = 1;
const SELL: u8 = 2;
const PRICE: i64 = 400_000;

fn repeated(record: &Record) -> bool {
    record.flags() & REPEAT != 0
}

/// Why a connection was ended, if LOG_OFF is the last it was told.
fn parted(hall: &mut Hall, id: usize) -> u16 {
    let last = *hall.told(id).last().expect("a last word");
    assert_eq!(last.kind(), LOG_OFF);
    assert!(hall.desk.room.get(id).unwrap().is_over());
    last.code()
}

#[test]
fn who_may_not_come_in_is_told_why_in_the_order_of_the_law() {
    let mut hall = Hall::open(0, 3);
    let (holder, _) = hall.enter(1, QUICK, 0, 0);
    let (_, nonce) = hall.connect(1);
    let good = |line| logging_on(&nonce, line, QUICK, 0, 0);
    let of_ticket = |line, day, from| {
        let key = ticket(&SECRET, line, day, &address(from));
        sealed(&key, &nonce, &log_on(line, day, 0, QUICK, 0))
    };
    let mut foreign = good(1);
    foreign.put(24, 2u16);
    let mut no_resume = good(2);
    no_resume.0[26] = 0;
    let mut wished = good(2);
    wished.0[27] = CANCEL_ON_DISCONNECT;
    let rows = [
        (order(2, 1, BUY, PRICE, 5), parting::BAD_RECORD),
        (of(HEARTBEAT), parting::BAD_RECORD),
        (of(LOGGED_ON), parting::BAD_RECORD),
        (relayed(5, &address(1)), parting::BAD_RECORD),
        (no_resume, parting::BAD_RECORD),
        (foreign, parting::BAD_TICKET),
        (wished, parting::BAD_TICKET),
        (of_ticket(2, DAY, 2), parting::BAD_TICKET),
        (of_ticket(2, DAY + 1, 1), parting::BAD_TICKET),
        (log_on(2, DAY, 0, QUICK, 0), parting::BAD_TICKET),
        (good(1), parting::LINE_TAKEN),
        (logging_on(&nonce, 1, RESUME, 9_999, 0), parting::LINE_TAKEN),
        (logging_on(&nonce, 2, RESUME, 9_999, 0), parting::AHEAD),
    ];
    for (record, why) in rows {
        let (id, _) = hall.connect(1);
        hall.say(id, &[record]);
        assert_eq!(parted(&mut hall, id), why, "{record:?}");
        hall.say(id, &[good(3)]);
        assert!(hall.told(id).is_empty(), "nothing is heard after the end");
        hall.desk.gone(id, hall.now_ns);
    }
    let notices = hall.told(holder);
    assert_eq!(kinds(&notices), [NOTICE, NOTICE]);
    assert_eq!(notices[0].code(), parting::LINE_TAKEN);
    assert_eq!(notices[0].get::<[u8; 16]>(32), address(1));
    assert_eq!(hall.desk.alarms.len(), 1);
    assert!(hall.desk.alarms[0].contains("\"line\": 2, \"position\": 9999"));
    let (_, logged_on) = hall.enter(3, QUICK, 0, 0);
    assert_eq!(
        (logged_on.line, logged_on.epoch, logged_on.owner),
        (3, EPOCH, 3)
    );
    assert_eq!((logged_on.make, logged_on.trading_day), (2, DAY));
    assert_eq!((logged_on.heartbeat_ms, logged_on.rate), (1_000, 0));
}

#[test]
fn a_relay_speaks_for_the_address_behind_it() {
    let mut hall = Hall::open(0, 1);
    let (id, nonce) = hall.connect(9);
    let log_on = logging_on(&nonce, 1, QUICK, 0, 0);
    hall.say(id, &[relayed(5, &address(1)), log_on]);
    assert_eq!(kinds(&hall.told(id)), [LOGGED_ON]);
    let (id, _) = hall.connect(9);
    hall.say(id, &[log_on]);
    assert_eq!(
        parted(&mut hall, id),
        parting::BAD_RECORD,
        "a relay says whom"
    );
    let (id, nonce) = hall.connect(9);
    let log_on = logging_on(&nonce, 1, QUICK, 0, 0);
    hall.say(id, &[relayed(5, &address(2)), log_on]);
    assert_eq!(parted(&mut hall, id), parting::BAD_TICKET);
}

#[test]
fn a_record_that_is_no_command_of_the_line_ends_the_session_and_undoes_nothing() {
    let mut hall = Hall::open(0, 2);
    let numbered = |mut record: Record| {
        record.put(48, 5u32);
        record
    };
    let rows = [
        (order(2, 2, BUY, PRICE, 5), parting::FOREIGN_LINE),
        (order(0, 2, BUY, PRICE, 5), parting::FOREIGN_LINE),
        (numbered(order(1, 2, BUY, PRICE, 5)), parting::BAD_RECORD),
        (
            numbered(quote(1, 2, PRICE, PRICE + 100)),
            parting::BAD_RECORD,
        ),
        (of(kind::PHASE), parting::BAD_RECORD),
        (of(kind::TEXT), parting::BAD_RECORD),
        (of(kind::ACCEPTED), parting::BAD_RECORD),
        (of(0), parting::BAD_RECORD),
        (of(200), parting::BAD_RECORD),
        (of(CHALLENGE), parting::BAD_RECORD),
        (of(LOG_ON), parting::BAD_RECORD),
        (of(255), parting::BAD_RECORD),
        (of(LOG_OFF), parting::MEMBER),
    ];
    for (i, (record, why)) in (1..).zip(rows) {
        let (id, _) = hall.enter(1, QUICK, 0, 0);
        let good = order(1, 10 * i, BUY, PRICE, 5);
        hall.say(
            id,
            &[
                good,
                of(HEARTBEAT),
                record,
                order(1, 10 * i + 1, BUY, PRICE, 5),
            ],
        );
        assert_eq!(
            hall.desk.work.records,
            [good],
            "what came before counts, what came after does not"
        );
        assert_eq!(parted(&mut hall, id), why);
        hall.work();
        let (id, logged_on) = hall.enter(1, QUICK, 0, 0);
        assert_eq!(logged_on.last_id, 10 * i);
        hall.desk.gone(id, hall.now_ns);
    }
}

#[test]
fn the_exchange_sends_every_command_and_its_runs_whole() {
    let mut hall = Hall::open(1, 1);
    let run = announcement();
    let (id, logged_on) = hall.enter(0, QUICK, 0, 0);
    assert_eq!(logged_on.rate, 0);
    hall.say(id, &run[..2]);
    assert!(hall.desk.work.records.is_empty(), "half a run is not taken");
    hall.say(id, &[of(HEARTBEAT), run[2]]);
    assert_eq!(hall.desk.work.records, run);
    hall.work();
    assert_eq!(hall.desk.in_flight, 0);
    for broken in [&[run[0], run[1], of(kind::DRAW)][..], &[run[1]]] {
        hall.desk.gone(id, hall.now_ns);
        let (again, _) = hall.enter(0, QUICK, 0, 0);
        assert_eq!(
            again, id,
            "the next connection takes the number of one that is gone"
        );
        hall.say(id, broken);
        assert!(hall.desk.work.records.is_empty());
        assert_eq!(parted(&mut hall, id), parting::BAD_RECORD);
    }
}

#[test]
fn late_silent_and_the_signs_of_life() {
    let mut hall = Hall::open(0, 2);
    let (late, _) = hall.connect(1);
    let (id, _) = hall.enter(1, QUICK, 0, 0);
    hall.say(id, &[order(1, 1, BUY, PRICE, 5)]);
    hall.work();
    let accepted = hall.told(id)[0];
    let began = hall.now_ns;
    for half_second in 1..=12 {
        hall.now_ns = began + half_second * SECOND_NS / 2;
        hall.desk.tick(hall.now_ns);
        let told = hall.told(id);
        if half_second % 2 == 0 && half_second <= 6 {
            assert_eq!(kinds(&told), [HEARTBEAT], "{half_second}");
            let sign = (
                told[0].position(),
                told[0].get::<u64>(24),
                told[0].get::<u32>(40),
            );
            assert_eq!(sign, (accepted.position(), 1, EPOCH));
        } else if half_second == 7 {
            assert_eq!((told[0].kind(), told[0].code()), (LOG_OFF, parting::SILENT));
        } else {
            assert!(told.is_empty(), "{half_second}: {:?}", kinds(&told));
        }
        let first = hall.desk.room.get(late).unwrap().is_over();
        assert_eq!(first, half_second > 10);
    }
    assert_eq!(parted(&mut hall, late), parting::LATE);
    let (id, _) = hall.enter(2, QUICK, 0, 0);
    for _ in 0..10 {
        hall.now_ns += 2 * SECOND_NS;
        hall.say(id, &[of(HEARTBEAT)]);
        hall.desk.tick(hall.now_ns);
    }
    assert_eq!(kinds(&hall.told(id)), [HEARTBEAT; 10]);
}

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
    assert_eq!(
        others[3].flags(),
        PUBLIC | 2,
        "an echo keeps its number of texts"
    );
    assert!(others.is_sorted_by_key(Record::position));
    assert_eq!(kinds(&hall.told(exchange)), [kind::REJECTED]);
}

#[test]
fn an_id_is_executed_once_and_answered_as_often_as_it_is_asked() {
    let mut hall = Hall::open(0, 1);
    let (id, _) = hall.enter(1, QUICK, 0, 0);
    let (first, third) = (order(1, 1, BUY, PRICE, 5), order(1, 3, BUY, PRICE, 5));
    hall.say(id, &[first, third, first]);
    assert_eq!(hall.desk.work.records, [first, third]);
    hall.matched();
    let mut flagged = third;
    flagged.0[17] = flag::POSS_RESEND;
    hall.say(id, &[flagged]);
    assert!(
        hall.told(id).is_empty(),
        "not released: it comes in its time"
    );
    hall.say(
        id,
        &[order(1, 2, BUY, PRICE, 5), order(1, 0, BUY, PRICE, 5)],
    );
    let never = hall.told(id);
    assert_eq!(kinds(&never), [NEVER_RECEIVED; 2]);
    let said = (
        never[0].get::<u64>(24),
        never[0].get::<u32>(40),
        never[0].get::<u16>(52),
    );
    assert_eq!((said, never[0].0[54]), ((2, EPOCH, 1), kind::NEW));
    hall.released();
    let outcomes = hall.told(id);
    assert_eq!(kinds(&outcomes), [kind::ACCEPTED; 2]);
    assert!(!outcomes.iter().any(repeated));
    hall.say(id, &[flagged, first, cancel(1, 3, 9)]);
    let mut again = hall.told(id);
    assert!(again.iter().all(repeated));
    again.iter_mut().for_each(|record| record.0[17] &= !REPEAT);
    assert_eq!(again, [outcomes[1], outcomes[0], outcomes[1]]);
    assert!(hall.desk.work.records.is_empty() && hall.desk.in_flight == 0);
    // A new command whose fate its sender does not know is worked alone.
    let mut unsure = order(1, 9, BUY, PRICE, 5);
    unsure.0[17] = flag::POSS_RESEND;
    hall.say(
        id,
        &[
            order(1, 8, BUY, PRICE, 5),
            unsure,
            order(1, 10, BUY, PRICE, 5),
        ],
    );
    assert_eq!(hall.desk.work.alone, [1]);
    hall.work();
    assert_eq!(kinds(&hall.told(id)), [kind::ACCEPTED; 3]);
    // Refused ids are taken too, also those that the core does not count.
    let mut unused = order(1, 11, BUY, PRICE, 5);
    unused.put(20, 1u16);
    hall.say(id, &[unused]);
    hall.work();
    hall.say(id, &[order(1, 11, BUY, PRICE, 5)]);
    let refused = hall.told(id);
    assert_eq!(kinds(&refused), [kind::REJECTED; 2]);
    assert!(repeated(&refused[1]) && refused[1].code() == 3);
}

#[test]
fn a_line_is_throttled_before_its_id_is_used_and_resends_cost_nothing() {
    let mut hall = Hall::open(2, 1);
    let (id, logged_on) = hall.enter(1, QUICK, 0, 0);
    assert_eq!(logged_on.rate, 2);
    let orders: Vec<Record> = (1..=4).map(|i| order(1, i, BUY, PRICE, 5)).collect();
    hall.say(id, &orders);
    assert_eq!(hall.desk.work.records, orders[..2]);
    let throttled = hall.told(id);
    assert_eq!(kinds(&throttled), [THROTTLED; 2]);
    let first = &throttled[0];
    assert_eq!(
        (
            first.get::<u64>(24),
            first.get::<u32>(40),
            first.get::<u16>(52)
        ),
        (3, 2, 1)
    );
    assert_eq!(
        (first.get::<i64>(32), first.0[54]),
        (SECOND_NS as i64 / 2, kind::NEW)
    );
    hall.work();
    hall.told(id);
    hall.say(id, &orders[..2]);
    assert_eq!(
        kinds(&hall.told(id)),
        [kind::ACCEPTED; 2],
        "resends are not counted"
    );
    hall.desk.gone(id, hall.now_ns);
    let (id, _) = hall.enter(1, QUICK, 0, 0);
    hall.say(id, &orders[2..3]);
    assert_eq!(
        kinds(&hall.told(id)),
        [THROTTLED],
        "a new session has no new bucket"
    );
    hall.now_ns += SECOND_NS / 2;
    hall.say(id, &orders[2..]);
    assert_eq!(hall.desk.work.records, orders[2..3]);
    assert_eq!(kinds(&hall.told(id)), [THROTTLED]);
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
fn nonsense_in_any_splits_ends_its_own_session_and_nothing_else() {
    let mut hall = Hall::open(0, 2);
    let (good, _) = hall.enter(1, QUICK, 0, 0);
    let mut state = 88_172_645_463_325_252u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 1..=3_000u64 {
        let (id, nonce) = hall.connect(1);
        if round % 2 == 0 {
            hall.say(id, &[logging_on(&nonce, 2, QUICK, 0, (round % 4) as u8)]);
        }
        for _ in 0..random() % 6 {
            let mut bytes: Vec<u8> = (0..random() % 200).map(|_| random() as u8).collect();
            // Often something that almost makes sense.
            if bytes.len() > 60 && random() % 2 == 0 {
                bytes[16] = (random() % 10) as u8;
                bytes[52..54].copy_from_slice(&2u16.to_le_bytes());
            }
            hall.desk.heard(id, &bytes, hall.now_ns).unwrap();
        }
        hall.told(id);
        hall.desk.gone(id, hall.now_ns);
        hall.work();
        hall.say(good, &[order(1, round, BUY, PRICE, 1)]);
        hall.work();
        let told = hall.told(good);
        assert!(
            told.iter()
                .any(|r| r.kind() == kind::ACCEPTED && r.get::<u64>(24) == round)
        );
    }
    assert_eq!(hall.desk.room.count(), 1, "line 1");
}

//! The door's decisions over the real market, without a socket: log-on, refusals, once only, flow, masks, slow and silent readers.

mod common;

use common::hall::{
    DAY, EPOCH, Hall, SECOND_NS, SECRET, address, kinds, logging_on, parted, repeated,
};
use common::market::{announcement, cancel, of, order, quote};
use evermarket_twin::door::ticket::{sealed, ticket};
use evermarket_twin::door::words::*;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::{flag, kind};

const BUY: u8 = 1;
const PRICE: i64 = 400_000;

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

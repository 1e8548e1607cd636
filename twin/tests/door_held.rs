//! A door that is held for the exchange, and the board of the lines that are in: without a socket, and of real processes.

mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use common::Folder;
use common::hall::{DAY, EPOCH, Hall, SECOND_NS, SECRET, kinds, logging_on, parted};
use common::house::{Core, leave, next, until};
use common::market::{announcement, of, order};
use common::process::number;
use evermarket_twin::door::client::{Asked, Client};
use evermarket_twin::door::readiness::Row;
use evermarket_twin::door::words::*;
use evermarket_twin::records::vocabulary::kind;

const BUY: u8 = 1;
const PRICE: i64 = 400_000;

#[test]
fn a_held_door_lets_in_the_exchange_alone() {
    let mut hall = Hall::open(0, 2);
    hall.desk.held = true;
    let (id, nonce) = hall.connect(1);
    hall.say(id, &[logging_on(&nonce, 1, QUICK, 0, CANCEL_ON_DISCONNECT)]);
    let told = hall.told(id);
    assert_eq!((kinds(&told), told[0].get(40)), (vec![FENCED], EPOCH));
    assert!(hall.desk.room.get(id).unwrap().is_over());
    hall.say(id, &[order(1, 1, BUY, PRICE, 5)]);
    hall.desk.gone(id, hall.now_ns);
    assert!(hall.desk.work.records.is_empty() && hall.desk.room.seated() == 0);
    // Who is no good is told so as ever.
    let mut unproven = logging_on(&nonce, 1, QUICK, 0, 0);
    unproven.put(24, 2u16);
    for (record, why) in [
        (of(HEARTBEAT), parting::BAD_RECORD),
        (unproven, parting::BAD_TICKET),
        (logging_on(&nonce, 1, RESUME, 9_999, 0), parting::AHEAD),
    ] {
        let (id, _) = hall.connect(1);
        hall.say(id, &[record]);
        assert_eq!(parted(&mut hall, id), why);
    }
    let (exchange, logged_on) = hall.enter(0, QUICK, 0, PUBLIC_FLOW);
    assert_eq!(logged_on.epoch, EPOCH);
    hall.say(exchange, &announcement());
    hall.work();
    assert_eq!(hall.told(exchange).len(), 3);
    hall.desk.held = false;
    hall.enter(1, QUICK, 0, 0);
}

/// What is shown of each line.
fn shown(hall: &Hall) -> Vec<(u16, &'static str, String)> {
    let rows = hall.desk.board().into_iter();
    rows.map(|row| (row.line, row.state, row.why)).collect()
}

fn row(hall: &Hall, line: u16) -> Row {
    let mut rows = hall.desk.board().into_iter();
    rows.find(|row| row.line == line)
        .expect("a line that is in")
}

#[test]
fn a_line_is_what_its_member_said_for_as_long_as_it_is_in() {
    let mut hall = Hall::open(0, 2);
    let (id, _) = hall.enter(1, QUICK, 0, 0);
    hall.say(id, &[order(1, 1, BUY, PRICE, 5)]);
    hall.work();
    hall.desk.gone(id, hall.now_ns);
    hall.now_ns += SECOND_NS;
    let (id, logged_on) = hall.enter(1, RESUME, 0, 0);
    let flow = logged_on.flow_position;
    assert_eq!(row(&hall, 1).state, "LOGGED_ON");
    hall.say(id, &[heartbeat(flow - 1, 0, EPOCH)]);
    assert_eq!(row(&hall, 1).state, "LOGGED_ON");
    hall.say(id, &[order(1, 2, BUY, PRICE, 5), heartbeat(flow, 0, EPOCH)]);
    hall.work();
    let caught_up = Row {
        line: 1,
        state: "CAUGHT_UP",
        why: String::new(),
        received: flow,
        flow: flow + 2,
        since_ns: hall.now_ns,
    };
    hall.now_ns += SECOND_NS;
    assert_eq!(
        row(&hall, 1),
        caught_up,
        "what comes later is not asked of it"
    );
    hall.told(id);
    hall.say(id, &[ready(HAND_RAISED, b"no prices \xFFyet\0nor later")]);
    assert!(hall.told(id).is_empty(), "it is not answered");
    let raised = Row {
        state: "HAND_RAISED",
        why: "no prices \u{fffd}yet".into(),
        ..caught_up
    };
    assert_eq!(row(&hall, 1), raised);
    let (exchange, _) = hall.enter(0, QUICK, 0, 0);
    let run = announcement();
    hall.say(
        exchange,
        &[run[0], ready(READY_TO_TRADE, b"go"), run[1], run[2]],
    );
    assert_eq!(hall.desk.work.records, run, "it may stand inside a run");
    hall.work();
    let of_exchange = (0, "READY", "go".to_string());
    let of_one = (1, "HAND_RAISED", raised.why);
    assert_eq!(shown(&hall), [of_exchange.clone(), of_one]);
    hall.say(id, &[ready(READY_TO_TRADE, b"")]);
    assert_eq!(shown(&hall), [of_exchange, (1, "READY", String::new())]);
    hall.desk.gone(exchange, hall.now_ns);
    for code in [0, 3, u16::MAX] {
        hall.say(id, &[ready(code, b"lost")]);
        assert_eq!(parted(&mut hall, id), parting::BAD_RECORD);
        assert!(shown(&hall).is_empty(), "the session is over");
        hall.desk.gone(id, hall.now_ns);
        hall.enter(1, QUICK, 0, 0);
        assert_eq!(row(&hall, 1).state, "LOGGED_ON", "and what it said with it");
    }
    let (early, _) = hall.connect(1);
    hall.say(early, &[ready(READY_TO_TRADE, b"")]);
    assert_eq!(parted(&mut hall, early), parting::BAD_RECORD);
    // With nothing to receive the first sign says so.
    let (id, logged_on) = hall.enter(2, QUICK, 0, 0);
    assert_eq!(
        (logged_on.flow_position, row(&hall, 2).state),
        (0, "LOGGED_ON")
    );
    hall.say(id, &[heartbeat(0, 0, EPOCH)]);
    assert_eq!(row(&hall, 2).state, "CAUGHT_UP");
}

#[test]
fn a_twin_promoted_with_its_door_held_matches_nothing_before_it_is_opened() {
    let folder = Folder::new("held");
    let (mut owner, mut twin) = (Core::new(&folder, "owner"), Core::new(&folder, "twin"));
    owner.match_alone(&[]);
    twin.recover(&owner, &["--name", "twin"]);
    owner.open_market(2);
    assert!(owner.ask("status").contains("\"door\": \"open\""));
    let released = number(&owner.ask("status"), "released");
    until("all of it", || {
        (number(&twin.ask("status"), "position") == released).then_some(())
    });
    owner.child = None;
    for word in ["open", "board"] {
        let refused = twin.ask(word);
        assert!(refused.contains("does not own the market"), "{refused}");
    }
    assert!(
        twin.ask("promote 3 9 hold")
            .contains("\"state\": \"MATCH\"")
    );
    let told = twin.ask("status");
    assert!(told.contains("\"door\": \"held\""), "{told}");
    let refused = until("a door with a challenge", || {
        let refused = twin.try_enter(1, QUICK, 0, 0)?.err()?;
        (refused.get::<u32>(40) == 3).then_some(refused)
    });
    assert_eq!(refused, fenced(3));
    let (mut exchange, _) = twin.enter(0, QUICK, 0, PUBLIC_FLOW);
    exchange.send(&announcement()).unwrap();
    assert_eq!(next(&mut exchange).kind(), kind::TEXT);
    assert!(
        twin.ask("board")
            .contains("\"lines\": {\"0\": {\"state\": ")
    );
    let mut waiting = Client::connect(&twin.door).unwrap();
    for _ in 0..2 {
        assert_eq!(twin.ask("open"), "{\"door\": \"open\"}\n");
        assert!(twin.ask("status").contains("\"door\": \"open\""));
    }
    // Who came before it was opened and says who it is now is let in.
    let asked = Asked {
        line: 2,
        trading_day: DAY,
        position: 0,
        resume: QUICK,
        wish: 0,
    };
    assert!(waiting.log_on(&SECRET, &asked).unwrap().is_ok());
    let (mut member, _) = twin.enter(1, QUICK, 0, 0);
    member.send(&[order(1, 1, BUY, PRICE, 5)]).unwrap();
    assert_eq!(next(&mut member).kind(), kind::ACCEPTED);
    twin.ask("fence 7");
    assert!(
        twin.ask("open").contains("refused"),
        "it lets nobody in any more"
    );
    assert!(twin.ask("board").contains("\"lines\": {}"));
}

#[test]
fn operators_see_how_far_each_line_is() {
    let folder = Folder::new("board");
    let mut owner = Core::new(&folder, "p");
    owner.match_alone(&[]);
    owner.open_market(2);
    until("nobody there", || {
        owner
            .ask("board")
            .starts_with("{\"lines\": {}, \"at_ns\": ")
            .then_some(())
    });
    let now_ns = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64
    };
    let before_ns = now_ns();
    let (mut member, _) = owner.enter(1, QUICK, 0, 0);
    let after_ns = now_ns();
    member.send(&[order(1, 1, BUY, PRICE, 5)]).unwrap();
    let accepted = next(&mut member);
    member
        .send(&[heartbeat(accepted.position(), 0, 2)])
        .unwrap();
    member
        .send(&[ready(
            HAND_RAISED,
            b"\"}]\\\n\x1b[2J\x9b\xC2\x85\xE2\x80\xA8no",
        )])
        .unwrap();
    let told = until("a raised hand", || {
        let told = owner.ask("board");
        told.contains("HAND_RAISED").then_some(told)
    });
    let since_ns = number(&told, "since_ns");
    let (position, at_ns) = (accepted.position(), number(&told, "at_ns"));
    // The door counts by its own clock, which may tick a little otherwise than the wall's.
    let tick_ns = 1_000_000;
    assert!(before_ns - tick_ns <= since_ns && since_ns <= after_ns + tick_ns);
    let why = "\\\"}]\\\\\\n\\u001b[2J\u{fffd}\\u0085\\u2028no";
    assert_eq!(
        told,
        format!(
            "{{\"lines\": {{\"1\": {{\"state\": \"HAND_RAISED\", \"why\": \"{why}\", \"received\": {position}, \
             \"flow\": {position}, \"since_ns\": {since_ns}}}}}, \"at_ns\": {at_ns}}}\n"
        )
    );
    leave(member);
    assert!(owner.ask("board").starts_with("{\"lines\": {}"));
}

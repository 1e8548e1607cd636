//! The members' door of real processes: fences, closing, crowds, nonsense, slow readers.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::Folder;
use common::hall::{Hall, kinds};
use common::house::{Core, next, until};
use common::market::{order, quote};
use evermarket_twin::door::client::Client;
use evermarket_twin::door::mail::{Order, mailbox};
use evermarket_twin::door::shell::{Parts, Shell};
use evermarket_twin::door::words::*;
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::kind;

const PRICE: i64 = 400_000;

#[test]
fn a_fence_over_the_control_socket_ends_everything_at_once_and_a_close_in_good_order() {
    let folder = Folder::new("fence");
    let mut owner = Core::new(&folder, "owner");
    owner.match_alone(&[]);
    owner.open_market(2);
    assert!(owner.ask("fence 2").contains("not above"));
    for bad in [
        "fence",
        "dance",
        "promote 5 1",
        "fence x",
        "require",
        "unrequire b",
    ] {
        assert!(owner.ask(bad).contains("refused"), "{bad}");
    }
    let (mut member, _) = owner.enter(1, QUICK, 0, 0);
    assert!(owner.ask("fence 5").contains("FENCED"));
    let last = member.receive_all().unwrap();
    assert_eq!((kinds(&last), last[0].get::<u32>(40)), (vec![FENCED], 5));
    assert!(owner.ask("fence 6").contains("\"fenced_by\": 6"));
    owner.ask("close");
    let ended = until("an end", || {
        owner.child.as_mut().unwrap().0.try_wait().unwrap()
    });
    assert_eq!(ended.code(), Some(0));

    let mut owner = Core::new(&folder, "closing");
    owner.match_alone(&[]);
    owner.open_market(2);
    let (mut member, _) = owner.enter(1, QUICK, 0, 0);
    let many: Vec<Record> = (1..=5_000).map(|id| order(1, id, 1, PRICE, 5)).collect();
    member.send(&many).unwrap();
    assert_eq!(next(&mut member).kind(), kind::ACCEPTED);
    owner.ask("close");
    let told = member.receive_all().unwrap();
    let last = told.last().unwrap();
    assert_eq!((last.kind(), last.code()), (LOG_OFF, parting::CLOSING));
    let ended = until("an end", || {
        owner.child.as_mut().unwrap().0.try_wait().unwrap()
    });
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn five_hundred_lines_at_once_and_nonsense_between_them() {
    let folder = Folder::new("crowd");
    let mut owner = Core::new(&folder, "owner");
    owner.match_alone(&["--rate", "1000", "--heartbeat-ms", "10000"]);
    owner.open_market(500);
    let mut crowd: Vec<(u16, Client)> = (1..=500)
        .map(|line| (line, owner.enter(line, QUICK, 0, 0).0))
        .collect();
    let mut noise: Vec<TcpStream> = Vec::new();
    for round in 1..=5u64 {
        for (line, client) in &mut crowd {
            client
                .send(&[order(*line, round, 1, 100 * i64::from(*line), 1)])
                .unwrap();
        }
        for i in 0..20u64 {
            // Half a record, a whole one of nonsense, one that never says a word, one that hangs up.
            let mut line = TcpStream::connect(&owner.door).unwrap();
            let size = [30, 64, 0, 1_000][i as usize % 4];
            let _ = line.write_all(&vec![(round * 31 + i) as u8; size]);
            if i % 8 < 4 {
                noise.push(line);
            } else {
                let _ = line.shutdown(Shutdown::Both);
            }
        }
        for (line, client) in &mut crowd {
            let told = next(client);
            assert_eq!(
                (told.kind(), told.get::<u64>(24)),
                (kind::ACCEPTED, round),
                "line {line}"
            );
        }
    }
    for (i, line) in noise.iter_mut().enumerate() {
        let mut told = Vec::new();
        line.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        line.read_to_end(&mut told).unwrap();
        let last: [u8; 64] = told[told.len() - 64..].try_into().unwrap();
        let why = [
            parting::LATE,
            parting::BAD_RECORD,
            parting::LATE,
            parting::BAD_RECORD,
        ][i % 4];
        assert_eq!((last[16], Record(last).code()), (LOG_OFF, why), "noise {i}");
    }
    let (line, client) = &mut crowd[7];
    client.send(&[quote(*line, 99, 100, 200)]).unwrap();
    let told: Vec<u8> = (0..3).map(|_| next(client).kind()).collect();
    assert_eq!(told, [kind::QUOTED, kind::ACCEPTED, kind::ACCEPTED]);
}

#[test]
fn who_stops_reading_is_cut_off_and_others_are_served() {
    let folder = Folder::new("slow");
    let mut owner = Core::new(&folder, "owner");
    owner.match_alone(&["--heartbeat-ms", "60000"]);
    owner.open_market(2);
    let (slow, _) = owner.enter(1, QUICK, 0, 0);
    let mut writing = slow.stream.try_clone().unwrap();
    let sent = thread::spawn(move || {
        let mut id = 1;
        let block: Vec<u8> = Vec::with_capacity(64 * 1_000);
        loop {
            let mut block = block.clone();
            for _ in 0..1_000 {
                block.extend_from_slice(&common::market::cancel(1, id, 999_999).0);
                id += 1;
            }
            if writing.write_all(&block).is_err() {
                return id;
            }
        }
    });
    let id = sent.join().unwrap();
    assert!(id > 100_000, "{id}");
    let (mut other, _) = owner.enter(2, QUICK, 0, 0);
    other.send(&[order(2, 1, 1, PRICE, 5)]).unwrap();
    assert_eq!(next(&mut other).kind(), kind::ACCEPTED);
    drop(slow);
    let (mut again, logged_on) = owner.enter(1, RESTART, 0, 0);
    let flow: Vec<Record> = (0..logged_on.last_id.min(100_000))
        .map(|_| next(&mut again))
        .collect();
    let ids = flow.iter().map(|record| record.get::<u64>(24));
    assert!(
        ids.eq(1..=flow.len() as u64),
        "the flow is there when it comes back"
    );
}

#[test]
fn a_full_house_says_so_and_has_room_again_when_somebody_leaves() {
    let (mailbox, bell) = mailbox().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shell = Shell::new(Parts {
        listener,
        mailbox: mailbox.clone(),
        bell,
        works: Arc::default(),
        connections_max: 2,
    });
    let running = thread::spawn(move || shell.unwrap().run());
    assert_eq!(Client::connect(address).unwrap().greeting.kind(), FENCED);
    mailbox.put(Order::Own(Box::new(Hall::new(0).desk)));
    until("a desk", || {
        let client = Client::connect(address).unwrap();
        (client.greeting.kind() == CHALLENGE).then_some(())
    });
    let mut two: Vec<Client> = Vec::new();
    until("two at once", || {
        let client = Client::connect(address).unwrap();
        if client.greeting.kind() == CHALLENGE {
            two.push(client);
        }
        (two.len() == 2).then_some(())
    });
    let third = Client::connect(address).unwrap().greeting;
    assert_eq!((third.kind(), third.code()), (LOG_OFF, parting::FULL));
    two.pop();
    until("room", || {
        let client = Client::connect(address).unwrap();
        (client.greeting.kind() == CHALLENGE).then_some(())
    });
    mailbox.put(Order::Close);
    assert!(running.join().unwrap().is_ok());
}

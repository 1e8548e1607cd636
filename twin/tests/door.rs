//! The members' door of real processes: from follower to owner, followers and readers of the owned journal, fences, crowds, nonsense.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::Folder;
use common::hall::kinds;
use common::house::{Core, leave, next, until};
use common::market::order;
use common::process::number;
use evermarket_twin::door::client::Client;
use evermarket_twin::door::words::*;
use evermarket_twin::journal::bytes::{bytes_mut, position};
use evermarket_twin::modes::pipe::{Request, head};
use evermarket_twin::modes::wire::{FOLLOW, FRAMES, HEADER, REFUSED};
use evermarket_twin::records::Record;
use evermarket_twin::records::vocabulary::{flag, kind};

const PRICE: i64 = 400_000;

/// What a member keeps: the last position it has, all it was told, what it sent and has no outcome of.
struct Member {
    line: u16,
    flow: Vec<Record>,
    window: Vec<Record>,
    next_id: u64,
}

impl Member {
    fn take(&mut self, record: Record) {
        match record.kind() {
            HEARTBEAT => {}
            kind::ACCEPTED..=kind::MASS_CANCELLED => {
                let id: u64 = record.get(24);
                if record.kind() != kind::TRADED {
                    self.window.retain(|sent| sent.get::<u64>(24) != id);
                }
                if record.position() > self.last() {
                    self.flow.push(record);
                } else {
                    assert!(record.flags() & REPEAT != 0, "told twice: {record:?}");
                }
            }
            other => panic!("line {}: kind {other} code {}", self.line, record.code()),
        }
    }

    fn last(&self) -> u64 {
        self.flow.last().map_or(0, Record::position)
    }

    /// Trades until the connection breaks, or `many` commands are answered.
    fn trade(&mut self, client: &mut Client, many: u64) {
        let end = self.next_id + many;
        while self.next_id < end || !self.window.is_empty() {
            if self.next_id < end && self.window.len() < 8 {
                let id = self.next_id;
                let side = 1 + ((u64::from(self.line) + id) % 2) as u8;
                let new = order(self.line, id, side, PRICE, 1 + id as u32 % 7);
                self.next_id += 1;
                self.window.push(new);
                if client.send(&[new]).is_err() {
                    return;
                }
                continue;
            }
            match client.receive() {
                Ok(record) => self.take(record),
                Err(_) => return,
            }
        }
    }
}

#[test]
fn members_find_the_twin_and_miss_nothing() {
    let folder = Folder::new("switch");
    let (mut owner, mut twin) = (Core::new(&folder, "owner"), Core::new(&folder, "twin"));
    owner.match_alone(&[]);
    twin.recover(&owner, &["--name", "twin"]);
    owner.open_market(50);
    until("a follower", || {
        owner
            .ask("require twin")
            .contains("\"required\": true")
            .then_some(())
    });
    until("an epoch", || {
        let refused = Client::connect(&twin.door).unwrap().greeting;
        assert_eq!(refused.kind(), FENCED);
        (refused.get::<u32>(40) == 2).then_some(())
    });
    static KILLED: AtomicBool = AtomicBool::new(false);
    let mut members: Vec<Member> = (1..=50)
        .map(|line| Member {
            line,
            flow: Vec::new(),
            window: Vec::new(),
            next_id: 1,
        })
        .collect();
    let twin = thread::scope(|scope| {
        for member in &mut members {
            let (first, second) = (owner.door.clone(), twin.door.clone());
            scope.spawn(move || live(member, &[first, second], &KILLED));
        }
        thread::sleep(Duration::from_millis(700));
        owner.child = None;
        KILLED.store(true, Ordering::SeqCst);
        let told = twin.ask("promote 3 9");
        println!("{told}");
        assert!(told.contains("\"state\": \"MATCH\""), "{told}");
        twin
    });
    let sent: u64 = members.iter().map(|member| member.next_id - 1).sum();
    println!("{sent} orders");
    for member in &mut members {
        assert!(
            member.window.is_empty() && member.next_id > 40,
            "line {}",
            member.line
        );
        let (client, logged_on) = twin.enter(member.line, RESTART, 0, 0);
        assert_eq!(
            (logged_on.last_id, logged_on.epoch),
            (member.next_id - 1, 3)
        );
        let mut again = client;
        let unmarked = |mut record: Record| {
            record.0[17] &= !REPEAT;
            record
        };
        let own: Vec<Record> = member.flow.iter().copied().map(unmarked).collect();
        let whole: Vec<Record> = own.iter().map(|_| unmarked(next(&mut again))).collect();
        assert_eq!(kinds(&own), kinds(&whole), "line {}", member.line);
        assert!(
            own == whole,
            "what was told across the switch is the flow, without a gap"
        );
        let ids: Vec<u64> = own
            .iter()
            .filter(|r| r.kind() == kind::ACCEPTED)
            .map(|r| r.get(24))
            .collect();
        assert!(ids.iter().copied().eq(1..member.next_id), "each order once");
        leave(again);
    }
    assert!(twin.ask("status").contains("\"state\": \"MATCH\""));
}

/// Trades, and after a switch goes on at whichever address lets it in.
fn live(member: &mut Member, addresses: &[String], killed: &AtomicBool) {
    let mut after = 0;
    while after < 2 {
        let mut entered = None;
        for address in addresses {
            let core = Core {
                door: address.clone(),
                folder: Default::default(),
                lines: String::new(),
                control: Default::default(),
                child: None,
            };
            let (resume, last) = (RESUME, member.last());
            entered = entered.or_else(|| core.try_enter(member.line, resume, last, 0)?.ok());
        }
        let Some((mut client, logged_on)) = entered else {
            thread::sleep(Duration::from_millis(2));
            continue;
        };
        if logged_on.epoch == 3 {
            assert!(killed.load(Ordering::SeqCst));
            after += 1;
        }
        let mut again = member.window.clone();
        again
            .iter_mut()
            .for_each(|record| record.0[17] |= flag::POSS_RESEND);
        if client.send(&again).is_ok() {
            member.trade(&mut client, if logged_on.epoch == 3 { 20 } else { 100_000 });
        }
        if logged_on.epoch == 3 {
            // The rest of the flow: what others' orders did to ours until all are done.
            let _ = client
                .stream
                .set_read_timeout(Some(Duration::from_millis(300)));
            while let Ok(record) = client.receive() {
                member.take(record);
            }
            client
                .stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            client.send(&[log_off(parting::MEMBER)]).unwrap();
            for record in client.receive_all().unwrap() {
                if record.kind() != LOG_OFF {
                    member.take(record);
                }
            }
        }
    }
}

#[test]
fn a_follower_that_counts_holds_release_and_a_reader_sees_only_what_is_released() {
    let folder = Folder::new("count");
    let mut owner = Core::new(&folder, "owner");
    owner.match_alone(&["--heartbeat-ms", "60000"]);
    owner.open_market(2);
    assert!(
        owner
            .ask("require nobody")
            .contains("no follower nobody is connected")
    );
    let follow = |name: &str, reader: u64| {
        let mut line = TcpStream::connect(&owner.lines).unwrap();
        let mut hello = head(FOLLOW, 32 + name.len() as u32, 0, 0, reader).to_vec();
        hello.extend_from_slice(&[0; 32]);
        hello.extend_from_slice(name.as_bytes());
        line.write_all(&hello).unwrap();
        let header = Request::read(&mut line).unwrap().unwrap();
        assert_eq!((header.op, header.payload_bytes), (HEADER, 64));
        let mut record = [0; 64];
        line.read_exact(&mut record).unwrap();
        line
    };
    let (mut follower, mut reader) = (follow("b", 0), follow("r", 1));
    // Reads frames until this position is there.
    fn read_to(line: &mut TcpStream, wanted: u64) -> u64 {
        let mut last = 0;
        while last < wanted {
            let message = Request::read(line).unwrap().unwrap();
            let mut records = vec![Record::ZERO; message.payload_bytes as usize / 64];
            line.read_exact(bytes_mut(&mut records)).unwrap();
            if message.op == FRAMES {
                last = records.iter().map(position).max().unwrap();
            }
        }
        last
    }
    let opened = number(&owner.ask("status"), "released");
    assert_eq!(read_to(&mut follower, opened), opened);
    assert_eq!(read_to(&mut reader, opened), opened);
    assert!(owner.ask("require b").contains("\"required\": true"));
    let (mut member, _) = owner.enter(1, QUICK, 0, 0);
    member.send(&[order(1, 1, 1, PRICE, 5)]).unwrap();
    assert_eq!(
        read_to(&mut follower, opened + 2),
        opened + 2,
        "it is sent at once"
    );
    let told = owner.ask("status");
    assert_eq!(
        (number(&told, "position"), number(&told, "released")),
        (opened + 2, opened)
    );
    let short = Some(Duration::from_millis(150));
    member.stream.set_read_timeout(short).unwrap();
    assert!(
        member.receive().is_err(),
        "nothing is told before all that count have it"
    );
    reader.set_read_timeout(short).unwrap();
    let end = Instant::now() + Duration::from_millis(150);
    while Instant::now() < end {
        let message = Request::read(&mut reader).unwrap().unwrap();
        assert_ne!(message.op, FRAMES, "a reader sees only what is released");
    }
    follower.write_all(&head(21, 0, opened + 2, 2, 1)).unwrap();
    member
        .stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    reader
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(member.receive().unwrap().kind(), kind::ACCEPTED);
    assert_eq!(read_to(&mut reader, opened + 2), opened + 2);
    // Dropped, it is not waited for.
    member.send(&[order(1, 2, 1, PRICE, 5)]).unwrap();
    read_to(&mut follower, opened + 4);
    assert!(owner.ask("unrequire b").contains("\"required\": false"));
    assert_eq!(member.receive().unwrap().get::<u64>(24), 2);
    // A follower that has promised a higher epoch ends this one.
    let why = "epoch 9 is promised";
    follower
        .write_all(
            &[
                &head(REFUSED, why.len() as u32, 0, 9, 0)[..],
                why.as_bytes(),
            ]
            .concat(),
        )
        .unwrap();
    let fenced = next(&mut member);
    assert_eq!((fenced.kind(), fenced.get::<u32>(40)), (FENCED, 9));
    assert!(
        member.receive_all().unwrap().is_empty(),
        "and the connection ends"
    );
    assert_eq!(Client::connect(&owner.door).unwrap().greeting, fenced);
    let told = owner.ask("status");
    assert!(
        told.contains("\"state\": \"FENCED\"") && number(&told, "fenced_by") == 9,
        "{told}"
    );
    let line = TcpStream::connect(&owner.lines).unwrap();
    let mut line = line;
    line.write_all(&[&head(FOLLOW, 32, 0, 0, 0)[..], &[0; 32]].concat())
        .unwrap();
    let mut ops = Vec::new();
    while let Ok(Some(message)) = Request::read(&mut line) {
        let mut skipped = vec![0; message.payload_bytes as usize];
        line.read_exact(&mut skipped).unwrap();
        ops.push((message.op, message.b));
    }
    assert_eq!(ops.last(), Some(&(REFUSED, 9)));
}

#[test]
fn whoever_knows_a_later_epoch_is_told_that_this_core_owns_no_market() {
    let folder = Folder::new("later");
    let mut owner = Core::new(&folder, "owner");
    owner.match_alone(&[]);
    owner.open_market(2);
    for (epoch, b, c) in [(1, 0, 0), (3, 3, 1)] {
        let mut line = TcpStream::connect(&owner.lines).unwrap();
        let hello = head(FOLLOW, 32, 1_000_000, epoch, 1);
        line.write_all(&[&hello[..], &[7; 32]].concat()).unwrap();
        let told = Request::read(&mut line).unwrap().unwrap();
        assert_eq!((told.op, told.b, told.c), (REFUSED, b, c), "epoch {epoch}");
    }
}

#[test]
fn a_promise_of_the_follower_fences_the_owner_and_its_tail_is_executed_by_the_twin_alone() {
    let folder = Folder::new("promise");
    let (mut owner, mut twin) = (Core::new(&folder, "owner"), Core::new(&folder, "twin"));
    owner.match_alone(&[]);
    twin.recover(&owner, &["--name", "twin"]);
    owner.open_market(1);
    until("a follower", || {
        let counts = owner.ask("require twin").contains("\"required\": true");
        counts.then_some(())
    });
    let (mut member, _) = owner.enter(1, QUICK, 0, 0);
    let (told, lost) = (order(1, 1, 1, PRICE, 5), order(1, 2, 1, PRICE, 7));
    member.send(&[told]).unwrap();
    let accepted = next(&mut member);
    assert_eq!(accepted.kind(), kind::ACCEPTED);
    assert!(twin.ask("promise 4").contains("\"promised\": 4"));
    member.send(&[lost]).unwrap();
    let fenced = next(&mut member);
    assert_eq!((fenced.kind(), fenced.get::<u32>(40)), (FENCED, 4));
    let promoted = twin.ask("promote 4 9");
    assert!(promoted.contains("\"state\": \"MATCH\""), "{promoted}");
    let (mut member, logged_on) = until("a door that lets in", || {
        twin.try_enter(1, RESUME, accepted.position(), 0)?.ok()
    });
    assert_eq!((logged_on.last_id, logged_on.epoch), (1, 4));
    assert_eq!(logged_on.flow_position, accepted.position());
    let mut again = lost;
    again.0[17] |= flag::POSS_RESEND;
    member.send(&[again]).unwrap();
    let outcome = next(&mut member);
    assert_eq!(
        (outcome.kind(), outcome.get::<u64>(24)),
        (kind::ACCEPTED, 2)
    );
    leave(member);
}

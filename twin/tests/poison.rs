//! A command that an owner worked and the twin cannot: told, followed on, kept from promotion, refused at the own door.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use common::process::{Killed, ask, number, refusals, text, twin};
use common::{Folder, Primary, batch, command, journal};
use evermarket_twin::journal::bytes::{hex, position, put};
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::guard::{GUARDED, SWITCHED_OFF};
use evermarket_twin::modes::pipe::RUN;
use evermarket_twin::modes::plant::load;
use evermarket_twin::modes::toy::POISON_QTY;
use evermarket_twin::records::Record;

fn poison(id: u64) -> Record {
    let mut record = command(1, id, 1);
    put(&mut record, 40, &POISON_QTY.to_le_bytes());
    record
}

/// The owner works the poison as if it were any order; where it stands, and its bytes.
fn survive(primary: &mut Primary) -> Record {
    let mut records = Vec::new();
    let time = i64::try_from(primary.batches * 10).unwrap();
    primary
        .core
        .run(&[command(1, 900_000, time)], &mut records)
        .unwrap();
    for record in &mut records {
        put(record, 40, &POISON_QTY.to_le_bytes());
    }
    let order = records[0];
    let digest = primary.core.digest();
    primary.writer.append_block(&mut records, digest).unwrap();
    primary.writer.sync().unwrap();
    order
}

fn control(socket: &Path, words: &str) -> String {
    let mut line = dial(|| UnixStream::connect(socket));
    writeln!(line, "{words}").unwrap();
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer).unwrap();
    answer
}

fn dial<T>(connect: impl Fn() -> std::io::Result<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match connect() {
            Ok(line) => return line,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_order_that_the_twin_cannot_work_is_told_and_does_not_stop_it() {
    let folder = Folder::new("poison");
    let at = |name: &str| folder.path().join(name);
    let (owner, own, socket) = (at("owner"), at("own"), at("control"));
    let mut primary = journal(&owner, 20);
    let order = survive(&mut primary);
    for _ in 0..20 {
        primary.step().unwrap();
    }
    let end = primary.writer.cursor().position;
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    drop(door);
    let words = [
        "recover",
        text(&own),
        "--file",
        text(&owner),
        "--control",
        text(&socket),
        "--listen",
        &address,
        "--off",
        "mass-cancel",
        "--size-units",
        "1",
    ];
    let mut child = Killed(twin(&words).stderr(Stdio::piped()).spawn().unwrap());
    let told = BufReader::new(child.0.stderr.take().unwrap());
    let alarm = told
        .lines()
        .map(|line| line.unwrap())
        .find(|line| line.contains("\"alarm\""))
        .unwrap();
    assert!(alarm.contains("\"name\": \"panic\""), "{alarm}");
    assert!(alarm.contains("\"verdict\": \"twin\""), "{alarm}");
    assert_eq!(number(&alarm, "position"), position(&order), "{alarm}");
    assert!(alarm.contains(&hex(&order.0)), "{alarm}");
    while number(&control(&socket, "status"), "position") < end {}
    assert_eq!(
        load(&own).unwrap().1,
        load(&owner).unwrap().1,
        "followed on"
    );
    let refused = control(&socket, &format!("promote 2 7 {end}"));
    assert!(
        refused.contains("not clean") && refused.contains("panic"),
        "{refused}"
    );
    let forced = control(&socket, &format!("promote 2 7 {end} force"));
    assert!(forced.contains("\"state\": \"MATCH\""), "{forced}");
    refused_at_the_door(&address);
    drop(child);
}

/// The same order again, a feature switched off, and neighbours that are worked.
fn refused_at_the_door(address: &str) {
    let mut line = dial(|| std::net::TcpStream::connect(address));
    let commands = [
        command(1, 1, 0),
        poison(2),
        command(6, 3, 0),
        command(4, 4, 0),
    ];
    let (reply, stream) = ask(&mut line, RUN, &commands);
    assert_eq!(reply.op, 0);
    assert_eq!(refusals(&stream), [GUARDED, SWITCHED_OFF]);
    assert_eq!(ask(&mut line, RUN, &batch(1)).0.op, 0);
}

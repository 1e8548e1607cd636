//! The real binary: exit codes, kill -9 while it follows, promotion, poison, the doors.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::process::{Killed, ask, code, done, ended, number, piped, refusals, text, twin};
use common::{Folder, batch, journal};
use evermarket_twin::journal::bytes::bytes;
use evermarket_twin::modes::pipe::{DEPTH, FRESH, RUN};
use evermarket_twin::modes::plant::{load, plant, store};
use evermarket_twin::modes::toy::POISON_QTY;
use evermarket_twin::records::Record;

#[test]
fn exit_codes_say_how_it_went() {
    let folder = Folder::new("codes");
    let at = |name: &str| folder.path().join(name);
    drop(journal(&at("good"), 20));
    let (day, frames) = load(&at("good")).unwrap();
    for (name, fault) in [("different", "wrong_price"), ("broken", "flipped_bit")] {
        let mut planted = frames.clone();
        plant(&mut planted, fault, 4).unwrap();
        store(&at(name), day, &planted).unwrap();
    }
    let rows = [
        ("--help", 0),
        ("", 2),
        ("dance", 2),
        ("replay", 2),
        ("pipe --off everything", 2),
        ("replay GOOD", 0),
        ("replay GOOD --no-compare --threads 1", 0),
        ("replay DIFFERENT", 3),
        ("replay BROKEN", 4),
        ("replay NOTHING", 4),
        ("match NOTHING --epoch 2 --owner 1", 4),
        ("recover GOOD --file GOOD", 2),
        ("recover GOOD", 2),
        ("bench NOTHING", 4),
    ];
    for (line, expected) in rows {
        let path = |word: &str| match word {
            "GOOD" | "DIFFERENT" | "BROKEN" | "NOTHING" => {
                text(&at(&word.to_lowercase())).to_string()
            }
            word => word.to_string(),
        };
        let words: Vec<String> = line.split_whitespace().map(path).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(code(&words), expected, "{words:?}: {:?}", done(&words));
    }
    for (name, expected) in [("good", 0), ("different", 3), ("broken", 4)] {
        let (own, owner, status) = (at(&format!("own-{name}")), at(name), at("status"));
        let words = [
            "recover",
            text(&own),
            "--file",
            text(&owner),
            "--once",
            "--status",
            text(&status),
            "--size-units",
            "1",
        ];
        assert_eq!(code(&words), expected, "{name}");
        let told = std::fs::read_to_string(&status).unwrap();
        assert!(
            told.contains(&format!("\"clean\": {}", expected == 0)),
            "{told}"
        );
    }
    let planted = done(&[
        "plant",
        text(&at("good")),
        text(&at("planted")),
        "--fault",
        "lost_event",
    ]);
    assert_eq!(planted.status.code(), Some(0));
    assert_eq!(code(&["replay", text(&at("planted"))]), 3);
}

#[test]
fn killed_at_any_moment_it_comes_back_and_has_every_block() {
    let folder = Folder::new("kill");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let mut primary = journal(&owner, 1);
    static OVER: AtomicBool = AtomicBool::new(false);
    let writing = thread::spawn(move || {
        while !OVER.load(Ordering::Relaxed) {
            primary.step().unwrap();
        }
    });
    let words = [
        "recover",
        text(&own),
        "--file",
        text(&owner),
        "--size-units",
        "1",
    ];
    for life in 0..25u64 {
        let child = Killed(twin(&words).stderr(Stdio::null()).spawn().unwrap());
        thread::sleep(Duration::from_millis(3 + life * 7 % 60));
        drop(child);
    }
    OVER.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    let last = done(&[&words[..], &["--once"]].concat());
    assert_eq!(
        last.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&last.stderr)
    );
    assert_eq!(load(&own).unwrap().1, load(&owner).unwrap().1);
    assert_eq!(code(&["replay", text(&own)]), 0);
}

#[test]
fn the_pipe_answers_until_its_input_ends() {
    let (child, mut pipe) = piped(&["pipe"]);
    let (reply, stream) = ask(&mut pipe, RUN, &batch(0));
    assert_eq!((reply.op, reply.a as usize * 64), (0, stream.len()));
    assert_eq!(ask(&mut pipe, DEPTH, &[]).0.op, 0);
    let (reply, stream) = ask(&mut pipe, FRESH, &[]);
    assert_eq!((reply.op, reply.a, stream.len()), (0, 0, 0));
    let large: Vec<Record> = (0..20_000)
        .map(|i| common::command(1, i, i as i64))
        .collect();
    let (reply, stream) = ask(&mut pipe, RUN, &large);
    assert_eq!((reply.op, reply.a as usize * 64), (0, stream.len()));
    assert_eq!(ended(child, pipe), Some(0));
}

#[test]
fn an_owner_journals_what_it_answers_poison_and_switched_off_included() {
    let folder = Folder::new("match");
    let own = folder.path().join("own");
    drop(journal(&own, 20));
    for (epoch, threads) in [("2", "1"), ("3", "2")] {
        let words = [
            "match",
            text(&own),
            "--epoch",
            epoch,
            "--owner",
            "7",
            "--off",
            "mass-cancel",
            "--threads",
            threads,
        ];
        let (child, mut pipe) = piped(&words);
        let mut poison = common::command(1, 1, 0);
        poison.0[40..44].copy_from_slice(&POISON_QTY.to_le_bytes());
        let commands = [
            common::command(1, 1, 0),
            poison,
            common::command(6, 2, 0),
            common::command(4, 3, 0),
        ];
        let (reply, stream) = ask(&mut pipe, RUN, &commands);
        assert_eq!(reply.op, 0);
        let records: Vec<Record> = stream
            .chunks(64)
            .map(|r| Record(r.try_into().unwrap()))
            .collect();
        assert_eq!(
            refusals(&stream),
            [5, 4],
            "the poison is guarded, the mass cancel switched off"
        );
        let times: Vec<i64> = records
            .iter()
            .map(|r| i64::from_le_bytes(r.0[8..16].try_into().unwrap()))
            .collect();
        assert!(times.is_sorted() && times[0] > 1_600_000_000_000_000_000);
        let (reply, why) = ask(&mut pipe, FRESH, &[]);
        assert_eq!(
            (reply.op, String::from_utf8(why).unwrap()),
            (1, "a market that is owned is not emptied".into())
        );
        assert_eq!(ask(&mut pipe, DEPTH, &[]).0.op, 0);
        assert_eq!(ended(child, pipe), Some(0));
        assert_eq!(
            code(&["replay", text(&own)]),
            0,
            "epoch {epoch}: its own journal compares equal"
        );
    }
    let again = ["match", text(&own), "--epoch", "3", "--owner", "7"];
    assert_eq!(code(&again), 4, "one life, one epoch");
    let ahead = [
        "match",
        text(&own),
        "--epoch",
        "9",
        "--owner",
        "7",
        "--position",
        "99999",
    ];
    let refused = done(&ahead);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("are missing"),
        "{refused:?}"
    );
}

fn control(socket: &Path, words: &str) -> String {
    let until = Instant::now() + Duration::from_secs(10);
    let mut line = loop {
        match UnixStream::connect(socket) {
            Ok(line) => break line,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    writeln!(line, "{words}").unwrap();
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer).unwrap();
    answer
}

fn dial(address: &str) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(address) {
            Ok(line) => return line,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn promoted_while_following_it_goes_on_where_the_owner_ended() {
    let folder = Folder::new("promote");
    let (owner, own, socket) = (
        folder.path().join("owner"),
        folder.path().join("own"),
        folder.path().join("control"),
    );
    let primary = journal(&owner, 150);
    let position = primary.writer.cursor().position;
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let words = [
        "recover",
        text(&own),
        "--file",
        text(&owner),
        "--control",
        text(&socket),
        "--listen",
        &port,
        "--size-units",
        "1",
    ];
    let child = Killed(twin(&words).stderr(Stdio::null()).spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(10);
    while number(&control(&socket, "status"), "position") < position {
        assert!(Instant::now() < until);
    }
    assert!(
        control(&socket, &format!("promote 2 7 {}", position + 5))
            .contains("5 records behind position")
    );
    assert!(control(&socket, "promise 2").contains("\"promised\": 2"));
    assert!(control(&socket, "promise 2").contains("refused"));
    assert!(control(&socket, "promote 1 7").contains("is not above"));
    let held = control(&socket, &format!("promote 2 7 {position} hold"));
    assert!(held.contains("no members' door"), "{held}");
    let answer = control(&socket, &format!("promote 2 7 {position}"));
    assert!(answer.contains("\"state\": \"MATCH\""), "{answer}");
    println!("promoted in {} us", number(&answer, "promote_us"));
    let mut lines: Vec<TcpStream> = (0..3).map(|_| dial(&port)).collect();
    let mut last = position;
    for round in 0..30 {
        let (reply, stream) = ask(&mut lines[round % 3], RUN, &batch(round as u64));
        assert_eq!((reply.op, reply.a), (0, last + stream.len() as u64 / 64));
        last = reply.a;
        // An owner without a members' door answers the same socket.
        let told = control(&socket, "status");
        assert_eq!(
            ["epoch", "promised", "position", "released", "live"].map(|name| number(&told, name)),
            [2, 2, last, last, reply.c]
        );
        for part in [
            format!("\"digest\": \"{:016x}\"", reply.b),
            "\"state\": \"MATCH\"".into(),
            "\"clean\": true".into(),
            "\"sessions\": 0, \"connections\": 0, \"door\": null".into(),
        ] {
            assert!(told.contains(&part), "{part}: {told}");
        }
    }
    for word in ["close", "open", "board"] {
        assert!(control(&socket, word).contains("refused"), "{word}");
    }
    assert!(control(&socket, "promote 9 7").contains("owns the market already"));
    drop(child);
    let replayed = done(&["replay", text(&own)]);
    let told = String::from_utf8(replayed.stdout).unwrap();
    assert_eq!(
        (replayed.status.code(), number(&told, "position")),
        (Some(0), last),
        "{told}"
    );
}

#[test]
fn bench_measures_and_writes_the_stream() {
    let folder = Folder::new("bench");
    let (file, out) = (
        folder.path().join("commands.bin"),
        folder.path().join("stream.bin"),
    );
    let commands: Vec<Record> = (0..5_000)
        .map(|i| common::command(1, i, i as i64))
        .collect();
    std::fs::write(&file, bytes(&commands)).unwrap();
    for more in [
        &["--threads", "1"][..],
        &["--sealed"],
        &["--threads", "2"],
        &["--threads", "3"],
    ] {
        let words = [
            &[
                "bench",
                text(&file),
                "--opening",
                text(&file),
                "--runs",
                "2",
                "--out",
                text(&out),
            ],
            more,
        ]
        .concat();
        let measured = done(&words);
        let line = String::from_utf8(measured.stdout).unwrap();
        assert_eq!(
            (number(&line, "messages"), number(&line, "live")),
            (5_000, 10_000),
            "{line}"
        );
        assert_eq!(std::fs::metadata(&out).unwrap().len() % 64, 0);
    }
}

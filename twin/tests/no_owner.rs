//! The other end of a line is no owner yet, or none any more: nothing is held against it, and it is followed once it is one.

mod common;

use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::house::until;
use common::{Folder, QuickDisk, journal};
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::feed;
use evermarket_twin::modes::follow::{Follower, Settings, Step};
use evermarket_twin::modes::pipe::{Request, head, write_whole};
use evermarket_twin::modes::source::FolderSource;
use evermarket_twin::modes::status::Teller;
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::modes::wire::{LineSource, REFUSED};

fn open(own: &Path) -> Follower<Toy> {
    let settings = Settings {
        folder: own.to_owned(),
        disk: Arc::new(QuickDisk),
        size_units: 1,
        silence: Duration::from_millis(200),
        off: Off::default(),
        door: None,
        settlement: None,
    };
    Follower::open(settings, Toy::new(), Teller::quiet()).unwrap()
}

/// Steps until `done`.
fn go_on(
    follower: &mut Follower<Toy>,
    line: &mut LineSource,
    done: impl Fn(&Follower<Toy>) -> bool,
) {
    let (mut raw, end) = (Vec::new(), Instant::now() + Duration::from_secs(20));
    while !done(follower) {
        assert!(Instant::now() < end, "{:?}", follower.state());
        assert_ne!(follower.step(line, &mut raw).unwrap(), Step::Again);
    }
}

/// Ends every line without a word, or with a refusal of these b and c, until nobody reads any more where they ask to begin.
fn no_owner(ending: Option<(u64, u64)>) -> (TcpListener, String, Receiver<u64>) {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    let (tell, places) = channel();
    let listening = door.try_clone().unwrap();
    thread::spawn(move || {
        for line in listening.incoming() {
            let mut line: TcpStream = line.unwrap();
            let Ok(Some(hello)) = Request::read(&mut line) else {
                continue;
            };
            let mut chain = [0; 32];
            line.read_exact(&mut chain).unwrap();
            if let Some((b, c)) = ending {
                let head = head(REFUSED, 12, 0, b, c);
                write_whole(&mut line, &head, b"not an owner").unwrap();
            }
            let _ = line.shutdown(Shutdown::Both);
            if tell.send(hello.a).is_err() {
                return;
            }
        }
    });
    (door, address, places)
}

/// Feeds `owner` from this door, whoever listens there besides.
fn becomes_owner(door: TcpListener, owner: &Path) {
    let owner = owner.to_owned();
    thread::spawn(move || feed::serve(&owner, &door));
}

#[test]
fn an_owner_that_hangs_up_without_a_word_is_silent_and_nothing_else() {
    let folder = Folder::new("mute");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let end = journal(&owner, 30).writer.cursor();
    let (door, address, places) = no_owner(None);
    let mut follower = open(&own);
    let mut line = LineSource::new(&address, follower.cursor());
    go_on(&mut follower, &mut line, |f| f.state().silent);
    let alarm = follower.teller().first_alarm().unwrap().to_string();
    assert!(alarm.contains("\"silence\""), "{alarm}");
    assert!(follower.eligible() && places.try_iter().all(|at| at == 0));
    drop(places);
    becomes_owner(door, &owner);
    go_on(&mut follower, &mut line, |f| f.cursor() == end);
    assert!(follower.eligible());
    assert_eq!(follower.teller().alarms(), 1, "nothing was held against it");
}

#[test]
fn a_refusal_of_who_owns_no_market_spoils_nothing_and_the_place_is_kept() {
    for (n, refusal) in [(0, 1), (9, 0), (9, 1)].into_iter().enumerate() {
        let folder = Folder::new("no-owner");
        let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
        let mut primary = journal(&owner, 30);
        let mut follower = open(&own);
        let (mut raw, held) = (Vec::new(), primary.writer.cursor());
        let mut before = FolderSource::new(&owner);
        until("the journal so far", || {
            follower.step(&mut before, &mut raw).unwrap();
            (follower.cursor() == held).then_some(())
        });
        let (door, address, places) = no_owner(Some(refusal));
        let mut line = LineSource::new(&address, held);
        go_on(&mut follower, &mut line, |f| f.teller().alarms() > 0);
        let alarm = follower.teller().first_alarm().unwrap();
        assert!(alarm.contains("\"refused\""), "{alarm}");
        let mut asked = Vec::new();
        while asked.len() < 3 {
            follower.step(&mut line, &mut raw).unwrap();
            asked.extend(places.try_iter());
        }
        assert_eq!(asked[..3], [held.position; 3], "case {n}");
        assert!(follower.eligible() && !follower.state().stalled);
        drop(places);
        primary.step().unwrap();
        becomes_owner(door, &owner);
        let end = primary.writer.cursor();
        go_on(&mut follower, &mut line, |f| f.cursor() == end);
        assert!(follower.eligible() && follower.settled());
    }
}

#[test]
fn refused_before_anything_is_held_it_is_told_and_followed_later() {
    let folder = Folder::new("nothing-held");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let end = journal(&owner, 30).writer.cursor();
    // An owner that cannot say why.
    let (door, address, places) = no_owner(Some((0, 0)));
    let mut follower = open(&own);
    let mut line = LineSource::new(&address, follower.cursor());
    go_on(&mut follower, &mut line, |f| f.teller().alarms() > 0);
    assert!(follower.eligible());
    drop(places);
    becomes_owner(door, &owner);
    go_on(&mut follower, &mut line, |f| f.cursor() == end);
    assert!(follower.eligible() && follower.settled());
}

//! Following over TCP: cut lines, liars, an owner that begins an epoch without our tail, promises.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, QuickDisk, journal};
use evermarket_twin::journal::cursor::Cursor;
use evermarket_twin::journal::disk::SystemDisk;
use evermarket_twin::journal::frame::{Epoch, Segment, chain_of};
use evermarket_twin::journal::recovery::recover;
use evermarket_twin::journal::writer::Writer;
use evermarket_twin::modes::core::Matching;
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::feed;
use evermarket_twin::modes::follow::{Follower, Settings, Step};
use evermarket_twin::modes::pipe::{Request, head, write_whole};
use evermarket_twin::modes::plant::{FAULTS, load, plant, store};
use evermarket_twin::modes::source::{FolderSource, Source};
use evermarket_twin::modes::status::Teller;
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::modes::wire::{HEADER, LineSource, send_frames};
use evermarket_twin::records::Record;

fn open(own: &Path) -> Follower<Toy> {
    let settings = Settings {
        folder: own.to_owned(),
        disk: Arc::new(QuickDisk),
        size_units: 1,
        silence: Duration::from_secs(5),
        off: Off::default(),
        door: None,
        settlement: None,
    };
    Follower::open(settings, Toy::new(), Teller::quiet()).unwrap()
}

/// Steps until `done`, beginning again where the follower wants to; a new source is made each time.
fn follow<S: Source>(
    own: &Path,
    source: impl Fn(Cursor) -> S,
    done: impl Fn(&Follower<Toy>, Step) -> bool,
) -> Follower<Toy> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut follower = open(own);
        let (mut source, mut raw) = (source(follower.cursor()), Vec::new());
        loop {
            assert!(
                Instant::now() < until,
                "{:?} {:?}",
                follower.state(),
                follower.teller().first_alarm()
            );
            let step = follower.step(&mut source, &mut raw).unwrap();
            if step == Step::Again {
                break;
            }
            if done(&follower, step) {
                return follower;
            }
            if step != Step::Busy {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// A feed of this folder; its address.
fn feed_of(folder: &Path) -> String {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, folder) = (door.local_addr().unwrap().to_string(), folder.to_owned());
    thread::spawn(move || feed::serve(&folder, &door));
    address
}

/// A relay that cuts every line after so many bytes, a little later each time.
fn cutting_relay(to: String) -> String {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for (n, line) in door.incoming().enumerate() {
            let (mut near, mut far) = (line.unwrap(), TcpStream::connect(&to).unwrap());
            let (mut near_too, mut far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut near_too, &mut far_too));
            let mut bytes = vec![0; 40 + 1371 * n];
            let mut have = 0;
            while have < bytes.len() {
                match far.read(&mut bytes[have..]) {
                    Ok(count)
                        if count > 0 && near.write_all(&bytes[have..have + count]).is_ok() =>
                    {
                        have += count
                    }
                    _ => break,
                }
            }
            let _ = (
                near.shutdown(std::net::Shutdown::Both),
                far.shutdown(std::net::Shutdown::Both),
            );
        }
    });
    address
}

#[test]
fn lines_cut_anywhere_lose_and_double_nothing() {
    let folder = Folder::new("cut");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let primary = journal(&owner, 300);
    let address = cutting_relay(feed_of(&owner));
    let end = primary.writer.cursor();
    let followed = follow(
        &own,
        |held| LineSource::new(&address, held),
        |f, _| f.cursor() == end,
    );
    assert!(followed.eligible(), "{:?}", followed.teller().first_alarm());
    assert_eq!(
        followed.teller().alarms(),
        0,
        "{:?}",
        followed.teller().first_alarm()
    );
    drop(followed);
    assert_eq!(load(&own).unwrap().1, load(&owner).unwrap().1);
}

#[test]
fn a_growing_journal_is_followed_over_a_line_and_acknowledged() {
    let folder = Folder::new("growing");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let mut primary = journal(&owner, 1);
    let address = feed_of(&owner);
    let writing = thread::spawn(move || {
        for _ in 0..200 {
            primary.step().unwrap();
        }
        (primary.writer.cursor(), primary.core.digest())
    });
    let reached = |f: &Follower<Toy>, _| f.state().blocks == 201;
    let followed = follow(&own, |held| LineSource::new(&address, held), reached);
    let (cursor, digest) = writing.join().unwrap();
    assert_eq!(
        (followed.cursor(), followed.state().digest),
        (cursor, digest)
    );
}

/// An owner that sends what it is told to, whatever it is asked.
fn liar(day: Segment, frames: Vec<Vec<Record>>) -> String {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for line in door.incoming() {
            let mut line = line.unwrap();
            let (Ok(Some(_)), mut chain) = (Request::read(&mut line), [0; 32]) else {
                continue;
            };
            line.read_exact(&mut chain).unwrap();
            let ends = frames
                .iter()
                .position(|frame| frame.last().is_some_and(|end| chain_of(end) == chain));
            let from = ends.map_or(0, |i| i + 1);
            let _ = write_whole(&mut line, &head(HEADER, 64, 0, 0, 0), &day.record().0);
            for frame in &frames[from..] {
                if send_frames(&mut line, frame, 9_999, 0).is_err() {
                    break;
                }
            }
            thread::sleep(Duration::from_millis(30));
        }
    });
    address
}

#[test]
fn every_planted_fault_is_named_over_a_line_too() {
    let folder = Folder::new("liar");
    let original = folder.path().join("original");
    drop(journal(&original, 30));
    for fault in FAULTS.iter().filter(|fault| fault.name != "silent_stop") {
        let (day, mut frames) = load(&original).unwrap();
        plant(&mut frames, fault.name, 12).unwrap();
        let address = liar(day, frames);
        let own = folder.path().join(fault.name);
        let told = |f: &Follower<Toy>, _| f.teller().alarms() > 0;
        let followed = follow(&own, |held| LineSource::new(&address, held), told);
        let said = followed.teller().first_alarm().unwrap();
        assert!(
            said.starts_with(&format!("{{\"name\": \"{}\"", fault.alarm)),
            "{}: {said}",
            fault.name
        );
    }
}

#[test]
fn nonsense_on_the_line_is_named_and_following_goes_on_once_it_ends() {
    let folder = Folder::new("nonsense");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let primary = journal(&owner, 5);
    let feed = feed_of(&owner);
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for (n, line) in door.incoming().enumerate() {
            let mut line = line.unwrap();
            if n == 0 {
                let _ = line.write_all(&[0xEE; 100]);
                thread::sleep(Duration::from_millis(30));
                continue;
            }
            let mut far = TcpStream::connect(&feed).unwrap();
            let (mut near_too, mut far_too) = (line.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut near_too, &mut far_too));
            thread::spawn(move || std::io::copy(&mut far, &mut line));
        }
    });
    let end = primary.writer.cursor();
    let followed = follow(
        &own,
        |held| LineSource::new(&address, held),
        |f, _| f.cursor() == end,
    );
    assert!(
        followed
            .teller()
            .first_alarm()
            .unwrap()
            .contains("bad_message")
    );
    assert!(
        !followed.state().clean,
        "an owner that talked nonsense is not trusted again by itself"
    );
}

/// A copy of the first `blocks` blocks of an owner, gone on with in epoch 2 by `more` blocks.
fn next_owner(from: &Path, to: &Path, blocks: usize, more: u64) {
    let (day, frames) = load(from).unwrap();
    store(to, day, &frames[..=blocks]).unwrap();
    let mut core = Toy::new();
    let found = recover(to, &SystemDisk, |_, raw, _| {
        let commands: Vec<Record> = raw.iter().filter(|r| r.0[16] < 64).copied().collect();
        core.run(&commands, &mut Vec::new()).unwrap();
        Ok(())
    });
    let mut writer = Writer::resume(Arc::new(SystemDisk), to, &found.unwrap().unwrap()).unwrap();
    writer
        .append_epoch(Epoch {
            epoch: 2,
            make: 1,
            owner: 3,
            ..Epoch::default()
        })
        .unwrap();
    for i in 0..more {
        let mut records = Vec::new();
        core.run(
            &[common::command(1, 5_000 + i, 5_000 + i as i64)],
            &mut records,
        )
        .unwrap();
        writer.append_block(&mut records, core.digest()).unwrap();
    }
    writer.sync().unwrap();
}

#[test]
fn a_tail_that_the_new_epoch_does_not_know_goes_to_a_side_file() {
    let folder = Folder::new("tail");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let primary = journal(&old, 200);
    next_owner(&old, &new, 60, 7);
    let end = primary.writer.cursor();
    let feed = feed_of(&new);
    for way in ["folder", "line"] {
        let own = folder.path().join(way);
        drop(follow(
            &own,
            |_| FolderSource::new(&old),
            |f, _| f.cursor() == end,
        ));
        let arrived = |f: &Follower<Toy>, _| f.cursor().epoch == 2 && f.state().blocks == 67;
        let followed = match way {
            "folder" => follow(&own, |_| FolderSource::new(&new), arrived),
            _ => follow(&own, |held| LineSource::new(&feed, held), arrived),
        };
        assert!(followed.eligible(), "{:?}", followed.teller().first_alarm());
        drop(followed);
        assert_eq!(load(&own).unwrap().1, load(&new).unwrap().1, "{way}");
        let sides = std::fs::read_dir(&own).unwrap().flatten();
        let kept: u64 = sides
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("cut-"))
            .map(|entry| entry.metadata().unwrap().len())
            .sum();
        let lost: usize = load(&old).unwrap().1[61..]
            .iter()
            .map(|frame| frame.len() * 64)
            .sum();
        assert!(kept >= lost as u64, "{way}: {kept} of {lost} bytes kept");
    }
}

#[test]
fn another_journal_without_a_higher_epoch_is_refused_and_nothing_is_cut() {
    let folder = Folder::new("other");
    let (one, two, own) = (
        folder.path().join("one"),
        folder.path().join("two"),
        folder.path().join("own"),
    );
    let primary = journal(&one, 10);
    let (day, mut frames) = load(&one).unwrap();
    plant(&mut frames, "wrong_digest", 4).unwrap();
    store(&two, day, &frames).unwrap();
    let end = primary.writer.cursor();
    drop(follow(
        &own,
        |_| FolderSource::new(&one),
        |f, _| f.cursor() == end,
    ));
    let followed = follow(
        &own,
        |_| FolderSource::new(&two),
        |_, step| step == Step::Stalled,
    );
    assert!(
        followed
            .teller()
            .first_alarm()
            .unwrap()
            .contains("diverged")
    );
    assert!(!followed.eligible());
    assert_eq!(followed.cursor(), end);
}

#[test]
fn after_a_promise_no_frame_of_a_lower_epoch_is_taken() {
    let folder = Folder::new("fence");
    let (owner, own) = (folder.path().join("owner"), folder.path().join("own"));
    let mut primary = journal(&owner, 5);
    let address = feed_of(&owner);
    let end = primary.writer.cursor();
    let mut followed = follow(
        &own,
        |held| LineSource::new(&address, held),
        |f, _| f.cursor() == end,
    );
    followed.promise(2).unwrap();
    assert!(followed.promise(2).is_err());
    drop(followed);
    primary.step().unwrap();
    for way in ["folder", "line"] {
        let fenced = |f: &Follower<Toy>, _| f.teller().alarms() > 0;
        let followed = match way {
            "folder" => follow(&own, |_| FolderSource::new(&owner), fenced),
            _ => follow(&own, |held| LineSource::new(&address, held), fenced),
        };
        assert!(
            followed
                .teller()
                .first_alarm()
                .unwrap()
                .contains("epoch_below_promise"),
            "{way}"
        );
        assert_eq!((followed.cursor(), followed.promised()), (end, 2));
        assert!(
            followed.state().clean,
            "refusing the old owner is no fault of the comparison"
        );
    }
}
